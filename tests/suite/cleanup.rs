//! What goes with the policies, and that nothing else does.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use psp2psa::input::InputFile;
use psp2psa::model::Inventory;
use psp2psa::plan::Options;
use psp2psa::plan::cleanup::{Cleanup, Why, cleanup};
use psp2psa::plan::versions::Plugin;
use psp2psa::rbac::{Identity, Request, Without, without_policies};
use psp2psa::{Read, default_attribution, render};
use serde_json::{Value, json};

const NAMESPACES: [&str; 2] = ["m", "n"];
const VERBS: [&str; 4] = ["use", "get", "create", "list"];
const GROUPS: [&str; 4] = ["policy", "extensions", "", "security.openshift.io"];
const RESOURCES: [&str; 4] = [
    "podsecuritypolicies",
    "poddisruptionbudgets",
    "pods",
    "securitycontextconstraints",
];

fn read(objects: &[Value]) -> Read {
    let mut all = Read::default();
    for (at, object) in objects.iter().enumerate() {
        let file = InputFile::new(format!("{at:02}.json"), object.to_string().into_bytes());
        all.append(psp2psa::read(&file));
    }
    all
}

fn inventory(objects: &[Value]) -> Inventory {
    psp2psa::assemble(read(objects), &default_attribution()).0
}

/// What the files of the folder say, by folder.
fn written(objects: &[Value], exclude: &[String]) -> BTreeMap<&'static str, Vec<Value>> {
    let options = Options {
        prefer: psp2psa::plan::Prefer::Stability,
        exclude: exclude.to_vec(),
        ..Options::DEFAULT
    };
    let (plan, _) = psp2psa::migrate(read(objects), &default_attribution(), &options);
    let artifacts = render::cleanup::artifacts(&plan);
    ["delete", "edit"]
        .map(|folder| {
            let files = artifacts.iter().filter(|artifact| {
                artifact.path.contains(&format!("70-cleanup/{folder}/"))
                    && !artifact.path.ends_with("kustomization.yaml")
            });
            let documents = files.flat_map(|artifact| {
                let file = InputFile::new(artifact.path.as_str(), artifact.text.clone().into());
                let chunks = psp2psa::input::chunks(&file);
                let readings = chunks.iter().map(|chunk| chunk.read());
                let documents: Vec<Value> = readings
                    .flat_map(|reading| reading.documents)
                    .map(|document| document.value().expect("what we write is readable"))
                    .collect();
                documents
            });
            (folder, documents.collect())
        })
        .into()
}

/// Kind, namespace and name.
fn key(object: &Value) -> (String, String, String) {
    let text = |path: &str| {
        let value = object.pointer(path).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    (
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
    )
}

/// The objects after the folder was applied.
fn cleaned(objects: &[Value], exclude: &[String]) -> Vec<Value> {
    let written = written(objects, exclude);
    let concerned = |object: &Value| {
        let all = written.values().flatten();
        let mut keys = all.map(key);
        keys.any(|written| written == key(object))
    };
    let kept = objects.iter().filter(|object| !concerned(object));
    kept.chain(&written["edit"]).cloned().collect()
}

fn any_rule() -> impl Strategy<Value = Value> {
    let some = |items: &[&'static str]| subsequence(items.to_vec(), 1..=2);
    let anything = (
        some(&["use", "use", "get", "list", "*"]),
        some(&["policy", "extensions", "", "*", "security.openshift.io"]),
        some(&[
            "podsecuritypolicies",
            "podsecuritypolicies",
            "poddisruptionbudgets",
            "pods",
            "*",
            "securitycontextconstraints",
        ]),
        subsequence(vec!["a", "b"], 0..=1),
    )
        .prop_map(|(verbs, groups, resources, names)| {
            json!({"verbs": verbs, "apiGroups": groups, "resources": resources, "resourceNames": names})
        });
    let usual = Just(json!({
        "verbs": ["use"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["a"]
    }));
    prop_oneof![3 => usual, 2 => anything]
}

fn any_role() -> impl Strategy<Value = Value> {
    (
        prop::option::weighted(0.3, select(NAMESPACES.to_vec())),
        select(vec!["r0", "r1", "r2", "r3", "system:r", "admin"]),
        prop::collection::vec(any_rule(), 0..=2),
        prop::option::weighted(0.3, select(vec!["1", "2"])),
        prop::option::weighted(0.1, select(vec!["1", "2"])),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(namespace, name, rules, label, selected, live)| {
            let mut role = json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": if namespace.is_some() { "Role" } else { "ClusterRole" },
                "metadata": {"name": name, "labels": {"to": label}}, "rules": rules,
            });
            if let Some(namespace) = namespace {
                role["metadata"]["namespace"] = json!(namespace);
            } else if let Some(value) = selected {
                role["aggregationRule"] =
                    json!({"clusterRoleSelectors": [{"matchLabels": {"to": value}}]});
            }
            if live {
                role["metadata"]["uid"] = json!("1");
            }
            role
        })
}

fn any_binding() -> impl Strategy<Value = Value> {
    let subjects = vec![
        json!({"kind": "User", "name": "alice"}),
        json!({"kind": "Group", "name": "system:serviceaccounts:n"}),
        json!({"kind": "ServiceAccount", "namespace": "m", "name": "x"}),
    ];
    (
        prop::option::of(select(NAMESPACES.to_vec())),
        select(vec!["b0", "b1", "b2"]),
        select(vec!["ClusterRole", "ClusterRole", "Role"]),
        select(vec![
            "r0",
            "r1",
            "r2",
            "r3",
            "system:r",
            "admin",
            "cluster-admin",
        ]),
        subsequence(subjects, 1..=2),
    )
        .prop_map(|(namespace, name, kind, role, subjects)| {
            let mut binding = json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" },
                "metadata": {"name": name}, "subjects": subjects,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role},
            });
            if let Some(namespace) = namespace {
                binding["metadata"]["namespace"] = json!(namespace);
            }
            binding
        })
}

