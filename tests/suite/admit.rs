//! `admit` against upstream's answers: every line of `fixtures/vectors/psp*.jsonl` as a stream of objects.

use std::collections::BTreeSet;

use psp2psa::admit::{Authorization, Question, Replayed};
use psp2psa::diag::Diagnostic;
use psp2psa::input::InputFile;
use psp2psa::model::attribution::Attribution;
use psp2psa::model::decode::Keep;
use psp2psa::model::pod::Pod;
use psp2psa::rbac::Identity;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::policies::CREATIONS;
use crate::psp::PerPsp;

/// Creators, accounts, namespaces, policies that take no part.
mod behaviour;
/// The command: arguments, exit codes, tables, diffs, hostile names.
mod binary;
/// The API server's defaults in a pod's JSON.
mod defaults;
/// The report in JSON, and its pods in YAML.
mod report;

/// Fields of a pod outside of its volumes that the API server's defaults write and no policy can see.
const UNSEEN_DEFAULTS: &[&str] = &[
    "dnsPolicy",
    "enableServiceLinks",
    "imagePullPolicy",
    "protocol",
    "resources",
    "restartPolicy",
    "schedulerName",
    "terminationGracePeriodSeconds",
    "terminationMessagePath",
    "terminationMessagePolicy",
];

#[derive(Deserialize)]
struct Vector {
    id: String,
    op: String,
    namespace: String,
    psps: Vec<Value>,
    pod: Value,
    #[serde(default)]
    authorized: BTreeSet<String>,
    #[serde(default)]
    authorized_user: BTreeSet<String>,
    #[serde(default)]
    authorized_sa: BTreeSet<String>,
    user: Option<User>,
    rbac: Option<Value>,
    expect: Expect,
}

#[derive(Deserialize)]
struct User {
    name: String,
    groups: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Expect {
    admitted: bool,
    psp: Option<String>,
    mutated: bool,
    pod: Option<Value>,
    errors: Vec<String>,
    per_psp: Vec<PerPsp>,
}

/// Objects as a stream, one a line.
fn stream(objects: &[Value]) -> InputFile {
    let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
    InputFile::new("stream.json", lines.join("\n").into_bytes())
}

fn admit(
    objects: &[Value],
    namespace: &str,
    question: &Question,
) -> (Vec<Replayed>, Vec<Diagnostic>) {
    let read = psp2psa::read_keeping(&stream(objects), Keep::Whole);
    let attribution = Attribution {
        default_namespace: namespace.to_owned(),
        chosen: true,
    };
    psp2psa::admit(read, &attribution, question)
}

fn rbac(requester: Option<Identity>) -> Question {
    Question {
        authorization: Authorization::Rbac { requester },
        namespace: None,
    }
}

const ASSUMED: Question = Question {
    authorization: Authorization::Assumed,
    namespace: None,
};

/// A role that uses policies, and its binding. A namespace makes the binding one of that namespace.
fn grant(name: &str, policies: &[&str], namespace: Option<&str>, subject: Value) -> Vec<Value> {
    let api = "rbac.authorization.k8s.io/v1";
    let kind = match namespace {
        Some(_) => "RoleBinding",
        None => "ClusterRoleBinding",
    };
    let rule = json!({
        "apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"], "resourceNames": policies,
    });
    vec![
        json!({ "apiVersion": api, "kind": "ClusterRole", "metadata": { "name": name }, "rules": [rule] }),
        json!({
            "apiVersion": api, "kind": kind, "metadata": { "name": name, "namespace": namespace },
            "roleRef": { "kind": "ClusterRole", "name": name }, "subjects": [subject],
        }),
    ]
}

const REQUESTER: &str = "somebody@example.com";

impl Vector {
    fn requester(&self) -> Identity {
        match &self.user {
            Some(user) => Identity {
                user: user.name.clone(),
                groups: user.groups.clone().unwrap_or_default(),
            },
            None => Identity {
                user: REQUESTER.to_owned(),
                groups: Vec::new(),
            },
        }
    }

    /// Everything in the cluster, and last the pod.
    fn objects(&self) -> Vec<Value> {
        let mut objects = self.psps.clone();
        for policy in self.authorized.union(&self.authorized_user) {
            let user = json!({ "kind": "User", "name": REQUESTER });
            objects.extend(grant(&format!("user-{policy}"), &[policy], None, user));
        }
        for policy in self.authorized.union(&self.authorized_sa) {
            let accounts = json!({ "kind": "Group", "name": "system:serviceaccounts" });
            objects.extend(grant(
                &format!("account-{policy}"),
                &[policy],
                None,
                accounts,
            ));
        }
        if let Some(rbac) = &self.rbac {
            objects.extend(rbac_objects(rbac));
        }
        objects.push(self.pod.clone());
        objects
    }
}

