//! In which order patches, bypass and labels must come, and why.

use std::collections::BTreeSet;

use crate::pss::admission::Mode;
use crate::pss::{self, Level, LevelSet};

use super::labels::{Labels, Stage};
use super::level::{self, Decision, Facts, Status, list};
use super::patches::Proof;
use super::workloads::WorkloadPlan;
use super::{NamespacePlan, Prefer};

/// What the role and the bindings of the bypass are called, and its policy but for what makes it come first.
pub const BYPASS: &str = "psp2psa-bypass";

/// A name for a policy that comes before these others. Nothing comes before `0`, and `-` is the smallest character that
/// may follow; so there is none where a policy is called `0`.
pub(super) fn bypass_name<'p>(others: impl Iterator<Item = &'p str> + Clone) -> Option<String> {
    const LONGEST: usize = 253;
    (1..LONGEST - BYPASS.len())
        .map(|count| format!("0{}{BYPASS}", "-".repeat(count)))
        .find(|name| others.clone().all(|other| name.as_str() < other))
}

/// The workloads that only their patches get to the level of an enforce label which the plan writes before any bypass.
pub fn patched_before_labels(plan: &NamespacePlan) -> Vec<&WorkloadPlan> {
    let before = plan.labels.before.get(Mode::Enforce.level_label());
    let after = plan.labels.after.get(Mode::Enforce.level_label());
    let Some(enforced) = plan
        .labels
        .in_force(Mode::Enforce)
        .filter(|_| before != after)
    else {
        return Vec::new();
    };
    let admits = |workload: &WorkloadPlan, prefer| {
        let set = workload.binding_set(prefer);
        set.contains(enforced.level)
    };
    let workloads = plan.workloads.iter();
    workloads
        .filter(|workload| workload.counts && workload.stage() == Some(Stage::Workloads))
        .filter(|workload| {
            !admits(workload, Prefer::Stability) && admits(workload, Prefer::Security)
        })
        .collect()
}

/// Whether the old policies would have to be bypassed before something that the plan wants: a patch that they would
/// refuse or write over, or a label that refuses what they admit.
///
/// From then on nothing but the label protects the namespace, so it must be one that refuses something: the label that
/// is in force already, or the tighter one that the bypass makes way for. A patch alone is not worth an open namespace.
pub(super) fn wants_bypass(
    decision: &Decision,
    labels: &Labels,
    workloads: &[WorkloadPlan],
) -> bool {
    let late = |workload: &WorkloadPlan| workload.stage() == Some(Stage::LateWorkloads);
    let enforced = labels.enforced_in_the_end();
    decision.status == Status::Planned
        && enforced.is_some_and(|enforced| enforced.level > Level::Privileged)
        && (labels.later.is_some() || workloads.iter().any(late))
}

/// What waits for the end of the plugin where a bypass is wanted and none can be had.
pub(super) fn without_bypass(facts: &Facts, labels: &Labels) -> String {
    let later = labels
        .enforced_later()
        .map(|later| format!("enforce {}", later.level));
    let late = |workload: &WorkloadPlan| workload.stage() == Some(Stage::LateWorkloads);
    let patches = facts.workloads.iter().any(late);
    let patches = patches.then(|| format!("apply the patches of {}", titles(facts, late)));
    let steps: Vec<String> = patches.into_iter().chain(later).collect();
    format!(
        "no bypass is planned, because it would open other namespaces: {} once the plugin is off",
        list(&steps)
    )
}

/// Why a namespace is not bypassed in which a bypass would stop these workloads; `None` if there are none.
pub(super) fn held_by_policies(stopped: &[String]) -> Option<String> {
    let (first, others) = stopped.split_first()?;
    let more = match others.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "the policies are not bypassed here: the label in force refuses {first}{more} as written, and behind a bypass no \
         policy writes what is missing into new pods"
    ))
}

/// The order of the stages of a namespace in sentences; none where any order will do.
pub(super) fn sentences(facts: &Facts, labels: &Labels, bypassed: bool) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(patches_first(facts, labels));
    if let (Some(later), Some(labels_then)) = (labels.enforced_later(), &labels.later) {
        let stage = labels_then.stage();
        sentences.push(bypass_first(facts, labels, later.level, stage.folder()));
        sentences.extend(template_first(facts, later.level));
        let (_, doubts) = level::confidence(facts, later.level);
        if !doubts.is_empty() {
            sentences.push(format!(
                "before the bypass, a person should look whether {} can be enforced behind it: {}",
                later.level,
                list(&doubts)
            ));
        }
    } else if bypassed {
        sentences.push(format!(
            "the policies refuse or write over the patches of {}, so these have to wait: apply 40-bypass, then \
             50-workloads",
            titles(facts, |workload| workload.stage() == Some(Stage::LateWorkloads))
        ));
    }
    sentences
}

