//! Generated clusters: what a dump of a big cluster looks like, from a seed.
//!
//! The same seed and sizes give the same bytes on every machine. Objects are as a cluster stores them, not as people
//! write them: `managedFields`, environment, status, an owner for each pod, a `kube-api-access-…` volume with a random
//! name in each. A pod is about 4.8 kB on one line, 11 kB in the form that `kubectl get -o json` prints. How many *different* pods there
//! are (up to names and nodes) depends on [`TEMPLATES`] only.

use std::io::{self, Write};

use serde_json::{Value, json};

/// Different pod templates in a cluster of any size.
pub(crate) const TEMPLATES: u64 = 2_000;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// Lower-case letters and digits, as the API server makes names of.
    fn suffix(&mut self, length: usize) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        (0..length)
            .map(|_| LETTERS[self.below(LETTERS.len() as u64) as usize] as char)
            .collect()
    }

    fn uid(&mut self) -> String {
        let (a, b) = (self.below(1 << 32), self.below(1 << 48));
        let (c, d) = (self.below(1 << 12), self.below(1 << 12));
        format!("{a:08x}-{:04x}-4{c:03x}-9{d:03x}-{b:012x}", a & 0xFFFF)
    }
}

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One `kind: List` as `kubectl get -o json` prints it.
    Json,
    /// One `kind: List` on one line, as an API server or `jq -c` prints it.
    CompactJson,
    /// One `kind: List` as `kubectl get -o yaml` prints it.
    YamlList,
    /// One YAML document for each object.
    YamlDocuments,
}

/// Writes objects in a form.
pub(crate) fn write(
    out: &mut impl Write,
    form: Form,
    objects: impl Iterator<Item = Value>,
) -> io::Result<()> {
    let opening = match form {
        Form::Json => "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n",
        Form::CompactJson => "{\"apiVersion\":\"v1\",\"items\":[",
        Form::YamlList => "apiVersion: v1\nitems:\n",
        Form::YamlDocuments => "",
    };
    out.write_all(opening.as_bytes())?;
    let mut text = Vec::new();
    for (index, object) in objects.enumerate() {
        text.clear();
        match form {
            Form::Json => {
                text.extend_from_slice(if index > 0 {
                    b",\n        "
                } else {
                    b"        "
                });
                pretty(&mut text, &object, 2)?;
            }
            Form::CompactJson => {
                text.extend_from_slice(if index > 0 { b"," } else { b"" });
                serde_json::to_writer(&mut text, &object)?;
            }
            Form::YamlList => yaml(&mut text, &json!([object]), 0)?,
            Form::YamlDocuments => {
                text.extend_from_slice(b"---\n");
                yaml(&mut text, &object, 0)?;
            }
        }
        out.write_all(&text)?;
    }
    let closing = match form {
        Form::Json => {
            "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n"
        }
        Form::CompactJson => "],\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"\"}}\n",
        Form::YamlList => "kind: List\nmetadata:\n  resourceVersion: \"\"\n",
        Form::YamlDocuments => "",
    };
    out.write_all(closing.as_bytes())
}

/// JSON with four blanks for each level, as `kubectl` prints it.
fn pretty(out: &mut Vec<u8>, value: &Value, level: usize) -> io::Result<()> {
    let line = |out: &mut Vec<u8>, level: usize| {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', 4 * level));
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push(b'{');
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                line(out, level + 1);
                serde_json::to_writer(&mut *out, key)?;
                out.extend_from_slice(b": ");
                pretty(out, value, level + 1)?;
            }
            line(out, level);
            out.push(b'}');
        }
        Value::Array(list) if !list.is_empty() => {
            out.push(b'[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                line(out, level + 1);
                pretty(out, value, level + 1)?;
            }
            line(out, level);
            out.push(b']');
        }
        scalar => serde_json::to_writer(&mut *out, scalar)?,
    }
    Ok(())
}

