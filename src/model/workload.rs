//! Everything that yields pods: the nine kinds that PSA knows, and unknown kinds that embed a pod template.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::diag::Source;

use super::namespace::without_server_fields;
use super::object::{ObjectMeta, ObjectRef};
use super::patch::Effect;
use super::pod::Pod;

/// A pod, or the template of a controller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Workload {
    /// Kind as written.
    pub kind: String,
    /// `apiVersion` as written.
    pub api_version: String,
    /// Namespace it belongs to; `None` if the input does not tell (*unattributed*).
    pub namespace: Option<String>,
    /// Metadata of the object itself, not of its template.
    pub meta: ObjectMeta,
    /// Where it stands; identical copies add their places.
    pub sources: Vec<Source>,
    /// The pod as its author wrote it: metadata and spec of a Pod, or of the template.
    pub pod: Pod,
    /// How the pod was found.
    pub origin: Origin,
    /// Names of `spec.volumeClaimTemplates` of a StatefulSet, each once, see [`super::claims`].
    pub claims: Vec<String>,
    /// `spec.replicas`, where the kind has it.
    pub replicas: Option<i64>,
    /// `status.phase` of a Pod; of a Job, the condition in which it ended: `Complete` or `Failed`.
    pub phase: String,
    /// The whole pod as JSON, with fields that no struct here knows: an object of kind Pod with the metadata that the
    /// pod or template has. Kept only if [`super::decode::Keep::Whole`] asks for it.
    pub whole: Option<Value>,
    /// The object as its owner wrote it, on its way to [`super::Inventory::manifests`]. Kept only if
    /// [`super::decode::Keep::Manifests`] asks for it.
    pub manifest: Option<Manifest>,
    /// Of a [`Origin::Fragment`] and of what may turn out to be one, what it does to the pods of the workload that it is
    /// a part of.
    pub effects: Vec<Effect>,
}

/// An object as its owner wrote it, without what servers write. It is kept as JSON text, which takes a fraction of the
/// memory of values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Manifest(Box<str>);

impl Manifest {
    /// The manifest of an object that was read.
    pub fn new(mut object: Value) -> Self {
        let annotations = object.pointer_mut("/metadata/annotations");
        if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
            annotations.remove(REVISION);
        }
        let text = without_server_fields(object).to_string();
        Manifest(text.into_boxed_str())
    }

    /// The object.
    pub fn object(&self) -> Value {
        serde_json::from_str(&self.0).expect("it was printed by serde_json")
    }
}

/// Annotation in which the Deployment controller counts.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// How a workload's pod was found in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The object is a Pod.
    Pod,
    /// A kind that Kubernetes itself defines, at the place where it defines the template.
    Template,
    /// An unknown kind with a pod template where conventions place one, at this path.
    Convention(&'static str),
    /// A known kind without a template, with a container without an image, or in the file of a kustomization's patch:
    /// part of a workload, not one.
    Fragment,
}

impl Workload {
    /// Where the object stands first.
    pub fn source(&self) -> &Source {
        self.sources
            .first()
            .expect("a workload is made from a document, which has a source")
    }

