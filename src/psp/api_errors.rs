//! API validation of a pod, as far as what a policy writes, or what a witness names, can run into it.
//!
//! A policy can admit a pod that the API server then refuses: it writes `allowPrivilegeEscalation: false` into a
//! privileged container, or Linux fields into a pod for Windows. And a pod that the API server refuses anyway is no
//! evidence that a policy lets something through. Names, images, probes, resources and mounts are not looked at.
//!
//! Upstream: `pkg/apis/core/validation/validation.go` (v1.24.7, `ValidatePodCreate`), with default feature gates but
//! for `ProcMountType`, and with privileged containers allowed by the cluster. The order of errors is upstream's.
//! Where upstream prints a whole struct as the value, none is given here.

use crate::model::pod::{Container, Pod, VolumeSource};
use crate::psp::field_error::FieldError;
use crate::psp::syntax;

mod annotations;
mod os;
mod security_context;
mod volumes;

/// Everything that the API server finds wrong with a pod that is created, after admission and
/// [`sync_seccomp`](crate::psp::sync_seccomp). Empty means stored, as far as we look.
pub fn api_errors(pod: &Pod) -> Vec<FieldError> {
    let spec = &pod.spec;
    let mut errors = annotations::validate(pod);
    errors.extend(volumes::validate(&spec.volumes));
    let lists = [
        ("containers", &spec.containers),
        ("initContainers", &spec.init_containers),
        ("ephemeralContainers", &spec.ephemeral_containers),
    ];
    for (list, containers) in lists {
        for (index, container) in containers.iter().enumerate() {
            errors.extend(validate_container(
                container,
                &format!("spec.{list}[{index}]"),
            ));
        }
    }
    errors.extend(security_context::validate_pod(spec));
    errors.extend(os::validate_host_process(spec));
    if let Some(name) = &spec.runtime_class_name {
        errors.extend(syntax::runtime_class_name(name, "spec.runtimeClassName"));
    }
    errors.extend(os::validate(spec));
    errors.extend(tokens(pod));
    if !spec.ephemeral_containers.is_empty() {
        let field = "spec.ephemeralContainers";
        errors.push(FieldError::forbidden(field, "cannot be set on create"));
    }
    errors.extend(annotations::validate_agreement(pod));
    errors
}

fn validate_container(container: &Container, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, port) in container.ports.iter().enumerate() {
        let field = |name| format!("{path}.ports[{index}].{name}");
        if port.container_port == 0 {
            errors.push(FieldError::required(field("containerPort"), ""));
        } else {
            errors.extend(port_number(port.container_port, field("containerPort")));
        }
        if port.host_port != 0 {
            errors.extend(port_number(port.host_port, field("hostPort")));
        }
    }
    if let Some(context) = &container.security_context {
        let path = format!("{path}.securityContext");
        errors.extend(security_context::validate_container(context, &path));
    }
    errors
}

fn port_number(port: i32, field: String) -> Option<FieldError> {
    let detail = "must be between 1 and 65535, inclusive";
    (!(1..=65535).contains(&port)).then(|| FieldError::invalid(field, port.to_string(), detail))
}

/// A pod without a service account has no token to project.
fn tokens(pod: &Pod) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !pod.spec.account().is_empty() {
        return errors;
    }
    for (volume_index, volume) in pod.spec.volumes.iter().enumerate() {
        let projected = volume.sources.iter().filter_map(|source| match source {
            VolumeSource::Projected(sources) => Some(sources),
            VolumeSource::HostPath(_)
            | VolumeSource::FlexVolume(_)
            | VolumeSource::Csi(_)
            | VolumeSource::Plain(_) => None,
        });
        for (index, source) in projected.flatten().enumerate() {
            if source.service_account_token.is_some() {
                errors.push(FieldError::forbidden(
                    format!("spec.volumes[{volume_index}].projected.sources[{index}].serviceAccountToken"),
                    "must not be specified when serviceAccountName is not set",
                ));
            }
        }
    }
    errors
}
