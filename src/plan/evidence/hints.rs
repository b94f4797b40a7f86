//! Where workloads that name no namespace most likely belong, and what parts of workloads allow the whole to be.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Source;
use crate::model::Inventory;
use crate::model::gap::{Gap, Patch, Patched};
use crate::model::patch::{Effect, Target};
use crate::model::pod::{Container, Pod, Profile};
use crate::plan::ownership::Seccomp;
use crate::psp::CONTAINER_ANNOTATION;
use crate::pss::{Evaluator, Level, LevelSet};

/// Where unattributed workloads can be told to belong by their service account.
pub(super) struct Hints<'a> {
    /// For each name of an account: the namespaces in which it exists or some binding speaks of it.
    accounts: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// What stands at a place: the levels it satisfies, and its account.
    workloads: BTreeMap<&'a Source, (LevelSet, &'a str)>,
    /// For the kinds and names that patches are for, what the input shows.
    called: BTreeMap<(&'a str, &'a str), Called<'a>>,
    /// What becomes of seccomp annotations.
    seccomp: Seccomp,
}

/// The workloads of one kind and name.
#[derive(Default)]
struct Called<'a> {
    /// Their namespaces.
    namespaces: BTreeSet<&'a str>,
    /// The names of their containers.
    containers: BTreeSet<&'a str>,
}

impl<'a> Hints<'a> {
    pub(super) fn new(inventory: &'a Inventory, evaluator: &Evaluator, seccomp: Seccomp) -> Self {
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
        let patches = inventory.gaps.iter().filter_map(|gap| gap.patch.as_ref());
        let mut called: BTreeMap<(&str, &str), Called> = patches
            .filter(|patch| patch.patched == Patched::Called)
            .map(|patch| (name_of(&patch.change.target), Called::default()))
            .collect();
        for workload in &inventory.workloads {
            let name = (workload.kind.as_str(), workload.meta.name.as_str());
            if let Some(called) = called.get_mut(&name) {
                called.namespaces.extend(workload.namespace.as_deref());
                let containers = workload.pod.spec.all_containers();
                called
                    .containers
                    .extend(containers.map(|it| it.name.as_str()));
            }
        }
        Hints {
            accounts,
            workloads,
            called,
            seccomp,
        }
    }

    /// What an unattributed workload satisfies, and the namespaces in which it most likely is.
    pub(super) fn of(&self, gap: &Gap) -> (LevelSet, Option<BTreeSet<&'a str>>) {
        match self.workloads.get(&gap.source) {
            None => (LevelSet::PRIVILEGED, None),
            Some((satisfies, "" | "default")) => (*satisfies, None),
            Some((satisfies, account)) => (*satisfies, self.accounts.get(account).cloned()),
        }
    }

    /// The levels that a workload can satisfy once it is patched, whatever it says itself.
    pub(super) fn of_patch(&self, patch: &Patch, evaluator: &Evaluator) -> LevelSet {
        let adds = |names: &[String]| match patch.patched {
            Patched::Built { adds, .. } => adds,
            Patched::Called => {
                let shown = self.called.get(&name_of(&patch.change.target));
                let is_new =
                    |name: &String| shown.is_none_or(|it| !it.containers.contains(name.as_str()));
                names.iter().any(is_new)
            }
        };
        let effects = patch.change.effects.iter().map(|effect| match effect {
            Effect::Unknown => LevelSet::PRIVILEGED,
            Effect::Sets {
                pod,
                takes_away,
                perhaps_new,
            } => {
                let satisfies = evaluator.satisfies(&hardened(stored(pod, self.seccomp)));
                match *takes_away || adds(perhaps_new) {
                    true => satisfies.intersection(LevelSet::PRIVILEGED.with(Level::Baseline)),
                    false => satisfies,
                }
            }
        });
        effects.fold(LevelSet::ALL, LevelSet::intersection)
    }

    /// The namespaces with a workload that has the name which the patch is for.
    pub(super) fn called(&self, patch: &'a Patch) -> impl Iterator<Item = &'a str> {
        let called = self.called.get(&name_of(&patch.change.target));
        called
            .into_iter()
            .flat_map(|called| called.namespaces.iter().copied())
    }
}

fn name_of(target: &Target) -> (&str, &str) {
    (&target.kind, &target.name)
}

/// A part of a pod as it is stored, with a container of each name that an annotation speaks of.
fn stored(fragment: &Pod, seccomp: Seccomp) -> Pod {
    let mut pod = fragment.clone();
    let annotated = pod.metadata.annotations.keys();
    let mut annotated: BTreeSet<&str> = annotated
        .filter_map(|key| key.strip_prefix(CONTAINER_ANNOTATION))
        .collect();
    for container in fragment.spec.all_containers() {
        annotated.remove(container.name.as_str());
    }
    let annotated = annotated.into_iter().map(|name| Container {
        name: name.to_owned(),
        ..Container::default()
    });
    pod.spec.containers.extend(annotated.collect::<Vec<_>>());
    seccomp.stored(&pod).unwrap_or(pod)
}

/// A part of a pod, with what the rest may well say: what it sets itself stays, and alone decides.
fn hardened(mut pod: Pod) -> Pod {
    let context = pod.spec.security_context.get_or_insert_default();
    context.run_as_non_root.get_or_insert(true);
    context.seccomp_profile.get_or_insert_with(|| Profile {
        type_: "RuntimeDefault".to_owned(),
        ..Profile::default()
    });
    let lists = [
        &mut pod.spec.init_containers,
        &mut pod.spec.containers,
        &mut pod.spec.ephemeral_containers,
    ];
    for container in lists.into_iter().flatten() {
        let context = container.security_context.get_or_insert_default();
        context.allow_privilege_escalation.get_or_insert(false);
        let capabilities = context.capabilities.get_or_insert_default();
        if capabilities.drop.is_empty() {
            capabilities.drop.push("ALL".to_owned());
        }
    }
    pod
}
