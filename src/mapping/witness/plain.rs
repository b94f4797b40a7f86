//! What a pod cannot help saying under a policy, and what it may say to be harmless.

use serde_json::{Value, json};

use crate::mapping::admits::MAX_ID;
use crate::mapping::witness::said::{
    APP_ARMOR, CAPABILITIES, ESCALATION, Edit, POD_USER, Place, RUN_AS_NON_ROOT, SECCOMP,
    SECCOMP_ANNOTATION, Said, Tweak,
};
use crate::model::pod::VolumeKind;
use crate::model::psp::{IdRange, IdRule, PodSecurityPolicy, REFUSED_WITHOUT_ESCALATION};
use crate::pss::Allowed;

/// The least that a pod has to say for the policy to admit it and the API server to store it.
pub(super) fn plain(policy: &PodSecurityPolicy) -> Said {
    let mut edits = ids(policy);
    edits.extend(seccomp(policy));
    edits.extend(app_armor(policy));
    edits.extend(proc_mount(policy));
    edits.extend(dead_capability(policy));
    edits.extend(token(policy));
    Said::default().with(&edits)
}

/// What else a pod may say so that checks allow it: for each subject the ways to say it, the plainest first. A way that
/// the policy refuses is of no use, and neither is one that changes nothing.
pub(super) fn harmless(policy: &PodSecurityPolicy, allowed: &[Allowed]) -> Vec<Vec<Tweak>> {
    vec![
        vec![vec![(RUN_AS_NON_ROOT, Some(json!(true)))]],
        // Before the gain of privileges is given up: the API server refuses some capabilities beside that.
        drops(policy, allowed),
        vec![vec![(ESCALATION, Some(json!(false)))]],
        harmless_seccomp(policy),
        harmless_app_armor(policy),
        other_user(policy),
    ]
}

/// A rule may write an id that no pod can have, although its other ranges hold one.
fn ids(policy: &PodSecurityPolicy) -> Vec<Edit> {
    let spec = &policy.spec;
    let group = "supplementalGroups";
    [
        ("runAsUser", Some(&spec.run_as_user)),
        ("runAsGroup", spec.run_as_group.as_ref()),
        ("fsGroup", Some(&spec.fs_group)),
        (group, Some(&spec.supplemental_groups)),
    ]
    .into_iter()
    .filter_map(|(field, rule)| {
        let id = unwritten_id(rule?)?;
        let value = if field == group {
            json!([id])
        } else {
            json!(id)
        };
        Some(((Place::PodContext, field), Some(value)))
    })
    .collect()
}

/// An id that the rule accepts, where the one that it writes is of no use.
fn unwritten_id(rule: &IdRule) -> Option<i64> {
    let first = rule.ranges.first()?;
    if rule.rule != "MustRunAs" || usable(first, 0) == Some(first.min) {
        return None;
    }
    usable_id(&rule.ranges)
}

/// A policy may write user 0 and accept others.
fn other_user(policy: &PodSecurityPolicy) -> Vec<Tweak> {
    let rule = &policy.spec.run_as_user;
    let id = usable_id(&rule.ranges).filter(|id| *id > 0 && rule.rule == "MustRunAs");
    id.map(|id| vec![(POD_USER, Some(json!(id)))])
        .into_iter()
        .collect()
}

/// The smallest id of the ranges that a pod can have; 0 only if there is no other.
pub(super) fn usable_id(ranges: &[IdRange]) -> Option<i64> {
    let from = |least| ranges.iter().filter_map(move |range| usable(range, least));
    from(1).min().or_else(|| from(0).min())
}

/// The smallest id of a range that a pod can have, and not less than `least`.
fn usable(range: &IdRange, least: i64) -> Option<i64> {
    let (min, max) = (range.min.max(least), range.max.min(MAX_ID));
    (min <= max).then_some(min)
}

/// Where there is a list and no default of it, pods have to name a profile. `localhost/` says least: it names none.
fn seccomp(policy: &PodSecurityPolicy) -> Option<Edit> {
    let default = policy.seccomp_default().unwrap_or_default();
    if policy.seccomp_allowed().is_none() || policy.seccomp_admits(default) {
        return None;
    }
    if policy.seccomp_admits("localhost/") {
        return Some((SECCOMP_ANNOTATION, Some(json!("localhost/"))));
    }
    let mut profiles = harmless_profiles(policy).into_iter();
    let profile = profiles.next().unwrap_or(json!({ "type": "Unconfined" }));
    Some((SECCOMP, Some(profile)))
}

