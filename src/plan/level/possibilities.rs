//! What a withheld label would be, gap by gap.

use std::collections::BTreeMap;

use crate::pss::{Level, LevelSet};

use super::Facts;

/// What each gap that could change the level would make of it: `with DaemonSet promtail it would be privileged`.
///
/// `visible` is what everything that the input shows satisfies, `level` the label that is withheld.
pub(super) fn possibilities(facts: &Facts, visible: LevelSet, level: Level) -> String {
    let mut by_level: BTreeMap<Option<Level>, Vec<String>> = BTreeMap::new();
    for missing in facts.evidence.withholding(level) {
        let would = missing
            .judged
            .then(|| visible.intersection(missing.satisfies).tightest());
        by_level
            .entry(would)
            .or_default()
            .push(missing.what.clone());
    }
    let phrases: Vec<String> = by_level
        .into_iter()
        .rev()
        .map(|(would, mut gaps)| {
            gaps.dedup();
            match would {
                Some(level) => format!("with {} it would be {level}", list_or(&gaps)),
                None => format!("with {} it cannot be told", list_or(&gaps)),
            }
        })
        .collect();
    phrases.join("; ")
}

/// At most three alternatives, and how many more, as a part of a sentence.
fn list_or(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} or {two}"),
        [one, two, three] => format!("{one}, {two} or {three}"),
        [one, two, three, more @ ..] => {
            format!("{one}, {two}, {three} or one of {} more", more.len())
        }
    }
}
