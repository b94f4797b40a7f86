//! A small pod as a list of what it says, so that saying more, less or otherwise is one entry.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The image of every pod that is built here: the smallest that every cluster can pull.
const IMAGE: &str = "registry.k8s.io/pause:3.9";

/// A part of a pod that holds fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// `metadata.annotations`.
    Annotations,
    /// `spec`.
    Spec,
    /// `spec.securityContext`.
    PodContext,
    /// `spec.containers[0]`.
    Container,
    /// `spec.containers[0].securityContext`.
    Context,
}

/// A field: its part of the pod and its name there.
pub(super) type Slot = (Place, &'static str);

/// One thing to say, or with `None` not to say.
pub(super) type Edit = (Slot, Option<Value>);

/// Several things said otherwise, together.
pub(super) type Tweak = Vec<Edit>;

/// What a pod with one container says. Everything else about it is the same for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said(BTreeMap<Slot, Value>);

impl Said {
    /// What is said in a slot.
    pub(super) fn get(&self, slot: Slot) -> Option<&Value> {
        self.0.get(&slot)
    }

    /// The same with some things said otherwise.
    pub(super) fn with(&self, edits: &[Edit]) -> Said {
        let mut said = self.0.clone();
        for (slot, value) in edits {
            match value {
                Some(value) => said.insert(*slot, value.clone()),
                None => said.remove(slot),
            };
        }
        Said(said)
    }

    /// The pod as its author writes it.
    pub(super) fn pod(&self, name: &str) -> Value {
        let mut pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": name },
            "spec": { "containers": [{ "name": CONTAINER, "image": IMAGE }] },
        });
        for ((place, field), value) in &self.0 {
            let part = match place {
                Place::Annotations => &mut pod["metadata"]["annotations"],
                Place::Spec => &mut pod["spec"],
                Place::PodContext => &mut pod["spec"]["securityContext"],
                Place::Container => &mut pod["spec"]["containers"][0],
                Place::Context => &mut pod["spec"]["containers"][0]["securityContext"],
            };
            part[*field] = value.clone();
        }
        pod
    }
}

/// The container's name, which is part of the key of [`APP_ARMOR`].
const CONTAINER: &str = "c";

/// The AppArmor profile of the container.
pub(super) const APP_ARMOR: Slot = (
    Place::Annotations,
    "container.apparmor.security.beta.kubernetes.io/c",
);
/// The seccomp profile of the pod, by its old name.
pub(super) const SECCOMP_ANNOTATION: Slot = (
    Place::Annotations,
    "seccomp.security.alpha.kubernetes.io/pod",
);
/// The seccomp profile of the pod.
pub(super) const SECCOMP: Slot = (Place::PodContext, "seccompProfile");
/// The pod's insistence on another user than root.
pub(super) const RUN_AS_NON_ROOT: Slot = (Place::PodContext, "runAsNonRoot");
/// The user of the pod.
pub(super) const POD_USER: Slot = (Place::PodContext, "runAsUser");
/// The user of the container.
pub(super) const USER: Slot = (Place::Context, "runAsUser");
/// The capabilities of the container.
pub(super) const CAPABILITIES: Slot = (Place::Context, "capabilities");
/// Whether the container may gain privileges.
pub(super) const ESCALATION: Slot = (Place::Context, "allowPrivilegeEscalation");
