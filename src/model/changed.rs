//! What kustomizations change of what they build, as gaps: nothing is applied.
//!
//! A patch concerns the workloads that it is for among those that its kustomization builds, wherever these belong; the
//! patches of a component, those of the kustomizations that list it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Inventory;
use super::attribution::Homes;
use super::decode::Object;
use super::gap::{self, Gap, GapKind, Patch};
use super::kustomize::{Kustomization, Role, Transformer};
use super::patch::{self, Change, Effect, Operation, Target};
use super::workload::{KINDS, Workload};
use crate::diag::Diagnostic;
use crate::input;

/// The files that kustomizations patch with, unless some also builds them.
pub(super) fn patch_files(objects: &[Object]) -> BTreeSet<String> {
    let kustomizations = || {
        objects.iter().filter_map(|object| match object {
            Object::Kustomization(kustomization) => Some(kustomization),
            _ => None,
        })
    };
    let built = kustomizations().flat_map(|it| &it.resources);
    let built: BTreeSet<&str> = built.map(String::as_str).collect();
    let patches = kustomizations().flat_map(Kustomization::patches);
    let patches = patches.filter(|file| !built.contains(file));
    patches.map(str::to_owned).collect()
}

/// The kustomizations of the input, with what stands in files of its own.
#[derive(Default)]
pub(super) struct Kustomized {
    pub(super) kustomizations: Vec<Kustomization>,
    pub(super) transformers: Vec<Transformer>,
    pub(super) operations: Vec<Operation>,
}

/// More patches of one kustomization are told as one, unless patches times workloads stays below [`MANY_PAIRS`].
const MANY: usize = 20;

/// Patches times workloads or namespaces, which is what telling them apart costs.
const MANY_PAIRS: usize = 20_000;

impl Kustomized {
    /// Operations in files that no kustomization names: whatever they are for, it is none of ours.
    pub(super) fn unnamed(&self) -> Vec<Diagnostic> {
        let files = self.kustomizations.iter().flat_map(|it| &it.files);
        let named: BTreeSet<&str> = files.map(|file| file.path.as_str()).collect();
        self.operations
            .iter()
            .filter(|operation| !named.contains(&*operation.source.file))
            .map(|operation| input::diags::not_an_object(&operation.source, "has no `kind`"))
            .collect()
    }

    /// What the kustomizations change, once for each namespace with workloads that it concerns. The workloads are
    /// attributed already.
    pub(super) fn gaps(&self, homes: &Homes, inventory: &Inventory) -> Vec<Gap> {
        let index = Index::new(self, inventory);
        let mut gaps = Vec::new();
        for kustomization in &self.kustomizations {
            let homes = homes.of_each_in(kustomization);
            let mut changes = index.changes(kustomization);
            let fragments = index.fragments(kustomization);
            let fragments: Vec<_> = fragments.filter(|_| homes.is_empty()).collect();
            if changes.is_empty() && fragments.is_empty() {
                continue;
            }
            let built = index.built(kustomization);
            // A fragment tells itself what it does to what it names.
            let for_others = fragments.into_iter().filter(|(change, targeted)| {
                *targeted || meant(&change.target, &built).1 == Naming::Renamed
            });
            changes.extend(for_others.map(|(change, _)| change));
            for change in together(changes, built.len().max(homes.len())) {
                gaps.append(&mut concerned(kustomization, change, &homes, &built));
            }
        }
        gaps
    }
}

/// What the input shows, by file.
struct Index<'a> {
    by_folder: BTreeMap<&'a str, &'a Kustomization>,
    /// By the folder of a component, the kustomizations that list it.
    including: BTreeMap<&'a str, Vec<&'a Kustomization>>,
    workloads: BTreeMap<&'a str, Vec<&'a Workload>>,
    fragments: BTreeMap<&'a str, Vec<&'a Workload>>,
    transformers: BTreeMap<&'a str, Vec<&'a Transformer>>,
    operations: BTreeMap<&'a str, Vec<&'a Operation>>,
}

