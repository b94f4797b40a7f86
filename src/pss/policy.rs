//! What several checks ask of a policy, and how they show its values.

use std::fmt::Display;

use crate::model::psp::PodSecurityPolicy;
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
pub(super) fn list<T: Display>(items: &[T]) -> String {
    if items.is_empty() {
        return ABSENT.to_owned();
    }
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    items.join(", ")
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
