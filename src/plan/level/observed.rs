//! The level that what runs needs.

use crate::plan::evidence::Completeness;
use crate::plan::workloads::WorkloadPlan;
use crate::plan::{Basis, Prefer};
use crate::pss::{self, Level, LevelSet};

use super::granted::{own_level, unread_grants};
use super::possibilities::possibilities;
use super::{Confidence, Decision, Facts, confidence, inconclusive, list, planned, unknown};

/// From what the workloads need.
pub(super) fn decide(facts: &Facts) -> Decision {
    let (Some(needed), Some(bound)) = (facts.needed, facts.bound) else {
        return unused(facts);
    };
    let level = bound.tightest();
    let (brief, reason) = match level {
        Level::Restricted if !needed.contains(level) => (
            "satisfied by every workload once it is patched".to_owned(),
            "every workload satisfies restricted with the patches that the policies accept"
                .to_owned(),
        ),
        Level::Restricted => (
            "satisfied by every workload".to_owned(),
            "every workload satisfies restricted as written".to_owned(),
        ),
        Level::Baseline | Level::Privileged => drags(facts, level),
    };
    let mut reasons = vec![reason];
    let stored = intersection(facts, |workload| {
        workload.satisfies_stored().unwrap_or(LevelSet::ALL)
    });
    if level < needed.tightest() && !stored.contains(needed.tightest()) {
        reasons.push(format!(
            "the templates alone would allow {}, but the policies change the pods so that {level} is the tightest \
             that admits them while the plugin is on",
            needed.tightest()
        ));
    }
    let policies = || {
        facts
            .workloads
            .iter()
            .flat_map(WorkloadPlan::unknown_policies)
    };
    let gaps = facts.evidence.loosening(level);
    let otherwise = || {
        format!(
            "if nothing else runs here it would be {level}; {}",
            possibilities(facts, needed.intersection(stored), level)
        )
    };
    if level != Level::Privileged && policies().next().is_some() {
        let mut decision = unknown(Some(level), policies());
        let more = (!gaps.is_empty()).then(otherwise);
        decision.reasons.extend(more);
        return decision;
    }
    if !gaps.is_empty() {
        reasons.push(otherwise());
        let brief = match gaps.as_slice() {
            [gap] => gap.clone(),
            [gap, more @ ..] => format!("{gap} and {} more", more.len()),
            [] => brief,
        };
        return inconclusive(Some(level), brief, reasons);
    }
    reasons.extend(patched_first(facts, level));
    let (confidence, why) = confidence(facts, level);
    reasons.extend(why);
    planned(level, confidence, brief, reasons)
}

/// That a tighter level is possible once the first patches are applied, if that was not asked for.
fn patched_first(facts: &Facts, level: Level) -> Option<String> {
    let patched = intersection(facts, |workload| workload.binding_set(Prefer::Security));
    let tighter = patched.tightest();
    let possible = tighter > level && facts.evidence.loosening(tighter).is_empty();
    let is_offered = facts.prefer == Prefer::Stability && facts.basis == Basis::Observed;
    (possible && is_offered).then(|| {
        format!(
            "what is written decides; once 20-workloads is applied, {tighter} is possible: plan with --prefer security"
        )
    })
}

/// The levels in the sets of all workloads.
fn intersection(facts: &Facts, set: impl Fn(&WorkloadPlan) -> LevelSet) -> LevelSet {
    let sets = facts.workloads.iter().map(set);
    sets.fold(LevelSet::ALL, LevelSet::intersection)
}

/// Which workloads rule out the tighter levels: in brief, and as a sentence.
fn drags(facts: &Facts, level: Level) -> (String, String) {
    let workloads = facts.workloads;
    let tighter = match level {
        Level::Privileged => Level::Baseline,
        Level::Baseline | Level::Restricted => Level::Restricted,
    };
    let dragging: Vec<&WorkloadPlan> = workloads
        .iter()
        .filter(|workload| !workload.binding_set(facts.prefer).contains(tighter))
        .collect();
    let says_nothing = |workload: &&WorkloadPlan| workload.violations_of(tighter).is_empty();
    if !dragging.is_empty() && dragging.iter().all(says_nothing) {
        return (
            format!("no pod satisfies its policies and {tighter}"),
            format!(
                "the templates satisfy {tighter}, but no pod that the policies admit does, so {level} is the tightest \
                 while the plugin is on"
            ),
        );
    }
    let names: Vec<String> = dragging.iter().map(|workload| workload.title()).collect();
    let sentence = match names.len() {
        0 => format!("no tighter level than {level} admits all workloads"),
        1 => format!("{} violates {tighter}", list(&names)),
        2 if workloads.len() == 2 => format!("both workloads violate {tighter}"),
        count if count == workloads.len() => format!("all {count} workloads violate {tighter}"),
        _ => format!("{} violate {tighter}", list(&names)),
    };
    let brief = match dragging.as_slice() {
        [only] => {
            let reasons = pss::reason(only.violations_of(tighter));
            format!("{}: {reasons}", only.reference.name)
        }
        _ => sentence.clone(),
    };
    (brief, sentence)
}

/// A namespace in which nothing runs, as far as we see.
fn unused(facts: &Facts) -> Decision {
    if facts.evidence.completeness != Completeness::Complete {
        let mut reasons = vec![
            "no workload of this namespace is in the input, and nothing shows that there is none"
                .to_owned(),
        ];
        if !facts.evidence.loosening(Level::Restricted).is_empty() {
            reasons.push(possibilities(facts, LevelSet::ALL, Level::Restricted));
        }
        return inconclusive(None, "no workload in the input", reasons);
    }
    let own = own_level(facts);
    if let Some(decision) = unread_grants(facts, own.as_ref().map(|(level, _)| *level)) {
        return decision;
    }
    match (own, facts.granted_incidentally) {
        (None, _) => inconclusive(
            None,
            "nothing runs, no own grant",
            vec!["nothing runs here and no policy was granted to it in particular, so nothing tells what its pods will need".to_owned()],
        ),
        (Some((Level::Privileged, policy)), Some(why)) => planned(
            Level::Baseline,
            Confidence::Review,
            format!("nothing runs; policy {policy}"),
            vec![format!(
                "nothing runs here; its policy {policy} is {why}, which baseline refuses"
            )],
        ),
        (Some((level, policy)), _) => {
            let mut reasons = vec![format!(
                "nothing runs here; {level} is the closest level to its policy {policy}"
            )];
            let (confidence, why) = confidence(facts, level);
            reasons.extend(why);
            planned(level, confidence, format!("nothing runs; policy {policy}"), reasons)
        }
    }
}
