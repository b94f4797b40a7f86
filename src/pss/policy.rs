//! What several checks ask of a policy, and how they show its values.

use std::fmt::Display;

use crate::model::psp::{PodSecurityPolicy, REFUSED_WITHOUT_ESCALATION};
use crate::pss::check::{Exposure, Verdict};
use crate::pss::wording::joined;

/// The value shown for a field that is not there.
pub(super) const ABSENT: &str = "absent";
/// The item that stands for everything in lists of volumes, capabilities and seccomp profiles.
pub(super) const ANY: &str = "*";

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
///
/// One that the API server refuses beside what the policy writes into plain containers is not imposed on them: it comes
/// only to those that ask to keep the gain of privileges.
pub(super) fn added_beyond(allowed: &[&str], policy: &PodSecurityPolicy) -> Option<Exposure> {
    let spec = &policy.spec;
    let beyond = |item: &&str| !allowed.contains(item) && !is_dead(policy, item);
    let added = spec.default_add_capabilities.iter().map(String::as_str);
    let (refused, imposed): (Vec<&str>, Vec<&str>) = added.filter(beyond).partition(|item| {
        *item == REFUSED_WITHOUT_ESCALATION && spec.written_privilege_escalation() == Some(false)
    });
    if !imposed.is_empty() {
        let imposed = joined(&imposed);
        let message = format!("containers are given {imposed} unless they drop it");
        return Some(Exposure::new(
            Verdict::Imposed,
            "spec.defaultAddCapabilities",
            imposed,
            message,
        ));
    }
    let listed = spec.allowed_capabilities.iter().map(String::as_str);
    let listed: Vec<&str> = listed.filter(beyond).collect();
    let (field, granted) = match listed.is_empty() {
        true => ("spec.defaultAddCapabilities", refused),
        false => ("spec.allowedCapabilities", listed),
    };
    if granted.is_empty() {
        return None;
    }
    let granted = joined(&granted);
    let message = if granted == ANY {
        "containers may add every capability".to_owned()
    } else {
        format!("containers may add {granted}")
    };
    Some(Exposure::new(Verdict::Granted, field, granted, message))
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
