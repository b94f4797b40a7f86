//! The looser of what workloads need and what policies granted.

use crate::pss::Level;

use super::{Decision, Facts, planned};

/// The looser of two decisions, if it admits what runs.
pub(super) fn decide(facts: &Facts, observed: Decision, granted: Decision) -> Decision {
    admitting(facts, looser(observed, granted))
}

/// The looser of two decisions; a withheld label stays withheld unless the other is already the loosest.
fn looser(a: Decision, b: Decision) -> Decision {
    match (a.enforce, b.enforce) {
        (Some(x), Some(y)) if x <= y => a,
        (Some(_), Some(_)) => b,
        (None, Some(Level::Privileged)) => b,
        (None, _) => a,
        (Some(Level::Privileged), None) => a,
        (Some(_), None) => b,
    }
}

/// The decision, or privileged if its level refuses what runs: levels do not include one another, so the looser of
/// two may refuse a Windows pod that the tighter one admits.
fn admitting(facts: &Facts, decision: Decision) -> Decision {
    match decision.enforce {
        Some(level) if facts.bound.is_some_and(|bound| !bound.contains(level)) => planned(
            Level::Privileged,
            decision.confidence,
            format!("{level} refuses what runs"),
            vec![format!(
                "the looser level, {level}, refuses workloads that run here"
            )],
        ),
        _ => decision,
    }
}