/// YAML in block style with lists not indented, as `kubectl` prints it.
fn yaml(out: &mut Vec<u8>, value: &Value, indent: usize) -> io::Result<()> {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.extend(std::iter::repeat_n(b' ', indent));
                }
                scalar(out, &Value::String(key.clone()))?;
                out.push(b':');
                match value {
                    Value::Object(map) if !map.is_empty() => {
                        out.push(b'\n');
                        out.extend(std::iter::repeat_n(b' ', indent + 2));
                        yaml(out, value, indent + 2)?;
                    }
                    Value::Array(list) if !list.is_empty() => {
                        out.push(b'\n');
                        out.extend(std::iter::repeat_n(b' ', indent));
                        yaml(out, value, indent)?;
                    }
                    value => {
                        out.push(b' ');
                        scalar(out, value)?;
                        out.push(b'\n');
                    }
                }
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.extend(std::iter::repeat_n(b' ', indent));
                }
                out.extend_from_slice(b"- ");
                yaml(out, value, indent + 2)?;
            }
        }
        value => {
            scalar(out, value)?;
            out.push(b'\n');
        }
    }
    Ok(())
}

/// A scalar: plain if that is safe beyond doubt, else as JSON, which is YAML too.
fn scalar(out: &mut Vec<u8>, value: &Value) -> io::Result<()> {
    if let Value::String(text) = value {
        let starts = |c: char| c.is_ascii_alphabetic() || c == '/';
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
        let word = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
        // Keys of `managedFields`, such as `k:{"uid":"…"}`.
        let prefixed = ["f:", "k:", "."]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        let inner = |c: char| plain(c) || "{}\"".contains(c);
        if text.starts_with(starts)
            && text.chars().all(plain)
            && !text.ends_with(':')
            && !word.contains(&text.to_lowercase().as_str())
            || prefixed && text.chars().all(inner)
        {
            return out.write_all(text.as_bytes());
        }
    }
    serde_json::to_writer(&mut *out, value)?;
    Ok(())
}

/// Running pods, spread over a thousand namespaces.
pub(crate) fn pods(seed: u64, count: u64) -> impl Iterator<Item = Value> {
    let mut random = Random(seed);
    (0..count).map(move |_| {
        let template = random.below(TEMPLATES);
        let namespace = format!("team-{:04}", template % 1000);
        pod(&mut random, &namespace, template)
    })
}

/// The numbers of a generated cluster for `migrate`.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Namespaces, a third of them with PSA labels.
    pub(crate) namespaces: u64,
    /// Deployments, StatefulSets, CronJobs and pods.
    pub(crate) workloads: u64,
    /// RoleBindings, and one ClusterRoleBinding for every hundred.
    pub(crate) bindings: u64,
    /// Roles and ClusterRoles.
    pub(crate) roles: u64,
    /// PodSecurityPolicies.
    pub(crate) policies: u64,
}

/// A cluster with everything that `migrate` looks at.
pub(crate) fn cluster(seed: u64, size: Size) -> impl Iterator<Item = Value> {
    let namespace = move |number: u64| format!("team-{:05}", number % size.namespaces);
    let namespaces = (0..size.namespaces).map(move |n| {
        let mut labels = json!({"kubernetes.io/metadata.name": namespace(n)});
        if n.is_multiple_of(3) {
            labels["pod-security.kubernetes.io/warn"] = json!("baseline");
        }
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace(n), "uid": Random(n).uid(), "labels": labels}})
    });
    let policies = (0..size.policies).map(policy);
    let roles = (0..size.roles).map(move |n| {
        let rules = json!([
            {"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"],
             "resourceNames": [format!("policy-{}", n % size.policies)]},
            {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": ["get", "list", "watch"]},
        ]);
        let name = format!("role-{n}");
        match n % 2 {
            0 => json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": name}, "rules": rules}),
            _ => json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                "metadata": {"name": name, "namespace": namespace(n / 2)}, "rules": rules}),
        }
    });
    let bindings = (0..size.bindings).map(move |n| binding(n, size, namespace));
    let mut random = Random(seed);
    let workloads = (0..size.workloads).map(move |n| {
        let template = random.below(TEMPLATES);
        let home = namespace(n);
        match n % 10 {
            0..=2 => pod(&mut random, &home, template),
            3 => controller(&mut random, "batch/v1", "CronJob", &home, template, n),
            4 => controller(&mut random, "apps/v1", "StatefulSet", &home, template, n),
            _ => controller(&mut random, "apps/v1", "Deployment", &home, template, n),
        }
    });
    namespaces
        .chain(policies)
        .chain(roles)
        .chain(bindings)
        .chain(workloads)
}

