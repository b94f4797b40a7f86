//! `hostPorts`: ports of the host that containers may occupy. No range allows none.
//!
//! Under `hostNetwork` every container port is a host port: the API server says so before the policy looks, see
//! [`crate::model::defaults`].
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` (v1.24.7). The error names no index among the ports.

use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: None,
    validate,
};

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let ranges = &provider.spec.host_ports;
    let ports = subject.container.ports.iter().map(|port| port.host_port);
    ports
        .filter(|port| *port > 0 && !ranges.iter().any(|r| r.min <= *port && *port <= r.max))
        .map(|port| {
            let allowed: Vec<String> = (ranges.iter())
                .map(|range| match range.min == range.max {
                    true => range.min.to_string(),
                    false => format!("{}-{}", range.min, range.max),
                })
                .collect();
            let detail = format!(
                "Host port {port} is not allowed to be used. Allowed ports: [{}]",
                allowed.join(",")
            );
            FieldError::invalid(
                format!("{}.hostPort", subject.path),
                port.to_string(),
                detail,
            )
        })
        .collect()
}
