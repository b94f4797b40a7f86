//! The workloads that the patches of a kustomization may be for.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::is_dns_subdomain;
use crate::model::patch::Target;
use crate::model::workload::Workload;

/// The workloads that a kustomization builds, or those that do which list it.
pub(super) struct Built<'a> {
    pub(super) workloads: Vec<Patched<'a>>,
    /// The folders of the kustomizations that take part.
    pub(super) folders: BTreeSet<&'a str>,
    by_name: BTreeMap<&'a str, Vec<usize>>,
}

/// A workload that may be patched.
pub(super) struct Patched<'a> {
    pub(super) workload: &'a Workload,
    /// The names of its containers, once somebody asks for them.
    containers: OnceCell<BTreeSet<&'a str>>,
}

impl Patched<'_> {
    pub(super) fn has_container(&self, name: &str) -> bool {
        let names = || {
            let containers = self.workload.pod.spec.all_containers();
            containers.map(|it| it.name.as_str()).collect()
        };
        self.containers.get_or_init(names).contains(name)
    }
}

impl<'a> Built<'a> {
    pub(super) fn new(
        workloads: impl Iterator<Item = &'a Workload>,
        folders: BTreeSet<&'a str>,
    ) -> Self {
        let workloads = workloads.map(|workload| Patched {
            workload,
            containers: OnceCell::new(),
        });
        let mut built = Built {
            workloads: workloads.collect(),
            folders,
            by_name: BTreeMap::new(),
        };
        for (at, patched) in built.workloads.iter().enumerate() {
            let name = patched.workload.meta.name.as_str();
            built.by_name.entry(name).or_default().push(at);
        }
        built
    }

    /// The workloads that a target means. If none has its name, these are those whose name is part of it, because
    /// kustomizations may put something before and behind the names of what they build.
    pub(super) fn meant(&self, target: &Target) -> Vec<&Patched<'a>> {
        let Target { kind, name } = target;
        let of_kind = |patched: &&Patched| kind.is_empty() || patched.workload.kind == *kind;
        if name.is_empty() {
            return self.workloads.iter().filter(of_kind).collect();
        }
        let called = |places: &Vec<usize>| -> Vec<&Patched<'a>> {
            let patched = places.iter().map(|at| &self.workloads[*at]);
            patched.filter(of_kind).collect()
        };
        let named = self.by_name.get(name.as_str());
        match named.map(called) {
            Some(named) if !named.is_empty() => named,
            Some(_) | None => {
                let parts = self.by_name.iter();
                let is_part =
                    |part: &str| is_dns_subdomain(name) && !part.is_empty() && name.contains(part);
                let parts = parts.filter(|(part, _)| is_part(part));
                parts.flat_map(|(_, places)| called(places)).collect()
            }
        }
    }
}
