use psp2psa::admit::{Authorization, Candidate, Question, Replayed};
use psp2psa::diag::Diagnostic;
use psp2psa::input::InputFile;
use psp2psa::model::decode::Keep;
use psp2psa::rbac::Identity;
use serde_json::{Value, json};

use super::{ASSUMED, admit, grant, rbac, stream};

/// A policy that accepts every plain pod, with other values where `spec` has them.
pub(super) fn policy(name: &str, spec: Value) -> Value {
    let any = json!({ "rule": "RunAsAny" });
    let mut policy = json!({
        "apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": { "name": name },
        "spec": { "seLinux": any, "runAsUser": any, "supplementalGroups": any, "fsGroup": any, "volumes": ["*"] },
    });
    for (field, value) in spec.as_object().expect("a spec") {
        policy["spec"][field] = value.clone();
    }
    policy
}

fn spec() -> Value {
    json!({ "containers": [{ "name": "c", "image": "i" }] })
}

pub(super) fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": namespace }, "spec": spec(),
    })
}

fn workload(api_version: &str, kind: &str) -> Value {
    json!({
        "apiVersion": api_version, "kind": kind, "metadata": { "name": "w", "namespace": "shop" },
        "spec": { "template": { "spec": spec() } },
    })
}

fn owned_by(owner: Value) -> Value {
    let mut pod = pod("shop", "owned");
    pod["metadata"]["ownerReferences"] = json!([owner]);
    pod
}

fn somebody(user: &str, groups: &[&str]) -> Identity {
    Identity {
        user: user.to_owned(),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    }
}

fn controller(name: &str) -> Value {
    json!({ "kind": "ServiceAccount", "namespace": "kube-system", "name": name })
}

fn group(name: &str) -> Value {
    json!({ "kind": "Group", "name": name })
}

/// Which of the workloads are admitted under one policy, which these grants let somebody use.
#[track_caller]
fn admitted(grants: &[Value], workloads: &[Value], requester: Option<Identity>) -> Vec<bool> {
    let objects = [&[policy("p", json!({}))], grants, workloads].concat();
    let (results, _) = admit(&objects, "default", &rbac(requester));
    assert_eq!(results.len(), workloads.len());
    results.iter().map(|one| one.chosen.is_some()).collect()
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(|d| d.code.name).collect()
}

fn one(objects: &[Value], question: &Question) -> (Replayed, Vec<Diagnostic>) {
    let (mut results, diagnostics) = admit(objects, "default", question);
    assert_eq!(results.len(), 1);
    (results.remove(0), diagnostics)
}

#[test]
fn the_pods_of_a_workload_are_created_by_its_controller() {
    let kinds = [
        ("apps/v1", "Deployment", "replicaset-controller"),
        ("apps/v1", "ReplicaSet", "replicaset-controller"),
        ("apps/v1", "StatefulSet", "statefulset-controller"),
        ("apps/v1", "DaemonSet", "daemon-set-controller"),
        ("batch/v1", "Job", "job-controller"),
        ("v1", "ReplicationController", "replication-controller"),
    ];
    let workloads: Vec<Value> = kinds
        .iter()
        .map(|(api, kind, _)| workload(api, kind))
        .collect();
    for (_, _, name) in kinds {
        let grants = grant("g", &["p"], None, controller(name));
        let expected: Vec<bool> = kinds.iter().map(|(_, _, of)| *of == name).collect();
        assert_eq!(admitted(&grants, &workloads, None), expected, "{name}");
    }
    for name in ["system:authenticated", "system:serviceaccounts:kube-system"] {
        let grants = grant("g", &["p"], Some("shop"), group(name));
        assert_eq!(admitted(&grants, &workloads, None), [true; 6], "{name}");
    }
}

#[test]
fn who_is_named_creates_bare_pods_only() {
    let alice = json!({ "kind": "User", "name": "alice" });
    let grants = grant("g", &["p"], None, alice);
    let mut workloads = vec![pod("shop", "bare"), workload("apps/v1", "Deployment")];
    workloads.push(workload("argoproj.io/v1alpha1", "Rollout"));
    assert_eq!(admitted(&grants, &workloads, None), [false; 3]);
    let alice = Some(somebody("alice", &[]));
    assert_eq!(admitted(&grants, &workloads, alice), [true, false, false]);
}

