//! Which objects of the input are explained by another one: a pod by its ReplicaSet, that by its Deployment.
//!
//! Upstream: `metadata.ownerReferences` with `controller: true`; an object has at most one such owner.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::defaults;
use crate::model::pod::Pod;
use crate::model::workload::{Origin, Workload};

/// How many owners up a chain is followed. Real chains have three links (CronJob, Job, Pod); a longer one is a cycle
/// or hostile, and its object counts for itself.
const LINKS: usize = 8;

/// Each workload with the object at the top of its chain of owners, if the input has one with a template.
pub(super) fn explain(workloads: &[Workload]) -> Vec<(&Workload, Option<&Workload>)> {
    let mut index: BTreeMap<(&str, &str, &str), &Workload> = BTreeMap::new();
    for workload in workloads {
        if let Some(namespace) = workload.namespace.as_deref() {
            index.insert((namespace, &workload.kind, &workload.meta.name), workload);
        }
    }
    let owner = |workload: &Workload| -> Option<&Workload> {
        let reference = workload.meta.controller()?;
        let namespace = workload.namespace.as_deref()?;
        let owner = index
            .get(&(namespace, reference.kind.as_str(), reference.name.as_str()))
            .copied()?;
        // A template found by convention is a guess: it explains nothing away.
        if owner.origin != Origin::Template {
            return None;
        }
        let uid = &owner.meta.uid;
        (uid.is_empty() || reference.uid.is_empty() || *uid == reference.uid).then_some(owner)
    };
    workloads
        .iter()
        .map(|workload| {
            let mut top = None;
            let mut next = owner(workload);
            for _ in 0..LINKS {
                match next {
                    Some(found) => {
                        top = Some(found);
                        next = owner(found);
                    }
                    None => return (workload, top),
                }
            }
            (workload, None)
        })
        .collect()
}

/// The pod of a workload as its author wrote it, with the API server's defaults. Debug containers are no part of it: they
/// are added to a pod that runs, and no policy ever looked at them.
pub(super) fn as_written(workload: &Workload) -> Pod {
    let mut pod = without_debugging(&workload.pod).into_owned();
    defaults::apply(&mut pod);
    pod
}

/// The pod as its owner would make it again: debug containers are added to a pod that runs, and go with it.
pub(super) fn without_debugging(pod: &Pod) -> Cow<'_, Pod> {
    if pod.spec.ephemeral_containers.is_empty() {
        return Cow::Borrowed(pod);
    }
    let mut pod = pod.clone();
    pod.spec.ephemeral_containers.clear();
    Cow::Owned(pod)
}