impl<'a> Index<'a> {
    fn new(kustomized: &'a Kustomized, inventory: &'a Inventory) -> Self {
        let mut index = Index {
            by_folder: BTreeMap::new(),
            including: BTreeMap::new(),
            workloads: BTreeMap::new(),
            fragments: BTreeMap::new(),
            transformers: BTreeMap::new(),
            operations: BTreeMap::new(),
        };
        if kustomized.kustomizations.is_empty() {
            return index;
        }
        for kustomization in &kustomized.kustomizations {
            index.by_folder.insert(&kustomization.folder, kustomization);
            for component in &kustomization.components {
                let including = index.including.entry(component).or_default();
                including.push(kustomization);
            }
        }
        for workload in &inventory.workloads {
            let file = &*workload.source().file;
            index.workloads.entry(file).or_default().push(workload);
        }
        for fragment in &inventory.fragments {
            let file = &*fragment.source().file;
            index.fragments.entry(file).or_default().push(fragment);
        }
        for transformer in &kustomized.transformers {
            let file = &*transformer.source.file;
            let transformers = index.transformers.entry(file).or_default();
            transformers.push(transformer);
        }
        for operation in &kustomized.operations {
            let file = &*operation.source.file;
            index.operations.entry(file).or_default().push(operation);
        }
        index
    }

    /// What a kustomization changes of pods, but for strategic-merge patches in files: these are fragments.
    fn changes(&self, kustomization: &Kustomization) -> Vec<Change> {
        let mut changes = kustomization.changes.clone();
        for file in &kustomization.files {
            let path = file.path.as_str();
            match &file.role {
                Role::Patch(target) => {
                    let target = &target.clone().unwrap_or_default();
                    let operations = self.operations.get(path);
                    let done = operations.into_iter().flatten();
                    changes.extend(done.filter_map(|one| {
                        patch::operation(&one.operation, target, &kustomization.source.file)
                    }));
                    if operations.is_none() && self.is_unseen(path, target) {
                        changes.push(Change::unknown(path.to_owned(), target.clone()));
                    }
                }
                Role::Transformer => match self.transformers.get(path) {
                    Some(seen) => {
                        changes.extend(seen.iter().flat_map(|it| it.changes.iter().cloned()));
                    }
                    None => {
                        let what = format!("what {path} transforms");
                        changes.push(Change::unknown(what, Target::default()));
                    }
                },
            }
        }
        changes.retain(|change| !change.effects.is_empty());
        changes
    }

    /// What the strategic-merge patches in files do, with whether the kustomization says what they are for.
    fn fragments(&self, kustomization: &Kustomization) -> impl Iterator<Item = (Change, bool)> {
        let files = kustomization.files.iter().filter_map(|file| {
            let target = match &file.role {
                Role::Patch(target) => target.as_ref(),
                Role::Transformer => return None,
            };
            let fragments = self.fragments.get(file.path.as_str())?.iter();
            Some(fragments.map(move |fragment| {
                let own = || Target {
                    kind: fragment.kind.clone(),
                    name: fragment.meta.name.clone(),
                };
                let change = Change {
                    what: fragment.title(),
                    target: target.cloned().unwrap_or_else(own),
                    effects: fragment.effects.clone(),
                };
                (change, target.is_some())
            }))
        });
        files.flatten()
    }

    /// Whether a file should patch workloads, but the input does not show how.
    fn is_unseen(&self, path: &str, target: &Target) -> bool {
        KINDS.iter().any(|kind| kind.name == target.kind)
            && !self.fragments.contains_key(path)
            && !self.workloads.contains_key(path)
    }