#[test]
fn no_group_is_added_to_who_is_named() {
    let grants = grant("g", &["p"], None, group("system:authenticated"));
    let bare = [pod("shop", "bare")];
    let literal = Some(somebody("alice", &[]));
    assert_eq!(admitted(&grants, &bare, literal), [false]);
    let full = Some(somebody("alice", &["system:authenticated"]));
    assert_eq!(admitted(&grants, &bare, full), [true]);
}

#[test]
fn a_pod_with_an_owner_was_created_by_the_controller() {
    let owner = |api: &str, kind: &str| {
        owned_by(json!({ "apiVersion": api, "kind": kind, "name": "o", "controller": true }))
    };
    let pods = [
        owner("batch/v1", "Job"),
        owner("batch.volcano.sh/v1alpha1", "Job"),
        owner("v1", "Node"),
        owned_by(json!({ "apiVersion": "batch/v1", "kind": "Job", "name": "o" })),
    ];
    let by_controller = grant("g", &["p"], None, controller("job-controller"));
    assert_eq!(
        admitted(&by_controller, &pods, None),
        [true, false, false, false]
    );
    let by_group = grant("g", &["p"], None, group("system:authenticated"));
    let requester = Some(somebody("alice", &["system:authenticated"]));
    assert_eq!(
        admitted(&by_group, &pods, requester),
        [true, false, false, true]
    );
}

#[test]
fn the_account_counts_wherever_it_is_named() {
    let account = json!({ "kind": "ServiceAccount", "namespace": "shop", "name": "default" });
    let objects = |account_of: &[(&str, &str)]| {
        let mut rollout = workload("argoproj.io/v1alpha1", "Rollout");
        for (field, name) in account_of {
            rollout["spec"]["template"]["spec"][field] = json!(name);
        }
        let mut objects = vec![policy("p", json!({})), rollout];
        objects.extend(grant("g", &["p"], Some("shop"), account.clone()));
        objects
    };
    for named in [
        &[("serviceAccountName", "default")][..],
        &[("serviceAccount", "default")],
        &[
            ("serviceAccountName", "default"),
            ("serviceAccount", "other"),
        ],
    ] {
        let (result, diagnostics) = one(&objects(named), &rbac(None));
        let via = "RoleBinding \"shop/g\" of ClusterRole \"g\" to ServiceAccount \"shop/default\"";
        assert_eq!(result.candidates[0].via.as_deref(), Some(via), "{named:?}");
        assert_eq!(codes(&diagnostics), Vec::<&str>::new());
    }

    let (result, diagnostics) = one(&objects(&[]), &rbac(None));
    assert!(
        result.chosen.is_none(),
        "an account that is not named stays unset"
    );
    assert_eq!(
        codes(&diagnostics),
        ["admit/account-unset", "admit/creator-unknown"]
    );
    let pod = one(&objects(&[]), &ASSUMED)
        .0
        .pod()
        .expect("an admitted pod");
    assert_eq!(pod["spec"].get("serviceAccountName"), None);
    assert_eq!(pod["spec"].get("volumes"), None, "no token volume is added");
}

#[test]
fn masters_may_use_every_policy_without_a_grant() {
    let masters = Some(somebody("root", &["system:masters"]));
    let workloads = [pod("shop", "bare"), workload("apps/v1", "Deployment")];
    assert_eq!(admitted(&[], &workloads, masters.clone()), [true, false]);
    let objects = [policy("p", json!({})), pod("shop", "bare")];
    let (result, _) = one(&objects, &rbac(masters));
    let via = result.candidates[0].via.as_deref();
    assert_eq!(via, Some("membership of Group \"system:masters\""));
}

#[test]
fn without_a_policy_nothing_is_admitted() {
    let (result, _) = one(&[pod("shop", "bare")], &ASSUMED);
    assert_eq!(
        result.errors,
        ["no providers available to validate pod request"]
    );
    assert!(result.chosen.is_none() && result.candidates.is_empty() && result.pod().is_none());
}

#[test]
fn a_policy_that_the_server_refuses_takes_no_part() {
    let invalid = policy("a", json!({ "runAsUser": { "rule": "Sometimes" } }));
    let (result, diagnostics) = one(&[invalid.clone(), pod("shop", "bare")], &ASSUMED);
    assert_eq!(
        result.errors,
        ["no providers available to validate pod request"]
    );
    assert_eq!(result.candidates, []);
    assert_eq!(codes(&diagnostics), ["psp/invalid-policy"]);

    let (result, _) = one(
        &[invalid, policy("b", json!({})), pod("shop", "bare")],
        &ASSUMED,
    );
    assert_eq!(result.candidates.len(), 1);
    assert_eq!(result.chosen.expect("b admits it").policy, "b");
}

