//! Where workloads that name no namespace most likely belong, and what parts of workloads allow the whole to be.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Source;
use crate::model::Inventory;
use crate::model::gap::Gap;
use crate::model::pod::{Pod, Profile};
use crate::model::workload::Workload;
use crate::pss::{Evaluator, LevelSet};

/// Where unattributed workloads can be told to belong by their service account.
pub(super) struct Hints<'a> {
    /// For each name of an account: the namespaces in which it exists or some binding speaks of it.
    accounts: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// What stands at a place: the levels it satisfies, and its account.
    workloads: BTreeMap<&'a Source, (LevelSet, &'a str)>,
    /// What stands at a place, if it is a part of a workload.
    fragments: BTreeMap<&'a Source, Fragment<'a>>,
}

/// A part of a workload.
struct Fragment<'a> {
    /// The levels that the whole can satisfy.
    satisfies: LevelSet,
    /// The namespaces with a workload of its kind and name.
    namespaces: BTreeSet<&'a str>,
}

impl<'a> Hints<'a> {
    pub(super) fn new(inventory: &'a Inventory, evaluator: &Evaluator) -> Self {
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
        let fragments = inventory.fragments.iter();
        let mut by_name: BTreeMap<(&str, &str), BTreeSet<&str>> = fragments
            .map(|fragment| (name_of(fragment), BTreeSet::new()))
            .collect();
        for workload in &inventory.workloads {
            if let Some(namespaces) = by_name.get_mut(&name_of(workload)) {
                namespaces.extend(workload.namespace.as_deref());
            }
        }
        let fragments = inventory.fragments.iter().map(|fragment| {
            let known = Fragment {
                satisfies: evaluator.satisfies(&hardened(&fragment.pod)),
                namespaces: by_name[&name_of(fragment)].clone(),
            };
            (fragment.source(), known)
        });
        Hints {
            accounts,
            workloads,
            fragments: fragments.collect(),
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

    /// The levels that a workload with this part can satisfy, whatever the rest of it says; `None` if the part itself is
    /// not known, as of patches that stand in a kustomization.
    pub(super) fn of_fragment(&self, gap: &Gap) -> Option<LevelSet> {
        let known = self.fragments.get(&gap.source);
        known.map(|fragment| fragment.satisfies)
    }

    /// The namespaces with a workload that this part is for, as far as the input shows it.
    pub(super) fn patched(&self, gap: &Gap) -> impl Iterator<Item = &'a str> {
        let known = self.fragments.get(&gap.source);
        known
            .into_iter()
            .flat_map(|fragment| fragment.namespaces.iter().copied())
    }
}

fn name_of(workload: &Workload) -> (&str, &str) {
    (&workload.kind, &workload.meta.name)
}

/// A part of a pod, with what the rest may well say: what it sets itself stays, and alone decides.
fn hardened(fragment: &Pod) -> Pod {
    let mut pod = fragment.clone();
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
