//! What kustomizations change of what they build, as gaps: nothing is applied.
//!
//! A patch concerns the workloads that it is for among those that its kustomization builds, wherever these belong; the
//! patches of a component, those of the kustomizations that list it.

mod built;
mod concerned;

use std::collections::{BTreeMap, BTreeSet};

use super::Inventory;
use super::attribution::Homes;
use super::decode::Object;
use super::gap::{self, Gap};
use super::kustomize::{Kustomization, Role, Transformer};
use super::patch::{self, Change, Operation, Target};
use super::workload::{KINDS, Workload};
use crate::diag::Diagnostic;
use crate::input;
use built::Built;
use concerned::concerned;

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

/// More patches of one kustomization are told as one, unless [`PAIRS`] allows for telling them apart.
const MANY: usize = 20;

/// How many pairs of a patch and a workload or namespace may be told apart, over all kustomizations with many patches.
const PAIRS: usize = 100_000;

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
        let mut pairs = PAIRS;
        // Their order decides nothing.
        let mut kustomizations: Vec<&Kustomization> = self.kustomizations.iter().collect();
        kustomizations.sort_by_key(|kustomization| &kustomization.source);
        for kustomization in kustomizations {
            let patches = index.count(kustomization);
            if patches == 0 {
                continue;
            }
            let built = index.built(kustomization);
            let namespaces = homes.of_each_in(kustomization).len();
            let needed = patches.saturating_mul(built.workloads.len().max(namespaces));
            let apart = match patches <= MANY || needed <= pairs {
                true => patches,
                false => MANY - 1,
            };
            if patches > MANY && apart == patches {
                pairs -= needed;
            }
            let changes = index.changes(kustomization, apart).into_iter();
            for change in changes.chain(index.grants(kustomization)) {
                gaps.append(&mut concerned(
                    kustomization,
                    change,
                    homes,
                    &built,
                    &index.names,
                ));
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
    /// The kinds and names of all workloads.
    names: BTreeSet<(&'a str, &'a str)>,
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
            names: BTreeSet::new(),
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
            index.names.insert((&workload.kind, &workload.meta.name));
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

    /// How many patches and the like a kustomization has.
    fn count(&self, kustomization: &Kustomization) -> usize {
        let in_files = kustomization.files.iter().map(|file| {
            let path = file.path.as_str();
            let here = |found: Option<usize>| found.unwrap_or_default();
            match file.role {
                Role::Patch(_) => {
                    let operations = here(self.operations.get(path).map(Vec::len));
                    let workloads = here(self.workloads.get(path).map(Vec::len));
                    let fragments = here(self.fragments.get(path).map(Vec::len));
                    // A file that is not seen is one.
                    (operations + workloads + fragments).max(1)
                }
                Role::Transformer => here(self.transformers.get(path).map(Vec::len)).max(1),
            }
        });
        kustomization.changes.len() + in_files.sum::<usize>()
    }

    /// What a kustomization changes of pods: the first `apart` for themselves, the rest as one.
    fn changes(
        &self,
        kustomization: &Kustomization,
        apart: usize,
    ) -> Vec<(Change, Option<&'a Workload>)> {
        let inline = kustomization.changes.iter();
        let inline = inline.filter(|change| !gap::says_who_may(&change.target.kind));
        let files = || {
            kustomization
                .files
                .iter()
                .filter(|file| file.role.changes_pods())
        };
        let mut changes: Vec<(Change, Option<&'a Workload>)> = Vec::new();
        let mut rest: Option<(Change, usize)> = None;
        let mut merge = |change: Change| match &mut rest {
            Some((rest, more)) => {
                rest.effects.extend(change.effects);
                *more += 1;
            }
            None => {
                let target = Target::default();
                rest = Some((Change { target, ..change }, 0));
            }
        };
        for (place, change) in inline.enumerate() {
            match place < apart {
                true => changes.push((change.clone(), None)),
                false => merge(change.clone()),
            }
        }
        match self.count(kustomization) > apart {
            false => {
                for file in files() {
                    changes.extend(self.of_file(&file.path, &file.role, kustomization));
                }
            }
            // What is told as one is told once for all targets.
            true => {
                let files = files().map(|file| match &file.role {
                    role if self.is_unseen(&file.path, role) => (&file.path, role.clone()),
                    Role::Patch(_) => (&file.path, Role::Patch(None)),
                    Role::Transformer => (&file.path, Role::Transformer),
                });
                for (path, role) in files.collect::<BTreeSet<_>>() {
                    let found = self.of_file(path, &role, kustomization);
                    found.into_iter().for_each(|(change, _)| merge(change));
                }
            }
        }
        changes.retain(|(change, _)| !change.effects.is_empty());
        if let Some((rest, more)) = rest {
            let what = match more {
                0 => rest.what,
                more => format!("{} and {more} more", rest.what),
            };
            changes.push((Change { what, ..rest }, None));
        }
        changes
    }

    /// What a kustomization changes of who may use which policy: beyond [`MANY`], the first of each kind of gap speaks
    /// for all.
    fn grants(&self, kustomization: &Kustomization) -> Vec<(Change, Option<&'a Workload>)> {
        let mut grants = Vec::new();
        let mut kinds = BTreeSet::new();
        let mut add = |change: Change| {
            if change.effects.is_empty() {
                return;
            }
            let is_first = kinds.insert(gap::of_grants(&change.target.kind));
            if is_first || grants.len() < MANY {
                grants.push((change, None));
            }
        };
        let inline = kustomization.changes.iter();
        let inline = inline.filter(|change| gap::says_who_may(&change.target.kind));
        inline.for_each(|change| add(change.clone()));
        // A file says the same of all targets of one kind.
        let mut read = BTreeSet::new();
        for file in &kustomization.files {
            if let Role::Patch(Some(target)) = &file.role
                && gap::says_who_may(&target.kind)
                && read.insert((&file.path, &target.kind))
            {
                let found = self.of_file(&file.path, &file.role, kustomization);
                found.into_iter().for_each(|(change, _)| add(change));
            }
        }
        grants
    }

    /// What stands in a file that a kustomization names, with the patches that name themselves what they are for.
    fn of_file(
        &self,
        path: &str,
        role: &Role,
        kustomization: &Kustomization,
    ) -> Vec<(Change, Option<&'a Workload>)> {
        let target = match role {
            Role::Patch(target) => target,
            Role::Transformer => {
                return match self.transformers.get(path) {
                    Some(seen) => {
                        let changes = seen.iter().flat_map(|it| it.changes.iter().cloned());
                        changes.map(|change| (change, None)).collect()
                    }
                    None => {
                        let what = format!("what {path} transforms");
                        vec![(Change::unknown(what, Target::default()), None)]
                    }
                };
            }
        };
        let selected = target.clone().unwrap_or_default();
        if self.is_unseen(path, role) {
            return vec![(Change::unknown(path.to_owned(), selected), None)];
        }
        let operations = self.operations.get(path);
        let place = &kustomization.source.file;
        let operations = operations.into_iter().flatten().filter_map(|one| {
            let change = patch::operation(&one.operation, &selected, place);
            change.map(|change| (change, None))
        });
        let workloads = [self.workloads.get(path), self.fragments.get(path)];
        let strategic = workloads.into_iter().flatten().flatten().map(|workload| {
            let own = || Target {
                kind: workload.kind.clone(),
                name: workload.meta.name.clone(),
            };
            let change = Change {
                what: workload.title(),
                target: target.clone().unwrap_or_else(own),
                effects: workload.as_patch(),
            };
            (change, target.is_none().then_some(*workload))
        });
        operations.chain(strategic).collect()
    }

    /// Whether a file may patch workloads by what its kustomization says, but the input does not show how.
    fn is_unseen(&self, path: &str, role: &Role) -> bool {
        let may_be_workload = match role {
            Role::Patch(Some(target)) => {
                target.kind.is_empty() || KINDS.iter().any(|kind| kind.name == target.kind)
            }
            Role::Patch(None) | Role::Transformer => false,
        };
        may_be_workload
            && !self.operations.contains_key(path)
            && !self.fragments.contains_key(path)
            && !self.workloads.contains_key(path)
    }

    /// What a kustomization changes.
    fn built(&self, kustomization: &'a Kustomization) -> Built<'a> {
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
        Built::new(workloads.flatten().copied(), seen)
    }
}
