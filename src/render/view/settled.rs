//! What the stages of the plan settle themselves, so that nobody has to.
//!
//! A place counts as settled only where what is written shows it: the stage has the patch, and the patch has every field
//! in question. Whatever is not certain remains.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::labels::Stage;
use crate::render::json::v1::{Finding, MigrationReport, Namespace, Patch, Place, Workload};

use super::labels;

/// What the stages settle.
pub(super) struct Settled<'a> {
    /// Namespaces that are bypassed, and enforce their level only then.
    labelled_last: BTreeSet<&'a str>,
    /// By namespace, kind and name; of variants what holds for all.
    workloads: BTreeMap<(&'a str, &'a str, &'a str), Patched>,
}

/// What a stage settles of a workload.
#[derive(Clone, Copy)]
struct Patched {
    /// Its template says itself what the policy writes, but for what weakens it.
    keeps: bool,
    /// Its patched pods satisfy what is enforced, and nothing weakens them.
    passes: bool,
}

/// The open findings of high severity that no stage settles.
pub(in crate::render) fn high(report: &MigrationReport) -> Vec<&Finding> {
    let settled = Settled::new(report);
    let findings = report.findings.iter();
    let high = findings.filter(|finding| finding.severity == "high" && finding.open);
    high.filter(|finding| settled.remaining(finding).next().is_some())
        .collect()
}

impl<'a> Settled<'a> {
    /// Looks at every workload once.
    pub(super) fn new(report: &'a MigrationReport) -> Self {
        let mut settled = Settled {
            labelled_last: BTreeSet::new(),
            workloads: BTreeMap::new(),
        };
        for namespace in &report.namespaces {
            if is_labelled_last(namespace) {
                settled.labelled_last.insert(&namespace.name);
            }
            for workload in &namespace.workloads {
                let one = Patched::new(namespace, workload, &report.target_version);
                let key = (&*namespace.name, &*workload.kind, &*workload.name);
                let all = settled.workloads.entry(key).or_insert(one);
                all.keeps &= one.keeps;
                all.passes &= one.passes;
            }
        }
        settled
    }

    /// The places of a finding that remain when the plan is carried out as it is.
    pub(super) fn remaining<'f>(&self, finding: &'f Finding) -> impl Iterator<Item = &'f Place> {
        let places = finding.places.iter();
        places.filter(|place| !self.is_settled(&finding.code, place))
    }

    fn is_settled(&self, code: &str, place: &Place) -> bool {
        let Some(namespace) = place.namespace.as_deref() else {
            return false;
        };
        let workload = || {
            let (kind, name) = place.object.split_once(' ')?;
            self.workloads.get(&(namespace, kind, name))
        };
        match code {
            "mutation-lost" => workload().is_some_and(|workload| workload.keeps),
            "workload-refused" => workload().is_some_and(|workload| workload.passes),
            "no-overlap" => self.labelled_last.contains(namespace),
            _ => false,
        }
    }
}

impl Patched {
    fn new(namespace: &Namespace, workload: &Workload, version: &str) -> Self {
        let patch = workload
            .patch
            .as_ref()
            .filter(|patch| patch.stage.is_some());
        Patched {
            keeps: patch.is_some_and(|patch| keeps(workload, patch)),
            passes: patch.is_some_and(|patch| passes(namespace, workload, patch, version)),
        }
    }
}

/// Whether a patch writes every field that the policy writes. What weakens pods is another finding, and the old
/// annotations of seccomp only repeat the field.
fn keeps(workload: &Workload, patch: &Patch) -> bool {
    let written = patch.edits.iter().chain(&patch.loosening);
    let written: BTreeSet<&str> = written.map(|change| change.path.as_str()).collect();
    workload.mutations.iter().all(|mutated| {
        let path = mutated.change.path.as_str();
        written.contains(path) || path.contains("seccomp.security.alpha")
    })
}

/// Whether the patched pods satisfy every level that the namespace comes to enforce. They were judged at the target
/// version, so of a label with another version that is not known; and before the bypass a policy may still weaken them.
fn passes(namespace: &Namespace, workload: &Workload, patch: &Patch, version: &str) -> bool {
    let is_bypassed = patch.stage.as_deref() == Some(Stage::LateWorkloads.folder());
    let satisfied = workload.satisfies_patched.as_deref().unwrap_or_default();
    let mut levels = [&namespace.enforce, &namespace.enforce_after_bypass]
        .into_iter()
        .flatten();
    labels::enforced_version(namespace) == Some(version)
        && (is_bypassed || patch.loosening.is_empty())
        && levels.all(|level| satisfied.contains(level))
}

fn is_labelled_last(namespace: &Namespace) -> bool {
    let has = |is_meant: fn(&str) -> bool| namespace.steps.iter().any(|step| is_meant(step));
    namespace.enforce_after_bypass.is_some()
        && has(|step| step == Stage::Bypass.folder())
        && has(|step| step == Stage::Tighten.folder() || step == Stage::TightenReview.folder())
}
