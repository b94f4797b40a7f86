//! How much of a namespace the input shows, and what it leaves out.

mod dump;
mod hints;
mod injection;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diag::Source;
use crate::model::Inventory;
use crate::model::gap::{Gap, GapKind, Patched};
use crate::model::namespace::Namespace;
use crate::model::patch::Change;
use crate::model::workload::Workload;
use crate::pss::{Evaluator, Level, LevelSet};

use super::judge::Listed;
use super::ownership::{Explained, Seccomp};
use dump::{Dump, is_running};
use hints::Hints;

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
    /// Whether [`Missing::satisfies`] follows from what the input says, rather than from caution.
    pub judged: bool,
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
    pub(super) fn withholding(&self, level: Level) -> impl Iterator<Item = &Missing> {
        self.missing
            .iter()
            .filter(move |missing| missing.withholds(level))
    }

    /// The phrases of what could need a looser level than this one.
    pub(super) fn loosening(&self, level: Level) -> Vec<String> {
        let mut names: Vec<String> = self
            .withholding(level)
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
    /// By namespace, a workload whose template asks for a sidecar.
    asking: BTreeMap<&'a str, &'a Workload>,
    /// Namespaces with a workload that was read from a cluster.
    listed: BTreeSet<&'a str>,
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
    /// For a gap that is likely elsewhere, or harmless.
    unlikely_in: Option<BTreeSet<&'a str>>,
}

/// More gaps of one kind that could be anywhere are named by their number, so that namespaces times gaps stays linear.
const MANY: usize = 20;

impl<'a> Gaps<'a> {
    /// Finds out what the input leaves out. `complete`: the user vouches that nothing is.
    pub(super) fn new(
        inventory: &'a Inventory,
        explained: &[Explained<'a>],
        evaluator: &Evaluator,
        seccomp: Seccomp,
        complete: bool,
    ) -> Self {
        let with = |is_meant: fn(&Workload) -> bool| {
            let workloads = inventory.workloads.iter();
            let meant = workloads.filter(|workload| is_meant(workload));
            meant.filter_map(|it| it.namespace.as_deref()).collect()
        };
        let mut gaps = Gaps {
            anywhere: Vec::new(),
            by_namespace: BTreeMap::new(),
            live: with(is_running),
            shown: dump::shown(explained),
            asking: inventory
                .workloads
                .iter()
                .filter(|workload| !is_running(workload) && injection::asks(workload))
                .filter_map(|workload| Some((workload.namespace.as_deref()?, workload)))
                .collect(),
            listed: with(|workload| workload.meta.from_cluster()),
            by_hand: with(|workload| !workload.meta.from_cluster()),
            dump: dump::dump(inventory),
            complete,
        };
        let hints = Hints::new(inventory, evaluator, seccomp);
        let mut patches = BTreeSet::new();
        let mut judged: BTreeMap<(*const Change, Patched), LevelSet> = BTreeMap::new();
        for gap in &inventory.gaps {
            let mut known = Known {
                gap,
                what: gap.what.clone(),
                satisfies: LevelSet::PRIVILEGED,
                unlikely_in: None,
            };
            if let Some(patch) = &gap.patch {
                known.satisfies = *judged
                    .entry((Arc::as_ptr(&patch.change), patch.patched))
                    .or_insert_with(|| hints.of_patch(patch, evaluator));
                if known.satisfies == LevelSet::ALL {
                    continue;
                }
                match patch.patched {
                    Patched::Called if gap.namespace.is_none() => {
                        // What it patches was not judged either, if the input does not show that. Of patches for one
                        // name the first speaks for all, so that patches times namespaces stays linear.
                        let first = patches.insert((&gap.what, known.satisfies));
                        for namespace in hints.called(patch).filter(|_| first) {
                            let here = gaps.by_namespace.entry(namespace).or_default();
                            here.push(known.clone());
                        }
                        continue;
                    }
                    Patched::Built { homeless, .. } if gap.namespace.is_none() && !homeless => {
                        known.unlikely_in = Some(BTreeSet::new());
                    }
                    Patched::Called | Patched::Built { .. } => {}
                }
            }
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

    /// Whether the input has every policy that there is.
    pub(super) fn listed_policies(&self) -> Listed {
        match self.complete || self.dump != Dump::No {
            true => Listed::All,
            false => Listed::Some,
        }
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
        if !self.complete && !self.shown.contains(name) {
            missing.extend(injection::asked(namespace, self.asking.get(name).copied()));
        }
        missing.sort_by(|a, b| (a.weight, a).cmp(&(b.weight, b)));
        missing.dedup();
        // A dump of some namespaces shows nothing of the others.
        let listed = self.listed.contains(name) || self.dump >= Dump::AllObjects;
        let dumped = self.is_dumped(name, namespace) && listed;
        let completeness = if (self.complete || dumped)
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
        let dumped = self.is_dumped(name, namespace)
            && (self.dump == Dump::AllPods || self.live.contains(name));
        let pods_listed = self.complete || dumped;
        let (weight, what) = match gap.kind {
            GapKind::Unattributed => (
                match known.unlikely_in {
                    Some(ref likely) if !likely.contains(name) => Weight::Review,
                    Some(_) | None => Weight::Withholds,
                },
                format!("{what} (names no namespace)"),
            ),
            // The user may vouch that nothing is missing, but this is not: it is just not applied.
            GapKind::Fragment if !dumped => (
                match known.unlikely_in {
                    Some(_) => Weight::Review,
                    None => Weight::Withholds,
                },
                format!("{what} (a patch that is not applied)"),
            ),
            GapKind::Unreadable => (Weight::Withholds, format!("{what} (could not be read)")),
            // A template that names its namespace is installed there; of any other only the release tells where, if
            // anywhere.
            GapKind::Template if !dumped => (
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
                if !injection::selects(&gap.selectors, name, namespace) {
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
            GapKind::Policy => (
                Weight::Grants,
                format!("{what} (what it allowed is not known)"),
            ),
            GapKind::CustomResource if !pods_listed => (
                Weight::Review,
                format!("{what} may create pods that the input does not show"),
            ),
            GapKind::Critical => (
                Weight::Review,
                format!("{what} is served from here, so a refused pod can stop the whole cluster"),
            ),
            GapKind::Fragment
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
            judged: match &gap.patch {
                Some(patch) => patch.change.is_known(),
                None => gap.kind == GapKind::Unattributed,
            },
        })
    }
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