fn any_objects() -> impl Strategy<Value = Vec<Value>> {
    let policy = |name| json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": name}, "spec": {}});
    (
        prop::collection::vec(any_role(), 1..=5),
        prop::collection::vec(any_binding(), 1..=5),
    )
        .prop_map(move |(roles, bindings)| {
            let policies = ["a", "b"].map(policy);
            [roles, bindings, policies.to_vec()].concat()
        })
}

fn everybody() -> Vec<Identity> {
    let alice = Identity {
        user: "alice".to_owned(),
        groups: Vec::new(),
    };
    vec![
        alice,
        Identity::account("n", "y"),
        Identity::account("m", "x"),
    ]
}

/// Every question that has the answer yes.
fn allowed(inventory: &Inventory) -> Vec<String> {
    let (access, _) = psp2psa::resolve(inventory);
    let mut allowed = Vec::new();
    for who in everybody() {
        for namespace in NAMESPACES {
            for verb in VERBS {
                for group in GROUPS {
                    for resource in RESOURCES {
                        for name in ["", "a", "b"] {
                            let request = Request {
                                verb,
                                group,
                                resource,
                                name,
                            };
                            if access.authorizes(&who, namespace, &request).is_some() {
                                allowed.push(format!(
                                    "{} {verb} {group}/{resource}/{name} in {namespace}",
                                    who.user
                                ));
                            }
                        }
                    }
                }
            }
        }
    }
    allowed
}

fn but_use(allowed: Vec<String>) -> Vec<String> {
    let used = |line: &String| line.contains(" use ") && line.contains("/podsecuritypolicies/");
    allowed.into_iter().filter(|line| !used(line)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn authorization_answers_everything_else_as_before(
        objects in any_objects(),
        exclude in subsequence(vec!["m".to_owned()], 0..=1),
    ) {
        let before = but_use(allowed(&inventory(&objects)));
        let after = but_use(allowed(&inventory(&cleaned(&objects, &exclude))));
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_policy_can_be_used_only_through_what_is_left_and_by_wildcard(objects in any_objects()) {
        let before = inventory(&objects);
        let left: Vec<String> = cleanup(&before, &[], Plugin::Possible).left.iter().map(|left| left.item.object.name.clone()).collect();
        let after = inventory(&cleaned(&objects, &[]));
        let (access, _) = psp2psa::resolve(&after);
        for grant in access.grants() {
            let chain = grant.chain;
            let written_in = &chain.rule.role.name;
            prop_assert!(
                without_policies(chain.rule.rule) == Without::Inseparable
                    || left.contains(written_in)
                    || left.contains(&chain.role.name),
                "{chain} by {}", chain.rule
            );
        }
    }

    #[test]
    fn a_second_cleanup_has_nothing_to_do(objects in any_objects()) {
        let after = cleaned(&objects, &[]);
        let rest = cleanup(&inventory(&after), &[], Plugin::Possible);
        prop_assert!(rest.is_empty(), "{rest:?}");
    }
}

fn names(cleanup: &Cleanup) -> (Vec<&str>, Vec<&str>) {
    let deleted = cleanup.deleted().map(|item| item.object.name.as_str());
    let edited = cleanup
        .edits
        .iter()
        .map(|edit| edit.item.object.name.as_str());
    (deleted.collect(), edited.collect())
}

fn cluster_role(name: &str, rules: &[Value]) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules})
}

fn cluster_binding(name: &str, role: &str) -> Value {
    json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [{"kind": "User", "name": "alice"}]})
}

