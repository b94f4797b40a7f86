//! The level that the policies granted.

use crate::plan::granted::Usable;
use crate::plan::workloads::WorkloadPlan;
use crate::pss::Level;

use super::{Confidence, Decision, Facts, confidence, inconclusive, list, planned};

/// From what the policies granted to the namespace and to everybody allow.
pub(super) fn decide(facts: &Facts) -> Option<Decision> {
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

/// The loosest level among the policies granted to the namespace itself.
pub(super) fn own_level(facts: &Facts) -> Option<(Level, String)> {
    loosest(facts.granted.own.iter())
}

fn loosest<'a>(usable: impl Iterator<Item = &'a Usable>) -> Option<(Level, String)> {
    usable
        .filter_map(|usable| Some((usable.level?, usable.policy.clone())))
        .min()
}

/// A label that follows from grants is withheld where some grants are not known and could be looser.
pub(super) fn unread_grants(facts: &Facts, visible: Option<Level>) -> Option<Decision> {
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
