//! Which objects of the input are explained by another one: a pod by its ReplicaSet, that by its Deployment.
//!
//! Upstream: `metadata.ownerReferences` with `controller: true`; an object has at most one such owner.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::model::object::ObjectMeta;
use crate::model::pod::{Pod, Profile};
use crate::model::workload::{Origin, Workload};
use crate::psp;
use crate::pss::Version;

use super::versions::Target;
use crate::model::{Inventory, claims, defaults};

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

/// What becomes of the seccomp annotations of pods that are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seccomp {
    /// The API server copies them to the fields, and the other way, whether there are policies or not: 1.19 to 1.26.
    Synced,
    /// Nothing.
    Ignored,
}

impl Seccomp {
    /// What the API server does with them, as far as the input tells its version.
    pub(super) fn of(target: &Target, inventory: &Inventory) -> Self {
        const LAST: Version = Version::Minor(26);
        let synced = match target.server {
            Some(oldest) => oldest <= LAST,
            None => !inventory.policies.is_empty() || target.version.effective() <= LAST,
        };
        match synced {
            true => Seccomp::Synced,
            false => Seccomp::Ignored,
        }
    }

    /// The pod as it is stored if no policy writes into it, where a level may judge that differently: by an annotation
    /// that becomes a field, or by `Unconfined` in a field, which becomes the annotation that versions before 1.19 see.
    pub(super) fn stored(self, written: &Pod) -> Option<Pod> {
        let is_annotation = |key: &String| key.contains("seccomp.security.alpha.kubernetes.io/");
        let is_unconfined = |profile: &Profile| profile.type_ == "Unconfined";
        let spec = &written.spec;
        let of_pod = spec.security_context.iter();
        let of_pod = of_pod.filter_map(|context| context.seccomp_profile.as_ref());
        let containers = spec.init_containers.iter().chain(&spec.containers);
        let contexts = containers.filter_map(|container| container.security_context.as_ref());
        let mut profiles =
            of_pod.chain(contexts.filter_map(|context| context.seccomp_profile.as_ref()));
        let matters =
            written.metadata.annotations.keys().any(is_annotation) || profiles.any(is_unconfined);
        (self == Seccomp::Synced && matters).then(|| psp::stored(written))
    }
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