fn policy(n: u64) -> Value {
    let rule = |name: &str| json!({"rule": name});
    let mut spec = json!({
        "seLinux": rule("RunAsAny"), "supplementalGroups": rule("RunAsAny"), "fsGroup": rule("RunAsAny"),
        "runAsUser": rule(if n.is_multiple_of(3) { "RunAsAny" } else { "MustRunAsNonRoot" }),
        "volumes": ["configMap", "secret", "emptyDir", "projected", "downwardAPI", "persistentVolumeClaim"],
        "allowPrivilegeEscalation": n.is_multiple_of(3),
        "requiredDropCapabilities": if n.is_multiple_of(3) { json!([]) } else { json!(["ALL"]) },
    });
    if n.is_multiple_of(7) {
        spec["privileged"] = json!(true);
        spec["hostNetwork"] = json!(true);
        spec["volumes"] = json!(["*"]);
    }
    json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy",
        "metadata": {"name": format!("policy-{n}")}, "spec": spec})
}

fn binding(n: u64, size: Size, namespace: impl Fn(u64) -> String) -> Value {
    let home = namespace(n);
    let cluster_wide = n.is_multiple_of(100);
    // Half of the Roles stand in the namespace of a binding; the others are bound as ClusterRoles.
    let role = if n % 4 == 1 {
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role",
            "name": format!("role-{}", (n * 2 + 1) % size.roles)})
    } else {
        json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
            "name": format!("role-{}", n * 2 % size.roles)})
    };
    let subject = match n % 3 {
        0 => json!({"kind": "ServiceAccount", "name": "app", "namespace": home}),
        1 => json!({"kind": "Group", "apiGroup": "rbac.authorization.k8s.io",
            "name": format!("system:serviceaccounts:{home}")}),
        _ => json!({"kind": "ServiceAccount", "name": "default", "namespace": home}),
    };
    let mut binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": format!("binding-{n}"), "namespace": home}, "roleRef": role, "subjects": [subject]});
    if cluster_wide {
        binding["kind"] = json!("ClusterRoleBinding");
        binding["roleRef"]["kind"] = json!("ClusterRole");
        binding["roleRef"]["name"] = json!(format!("role-{}", n * 2 % size.roles));
        binding["metadata"] = json!({"name": format!("binding-{n}")});
    }
    binding
}

fn controller(
    random: &mut Random,
    api_version: &str,
    kind: &str,
    namespace: &str,
    template: u64,
    number: u64,
) -> Value {
    let name = format!("app-{number}");
    let labels = json!({"app": name, "tier": "backend"});
    let pod = json!({"metadata": {"labels": labels}, "spec": spec(template, None)});
    let spec = match kind {
        "CronJob" => json!({"schedule": "0 * * * *", "jobTemplate": {"spec": {"template": pod}}}),
        _ => json!({"replicas": 3, "selector": {"matchLabels": labels}, "template": pod}),
    };
    json!({"apiVersion": api_version, "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "uid": random.uid(), "labels": labels,
            "creationTimestamp": "2026-01-02T03:04:05Z", "resourceVersion": random.below(1 << 40).to_string(),
            "managedFields": managed_fields("kubectl-client-side-apply")},
        "spec": spec,
        "status": {"observedGeneration": 4, "replicas": 3, "readyReplicas": 3}})
}

