//! What the API server fills into a pod before any admission plugin sees it, as far as an answer depends on it.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go` and `conversion.go` (v1.24 to v1.37).

use serde_json::{Map, Value, json};

use super::pod::{FieldRef, Pod, PodSpec, Volume, VolumeKind, VolumeSource};

/// Applies the defaults of a Pod object: a volume without a source is an `emptyDir`, under `hostNetwork` every port of
/// init and regular containers occupies the same port of the host, there is a security context, field references have
/// a version, and both names of the service account say the same.
pub fn apply(pod: &mut Pod) {
    let spec = &mut pod.spec;
    spec.volumes.iter_mut().for_each(volume);
    if spec.host_network {
        host_ports(spec);
    }
    spec.security_context.get_or_insert_default();
    spec.service_account_name = spec.account().to_owned();
    spec.service_account.clone_from(&spec.service_account_name);
}

fn volume(volume: &mut Volume) {
    if volume.sources.is_empty() {
        volume
            .sources
            .push(VolumeSource::Plain(VolumeKind::EmptyDir));
    }
    for source in &mut volume.sources {
        if let VolumeSource::Projected(sources) = source {
            let apis = sources.iter_mut().filter_map(|s| s.downward_api.as_mut());
            let items = apis.flat_map(|api| &mut api.items);
            for FieldRef { api_version, .. } in items.filter_map(|i| i.field_ref.as_mut()) {
                if api_version.is_empty() {
                    "v1".clone_into(api_version);
                }
            }
        }
    }
}

fn host_ports(spec: &mut PodSpec) {
    let containers = spec.init_containers.iter_mut().chain(&mut spec.containers);
    for port in containers.flat_map(|container| &mut container.ports) {
        if port.host_port == 0 {
            port.host_port = port.container_port;
        }
    }
}

/// Applies the same defaults to a pod's JSON, whose other fields stay as they are.
///
/// The JSON must decode as a pod. Decoding the result gives what [`apply`] makes of the decoded pod.
pub fn apply_to_json(pod: &mut Value) {
    let Some(spec) = object(pod).and_then(|pod| member(pod, "spec")) else {
        return;
    };
    elements(spec, "volumes")
        .filter_map(object)
        .for_each(json_volume);
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        json_host_ports(spec, "initContainers");
        json_host_ports(spec, "containers");
    }
    member(spec, "securityContext");
    let name = |field: &str| {
        let name = spec.get(field)?.as_str()?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    if let Some(account) = name("serviceAccountName").or_else(|| name("serviceAccount")) {
        for field in ["serviceAccount", "serviceAccountName"] {
            spec.insert(field.to_owned(), account.as_str().into());
        }
    }
}

fn json_volume(volume: &mut Map<String, Value>) {
    let has_source = VolumeKind::ALL
        .iter()
        .any(|kind| volume.get(kind.field()).is_some_and(|v| !v.is_null()));
    if !has_source {
        volume.insert(VolumeKind::EmptyDir.field().to_owned(), json!({}));
    }
    let Some(projected) = volume.get_mut(VolumeKind::Projected.field()) else {
        return;
    };
    let sources = projected
        .as_object_mut()
        .into_iter()
        .flat_map(|projected| elements(projected, "sources"));
    let items = sources
        .filter_map(|source| source.get_mut("downwardAPI")?.as_object_mut())
        .flat_map(|api| elements(api, "items"));
    for field in items.filter_map(|item| item.get_mut("fieldRef")?.as_object_mut()) {
        let version = field.entry("apiVersion").or_insert(Value::Null);
        if version.as_str().is_none_or(str::is_empty) {
            *version = "v1".into();
        }
    }
}

fn json_host_ports(spec: &mut Map<String, Value>, containers: &str) {
    let ports = elements(spec, containers)
        .filter_map(Value::as_object_mut)
        .flat_map(|container| elements(container, "ports"));
    for port in ports.filter_map(Value::as_object_mut) {
        let is_unset = |port: Option<&Value>| port.and_then(Value::as_i64).is_none_or(|p| p == 0);
        if is_unset(port.get("hostPort"))
            && let Some(same) = port
                .get("containerPort")
                .filter(|p| !is_unset(Some(p)))
                .cloned()
        {
            port.insert("hostPort".to_owned(), same);
        }
    }
}

/// The members of an object; `null` becomes one.
fn object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}

/// A member that is an object; one that is absent or `null` becomes one.
fn member<'a>(
    parent: &'a mut Map<String, Value>,
    name: &str,
) -> Option<&'a mut Map<String, Value>> {
    object(parent.entry(name).or_insert(Value::Null))
}

/// The elements of a member that is a list.
fn elements<'a>(
    parent: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    let list = parent.get_mut(name).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}
