//! What several checks ask of a policy, and how they show its values.

use crate::model::pod::{SeLinuxOptions, VolumeKind};
use crate::model::psp::{IdRange, PodSecurityPolicy};
use crate::pss::check::{Exposure, Verdict};
use crate::pss::wording::joined;

/// The value shown for a field that is not there.
pub(super) const ABSENT: &str = "absent";
/// The item that stands for everything in lists of volumes, capabilities and seccomp profiles.
pub(super) const ANY: &str = "*";
/// A capability that the API server refuses beside `allowPrivilegeEscalation: false`, in this spelling only.
/// Upstream: `ValidateSecurityContext` in `pkg/apis/core/validation/validation.go` (v1.24).
const REFUSED_WITHOUT_ESCALATION: &str = "CAP_SYS_ADMIN";

/// The path of an annotation.
pub(super) fn annotation(key: &str) -> String {
    format!("metadata.annotations[{key}]")
}

/// The items as text; an empty list and an absent one mean the same in a policy.
pub(super) fn list(items: &[String]) -> String {
    if items.is_empty() {
        ABSENT.to_owned()
    } else {
        joined(items)
    }
}

/// Ranges of ids as text.
pub(super) fn id_ranges(ranges: &[IdRange]) -> String {
    let texts: Vec<String> = ranges
        .iter()
        .map(|range| format!("{}-{}", range.min, range.max))
        .collect();
    list(&texts)
}

/// The options that are set, as text.
pub(super) fn se_linux_options(options: &SeLinuxOptions) -> String {
    let set: Vec<String> = [
        ("user", &options.user),
        ("role", &options.role),
        ("type", &options.type_),
        ("level", &options.level),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| format!("{key}: {value}"))
    .collect();
    format!("{{{}}}", joined(&set))
}

/// The kind of volume that an item of `spec.volumes` allows. One name is spelled differently in a pod.
/// Upstream: `policy/v1beta1` `FSType` (v1.24).
pub(super) fn volume_kind(item: &str) -> Option<VolumeKind> {
    match item {
        "cephFS" => Some(VolumeKind::Cephfs),
        "cephfs" => None,
        _ => VolumeKind::from_field(item),
    }
}

/// The item of `spec.volumes` that allows volumes of this kind.
pub(super) fn item_that_allows(policy: &PodSecurityPolicy, kind: VolumeKind) -> Option<&str> {
    policy
        .spec
        .volumes
        .iter()
        .map(String::as_str)
        .find(|item| *item == ANY || volume_kind(item) == Some(kind))
}

/// The verdict on a policy that adds or lets containers add capabilities beyond a list.
pub(super) fn added_beyond(allowed: &[&str], policy: &PodSecurityPolicy) -> Option<Exposure> {
    let beyond = |items: &[String]| -> Option<String> {
        let beyond: Vec<&str> = items
            .iter()
            .map(String::as_str)
            .filter(|item| !allowed.contains(item) && !is_dead(policy, item))
            .collect();
        (!beyond.is_empty()).then(|| joined(&beyond))
    };
    if let Some(added) = beyond(&policy.spec.default_add_capabilities) {
        let message = format!("containers are given {added} unless they drop it");
        return Some(Exposure::new(
            Verdict::Imposed,
            "spec.defaultAddCapabilities",
            added,
            message,
        ));
    }
    let granted = beyond(&policy.spec.allowed_capabilities)?;
    let message = if granted == ANY {
        "containers may add every capability".to_owned()
    } else {
        format!("containers may add {granted}")
    };
    Some(Exposure::new(
        Verdict::Granted,
        "spec.allowedCapabilities",
        granted,
        message,
    ))
}

/// What to say of a policy that names a capability without effect.
pub(super) fn dead_capability(policy: &PodSecurityPolicy) -> Option<&'static str> {
    policy
        .spec
        .allowed_capabilities
        .iter()
        .chain(&policy.spec.default_add_capabilities)
        .any(|item| is_dead(policy, item))
        .then_some(
            "dead permission: allowPrivilegeEscalation is false in every container, and the API server refuses that \
             beside CAP_SYS_ADMIN",
        )
}

/// Whether no container can have the capability, although the policy names it.
fn is_dead(policy: &PodSecurityPolicy, capability: &str) -> bool {
    capability == REFUSED_WITHOUT_ESCALATION && !policy.spec.allows_privilege_escalation()
}
