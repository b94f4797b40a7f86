//! Which objects of the input are explained by another one: a pod by its ReplicaSet, that by its Deployment.
//!
//! Upstream: `metadata.ownerReferences` with `controller: true`; an object has at most one such owner.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::object::ObjectMeta;
use crate::model::pod::Pod;
use crate::model::workload::{Origin, Workload};
use crate::model::{claims, defaults};

/// How many owners up a chain is followed. Real chains have three links (CronJob, Job, Pod); a longer one is a cycle
/// or hostile, and its object counts for itself.
const LINKS: usize = 8;

/// A workload with the object at the top of its chain of owners, if the input has one with a template.
pub(super) type Explained<'a> = (&'a Workload, Option<&'a Workload>);

/// Follows the owners of each workload.
pub(super) fn explain(workloads: &[Workload]) -> Vec<Explained<'_>> {
    // The workloads come in nearly the order of the keys, which is the quickest way to make a map.
    let keyed = workloads.iter().filter_map(|workload| {
        let namespace = workload.namespace.as_deref()?;
        let key = (
            workload.kind.as_str(),
            namespace,
            workload.meta.name.as_str(),
        );
        Some((key, workload))
    });
    let index: BTreeMap<(&str, &str, &str), &Workload> = keyed.collect();
    let owner = |workload: &Workload| -> Option<&Workload> {
        let reference = workload.meta.controller()?;
        let namespace = workload.namespace.as_deref()?;
        let owner = index
            .get(&(reference.kind.as_str(), namespace, reference.name.as_str()))
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

/// The pod of a workload as its author wrote it, with the API server's defaults and the volumes of a StatefulSet's claims,
/// which take the place of others of their names. Debug containers are no part of it: they
/// are added to a pod that runs, and no policy ever looked at them. Neither is any metadata but annotations, because
/// nothing that judges pods asks for it.
pub(super) fn as_written(workload: &Workload) -> Pod {
    let mut pod = Pod {
        metadata: ObjectMeta {
            annotations: workload.pod.metadata.annotations.clone(),
            ..ObjectMeta::default()
        },
        spec: without_debugging(&workload.pod).spec.clone(),
    };
    defaults::apply(&mut pod);
    claims::apply(workload, &mut pod);
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
