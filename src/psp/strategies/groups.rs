//! What the three group controls share: `MustRunAs`, `MayRunAs` and `RunAsAny` over ranges of ids.
//!
//! Upstream: `pkg/security/podsecuritypolicy/group/{mustrunas,mayrunas,runasany,helpers}.go` (v1.24.7).

use crate::model::psp::{IdRange, IdRule};
use crate::psp::field_error::FieldError;
use crate::psp::go_format;

/// A group rule that makes sense.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GroupRule<'a> {
    /// Writes nothing, accepts everything.
    RunAsAny,
    /// Writes nothing; what is set must be in a range.
    MayRunAs(&'a [IdRange]),
    /// Writes the lower bound of the first range; something must be set, and in a range.
    MustRunAs {
        /// What is written.
        first: i64,
        /// What is accepted; never empty.
        ranges: &'a [IdRange],
    },
}

impl<'a> GroupRule<'a> {
    /// Reads a rule; `strategy` names it in the error.
    pub(crate) fn parse(strategy: &str, rule: &'a IdRule) -> Result<Self, String> {
        match (rule.rule.as_str(), rule.ranges.as_slice()) {
            ("RunAsAny", _) => Ok(GroupRule::RunAsAny),
            (rule @ ("MayRunAs" | "MustRunAs"), []) => {
                Err(format!("ranges must be supplied for {rule}"))
            }
            ("MayRunAs", ranges) => Ok(GroupRule::MayRunAs(ranges)),
            ("MustRunAs", ranges @ [first, ..]) => Ok(GroupRule::MustRunAs {
                first: first.min,
                ranges,
            }),
            (rule, _) => Err(format!("Unrecognized {strategy} strategy type {rule}")),
        }
    }

    /// The group that is written where none is set.
    pub(crate) fn default(self) -> Option<i64> {
        match self {
            GroupRule::RunAsAny | GroupRule::MayRunAs(_) => None,
            GroupRule::MustRunAs { first, ranges: _ } => Some(first),
        }
    }

    /// What the rule does not accept about the groups set in `field`.
    pub(crate) fn validate(self, field: &str, groups: &[i64]) -> Vec<FieldError> {
        let ranges = match self {
            GroupRule::RunAsAny => return Vec::new(),
            GroupRule::MayRunAs(ranges) => ranges,
            GroupRule::MustRunAs { .. } if groups.is_empty() => {
                let detail = "unable to validate empty groups against required ranges";
                return vec![FieldError::invalid(
                    field,
                    go_format::int64s(groups),
                    detail,
                )];
            }
            GroupRule::MustRunAs { first: _, ranges } => ranges,
        };
        groups
            .iter()
            .filter(|group| !contains(ranges, **group))
            .map(|group| {
                let ranges = go_format::ranges(ranges);
                let detail = format!("group {group} must be in the ranges: {ranges}");
                FieldError::invalid(field, go_format::int64s(groups), detail)
            })
            .collect()
    }
}

/// Whether an id is in one of the ranges, bounds included.
pub(crate) fn contains(ranges: &[IdRange], id: i64) -> bool {
    ranges
        .iter()
        .any(|range| range.min <= id && id <= range.max)
}