fn pod(random: &mut Random, namespace: &str, template: u64) -> Value {
    let replica_set = format!(
        "service-{template:04}-{:08x}",
        template.wrapping_mul(0x9E37_79B9)
    );
    let access = format!("kube-api-access-{}", random.suffix(5));
    let image = image(template);
    let start = format!("2026-01-{:02}T03:04:05Z", 1 + random.below(28));
    let node = format!("node-{:03}.example.internal", random.below(500));
    let mut spec = spec(template, Some(&access));
    spec["nodeName"] = json!(node);
    let address = format!(
        "10.{}.{}.{}",
        random.below(256),
        random.below(256),
        random.below(256)
    );
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{replica_set}-{}", random.suffix(5)), "generateName": format!("{replica_set}-"),
            "namespace": namespace, "uid": random.uid(), "creationTimestamp": start,
            "resourceVersion": random.below(1 << 40).to_string(),
            "labels": {"app": format!("service-{template:04}"), "pod-template-hash": format!("{template:08x}")},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": replica_set,
                "uid": Random(template).uid(), "controller": true, "blockOwnerDeletion": true}],
            "managedFields": managed_fields("kube-controller-manager"),
        },
        "spec": spec,
        "status": {
            "phase": "Running", "qosClass": "Burstable", "hostIP": "10.0.0.1", "podIP": address, "startTime": start,
            "conditions": [
                {"type": "Initialized", "status": "True", "lastProbeTime": null, "lastTransitionTime": start},
                {"type": "Ready", "status": "True", "lastProbeTime": null, "lastTransitionTime": start},
            ],
            "containerStatuses": [{"name": "app", "image": image, "ready": true, "restartCount": random.below(9),
                "containerID": format!("containerd://{}", random.suffix(64)),
                "imageID": format!("{image}@sha256:{}", random.suffix(64)),
                "state": {"running": {"startedAt": start}}, "lastState": {}}],
        },
    })
}

fn image(template: u64) -> String {
    format!(
        "registry.example.com/team/service-{template:04}:1.{}.0",
        template % 17
    )
}

/// The spec of a template; a running pod has a volume for its token as well.
fn spec(template: u64, access: Option<&str>) -> Value {
    let mut random = Random(template);
    let env: Vec<Value> = (0..14)
        .map(|n| json!({"name": format!("SETTING_{n}"), "value": format!("http://backend-{n}.svc:{}", random.below(9000))}))
        .collect();
    let security = match template % 5 {
        0 => {
            json!({"allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"}})
        }
        1 => json!({"privileged": true}),
        2 => json!({"capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]}}),
        3 => json!({"runAsUser": 0}),
        _ => json!({}),
    };
    let mut volumes =
        vec![json!({"name": "config", "configMap": {"name": "settings", "defaultMode": 420}})];
    if template % 11 == 1 {
        volumes.push(json!({"name": "logs", "hostPath": {"path": "/var/log", "type": ""}}));
    }
    let mut mounts = vec![json!({"name": "config", "mountPath": "/etc/app", "readOnly": true})];
    if let Some(access) = access {
        mounts.push(json!({"name": access, "readOnly": true,
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}));
        volumes.push(json!({"name": access, "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace",
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}},
        ]}}));
    }
    json!({
        "containers": [{
            "name": "app", "image": image(template), "imagePullPolicy": "IfNotPresent", "env": env,
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
            "securityContext": security, "volumeMounts": mounts,
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        }],
        "dnsPolicy": "ClusterFirst", "enableServiceLinks": true, "priority": 0, "restartPolicy": "Always",
        "schedulerName": "default-scheduler", "securityContext": {}, "terminationGracePeriodSeconds": 30,
        "serviceAccount": "app", "serviceAccountName": "app",
        "tolerations": [{"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists",
            "tolerationSeconds": 300}],
        "volumes": volumes,
    })
}

fn managed_fields(manager: &str) -> Value {
    json!([{
        "apiVersion": "v1", "fieldsType": "FieldsV1", "manager": manager, "operation": "Update",
        "time": "2026-01-02T03:04:05Z",
        "fieldsV1": {
            "f:metadata": {"f:generateName": {}, "f:labels": {".": {}, "f:app": {}, "f:pod-template-hash": {}},
                "f:ownerReferences": {".": {}, "k:{\"uid\":\"0a1b2c3d\"}": {}}},
            "f:status": {"f:conditions": {"k:{\"type\":\"Initialized\"}": {".": {}, "f:status": {}, "f:type": {}},
                "k:{\"type\":\"Ready\"}": {".": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {}}},
                "f:containerStatuses": {}, "f:hostIP": {}, "f:phase": {}, "f:podIP": {}, "f:startTime": {}},
            "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:env": {".": {}}, "f:image": {},
                "f:imagePullPolicy": {}, "f:livenessProbe": {".": {}, "f:httpGet": {".": {}, "f:path": {}}},
                "f:name": {}, "f:ports": {}, "f:resources": {}}}, "f:dnsPolicy": {}, "f:restartPolicy": {},
                "f:securityContext": {}},
        },
    }])
}
