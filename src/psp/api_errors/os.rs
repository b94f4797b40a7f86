//! Operating systems: what a pod for Windows or Linux may not set, and host processes.
//!
//! Upstream: `pkg/apis/core/validation/validation.go` (v1.24.7, `validateOS`, `validateWindows`, `validateLinux`,
//! `validateWindowsHostProcessPod`).

use crate::go::quoted;
use crate::model::pod::{PodSpec, WindowsOptions};
use crate::psp::field_error::FieldError;
use crate::psp::validation::enumeration;

/// What is wrong with a pod for the operating system it declares.
pub(super) fn validate(spec: &PodSpec) -> Vec<FieldError> {
    let Some(os) = &spec.os else {
        return Vec::new();
    };
    match os.name.as_str() {
        "" => vec![FieldError::required("spec.os.name", "cannot be empty")],
        "windows" => forbidden(windows(spec), "cannot be set for a windows pod"),
        "linux" => forbidden(linux(spec), "windows options cannot be set for a linux pod"),
        other => enumeration("spec.os", other, &["linux", "windows"])
            .into_iter()
            .collect(),
    }
}

fn forbidden(fields: Vec<String>, detail: &str) -> Vec<FieldError> {
    let errors = fields.into_iter();
    errors
        .map(|field| FieldError::forbidden(field, detail))
        .collect()
}

/// The fields that are set although they mean nothing on Linux.
fn linux(spec: &PodSpec) -> Vec<String> {
    let context = spec.security_context.as_ref();
    let own = context.is_some_and(|context| context.windows_options.is_some());
    let mut fields: Vec<String> = own
        .then(|| "spec.securityContext.windowsOptions".to_owned())
        .into_iter()
        .collect();
    for (list, index, container) in spec.containers_with_place() {
        let context = container.security_context.as_ref();
        if context.is_some_and(|context| context.windows_options.is_some()) {
            fields.push(format!(
                "spec.{list}[{index}].securityContext.windowsOptions"
            ));
        }
    }
    fields
}

/// The fields that are set although they mean nothing on Windows.
fn windows(spec: &PodSpec) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    if let Some(context) = &spec.security_context {
        let set = [
            (
                "securityContext.seLinuxOptions",
                context.se_linux_options.is_some(),
            ),
            ("hostPID", spec.host_pid),
            ("hostIPC", spec.host_ipc),
            (
                "securityContext.seccompProfile",
                context.seccomp_profile.is_some(),
            ),
            ("securityContext.fsGroup", context.fs_group.is_some()),
            ("securityContext.sysctls", !context.sysctls.is_empty()),
            ("securityContext.runAsUser", context.run_as_user.is_some()),
            ("securityContext.runAsGroup", context.run_as_group.is_some()),
            (
                "securityContext.supplementalGroups",
                context.supplemental_groups.is_some(),
            ),
        ];
        let set = set.into_iter().filter(|(_, set)| *set);
        fields.extend(set.map(|(field, _)| format!("spec.{field}")));
    }
    for (list, index, container) in spec.containers_with_place() {
        let Some(context) = &container.security_context else {
            continue;
        };
        let set = [
            ("seLinuxOptions", context.se_linux_options.is_some()),
            ("seccompProfile", context.seccomp_profile.is_some()),
            ("capabilities", context.capabilities.is_some()),
            (
                "readOnlyRootFilesystem",
                context.read_only_root_filesystem.is_some(),
            ),
            ("privileged", context.privileged.is_some()),
            (
                "allowPrivilegeEscalation",
                context.allow_privilege_escalation.is_some(),
            ),
            ("procMount", context.proc_mount.is_some()),
            ("runAsUser", context.run_as_user.is_some()),
            ("runAsGroup", context.run_as_group.is_some()),
        ];
        let path = format!("spec.{list}[{index}].securityContext");
        let set = set.into_iter().filter(|(_, set)| *set);
        fields.extend(set.map(|(field, _)| format!("{path}.{field}")));
    }
    fields
}

/// Host processes of Windows: all containers or none, and on the host's network.
pub(super) fn validate_host_process(spec: &PodSpec) -> Vec<FieldError> {
    let of = |options: &Option<WindowsOptions>| options.as_ref()?.host_process;
    let context = spec.security_context.as_ref();
    let pod = context.and_then(|context| of(&context.windows_options));
    let mut errors = Vec::new();
    let (mut all, mut on_host) = (0, 0);
    for (list, index, container) in spec.containers_with_place() {
        all += 1;
        let context = container.security_context.as_ref();
        let own = context.and_then(|context| of(&context.windows_options));
        if let (Some(pod), Some(own)) = (pod, own)
            && pod != own
        {
            errors.push(FieldError::invalid(
                format!("spec.{list}[{index}].securityContext.windowsOptions.hostProcess"),
                own.to_string(),
                format!("pod hostProcess value must be identical if both are specified, was {pod}"),
            ));
        }
        if own.or(pod) == Some(true) {
            on_host += 1;
        }
    }
    if on_host > 0 && on_host != all {
        errors.push(FieldError::invalid(
            "spec",
            quoted(""),
            "If pod contains any hostProcess containers then all containers must be HostProcess containers",
        ));
    }
    if on_host > 0 && !spec.host_network {
        errors.push(FieldError::invalid(
            "spec.hostNetwork",
            "false",
            "hostNetwork must be true if pod contains any hostProcess containers",
        ));
    }
    errors
}
