//! The form of a check: plain data with a function per revision.

use std::fmt;

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::{Level, Version};

/// One control of the standards.
#[derive(Debug)]
pub struct Check {
    /// Upstream's id, in upstream's spelling.
    pub id: &'static str,
    /// The level that the check belongs to: baseline or restricted.
    pub level: Level,
    /// The control's name in the published standard.
    pub title: &'static str,
    /// The paths in a pod that the check reads. `<containers>` stands for all three lists of containers.
    pub fields: &'static [&'static str],
    /// What those fields may hold, in words, at the newest version.
    pub allowed: &'static str,
    /// The paths in a PodSecurityPolicy that decide whether it lets an offending pod in.
    pub psp_fields: &'static [&'static str],
    /// Markdown for `explain`, in fixed sections.
    pub docs: &'static str,
    /// Oldest first. Before the first one the check does not exist.
    pub revisions: &'static [Revision],
}

/// The form that a check has from a minor version on.
#[derive(Debug)]
pub struct Revision {
    /// The first minor version.
    pub since: u64,
    /// Ids of baseline checks that do not run at level restricted while this revision is in force.
    pub overrides: &'static [&'static str],
    /// What the revision forbids to a pod.
    pub pod: fn(&Pod) -> Option<Forbidden>,
    /// Whether pods that the policy admits can fail the revision. Judged on pods as Kubernetes 1.24 would store them
    /// under this policy alone, and on the policy's rule for this control alone: a policy that admits no pod at all is
    /// the caller's business.
    pub policy: fn(&PodSecurityPolicy) -> Exposure,
}

/// What a check says of a pod that it forbids, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// Two or three words, the same for every pod but for singular and plural.
    pub reason: &'static str,
    /// The containers and values at fault. Empty only for a single sysctl without a name.
    pub detail: String,
}

/// A check that forbids a pod, and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Violation {
    /// The check's id.
    pub check: &'static str,
    /// See [`Forbidden::reason`].
    pub reason: &'static str,
    /// See [`Forbidden::detail`].
    pub detail: String,
}

/// How a policy stands to a check. The first that applies, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The policy's own mutation makes a plain pod fail the check.
    Imposed,
    /// The policy lists, sets true or covers with `*` a value that the check forbids.
    Granted,
    /// The check wants a field set, and the policy neither demands nor supplies it: a plain pod fails.
    Unset,
    /// A plain pod passes thanks to what the policy supplies, but a pod may set something that only the policy accepts.
    Escapable,
    /// The policy could have a say and has none, while pods that set nothing pass.
    Silent,
    /// No policy can have a say.
    Uncontrolled,
    /// No pod that the policy admits fails the check.
    Enforced,
}

impl Verdict {
    /// The word used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Imposed => "imposed",
            Verdict::Granted => "granted",
            Verdict::Unset => "unset",
            Verdict::Escapable => "escapable",
            Verdict::Silent => "silent",
            Verdict::Uncontrolled => "uncontrolled",
            Verdict::Enforced => "enforced",
        }
    }

    /// Whether it keeps a policy from being called of the check's level.
    pub fn blocks(self) -> bool {
        match self {
            Verdict::Imposed | Verdict::Granted | Verdict::Unset => true,
            Verdict::Escapable | Verdict::Silent | Verdict::Uncontrolled | Verdict::Enforced => {
                false
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The verdict on a policy, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The verdict.
    pub verdict: Verdict,
    /// The path of the field of the policy that decides; several joined by commas; empty where no field has a say.
    pub field: String,
    /// The part of its value that decides, as text; `absent` where there is none.
    pub value: String,
    /// Why, in a phrase: lowercase first, no full stop.
    pub message: String,
}

impl Exposure {
    /// A verdict with its evidence.
    pub(super) fn new(
        verdict: Verdict,
        field: impl Into<String>,
        value: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Exposure {
            verdict,
            field: field.into(),
            value: value.into(),
            message: message.into(),
        }
    }
}

impl Check {
    /// The revision in force at a version, if the check exists there.
    pub fn at(&self, version: Version) -> Option<&Revision> {
        self.revisions
            .iter()
            .rev()
            .find(|revision| version.reaches(revision.since))
    }
}
