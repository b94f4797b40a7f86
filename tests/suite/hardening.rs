//! What the report proposes beyond today's behaviour does what it says.

use serde_json::{Value, json};

use crate::support::{fixture, folder, run, write};

/// Writes a value at a path such as `spec.containers[0].securityContext`.
fn set(object: &mut Value, path: &str, value: Value) {
    let mut at = object;
    for step in path.split('.') {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
            None => (step, None),
        };
        at = &mut at[name];
        if let Some(index) = index {
            at = &mut at[index];
        }
    }
    *at = value;
}

#[test]
fn the_edits_proposed_for_go_app_make_it_pass_restricted() {
    let folder = folder(&[]);
    let root = folder.path();
    let input = fixture("scenarios/go-app-migrated/in");
    let input = input.to_str().expect("UTF-8");
    let report = run(root, &["migrate", "-q", "-R", "-f", input, "-o", "json"]).expect(0);
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    let workload = &report["namespaces"][0]["workloads"][0];
    assert_eq!(workload["name"], "go-app");
    let proposal = &workload["hardening"][0];
    assert_eq!(proposal["level"], "restricted");

    let mut deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "go-app"},
        "spec": {"template": {"spec": {"containers": [{"name": "reversewords", "image": "go-app"}]}}},
    });
    let check = |deployment: &Value, code: i32| {
        write(root, "go-app.json", deployment.to_string().as_bytes());
        let args = ["check", "-q", "-f", "go-app.json", "--level", "restricted"];
        run(root, &args).expect(code);
    };
    check(&deployment, 1);
    for edit in proposal["edits"].as_array().expect("edits") {
        let path = edit["path"].as_str().expect("a path");
        set(
            &mut deployment["spec"]["template"],
            path,
            edit["after"].clone(),
        );
    }
    check(&deployment, 0);
}