/// The RBAC of a line as manifests, or, where the aggregation controller has done its work, as objects of a cluster.
fn rbac_objects(rbac: &Value) -> Vec<Value> {
    let kinds = [
        ("roles", "Role"),
        ("clusterRoles", "ClusterRole"),
        ("roleBindings", "RoleBinding"),
        ("clusterRoleBindings", "ClusterRoleBinding"),
    ];
    let mut objects = Vec::new();
    for (list, kind) in kinds {
        for object in rbac[list].as_array().into_iter().flatten() {
            let mut object = object.clone();
            object["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
            object["kind"] = json!(kind);
            if rbac["aggregate"] != json!(true) {
                object["metadata"]["resourceVersion"] = json!("1");
            }
            objects.push(object);
        }
    }
    objects
}

fn typed(pod: &Value) -> Pod {
    serde_json::from_value(pod.clone()).expect("a pod")
}

/// Where `theirs` does not say what `ours` says, and which members only `theirs` has. Null and empty is absent,
/// and so is what Go leaves out because it is zero; what policies tell apart, the typed comparison does.
fn differences(
    ours: &Value,
    theirs: &Value,
    path: &str,
    wrong: &mut Vec<String>,
    more: &mut BTreeSet<String>,
) {
    let absent = |value: &Value| [json!(null), json!([]), json!(false), json!(0)].contains(value);
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for name in names {
                let [ours, theirs] = [ours, theirs].map(|of| of.get(name).unwrap_or(&Value::Null));
                if absent(ours) && !absent(theirs) {
                    more.insert(format!("{path}.{name}"));
                } else {
                    differences(ours, theirs, &format!("{path}.{name}"), wrong, more);
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                differences(ours, theirs, &format!("{path}[{index}]"), wrong, more);
            }
        }
        _ if absent(ours) && absent(theirs) || ours == theirs => {}
        _ => wrong.push(format!("{path}: {ours} is not {theirs}")),
    }
}

fn compare(vector: &Vector) {
    let Vector { id, expect, .. } = vector;
    let (results, diagnostics) = admit(
        &vector.objects(),
        &vector.namespace,
        &rbac(Some(vector.requester())),
    );
    let [result] = results.as_slice() else {
        panic!("{id}: {} results", results.len());
    };
    let refused = |d: &&Diagnostic| d.code.name == "psp/invalid-policy";
    assert_eq!(
        diagnostics.iter().find(refused).map(|d| &d.message),
        None,
        "{id}"
    );

    let chosen = result.chosen.as_ref();
    assert_eq!(chosen.is_some(), expect.admitted, "{id}");
    assert_eq!(chosen.map(|c| &c.policy), expect.psp.as_ref(), "{id}");
    assert_eq!(chosen.is_some_and(|c| c.mutated), expect.mutated, "{id}");
    assert_eq!(
        chosen.is_some_and(|c| !c.changes.is_empty()),
        expect.mutated,
        "{id}"
    );
    assert_eq!(result.errors, expect.errors, "{id}");

    let ours: Vec<_> = (result.candidates.iter())
        .map(|c| {
            (
                &c.policy,
                c.via.is_some(),
                c.valid,
                c.mutated,
                c.errors.clone(),
            )
        })
        .collect();
    let theirs: Vec<_> = (expect.per_psp.iter())
        .map(|p| {
            let broken = p.provider_error.iter();
            let errors = p.errors.iter().chain(broken).cloned().collect();
            (&p.name, p.authorized, p.valid, p.mutated, errors)
        })
        .collect();
    assert_eq!(ours, theirs, "{id}");

    let pod = result.pod();
    assert_eq!(pod.is_some(), expect.pod.is_some(), "{id}");
    if let (Some(ours), Some(theirs)) = (pod, &expect.pod) {
        assert_eq!(typed(&ours), typed(theirs), "{id}");
        let (mut wrong, mut more) = (Vec::new(), BTreeSet::new());
        differences(&ours, theirs, "", &mut wrong, &mut more);
        assert_eq!(wrong, Vec::<String>::new(), "{id}");
        more.retain(|path| {
            let name = path.rsplit('.').next().unwrap_or_default();
            !path.starts_with(".spec.volumes[") && !UNSEEN_DEFAULTS.contains(&name)
        });
        assert_eq!(more, BTreeSet::new(), "{id}");
    }
}

/// The lines of a file. They are pure RBAC, in which masters are a group like any other; here they are called so that
/// nothing else is made of them.
fn vectors(text: &str) -> impl Iterator<Item = Vector> {
    text.lines().map(|line| {
        let line = line.replace("system:masters", "example:masters");
        serde_json::from_str(&line).expect("a vector")
    })
}

#[test]
fn every_creation_gets_upstreams_answer() {
    for (file, text) in CREATIONS {
        let mut count = 0;
        for vector in vectors(text) {
            assert_eq!(vector.op, "CREATE", "{file}");
            compare(&vector);
            count += 1;
        }
        assert!(count > 100, "{file}");
    }
}

#[test]
fn the_pods_of_a_template_are_those_of_a_bare_pod() {
    const TEMPLATES: &[(&str, &str, &[&str])] = &[
        ("apps/v1", "Deployment", &["spec", "template"]),
        (
            "batch/v1",
            "CronJob",
            &["spec", "jobTemplate", "spec", "template"],
        ),
        ("v1", "PodTemplate", &["template"]),
        ("operator.example/v1", "Thing", &["spec", "podTemplate"]),
    ];
    for (vector, (api_version, kind, path)) in vectors(CREATIONS[1].1).zip(TEMPLATES.iter().cycle())
    {
        let template = json!({ "metadata": vector.pod["metadata"], "spec": vector.pod["spec"] });
        let mut object = path
            .iter()
            .rev()
            .fold(template, |inner, key| json!({ (*key): inner }));
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        object["metadata"] = json!({ "name": "w", "namespace": vector.namespace });
        let mut objects = vector.psps.clone();
        objects.extend([vector.pod.clone(), object]);

        let (results, _) = admit(&objects, &vector.namespace, &ASSUMED);
        let [bare, templated] = results.as_slice() else {
            panic!("{}: {} results", vector.id, results.len());
        };
        assert_eq!(templated.pod(), bare.pod(), "{}", vector.id);
        assert_eq!(templated.chosen, bare.chosen, "{}", vector.id);
        assert_eq!(templated.candidates, bare.candidates, "{}", vector.id);
        assert_eq!(templated.workload.kind, *kind);
    }
}
