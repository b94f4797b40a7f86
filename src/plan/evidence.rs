//! How much of a namespace the input shows, and what it leaves out.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Source;
use crate::model::Inventory;
use crate::model::gap::{Gap, GapKind};
use crate::model::namespace::Namespace;
use crate::model::role::LabelSelector;
use crate::model::selector;
use crate::model::workload::{Origin, Workload};
use crate::pss::{Evaluator, Level, LevelSet};

use super::ownership;

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
    /// What was granted is not known: it holds back a label that follows from grants.
    Grants,
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

    /// What could have granted a looser policy.
    pub(super) fn unread_grants(&self) -> Vec<String> {
        self.missing
            .iter()
            .filter(|missing| missing.weight == Weight::Grants)
            .map(|missing| missing.what.clone())
            .collect()
    }

    /// Why a label should be looked at before it is applied.
    pub(super) fn doubts(&self) -> Vec<String> {
        let files = (self.completeness != Completeness::Complete).then(|| {
            "the input is a set of files: whether more runs in the namespace, it does not show"
                .to_owned()
        });
        self.missing
            .iter()
            .filter(|missing| missing.weight != Weight::Withholds)
            .map(|missing| missing.what.clone())
            .chain(files)
            .collect()
    }
}

/// The gaps of the input, indexed by the namespaces that they concern.
pub(super) struct Gaps<'a> {
    /// Gaps that could be in any namespace. There may be very many, so more than [`MANY`] of one kind count as one.
    anywhere: Vec<Known<'a>>,
    by_namespace: BTreeMap<&'a str, Vec<Known<'a>>>,
    /// Namespaces with running pods.
    live: BTreeSet<&'a str>,
    /// Namespaces in which running pods show what becomes of every template.
    shown: BTreeSet<&'a str>,
    /// Namespaces with something that was written by hand.
    by_hand: BTreeSet<&'a str>,
    dump: Dump,
    complete: bool,
}

/// A gap with what is known of it.
#[derive(Clone)]
struct Known<'a> {
    gap: &'a Gap,
    what: String,
    satisfies: LevelSet,
    /// For a gap that is likely elsewhere.
    unlikely_in: Option<BTreeSet<&'a str>>,
}

/// More gaps of one kind that could be anywhere are named by their number, so that namespaces times gaps stays linear.
const MANY: usize = 20;

