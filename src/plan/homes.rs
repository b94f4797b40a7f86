//! Which namespaces there are, and what is in them.

use std::collections::BTreeMap;

use crate::model::namespace::Namespace;
use crate::model::workload::Workload;
use crate::model::{Inventory, is_dns_label};

use super::ownership::Explained;

/// What is in which namespace.
pub(super) struct Homes<'a> {
    pub(super) namespaces: BTreeMap<&'a str, Home<'a>>,
}

/// What is in one namespace.
#[derive(Default)]
pub(super) struct Home<'a> {
    /// Its Namespace object.
    pub(super) object: Option<&'a Namespace>,
    /// Whether the input defines it in contradicting ways, or in a way that cannot be read.
    pub(super) contradicting: bool,
    /// What runs in it and is explained by nothing else.
    pub(super) workloads: Vec<&'a Workload>,
    /// Live pods and intermediate controllers, each with the workload that explains it.
    pub(super) explained: Vec<(&'a Workload, &'a Workload)>,
    /// Templates that workloads of it had.
    pub(super) revisions: Vec<&'a Workload>,
}

impl Home<'_> {
    /// The labels as the owner has them.
    pub(super) fn labels(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        self.object.map_or(&NONE, |object| &object.labels)
    }
}

impl<'a> Homes<'a> {
    /// Namespaces are those that have an object, and those that something of the input is in.
    pub(super) fn new(inventory: &'a Inventory, explained: &[Explained<'a>]) -> Self {
        let mut namespaces: BTreeMap<&str, Home> = BTreeMap::new();
        for object in &inventory.namespaces {
            let home = namespaces.entry(&object.name).or_default();
            home.object = Some(object);
        }
        for name in inventory
            .contradicting
            .iter()
            .filter(|name| is_dns_label(name))
        {
            namespaces.entry(name).or_default().contradicting = true;
        }
        let inhabited = inventory
            .service_accounts
            .iter()
            .map(|account| Some(account.namespace.as_str()))
            .chain(
                inventory
                    .bindings
                    .iter()
                    .map(|binding| binding.namespace.as_deref()),
            )
            .chain(inventory.roles.iter().map(|role| role.namespace.as_deref()))
            .flatten()
            .filter(|name| is_dns_label(name));
        for name in inhabited {
            namespaces.entry(name).or_default();
        }
        for &(workload, owner) in explained {
            let Some(name) = workload
                .namespace
                .as_deref()
                .filter(|name| is_dns_label(name))
            else {
                continue;
            };
            let home = namespaces.entry(name).or_default();
            match owner {
                Some(owner) => home.explained.push((workload, owner)),
                None => home.workloads.push(workload),
            }
        }
        for revision in &inventory.revisions {
            // A revision shows nothing that runs, so it makes no namespace.
            let home = revision.namespace.as_deref();
            if let Some(home) = home.and_then(|name| namespaces.get_mut(name)) {
                home.revisions.push(revision);
            }
        }
        Homes { namespaces }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.namespaces.keys().copied()
    }
}
