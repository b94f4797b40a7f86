//! The form of a check: plain data with a function per revision.

use crate::model::pod::Pod;
use crate::pss::Level;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The check's id.
    pub check: &'static str,
    /// See [`Forbidden::reason`].
    pub reason: &'static str,
    /// See [`Forbidden::detail`].
    pub detail: String,
}

impl Check {
    /// The revision in force at a version, if the check exists there.
    pub fn at(&self, version: crate::pss::Version) -> Option<&Revision> {
        self.revisions
            .iter()
            .rev()
            .find(|revision| version.reaches(revision.since))
    }
}
