//! `privileged`: containers without confinement.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` (v1.24.7).

use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: None,
    validate,
};

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let privileged = subject.context().and_then(|context| context.privileged);
    if provider.spec.privileged || privileged != Some(true) {
        return Vec::new();
    }
    vec![FieldError::invalid(
        subject.context_path("privileged"),
        "true",
        "Privileged containers are not allowed",
    )]
}
