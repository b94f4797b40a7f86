//! Which version labels are pinned to, and what other versions would change.

use std::collections::BTreeMap;

use crate::model::Inventory;
use crate::model::namespace::kubelet_minor;
use crate::model::workload::Workload;
use crate::pss::{self, Evaluator, Level, LevelVersion, NEWEST, Version};

use super::ownership::as_written;

/// The version that labels are pinned to.
#[derive(Debug, Clone)]
pub struct Target {
    /// The version: never `latest` unless asked for.
    pub version: Version,
    /// Why this one, as a phrase.
    pub reason: String,
    /// The oldest version that the API server can have: a kubelet is never newer than it. `None` if no Node tells.
    pub server: Option<Version>,
}

/// Whether PodSecurityPolicies can have an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// As far as the input tells.
    Possible,
    /// Some Node is of 1.25 or newer, so the API server is, and that has no plugin any more.
    Gone,
}

impl Plugin {
    /// What the versions of kubelets tell.
    pub fn of<'v>(mut kubelets: impl Iterator<Item = &'v String>) -> Self {
        const FIRST_WITHOUT: u32 = 25;
        let is_beyond =
            |version: &String| kubelet_minor(version).is_some_and(|minor| minor >= FIRST_WITHOUT);
        match kubelets.any(is_beyond) {
            true => Plugin::Gone,
            false => Plugin::Possible,
        }
    }
}

/// What changes at another version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The version.
    pub version: Version,
    /// Workloads that the enforced level judges differently there, sorted; at least one.
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
    let kubelets = || {
        let nodes = inventory.nodes.iter();
        nodes.filter_map(|node| Some((node.kubelet_minor?, &node.name)))
    };
    let server = kubelets()
        .max()
        .map(|(minor, _)| Version::Minor(u64::from(minor)).effective());
    let (version, reason) = match (chosen, kubelets().min()) {
        (Some(Version::Latest), _) => (
            Version::Latest,
            format!(
                "chosen with --target-version; the rules are those of {NEWEST}, the newest version known here, and the \
                 API server's own are those of its newest"
            ),
        ),
        (Some(version), _) if version != version.effective() => (
            version,
            format!(
                "chosen with --target-version; the rules are those of {NEWEST}, the newest version known here"
            ),
        ),
        (Some(version), _) => (version, "chosen with --target-version".to_owned()),
        (None, Some((minor, name))) => {
            let version = Version::Minor(u64::from(minor));
            let beyond = match version == version.effective() {
                true => "choose the version of the planned upgrade with --target-version",
                false => "newer than the newest version known here, whose rules are used",
            };
            let reason = format!("the oldest kubelet is v1.{minor}, of node {name}; {beyond}");
            (version.effective(), reason)
        }
        (None, None) => (
            NEWEST,
            "the newest version known, because no Node in the input tells the cluster's".to_owned(),
        ),
    };
    Target {
        version,
        reason,
        server,
    }
}

/// How many nodes have which version of the kubelet, of those that tell it.
pub(super) fn kubelets(inventory: &Inventory) -> BTreeMap<String, u64> {
    let mut kubelets = BTreeMap::new();
    for node in inventory
        .nodes
        .iter()
        .filter(|node| !node.kubelet.is_empty())
    {
        *kubelets.entry(node.kubelet.clone()).or_default() += 1;
    }
    kubelets
}

/// The versions at which some check of the level begins to judge differently than at the version before, without the
/// one that holds the version of the label.
///
/// Later ones are what the label can be pinned to some day. Earlier ones matter where the API server may be that old,
/// because it judges by the newest rules it knows, whatever newer version a label names: so they begin with the oldest
/// version that it can have, which without a Node is v1.22, where Pod Security Admission began.
fn others(pinned: Version, level: Level, server: Option<Version>) -> Vec<Version> {
    const FIRST: Version = Version::Minor(22);
    let pinned = pinned.effective();
    let first = server.unwrap_or(FIRST).min(pinned);
    let mut starts: Vec<Version> = pss::CHECKS
        .iter()
        .filter(|check| check.level <= level)
        .flat_map(|check| check.revisions.iter())
        .map(|revision| Version::Minor(revision.since))
        .filter(|since| *since > first)
        .chain([first])
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let own = starts.iter().rev().find(|since| **since <= pinned).copied();
    starts.retain(|since| Some(*since) != own);
    starts
}

/// What the enforced level says of the workloads at other versions, where that differs from the version of its label.
pub(super) fn preview(
    enforced: LevelVersion,
    server: Option<Version>,
    workloads: &[&Workload],
) -> Vec<Preview> {
    if enforced.level == Level::Privileged {
        return Vec::new();
    }
    let pods: Vec<_> = workloads
        .iter()
        .filter(|workload| !workload.terminated())
        .map(|workload| (workload, as_written(workload)))
        .collect();
    let refusing = |evaluator: &Evaluator| -> Vec<Vec<&'static str>> {
        pods.iter()
            .map(|(_, pod)| {
                let violations = evaluator.evaluate(enforced.level, pod);
                violations.iter().map(|violation| violation.check).collect()
            })
            .collect()
    };
    let now = refusing(&pss::evaluator(enforced.version));
    others(enforced.version, enforced.level, server)
        .into_iter()
        .filter_map(|version| {
            let mut changed: Vec<Changed> = refusing(&pss::evaluator(version))
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
