//! Everything with a pod.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{MetaOnly, Object};
use crate::input::{DecodeError, Document};
use crate::model::gap;
use crate::model::namespace::SERVER_FIELDS;
use crate::model::nullable;
use crate::model::object::ObjectMeta;
use crate::model::patch::{self, Effect, Target};
use crate::model::pod::{Pod, PodSpec};
use crate::model::workload::{CONVENTIONS, Origin, Workload};

pub(super) fn workload(document: &Document) -> Result<Workload, DecodeError> {
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
    // Its file may turn out to be a patch. The API server asks for a selector of those that have one.
    let may_be_patch = !object.metadata.from_cluster() && object.spec.selector.is_none();
    let effects = match (origin, may_be_patch) {
        (Origin::Fragment, _) => effects(document)?,
        (_, true) => effects(document).unwrap_or_else(|_| vec![Effect::Unknown]),
        (_, false) => Vec::new(),
    };
    let pod = template.unwrap_or_default();
    Ok(Workload {
        effects,
        claims,
        replicas: object.spec.replicas,
        phase: match document.kind.as_str() {
            "Job" => ended(object.status),
            _ => String::new(),
        },
        ..plain(document, object.metadata, pod, origin)
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
    selector: Option<IgnoredAny>,
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
    let origin = match is_complete(&wire.spec) {
        true => Origin::Pod,
        false => Origin::Fragment,
    };
    let pod = Pod {
        metadata: wire.metadata.clone(),
        spec: wire.spec,
    };
    Ok(Workload {
        effects: match origin == Origin::Fragment {
            true => effects(document)?,
            false => Vec::new(),
        },
        phase: wire.status.phase,
        ..plain(document, wire.metadata, pod, origin)
    })
}

/// A workload of which nothing more is known than that it has a pod.
fn plain(document: &Document, meta: ObjectMeta, pod: Pod, origin: Origin) -> Workload {
    Workload {
        kind: document.kind.clone(),
        api_version: document.api_version.clone(),
        namespace: Some(meta.namespace.clone()),
        meta,
        sources: vec![document.source.clone()],
        pod,
        origin,
        claims: Vec::new(),
        replicas: None,
        phase: String::new(),
        whole: None,
        manifest: None,
        effects: Vec::new(),
    }
}

/// What a part of a workload does to the whole.
fn effects(document: &Document) -> Result<Vec<Effect>, DecodeError> {
    let object = document.value_without(SERVER_FIELDS)?;
    Ok(patch::strategic(&object, &Target::default()).effects)
}

/// An earlier template of a DaemonSet or StatefulSet, which the API server keeps as a patch under `data`.
///
/// Upstream: `getPatch` in `pkg/controller/daemon/update.go` and `pkg/controller/statefulset/stateful_set_utils.go`.
pub(super) fn revision(document: &Document) -> Result<Object, DecodeError> {
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
    let workload = plain(document, wire.metadata, pod, Origin::Template);
    Ok(Object::Revision(Box::new(workload)))
}

/// Whether a pod spec could run at all: kustomize patches and the like lack containers or their images.
fn is_complete(spec: &PodSpec) -> bool {
    !spec.containers.is_empty()
        && spec
            .all_containers()
            .all(|container| !container.image.is_empty())
}

fn from_value<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

fn has_containers(template: &Value) -> bool {
    let containers = template.pointer("/spec/containers");
    let containers = containers.and_then(Value::as_array);
    containers.is_some_and(|containers| containers.iter().any(Value::is_object))
}

/// A custom resource: a workload if a pod template stands where conventions place one, else a possible gap.
pub(super) fn custom(document: &Document) -> Result<Object, DecodeError> {
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
                replicas: value.pointer("/spec/replicas").and_then(Value::as_i64),
                ..plain(document, object.metadata, pod, Origin::Convention(path))
            })));
        }
    }
    Ok(gap::custom_resource(document, &value))
}
