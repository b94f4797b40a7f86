//! Generated clusters in which the order of the stages matters: policies that write, weaken or refuse, usable by most.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::plan::cluster::{Cluster, any_workload};

/// One of the values, or nothing.
fn maybe(values: Vec<Value>) -> impl Strategy<Value = Option<Value>> {
    option::of(select(values))
}

fn any_policy(name: &'static str) -> impl Strategy<Value = Value> {
    let ids = |least: u32| json!([{"min": least, "max": 65535}]);
    let must = move |least: u32| json!({"rule": "MustRunAs", "ranges": ids(least)});
    let users = vec![
        must(0),
        must(1),
        must(1),
        json!({"rule": "MustRunAsNonRoot"}),
        json!({"rule": "MustRunAsNonRoot"}),
    ];
    let fields = (
        maybe(users),
        maybe(vec![must(1), must(1)]),
        maybe(vec![json!(["ALL"]), json!(["ALL"]), json!(["MKNOD"])]),
        maybe(vec![
            json!(["NET_BIND_SERVICE"]),
            json!(["SYS_TIME"]),
            json!(["CHOWN"]),
        ]),
        maybe(vec![json!(false), json!(false), json!(false), json!(true)]),
        maybe(vec![json!(true)]),
        maybe(vec![json!(true)]),
    );
    let lists = vec![
        "*",
        "runtime/default",
        "runtime/default,unconfined",
        "localhost/x",
    ];
    let defaults = vec![
        "runtime/default",
        "runtime/default",
        "unconfined",
        "localhost/x",
    ];
    let profiles = vec!["runtime/default", "unconfined", "localhost/p"];
    let annotations = (
        option::of(select(lists)),
        option::of(select(defaults)),
        option::weighted(0.2, select(profiles)),
    );
    (fields, annotations).prop_map(move |(fields, annotations)| {
        let (user, fs_group, drop, add, escalation, read_only, defaults) = fields;
        let (list, default, app_armor) = annotations;
        let open = json!({"rule": "RunAsAny"});
        let mut spec = json!({"seLinux": open, "runAsUser": user.unwrap_or(open.clone()),
            "fsGroup": fs_group.unwrap_or(open.clone()), "supplementalGroups": open,
            "volumes": ["projected", "secret", "emptyDir"]});
        let lists = [
            ("requiredDropCapabilities", drop),
            ("defaultAddCapabilities", add),
            ("readOnlyRootFilesystem", read_only),
        ];
        for (field, value) in lists {
            if let Some(value) = value {
                spec[field] = value;
            }
        }
        if let Some(escalation) = escalation {
            if escalation == json!(true) && defaults.is_some() {
                spec["defaultAllowPrivilegeEscalation"] = json!(true);
            }
            spec["allowPrivilegeEscalation"] = escalation;
        }
        let mut written = json!({});
        let seccomp = "seccomp.security.alpha.kubernetes.io";
        if let Some(list) = list {
            written[format!("{seccomp}/allowedProfileNames")] = list.into();
            // Without a list a default admits nothing at all.
            if let Some(default) = default {
                written[format!("{seccomp}/defaultProfileName")] = default.into();
            }
        }
        if let Some(profile) = app_armor {
            let key = "apparmor.security.beta.kubernetes.io/defaultProfileName";
            written[key] = profile.into();
        }
        json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy",
            "metadata": {"name": name, "annotations": written}, "spec": spec})
    })
}

/// What the once official restricted example does: it gets plain pods to restricted.
fn restricted(name: &'static str) -> Value {
    let seccomp = "seccomp.security.alpha.kubernetes.io";
    let open = json!({"rule": "RunAsAny"});
    json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy",
        "metadata": {"name": name, "annotations": {
            (format!("{seccomp}/allowedProfileNames")): "docker/default,runtime/default",
            (format!("{seccomp}/defaultProfileName")): "runtime/default"}},
        "spec": {"allowPrivilegeEscalation": false, "requiredDropCapabilities": ["ALL"], "seLinux": open,
            "runAsUser": {"rule": "MustRunAsNonRoot"}, "fsGroup": open, "supplementalGroups": open,
            "volumes": ["projected", "secret", "emptyDir"]}})
}

