//! What each workload needs: as written, and as Kubernetes 1.24 stores it under the policies.

use std::collections::BTreeMap;

use crate::diag::Source;
use crate::model::object::ObjectRef;
use crate::model::pod::Pod;
use crate::model::workload::Workload;
use crate::psp;
use crate::pss::{Evaluator, Level, LevelSet, Violation};

use super::Prefer;
use super::labels::Stage;
use super::ownership::{Seccomp, as_written};
use super::patches::{Hardening, Patch};
use super::staging::{Staged, Unstaged};

/// One workload and what is known of it.
#[derive(Debug, Clone)]
pub struct WorkloadPlan {
    /// Kind, namespace and name.
    pub reference: ObjectRef,
    /// Where it stands first.
    pub source: Source,
    /// Where identical copies of it stand.
    pub copies: Vec<Source>,
    /// The service account its pods run as.
    pub service_account: String,
    /// Levels that it satisfies as written, with the API server's defaults.
    pub satisfies: LevelSet,
    /// What the policies make of it.
    pub replay: Replay,
    /// What each level that it does not satisfy says, as written.
    pub violations: BTreeMap<Level, Vec<Violation>>,
    /// What the level that the namespace will enforce says, as written, at the version of the label in force.
    pub refused: Vec<Violation>,
    /// Whether it decides anything: pods that ended do not.
    pub counts: bool,
    /// Whether its pod template was only found where custom resources place one by convention.
    pub by_convention: bool,
    /// Whether it is a pod that nothing makes again: no controller owns it, and it is no mirror of a static pod.
    pub is_bare: bool,
    /// What a person should know of how it was judged.
    pub notes: Vec<String>,
    /// Why what the policies make of it is not certain, as sentences: a label that follows from it wants a look.
    pub doubts: Vec<String>,
    /// Levels that some pod satisfies which the policies usable for this workload admit; all without such policies.
    pub overlap: LevelSet,
    /// Edits that would get it to tighter levels, loosest level first: proposals.
    pub hardening: Vec<Hardening>,
    /// The stage that applies its patch; `None` without a patch, or where no stage can apply it.
    pub staged: Option<Staged>,
    /// Why no stage applies its patch, if it has one.
    pub unstaged: Option<Unstaged>,
}

/// What PodSecurityPolicy admission makes of a workload.
#[derive(Debug, Clone)]
pub enum Replay {
    /// There is no policy in the input.
    NoPolicies,
    /// A policy admits it.
    Admitted {
        /// The policy's name.
        policy: String,
        /// Through whom it is usable, for example `ServiceAccount shop/api`.
        via: String,
        /// Levels that the stored pod satisfies.
        stored: LevelSet,
        /// What each level says that the stored pod does not satisfy although the pod as written does.
        spoiled: BTreeMap<Level, Vec<Violation>>,
        /// What the policy writes into the pod.
        changes: Vec<psp::Change>,
        /// What the template must say itself to keep that; `None` if nothing is lost.
        patch: Option<Box<Patch>>,
    },
    /// No policy admits it, or the API server refuses what a policy makes of it: with the plugin on, its pods cannot
    /// be created.
    Refused {
        /// What the usable policies say, or the API server; empty if none is usable.
        errors: Vec<String>,
        /// The policy that admits it and makes it one that the API server refuses.
        spoiled_by: Option<String>,
    },
    /// A policy that cannot be replayed may have admitted it.
    Unknown {
        /// These policies, as clauses: `policy old is not in the input`.
        policies: Vec<String>,
    },
}

impl WorkloadPlan {
    /// Kind and name.
    pub fn title(&self) -> String {
        format!("{} {}", self.reference.kind, self.reference.name)
    }

    /// Levels that the stored pod satisfies; `None` if no policy admits it, or if it is not known which does.
    pub fn satisfies_stored(&self) -> Option<LevelSet> {
        match &self.replay {
            Replay::NoPolicies => Some(self.satisfies),
            Replay::Admitted { stored, .. } => Some(*stored),
            Replay::Refused { .. } | Replay::Unknown { .. } => None,
        }
    }

    /// Leaves only what holds by the rules of another version as well, by which it was judged there, and tells whether
    /// that is less.
    pub(super) fn also(&mut self, other: WorkloadPlan) -> bool {
        let before = (self.satisfies, self.satisfies_stored());
        self.satisfies = self.satisfies.intersection(other.satisfies);
        if let (
            Replay::Admitted {
                stored,
                spoiled,
                patch,
                ..
            },
            Replay::Admitted {
                stored: other_stored,
                spoiled: other_spoiled,
                patch: other_patch,
                ..
            },
        ) = (&mut self.replay, other.replay)
        {
            *stored = stored.intersection(other_stored);
            for (level, violations) in other_spoiled {
                spoiled.entry(level).or_insert(violations);
            }
            if let (Some(patch), Some(other)) = (patch, other_patch) {
                patch.satisfies = patch.satisfies.intersection(other.satisfies);
                patch.stored = patch.stored.intersection(other.stored);
            }
        }
        for (level, violations) in other.violations {
            self.violations.entry(level).or_insert(violations);
        }
        before != (self.satisfies, self.satisfies_stored())
    }

