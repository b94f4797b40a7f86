//! Which level to enforce: the decision, its confidence and its reasons.
//!
//! It is long because a decision is read in one piece.

mod both;
mod possibilities;

use std::collections::BTreeSet;

use crate::pss::{self, Level, LevelSet};

use super::evidence::{Completeness, Evidence};
use super::granted::{Granted, Usable};
use super::scope;
use super::workloads::WorkloadPlan;
use super::{Basis, Prefer};
use possibilities::possibilities;

/// Whether the namespace has a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The labels follow from the evidence.
    Planned,
    /// What is missing could change the enforce label, so there is none.
    Inconclusive,
    /// The user left the namespace out.
    Excluded,
}

impl Status {
    /// The word in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Planned => "planned",
            Status::Inconclusive => "inconclusive",
            Status::Excluded => "excluded",
        }
    }
}

/// How sure an enforce label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Apply it.
    High,
    /// A person should look first.
    Review,
}

impl Confidence {
    /// The word in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::High => "high",
            Confidence::Review => "review",
        }
    }
}

/// The decision for one namespace, before labels that are already there are taken into account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// See [`Status`].
    pub status: Status,
    /// The level to enforce; `None` where nothing justifies one.
    pub enforce: Option<Level>,
    /// The level that what we see would allow, where [`Decision::enforce`] is withheld.
    pub visible: Option<Level>,
    /// How sure `enforce` is.
    pub confidence: Confidence,
    /// Why, in a few words for a table.
    pub brief: String,
    /// Why, in sentences, most important first.
    pub reasons: Vec<String>,
}

/// What a decision follows from.
pub(super) struct Facts<'a> {
    pub(super) namespace: &'a str,
    pub(super) basis: Basis,
    pub(super) prefer: Prefer,
    pub(super) granted: &'a Granted,
    /// What keeps the namespace's own policies from baseline, if that is nothing but checks that workloads hardly ever
    /// break.
    pub(super) granted_incidentally: Option<&'a str>,
    /// Everything that counts, live pods included.
    pub(super) workloads: &'a [WorkloadPlan],
    /// Live pods that something changed beyond their templates and the policies.
    pub(super) live: &'a [WorkloadPlan],
    /// Levels that all of it satisfies as written; `None` without any.
    pub(super) needed: Option<LevelSet>,
    /// Levels that admit all of it while the plugin is on, see [`WorkloadPlan::binding_set`]; `None` without any.
    pub(super) bound: Option<LevelSet>,
    /// Levels that admit all of it after every stage, see [`WorkloadPlan::final_set`]; `None` without any.
    pub(super) reached: Option<LevelSet>,
    pub(super) evidence: &'a Evidence,
    pub(super) contradicting: bool,
    pub(super) excluded: bool,
}

/// Decides for one namespace.
pub(super) fn decide(facts: &Facts) -> Decision {
    if facts.excluded {
        return Decision {
            status: Status::Excluded,
            enforce: None,
            visible: None,
            confidence: Confidence::High,
            brief: "left out".to_owned(),
            reasons: vec![
                "left out with --exclude-namespace: nothing is written for it".to_owned(),
            ],
        };
    }
    if facts.contradicting {
        return inconclusive(
            None,
            "its definition is unclear",
            vec![
                "the input defines this namespace in contradicting ways, or in a way that can not be read, so nothing is written for it"
                    .to_owned(),
            ],
        );
    }
    if scope::is_system(facts.namespace) {
        return planned(
            Level::Privileged,
            Confidence::High,
            "belongs to Kubernetes itself",
            vec![format!(
                "{} belongs to Kubernetes itself: nothing there is tightened unless it is asked for",
                facts.namespace
            )],
        );
    }
    let depends_on_grants = match facts.basis {
        Basis::Observed => facts.workloads.is_empty(),
        Basis::Granted | Basis::Both => true,
    };
    if let (true, Some(policy)) = (depends_on_grants, facts.granted.unknown.first()) {
        return unknown(facts.needed.map(LevelSet::tightest), [policy]);
    }
    let observed = || observed(facts);
    let granted = || granted(facts);
    match facts.basis {
        Basis::Observed => observed(),
        Basis::Granted => granted().unwrap_or_else(|| {
            let mut decision = observed();
            decision.reasons.insert(
                0,
                "no policy was granted here, so the level follows from the workloads".to_owned(),
            );
            decision
        }),
        Basis::Both => match (observed(), granted()) {
            (observed, None) => observed,
            (observed, Some(granted)) => both::decide(facts, observed, granted),
        },
    }
}

fn planned(
    level: Level,
    confidence: Confidence,
    brief: impl Into<String>,
    reasons: Vec<String>,
) -> Decision {
    Decision {
        brief: brief.into(),
        status: Status::Planned,
        enforce: Some(level),
        visible: Some(level),
        confidence,
        reasons,
    }
}

fn inconclusive(
    visible: Option<Level>,
    brief: impl Into<String>,
    reasons: Vec<String>,
) -> Decision {
    Decision {
        brief: brief.into(),
        status: Status::Inconclusive,
        enforce: None,
        visible,
        confidence: Confidence::Review,
        reasons,
    }
}

