//! Field errors, printed as the API server prints them.
//!
//! Upstream: `k8s.io/apimachinery/pkg/util/validation/field/errors.go` (v0.24). The value is stored as it is printed,
//! because nobody but a reader ever looks at it.

use std::fmt;

use crate::go::quoted;

/// What is wrong with one field of a policy or of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field in upstream's spelling, for example `spec.containers[0].securityContext.runAsUser`.
    pub field: String,
    /// What kind of error.
    pub kind: ErrorKind,
    /// The offending value as Go prints it; empty for the kinds that print none.
    pub value: String,
    /// What would have been right; may be empty.
    pub detail: String,
}

/// Kind of a [`FieldError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The value is not one of the allowed ones, or is malformed.
    Invalid,
    /// The value may not be set here.
    Forbidden,
    /// A value is missing.
    Required,
    /// The value is not in an enumeration.
    NotSupported,
    /// The value occurs twice in a list.
    Duplicate,
    /// The value has too many bytes.
    TooLong,
    /// The policy itself cannot be used, whatever the pod.
    Internal,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::Invalid => "Invalid value",
            ErrorKind::Forbidden => "Forbidden",
            ErrorKind::Required => "Required value",
            ErrorKind::NotSupported => "Unsupported value",
            ErrorKind::Duplicate => "Duplicate value",
            ErrorKind::TooLong => "Too long",
            ErrorKind::Internal => "Internal error",
        })
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.kind)?;
        if !self.value.is_empty() {
            write!(f, ": {}", self.value)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl FieldError {
    /// An invalid value; `value` is already printed, see [`crate::psp::go_format`].
    pub(crate) fn invalid(
        field: impl Into<String>,
        value: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        FieldError {
            field: field.into(),
            kind: ErrorKind::Invalid,
            value: value.into(),
            detail: detail.into(),
        }
    }

    /// A field that may not be set, or not like this.
    pub(crate) fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError::without_value(ErrorKind::Forbidden, field.into(), detail.into())
    }

    /// A missing value.
    pub(crate) fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError::without_value(ErrorKind::Required, field.into(), detail.into())
    }

    /// A value longer than `limit` bytes.
    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        let detail = format!("must have at most {limit} bytes");
        FieldError::without_value(ErrorKind::TooLong, field.into(), detail)
    }

    /// A policy that cannot be used at all.
    pub(crate) fn internal(field: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError::without_value(ErrorKind::Internal, field.into(), detail.into())
    }

    /// A value that is not in the enumeration `supported`.
    pub(crate) fn not_supported(field: impl Into<String>, value: &str, supported: &[&str]) -> Self {
        let supported: Vec<String> = supported.iter().map(|value| quoted(value)).collect();
        FieldError {
            field: field.into(),
            kind: ErrorKind::NotSupported,
            value: quoted(value),
            detail: format!("supported values: {}", supported.join(", ")),
        }
    }

    /// The second occurrence of a value in a list.
    pub(crate) fn duplicate(field: impl Into<String>, value: &str) -> Self {
        FieldError {
            field: field.into(),
            kind: ErrorKind::Duplicate,
            value: quoted(value),
            detail: String::new(),
        }
    }

    fn without_value(kind: ErrorKind, field: String, detail: String) -> Self {
        FieldError {
            field,
            kind,
            value: String::new(),
            detail,
        }
    }
}
