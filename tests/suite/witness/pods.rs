//! Generated pods near the boundaries of policies and checks: a pod that a policy admits, changed in a few places that
//! either engine looks at.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// A change of a pod: a field, by the names on the way to it, and its value; `null` removes it.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    path: Vec<&'static str>,
    value: Value,
}

/// The change made.
pub(super) fn apply(pod: &mut Value, edit: &Edit) {
    let mut part = &mut *pod;
    for name in &edit.path {
        part = match name.parse::<usize>() {
            Ok(index) => element(part, index),
            Err(_) => &mut part[*name],
        };
    }
    *part = edit.value.clone();
    name_containers(pod);
}

/// The element of a list, made if it is missing.
fn element(list: &mut Value, index: usize) -> &mut Value {
    if list.is_null() {
        *list = json!([]);
    }
    let list = list.as_array_mut().expect("a list");
    while list.len() <= index {
        list.push(json!({}));
    }
    &mut list[index]
}

/// Gives new containers the names that annotations speak of.
fn name_containers(pod: &mut Value) {
    for (list, names) in [("containers", ["c", "d"]), ("initContainers", ["i", "j"])] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut);
        for (container, name) in containers.into_iter().flatten().zip(names) {
            if container.get("name").is_none() {
                container["name"] = json!(name);
                container["image"] = json!("registry.example/app:1");
            }
        }
    }
}

/// A few changes.
pub(super) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    proptest::collection::vec(edit(), 1..5)
}

/// Changes of several pods, each of which is one of those that there are.
pub(super) fn changes(pods: usize) -> impl Strategy<Value = Vec<(Index, Vec<Edit>)>> {
    proptest::collection::vec((any::<Index>(), edits()), pods)
}

fn edit() -> impl Strategy<Value = Edit> {
    let mut contexts = context_values();
    contexts.push(("windowsOptions", json!({ "hostProcess": true })));
    let container = (
        select(
            &[
                ["containers", "0"],
                ["containers", "0"],
                ["containers", "1"],
                ["initContainers", "0"],
            ][..],
        ),
        select(contexts),
    );
    let in_context = container.prop_map(|([list, index], (field, value))| Edit {
        path: vec!["spec", list, index, "securityContext", field],
        value,
    });
    let in_container = (
        select(&["containers", "initContainers"][..]),
        select(container_values()),
    )
        .prop_map(|(list, (field, value))| Edit {
            path: vec!["spec", list, "0", field],
            value,
        });
    let in_pod_context = select(pod_context_values()).prop_map(|(field, value)| Edit {
        path: vec!["spec", "securityContext", field],
        value,
    });
    let in_spec = select(spec_values()).prop_map(|(field, value)| Edit {
        path: vec!["spec", field],
        value,
    });
    let in_annotations = select(annotations()).prop_map(|(key, value)| Edit {
        path: vec!["metadata", "annotations", key],
        value: json!(value),
    });
    prop_oneof![
        4 => in_context,
        2 => in_container,
        4 => in_pod_context,
        2 => in_spec,
        2 => in_annotations,
    ]
}

