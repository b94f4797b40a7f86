//! `hostNetwork`, `hostPID` and `hostIPC`: the host's namespaces.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` (v1.24.7). The errors name fields of the security context,
//! where the internal version of the API has them.

use crate::model::pod::Pod;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::PodControl;

pub(super) const POD: PodControl = PodControl {
    default: None,
    validate,
};

fn validate(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let (policy, pod) = (provider.spec, &pod.spec);
    [
        (
            "hostNetwork",
            "Host network",
            pod.host_network && !policy.host_network,
        ),
        ("hostPID", "Host PID", pod.host_pid && !policy.host_pid),
        ("hostIPC", "Host IPC", pod.host_ipc && !policy.host_ipc),
    ]
    .into_iter()
    .filter(|(_, _, refused)| *refused)
    .map(|(field, name, _)| {
        let detail = format!("{name} is not allowed to be used");
        FieldError::invalid(format!("spec.securityContext.{field}"), "true", detail)
    })
    .collect()
}
