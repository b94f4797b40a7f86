//! The form of an answer, and the API errors that refuse a request.
//!
//! Upstream: `admission/response.go`, and the errors of `k8s.io/apimachinery/pkg/api/errors` (1.37).

use std::collections::BTreeMap;

use crate::go;
use crate::pss::admission::{LabelError, aggregate};
use crate::pss::{LevelVersion, Violation, detail};

/// Audit annotation: why the request was not evaluated.
pub const EXEMPT: &str = "exempt";
/// Audit annotation: the level and version that decided.
pub const ENFORCE_POLICY: &str = "enforce-policy";
/// Audit annotation: what the audit mode found.
pub const AUDIT_VIOLATIONS: &str = "audit-violations";
/// Audit annotation: what went wrong.
pub const ERROR: &str = "error";

/// The answer. Allowed unless there is a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Why the request is refused, if it is.
    pub refusal: Option<Refusal>,
    /// What the client is shown.
    pub warnings: Vec<String>,
    /// What the audit log is given, by key without the prefix `pod-security.kubernetes.io/`.
    pub audit_annotations: BTreeMap<&'static str, String>,
}

impl Response {
    /// Allowed, with these warnings.
    pub(super) fn warning(warnings: impl IntoIterator<Item = String>) -> Response {
        Response {
            warnings: warnings.into_iter().collect(),
            ..Response::default()
        }
    }

    /// Allowed, with this audit annotation.
    pub(super) fn annotated(key: &'static str, value: impl Into<String>) -> Response {
        Response {
            audit_annotations: BTreeMap::from([(key, value.into())]),
            ..Response::default()
        }
    }

    /// Refused for what the request is.
    pub(super) fn refused(refusal: Refusal) -> Response {
        Response {
            refusal: Some(refusal),
            ..Response::default()
        }
    }

    /// Refused because something went wrong; only the audit log learns the cause, where there is one.
    pub(super) fn failed(refusal: Refusal, cause: Option<&str>) -> Response {
        let error = match cause {
            Some(cause) => format!("{}: {cause}", refusal.message),
            None => refusal.message.clone(),
        };
        Response {
            refusal: Some(refusal),
            ..Response::annotated(ERROR, error)
        }
    }
}

/// A refusal as an API error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// Upstream's word for the status.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
}

impl Refusal {
    /// A pod violates the enforced level. Upstream: `NewForbidden`.
    pub(super) fn forbidden(pod: &str, enforce: LevelVersion, violations: &[Violation]) -> Refusal {
        let name = if pod.is_empty() {
            String::new()
        } else {
            format!(" {}", go::quoted(pod))
        };
        let detail = detail(violations);
        Refusal {
            code: 403,
            reason: "Forbidden",
            message: format!(
                "pods{name} is forbidden: violates PodSecurity \"{enforce}\": {detail}"
            ),
        }
    }

    /// A namespace has invalid labels. Upstream: `NewInvalid`.
    pub(super) fn invalid(namespace: &str, errors: &[LabelError]) -> Refusal {
        Refusal {
            code: 422,
            reason: "Invalid",
            message: format!(
                "Namespace {} is invalid: {}",
                go::quoted(namespace),
                aggregate(errors)
            ),
        }
    }

    /// An object is not what its resource demands. Upstream: `NewBadRequest`.
    pub(super) fn bad_request(message: &str) -> Refusal {
        Refusal {
            code: 400,
            reason: "BadRequest",
            message: message.to_owned(),
        }
    }

    /// Something that should be there is not. Upstream: `NewInternalError`.
    pub(super) fn internal(message: &str) -> Refusal {
        Refusal {
            code: 500,
            reason: "InternalError",
            message: format!("Internal error occurred: {message}"),
        }
    }
}