#[test]
fn a_broken_policy_is_skipped_but_listed_with_its_reason() {
    let broken = policy("a", json!({ "runAsUser": { "rule": "MustRunAs" } }));
    let (result, diagnostics) = one(&[broken.clone(), pod("shop", "bare")], &ASSUMED);
    assert_eq!(
        result.errors,
        ["no providers available to validate pod request"]
    );
    let listed = Candidate {
        policy: "a".to_owned(),
        via: Some("assumed".to_owned()),
        valid: false,
        mutated: false,
        errors: vec!["MustRunAs requires at least one range".to_owned()],
    };
    assert_eq!(result.candidates, [listed]);
    assert_eq!(codes(&diagnostics), ["psp/broken-policy"]);

    let (result, _) = one(
        &[broken, policy("b", json!({})), pod("shop", "bare")],
        &ASSUMED,
    );
    assert_eq!(result.chosen.expect("b admits it").policy, "b");
}

#[test]
fn only_usable_policies_speak_to_the_requester() {
    let strict = |name| policy(name, json!({ "volumes": [] }));
    let mut pod = pod("shop", "bare");
    pod["spec"]["volumes"] = json!([{ "name": "v" }]);
    let mut objects = vec![strict("mine"), strict("other"), pod.clone()];
    objects.extend(grant(
        "g",
        &["mine"],
        None,
        json!({ "kind": "User", "name": "alice" }),
    ));
    let (result, _) = one(&objects, &rbac(Some(somebody("alice", &[]))));
    let error =
        "spec.volumes[0]: Invalid value: \"emptyDir\": emptyDir volumes are not allowed to be used";
    assert_eq!(result.errors, [format!("mine: {error}")]);
    assert_eq!(result.candidates[1].errors, [error]);

    let sentence = |name: &str| {
        vec![format!(
            "pods \"{name}\" is forbidden: PodSecurityPolicy: unable to admit pod: []"
        )]
    };
    assert_eq!(one(&objects, &rbac(None)).0.errors, sentence("bare"));
    let deployment = [strict("p"), workload("apps/v1", "Deployment")];
    assert_eq!(one(&deployment, &rbac(None)).0.errors, sentence("w-"));
    pod["metadata"] = json!({ "generateName": "made-" });
    assert_eq!(
        one(&[strict("p"), pod.clone()], &rbac(None)).0.errors,
        sentence("made-")
    );
    pod["metadata"] = json!(null);
    assert_eq!(
        one(&[strict("p"), pod], &rbac(None)).0.errors,
        sentence("Unknown")
    );
}

#[test]
fn without_a_namespace_only_cluster_wide_grants_count() {
    let namespace = |name: &str| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    let mut homeless = pod("", "p");
    homeless["metadata"] = json!({ "name": "p" });
    homeless["spec"]["serviceAccountName"] = json!("s");
    let mut objects = vec![namespace("a"), namespace("b"), homeless];
    objects.extend([policy("local", json!({})), policy("wide", json!({}))]);
    let accounts = group("system:serviceaccounts");
    objects.extend(grant("local", &["local"], Some("a"), accounts.clone()));
    objects.extend(grant("wide", &["wide"], None, accounts));

    let read = psp2psa::read_keeping(&stream(&objects), Keep::Whole);
    let (results, diagnostics) = psp2psa::admit(read, &psp2psa::default_attribution(), &rbac(None));
    let [result] = results.as_slice() else {
        panic!("{} results", results.len());
    };
    assert_eq!(result.workload.namespace, None);
    assert_eq!(
        result.chosen.as_ref().map(|c| c.policy.as_str()),
        Some("wide")
    );
    assert_eq!(
        codes(&diagnostics),
        ["admit/namespace-unknown", "model/unattributed"]
    );
    let pod = result.pod().expect("an admitted pod");
    assert_eq!(pod["metadata"].get("namespace"), None);

    let (result, diagnostics) = one(&objects, &rbac(None));
    assert_eq!(result.workload.namespace.as_deref(), Some("default"));
    assert_eq!(codes(&diagnostics), Vec::<&str>::new());
}