    /// Kind, namespace and name.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.meta.display_name(),
        }
    }

    /// Path of the pod inside the object; empty for a Pod.
    pub fn pod_path(&self) -> &'static str {
        match self.origin {
            Origin::Pod => "",
            Origin::Convention(path) => path,
            Origin::Template | Origin::Fragment => match KINDS.iter().find(|k| k.name == self.kind)
            {
                Some(kind) => kind.template,
                None => "",
            },
        }
    }

    /// The pod out of the whole object, as an object of its own; without a template it has nothing but a kind.
    pub(crate) fn cut_pod(&self, mut object: Value) -> Value {
        for key in self.pod_path().split('.').filter(|key| !key.is_empty()) {
            object = object.get_mut(key).map(Value::take).unwrap_or_default();
        }
        if object.is_null() {
            object = json!({});
        }
        if let Some(pod) = object.as_object_mut() {
            pod.insert("apiVersion".to_owned(), "v1".into());
            pod.insert("kind".to_owned(), "Pod".into());
        }
        object
    }

    /// Whether somebody could change its pods by changing this very object: it has a name to address it by, no
    /// controller writes it, and it is of a kind that can be patched.
    pub fn is_patchable(&self) -> bool {
        let kind = match self.origin {
            Origin::Template | Origin::Pod => !self.is_immutable(),
            Origin::Convention(_) | Origin::Fragment => false,
        };
        kind && !self.meta.name.is_empty() && self.meta.controller().is_none()
    }

    /// Makes a fragment of what stands in the file of a patch, whatever it looks like, and forgets what others would do
    /// as patches.
    pub(super) fn settle_origin(&mut self, is_patch: bool) {
        if is_patch {
            self.origin = Origin::Fragment;
        }
        if self.origin != Origin::Fragment {
            self.effects = Vec::new();
        }
    }

    /// What it does to the pods of workloads that it is merged into.
    pub(super) fn as_patch(&self) -> Vec<Effect> {
        if !self.effects.is_empty() || self.pod.spec.containers.is_empty() {
            return self.effects.clone();
        }
        // What it takes away was not kept: that may be what the restricted level asks for.
        vec![Effect::Sets {
            pod: Arc::new(self.pod.clone()),
            takes_away: true,
            perhaps_new: Arc::from([]),
        }]
    }

    /// Kind and name.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind, self.meta.display_name())
    }

    /// Whether it holds only a part of a template, as the patch of a kustomization does: no container has an image, and
    /// the template no metadata. Whatever else is incomplete, a pod above all, is asked about as it is.
    pub fn is_partial(&self) -> bool {
        let meta = &self.pod.metadata;
        let mut containers = self.pod.spec.all_containers();
        self.origin == Origin::Fragment
            && self.kind != "Pod"
            && meta.name.is_empty()
            && meta.labels.is_empty()
            && meta.annotations.is_empty()
            && containers.all(|container| container.image.is_empty())
    }

    /// Whether its pods cannot be changed at all, because the object exists: the API server refuses other templates of
    /// a Job and other security contexts of a Pod.
    pub fn is_immutable(&self) -> bool {
        let fixed = match self.origin {
            Origin::Pod => true,
            Origin::Template => self.kind == "Job",
            Origin::Convention(_) | Origin::Fragment => false,
        };
        fixed && self.meta.from_cluster()
    }

    /// Whether the pod or Job runs to completion and has done so.
    pub fn terminated(&self) -> bool {
        match self.origin {
            Origin::Pod => matches!(self.phase.as_str(), "Succeeded" | "Failed"),
            Origin::Template => self.kind == "Job" && !self.phase.is_empty(),
            Origin::Convention(_) | Origin::Fragment => false,
        }
    }
}

/// A kind of workload that Kubernetes defines.
pub(crate) struct Kind {
    /// Kind.
    pub(crate) name: &'static str,
    /// API groups that ever served it.
    pub(crate) groups: &'static [&'static str],
    /// Dotted path of the pod template.
    pub(crate) template: &'static str,
}

/// Whether Kubernetes defines this kind of workload in this API group.
pub(crate) fn is_known(group: &str, kind: &str) -> bool {
    KINDS
        .iter()
        .any(|known| known.name == kind && known.groups.contains(&group))
}

/// Upstream: `k8s.io/pod-security-admission/admission` (`DefaultPodSpecExtractor`) for kinds and paths; the groups
/// are those of every API version that ever served the kind.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "CronJob",
        groups: &["batch"],
        template: "spec.jobTemplate.spec.template",
    },
    Kind {
        name: "DaemonSet",
        groups: &["apps", "extensions"],
        template: "spec.template",
    },
    Kind {
        name: "Deployment",
        groups: &["apps", "extensions"],
        template: "spec.template",
    },
    Kind {
        name: "Job",
        groups: &["batch", "extensions"],
        template: "spec.template",
    },
    Kind {
        name: "Pod",
        groups: &[""],
        template: "",
    },
    Kind {
        name: "PodTemplate",
        groups: &[""],
        template: "template",
    },
    Kind {
        name: "ReplicaSet",
        groups: &["apps", "extensions"],
        template: "spec.template",
    },
    Kind {
        name: "ReplicationController",
        groups: &[""],
        template: "spec.template",
    },
    Kind {
        name: "ScheduledJob",
        groups: &["batch"],
        template: "spec.jobTemplate.spec.template",
    },
    Kind {
        name: "StatefulSet",
        groups: &["apps"],
        template: "spec.template",
    },
];

/// Where custom resources place a pod template by convention (Argo Rollouts, Knative, OpenShift, KEDA, …).
pub(crate) const CONVENTIONS: &[&str] = &[
    "spec.template",
    "spec.jobTemplate.spec.template",
    "spec.podTemplate",
    "spec.jobTargetRef.template",
    "template",
];