/// Who may use which of the policies.
fn any_grants() -> impl Strategy<Value = Vec<Value>> {
    let subjects = vec![
        json!({"kind": "Group", "name": "system:serviceaccounts"}),
        json!({"kind": "Group", "name": "system:serviceaccounts"}),
        json!({"kind": "Group", "name": "system:authenticated"}),
        json!({"kind": "ServiceAccount", "name": "default", "namespace": "shop"}),
        json!({"kind": "ServiceAccount", "name": "builder", "namespace": "store"}),
    ];
    // No name at all means every policy, so that there is no bypass.
    let names = prop_oneof![
        16 => subsequence(vec!["0", "0-0", "a", "b", "c"], 1..5),
        1 => Just(Vec::new()),
    ];
    vec((names, select(subjects)), 1..4).prop_map(|grants| {
        let api = "rbac.authorization.k8s.io/v1";
        let grants = grants.into_iter().enumerate();
        grants
            .flat_map(|(number, (policies, subject))| {
                let name = format!("r{number}");
                let role = json!({"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": name},
                    "rules": [{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"],
                        "resourceNames": policies}]});
                let binding = json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": name},
                    "roleRef": {"kind": "ClusterRole", "name": name}, "subjects": [subject]});
                [role, binding]
            })
            .collect()
    })
}

/// A workload with more to say for itself: an init container, a second one, a profile, a user.
fn any_rich_workload() -> impl Strategy<Value = Value> {
    let contexts = vec![
        json!({}),
        json!({}),
        json!({"runAsUser": 1000}),
        json!({"runAsNonRoot": true}),
        json!({"capabilities": {"drop": ["ALL"]}, "allowPrivilegeEscalation": false}),
        json!({"seccompProfile": {"type": "RuntimeDefault"}}),
        json!({"capabilities": {"add": ["NET_BIND_SERVICE"]}}),
    ];
    let pods = vec![
        json!({}),
        json!({}),
        json!({"seccompProfile": {"type": "RuntimeDefault"}}),
        json!({"fsGroup": 0}),
        json!({"runAsUser": 0}),
    ];
    (any_workload(), vec(select(contexts), 3), select(pods)).prop_map(|(mut object, contexts, pod)| {
        let path = match object["kind"].as_str() {
            Some("Pod") => "/spec",
            Some("CronJob") => "/spec/jobTemplate/spec/template/spec",
            _ => "/spec/template/spec",
        };
        if let Some(spec) = object.pointer_mut(path) {
            let container = |name: &str, context: &Value| {
                json!({"name": name, "image": "i", "securityContext": context})
            };
            spec["initContainers"] = json!([container("x", &contexts[0]), container("y", &json!({}))]);
            spec["containers"] = json!([container("c", &contexts[1]), container("a", &contexts[2])]);
            spec["securityContext"] = pod;
            spec.as_object_mut().expect("a spec").remove("volumes");
        }
        object
    })
}

pub(super) fn busy_cluster() -> impl Strategy<Value = Cluster> {
    let workload = prop_oneof![any_workload(), any_rich_workload(), any_rich_workload()];
    let policy = |name| prop_oneof![3 => any_policy(name), 1 => Just(restricted(name))];
    let policies = (
        option::weighted(0.1, policy("0")),
        option::weighted(0.2, policy("0-0")),
        option::weighted(0.5, policy("a")),
        option::weighted(0.5, policy("b")),
        option::weighted(0.2, policy("c")),
    );
    (vec(workload, 1..4), policies, any_grants()).prop_map(|(workloads, policies, grants)| {
        let namespaces = ["shop", "store"].map(|name| {
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "uid": "n"}})
        });
        let workloads = workloads
            .into_iter()
            .enumerate()
            .map(|(number, mut object)| {
                object["metadata"]["name"] = format!("w{number}").into();
                object
            });
        let (first, second, third, fourth, fifth) = policies;
        let policies = [first, second, third, fourth, fifth];
        let objects = namespaces
            .into_iter()
            .chain(workloads)
            .chain(policies.into_iter().flatten())
            .chain(grants);
        Cluster::new(objects)
    })
}
