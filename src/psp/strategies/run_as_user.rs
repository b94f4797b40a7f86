//! `runAsUser`: which users containers may run as. Written to containers, never to the pod.
//!
//! `MustRunAs` looks at the uid alone: `runAsNonRoot: false` passes. `MustRunAsNonRoot` writes the flag only where
//! neither flag nor uid is set, so a container with a uid stays without it.
//!
//! Upstream: `pkg/security/podsecuritypolicy/user/{mustrunas,nonroot,runasany}.go` and `provider.go` (v1.24.7).

use crate::model::psp::{IdRange, IdRule};
use crate::psp::field_error::FieldError;
use crate::psp::go_format;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Draft, Subject, groups};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: Some(default),
    validate,
};

/// A user rule that makes sense.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UserRule<'a> {
    /// Writes nothing, accepts everything.
    RunAsAny,
    /// Writes `runAsNonRoot`; accepts any user but root.
    MustRunAsNonRoot,
    /// Writes the lower bound of the first range; the uid must be set, and in a range.
    MustRunAs {
        /// What is written.
        first: i64,
        /// What is accepted; never empty.
        ranges: &'a [IdRange],
    },
}

impl<'a> UserRule<'a> {
    /// Reads a rule; the error says why it makes no sense.
    pub(crate) fn parse(rule: &'a IdRule) -> Result<Self, String> {
        match (rule.rule.as_str(), rule.ranges.as_slice()) {
            ("RunAsAny", _) => Ok(UserRule::RunAsAny),
            ("MustRunAsNonRoot", _) => Ok(UserRule::MustRunAsNonRoot),
            ("MustRunAs", []) => Err("MustRunAs requires at least one range".to_owned()),
            ("MustRunAs", ranges @ [first, ..]) => Ok(UserRule::MustRunAs {
                first: first.min,
                ranges,
            }),
            (rule, _) => Err(format!("Unrecognized RunAsUser strategy type {rule}")),
        }
    }
}

fn default(provider: &Provider<'_>, draft: &mut Draft<'_>) {
    let effective = draft.effective();
    let (user, non_root) = (effective.run_as_user(), effective.run_as_non_root());
    match provider.run_as_user {
        UserRule::MustRunAs { first, ranges: _ } if user.is_none() => {
            draft.context_mut().run_as_user = Some(first);
        }
        UserRule::MustRunAsNonRoot if user.is_none() && non_root.is_none() => {
            draft.context_mut().run_as_non_root = Some(true);
        }
        UserRule::MustRunAs { .. } | UserRule::MustRunAsNonRoot | UserRule::RunAsAny => {}
    }
}

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let user_field = || subject.context_path("runAsUser");
    let flag_field = || subject.context_path("runAsNonRoot");
    let effective = subject.effective();
    let (user, non_root) = (effective.run_as_user(), effective.run_as_non_root());
    let error = match provider.run_as_user {
        UserRule::RunAsAny => None,
        UserRule::MustRunAsNonRoot => match (non_root, user) {
            (None, None) => Some(FieldError::required(flag_field(), "must be true")),
            (Some(false), _) => Some(FieldError::invalid(flag_field(), "false", "must be true")),
            (_, Some(0)) => Some(FieldError::invalid(
                user_field(),
                "0",
                "running with the root UID is forbidden",
            )),
            (Some(true), None) | (_, Some(_)) => None,
        },
        UserRule::MustRunAs { first: _, ranges } => match user {
            None => Some(FieldError::required(user_field(), "")),
            Some(user) if groups::contains(ranges, user) => None,
            Some(user) => Some(FieldError::invalid(
                user_field(),
                user.to_string(),
                format!("must be in the ranges: {}", go_format::ranges(ranges)),
            )),
        },
    };
    error.into_iter().collect()
}
