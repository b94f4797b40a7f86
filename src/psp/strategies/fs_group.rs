//! `fsGroup`: the group that owns the pod's volumes.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` and `group/` (v1.24.7).

use crate::model::pod::Pod;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::PodControl;

pub(super) const POD: PodControl = PodControl {
    default: Some(default),
    validate,
};

fn default(provider: &Provider<'_>, pod: &mut Pod) {
    if let Some(group) = provider.fs_group.default() {
        let context = pod.spec.security_context.get_or_insert_default();
        context.fs_group.get_or_insert(group);
    }
}

fn validate(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let context = pod.spec.security_context.as_ref();
    let group = context.and_then(|context| context.fs_group);
    provider
        .fs_group
        .validate("spec.securityContext.fsGroup", group.as_slice())
}
