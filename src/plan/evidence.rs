//! How much of a namespace the input shows, and what it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Source;
use crate::model::Inventory;
use crate::model::gap::{Gap, GapKind};
use crate::model::namespace::Namespace;
use crate::model::selector;
use crate::model::workload::Origin;
use crate::pss::{Evaluator, Level, LevelSet};

/// How much of a namespace the input shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Completeness {
    /// Everything that runs there: a dump of a cluster, or the user says so.
    Complete,
    /// Some workloads, but there may be more.
    Partial,
    /// Nothing.
    None,
}

impl Completeness {
    /// The word in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Completeness::Complete => "complete",
            Completeness::Partial => "partial",
            Completeness::None => "none",
        }
    }
}

/// What is known of the completeness of one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// See [`Completeness`].
    pub completeness: Completeness,
    /// What is missing, most consequential first.
    pub missing: Vec<Missing>,
}

/// Something that makes or changes pods here and that the input does not show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// What it is, as a phrase: `DaemonSet promtail (names no namespace)`.
    pub what: String,
    /// Why the input does not show it.
    pub kind: GapKind,
    /// Where the input mentions it.
    pub source: Option<Source>,
    /// The levels that it is known to satisfy; `privileged` alone where nothing is known.
    pub satisfies: LevelSet,
    /// Whether it would hold back an enforce label, or only asks for a look.
    pub weight: Weight,
}

/// What a gap does to a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Pods exist, or may well exist, that the label could refuse.
    Withholds,
    /// Nothing points at such pods.
    Review,
}

impl Missing {
    /// Whether it holds back an enforce label of this level.
    pub(super) fn withholds(&self, level: Level) -> bool {
        self.weight == Weight::Withholds && !self.satisfies.contains(level)
    }
}

impl Evidence {
    /// What could need a looser level than this one.
    pub(super) fn loosening(&self, level: Level) -> Vec<String> {
        let mut names: Vec<String> = self
            .missing
            .iter()
            .filter(|missing| missing.withholds(level))
            .map(|missing| missing.what.clone())
            .collect();
        names.dedup();
        names
    }

    /// Why a label should be looked at before it is applied.
    pub(super) fn doubts(&self) -> Vec<String> {
        let files = (self.completeness != Completeness::Complete).then(|| {
            "the input is a set of files: whether more runs in the namespace, it does not show"
                .to_owned()
        });
        self.missing
            .iter()
            .filter(|missing| missing.weight == Weight::Review)
            .map(|missing| missing.what.clone())
            .chain(files)
            .collect()
    }
}

/// The gaps of the input, indexed by the namespaces that they concern.
pub(super) struct Gaps<'a> {
    anywhere: Vec<(&'a Gap, LevelSet)>,
    by_namespace: BTreeMap<&'a str, Vec<(&'a Gap, LevelSet)>>,
    /// Namespaces with pods read from a cluster.
    live: BTreeSet<&'a str>,
    /// Whether the input is a dump of a whole cluster.
    dump: bool,
    complete: bool,
}

impl<'a> Gaps<'a> {
    /// Finds out what the input leaves out. `complete`: the user vouches that nothing is.
    pub(super) fn new(inventory: &'a Inventory, evaluator: &Evaluator, complete: bool) -> Self {
        let mut gaps = Gaps {
            anywhere: Vec::new(),
            by_namespace: BTreeMap::new(),
            live: inventory
                .workloads
                .iter()
                .filter(|workload| workload.origin == Origin::Pod && workload.meta.from_cluster())
                .filter_map(|workload| workload.namespace.as_deref())
                .collect(),
            dump: is_dump(inventory),
            complete,
        };
        let accounts = bound_accounts(inventory);
        for gap in &inventory.gaps {
            let (satisfies, hinted) = match gap.kind {
                GapKind::Unattributed => unattributed(gap, inventory, evaluator, &accounts),
                _ => (LevelSet::PRIVILEGED, None),
            };
            match (hinted, gap.namespace.as_deref()) {
                (Some(namespaces), _) => {
                    for namespace in namespaces {
                        gaps.by_namespace
                            .entry(namespace)
                            .or_default()
                            .push((gap, satisfies));
                    }
                }
                (None, Some(namespace)) => {
                    gaps.by_namespace
                        .entry(namespace)
                        .or_default()
                        .push((gap, satisfies));
                }
                (None, None) => gaps.anywhere.push((gap, satisfies)),
            }
        }
        gaps
    }

    /// The evidence for one namespace. `runs`: whether the input shows a workload in it.
    pub(super) fn evidence(
        &self,
        name: &str,
        namespace: Option<&Namespace>,
        runs: bool,
    ) -> Evidence {
        let here = self.by_namespace.get(name).map_or(&[][..], Vec::as_slice);
        let mut missing: Vec<Missing> = self
            .anywhere
            .iter()
            .chain(here)
            .filter_map(|(gap, satisfies)| self.missing(gap, *satisfies, name, namespace))
            .collect();
        missing.extend(self.injection_by_label(name, namespace));
        missing.sort_by(|a, b| (a.weight, a).cmp(&(b.weight, b)));
        missing.dedup();
        let shown = self.complete || (self.dump && namespace.is_none_or(|n| n.from_cluster));
        let completeness = if shown && missing.iter().all(|m| m.weight != Weight::Withholds) {
            Completeness::Complete
        } else if runs {
            Completeness::Partial
        } else {
            Completeness::None
        };
        Evidence {
            completeness,
            missing,
        }
    }

