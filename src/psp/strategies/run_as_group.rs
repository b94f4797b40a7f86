//! `runAsGroup`: the primary group of a container. Written to containers, never to the pod.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` and `group/` (v1.24.7). The errors name the security context,
//! not the field in it.

use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Draft, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: Some(default),
    validate,
};

fn default(provider: &Provider<'_>, draft: &mut Draft<'_>) {
    if draft.effective().run_as_group().is_none()
        && let Some(group) = provider.run_as_group.default()
    {
        draft.context_mut().run_as_group = Some(group);
    }
}

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let field = format!("{}.securityContext", subject.path);
    let group = subject.effective().run_as_group();
    provider.run_as_group.validate(&field, group.as_slice())
}
