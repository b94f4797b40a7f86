use super::objects::{pod, small_pod, texts};
use psp2psa::model::defaults;
use psp2psa::psp;
use serde_json::{Value, json};

/// The API errors of the small pod with another spec merged in.
fn api_errors(spec: Value) -> Vec<String> {
    let mut raw = small_pod();
    for (field, value) in spec.as_object().expect("a spec") {
        raw["spec"][field] = value.clone();
    }
    let mut pod = pod(&raw);
    defaults::apply(&mut pod);
    texts(&psp::api_errors(&pod))
}

#[test]
fn the_api_refuses_what_a_policy_can_write() {
    let context =
        |context: Value| json!({ "containers": [{ "name": "c", "securityContext": context }] });
    assert_eq!(
        api_errors(context(json!({
            "allowPrivilegeEscalation": false,
            "privileged": true,
            "capabilities": { "add": ["SYS_ADMIN", "CAP_SYS_ADMIN"] },
        }))),
        [
            "spec.containers[0].securityContext: Invalid value: cannot set `allowPrivilegeEscalation` to false and \
             `privileged` to true",
            "spec.containers[0].securityContext: Invalid value: cannot set `allowPrivilegeEscalation` to false and \
             `capabilities.Add` CAP_SYS_ADMIN",
        ]
    );
    assert_eq!(
        api_errors(context(
            json!({ "runAsUser": 2_147_483_648_i64, "runAsGroup": 2_147_483_647 })
        )),
        [
            "spec.containers[0].securityContext.runAsUser: Invalid value: 2147483648: must be between 0 and 2147483647, \
          inclusive"
        ]
    );
    assert_eq!(
        api_errors(context(
            json!({ "procMount": "None", "seccompProfile": { "type": "Localhost" } })
        )),
        [
            "spec.containers[0].securityContext.procMount: Unsupported value: \"None\": supported values: \
             \"Default\", \"Unmasked\"",
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when \
             seccomp type is Localhost",
        ]
    );
}

#[test]
fn the_api_refuses_fields_of_another_operating_system() {
    let errors = api_errors(json!({
        "os": { "name": "windows" },
        "hostPID": true,
        "securityContext": { "fsGroup": 1, "runAsNonRoot": true },
        "containers": [{ "securityContext": { "runAsNonRoot": true, "capabilities": {} } }],
    }));
    assert_eq!(
        errors,
        [
            "spec.hostPID: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
            "spec.containers[0].securityContext.capabilities: Forbidden: cannot be set for a windows pod",
        ]
    );
    let windows = json!({ "windowsOptions": {} });
    assert_eq!(
        api_errors(json!({ "os": { "name": "linux" }, "securityContext": windows })),
        [
            "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"
        ]
    );
    assert_eq!(
        api_errors(json!({ "os": { "name": "plan9" } })),
        ["spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\""]
    );
}

#[test]
fn the_api_refuses_half_a_host_process_pod() {
    let context = |own: bool| json!({ "windowsOptions": { "hostProcess": own } });
    let errors = api_errors(json!({
        "securityContext": context(true),
        "containers": [{ "name": "a" }, { "name": "b", "securityContext": context(false) }],
    }));
    assert_eq!(
        errors,
        [
            "spec.containers[1].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess \
             value must be identical if both are specified, was true",
            "spec: Invalid value: \"\": If pod contains any hostProcess containers then all containers must be \
             HostProcess containers",
            "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess \
             containers",
        ]
    );
}

#[test]
fn the_api_refuses_malformed_volumes_sysctls_and_ports() {
    let errors = api_errors(json!({
        "hostNetwork": true,
        "runtimeClassName": "Bad",
        "securityContext": { "sysctls": [
            { "name": "kernel/shm_rmid_forced" }, { "name": "a b" }, { "name": "" },
            { "name": "kernel/shm_rmid_forced" },
        ] },
        "volumes": [
            { "name": "a", "hostPath": { "path": "/a/../b" }, "emptyDir": {} },
            { "name": "b", "hostPath": {} },
            { "name": "c", "flexVolume": {} },
            { "name": "d", "csi": { "driver": "d" } },
        ],
        "containers": [{ "ports": [{ "containerPort": 80, "hostPort": 81 }, { "containerPort": 65536 }] }],
    }));
    let fields: Vec<&str> = errors
        .iter()
        .map(|e| e.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        fields,
        [
            "spec.volumes[0].hostPath",
            "spec.volumes[1].hostPath.path",
            "spec.volumes[2].flexVolume.driver",
            "spec.containers[0].ports[1].containerPort",
            "spec.containers[0].ports[1].hostPort",
            "spec.containers[0].ports[0].containerPort",
            "spec.securityContext.sysctls[1].name",
            "spec.securityContext.sysctls[2].name",
            "spec.securityContext.sysctls[3].name",
            "spec.runtimeClassName",
        ]
    );
}

#[test]
fn the_api_refuses_annotations_that_contradict_fields_or_name_nobody() {
    let mut raw = small_pod();
    raw["metadata"]["annotations"] = json!({
        "container.apparmor.security.beta.kubernetes.io/nobody": "runtime/default",
        "container.seccomp.security.alpha.kubernetes.io/c": "localhost/a",
        "seccomp.security.alpha.kubernetes.io/pod": "Unconfined",
    });
    raw["spec"]["securityContext"] = json!({ "seccompProfile": { "type": "RuntimeDefault" } });
    raw["spec"]["containers"][0]["securityContext"] =
        json!({ "seccompProfile": { "type": "Localhost", "localhostProfile": "b" } });
    assert_eq!(
        texts(&psp::api_errors(&pod(&raw))),
        [
            "metadata.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: \"Unconfined\": must be a \
             valid seccomp profile",
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/nobody]: Invalid value: \"nobody\": \
             container not found",
            "spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match",
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in \
             annotation and field must match",
        ]
    );
}
