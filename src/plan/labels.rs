//! Labels before, after, and at each stage of the rollout. What the owner has set stays, unless overwriting was asked
//! for.

use std::collections::BTreeMap;

use crate::pss::admission::{self, LABELS, LabelError, Mode, Policy};
use crate::pss::{Level, LevelVersion};

use super::Existing;
use super::level::{Confidence, Decision};

/// The labels of a namespace before and after, and where they disagree with the proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// All labels as the owner has them.
    pub before: BTreeMap<String, String>,
    /// All labels as they will be.
    pub after: BTreeMap<String, String>,
    /// Where a label that stays differs from what we would have written.
    pub conflicts: Vec<Conflict>,
}

/// A level that the owner has set to something else than the proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The mode.
    pub mode: Mode,
    /// The owner's level.
    pub found: Level,
    /// Our proposal.
    pub proposed: Level,
}

/// A step of the rollout: one folder of manifests, applied in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Audit and warn labels: refuse nothing.
    WarnAudit,
    /// Enforce labels that follow from complete evidence.
    Enforce,
    /// Enforce labels that a person should look at first.
    EnforceReview,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Stage; 3] = [Stage::WarnAudit, Stage::Enforce, Stage::EnforceReview];

    /// The folder under `manifests/`.
    pub fn folder(self) -> &'static str {
        match self {
            Stage::WarnAudit => "10-warn-audit",
            Stage::Enforce => "30-enforce",
            Stage::EnforceReview => "30-enforce-review",
        }
    }
}

impl Labels {
    /// The level and version in force for a mode after the change; `None` if no label speaks of the mode.
    pub fn in_force(&self, mode: Mode) -> Option<LevelVersion> {
        in_force(&self.after, mode)
    }

    /// The pod-security labels before.
    pub fn pod_security_before(&self) -> BTreeMap<String, String> {
        pod_security(&self.before)
    }

    /// The pod-security labels after.
    pub fn pod_security_after(&self) -> BTreeMap<String, String> {
        pod_security(&self.after)
    }

    /// What is wrong with the labels as they will be.
    pub fn errors(&self) -> Vec<LabelError> {
        admission::policy_of(&self.after, &Policy::PRIVILEGED).1
    }

    /// All labels of the namespace once a stage is applied; `None` if the stage changes nothing here.
    pub fn at(&self, stage: Stage, confidence: Confidence) -> Option<BTreeMap<String, String>> {
        let enforce = [Mode::Enforce.level_label(), Mode::Enforce.version_label()];
        let changes = |label: &str| self.before.get(label) != self.after.get(label);
        match stage {
            Stage::WarnAudit => {
                let ours: Vec<&str> = LABELS
                    .into_iter()
                    .filter(|label| !enforce.contains(label) && changes(label))
                    .collect();
                let mut labels = self.before.clone();
                for label in &ours {
                    labels.extend(
                        self.after
                            .get(*label)
                            .map(|value| ((*label).to_owned(), value.clone())),
                    );
                }
                (!ours.is_empty()).then_some(labels)
            }
            Stage::Enforce | Stage::EnforceReview => {
                let right = match confidence {
                    Confidence::High => Stage::Enforce,
                    Confidence::Review => Stage::EnforceReview,
                };
                (stage == right && enforce.into_iter().any(changes)).then(|| self.after.clone())
            }
        }
    }
}

/// The level and version in force for a mode with these labels; `None` if no label speaks of the mode.
fn in_force(labels: &BTreeMap<String, String>, mode: Mode) -> Option<LevelVersion> {
    labels.contains_key(mode.level_label()).then(|| {
        admission::policy_of(labels, &Policy::PRIVILEGED)
            .0
            .mode(mode)
    })
}

fn pod_security(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    LABELS
        .into_iter()
        .filter_map(|label| Some((label.to_owned(), labels.get(label)?.clone())))
        .collect()
}

/// The level that will be enforced: the owner's label if it stays, else the decision's; `privileged`, which is what an
/// unlabelled namespace enforces, if there is neither.
pub(super) fn enforced(
    before: &BTreeMap<String, String>,
    decision: &Decision,
    existing: Existing,
) -> Level {
    let owners = match existing {
        Existing::Keep => in_force(before, Mode::Enforce).map(|policy| policy.level),
        Existing::Overwrite => None,
    };
    owners.or(decision.enforce).unwrap_or(Level::Privileged)
}

/// Writes the proposals into the labels: missing pairs of level and version are added, present ones kept or replaced.
///
/// A level label that is there is the owner's, even if it is invalid. A lone version label is kept and completed.
pub(super) fn merge(
    before: &BTreeMap<String, String>,
    proposals: &[(Mode, LevelVersion)],
    existing: Existing,
) -> Labels {
    let mut after = before.clone();
    let mut conflicts = Vec::new();
    for (mode, proposed) in proposals {
        let (level, version) = (mode.level_label(), mode.version_label());
        match existing {
            Existing::Overwrite => {
                after.insert(level.to_owned(), proposed.level.to_string());
                after.insert(version.to_owned(), proposed.version.to_string());
            }
            Existing::Keep => match before.get(level) {
                Some(found) => conflicts.extend(
                    found
                        .parse()
                        .ok()
                        .filter(|found| *found != proposed.level)
                        .map(|found| Conflict {
                            mode: *mode,
                            found,
                            proposed: proposed.level,
                        }),
                ),
                None => {
                    after.insert(level.to_owned(), proposed.level.to_string());
                    after
                        .entry(version.to_owned())
                        .or_insert_with(|| proposed.version.to_string());
                }
            },
        }
    }
    Labels {
        before: before.clone(),
        after,
        conflicts,
    }
}
