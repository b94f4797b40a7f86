//! Where workloads that name no namespace most likely belong.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Source;
use crate::model::Inventory;
use crate::model::gap::Gap;
use crate::pss::{Evaluator, LevelSet};

/// Where unattributed workloads can be told to belong by their service account.
pub(super) struct Hints<'a> {
    /// For each name of an account: the namespaces in which it exists or some binding speaks of it.
    accounts: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// What stands at a place: the levels it satisfies, and its account.
    workloads: BTreeMap<&'a Source, (LevelSet, &'a str)>,
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
        Hints {
            accounts,
            workloads,
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
}
