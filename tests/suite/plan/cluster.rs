//! Generated clusters: few namespaces, workloads of every level, policies that mutate or not, grants, labels, gaps.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// Objects, each in a file of its own.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) objects: Vec<(String, Value)>,
}

impl Cluster {
    pub(crate) fn new(objects: impl Iterator<Item = Value>) -> Self {
        Cluster {
            objects: objects
                .enumerate()
                .map(|(at, object)| (format!("{at:02}.json"), object))
                .collect(),
        }
    }
}

const NAMESPACES: [&str; 3] = ["kube-system", "shop", "store"];
const ACCOUNTS: [&str; 2] = ["builder", "default"];

/// Templates, from what every level admits to what none but privileged does.
fn spec(which: usize) -> Value {
    let container = |fields: Value| {
        let mut container = json!({"name": "c", "image": "i"});
        for (key, value) in fields.as_object().into_iter().flatten() {
            container[key] = value.clone();
        }
        json!([container])
    };
    let hardened = json!({"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}});
    let pod = json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    match which {
        0 => json!({"containers": container(json!({}))}),
        1 => json!({"securityContext": pod, "containers": container(hardened)}),
        // Fine at some versions only: sysctls, probe hosts, user namespaces.
        2 => json!({"containers": container(hardened), "securityContext": {"runAsNonRoot": true,
            "seccompProfile": {"type": "RuntimeDefault"},
            "sysctls": [{"name": "net.ipv4.tcp_keepalive_time", "value": "1"}]}}),
        3 => {
            json!({"containers": container(json!({"livenessProbe": {"httpGet": {"port": 80, "host": "h"}}}))})
        }
        4 => json!({"hostUsers": false, "containers": container(hardened),
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}),
        // A pod that satisfies restricted, from v1.25, and not baseline.
        5 => json!({"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": true},
            "containers": container(json!({"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}))}),
        6 => {
            json!({"hostNetwork": true, "containers": container(json!({"ports": [{"containerPort": 80}]}))})
        }
        7 => {
            json!({"containers": container(json!({})), "volumes": [{"name": "v", "hostPath": {"path": "/x"}}]})
        }
        8 => {
            json!({"containers": container(json!({"securityContext": {"capabilities": {"add": ["NET_RAW"]}}}))})
        }
        _ => json!({"containers": container(json!({"securityContext": {"runAsUser": 1000}}))}),
    }
}

/// A workload of any kind; its name may be another's, so that there are copies and variants.
pub(crate) fn any_workload() -> impl Strategy<Value = Value> {
    let kind = select(vec![
        "Deployment",
        "StatefulSet",
        "CronJob",
        "Pod",
        "Rollout",
    ]);
    let phase = select(vec!["Running", "Succeeded"]);
    // Those that only some versions allow come more often, and so do those that let a tight level through.
    let which = select(vec![0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9]);
    (
        kind,
        select(&NAMESPACES[..]),
        0..4_usize,
        which,
        select(&ACCOUNTS[..]),
        any::<bool>(),
        phase,
    )
        .prop_map(|(kind, namespace, name, which, account, live, phase)| {
            let mut spec = spec(which);
            spec["serviceAccountName"] = account.into();
            let mut object = match kind {
                "Pod" => json!({"apiVersion": "v1", "spec": spec, "status": {"phase": phase}}),
                "CronJob" => {
                    let job = json!({"spec": {"template": {"spec": spec}}});
                    json!({"apiVersion": "batch/v1", "spec": {"jobTemplate": job}})
                }
                "Rollout" => {
                    json!({"apiVersion": "argoproj.io/v1alpha1", "spec": {"template": {"spec": spec}}})
                }
                _ => json!({"apiVersion": "apps/v1", "spec": {"template": {"spec": spec}}}),
            };
            object["kind"] = kind.into();
            object["metadata"] = json!({"name": format!("w{name}"), "namespace": namespace});
            if live {
                object["metadata"]["uid"] = "w".into();
            }
            object
        })
}

fn any_policy() -> impl Strategy<Value = Value> {
    let names = select(vec!["a", "b", "c"]);
    // Those that weaken pods come more often: everything else is common in the rest.
    let which = select(vec![0, 1, 2, 3, 3, 4, 4, 5]);
    (names, which).prop_map(|(name, which)| {
        let any = json!({"rule": "RunAsAny"});
        let mut spec = json!({"seLinux": any, "runAsUser": any, "fsGroup": any, "supplementalGroups": any,
            "volumes": ["projected", "secret"]});
        let mut annotations = json!({});
        let seccomp = "seccomp.security.alpha.kubernetes.io";
        let more = match which {
            0 => json!({"privileged": true, "hostNetwork": true, "volumes": ["*"], "allowedCapabilities": ["*"],
                "hostPorts": [{"min": 0, "max": 65535}]}),
            1 => json!({"allowPrivilegeEscalation": false, "requiredDropCapabilities": ["ALL"],
                "runAsUser": {"rule": "MustRunAsNonRoot"}}),
            2 => json!({"allowedCapabilities": ["NET_RAW"]}),
            3 => json!({"defaultAddCapabilities": ["SYS_TIME"]}),
            4 => json!({"runAsUser": {"rule": "MustRunAs", "ranges": [{"min": 0, "max": 65535}]}}),
            _ => json!({"volumes": ["hostPath", "projected"], "allowedHostPaths": [{"pathPrefix": "/x"}]}),
        };
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        match which {
            0 | 5 => annotations[format!("{seccomp}/allowedProfileNames")] = "*".into(),
            1 => {
                annotations[format!("{seccomp}/allowedProfileNames")] = "runtime/default".into();
                annotations[format!("{seccomp}/defaultProfileName")] = "runtime/default".into();
            }
            4 => {
                annotations[format!("{seccomp}/allowedProfileNames")] = "*".into();
                annotations[format!("{seccomp}/defaultProfileName")] = "unconfined".into();
            }
            _ => {}
        }
        json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy",
            "metadata": {"name": name, "annotations": annotations}, "spec": spec})
    })
}

/// A role for some policies, bound to somebody in a namespace or everywhere.
fn any_grant() -> impl Strategy<Value = Vec<Value>> {
    let subjects = vec![
        json!({"kind": "Group", "name": "system:authenticated"}),
        json!({"kind": "Group", "name": "system:serviceaccounts"}),
        json!({"kind": "Group", "name": "system:serviceaccounts"}),
        json!({"kind": "Group", "name": "system:serviceaccounts:shop"}),
        json!({"kind": "ServiceAccount", "name": "default", "namespace": "shop"}),
        json!({"kind": "ServiceAccount", "name": "builder", "namespace": "store"}),
        json!({"kind": "ServiceAccount", "name": "replicaset-controller", "namespace": "kube-system"}),
        json!({"kind": "User", "name": "jane"}),
    ];
    let policies = subsequence(vec!["a", "b", "c", "gone"], 1..4);
    (
        policies,
        select(subjects),
        option::of(select(&NAMESPACES[..])),
        0..4_usize,
    )
        .prop_map(|(policies, subject, namespace, number)| {
            let api = "rbac.authorization.k8s.io/v1";
            let name = format!("r{number}");
            let role = json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name, "uid": "r"},
                "rules": [{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"],
                    "resourceNames": policies}]});
            let mut binding = json!({"apiVersion": api, "metadata": {"name": name},
                "roleRef": {"kind": "ClusterRole", "name": name}, "subjects": [subject]});
            match namespace {
                Some(namespace) => {
                    binding["kind"] = "RoleBinding".into();
                    binding["metadata"]["namespace"] = namespace.into();
                }
                None => binding["kind"] = "ClusterRoleBinding".into(),
            }
            vec![role, binding]
        })
}

/// A Namespace, with labels that are valid or not.
fn any_namespace(name: &'static str) -> impl Strategy<Value = Value> {
    let values = vec!["privileged", "baseline", "restricted", "Baseline", ""];
    let versions = vec!["v1.24", "v1.29", "latest", "1.25"];
    (
        option::of(select(values)),
        option::of(select(versions)),
        option::of(select(vec!["audit", "warn"])),
        any::<bool>(),
    )
        .prop_map(move |(level, version, other, live)| {
            let mut labels = json!({"team": "x"});
            if let Some(level) = level {
                labels["pod-security.kubernetes.io/enforce"] = level.into();
            }
            if let Some(version) = version {
                labels["pod-security.kubernetes.io/enforce-version"] = version.into();
            }
            if let Some(mode) = other {
                labels[format!("pod-security.kubernetes.io/{mode}")] = "restricted".into();
            }
            let mut object = json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": labels}});
            if live {
                object["metadata"]["uid"] = "n".into();
            }
            object
        })
}

/// What makes the evidence incomplete, and nodes.
fn any_other() -> impl Strategy<Value = Value> {
    select(vec![
        json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "r", "namespace": "shop"}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "lost", "namespace": "store"},
            "spec": {"template": {"spec": {"hostPID": "maybe"}}}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nowhere"}, "spec": spec(7)}),
        json!({"apiVersion": "example.com/v1", "kind": "Database", "metadata": {"name": "d", "namespace": "shop"}}),
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "m"}, "webhooks": [{"rules": [{"apiGroups": [""], "resources": ["pods"]}],
                "namespaceSelector": {"matchLabels": {"team": "x"}}}]}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"},
            "status": {"nodeInfo": {"kubeletVersion": "v1.24.17"}}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "shop"},
            "automountServiceAccountToken": false}),
    ])
}

pub(crate) fn any_cluster() -> impl Strategy<Value = Cluster> {
    let namespaces = NAMESPACES.map(|name| option::weighted(0.8, any_namespace(name)));
    (
        namespaces,
        vec(any_workload(), 0..6),
        prop_oneof![vec(any_policy(), 0..2), vec(any_policy(), 2..5)],
        vec(any_grant(), 0..5),
        vec(any_other(), 0..3),
    )
        .prop_map(|(namespaces, workloads, policies, grants, others)| {
            let objects = namespaces
                .into_iter()
                .flatten()
                .chain(workloads)
                .chain(policies)
                .chain(grants.into_iter().flatten())
                .chain(others);
            Cluster::new(objects)
        })
}