/// How much of a cluster the input shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dump {
    /// Only files.
    No,
    /// Objects of a cluster: pods or controllers, and policies and RBAC if there are policies.
    Objects,
    /// The same, with the pods of the whole cluster: those of kube-system are among them.
    AllPods,
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
                .filter(|workload| is_running(workload))
                .filter_map(|workload| workload.namespace.as_deref())
                .collect(),
            shown: shown(inventory),
            by_hand: inventory
                .workloads
                .iter()
                .filter(|workload| !workload.meta.from_cluster())
                .filter_map(|workload| workload.namespace.as_deref())
                .collect(),
            dump: dump(inventory),
            complete,
        };
        let hints = Hints::new(inventory, evaluator);
        for gap in &inventory.gaps {
            let mut known = Known {
                gap,
                what: gap.what.clone(),
                satisfies: LevelSet::PRIVILEGED,
                unlikely_in: None,
            };
            if gap.kind == GapKind::Unattributed {
                let (satisfies, namespaces) = hints.of(gap);
                known.satisfies = satisfies;
                if let Some(namespaces) = namespaces {
                    for namespace in &namespaces {
                        gaps.by_namespace
                            .entry(namespace)
                            .or_default()
                            .push(known.clone());
                    }
                    known.unlikely_in = Some(namespaces);
                }
            }
            match gap.namespace.as_deref() {
                Some(namespace) => gaps.by_namespace.entry(namespace).or_default().push(known),
                None => gaps.anywhere.push(known),
            }
        }
        gaps.anywhere = summarised(gaps.anywhere);
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
            .filter(|known| {
                !known
                    .unlikely_in
                    .as_ref()
                    .is_some_and(|likely| likely.contains(name))
            })
            .chain(here)
            .filter_map(|known| self.missing(known, name, namespace))
            .collect();
        missing.extend(self.injection_by_label(name, namespace));
        missing.sort_by(|a, b| (a.weight, a).cmp(&(b.weight, b)));
        missing.dedup();
        let completeness = if (self.complete || self.is_dumped(name, namespace))
            && missing
                .iter()
                .all(|missing| missing.weight != Weight::Withholds)
        {
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

    /// Whether the namespace and everything that the input shows in it were read from a cluster.
    fn is_dumped(&self, name: &str, namespace: Option<&Namespace>) -> bool {
        self.dump != Dump::No
            && namespace.is_some_and(|namespace| namespace.from_cluster)
            && !self.by_hand.contains(name)
    }

    /// What a gap means for a namespace; `None` if nothing.
    fn missing(&self, known: &Known, name: &str, namespace: Option<&Namespace>) -> Option<Missing> {
        let gap = known.gap;
        let what = &known.what;
        // A list of pods shows what was rendered, as far as it runs.
        let pods_listed = self.complete
            || (self.is_dumped(name, namespace)
                && (self.dump == Dump::AllPods || self.live.contains(name)));
        let (weight, what) = match gap.kind {
            GapKind::Unattributed => (
                match known.unlikely_in {
                    Some(ref likely) if !likely.contains(name) => Weight::Review,
                    Some(_) | None => Weight::Withholds,
                },
                format!("{what} (names no namespace)"),
            ),
            GapKind::Unreadable if !self.complete => {
                (Weight::Withholds, format!("{what} (could not be read)"))
            }
            // A template that names its namespace is installed there; of any other only the release tells where, if
            // anywhere.
            GapKind::Template if !pods_listed => (
                match gap.namespace {
                    Some(_) => Weight::Withholds,
                    None => Weight::Review,
                },
                format!("{what} (a template that is not rendered)"),
            ),
            GapKind::Rendered if !pods_listed => (
                Weight::Withholds,
                format!("{what} (its pods are not in the input)"),
            ),
            GapKind::Injection if !self.complete && !self.shown.contains(name) => {
                if !selects(&gap.selectors, name, namespace) {
                    return None;
                }
                (
                    Weight::Withholds,
                    format!("{what} (may change pods on their way in)"),
                )
            }
            GapKind::Grant => (
                Weight::Grants,
                format!("{what} (who may use which policy is not known)"),
            ),
            GapKind::CustomResource if !pods_listed => (
                Weight::Review,
                format!("{what} may create pods that the input does not show"),
            ),
            GapKind::Critical => (
                Weight::Review,
                format!("{what} is served from here, so a refused pod can stop the whole cluster"),
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
            satisfies: known.satisfies,
            weight,
        })
    }

    /// Sidecar injection that the namespace asks for itself.
    fn injection_by_label(&self, name: &str, namespace: Option<&Namespace>) -> Option<Missing> {
        let namespace = namespace?;
        if self.complete || self.shown.contains(name) {
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

/// Whether a webhook works on a namespace. Where its labels are not known, or a selector is not understood, it may.
fn selects(selectors: &[LabelSelector], name: &str, namespace: Option<&Namespace>) -> bool {
    let Some(namespace) = namespace else {
        return true;
    };
    let mut labels = namespace.labels.clone();
    // The API server sets it on every namespace.
    labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    selectors.iter().any(|selector| {
        selector::problem(selector).is_some() || selector::matches(selector, &labels)
    })
}

fn dump(inventory: &Inventory) -> Dump {
    let policies = inventory.policies.is_empty()
        || (inventory.policies.iter().any(|policy| policy.from_cluster)
            && !inventory.bindings.is_empty()
            && inventory.roles.iter().any(|role| role.from_cluster));
    let mut workloads = inventory.workloads.iter();
    if !policies || !workloads.any(|workload| workload.meta.from_cluster()) {
        return Dump::No;
    }
    let of_system = |workload: &&Workload| workload.namespace.as_deref() == Some("kube-system");
    match inventory.workloads.iter().filter(of_system).any(is_running) {
        true => Dump::AllPods,
        false => Dump::Objects,
    }
}

/// Whether this is a pod of a cluster that has not ended.
fn is_running(workload: &Workload) -> bool {
    workload.origin == Origin::Pod && workload.meta.from_cluster() && !workload.terminated()
}

/// Namespaces in which every template that should run has a running pod in the input.
fn shown(inventory: &Inventory) -> BTreeSet<&str> {
    let explained = ownership::explain(&inventory.workloads);
    let mut live = BTreeSet::new();
    let mut with_pods = BTreeSet::new();
    for (workload, owner) in &explained {
        if is_running(workload) {
            live.extend(workload.namespace.as_deref());
            with_pods.extend(owner.map(|owner| owner.reference()));
        }
    }
    for (workload, owner) in &explained {
        let template =
            workload.origin != Origin::Pod && owner.is_none() && workload.replicas != Some(0);
        if template
            && !with_pods.contains(&workload.reference())
            && let Some(namespace) = workload.namespace.as_deref()
        {
            live.remove(namespace);
        }
    }
    live
}

/// Many gaps of one kind as one, unless they can be told apart by namespace.
fn summarised(gaps: Vec<Known<'_>>) -> Vec<Known<'_>> {
    let mut by_kind: BTreeMap<(GapKind, bool), Vec<Known>> = BTreeMap::new();
    for gap in gaps {
        let key = (gap.gap.kind, gap.unlikely_in.is_some());
        by_kind.entry(key).or_default().push(gap);
    }
    let mut kept = Vec::new();
    for ((kind, unlikely), mut gaps) in by_kind {
        if gaps.len() <= MANY || kind == GapKind::Injection {
            kept.append(&mut gaps);
            continue;
        }
        let more = gaps.len() - 1;
        let satisfies = gaps
            .iter()
            .map(|known| known.satisfies)
            .fold(LevelSet::ALL, LevelSet::intersection);
        kept.extend(gaps.into_iter().next().map(|first| Known {
            what: format!("{} and {more} more", first.what),
            satisfies,
            unlikely_in: unlikely.then(BTreeSet::new),
            ..first
        }));
    }
    kept
}

/// Where unattributed workloads can be told to belong by their service account.
struct Hints<'a> {
    /// For each name of an account: the namespaces in which it exists or some binding speaks of it.
    accounts: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// What stands at a place: the levels it satisfies, and its account.
    workloads: BTreeMap<&'a Source, (LevelSet, &'a str)>,
}

impl<'a> Hints<'a> {
    fn new(inventory: &'a Inventory, evaluator: &Evaluator) -> Self {
        let mut accounts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for account in &inventory.service_accounts {
            accounts
                .entry(&account.name)
                .or_default()
                .insert(&account.namespace);
        }
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
        let unattributed = inventory
            .workloads
            .iter()
            .filter(|workload| workload.namespace.is_none());
        let mut workloads = BTreeMap::new();
        for workload in unattributed {
            let judged = (
                evaluator.satisfies(&workload.pod),
                workload.pod.spec.account(),
            );
            workloads.extend(workload.sources.iter().map(|source| (source, judged)));
        }
        Hints {
            accounts,
            workloads,
        }
    }

    /// What an unattributed workload satisfies, and the namespaces in which it most likely is.
    fn of(&self, gap: &Gap) -> (LevelSet, Option<BTreeSet<&'a str>>) {
        match self.workloads.get(&gap.source) {
            None => (LevelSet::PRIVILEGED, None),
            Some((satisfies, "" | "default")) => (*satisfies, None),
            Some((satisfies, account)) => (*satisfies, self.accounts.get(account).cloned()),
        }
    }
}