    /// What a gap means for a namespace; `None` if nothing.
    fn missing(
        &self,
        gap: &Gap,
        satisfies: LevelSet,
        name: &str,
        namespace: Option<&Namespace>,
    ) -> Option<Missing> {
        let live = self.complete || self.live.contains(name);
        let (weight, what) = match gap.kind {
            GapKind::Unattributed => (
                Weight::Withholds,
                format!("{} (names no namespace)", gap.what),
            ),
            GapKind::Unreadable if !self.complete => (
                Weight::Withholds,
                format!("{} (could not be read)", gap.what),
            ),
            // A template that names its namespace is installed there; of any other only the release tells where, if
            // anywhere.
            GapKind::Template if !live => (
                match gap.namespace {
                    Some(_) => Weight::Withholds,
                    None => Weight::Review,
                },
                format!("{} (a template that is not rendered)", gap.what),
            ),
            GapKind::Rendered if !live => (
                Weight::Withholds,
                format!("{} (its pods are not in the input)", gap.what),
            ),
            GapKind::Injection if !live => {
                let none = BTreeMap::new();
                let labels = namespace.map_or(&none, |namespace| &namespace.labels);
                if !gap
                    .selectors
                    .iter()
                    .any(|selector| selector::matches(selector, labels))
                {
                    return None;
                }
                (
                    Weight::Withholds,
                    format!("{} (may change pods on their way in)", gap.what),
                )
            }
            GapKind::CustomResource if !live && !self.dump => (
                Weight::Review,
                format!("{} may create pods that the input does not show", gap.what),
            ),
            GapKind::Critical => (
                Weight::Review,
                format!(
                    "{} is served from here, so a refused pod can stop the whole cluster",
                    gap.what
                ),
            ),
            GapKind::Unreadable
            | GapKind::Template
            | GapKind::Rendered
            | GapKind::Injection
            | GapKind::CustomResource => return None,
        };
        Some(Missing {
            what,
            kind: gap.kind,
            source: Some(gap.source.clone()),
            satisfies,
            weight,
        })
    }

    /// Sidecar injection that the namespace asks for itself.
    fn injection_by_label(&self, name: &str, namespace: Option<&Namespace>) -> Option<Missing> {
        let namespace = namespace?;
        if self.complete || self.live.contains(name) {
            return None;
        }
        let annotation = namespace
            .manifest
            .pointer("/metadata/annotations/linkerd.io~1inject")
            .and_then(serde_json::Value::as_str);
        let asks = namespace
            .labels
            .get("istio-injection")
            .is_some_and(|value| value == "enabled")
            || namespace.labels.contains_key("istio.io/rev")
            || annotation.is_some_and(|value| matches!(value, "enabled" | "ingress"));
        asks.then(|| Missing {
            what: "the sidecar injection that the namespace asks for".to_owned(),
            kind: GapKind::Injection,
            source: namespace.sources.first().cloned(),
            satisfies: LevelSet::PRIVILEGED,
            weight: Weight::Withholds,
        })
    }
}

/// Whether the input is a dump of a whole cluster: workloads come from a cluster, and if there are policies, they and
/// the bindings do as well.
fn is_dump(inventory: &Inventory) -> bool {
    let workloads = inventory
        .workloads
        .iter()
        .any(|workload| workload.meta.from_cluster());
    let policies = inventory.policies.is_empty()
        || (inventory.policies.iter().any(|policy| policy.from_cluster)
            && !inventory.bindings.is_empty()
            && inventory.roles.iter().any(|role| role.from_cluster));
    workloads && policies
}

/// For each name of a service account: the namespaces in which some binding speaks of it.
fn bound_accounts(inventory: &Inventory) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut accounts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for binding in &inventory.bindings {
        for subject in &binding.subjects {
            let namespace = match subject.namespace.as_str() {
                "" => binding.namespace.as_deref(),
                namespace => Some(namespace),
            };
            if let (true, Some(namespace)) = (subject.kind == "ServiceAccount", namespace) {
                accounts.entry(&subject.name).or_default().insert(namespace);
            }
        }
    }
    accounts
}

/// What an unattributed workload satisfies, and where it can only be if its service account is bound somewhere.
fn unattributed<'a>(
    gap: &Gap,
    inventory: &'a Inventory,
    evaluator: &Evaluator,
    accounts: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> (LevelSet, Option<BTreeSet<&'a str>>) {
    let mut satisfies = LevelSet::ALL;
    let mut hinted: Option<BTreeSet<&str>> = None;
    for workload in &inventory.workloads {
        if workload.namespace.is_none() && workload.sources.contains(&gap.source) {
            satisfies = satisfies.intersection(evaluator.satisfies(&workload.pod));
            let account = workload.pod.spec.account();
            if !account.is_empty() && account != "default" {
                hinted = accounts.get(account).cloned();
            }
        }
    }
    (satisfies, hinted)
}
