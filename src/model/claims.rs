//! The volumes that a StatefulSet's controller adds to its pods: one for each claim template.
//!
//! Upstream: `pkg/controller/statefulset/stateful_set_utils.go` (v1.24.7, `updateStorage`). Its order among the new
//! volumes is random; here it is that of the templates.

use serde_json::{Value, json};

use super::pod::{Pod, Volume, VolumeKind, VolumeSource};
use super::workload::Workload;

/// Makes of a template's pod what the controller creates: a volume for each claim template, in place of a volume of
/// the same name that the template has.
pub fn apply(workload: &Workload, pod: &mut Pod) {
    let claims = &workload.claims;
    let volumes = &mut pod.spec.volumes;
    volumes.retain(|volume| !claims.contains(&volume.name));
    let added = claims.iter().map(|claim| Volume {
        name: claim.clone(),
        sources: vec![VolumeSource::Plain(VolumeKind::PersistentVolumeClaim)],
    });
    volumes.splice(0..0, added);
}

/// Does the same to the pod's JSON. The claims are those of the first pod.
pub fn apply_to_json(workload: &Workload, pod: &mut Value) {
    let claims = &workload.claims;
    let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else {
        return;
    };
    if claims.is_empty() {
        return;
    }
    let volumes = spec.entry("volumes").or_insert(Value::Null);
    if volumes.is_null() {
        *volumes = json!([]);
    }
    let Some(volumes) = volumes.as_array_mut() else {
        return;
    };
    volumes.retain(|volume| {
        let name = volume.get("name").and_then(Value::as_str);
        !claims.iter().any(|claim| claim == name.unwrap_or_default())
    });
    let added = claims.iter().map(|claim| {
        let name = format!("{claim}-{}-0", workload.meta.name);
        json!({ "name": claim, "persistentVolumeClaim": { "claimName": name } })
    });
    volumes.splice(0..0, added);
}
