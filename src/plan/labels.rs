//! Labels before, after, and at each stage of the rollout. What the owner has set stays, unless overwriting was asked
//! for.

use std::collections::BTreeMap;

use crate::pss::admission::{self, LABELS, LabelError, Mode, Policy};
use crate::pss::{Level, LevelVersion, Version};

use super::homes::Home;
use super::level::{Confidence, Decision, Status};
use super::scope;
use super::{Aim, Context, Existing};

/// The labels of a namespace before and after, and where they disagree with the proposal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// All labels as the owner has them.
    pub before: BTreeMap<String, String>,
    /// All labels as they will be while the old policies decide, too.
    pub after: BTreeMap<String, String>,
    /// All labels as they will be once the old policies are bypassed, where only then a tighter level admits what runs.
    pub later: Option<Later>,
    /// Where a label that stays differs from what we would have written.
    pub conflicts: Vec<Conflict>,
}

/// The labels of a namespace once the old policies are bypassed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// How sure the tighter level is. The looser one before may be surer.
    pub confidence: Confidence,
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
    /// Patches of workloads that the old policies accept.
    Workloads,
    /// Enforce labels that follow from complete evidence.
    Enforce,
    /// Enforce labels that a person should look at first.
    EnforceReview,
    /// A policy that permits everything, changes nothing and is tried first.
    Bypass,
    /// Patches of workloads that the old policies would refuse or write over.
    LateWorkloads,
    /// Tighter enforce labels that admit what runs only now.
    Tighten,
    /// The same where a person should look first.
    TightenReview,
}

impl Stage {
    /// All stages, in order.
    pub const ALL: [Stage; 8] = [
        Stage::WarnAudit,
        Stage::Workloads,
        Stage::Enforce,
        Stage::EnforceReview,
        Stage::Bypass,
        Stage::LateWorkloads,
        Stage::Tighten,
        Stage::TightenReview,
    ];

    /// The folder under `manifests/`.
    pub fn folder(self) -> &'static str {
        match self {
            Stage::WarnAudit => "10-warn-audit",
            Stage::Workloads => "20-workloads",
            Stage::Enforce => "30-enforce",
            Stage::EnforceReview => "30-enforce-review",
            Stage::Bypass => "40-bypass",
            Stage::LateWorkloads => "50-workloads",
            Stage::Tighten => "60-enforce",
            Stage::TightenReview => "60-enforce-review",
        }
    }
}

impl Labels {
    /// The level and version in force for a mode after the change; `None` if no label speaks of the mode.
    pub fn in_force(&self, mode: Mode) -> Option<LevelVersion> {
        in_force(&self.after, mode)
    }

    /// The level and version that are enforced once the old policies are bypassed, where they differ from those before.
    pub fn enforced_later(&self) -> Option<LevelVersion> {
        in_force(&self.later.as_ref()?.labels, Mode::Enforce)
    }

    /// The level and version that are enforced once every stage is applied; `None` if no label speaks of it.
    pub fn enforced_in_the_end(&self) -> Option<LevelVersion> {
        self.enforced_later().or(self.in_force(Mode::Enforce))
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

    /// All labels of the namespace once a stage is applied; `None` if the stage changes no label here.
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
            Stage::Tighten | Stage::TightenReview => {
                let later = self.later.as_ref()?;
                (stage == later.stage()).then(|| later.labels.clone())
            }
            Stage::Workloads | Stage::Bypass | Stage::LateWorkloads => None,
        }
    }
}

impl Later {
    /// The stage that applies the labels.
    pub fn stage(&self) -> Stage {
        match self.confidence {
            Confidence::High => Stage::Tighten,
            Confidence::Review => Stage::TightenReview,
        }
    }
}

