//! `allowedUnsafeSysctls` and `forbiddenSysctls`: well-formed, and without overlap.
//!
//! Upstream: `pkg/apis/policy/validation/validation.go` (v1.24.7).

use crate::go::quoted;
use crate::model::psp::PspSpec;
use crate::psp::field_error::FieldError;
use crate::psp::syntax;

const ALLOWED: &str = "spec.allowedUnsafeSysctls";
const FORBIDDEN: &str = "spec.forbiddenSysctls";

/// How many overlaps are listed. Upstream lists all, but an object in a cluster is small; ours may be any file, and
/// two long lists have as many overlaps as the product of their lengths.
const OVERLAPS_LIMIT: usize = 1000;

/// What is wrong with a policy's sysctls.
pub(super) fn validate(spec: &PspSpec) -> Vec<FieldError> {
    let (allowed, forbidden) = (&spec.allowed_unsafe_sysctls, &spec.forbidden_sysctls);
    let mut errors = items(ALLOWED, allowed);
    errors.extend(items(FORBIDDEN, forbidden));
    let pairs = (allowed.iter().enumerate())
        .flat_map(|allowed| forbidden.iter().enumerate().map(move |f| (allowed, f)));
    let overlaps = pairs.filter_map(|(allowed, forbidden)| overlap(allowed, forbidden));
    errors.extend(overlaps.take(OVERLAPS_LIMIT));
    errors
}

fn items(field: &str, sysctls: &[String]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut covers_all = false;
    for (index, sysctl) in sysctls.iter().enumerate() {
        let wrong = if sysctl.is_empty() {
            Some("empty sysctl not allowed".to_owned())
        } else {
            syntax::sysctl_pattern_error(sysctl)
        };
        match wrong {
            Some(detail) => {
                let field = format!("{field}[{index}]");
                errors.push(FieldError::invalid(field, quoted(sysctl), detail));
            }
            None => covers_all |= sysctl.starts_with('*'),
        }
    }
    if covers_all && sysctls.len() > 1 {
        errors.push(FieldError::forbidden(
            format!("{field}.items"),
            "if '*' is present, must not specify other sysctls",
        ));
    }
    errors
}

/// The error for an item of each list if some sysctl is both allowed and forbidden by them: it blames the narrower.
fn overlap((i, allowed): (usize, &String), (j, forbidden): (usize, &String)) -> Option<FieldError> {
    let blame = |field: &str, index: usize, narrower: &str, wider: &str| {
        let field = format!("{field}[{index}]");
        let detail = format!("sysctl overlaps with {wider}");
        Some(FieldError::invalid(field, quoted(narrower), detail))
    };
    let blame_allowed = || blame(ALLOWED, i, allowed, forbidden);
    let blame_forbidden = || blame(FORBIDDEN, j, forbidden, allowed);
    match (allowed.strip_suffix('*'), forbidden.strip_suffix('*')) {
        (Some(a), Some(f)) if a.starts_with(f) => blame_allowed(),
        (Some(a), Some(f)) if f.starts_with(a) => blame_forbidden(),
        (Some(a), None) if forbidden.starts_with(a) => blame_forbidden(),
        (None, Some(f)) if allowed.starts_with(f) => blame_allowed(),
        (None, None) if allowed == forbidden => blame_allowed(),
        _ => None,
    }
}
