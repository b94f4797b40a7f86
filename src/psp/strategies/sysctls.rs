//! `forbiddenSysctls` and `allowedUnsafeSysctls`: kernel parameters.
//!
//! Forbidden beats safe. A safe one needs no permission. Names are compared as written: `a/b` is not `a.b`.
//!
//! Upstream: `pkg/security/podsecuritypolicy/sysctl/mustmatchpatterns.go` (v1.24.7).

use crate::go::quoted;
use crate::model::pod::Pod;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::PodControl;

pub(super) const POD: PodControl = PodControl {
    default: None,
    validate,
};

/// Safe in v1.22 to v1.24; earlier releases lack the last one, v1.17 and earlier the last two.
const SAFE: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
];

fn validate(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let context = pod.spec.security_context.as_ref();
    let sysctls = context.map(|context| context.sysctls.as_slice());
    let policy = provider.spec;
    let mut errors = Vec::new();
    for (index, sysctl) in sysctls.unwrap_or_default().iter().enumerate() {
        let name = &sysctl.name;
        let word = if matches(&policy.forbidden_sysctls, name) {
            "sysctl"
        } else if SAFE.contains(&name.as_str()) || matches(&policy.allowed_unsafe_sysctls, name) {
            continue;
        } else {
            "unsafe sysctl"
        };
        errors.push(FieldError::forbidden(
            format!("pod.spec.securityContext.sysctls[{index}]"),
            format!("{word} {} is not allowed", quoted(name)),
        ));
    }
    errors
}

/// Whether a name is in a list in which a trailing `*` makes a prefix.
fn matches(patterns: &[String], name: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        })
}
