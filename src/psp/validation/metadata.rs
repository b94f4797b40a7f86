//! Metadata of a policy: its name, labels and annotations, the four that are rules included.
//!
//! A namespace is no error: the API server drops it from cluster-scoped objects before it validates them.
//!
//! Upstream: `k8s.io/apimachinery/pkg/api/validation/objectmeta.go` (v0.24) and
//! `pkg/apis/policy/validation/validation.go` (v1.24.7, `ValidatePodSecurityPolicySpecificAnnotations`).

use crate::go::quoted;
use crate::model::psp::{
    APPARMOR_ALLOWED, APPARMOR_DEFAULT, PodSecurityPolicy, SECCOMP_ALLOWED, SECCOMP_DEFAULT,
};
use crate::psp::field_error::FieldError;
use crate::psp::syntax;

/// Limit of all annotations together, keys and values, in bytes.
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// What is wrong with a policy's metadata.
pub(super) fn validate(policy: &PodSecurityPolicy) -> Vec<FieldError> {
    let mut errors = name(&policy.name);
    for (key, value) in &policy.labels {
        let field = "metadata.labels";
        let wrong = |value: &str| {
            let value = quoted(value);
            move |error| FieldError::invalid(field, value.clone(), error)
        };
        errors.extend(
            syntax::qualified_name_errors(key)
                .into_iter()
                .map(wrong(key)),
        );
        errors.extend(
            syntax::label_value_errors(value)
                .into_iter()
                .map(wrong(value)),
        );
    }
    let field = "metadata.annotations";
    for key in policy.annotations.keys() {
        // The case of annotation keys does not matter.
        let wrong = syntax::qualified_name_errors(&key.to_lowercase()).into_iter();
        errors.extend(wrong.map(|error| FieldError::invalid(field, quoted(key), error)));
    }
    let sizes = policy.annotations.iter();
    if sizes
        .map(|(key, value)| key.len() + value.len())
        .sum::<usize>()
        > ANNOTATIONS_LIMIT
    {
        errors.push(FieldError::too_long(field, ANNOTATIONS_LIMIT));
    }
    errors.extend(profiles(policy));
    errors
}

fn name(name: &str) -> Vec<FieldError> {
    let field = "metadata.name";
    if name.is_empty() {
        return vec![FieldError::required(
            field,
            "name or generateName is required",
        )];
    }
    syntax::subdomain_errors(name)
        .into_iter()
        .map(|error| FieldError::invalid(field, quoted(name), error))
        .collect()
}

/// The AppArmor and seccomp annotations. Present but empty means absent to validation.
fn profiles(policy: &PodSecurityPolicy) -> Vec<FieldError> {
    let value = |key: &str| {
        policy
            .annotations
            .get(key)
            .map(String::as_str)
            .unwrap_or_default()
    };
    let field = |key: &str| format!("metadata.annotations[{key}]");
    let items = |key| {
        value(key)
            .split(',')
            .filter(move |_| !value(key).is_empty())
    };

    let mut errors = Vec::new();
    for (key, profile) in [(APPARMOR_DEFAULT, value(APPARMOR_DEFAULT))]
        .into_iter()
        .chain(items(APPARMOR_ALLOWED).map(|item| (APPARMOR_ALLOWED, item)))
    {
        if let Some(error) = syntax::app_armor_error(profile) {
            errors.push(FieldError::invalid(field(key), quoted(value(key)), error));
        }
    }
    if !value(SECCOMP_DEFAULT).is_empty() {
        let field = field(SECCOMP_DEFAULT);
        errors.extend(syntax::seccomp_profile(value(SECCOMP_DEFAULT), &field));
    }
    for profile in items(SECCOMP_ALLOWED).filter(|item| *item != "*") {
        errors.extend(syntax::seccomp_profile(profile, &field(SECCOMP_ALLOWED)));
    }
    errors
}
