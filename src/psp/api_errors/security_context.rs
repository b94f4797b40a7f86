//! Security contexts: ids in range, known profiles, and combinations that contradict themselves.
//!
//! Upstream: `pkg/apis/core/validation/validation.go` (v1.24.7, `ValidateSecurityContext`,
//! `ValidatePodSecurityContext`).

use std::collections::BTreeSet;

use crate::go::quoted;
use crate::model::pod::{PodSpec, Profile, SecurityContext, Sysctl};
use crate::psp::field_error::FieldError;
use crate::psp::syntax;
use crate::psp::validation::{PROC_MOUNTS, enumeration};

/// The values of `seccompProfile.type`.
const SECCOMP_TYPES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];

/// What is wrong with a container's security context at `path`.
pub(super) fn validate_container(context: &SecurityContext, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    errors.extend(id(context.run_as_user, format!("{path}.runAsUser")));
    errors.extend(id(context.run_as_group, format!("{path}.runAsGroup")));
    if let Some(proc_mount) = &context.proc_mount {
        errors.extend(enumeration(
            &format!("{path}.procMount"),
            proc_mount,
            PROC_MOUNTS,
        ));
    }
    errors.extend(seccomp_profile(context.seccomp_profile.as_ref(), path));
    if context.allow_privilege_escalation == Some(false) {
        let contradiction = |other: &str| {
            let detail = format!("cannot set `allowPrivilegeEscalation` to false and {other}");
            FieldError::invalid(path, "", detail)
        };
        if context.privileged == Some(true) {
            errors.push(contradiction("`privileged` to true"));
        }
        let added = context.capabilities.iter().flat_map(|caps| &caps.add);
        errors.extend(
            added
                .filter(|cap| *cap == "CAP_SYS_ADMIN")
                .map(|_| contradiction("`capabilities.Add` CAP_SYS_ADMIN")),
        );
    }
    errors
}

/// What is wrong with the pod's own security context, and with ports on the host's network.
pub(super) fn validate_pod(spec: &PodSpec) -> Vec<FieldError> {
    let path = "spec.securityContext";
    let mut errors = Vec::new();
    if spec.host_network {
        for (container_index, container) in spec.containers.iter().enumerate() {
            for (index, port) in container.ports.iter().enumerate() {
                if port.host_port != port.container_port {
                    errors.push(FieldError::invalid(
                        format!("spec.containers[{container_index}].ports[{index}].containerPort"),
                        port.container_port.to_string(),
                        "must match `hostPort` when `hostNetwork` is true",
                    ));
                }
            }
        }
    }
    let Some(context) = &spec.security_context else {
        return errors;
    };
    errors.extend(id(context.fs_group, format!("{path}.fsGroup")));
    errors.extend(id(context.run_as_user, format!("{path}.runAsUser")));
    errors.extend(id(context.run_as_group, format!("{path}.runAsGroup")));
    let groups = context.supplemental_groups.iter().flatten().enumerate();
    errors.extend(groups.filter_map(|(index, group)| {
        id(Some(*group), format!("{path}.supplementalGroups[{index}]"))
    }));
    errors.extend(sysctls(&context.sysctls, &format!("{path}.sysctls")));
    errors.extend(seccomp_profile(context.seccomp_profile.as_ref(), path));
    errors
}

/// Users and groups are numbers that fit an `i32`. A policy's range may well begin above.
fn id(id: Option<i64>, field: String) -> Option<FieldError> {
    let id = id.filter(|id| !(0..=i64::from(i32::MAX)).contains(id))?;
    let detail = format!("must be between 0 and {}, inclusive", i32::MAX);
    Some(FieldError::invalid(field, id.to_string(), detail))
}

fn sysctls(sysctls: &[Sysctl], path: &str) -> Vec<FieldError> {
    let mut names = BTreeSet::new();
    let mut errors = Vec::new();
    for (index, Sysctl { name, value: _ }) in sysctls.iter().enumerate() {
        let field = format!("{path}[{index}].name");
        if name.is_empty() {
            errors.push(FieldError::required(field, ""));
        } else if let Some(error) = syntax::sysctl_name_error(name) {
            errors.push(FieldError::invalid(field, quoted(name), error));
        } else if names.contains(name) {
            errors.push(FieldError::duplicate(field, name));
        }
        names.insert(name);
    }
    errors
}

fn seccomp_profile(profile: Option<&Profile>, path: &str) -> Vec<FieldError> {
    let Some(profile) = profile else {
        return Vec::new();
    };
    let mut errors = Vec::new();
    let field = format!("{path}.seccompProfile.type");
    if profile.type_.is_empty() {
        let detail = "type is required when seccompProfile is set";
        errors.push(FieldError::required(field, detail));
    } else {
        errors.extend(enumeration(&field, &profile.type_, SECCOMP_TYPES));
    }
    let field = format!("{path}.seccompProfile.localhostProfile");
    match (profile.type_ == "Localhost", &profile.localhost_profile) {
        (true, Some(path)) => errors.extend(syntax::descending_path(path, &field)),
        (true, None) => {
            let detail = "must be set when seccomp type is Localhost";
            errors.push(FieldError::required(field, detail));
        }
        (false, Some(_)) => {
            let detail = "can only be set when seccomp type is Localhost";
            errors.push(FieldError::invalid(field, "", detail));
        }
        (false, None) => {}
    }
    errors
}