    /// The workloads that a kustomization changes.
    fn built(&self, kustomization: &'a Kustomization) -> Vec<&'a Workload> {
        // Each is visited once, whatever cycles there are: first what lists this one, then what these build.
        let mut seen = BTreeSet::from([kustomization.folder.as_str()]);
        let mut open = vec![kustomization];
        let mut next = 0;
        while let Some(one) = open.get(next) {
            let including = self.including.get(one.folder.as_str());
            let outer = including.into_iter().flatten().copied();
            open.extend(
                outer
                    .filter(|outer| seen.insert(&outer.folder))
                    .collect::<Vec<_>>(),
            );
            next += 1;
        }
        let mut files = BTreeSet::new();
        while let Some(one) = open.pop() {
            for entry in &one.resources {
                files.insert(entry.as_str());
                let nested = self.by_folder.get(entry.as_str());
                open.extend(nested.filter(|nested| seen.insert(&nested.folder)));
            }
        }
        let workloads = files.iter().filter_map(|file| self.workloads.get(file));
        workloads.flatten().copied().collect()
    }
}

/// At most [`MANY`] changes of pods, or more of few workloads, and as many of who may use which policy.
fn together(changes: Vec<Change>, workloads: usize) -> Vec<Change> {
    let (mut grants, mut changes): (Vec<Change>, Vec<Change>) = changes
        .into_iter()
        .partition(|change| gap::says_who_may(&change.target.kind));
    if grants.len() > MANY {
        // The first of each kind of gap speaks for all.
        let mut kinds = BTreeSet::new();
        grants.retain(|grant| kinds.insert(gap::of_grants(&grant.target.kind)));
    }
    if changes.len() > MANY && changes.len().saturating_mul(workloads) > MANY_PAIRS {
        let rest = changes.split_off(MANY - 1);
        changes.extend(rest.first().map(|first| {
            Change {
                what: format!("{} and {} more", first.what, rest.len() - 1),
                target: Target::default(),
                effects: rest
                    .iter()
                    .flat_map(|change| change.effects.clone())
                    .collect(),
            }
        }));
    }
    changes.extend(grants);
    changes
}

/// How a target names the workloads that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// By their kind, or the name that the input shows.
    AsShown,
    /// By a name that the input does not show.
    Renamed,
}

/// The workloads that a target means. If none has its name, these are those whose name is part of it, because
/// kustomizations may put something before and behind the names of what they build.
fn meant<'a>(target: &Target, built: &[&'a Workload]) -> (Vec<&'a Workload>, Naming) {
    let Target { kind, name } = target;
    let of_kind = built.iter().copied();
    let of_kind = of_kind.filter(|workload| kind.is_empty() || workload.kind == *kind);
    let named = of_kind.clone();
    let named = named.filter(|workload| name.is_empty() || workload.meta.name == *name);
    let named: Vec<&Workload> = named.collect();
    if !named.is_empty() {
        return (named, Naming::AsShown);
    }
    let is_part = |workload: &&Workload| {
        !workload.meta.name.is_empty() && name.contains(workload.meta.name.as_str())
    };
    match of_kind.filter(is_part).collect::<Vec<_>>() {
        renamed if renamed.is_empty() => (renamed, Naming::AsShown),
        renamed => (renamed, Naming::Renamed),
    }
}

/// A change in each namespace that it concerns.
fn concerned(
    kustomization: &Kustomization,
    mut change: Change,
    homes: &BTreeSet<&str>,
    built: &[&Workload],
) -> Vec<Gap> {
    let gap = |what: &str, kind, namespace: Option<&str>, patch| Gap {
        kind,
        what: what.to_owned(),
        source: kustomization.source.clone(),
        namespace: namespace.map(str::to_owned),
        selectors: Vec::new(),
        patch,
    };
    if gap::says_who_may(&change.target.kind) {
        let kind = gap::of_grants(&change.target.kind);
        return vec![gap(&change.what, kind, None, None)];
    }
    let (meant, _) = meant(&change.target, built);
    for effect in &mut change.effects {
        if let Effect::Sets { perhaps_new, .. } = effect
            && !meant.is_empty()
        {
            perhaps_new.retain(|name| !meant.iter().all(|workload| workload.has_container(name)));
        }
    }
    let shown = meant.iter().filter_map(|it| it.namespace.as_deref());
    let namespaces: BTreeSet<&str> = homes.iter().copied().chain(shown).collect();
    let change = Arc::new(change);
    let gap = |namespace, homeless| {
        let patch = Patch {
            change: Arc::clone(&change),
            homeless,
        };
        gap(&change.what, GapKind::Fragment, namespace, Some(patch))
    };
    match namespaces.is_empty() {
        true => vec![gap(None, !meant.is_empty())],
        false => {
            let each = namespaces.into_iter();
            each.map(|namespace| gap(Some(namespace), false)).collect()
        }
    }
}