/// The level and version in force for a mode with these labels; `None` if no label speaks of the mode.
pub(super) fn in_force(labels: &BTreeMap<String, String>, mode: Mode) -> Option<LevelVersion> {
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
/// unlabelled namespace enforces, if there is neither. Without a decision the owner's label stays in any case.
fn enforced(before: &BTreeMap<String, String>, decision: &Decision, existing: Existing) -> Level {
    let owners = in_force(before, Mode::Enforce).map(|policy| policy.level);
    match existing {
        Existing::Keep => owners.or(decision.enforce),
        Existing::Overwrite => decision.enforce.or(owners),
    }
    .unwrap_or(Level::Privileged)
}

/// The version that an enforce label of ours will be read with: the target, unless the owner has set a version without
/// a level.
pub(super) fn enforce_version(
    before: &BTreeMap<String, String>,
    target: Version,
    existing: Existing,
) -> Version {
    let lone = before.contains_key(Mode::Enforce.version_label())
        && !before.contains_key(Mode::Enforce.level_label());
    match existing {
        Existing::Keep if lone => {
            let (owners, _) = admission::policy_of(before, &Policy::PRIVILEGED);
            owners.mode(Mode::Enforce).version
        }
        Existing::Keep | Existing::Overwrite => target,
    }
}

/// The labels of a namespace once the decision is applied.
pub(super) fn labels(context: &Context, name: &str, home: &Home, decision: &Decision) -> Labels {
    let before = home.labels();
    if home.contradicting || decision.status == Status::Excluded {
        return unchanged(before);
    }
    let proposals = |existing| {
        let enforced = enforced(before, decision, existing);
        let at = |level| LevelVersion {
            level,
            version: context.target,
        };
        let aim = |aim| match aim {
            Aim::Level(level) => level,
            Aim::Next if scope::is_system(name) => Level::Privileged,
            Aim::Next => next(enforced).max(decision.visible.unwrap_or(Level::Privileged)),
        };
        let mut proposals = BTreeMap::from([
            (Mode::Audit, at(aim(context.options.aim(name, Mode::Audit)))),
            (Mode::Warn, at(aim(context.options.aim(name, Mode::Warn)))),
        ]);
        proposals.extend(decision.enforce.map(|level| (Mode::Enforce, at(level))));
        proposals
    };
    match context.options.existing {
        Existing::Overwrite => overwrite(before, &proposals(Existing::Overwrite)),
        Existing::Keep => complete(
            before,
            &proposals(Existing::Keep),
            &proposals(Existing::Overwrite),
        ),
    }
}

/// The labels of a namespace that enforces a tighter level once the old policies are bypassed; `None` if the owner's
/// label stays.
pub(super) fn later(
    context: &Context,
    name: &str,
    home: &Home,
    decision: &Decision,
    (level, confidence): (Level, Confidence),
) -> Option<Later> {
    let tighter = Decision {
        enforce: Some(level),
        visible: Some(level),
        ..decision.clone()
    };
    let labels = labels(context, name, home, &tighter).after;
    let enforced = in_force(&labels, Mode::Enforce)?;
    (enforced.level == level).then_some(Later { labels, confidence })
}

/// One step tighter.
pub(super) fn next(level: Level) -> Level {
    match level {
        Level::Privileged => Level::Baseline,
        Level::Baseline | Level::Restricted => Level::Restricted,
    }
}

/// What each mode should say.
type Proposals = BTreeMap<Mode, LevelVersion>;

/// The labels as they are.
fn unchanged(before: &BTreeMap<String, String>) -> Labels {
    Labels {
        before: before.clone(),
        after: before.clone(),
        later: None,
        conflicts: Vec::new(),
    }
}

/// Writes the proposals over whatever is there.
fn overwrite(before: &BTreeMap<String, String>, proposals: &Proposals) -> Labels {
    let mut labels = unchanged(before);
    for (mode, proposed) in proposals {
        let level = (mode.level_label(), proposed.level.to_string());
        let version = (mode.version_label(), proposed.version.to_string());
        let pair = [level, version].map(|(label, value)| (label.to_owned(), value));
        labels.after.extend(pair);
    }
    labels
}

/// Adds the pairs of level and version that are missing. What is there stays, and conflicts with what overwriting
/// would write.
///
/// A level label that is there is the owner's, even if it is invalid. A lone version label is kept and completed.
fn complete(
    before: &BTreeMap<String, String>,
    missing: &Proposals,
    overwriting: &Proposals,
) -> Labels {
    let mut labels = unchanged(before);
    for (mode, proposed) in missing {
        if !before.contains_key(mode.level_label()) {
            let version = mode.version_label().to_owned();
            let after = &mut labels.after;
            after.insert(mode.level_label().to_owned(), proposed.level.to_string());
            after
                .entry(version)
                .or_insert_with(|| proposed.version.to_string());
        }
    }
    labels.conflicts = overwriting
        .iter()
        .filter_map(|(mode, proposed)| {
            let found: Level = before.get(mode.level_label())?.parse().ok()?;
            (found != proposed.level).then_some(Conflict {
                mode: *mode,
                found,
                proposed: proposed.level,
            })
        })
        .collect();
    labels
}