fn titles(facts: &Facts, which: impl Fn(&WorkloadPlan) -> bool) -> String {
    let workloads = facts.workloads.iter().filter(|workload| which(workload));
    let titles: Vec<String> = workloads.map(WorkloadPlan::title).collect();
    list(&titles)
}

/// Labels that refuse the templates as they are need the patches before them.
fn patches_first(facts: &Facts, labels: &Labels) -> Option<String> {
    let enforced = labels.in_force(Mode::Enforce)?.level;
    let unpatched = facts
        .workloads
        .iter()
        .map(|workload| workload.binding_set(Prefer::Stability))
        .fold(LevelSet::ALL, LevelSet::intersection);
    let patched = facts.bound?.contains(enforced) && !unpatched.contains(enforced);
    patched.then(|| {
        format!(
            "patches before labels: only the patches get {} to {enforced}, so apply 20-workloads and wait until every \
             rollout has finished",
            titles(facts, |workload| !workload
                .binding_set(Prefer::Stability)
                .contains(enforced))
        )
    })
}

/// Why a level has to wait for the bypass, and what comes in which order.
///
/// The label follows at once where every template satisfies the level already: it refuses new pods only, so those that
/// the policies have weakened go on running until they are replaced, and late patches may follow it. Otherwise the
/// patches come between, and meanwhile only the label before protects.
fn bypass_first(facts: &Facts, labels: &Labels, later: Level, tighten: &str) -> String {
    let spoiled = |workload: &WorkloadPlan| {
        let early = workload.stage() != Some(Stage::LateWorkloads);
        early
            && workload.satisfies_stored().is_some()
            && workload.final_set(facts.prefer).contains(later)
            && !workload.binding_set(facts.prefer).contains(later)
    };
    let late = |workload: &WorkloadPlan| workload.stage() == Some(Stage::LateWorkloads);
    let lacking = |workload: &WorkloadPlan| late(workload) && !workload.satisfies.contains(later);
    let mut reasons: Vec<String> = Vec::new();
    let workloads = facts.workloads.iter();
    let weakened: Vec<&WorkloadPlan> = workloads.filter(|workload| spoiled(workload)).collect();
    if !weakened.is_empty() {
        let checks: BTreeSet<String> = weakened
            .iter()
            .filter(|workload| workload.satisfies.contains(later))
            .map(|workload| pss::reason(workload.violations_of(later)))
            .collect();
        let checks: Vec<String> = checks.into_iter().collect();
        reasons.push(format!(
            "the policies weaken {} below the templates{}",
            titles(facts, spoiled),
            match checks.is_empty() {
                true => String::new(),
                false => format!(" ({})", list(&checks)),
            }
        ));
    }
    if facts.workloads.iter().any(late) {
        reasons.push(format!(
            "the policies refuse or write over the patches of {}",
            titles(facts, late)
        ));
    }
    let because = match reasons.is_empty() {
        true => String::new(),
        false => format!(", because {}", reasons.join(", and ")),
    };
    let name = facts.namespace;
    let steps = match (
        facts.workloads.iter().any(lacking),
        facts.workloads.iter().any(late),
    ) {
        (false, false) => format!(
            "apply 40-bypass, and at once {tighten}/namespace-{name}.yaml, which need not wait for other namespaces"
        ),
        (false, true) => format!(
            "apply 40-bypass, at once {tighten}/namespace-{name}.yaml, which need not wait for any rollout, then \
             50-workloads"
        ),
        (true, _) => {
            let meanwhile = labels.in_force(Mode::Enforce).map(|before| before.level);
            let open = meanwhile.is_none_or(|before| before == Level::Privileged);
            let open = if open {
                "; until then nothing protects the namespace"
            } else {
                ""
            };
            format!(
                "apply 40-bypass, then 50-workloads, wait until every rollout has finished, then {tighten}{open}"
            )
        }
    };
    format!("{later} has to wait for the bypass{because}: {steps}")
}

/// The way without the bypass: templates that say themselves what the policies weaken, if the policies accept that.
fn template_first(facts: &Facts, later: Level) -> Option<String> {
    let lacking: Vec<&WorkloadPlan> = facts
        .workloads
        .iter()
        .filter(|workload| !workload.binding_set(facts.prefer).contains(later))
        .collect();
    let mut fields = BTreeSet::new();
    for workload in &lacking {
        let mut proposals = workload.hardening.iter();
        let accepted = proposals.find(|hardening| {
            hardening.level == later && hardening.proof == Some(Proof::Accepted)
        })?;
        fields.extend(accepted.edits.iter().map(|edit| match &edit.after {
            Some(value) => format!("{} = {value}", edit.generic_path()),
            None => edit.generic_path(),
        }));
    }
    let fields: Vec<String> = fields.into_iter().collect();
    (!lacking.is_empty()).then(|| {
        format!(
            "or without the bypass: write {} into {}, which the policies accept, and then enforce {later}",
            list(&fields),
            titles(facts, |workload| !workload.binding_set(facts.prefer).contains(later))
        )
    })
}
