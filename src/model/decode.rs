//! One document to one object: pure, so that documents are decoded on all cores.
//!
//! API groups and kinds are those of every Kubernetes version that served them; the version in `apiVersion` is not
//! looked at, because the fields we read never changed their meaning.

mod rbac;
mod workloads;

use serde::Deserialize;

use super::gap::{self, Gap};
use super::kustomize::{self, Kustomization, Transformer};
use super::namespace::{
    LAST_APPLIED, Namespace, Node, SERVER_FIELDS, ServiceAccount, kubelet_minor,
    without_server_fields,
};
use super::nullable;
use super::object::ObjectMeta;
use super::patch::Operation;
use super::psp::{PodSecurityPolicy, PspSpec};
use super::role::{Binding, Role};
use super::workload::{self, Manifest, Workload};
use crate::input::{DecodeError, Document, OPERATION};
use rbac::{binding, role};
use workloads::{custom, revision, workload};

/// What a document is to us. A namespaced object whose namespace is not written has `Some("")` here;
/// [`super::assemble`] replaces it.
#[derive(Debug)]
pub enum Object {
    /// Namespace.
    Namespace(Namespace),
    /// PodSecurityPolicy.
    Policy(Box<PodSecurityPolicy>),
    /// Role or ClusterRole.
    Role(Role),
    /// RoleBinding or ClusterRoleBinding.
    Binding(Binding),
    /// ServiceAccount.
    ServiceAccount(ServiceAccount),
    /// Node.
    Node(Node),
    /// Anything with a pod.
    Workload(Box<Workload>),
    /// A ControllerRevision, with the pod template that it keeps.
    Revision(Box<Workload>),
    /// A kustomization file.
    Kustomization(Kustomization),
    /// Settings of a transformer, for a kustomization that names their file.
    Transformer(Transformer),
    /// An operation of a JSON 6902 patch, for a kustomization that names its file.
    Operation(Operation),
    /// Something that makes or changes pods which the input does not show.
    Gaps(Vec<Gap>),
    /// Another kind.
    Other,
}

/// How much of a workload is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// What the model knows.
    Typed,
    /// The pod's JSON as well, see [`Workload::whole`]. It takes many times the memory.
    Whole,
    /// The text of every object that a patch could be for, see [`Workload::manifest`].
    Manifests,
}

/// Decodes one document.
///
/// # Errors
/// If a field that we read has a type that the API server refuses.
pub fn decode(document: &Document, keep: Keep) -> Result<Object, DecodeError> {
    let mut object = decode_typed(document)?;
    if let Object::Workload(workload) = &mut object {
        match keep {
            Keep::Typed => {}
            Keep::Whole => workload.whole = Some(workload.cut_pod(document.value()?)),
            Keep::Manifests if !workload.is_patchable() => {}
            Keep::Manifests => {
                workload.manifest = Some(Manifest::new(document.value_without(SERVER_FIELDS)?))
            }
        }
    }
    Ok(object)
}

fn decode_typed(document: &Document) -> Result<Object, DecodeError> {
    let group = group(&document.api_version);
    let object = match (group, document.kind.as_str()) {
        ("", "Namespace") => Object::Namespace(namespace(document)?),
        ("", "ServiceAccount") => Object::ServiceAccount(service_account(document)?),
        ("", "Node") => Object::Node(node(document)?),
        ("policy" | "extensions", "PodSecurityPolicy") => {
            Object::Policy(Box::new(policy(document)?))
        }
        (RBAC, "Role" | "ClusterRole") => Object::Role(role(document)?),
        (RBAC, "RoleBinding" | "ClusterRoleBinding") => Object::Binding(binding(document)?),
        ("kustomize.config.k8s.io", "Kustomization" | "Component") => {
            Object::Kustomization(Kustomization::at(&document.source, document.decode()?))
        }
        _ if document.kind == OPERATION => Object::Operation(Operation {
            source: document.source.clone(),
            operation: document.value()?,
        }),
        _ if document.api_version == kustomize::BUILTIN => Object::Transformer(Transformer {
            changes: kustomize::transformer(&document.value()?, &document.source.file),
            source: document.source.clone(),
        }),
        ("apps", "ControllerRevision") => revision(document)?,
        (group, kind) if workload::is_known(group, kind) => {
            Object::Workload(Box::new(workload(document)?))
        }
        (group, _) if builtin(group) => gap::decode_builtin(document)?,
        _ => custom(document)?,
    };
    Ok(object)
}

/// The API group of RBAC.
const RBAC: &str = "rbac.authorization.k8s.io";

/// The group of an `apiVersion`; empty for the core group.
pub(crate) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Whether Kubernetes itself serves the group: such kinds have no pod templates but those in [`super::workload::KINDS`].
/// `k8s.io` groups of add-ons (`snapshot.storage.k8s.io`, …) count too; none embeds pods.
fn builtin(group: &str) -> bool {
    group.is_empty()
        || matches!(
            group,
            "apps" | "batch" | "autoscaling" | "policy" | "extensions"
        )
        || group.ends_with(".k8s.io")
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetaOnly {
    #[serde(deserialize_with = "nullable::or_default")]
    metadata: ObjectMeta,
}

fn namespace(document: &Document) -> Result<Namespace, DecodeError> {
    let object: MetaOnly = document.decode()?;
    Ok(Namespace {
        name: object.metadata.name.clone(),
        sources: vec![document.source.clone()],
        from_cluster: object.metadata.from_cluster(),
        labels: object.metadata.labels,
        manifest: without_server_fields(document.value_without(SERVER_FIELDS)?),
    })
}

fn service_account(document: &Document) -> Result<ServiceAccount, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        automount_service_account_token: Option<bool>,
    }
    let wire: Wire = document.decode()?;
    Ok(ServiceAccount {
        namespace: wire.metadata.namespace,
        name: wire.metadata.name,
        sources: vec![document.source.clone()],
        automount_token: wire.automount_service_account_token,
    })
}

fn node(document: &Document) -> Result<Node, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::or_default")]
        status: Status,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Status {
        #[serde(deserialize_with = "nullable::or_default")]
        node_info: NodeInfo,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct NodeInfo {
        #[serde(deserialize_with = "nullable::or_default")]
        kubelet_version: String,
    }
    let wire: Wire = document.decode()?;
    let kubelet = wire.status.node_info.kubelet_version;
    Ok(Node {
        name: wire.metadata.name,
        source: document.source.clone(),
        kubelet_minor: kubelet_minor(&kubelet),
        kubelet,
    })
}

fn policy(document: &Document) -> Result<PodSecurityPolicy, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::or_default")]
        spec: PspSpec,
    }
    let mut wire: Wire = document.decode()?;
    // A copy of the text as it was applied: neither a rule nor a difference.
    wire.metadata.annotations.remove(LAST_APPLIED);
    Ok(PodSecurityPolicy {
        from_cluster: wire.metadata.from_cluster(),
        name: wire.metadata.name,
        sources: vec![document.source.clone()],
        labels: wire.metadata.labels,
        annotations: wire.metadata.annotations,
        spec: wire.spec,
    })
}
