//! The seccomp and AppArmor annotations of a pod: well-formed, about containers that exist, and in agreement with the
//! fields.
//!
//! Upstream: `pkg/apis/core/validation/validation.go` (v1.24.7, `ValidatePodSpecificAnnotations`,
//! `validateSeccompAnnotationsAndFields`).

use std::collections::BTreeSet;

use crate::go::quoted;
use crate::model::pod::{Pod, Profile};
use crate::psp::field_error::FieldError;
use crate::psp::strategies::{app_armor, seccomp};
use crate::psp::syntax;

/// What is wrong with each annotation by itself. Upstream's order is random; this one is by key.
pub(super) fn validate(pod: &Pod) -> Vec<FieldError> {
    let annotations = &pod.metadata.annotations;
    let mut errors = Vec::new();
    for (key, value) in annotations {
        if key == seccomp::POD_ANNOTATION || key.starts_with(seccomp::CONTAINER_ANNOTATION) {
            let field = format!("metadata.annotations.{key}");
            errors.extend(syntax::seccomp_profile(value, &field));
        }
    }
    let containers = pod.spec.all_containers();
    let names: BTreeSet<&str> = containers
        .map(|container| container.name.as_str())
        .collect();
    for (key, value) in annotations {
        let Some(name) = key.strip_prefix(app_armor::ANNOTATION) else {
            continue;
        };
        let field = format!("metadata.annotations[{key}]");
        if !names.contains(name) {
            let detail = "container not found";
            errors.push(FieldError::invalid(field.clone(), quoted(name), detail));
        }
        if let Some(error) = syntax::app_armor_error(value) {
            errors.push(FieldError::invalid(field, quoted(value), error));
        }
    }
    errors
}

/// Where a seccomp annotation and the field for the same thing are both present, they must say the same.
pub(super) fn validate_agreement(pod: &Pod) -> Vec<FieldError> {
    let context = pod.spec.security_context.as_ref();
    let field = context.and_then(|context| context.seccomp_profile.as_ref());
    let mut errors = Vec::new();
    errors.extend(agreement(pod, seccomp::POD_ANNOTATION, field, "spec"));
    for (list, index, container) in pod.spec.containers_with_place() {
        let key = format!("{}{}", seccomp::CONTAINER_ANNOTATION, container.name);
        let context = container.security_context.as_ref();
        let field = context.and_then(|context| context.seccomp_profile.as_ref());
        errors.extend(agreement(
            pod,
            &key,
            field,
            &format!("spec.{list}[{index}]"),
        ));
    }
    errors
}

fn agreement(pod: &Pod, key: &str, field: Option<&Profile>, path: &str) -> Option<FieldError> {
    let (annotation, field) = (pod.metadata.annotations.get(key)?, field?);
    let path = format!("{path}.securityContext.seccompProfile");
    let (same_type, same_path) = match field.type_.as_str() {
        "Unconfined" => (annotation == "unconfined", true),
        "RuntimeDefault" => (
            matches!(annotation.as_str(), "runtime/default" | "docker/default"),
            true,
        ),
        "Localhost" => {
            let path = annotation.strip_prefix("localhost/");
            (path.is_some(), path == field.localhost_profile.as_deref())
        }
        _ => (true, true),
    };
    if !same_type {
        let detail = "seccomp type in annotation and field must match";
        Some(FieldError::forbidden(format!("{path}.type"), detail))
    } else if !same_path {
        let detail = "seccomp profile in annotation and field must match";
        Some(FieldError::forbidden(
            format!("{path}.localhostProfile"),
            detail,
        ))
    } else {
        None
    }
}
