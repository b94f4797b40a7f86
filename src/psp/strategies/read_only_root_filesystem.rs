//! `readOnlyRootFilesystem`: whether containers must not write to their image's files.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` (v1.24.7).

use crate::psp::field_error::FieldError;
use crate::psp::go_format;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Draft, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: Some(default),
    validate,
};

fn default(provider: &Provider<'_>, draft: &mut Draft<'_>) {
    if provider.spec.read_only_root_filesystem {
        let context = draft.context_mut();
        context.read_only_root_filesystem.get_or_insert(true);
    }
}

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let own = subject.context().and_then(|c| c.read_only_root_filesystem);
    let (value, detail) = match own {
        _ if !provider.spec.read_only_root_filesystem => return Vec::new(),
        Some(true) => return Vec::new(),
        Some(false) => ("false", "ReadOnlyRootFilesystem must be set to true"),
        None => (
            go_format::NULL,
            "ReadOnlyRootFilesystem may not be nil and must be set to true",
        ),
    };
    let field = subject.context_path("readOnlyRootFilesystem");
    vec![FieldError::invalid(field, value, detail)]
}
