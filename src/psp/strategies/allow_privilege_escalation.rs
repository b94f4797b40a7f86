//! `allowPrivilegeEscalation` and `defaultAllowPrivilegeEscalation`: whether processes may gain more privileges than
//! their parent. Where it is forbidden, unset is written as false.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` (v1.24.7).

use crate::psp::field_error::FieldError;
use crate::psp::go_format;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Draft, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: Some(default),
    validate,
};

fn default(provider: &Provider<'_>, draft: &mut Draft<'_>) {
    let forbidden = !provider.spec.allows_privilege_escalation();
    let default = provider.spec.default_allow_privilege_escalation;
    if let Some(value) = default.or(forbidden.then_some(false)) {
        let context = draft.context_mut();
        context.allow_privilege_escalation.get_or_insert(value);
    }
}

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let own = subject.context().and_then(|c| c.allow_privilege_escalation);
    let value = match own {
        _ if provider.spec.allows_privilege_escalation() => return Vec::new(),
        Some(false) => return Vec::new(),
        Some(true) => "true",
        None => go_format::NULL,
    };
    vec![FieldError::invalid(
        subject.context_path("allowPrivilegeEscalation"),
        value,
        "Allowing privilege escalation for containers is not allowed",
    )]
}