#[test]
fn every_object_is_replayed_in_the_order_of_the_input() {
    let mut nameless = pod("shop", "");
    nameless["metadata"] = json!({ "generateName": "x-", "namespace": "shop" });
    let job = workload("batch/v1", "Job");
    let objects = [
        pod("b", "z"),
        job.clone(),
        nameless,
        pod("b", "z"),
        policy("p", json!({})),
        job,
        pod("a", "y"),
    ];
    let (results, _) = admit(&objects, "default", &ASSUMED);
    let names: Vec<String> = results
        .iter()
        .map(|r| r.workload.reference().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "Pod b/z",
            "Job shop/w",
            "Pod shop/x-*",
            "Pod b/z",
            "Job shop/w",
            "Pod a/y"
        ]
    );
    assert!(results.iter().all(|one| one.chosen.is_some()));

    let only = Question {
        namespace: Some("shop".to_owned()),
        authorization: Authorization::Assumed,
    };
    assert_eq!(admit(&objects, "default", &only).0.len(), 3);
}

#[test]
fn whatever_the_model_does_not_know_stays_in_the_pod() {
    let mut pod = pod("shop", "p");
    pod["metadata"]["annotations"] = json!({ "kubernetes.io/psp": "forged", "other": "stays" });
    pod["metadata"]["finalizers"] = json!(["example/f"]);
    pod["spec"]["future"] = json!({ "field": [1, null, 1.5, "1e3"] });
    pod["status"] = json!({ "phase": "Running" });
    let mutating = policy("p", json!({ "allowPrivilegeEscalation": false }));
    let (result, _) = one(&[mutating, pod.clone()], &ASSUMED);

    pod["metadata"]["annotations"]["kubernetes.io/psp"] = json!("p");
    pod["spec"]["securityContext"] = json!({});
    pod["spec"]["containers"][0]["securityContext"] = json!({ "allowPrivilegeEscalation": false });
    assert_eq!(result.pod(), Some(pod));
    let paths: Vec<String> = result
        .chosen
        .expect("p admits it")
        .changes
        .iter()
        .map(|c| c.path())
        .collect();
    assert_eq!(
        paths,
        ["spec.containers[0].securityContext.allowPrivilegeEscalation"]
    );
}

#[test]
fn a_pod_that_nothing_changes_gets_only_the_annotation() {
    let (result, _) = one(&[policy("p", json!({})), pod("shop", "p")], &ASSUMED);
    let seen = result.seen.clone().expect("kept whole");
    let mut pod = result.pod().expect("admitted");
    assert_eq!(
        pod["metadata"]["annotations"],
        json!({ "kubernetes.io/psp": "p" })
    );
    pod["metadata"]
        .as_object_mut()
        .expect("an object")
        .remove("annotations");
    assert_eq!(pod, seen);
    let chosen = result.chosen.expect("p admits it");
    assert!(!chosen.mutated && chosen.changes.is_empty());
}

#[test]
fn pods_are_kept_only_where_that_is_asked_for() {
    let objects = [policy("p", json!({})), pod("shop", "p")];
    let file: InputFile = stream(&objects);
    let (results, _) = psp2psa::admit(
        psp2psa::read(&file),
        &psp2psa::default_attribution(),
        &ASSUMED,
    );
    assert!(results[0].chosen.is_some() && results[0].seen.is_none() && results[0].pod().is_none());
}

#[test]
fn the_pods_of_a_stateful_set_have_its_claims() {
    let mut set = workload("apps/v1", "StatefulSet");
    set["spec"]["volumeClaimTemplates"] =
        json!([{ "metadata": { "name": "data" } }, { "metadata": { "name": "cache" } }]);
    set["spec"]["template"]["spec"]["volumes"] =
        json!([{ "name": "cache", "hostPath": { "path": "/c" } }, { "name": "tmp" }]);
    let name = set["metadata"]["name"].as_str().expect("a name").to_owned();
    let claims = json!({ "volumes": ["persistentVolumeClaim", "emptyDir"] });
    let (result, _) = one(&[policy("p", claims), set.clone()], &ASSUMED);
    let pod = result.pod().expect("an admitted pod");
    let claim = |of: &str| json!({ "name": of, "persistentVolumeClaim": { "claimName": format!("{of}-{name}-0") } });
    let expected = json!([claim("data"), claim("cache"), { "name": "tmp", "emptyDir": {} }]);
    assert_eq!(pod["spec"]["volumes"], expected);

    let none = json!({ "volumes": ["hostPath", "emptyDir"] });
    let (result, _) = one(&[policy("p", none.clone()), set.clone()], &ASSUMED);
    assert!(
        result.chosen.is_none(),
        "a claim is a volume like any other"
    );
    let mut deployment = set;
    deployment["kind"] = json!("Deployment");
    let (result, _) = one(&[policy("p", none), deployment], &ASSUMED);
    assert!(result.chosen.is_some(), "no other kind has claim templates");
}