fn psp_rule() -> Value {
    json!({"verbs": ["use"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "resourceNames": ["a"]})
}

#[test]
fn a_binding_goes_with_a_role_that_goes_and_stays_with_one_that_keeps_rules() {
    let pods = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
    let objects = [
        cluster_role("only", &[psp_rule()]),
        cluster_role("mixed", &[pods.clone(), psp_rule()]),
        cluster_binding("of-only", "only"),
        cluster_binding("of-mixed", "mixed"),
    ];
    let cleanup = cleanup(&inventory(&objects), &[], Plugin::Possible);
    assert_eq!(names(&cleanup), (vec!["of-only", "only"], vec!["mixed"]));
    assert_eq!(cleanup.edits[0].manifest["rules"], json!([pods]));
}

#[test]
fn only_the_use_of_policies_is_taken_out_of_a_rule() {
    let rules = |rule: Value| {
        let objects = [cluster_role("r", &[rule])];
        let mut cleanup = cleanup(&inventory(&objects), &[], Plugin::Possible);
        cleanup
            .edits
            .pop()
            .map(|edit| edit.manifest["rules"].clone())
    };
    assert_eq!(
        rules(
            json!({"verbs": ["use", "get"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies"]})
        ),
        Some(
            json!([{"verbs": ["get"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies"]}])
        )
    );
    assert_eq!(
        rules(
            json!({"verbs": ["use"], "apiGroups": ["policy", "security.openshift.io"],
            "resources": ["podsecuritypolicies", "securitycontextconstraints"], "resourceNames": ["a"]})
        ),
        Some(
            json!([{"verbs": ["use"], "apiGroups": ["policy", "security.openshift.io"],
            "resources": ["securitycontextconstraints"], "resourceNames": ["a"]}])
        )
    );
    // Neither is a product of verbs and resources any more, so there are two rules.
    assert_eq!(
        rules(
            json!({"verbs": ["use", "get"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies", "poddisruptionbudgets"]})
        ),
        Some(json!([
            {"verbs": ["use", "get"], "apiGroups": ["policy"], "resources": ["poddisruptionbudgets"]},
            {"verbs": ["get"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies"]},
        ]))
    );
    assert_eq!(
        rules(
            json!({"verbs": ["use"], "apiGroups": ["apps"], "resources": ["podsecuritypolicies"]})
        ),
        None,
        "another group's policies are none of ours"
    );
}

#[test]
fn what_is_kubernetes_own_or_a_wildcard_is_left_alone() {
    let everything = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    let manage =
        json!({"verbs": ["*"], "apiGroups": ["policy"], "resources": ["podsecuritypolicies"]});
    let mut labelled = cluster_role("gce:addon", &[psp_rule()]);
    labelled["metadata"]["labels"] = json!({"kubernetes.io/bootstrapping": "rbac-defaults"});
    let objects = [
        cluster_role("cluster-admin", std::slice::from_ref(&everything)),
        cluster_role("breakglass", &[everything]),
        cluster_role("manager", &[manage]),
        cluster_role("system:addon", &[psp_rule()]),
        labelled,
        cluster_binding("of-system", "system:addon"),
    ];
    let cleanup = cleanup(&inventory(&objects), &[], Plugin::Possible);
    assert!(cleanup.is_empty(), "{cleanup:?}");
    let left: Vec<(&str, Why)> = cleanup
        .left
        .iter()
        .map(|left| (left.item.object.name.as_str(), left.why))
        .collect();
    assert_eq!(
        left,
        [
            ("gce:addon", Why::Bootstrap),
            ("manager", Why::Wildcard),
            ("system:addon", Why::Bootstrap)
        ]
    );
}

#[test]
fn the_live_variant_of_a_role_is_the_one_that_is_edited() {
    let pods = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
    let mut live = cluster_role("mixed", &[pods.clone(), psp_rule()]);
    live["metadata"]["uid"] = json!("1");
    live["metadata"]["annotations"] = json!({"owner": "ops"});
    let in_git = cluster_role("mixed", &[pods, psp_rule()]);
    let cleanup = cleanup(&inventory(&[in_git, live]), &[], Plugin::Possible);
    let metadata = &cleanup.edits[0].manifest["metadata"];
    assert_eq!(
        *metadata,
        json!({"name": "mixed", "annotations": {"owner": "ops"}})
    );
}

#[test]
fn a_role_with_a_variant_that_allows_other_things_stays() {
    let pods = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]});
    let objects = [
        cluster_role("both", &[psp_rule()]),
        cluster_role("both", &[pods]),
        cluster_binding("of-both", "both"),
    ];
    let cleanup = cleanup(&inventory(&objects), &[], Plugin::Possible);
    assert!(cleanup.is_empty(), "{cleanup:?}");
    assert_eq!(cleanup.left[0].why, Why::Variants);
}

#[test]
fn charts_are_named_without_their_versions() {
    for (label, name) in [
        ("kube-prometheus-stack-12.3.1", "kube-prometheus-stack"),
        ("cert-manager-v1.5.3", "cert-manager"),
        ("k8s-psp-0.1.0-20191121", "k8s-psp"),
        ("grafana", "grafana"),
    ] {
        let mut role = cluster_role("r", &[psp_rule()]);
        role["metadata"]["labels"] = json!({"helm.sh/chart": label});
        let cleanup = cleanup(&inventory(&[role]), &[], Plugin::Possible);
        assert_eq!(cleanup.charts.iter().collect::<Vec<_>>(), [name]);
    }
}