/// Withheld because of policies that can not be judged, given as clauses.
fn unknown<'p>(visible: Option<Level>, policies: impl IntoIterator<Item = &'p String>) -> Decision {
    let policies: BTreeSet<&String> = policies.into_iter().collect();
    let clauses: Vec<String> = policies.into_iter().cloned().collect();
    let sentence = match clauses.len() {
        1 => "its pods may have used it, and what it wrote into them is unknown",
        _ => "its pods may have used them, and what they wrote into these is unknown",
    };
    inconclusive(
        visible,
        clauses.first().cloned().unwrap_or_default(),
        vec![format!("{}: {sentence}", list(&clauses))],
    )
}

/// From what the workloads need.
fn observed(facts: &Facts) -> Decision {
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
    (possible && facts.prefer == Prefer::Stability).then(|| {
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

/// A tighter level that admits what runs once the old policies are bypassed and every stage is applied.
///
/// A level that follows from grants is what was granted, so it is not tightened.
pub(super) fn later(facts: &Facts, decision: &Decision) -> Option<Level> {
    let (enforce, reached) = (decision.enforce?, facts.reached?);
    let granted = match facts.basis {
        Basis::Observed => Level::Restricted,
        Basis::Both => facts.granted.level.unwrap_or(Level::Restricted),
        Basis::Granted => return None,
    };
    let level = reached.tightest().min(granted);
    let tighter = decision.status == Status::Planned
        && !scope::is_system(facts.namespace)
        && level > enforce
        && reached.contains(level)
        && facts.evidence.loosening(level).is_empty();
    tighter.then_some(level)
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

/// The loosest level among the policies granted to the namespace itself.
fn own_level(facts: &Facts) -> Option<(Level, String)> {
    loosest(facts.granted.own.iter())
}

fn loosest<'a>(usable: impl Iterator<Item = &'a Usable>) -> Option<(Level, String)> {
    usable
        .filter_map(|usable| Some((usable.level?, usable.policy.clone())))
        .min()
}

/// A label that follows from grants is withheld where some grants are not known and could be looser.
fn unread_grants(facts: &Facts, visible: Option<Level>) -> Option<Decision> {
    let unread = facts.evidence.unread_grants();
    if unread.is_empty() || visible == Some(Level::Privileged) {
        return None;
    }
    Some(inconclusive(
        visible,
        "grants are not known",
        vec![format!(
            "no enforce label is written: {} could have granted a looser policy",
            list(&unread)
        )],
    ))
}

/// From what the policies granted to the namespace and to everybody allow.
fn granted(facts: &Facts) -> Option<Decision> {
    let loosest = loosest(facts.granted.own.iter().chain(&facts.granted.everyone));
    let visible = loosest.as_ref().map(|(level, _)| *level);
    if let Some(decision) = unread_grants(facts, visible) {
        return Some(decision);
    }
    let (level, policy) = loosest?;
    let mut reasons = vec![format!(
        "{level} is the closest level to the loosest policy granted here, {policy}"
    )];
    let refused: Vec<String> = facts
        .workloads
        .iter()
        .filter(|workload| !workload.binding_set(facts.prefer).contains(level))
        .map(WorkloadPlan::title)
        .collect();
    let confidence = if refused.is_empty() {
        confidence(facts, level)
    } else {
        (
            Confidence::Review,
            vec![format!("{} would be refused at {level}", list(&refused))],
        )
    };
    reasons.extend(confidence.1);
    Some(planned(
        level,
        confidence.0,
        format!("granted policy {policy}"),
        reasons,
    ))
}

/// How sure a level is, with what puts it in doubt.
pub(super) fn confidence(facts: &Facts, level: Level) -> (Confidence, Vec<String>) {
    let workloads = facts.workloads.iter();
    let uncertain: BTreeSet<&String> = workloads.flat_map(|workload| &workload.doubts).collect();
    let mut doubts: Vec<String> = uncertain.into_iter().cloned().collect();
    if level != Level::Privileged {
        doubts.extend(facts.evidence.doubts());
        doubts.extend(
            facts
                .workloads
                .iter()
                .filter(|workload| workload.by_convention)
                .map(|workload| {
                    format!("{} is of a kind that is not known here", workload.title())
                }),
        );
        doubts.extend(facts.live.iter().map(|pod| {
            format!(
                "{} needs more than its template says, so something changes pods on their way in",
                pod.title()
            )
        }));
        let unused: Vec<String> = facts
            .granted
            .own
            .iter()
            .filter(|usable| !usable.used)
            .filter(|usable| {
                usable.level.is_some_and(|own| own < level) || facts.workloads.is_empty()
            })
            .map(|usable| format!("{} (policy {})", usable.subject, usable.policy))
            .collect();
        if !unused.is_empty() {
            doubts.push(format!(
                "no workload here runs as {}, so who uses that policy is not shown",
                list(&unused)
            ));
        }
    }
    match doubts.is_empty() {
        true => (Confidence::High, doubts),
        false => (Confidence::Review, doubts),
    }
}

/// At most three items, and how many more, as a part of a sentence.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, three] => format!("{one}, {two} and {three}"),
        [one, two, three, more @ ..] => format!("{one}, {two}, {three} and {} more", more.len()),
    }
}
