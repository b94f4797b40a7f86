//! How much of a cluster the input shows.

use std::collections::BTreeSet;

use crate::model::Inventory;
use crate::model::workload::{Origin, Workload};
use crate::plan::ownership::Explained;

/// How much of a cluster the input shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dump {
    /// Only files.
    No,
    /// Objects of a cluster: pods or controllers, and policies and RBAC if there are policies.
    Objects,
    /// The same, of the whole cluster: controllers or pods of kube-system are among them.
    AllObjects,
    /// The same, with the pods of the whole cluster: those of kube-system are among them.
    AllPods,
}

/// Finds out how much of a cluster the input shows.
pub(super) fn dump(inventory: &Inventory) -> Dump {
    let policies = inventory.policies.is_empty()
        || (inventory.policies.iter().any(|policy| policy.from_cluster)
            && inventory
                .bindings
                .iter()
                .any(|binding| binding.from_cluster)
            && inventory.roles.iter().any(|role| role.from_cluster));
    let mut workloads = inventory.workloads.iter();
    if !policies || !workloads.any(|workload| workload.meta.from_cluster()) {
        return Dump::No;
    }
    let of_system = |workload: &&Workload| {
        workload.namespace.as_deref() == Some("kube-system") && workload.meta.from_cluster()
    };
    let mut system = inventory.workloads.iter().filter(of_system).peekable();
    match (system.peek().is_some(), system.any(is_running)) {
        (_, true) => Dump::AllPods,
        (true, false) => Dump::AllObjects,
        (false, false) => Dump::Objects,
    }
}

/// Whether this is a pod of a cluster that has not ended.
pub(super) fn is_running(workload: &Workload) -> bool {
    workload.origin == Origin::Pod && workload.meta.from_cluster() && !workload.terminated()
}

/// Namespaces in which every template that should run has a running pod in the input.
pub(super) fn shown<'a>(explained: &[Explained<'a>]) -> BTreeSet<&'a str> {
    let known_as = |it: &'a Workload| (&it.kind, &it.namespace, it.meta.display_name());
    let mut live = BTreeSet::new();
    let mut with_pods = BTreeSet::new();
    for (workload, owner) in explained {
        if is_running(workload) {
            live.extend(workload.namespace.as_deref());
            with_pods.extend(owner.map(known_as));
        }
    }
    for (workload, owner) in explained {
        let template =
            workload.origin != Origin::Pod && owner.is_none() && workload.replicas != Some(0);
        if template
            && !workload.terminated()
            && !with_pods.contains(&known_as(workload))
            && let Some(namespace) = workload.namespace.as_deref()
        {
            live.remove(namespace);
        }
    }
    live
}
