//! Which version labels are pinned to, and what other versions would change.

use crate::model::workload::Workload;
use crate::model::{Inventory, defaults};
use crate::pss::{self, Level, NEWEST, Version};

/// The version that labels are pinned to.
#[derive(Debug, Clone)]
pub struct Target {
    /// The version: never `latest` unless asked for.
    pub version: Version,
    /// Why this one, as a phrase.
    pub reason: String,
}

/// What changes at another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The version.
    pub version: Version,
    /// Workloads that the enforced level judges differently there, sorted.
    pub changed: Vec<Changed>,
}

/// One workload whose verdict differs at another version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Changed {
    /// Kind and name.
    pub workload: String,
    /// The checks that refuse it at exactly one of the two versions.
    pub checks: Vec<&'static str>,
    /// Whether the other version refuses what the target version allows.
    pub refused: bool,
}

/// The target: what the user chose, else the oldest kubelet, else the newest version that we know.
pub(super) fn target(chosen: Option<Version>, inventory: &Inventory) -> Target {
    if let Some(version) = chosen {
        return Target {
            version,
            reason: "chosen with --target-version".to_owned(),
        };
    }
    let oldest_node = inventory
        .nodes
        .iter()
        .filter_map(|node| Some((node.kubelet_minor?, &node.name)))
        .min();
    match oldest_node {
        Some((minor, name)) => {
            let version = Version::Minor(u64::from(minor));
            let beyond = match version == version.effective() {
                true => "choose the version of the planned upgrade with --target-version",
                false => "newer than the newest version known here, whose rules are used",
            };
            Target {
                version: version.effective(),
                reason: format!("the oldest kubelet is v1.{minor}, of node {name}; {beyond}"),
            }
        }
        None => Target {
            version: NEWEST,
            reason: "the newest version known, because no Node in the input tells the cluster's"
                .to_owned(),
        },
    }
}

/// The versions at which some check of the level begins to judge differently, without the target itself; and one
/// version for the state before the first of them. Versions older than v1.22, where Pod Security Admission began,
/// are left out.
pub(super) fn others(target: Version, level: Level) -> Vec<Version> {
    const FIRST: u64 = 22;
    let mut starts: Vec<u64> = pss::CHECKS
        .iter()
        .filter(|check| check.level <= level)
        .flat_map(|check| check.revisions.iter().map(|revision| revision.since))
        .filter(|since| *since > FIRST)
        .chain([FIRST])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let same = |version: Version| {
        starts
            .iter()
            .rev()
            .find(|since| Version::Minor(**since) <= version.effective())
    };
    starts
        .iter()
        .filter(|since| same(target) != Some(*since))
        .map(|since| Version::Minor(*since))
        .collect()
}

/// What the level says of the workloads at other versions, where that differs from the target version.
pub(super) fn preview(target: Version, level: Level, workloads: &[&Workload]) -> Vec<Preview> {
    let pods: Vec<_> = workloads
        .iter()
        .filter(|workload| !workload.terminated())
        .map(|workload| {
            let mut pod = workload.pod.clone();
            defaults::apply(&mut pod);
            (workload, pod)
        })
        .collect();
    let refusing = |version: Version| -> Vec<Vec<&'static str>> {
        let evaluator = pss::evaluator(version);
        pods.iter()
            .map(|(_, pod)| {
                let violations = evaluator.evaluate(level, pod);
                violations.iter().map(|violation| violation.check).collect()
            })
            .collect()
    };
    let now = refusing(target);
    others(target, level)
        .into_iter()
        .filter_map(|version| {
            let mut changed: Vec<Changed> = refusing(version)
                .into_iter()
                .zip(&now)
                .zip(&pods)
                .filter(|((then, now), _)| then.is_empty() != now.is_empty())
                .map(|((then, now), (workload, _))| Changed {
                    workload: format!("{} {}", workload.kind, workload.meta.display_name()),
                    refused: now.is_empty(),
                    checks: if now.is_empty() { then } else { now.clone() },
                })
                .collect();
            changed.sort();
            (!changed.is_empty()).then_some(Preview { version, changed })
        })
        .collect()
}
