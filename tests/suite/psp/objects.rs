use psp2psa::model::pod::Pod;
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::psp::FieldError;
use serde_json::{Value, json};

use crate::policies;

/// Reads a policy from JSON.
pub(super) fn policy(json: Value) -> PodSecurityPolicy {
    policies::decode(&json)
}

/// Reads a pod from JSON, as it is.
pub(super) fn pod(json: &Value) -> Pod {
    serde_json::from_value(json.clone()).expect("a pod")
}

/// A policy that accepts everything and writes nothing, with other values where `spec` has them.
pub(super) fn permissive(name: &str, spec: Value) -> PodSecurityPolicy {
    let any = json!({ "rule": "RunAsAny" });
    let mut full = json!({
        "privileged": true,
        "allowedCapabilities": ["*"],
        "volumes": ["*"],
        "hostNetwork": true,
        "hostPID": true,
        "hostIPC": true,
        "hostPorts": [{ "min": 0, "max": 65535 }],
        "seLinux": any,
        "runAsUser": any,
        "supplementalGroups": any,
        "fsGroup": any,
    });
    for (field, value) in spec.as_object().expect("a spec") {
        full[field] = value.clone();
    }
    let annotations = json!({ "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "*" });
    policy(json!({ "metadata": { "name": name, "annotations": annotations }, "spec": full }))
}

/// A pod with one container and nothing that any policy looks at.
pub(super) fn small_pod() -> Value {
    json!({
        "metadata": { "name": "p" },
        "spec": { "serviceAccountName": "s", "containers": [{ "name": "c", "image": "i" }] },
    })
}

/// Errors as people read them.
pub(super) fn texts<'a>(errors: impl IntoIterator<Item = &'a FieldError>) -> Vec<String> {
    errors.into_iter().map(FieldError::to_string).collect()
}
