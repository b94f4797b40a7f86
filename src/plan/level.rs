//! Which level to enforce: the decision, its confidence and its reasons.

mod both;
mod granted;
mod observed;
mod possibilities;

use std::collections::BTreeSet;

use crate::pss::{Level, LevelSet};

use super::evidence::Evidence;
use super::granted::Granted;
use super::scope;
use super::workloads::WorkloadPlan;
use super::{Basis, Prefer};

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
                "the input defines this namespace in contradicting ways, or in a way that cannot be read, so nothing is written for it"
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
    let observed = || observed::decide(facts);
    let granted = || granted::decide(facts);
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

/// Withheld because of policies that cannot be judged, given as clauses.
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

/// What there is to say of what still makes pods of an earlier template.
pub(super) fn earlier_template(live: &WorkloadPlan) -> Option<String> {
    (live.reference.kind != "Pod").then(|| {
        format!(
            "{} still makes pods of an earlier template: plan again once it is gone",
            live.title()
        )
    })
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
            earlier_template(pod).unwrap_or_else(|| {
                format!(
                    "{} needs more than its template says, so something changes pods on their way in",
                    pod.title()
                )
            })
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
