//! `supplementalGroups`: groups that the pod's processes have besides their own.
//!
//! An explicit empty list counts as set: nothing is written, and `MustRunAs` then refuses the pod.
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
    if let Some(group) = provider.supplemental_groups.default() {
        let context = pod.spec.security_context.get_or_insert_default();
        context
            .supplemental_groups
            .get_or_insert_with(|| vec![group]);
    }
}

fn validate(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let context = pod.spec.security_context.as_ref();
    let groups = context.and_then(|context| context.supplemental_groups.as_deref());
    provider.supplemental_groups.validate(
        "spec.securityContext.supplementalGroups",
        groups.unwrap_or_default(),
    )
}
