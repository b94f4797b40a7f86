//! Policies that admit no pod at all: those that the plugin cannot build, and those whose rules contradict one another.
//!
//! Upstream: `pkg/security/podsecuritypolicy/factory.go` and the strategies it makes (v1.24). The API server's validation
//! lets all of these through; what it refuses is not looked for here.

use crate::model::psp::{IdRange, IdRule, PodSecurityPolicy};

/// The largest user or group id that the API server accepts in a pod.
/// Upstream: `IsValidUserID` in `k8s.io/apimachinery/pkg/util/validation` (v1.24).
pub(super) const MAX_ID: i64 = i32::MAX as i64;

/// Why no pod can be admitted under the policy, or `None` where one can. A phrase without a full stop.
pub(super) fn nothing(policy: &PodSecurityPolicy) -> Option<String> {
    broken(policy)
        .or_else(|| unusable_ids(policy))
        .or_else(|| app_armor(policy))
        .or_else(|| seccomp(policy))
}

/// The id rules of a policy with the names of their fields and the rules that each field knows; the first of them needs
/// ranges, and so does the second for groups.
fn id_rules(policy: &PodSecurityPolicy) -> [(&'static str, Option<&IdRule>, [&'static str; 3]); 4] {
    const USER: [&str; 3] = ["MustRunAs", "MustRunAsNonRoot", "RunAsAny"];
    const GROUP: [&str; 3] = ["MustRunAs", "MayRunAs", "RunAsAny"];
    let spec = &policy.spec;
    [
        ("runAsUser", Some(&spec.run_as_user), USER),
        ("runAsGroup", spec.run_as_group.as_ref(), GROUP),
        ("supplementalGroups", Some(&spec.supplemental_groups), GROUP),
        ("fsGroup", Some(&spec.fs_group), GROUP),
    ]
}

/// The plugin skips a policy that it cannot build, without a word.
fn broken(policy: &PodSecurityPolicy) -> Option<String> {
    for (field, rule, known) in id_rules(policy) {
        let Some(rule) = rule else { continue };
        let name = rule.rule.as_str();
        if !known.contains(&name) {
            return Some(format!(
                "{field} has no rule that the plugin knows, so it skips the policy"
            ));
        }
        if (name == "MustRunAs" || name == "MayRunAs") && rule.ranges.is_empty() {
            return Some(format!(
                "{field} is {name} without a range, so the plugin skips the policy"
            ));
        }
    }
    let se_linux = &policy.spec.se_linux;
    match (se_linux.rule.as_str(), &se_linux.se_linux_options) {
        ("RunAsAny", _) | ("MustRunAs", Some(_)) => None,
        ("MustRunAs", None) => {
            Some("seLinux is MustRunAs without options, so the plugin skips the policy".to_owned())
        }
        _ => Some("seLinux has no rule that the plugin knows, so it skips the policy".to_owned()),
    }
}

/// A rule that demands an id from ranges without one that a pod can have.
fn unusable_ids(policy: &PodSecurityPolicy) -> Option<String> {
    let usable = |range: &IdRange| range.min.max(0) <= range.max.min(MAX_ID);
    id_rules(policy)
        .into_iter()
        .filter_map(|(field, rule, _)| Some((field, rule?)))
        .find(|(_, rule)| rule.rule == "MustRunAs" && !rule.ranges.iter().any(usable))
        .map(|(field, _)| format!("{field} demands an id, and its ranges hold none that exists"))
}

/// Where there is a list, every container has to name a profile of it.
fn app_armor(policy: &PodSecurityPolicy) -> Option<String> {
    let list = policy.apparmor_allowed()?;
    list.iter().all(|item| item.is_empty()).then(|| {
        "the list of AppArmor profiles is present and empty, so not even a pod without a profile passes"
            .to_owned()
    })
}

/// Without a list pods must name no profile, but the default names one.
fn seccomp(policy: &PodSecurityPolicy) -> Option<String> {
    let default = policy.seccomp_default()?;
    policy.seccomp_allowed().is_none().then(|| {
        format!(
            "pods that name no seccomp profile are given {default}, and without a list of profiles none may be named"
        )
    })
}
