//! One document to one object: pure, so that documents are decoded on all cores.
//!
//! API groups and kinds are those of every Kubernetes version that served them; the version in `apiVersion` is not
//! looked at, because the fields we read never changed their meaning. The file is long because every kind is here.

use serde::Deserialize;
use serde_json::Value;

use super::gap::{self, Gap};
use super::kustomize::Kustomization;
use super::namespace::{
    LAST_APPLIED, Namespace, Node, SERVER_FIELDS, ServiceAccount, kubelet_minor,
    without_server_fields,
};
use super::nullable;
use super::object::ObjectMeta;
use super::pod::{Pod, PodSpec};
use super::psp::{PodSecurityPolicy, PspSpec};
use super::role::{AggregationRule, Binding, PolicyRule, Role, RoleRef, Subject};
use super::workload::{self, CONVENTIONS, Manifest, Origin, Workload};
use crate::input::{DecodeError, Document};

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

fn from_value<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
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

/// The namespace of a namespaced kind, to be attributed if empty.
fn namespaced(document: &Document, cluster_kind: &str, meta: &ObjectMeta) -> Option<String> {
    (document.kind != cluster_kind).then(|| meta.namespace.clone())
}

fn role(document: &Document) -> Result<Role, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::list")]
        rules: Vec<PolicyRule>,
        aggregation_rule: Option<AggregationRule>,
    }
    let wire: Wire = document.decode()?;
    let namespace = namespaced(document, "ClusterRole", &wire.metadata);
    let manifest = match wire.rules.iter().any(PolicyRule::names_policies) {
        true => Some(without_server_fields(
            document.value_without(SERVER_FIELDS)?,
        )),
        false => None,
    };
    Ok(Role {
        from_cluster: wire.metadata.from_cluster(),
        sources: vec![document.source.clone()],
        rules: wire.rules,
        aggregation: wire.aggregation_rule.filter(|_| namespace.is_none()),
        namespace,
        name: wire.metadata.name,
        labels: wire.metadata.labels,
        manifest,
    })
}

fn binding(document: &Document) -> Result<Binding, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::list")]
        subjects: Vec<Subject>,
        #[serde(deserialize_with = "nullable::or_default")]
        role_ref: RoleRef,
    }
    let wire: Wire = document.decode()?;
    Ok(Binding {
        from_cluster: wire.metadata.from_cluster(),
        namespace: namespaced(document, "ClusterRoleBinding", &wire.metadata),
        name: wire.metadata.name,
        sources: vec![document.source.clone()],
        subjects: wire.subjects,
        role_ref: wire.role_ref,
    })
}

/// The object around a pod template, for every known kind at once: a kind simply lacks the others' fields.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Controller {
    #[serde(deserialize_with = "nullable::or_default")]
    metadata: ObjectMeta,
    #[serde(deserialize_with = "nullable::or_default")]
    spec: ControllerSpec,
    template: Option<Pod>,
    #[serde(deserialize_with = "nullable::or_default")]
    status: ControllerStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ControllerStatus {
    #[serde(deserialize_with = "nullable::or_default")]
    completion_time: String,
    #[serde(deserialize_with = "nullable::list")]
    conditions: Vec<Condition>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type", deserialize_with = "nullable::or_default")]
    type_: String,
    #[serde(deserialize_with = "nullable::or_default")]
    status: String,
}

