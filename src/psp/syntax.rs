//! What names and values must look like, in the API server's words.
//!
//! Upstream: `k8s.io/apimachinery/pkg/util/validation/validation.go` (v0.24), `pkg/apis/core/validation/validation.go`
//! and `pkg/apis/policy/validation/validation.go` (v1.24.7). The patterns are matched by hand: they are few, and a
//! name is short.

use crate::go::quoted;
use crate::model::has_dns_subdomain_form;
use crate::psp::field_error::FieldError;

const SUBDOMAIN_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;
const SYSCTL_LIMIT: usize = 253;

/// What is wrong with a DNS-1123 subdomain, such as most names of objects.
pub(crate) fn subdomain_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_LIMIT {
        errors.push(format!("must be no more than {SUBDOMAIN_LIMIT} characters"));
    }
    if !has_dns_subdomain_form(value) {
        errors.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    errors
}

const QUALIFIED_NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// What is wrong with a qualified name, such as the key of a label or annotation.
pub(crate) fn qualified_name_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    let parts: Vec<&str> = value.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        ["", name] => {
            errors.push("prefix part must be non-empty".to_owned());
            name
        }
        [prefix, name] => {
            let found = subdomain_errors(prefix);
            errors.extend(
                found
                    .into_iter()
                    .map(|error| format!("prefix part {error}")),
            );
            name
        }
        _ => {
            return vec![format!(
                "a qualified name {QUALIFIED_NAME} with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_LIMIT {
        errors.push(format!(
            "name part must be no more than {LABEL_LIMIT} characters"
        ));
    }
    if !is_label(name, alphanumeric, "-_.") {
        errors.push(format!("name part {QUALIFIED_NAME}"));
    }
    errors
}

/// What is wrong with the value of a label.
pub(crate) fn label_value_errors(value: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if value.len() > LABEL_LIMIT {
        errors.push(format!("must be no more than {LABEL_LIMIT} characters"));
    }
    if !value.is_empty() && !is_label(value, alphanumeric, "-_.") {
        errors.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
             validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    errors
}

/// A runtime class's name.
pub(crate) fn runtime_class_name(value: &str, field: &str) -> Vec<FieldError> {
    subdomain_errors(value)
        .into_iter()
        .map(|error| FieldError::invalid(field, quoted(value), error))
        .collect()
}

/// A CSI driver's name.
pub(crate) fn csi_driver_name(value: &str, field: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if value.is_empty() {
        errors.push(FieldError::required(field, ""));
    }
    if value.len() > LABEL_LIMIT {
        errors.push(FieldError::too_long(field, LABEL_LIMIT));
    }
    let wrong = subdomain_errors(&value.to_lowercase()).into_iter();
    errors.extend(wrong.map(|error| FieldError::invalid(field, quoted(value), error)));
    errors
}

/// A path below some root: relative, without `..`.
pub(crate) fn descending_path(value: &str, field: &str) -> Vec<FieldError> {
    let absolute = value
        .starts_with('/')
        .then(|| FieldError::invalid(field, quoted(value), "must be a relative path"));
    absolute
        .into_iter()
        .chain(no_backsteps(value, field))
        .collect()
}

/// A path without `..`.
pub(crate) fn no_backsteps(value: &str, field: &str) -> Option<FieldError> {
    value
        .split('/')
        .any(|element| element == "..")
        .then(|| FieldError::invalid(field, quoted(value), "must not contain '..'"))
}

/// A seccomp profile as annotations name it.
pub(crate) fn seccomp_profile(value: &str, field: &str) -> Vec<FieldError> {
    match value {
        "runtime/default" | "docker/default" | "unconfined" => Vec::new(),
        _ => match value.strip_prefix("localhost/") {
            Some(path) => descending_path(path, field),
            None => {
                let detail = "must be a valid seccomp profile";
                vec![FieldError::invalid(field, quoted(value), detail)]
            }
        },
    }
}

/// What is wrong with an AppArmor profile as annotations name it.
pub(crate) fn app_armor_error(value: &str) -> Option<String> {
    let known = matches!(value, "" | "runtime/default" | "unconfined");
    (!known && !value.starts_with("localhost/"))
        .then(|| format!("invalid AppArmor profile name: {}", quoted(value)))
}

/// The pattern of [`sysctl_pattern_error`], as upstream quotes it.
const SYSCTL_PATTERN: &str = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?\.)*([a-z0-9][-_a-z0-9]*)?[a-z0-9*]";
/// The pattern of [`sysctl_name_error`].
const SYSCTL_NAME: &str = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";

/// What is wrong with an item of a policy's sysctl list, in which the last character may be `*`. Only dots separate.
pub(crate) fn sysctl_pattern_error(value: &str) -> Option<String> {
    let (parents, last) = value
        .rsplit_once('.')
        .map_or((None, value), |(parents, last)| (Some(parents), last));
    let mut parents = parents.into_iter().flat_map(|parents| parents.split('.'));
    let last_is_fine = match last.strip_suffix(lower_or_star) {
        Some("") => true,
        Some(start) => {
            start.starts_with(lower) && start.chars().all(|c| lower(c) || c == '-' || c == '_')
        }
        None => false,
    };
    let matches = last_is_fine && parents.all(|segment| is_label(segment, lower, "-_"));
    (value.len() > SYSCTL_LIMIT || !matches).then(|| sysctl_message(SYSCTL_PATTERN))
}

/// What is wrong with the name of a sysctl in a pod. Dots and slashes separate.
pub(crate) fn sysctl_name_error(value: &str) -> Option<String> {
    let mut segments = value.split(['.', '/']);
    let matches = segments.all(|segment| is_label(segment, lower, "-_"));
    (value.len() > SYSCTL_LIMIT || !matches).then(|| sysctl_message(SYSCTL_NAME))
}

fn sysctl_message(pattern: &str) -> String {
    format!("must have at most {SYSCTL_LIMIT} characters and match regex {pattern}")
}

/// Whether the text is non-empty, made of `outer` and `inner` characters, and has `outer` ones at both ends.
fn is_label(text: &str, outer: fn(char) -> bool, inner: &str) -> bool {
    text.starts_with(outer)
        && text.ends_with(outer)
        && text.chars().all(|c| outer(c) || inner.contains(c))
}

fn lower(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn lower_or_star(c: char) -> bool {
    lower(c) || c == '*'
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}
