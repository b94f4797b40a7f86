//! Texts that look like regular expressions or patterns, and graphs that lead back to themselves: each means itself, and
//! costs no more than others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{folder, run};

/// What would match everything, or take forever, if anybody took it for an expression.
const EXPRESSIONS: &[&str] = &[
    ".*", "^.*$", "(a+)+$", "[a-z]*", "?", "*", "**", "a|b", "\\", "(", "[",
];

/// Generous, for a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(30);

const RBAC: &str = "rbac.authorization.k8s.io/v1";

fn list(objects: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string()
}

fn policy(name: &str) -> Value {
    let any = json!({"rule": "RunAsAny"});
    json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": name},
        "spec": {"seLinux": any, "runAsUser": any, "fsGroup": any, "supplementalGroups": any}})
}

fn role(name: &str, labels: Value, policies: &[&str]) -> Value {
    json!({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": name, "labels": labels},
        "rules": [{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"],
            "resourceNames": policies}]})
}

fn aggregated(name: &str, labels: Value, selected: Value) -> Value {
    json!({"apiVersion": RBAC, "kind": "ClusterRole", "metadata": {"name": name, "labels": labels},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": selected}]}, "rules": []})
}

fn everybody_has(role: &str) -> Value {
    json!({"apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}]})
}

/// The policies that everybody may use.
fn granted(objects: &[Value]) -> Vec<String> {
    let folder = folder(&[("in.json", &list(objects))]);
    let report = run(folder.path(), &["access", "-f", "in.json", "-o", "json"])
        .expect(0)
        .json();
    let grants = report["grants"].as_array().expect("grants").iter();
    let mut policies: Vec<String> = grants
        .map(|grant| grant["policy"].as_str().expect("a policy").to_owned())
        .collect();
    policies.sort();
    policies.dedup();
    policies
}

#[test]
fn labels_that_look_like_expressions_select_only_themselves() {
    for expression in EXPRESSIONS {
        let objects = [
            policy("strict"),
            policy("loose"),
            role("same", json!({"l": expression}), &["strict"]),
            role("other", json!({"l": "anything"}), &["loose"]),
            aggregated("all", json!({}), json!({"l": expression})),
            everybody_has("all"),
        ];
        let found = granted(&objects);
        // Most are no values that a label can have: then nothing is selected at all.
        assert!(
            found.is_empty() || found == ["strict"],
            "{expression}: {found:?}"
        );
    }
}

#[test]
fn names_of_policies_that_look_like_expressions_grant_only_themselves() {
    for expression in EXPRESSIONS {
        let objects = [
            policy("strict"),
            policy("a"),
            role("r", json!({}), &[expression]),
            everybody_has("r"),
        ];
        let found = granted(&objects);
        assert!(
            found.iter().all(|policy| policy == expression),
            "{expression}: {found:?}"
        );
    }
}

#[test]
fn of_patterns_for_namespaces_only_the_star_has_a_meaning() {
    let namespace =
        |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    let long = format!("{}b", "a".repeat(62));
    let folder = folder(&[("in.json", &list(&[namespace("shop"), namespace(&long)]))]);
    let planned = |pattern: &str| {
        let args = [
            "migrate",
            "-f",
            "in.json",
            "-o",
            "name",
            "--exclude-namespace",
            pattern,
        ];
        let start = Instant::now();
        let report = run(folder.path(), &[&args[..], &["-o", "json"][..0]].concat()).expect(0);
        assert!(start.elapsed() < SOON, "{pattern}");
        report.stdout.lines().count()
    };
    for pattern in [".*", "sh.p", "[s]hop", "sho?", "^shop$", "shop|x", "(a+)+$"] {
        let manifest = "psa-migration/manifests/10-warn-audit/namespace-shop.yaml";
        planned(pattern);
        assert!(folder.path().join(manifest).exists(), "{pattern}");
    }
    // Many stars in a row do not try every way to share the letters among them.
    planned(&format!("{}c", "*a".repeat(5_000)));
    planned(&format!("{}b", "*a".repeat(30)));
}

#[test]
fn roles_that_aggregate_each_other_hold_what_any_of_them_selects() {
    let ring = |count: usize| -> Vec<Value> {
        let label = |n: usize| json!({"ring": n.to_string()});
        (0..count)
            .map(|n| aggregated(&format!("r{n}"), label(n), label((n + 1) % count)))
            .collect()
    };
    let seed = role("seed", json!({"ring": "0"}), &["strict"]);
    for count in [1, 2, 500] {
        let objects = [
            ring(count),
            vec![policy("strict"), seed.clone(), everybody_has("r0")],
        ]
        .concat();
        assert_eq!(granted(&objects), ["strict"], "{count}");
        // A rule that only the ring itself keeps alive is not there.
        let objects = [ring(count), vec![policy("strict"), everybody_has("r0")]].concat();
        assert!(granted(&objects).is_empty(), "{count}");
    }
}

#[test]
fn roles_that_all_aggregate_all_cost_what_they_hold() {
    let name = |n: usize| format!("p{n}");
    let every = || json!({"l": "x"});
    let mut objects: Vec<Value> = (0..400)
        .map(|n| aggregated(&format!("a{n}"), every(), every()))
        .collect();
    objects.extend((0..400).map(|n| role(&format!("s{n}"), every(), &[&name(n)])));
    objects.extend([policy("p7"), everybody_has("a3")]);
    let start = Instant::now();
    assert_eq!(granted(&objects).len(), 400);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}