type Values = Vec<(&'static str, Value)>;

fn each(field: &'static str, values: Value) -> Values {
    let values = values.as_array().expect("a list").clone();
    values.into_iter().map(|value| (field, value)).collect()
}

/// What containers and pods have in common.
fn shared_values() -> Values {
    [
        each("runAsUser", json!([0, 0, 1, 5, 7, 9, 1000, 3_000_000_000_u64, null])),
        each("runAsGroup", json!([0, 1, 7, null])),
        each("runAsNonRoot", json!([true, false, null])),
        each(
            "seLinuxOptions",
            json!([
                {}, null, { "type": "container_t" }, { "type": "container_engine_t" }, { "type": "spc_t" },
                { "user": "user_u" }, { "role": "object_r" }, { "level": "s0:c1,c2" },
                { "type": "container_t", "level": "s0:c1,c2" },
            ]),
        ),
        each(
            "seccompProfile",
            json!([
                null, { "type": "RuntimeDefault" }, { "type": "Unconfined" }, { "type": "Localhost" },
                { "type": "Localhost", "localhostProfile": "x" }, { "type": "Localhost", "localhostProfile": "" },
                { "type": "" },
            ]),
        ),
        each("windowsOptions", json!([{ "hostProcess": false }, {}])),
    ]
    .concat()
}

fn context_values() -> Values {
    let mut values = shared_values();
    values.extend([
        each("privileged", json!([true, true, false])),
        each("allowPrivilegeEscalation", json!([true, true, false, null])),
        each("readOnlyRootFilesystem", json!([true, false])),
        each("procMount", json!(["Default", "Unmasked", "Unmasked"])),
        each(
            "capabilities",
            json!([
                null, {}, { "drop": ["ALL"] }, { "drop": ["KILL"] }, { "drop": ["ALL", "KILL", "SYS_TIME"] },
                { "add": ["NET_BIND_SERVICE"] }, { "add": ["NET_BIND_SERVICE"], "drop": ["ALL"] },
                { "add": ["CHOWN"], "drop": ["ALL"] }, { "add": ["NET_RAW"] }, { "add": ["SYS_TIME"] },
                { "add": ["ALL"] }, { "add": ["CAP_SYS_ADMIN"] }, { "add": ["*"] }, { "add": ["chown"] },
                { "drop": ["CAP_SYS_ADMIN", "SYS_TIME", "KILL"] }, { "drop": ["all"] },
            ]),
        ),
    ]
    .concat());
    values
}

fn container_values() -> Values {
    let probe = |host| json!({ "tcpSocket": { "host": host, "port": 80 } });
    [
        each(
            "ports",
            json!([
                [{ "containerPort": 80 }], [{ "containerPort": 80, "hostPort": 80 }],
                [{ "containerPort": 80, "hostPort": 65535 }], [{ "containerPort": 9, "hostPort": 9 }],
                [{ "containerPort": 80, "hostPort": -1 }], [{ "containerPort": 80, "hostPort": 65536 }],
            ]),
        ),
        each("volumeMounts", json!([[{ "name": "v", "mountPath": "/v" }]])),
        vec![("livenessProbe", probe("127.0.0.1")), ("startupProbe", probe(""))],
        vec![("lifecycle", json!({ "preStop": { "httpGet": { "host": "example.com", "port": 80 } } }))],
    ]
    .concat()
}

fn pod_context_values() -> Values {
    let mut values = shared_values();
    let sysctls = [
        "kernel.shm_rmid_forced",
        "net.ipv4.tcp_syncookies",
        "net/ipv4/tcp_syncookies",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_rmem",
        "kernel.msgmax",
        "kernel.shmmax",
        "net.core.somaxconn",
    ];
    let sysctls = sysctls.map(|name| ("sysctls", json!([{ "name": name, "value": "1" }])));
    values.extend(sysctls);
    values.extend(each("fsGroup", json!([0, 1, 7])));
    values.extend(each("supplementalGroups", json!([[], [1], [0, 5], [7, 9]])));
    values
}

fn spec_values() -> Values {
    let sources = json!([
        {}, { "emptyDir": {} }, { "configMap": { "name": "m" } }, { "secret": { "secretName": "s" } },
        { "projected": { "sources": [] } }, { "projected": { "sources": [{ "secret": { "name": "s" } }] } },
        { "hostPath": { "path": "/" } }, { "hostPath": { "path": "/var/log" } },
        { "hostPath": { "path": "relative/x" } }, { "nfs": { "server": "s", "path": "/" } },
        { "cephfs": { "monitors": ["m"] } }, { "csi": { "driver": "csi.example.com" } },
        { "flexVolume": { "driver": "example.com/lvm" } }, { "flexVolume": { "driver": "example.com/other" } },
        { "gcePersistentDisk": { "pdName": "d" } }, { "emptyDir": {}, "hostPath": { "path": "/" } },
    ]);
    let volumes = sources.as_array().expect("a list").iter().map(|source| {
        let mut volume = source.clone();
        volume["name"] = json!("v");
        ("volumes", json!([volume]))
    });
    let mut values: Values = volumes.collect();
    for flag in ["hostNetwork", "hostPID", "hostIPC"] {
        values.extend(each(flag, json!([true, true, false])));
    }
    values.extend(each("runtimeClassName", json!(["gvisor", "kata", "other"])));
    values.extend(each(
        "os",
        json!([{ "name": "windows" }, { "name": "linux" }]),
    ));
    values
}

fn annotations() -> Vec<(&'static str, &'static str)> {
    let seccomp = [
        "",
        "runtime/default",
        "docker/default",
        "unconfined",
        "localhost/",
        "localhost/x",
    ];
    let seccomp_keys = [
        "seccomp.security.alpha.kubernetes.io/pod",
        "container.seccomp.security.alpha.kubernetes.io/c",
        "container.seccomp.security.alpha.kubernetes.io/d",
        "container.seccomp.security.alpha.kubernetes.io/none",
    ];
    let app_armor = [
        "",
        "runtime/default",
        "unconfined",
        "localhost/x",
        "localhost/",
    ];
    let app_armor_keys = [
        "container.apparmor.security.beta.kubernetes.io/c",
        "container.apparmor.security.beta.kubernetes.io/d",
        "container.apparmor.security.beta.kubernetes.io/i",
        "container.apparmor.security.beta.kubernetes.io/none",
    ];
    let pairs = |keys: [&'static str; 4], values: &[&'static str]| -> Vec<_> {
        let of = |key| values.iter().map(move |value| (key, *value));
        keys.into_iter().flat_map(of).collect()
    };
    [
        pairs(seccomp_keys, &seccomp),
        pairs(app_armor_keys, &app_armor),
    ]
    .concat()
}
