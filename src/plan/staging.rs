//! Which stage of the rollout applies the patch of a workload.
//!
//! A stage carries the object and the patch, so the input must show the object, and show it in one way: of variants
//! nobody knows which one is applied. To apply it restarts the pods, so the label that is in force by then must admit
//! them.

use std::collections::BTreeMap;

use crate::diag::Source;
use crate::model::is_dns_subdomain;
use crate::model::workload::{Manifest, Workload};
use crate::pss::{Level, LevelVersion, Version};

use super::labels::Stage;
use super::patches::{Patch, Proof};
use super::workloads::{Replay, WorkloadPlan};

/// A patch that a stage applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// [`Stage::Workloads`] or [`Stage::LateWorkloads`].
    pub stage: Stage,
    /// The object that the patch is for, as its owner wrote it.
    pub manifest: Manifest,
    /// Path of the pod inside it; empty for a Pod.
    pub pod_path: &'static str,
}

/// Why no stage applies a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unstaged {
    /// The workload has run to its end.
    Finished,
    /// The object exists, and its pods cannot be changed: a Job or a Pod of a cluster.
    Immutable,
    /// The object is of a kind that cannot be patched, is made by a controller, or has no name to address it by.
    Unpatchable,
    /// The input defines the workload in several ways, and nobody knows which one is applied.
    Variants,
    /// The object itself was not kept, as it is of pods in a dump.
    NotKept,
    /// It has to wait for a bypass, and the namespace gets none.
    NotBypassed,
    /// The label in force when its stage comes refuses the patched pods: what runs would be restarted into refusal.
    LabelRefuses,
}

impl Unstaged {
    /// The reason, as a clause.
    pub fn because(self) -> &'static str {
        match self {
            Unstaged::Finished => "it has run to its end",
            Unstaged::Immutable => {
                "the pods of a Job or Pod that exists cannot be changed: change what makes it"
            }
            Unstaged::Unpatchable => "a patch cannot address its object",
            Unstaged::Variants => "the input defines it in several ways",
            Unstaged::NotKept => "its object cannot be repeated from the input",
            Unstaged::NotBypassed => "the policies are not bypassed here",
            Unstaged::LabelRefuses => {
                "the label in force refuses its pods even with it, and would not let them restart: settle the label and \
                 plan again"
            }
        }
    }
}

/// Finds the stage of each patch of a namespace. The plans are those of the workloads, in the same order.
pub(super) fn stage(
    plans: &mut [WorkloadPlan],
    workloads: &[&Workload],
    manifests: &BTreeMap<Source, Manifest>,
) {
    let mut variants: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for workload in workloads {
        let reference = (workload.kind.as_str(), workload.meta.name.as_str());
        *variants.entry(reference).or_default() += 1;
    }
    for (plan, workload) in plans.iter_mut().zip(workloads) {
        let reference = (workload.kind.as_str(), workload.meta.name.as_str());
        let Some(patch) = plan.patch().filter(|patch| !patch.edits.is_empty()) else {
            continue;
        };
        let stage = match patch.proof {
            Proof::Accepted => Stage::Workloads,
            Proof::OtherPolicy | Proof::StillMutated | Proof::Refused => Stage::LateWorkloads,
        };
        let has_object = patch.object.is_some();
        let mut copies = workload
            .sources
            .iter()
            .filter_map(|source| manifests.get(source));
        let first = copies.next();
        let addressable =
            has_object && workload.is_patchable() && is_dns_subdomain(&workload.meta.name);
        let unstaged = match first {
            _ if !plan.counts => Unstaged::Finished,
            _ if workload.is_immutable() => Unstaged::Immutable,
            _ if !addressable => Unstaged::Unpatchable,
            _ if variants.get(&reference) != Some(&1) => Unstaged::Variants,
            Some(manifest) if copies.all(|copy| copy == manifest) => {
                plan.staged = Some(Staged {
                    stage,
                    manifest: manifest.clone(),
                    pod_path: workload.pod_path(),
                });
                continue;
            }
            Some(_) => Unstaged::Variants,
            None => Unstaged::NotKept,
        };
        plan.unstaged = Some(unstaged);
    }
}

/// Takes out of a stage the patches whose pods the label that is in force by then refuses as they are stored by then;
/// tells whether there are any. `judged_at` are the same workloads by the rules of a version, if these differ from those
/// that they were judged by.
///
/// Whether the label refuses the pods of today as well does not matter: those that run go on running, until something
/// makes their controller replace them.
pub(super) fn refused(
    plans: &mut [WorkloadPlan],
    stage: Stage,
    label: Option<LevelVersion>,
    judged_at: impl Fn(Version) -> Option<Vec<WorkloadPlan>>,
) -> bool {
    let staged = |plan: &WorkloadPlan| plan.stage() == Some(stage);
    let Some(label) = label.filter(|label| label.level > Level::Privileged) else {
        return false;
    };
    if !plans.iter().any(staged) {
        return false;
    }
    let judged = judged_at(label.version);
    let mut any = false;
    for (at, plan) in plans
        .iter_mut()
        .enumerate()
        .filter(|(_, plan)| staged(plan))
    {
        let judged = judged.as_ref().map_or(&*plan, |judged| &judged[at]);
        let admitted = same_patch(plan, judged).map(|patch| match stage {
            // No policy writes anything behind the bypass.
            Stage::LateWorkloads => patch.satisfies,
            _ => patch.stored,
        });
        if !admitted.is_some_and(|levels| levels.contains(label.level)) {
            plan.staged = None;
            plan.unstaged = Some(Unstaged::LabelRefuses);
            any = true;
        }
    }
    any
}

/// The patch of a workload as it was judged by the rules of another version: these may call for other edits, and then
/// nothing is known of those that are staged.
fn same_patch<'j>(plan: &WorkloadPlan, judged: &'j WorkloadPlan) -> Option<&'j Patch> {
    let edits = &plan.patch()?.edits;
    judged.patch().filter(|patch| patch.edits == *edits)
}

/// The workloads, as titles, whose pods this label admits only because of what policies write into them: a bypass would
/// stop them before the patches behind it come. `judged_at` as for [`refused`].
pub(super) fn stopped_by_bypass(
    plans: &[WorkloadPlan],
    label: Option<LevelVersion>,
    judged_at: impl Fn(Version) -> Option<Vec<WorkloadPlan>>,
) -> Vec<String> {
    let Some(label) = label.filter(|label| label.level > Level::Privileged) else {
        return Vec::new();
    };
    let judged = judged_at(label.version);
    let judged = judged.as_deref().unwrap_or(plans);
    let stopped = plans.iter().zip(judged).filter(|(plan, judged)| {
        let runs = match &judged.replay {
            Replay::Admitted { stored, .. } => stored.contains(label.level),
            Replay::Unknown { .. } => true,
            Replay::NoPolicies | Replay::Refused { .. } => false,
        };
        let patched = plan.stage() == Some(Stage::Workloads)
            && same_patch(plan, judged).is_some_and(|patch| patch.satisfies.contains(label.level));
        plan.counts && runs && !patched && !judged.satisfies.contains(label.level)
    });
    stopped.map(|(plan, _)| plan.title()).collect()
}

/// Takes the patches out of the stage behind the bypass, in a namespace that is not bypassed.
pub(super) fn not_bypassed(plans: &mut [WorkloadPlan]) {
    for plan in plans {
        let late = |staged: &mut Staged| staged.stage == Stage::LateWorkloads;
        if plan.staged.take_if(late).is_some() {
            plan.unstaged = Some(Unstaged::NotBypassed);
        }
    }
}