fn harmless_seccomp(policy: &PodSecurityPolicy) -> Vec<Tweak> {
    harmless_profiles(policy)
        .into_iter()
        .map(|profile| vec![(SECCOMP, Some(profile)), (SECCOMP_ANNOTATION, None)])
        .collect()
}

/// Seccomp profiles that the policy admits and every check allows. One of each kind is enough.
fn harmless_profiles(policy: &PodSecurityPolicy) -> Vec<Value> {
    let own = policy
        .seccomp_admits("runtime/default")
        .then(|| json!({ "type": "RuntimeDefault" }));
    let list = policy.seccomp_allowed().unwrap_or_default();
    let local = list
        .into_iter()
        .filter_map(|item| item.strip_prefix("localhost/"))
        .max_by_key(|path| !path.is_empty())
        .map(|path| json!({ "type": "Localhost", "localhostProfile": path }));
    own.into_iter().chain(local).collect()
}

/// Where there is a list and no default of it, containers have to name a profile.
fn app_armor(policy: &PodSecurityPolicy) -> Option<Edit> {
    let list = policy.apparmor_allowed()?;
    let default = policy.apparmor_default();
    if default.is_some_and(|default| list.contains(&default)) {
        return None;
    }
    let profile = harmless_app_armor_profile(policy)
        .or_else(|| list.into_iter().find(|item| !item.is_empty()))?;
    Some((APP_ARMOR, Some(json!(profile))))
}

fn harmless_app_armor(policy: &PodSecurityPolicy) -> Vec<Tweak> {
    harmless_app_armor_profile(policy)
        .map(|profile| vec![(APP_ARMOR, Some(json!(profile)))])
        .into_iter()
        .collect()
}

/// An AppArmor profile that the policy admits and the check allows.
fn harmless_app_armor_profile(policy: &PodSecurityPolicy) -> Option<&str> {
    const OWN: &str = "runtime/default";
    let Some(list) = policy.apparmor_allowed() else {
        return Some(OWN);
    };
    let own = list.iter().copied().find(|item| *item == OWN);
    own.or_else(|| list.into_iter().find(|item| item.starts_with("localhost/")))
}

/// A list without `Default` refuses containers that say nothing.
fn proc_mount(policy: &PodSecurityPolicy) -> Option<Edit> {
    let types = &policy.spec.allowed_proc_mount_types;
    let first = types.first()?;
    (!types.iter().any(|item| item == "Default"))
        .then(|| ((Place::Context, "procMount"), Some(json!(first))))
}

/// A policy may add a capability that the API server refuses beside what else the policy writes.
fn dead_capability(policy: &PodSecurityPolicy) -> Option<Edit> {
    let spec = &policy.spec;
    let mut added = spec.default_add_capabilities.iter();
    let dead = spec.written_privilege_escalation() == Some(false)
        && added.any(|item| item == REFUSED_WITHOUT_ESCALATION);
    dead.then(|| {
        let drop = json!({ "drop": [REFUSED_WITHOUT_ESCALATION] });
        (CAPABILITIES, Some(drop))
    })
}

/// Drops of what the policy adds and a list does not allow; of everything too, where the list demands it.
fn drops(policy: &PodSecurityPolicy, allowed: &[Allowed]) -> Vec<Tweak> {
    let added = &policy.spec.default_add_capabilities;
    let drop = |allowed: &Allowed| {
        let all = allowed.drop_all.then_some("ALL");
        let list = allowed.capabilities.unwrap_or_default();
        let beyond = added.iter().map(String::as_str);
        let beyond = beyond.filter(|item| !list.contains(item) && Some(*item) != all);
        let drop: Vec<&str> = all.into_iter().chain(beyond).collect();
        (!drop.is_empty()).then(|| vec![(CAPABILITIES, Some(json!({ "drop": drop })))])
    };
    allowed.iter().filter_map(drop).collect()
}

/// Kubernetes mounts a token into every pod that does not refuse it, by a volume that the policy may not allow.
fn token(policy: &PodSecurityPolicy) -> Option<Edit> {
    let allows = |kind| policy.spec.volume_item(kind).is_some();
    (!allows(VolumeKind::Projected) && !allows(VolumeKind::Secret)).then(|| {
        let field = (Place::Spec, "automountServiceAccountToken");
        (field, Some(json!(false)))
    })
}
