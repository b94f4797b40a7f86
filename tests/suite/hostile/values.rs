//! Numbers, types and structures that no server accepts: an error with a place, and the other objects are answered.

use crate::support::{folder, run};

const GOOD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: good, namespace: shop}, spec: {containers: [{name: c, image: i}]}}";

/// A pod of which one value is put in.
fn pod(spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: bad, namespace: shop}}\nspec:\n  {spec}\n"
    )
}

#[test]
fn a_value_of_the_wrong_type_or_size_is_an_error_with_field_and_place() {
    let containers = |fields: &str| format!("containers: [{{name: c, image: i, {fields}}}]");
    let cases = [
        (
            "securityContext: {runAsUser: 9223372036854775808}".to_owned(),
            "spec.securityContext.runAsUser",
        ),
        (
            "securityContext: {runAsUser: 1e400}".to_owned(),
            "spec.securityContext.runAsUser",
        ),
        (
            "securityContext: {runAsUser: 1.5}".to_owned(),
            "spec.securityContext.runAsUser",
        ),
        (
            "securityContext: {runAsUser: '0'}".to_owned(),
            "spec.securityContext.runAsUser",
        ),
        (
            "securityContext: [runAsUser]".to_owned(),
            "spec.securityContext",
        ),
        ("hostNetwork: 'true'".to_owned(), "spec.hostNetwork"),
        ("hostPID: 1".to_owned(), "spec.hostPID"),
        ("containers: {}".to_owned(), "spec.containers"),
        ("containers: [c]".to_owned(), "spec.containers[0]"),
        (
            containers("ports: [{hostPort: 2147483648}]"),
            "spec.containers[0].ports[0].hostPort",
        ),
        (
            containers("securityContext: {capabilities: {add: ALL}}"),
            "spec.containers[0].securityContext.capabilities.add",
        ),
        (
            containers("securityContext: {privileged: yes please}"),
            "spec.containers[0].securityContext.privileged",
        ),
    ];
    for (spec, field) in cases {
        let folder = folder(&[("in/bad.yaml", &pod(&spec)), ("in/good.yaml", GOOD)]);
        let args = ["check", "-f", "in", "--level", "baseline", "-o", "json"];
        let run = run(folder.path(), &args).expect(3);
        assert_eq!(run.json()["results"][0]["name"], "good", "{spec}");
        assert_eq!(run.json()["results"].as_array().map(Vec::len), Some(1));
        let said = format!("error[input/type]: {field}: ");
        assert!(run.stderr.starts_with(&said), "{spec}: {}", run.stderr);
        assert!(
            run.stderr.contains("\n  at in/bad.yaml:5:"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn the_largest_numbers_that_fit_are_read() {
    let spec = "securityContext: {runAsUser: 9223372036854775807}\n  containers: [{name: c, image: i, ports: [{hostPort: 2147483647}, {hostPort: -2147483648}]}]";
    let folder = folder(&[("pod.yaml", &pod(spec))]);
    let report = run(folder.path(), &["check", "-f", "pod.yaml", "-o", "json"])
        .expect(0)
        .json();
    assert_eq!(
        report["results"][0]["detail"],
        "hostPort (container \"c\" uses hostPorts -2147483648, 2147483647)"
    );
}

#[test]
fn of_a_repeated_key_the_last_value_counts_as_in_the_api_server() {
    let spec = "hostPID: true\n  hostPID: false\n  containers: [{name: c, image: i}]";
    let folder = folder(&[
        ("yaml.yaml", &pod(spec)),
        (
            "json.json",
            r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "name": "q"},
                "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}], "hostPID": false}}"#,
        ),
    ]);
    for (file, name) in [("yaml.yaml", "bad"), ("json.json", "q")] {
        let args = ["check", "-f", file, "--level", "baseline", "-o", "json"];
        let run = run(folder.path(), &args);
        let report = run.json();
        assert_eq!(report["results"][0]["name"], name, "{file}");
        assert_eq!(report["results"][0]["allowed"], true, "{file}");
    }
}

#[test]
fn objects_that_own_each_other_count_for_themselves() {
    let owned = |name: &str, owner: &str, uid: &str| {
        format!(
            "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: {name}\n  namespace: shop\n  uid: {uid}\n  \
             ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: {owner}, controller: true}}]\n\
             spec: {{template: {{spec: {{hostPID: true, containers: [{{name: c, image: i}}]}}}}}}\n"
        )
    };
    let namespace =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, uid: ns-1}\n".to_owned();
    let long: Vec<String> = (0..40)
        .map(|n| owned(&format!("link-{n}"), &format!("link-{}", (n + 1) % 40), "u"))
        .collect();
    for (story, objects) in [
        ("itself", vec![owned("a", "a", "u")]),
        (
            "each other",
            vec![owned("a", "b", "u"), owned("b", "a", "u")],
        ),
        ("a ring of forty", long),
    ] {
        let text = [vec![namespace.clone()], objects.clone()].concat();
        let folder = folder(&[("in.yaml", &text.join("---\n"))]);
        let args = ["migrate", "-f", "in.yaml", "-o", "json"];
        let report = run(folder.path(), &args).expect(0).json();
        let shop = &report["namespaces"][0];
        assert_eq!(shop["enforce"], "privileged", "{story}");
        let workloads = shop["workloads"].as_array().expect("workloads");
        assert_eq!(workloads.len(), objects.len(), "{story}");
    }
}

#[test]
fn labels_and_annotations_of_the_wrong_type_cost_their_object_only() {
    let objects = "\
apiVersion: v1
kind: Namespace
metadata: {name: odd, labels: [a]}
---
apiVersion: v1
kind: Namespace
metadata: {name: number, annotations: {a: 1}}
---
apiVersion: v1
kind: Namespace
metadata: {name: good}
";
    let folder = folder(&[("in.yaml", objects), ("pod.yaml", GOOD)]);
    let run = run(
        folder.path(),
        &["migrate", "-f", "in.yaml", "-f", "pod.yaml", "-o", "json"],
    )
    .expect(3);
    assert_eq!(run.stderr.matches("error[input/type]").count(), 2);
    // Namespaces whose own objects cannot be read are known by name, and nothing is written for them.
    let report = run.json();
    let written: Vec<(&str, bool)> = report["namespaces"]
        .as_array()
        .expect("namespaces")
        .iter()
        .map(|namespace| {
            let steps = namespace["steps"].as_array().expect("steps");
            (
                namespace["name"].as_str().expect("a name"),
                !steps.is_empty(),
            )
        })
        .collect();
    let expected = [
        ("good", true),
        ("number", false),
        ("odd", false),
        ("shop", true),
    ];
    assert_eq!(written, expected);
}