    /// Levels that it satisfies with its patch, if it can be patched.
    pub fn satisfies_patched(&self) -> LevelSet {
        let changeable = self.unstaged != Some(Unstaged::Immutable);
        match self.patch().filter(|_| changeable) {
            Some(patch) => patch.satisfies,
            None => self.satisfies,
        }
    }

    /// What a policy writes into its pods.
    pub fn changes(&self) -> &[psp::Change] {
        match &self.replay {
            Replay::Admitted { changes, .. } => changes,
            Replay::NoPolicies | Replay::Refused { .. } | Replay::Unknown { .. } => &[],
        }
    }

    /// The patch that preserves what a policy writes today.
    pub fn patch(&self) -> Option<&Patch> {
        match &self.replay {
            Replay::Admitted { patch, .. } => patch.as_deref(),
            Replay::NoPolicies | Replay::Refused { .. } | Replay::Unknown { .. } => None,
        }
    }

    /// The policies that may have admitted it and cannot be replayed.
    pub(super) fn unknown_policies(&self) -> &[String] {
        match &self.replay {
            Replay::Unknown { policies } => policies,
            Replay::NoPolicies | Replay::Admitted { .. } | Replay::Refused { .. } => &[],
        }
    }

    /// What a level says of the workload as written; if nothing, what it says of the stored pod.
    pub(super) fn violations_of(&self, level: Level) -> &[Violation] {
        let written = self.violations.get(&level);
        let found = written.or_else(|| match &self.replay {
            Replay::Admitted { spoiled, .. } => spoiled.get(&level),
            Replay::NoPolicies | Replay::Refused { .. } | Replay::Unknown { .. } => None,
        });
        found.map_or(&[], Vec::as_slice)
    }

    /// Levels that admit the workload while the plugin is on and after it.
    ///
    /// Under [`Prefer::Security`] its patch comes first, if a stage before the labels applies it, and what the policies
    /// make of that counts. A workload that no policy admits does not run today, and would run only as they admit it.
    pub(super) fn binding_set(&self, prefer: Prefer) -> LevelSet {
        match (prefer, self.patch(), self.stage()) {
            (Prefer::Security, Some(patch), Some(Stage::Workloads)) => {
                patch.satisfies.intersection(patch.stored)
            }
            _ => {
                let stored = self.satisfies_stored().unwrap_or(self.overlap);
                self.satisfies.intersection(stored)
            }
        }
    }

    /// Levels that admit the workload once the old policies are bypassed and every stage is applied.
    pub(super) fn final_set(&self, prefer: Prefer) -> LevelSet {
        match (prefer, self.patch(), self.stage()) {
            (Prefer::Security, Some(patch), Some(_)) => patch.satisfies,
            _ => self.satisfies,
        }
    }

    /// Whether its patch gets it to a level before labels of that level come.
    pub(super) fn is_patched_for(&self, prefer: Prefer, level: Level) -> bool {
        let early = (prefer, self.stage()) == (Prefer::Security, Some(Stage::Workloads));
        early && self.binding_set(prefer).contains(level)
    }

    /// The stage that applies its patch.
    pub fn stage(&self) -> Option<Stage> {
        self.staged.as_ref().map(|staged| staged.stage)
    }
}

/// What a level says of a workload as written, if the workload decides anything.
pub(super) fn refused(
    evaluator: &Evaluator,
    workload: &Workload,
    level: Level,
    seccomp: Seccomp,
) -> Vec<Violation> {
    if workload.terminated() {
        return Vec::new();
    }
    let written = as_written(workload);
    let mut violations = evaluator.evaluate(level, &written);
    if violations.is_empty()
        && let Some(stored) = seccomp.stored(&written)
    {
        violations = evaluator.evaluate(level, &stored);
    }
    violations
}

/// What the levels that are asked for say of a pod.
pub(super) fn violations(
    evaluator: &Evaluator,
    pod: &Pod,
    asked: impl Fn(Level) -> bool,
) -> BTreeMap<Level, Vec<Violation>> {
    [Level::Baseline, Level::Restricted]
        .into_iter()
        .filter(|level| asked(*level))
        .map(|level| (level, evaluator.evaluate(level, pod)))
        .collect()
}
