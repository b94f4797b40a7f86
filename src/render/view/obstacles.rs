//! How many workloads of a namespace there are, and how many of them each level refuses.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::render::json::v1::Workload;

use super::words::{self, Tag};

/// How many workloads break a level, and through which checks.
#[derive(Serialize)]
pub(super) struct Obstacle<'a> {
    level: Tag<'a>,
    text: String,
}

/// For each level that some workload breaks: how many do, and how many fail each check.
pub(super) fn obstacles(workloads: &[Workload]) -> Vec<Obstacle<'_>> {
    let mut broken: BTreeMap<&str, (usize, BTreeMap<&str, usize>)> = BTreeMap::new();
    let all = counting(workloads).count();
    for workload in counting(workloads) {
        for (level, violations) in &workload.violations {
            let (count, checks) = broken.entry(level).or_default();
            *count += 1;
            let failed: BTreeSet<&str> = violations
                .iter()
                .map(|violation| violation.check.as_str())
                .collect();
            for check in failed {
                *checks.entry(check).or_default() += 1;
            }
        }
    }
    broken
        .into_iter()
        .map(|(level, (count, checks))| {
            let mut checks: Vec<(&str, usize)> = checks.into_iter().collect();
            checks.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
            let checks: Vec<String> = checks
                .iter()
                .map(|(check, count)| format!("{check} ({count})"))
                .collect();
            Obstacle {
                level: words::level(Some(level), ""),
                text: format!(
                    "refuses {} of {}: {}",
                    words::number(count),
                    words::count(all, "workload", "workloads"),
                    words::some(&checks, 20)
                ),
            }
        })
        .collect()
}

/// The workloads that have not ended.
pub(super) fn counting(workloads: &[Workload]) -> impl Iterator<Item = &Workload> {
    workloads.iter().filter(|workload| workload.counts)
}

/// `3 workloads`, `0 workloads and 1 that has ended`.
pub(super) fn count(workloads: &[Workload]) -> String {
    let counting = counting(workloads).count();
    let count = words::count(counting, "workload", "workloads");
    match workloads.len() - counting {
        0 => count,
        ended => format!(
            "{count} and {}",
            words::count(ended, "that has ended", "that have ended")
        ),
    }
}
