//! `allowedProcMountTypes`: how `/proc` is mounted. An unset type is `Default`, and an empty list allows only that;
//! a list without `Default` therefore refuses ordinary containers.
//!
//! Whether the cluster had the feature gate `ProcMountType` on is not decided here: with the gate off, the API server
//! has emptied the list.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go`, `pkg/securitycontext/accessors.go` (v1.24.7).

use crate::go::quoted;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: None,
    validate,
};

const DEFAULT: &str = "Default";

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let own = subject.context().and_then(|c| c.proc_mount.as_deref());
    let proc_mount = own.unwrap_or(DEFAULT);
    let allowed = &provider.spec.allowed_proc_mount_types;
    if allowed.iter().any(|allowed| allowed == proc_mount)
        || (allowed.is_empty() && proc_mount == DEFAULT)
    {
        return Vec::new();
    }
    vec![FieldError::invalid(
        subject.context_path("procMount"),
        quoted(proc_mount),
        "ProcMountType is not allowed",
    )]
}