/// The condition in which a Job ended; empty of one that goes on.
///
/// Upstream: `IsJobFinished` in `pkg/controller/job/utils.go` (v1.24); the time is set with `Complete`.
fn ended(status: ControllerStatus) -> String {
    let mut conditions = status.conditions.into_iter();
    let ended = conditions.find(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    });
    match ended {
        Some(condition) => condition.type_,
        None if status.completion_time.is_empty() => String::new(),
        None => "Complete".to_owned(),
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ControllerSpec {
    replicas: Option<i64>,
    template: Option<Pod>,
    job_template: Option<JobTemplate>,
    #[serde(deserialize_with = "nullable::list")]
    volume_claim_templates: Vec<ClaimTemplate>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimTemplate {
    #[serde(deserialize_with = "nullable::or_default")]
    metadata: Named,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "nullable::or_default")]
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobTemplate {
    #[serde(deserialize_with = "nullable::or_default")]
    spec: JobSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JobSpec {
    template: Option<Pod>,
}

fn workload(document: &Document) -> Result<Workload, DecodeError> {
    if document.kind == "Pod" {
        return bare_pod(document);
    }
    let object: Controller = document.decode()?;
    let template = match document.kind.as_str() {
        "CronJob" | "ScheduledJob" => object.spec.job_template.and_then(|job| job.spec.template),
        "PodTemplate" => object.template,
        _ => object.spec.template,
    };
    let origin = match &template {
        Some(pod) if is_complete(&pod.spec) => Origin::Template,
        _ => Origin::Fragment,
    };
    let mut claims = Vec::new();
    if document.kind == "StatefulSet" {
        for ClaimTemplate { metadata } in object.spec.volume_claim_templates {
            if !claims.contains(&metadata.name) {
                claims.push(metadata.name);
            }
        }
    }
    Ok(Workload {
        kind: document.kind.clone(),
        api_version: document.api_version.clone(),
        namespace: Some(object.metadata.namespace.clone()),
        meta: object.metadata,
        sources: vec![document.source.clone()],
        pod: template.unwrap_or_default(),
        origin,
        claims,
        replicas: object.spec.replicas,
        phase: match document.kind.as_str() {
            "Job" => ended(object.status),
            _ => String::new(),
        },
        whole: None,
        manifest: None,
    })
}

fn bare_pod(document: &Document) -> Result<Workload, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::or_default")]
        spec: PodSpec,
        #[serde(deserialize_with = "nullable::or_default")]
        status: Status,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Status {
        #[serde(deserialize_with = "nullable::or_default")]
        phase: String,
    }
    let wire: Wire = document.decode()?;
    let origin = if is_complete(&wire.spec) {
        Origin::Pod
    } else {
        Origin::Fragment
    };
    Ok(Workload {
        kind: document.kind.clone(),
        api_version: document.api_version.clone(),
        namespace: Some(wire.metadata.namespace.clone()),
        meta: wire.metadata.clone(),
        sources: vec![document.source.clone()],
        pod: Pod {
            metadata: wire.metadata,
            spec: wire.spec,
        },
        origin,
        claims: Vec::new(),
        replicas: None,
        phase: wire.status.phase,
        whole: None,
        manifest: None,
    })
}

/// An earlier template of a DaemonSet or StatefulSet, which the API server keeps as a patch under `data`.
///
/// Upstream: `getPatch` in `pkg/controller/daemon/update.go` and `pkg/controller/statefulset/stateful_set_utils.go`.
fn revision(document: &Document) -> Result<Object, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::or_default")]
        data: Value,
    }
    let wire: Wire = document.decode()?;
    let template: Option<Pod> = wire.data.pointer("/spec/template").and_then(from_value);
    let Some(pod) = template.filter(|pod| is_complete(&pod.spec)) else {
        return Ok(Object::Other);
    };
    Ok(Object::Revision(Box::new(Workload {
        kind: document.kind.clone(),
        api_version: document.api_version.clone(),
        namespace: Some(wire.metadata.namespace.clone()),
        meta: wire.metadata,
        sources: vec![document.source.clone()],
        pod,
        origin: Origin::Template,
        claims: Vec::new(),
        replicas: None,
        phase: String::new(),
        whole: None,
        manifest: None,
    })))
}

/// Whether a pod spec could run at all: kustomize patches and the like lack containers or their images.
fn is_complete(spec: &PodSpec) -> bool {
    !spec.containers.is_empty()
        && spec
            .all_containers()
            .all(|container| !container.image.is_empty())
}

fn has_containers(template: &Value) -> bool {
    let containers = template.pointer("/spec/containers");
    let containers = containers.and_then(Value::as_array);
    containers.is_some_and(|containers| containers.iter().any(Value::is_object))
}

/// A custom resource: a workload if a pod template stands where conventions place one, else a possible gap.
fn custom(document: &Document) -> Result<Object, DecodeError> {
    let value = document.value()?;
    for path in CONVENTIONS {
        let keys: Vec<&str> = path.split('.').collect();
        let Some(template) = keys.iter().try_fold(&value, |value, key| value.get(key)) else {
            continue;
        };
        let pod = match from_value(template) {
            // What has containers is meant to be a pod, and the controller will try to make one of it.
            None if has_containers(template) => document.decode_at(&keys)?,
            pod => pod,
        };
        if let Some(pod) = pod.filter(|pod: &Pod| is_complete(&pod.spec)) {
            let object: MetaOnly = document.decode()?;
            return Ok(Object::Workload(Box::new(Workload {
                kind: document.kind.clone(),
                api_version: document.api_version.clone(),
                namespace: Some(object.metadata.namespace.clone()),
                meta: object.metadata,
                sources: vec![document.source.clone()],
                pod,
                origin: Origin::Convention(path),
                claims: Vec::new(),
                replicas: value.pointer("/spec/replicas").and_then(Value::as_i64),
                phase: String::new(),
                whole: None,
                manifest: None,
            })));
        }
    }
    Ok(gap::custom_resource(document, &value))
}
