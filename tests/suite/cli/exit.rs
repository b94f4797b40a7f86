//! Exit codes: 2 nothing was done, 1 the answer is one to notice, 3 part of the input could not be read, 0 otherwise.

use super::{BASELINE, BROKEN, PRIVILEGED};
use crate::support::{fixture, folder, run, tree};

/// A role that lets the accounts of `shop` use a policy.
const ROLES: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: psp, namespace: shop}
rules: [{apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [strict], verbs: [use]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: psp, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: psp}
subjects: [{kind: User, name: jane}]
";

/// A namespace that enforces less than it could, which is a finding of medium severity.
const MEDIUM: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: privileged}}
";

#[test]
fn usage_errors_are_2_and_say_what_was_expected() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let cases: &[(&[&str], &str)] = &[
        (&[], "Usage: psp2psa"),
        (&["fly"], "unrecognized subcommand 'fly'"),
        (&["check"], "--filename <PATH>"),
        (&["check", "-f"], "a value is required"),
        (
            &["check", "-f", "pod.yaml", "--nonsense"],
            "unexpected argument",
        ),
        (
            &["check", "-f", "pod.yaml", "--level", "strict"],
            "must be one of privileged, baseline, restricted",
        ),
        (
            &["check", "-f", "pod.yaml", "--version", "v2.0"],
            "must be \"latest\" or \"v1.x\"",
        ),
        (
            &["check", "-f", "pod.yaml", "-o", "xml"],
            "possible values: table, wide, json",
        ),
        (
            &["check", "-f", "pod.yaml", "-q", "-v"],
            "cannot be used with",
        ),
        (
            &["check", "-f", "pod.yaml", "--color", "pink"],
            "possible values: auto, always, never",
        ),
        (
            &["migrate", "-f", "pod.yaml", "--basis", "hope"],
            "possible values: observed, granted, both",
        ),
        (
            &["migrate", "-f", "pod.yaml", "--audit", "tighter"],
            "must be one of privileged, baseline, restricted, or next",
        ),
        (
            &["migrate", "-f", "pod.yaml", "--fail-on", "info"],
            "possible values: high, medium, low, never",
        ),
        (
            &["access", "-f", "pod.yaml", "--as", "jane"],
            "name it with --psp",
        ),
        (
            &["access", "-f", "pod.yaml", "--as-group", "g"],
            "--as <USER>",
        ),
        (&["explain", "hostPort"], "did you mean hostPorts"),
        (&["completion", "tcsh"], "possible values: bash"),
    ];
    for (args, message) in cases {
        let run = run(folder.path(), args).expect(2);
        assert!(run.stdout.is_empty(), "{args:?}: {}", run.stdout);
        assert!(run.stderr.contains(message), "{args:?}: {}", run.stderr);
    }
    assert_eq!(tree(folder.path()).len(), 1, "nothing is written");
}

#[test]
fn a_path_that_is_missing_is_2_whatever_else_can_be_read() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    for command in ["migrate", "map", "access", "admit", "check"] {
        let run = run(
            folder.path(),
            &[command, "-f", "pod.yaml", "-f", "gone.yaml"],
        )
        .expect(2);
        assert_eq!(
            run.stderr,
            "error: cannot read `gone.yaml`: no such file or directory\n"
        );
        assert!(run.stdout.is_empty());
    }
    assert_eq!(tree(folder.path()).len(), 1, "nothing is written");
}

#[test]
fn a_url_is_2_because_only_files_are_read() {
    let folder = folder(&[]);
    let url = "https://example.com/pod.yaml";
    let run = run(folder.path(), &["check", "-f", url]).expect(2);
    assert!(run.stderr.contains("download it first"), "{}", run.stderr);
}

#[test]
fn a_violation_is_1_only_where_a_level_was_asked_for() {
    let folder = folder(&[("pod.yaml", PRIVILEGED)]);
    let check = |more: &[&str]| {
        run(
            folder.path(),
            &[&["check", "-f", "pod.yaml"], more].concat(),
        )
    };
    check(&[]).expect(0);
    check(&["--level", "privileged"]).expect(0);
    check(&["--level", "baseline"]).expect(1);
    check(&["--level", "baseline", "-n", "elsewhere"]).expect(0);
}

#[test]
fn a_document_that_cannot_be_read_is_3_and_costs_no_other() {
    let folder = folder(&[
        ("in/1.yaml", BROKEN),
        ("in/2.yaml", BASELINE),
        ("in/3.yaml", ROLES),
    ]);
    let check = run(
        folder.path(),
        &["check", "-f", "in", "--level", "baseline", "-o", "json"],
    )
    .expect(3);
    assert_eq!(check.json()["results"][0]["name"], "plain");
    run(folder.path(), &["map", "-f", "in"]).expect(3);
    run(folder.path(), &["access", "-f", "in"]).expect(3);
    run(folder.path(), &["migrate", "-f", "in"]).expect(3);
}

#[test]
fn a_violation_outranks_a_document_that_cannot_be_read() {
    let folder = folder(&[("in/1.yaml", BROKEN), ("in/2.yaml", PRIVILEGED)]);
    run(
        folder.path(),
        &["check", "-f", "in", "--level", "restricted"],
    )
    .expect(1);
}

#[test]
fn access_answers_no_with_1_and_yes_with_0() {
    let folder = folder(&[("rbac.yaml", ROLES)]);
    let ask = |user: &str, namespace: &str, policy: &str| {
        let question = ["--as", user, "-n", namespace, "--psp", policy];
        run(
            folder.path(),
            &[&["access", "-f", "rbac.yaml"][..], &question].concat(),
        )
    };
    let yes = ask("jane", "shop", "strict").expect(0);
    assert!(yes.stdout.starts_with("yes: "), "{}", yes.stdout);
    assert_eq!(ask("jane", "shop", "loose").expect(1).stdout, "no\n");
    assert_eq!(ask("jane", "other", "strict").expect(1).stdout, "no\n");
    assert_eq!(ask("joe", "shop", "strict").expect(1).stdout, "no\n");
}

#[test]
fn a_no_that_rests_on_roles_which_cannot_be_read_is_3() {
    let unreadable = "\
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: more, namespace: shop}
subjects: {kind: User, name: joe}
";
    let folder = folder(&[("rbac.yaml", ROLES), ("more.yaml", unreadable)]);
    let ask = |user: &str| {
        let question = ["--as", user, "-n", "shop", "--psp", "strict"];
        let files = ["access", "-f", "rbac.yaml", "-f", "more.yaml"];
        run(folder.path(), &[&files[..], &question].concat())
    };
    assert_eq!(ask("joe").expect(3).stdout, "no\n");
    assert!(ask("jane").expect(3).stdout.starts_with("yes: "));
}

#[test]
fn fail_on_is_1_for_a_finding_of_that_severity_or_worse() {
    let folder = folder(&[("ns.yaml", MEDIUM), ("pod.yaml", BASELINE)]);
    let migrate = |more: &[&str]| {
        let args = ["migrate", "-f", "ns.yaml", "-f", "pod.yaml", "--complete"];
        run(folder.path(), &[&args[..], more].concat())
    };
    let report = migrate(&["-o", "json"]).expect(0).json();
    assert_eq!(
        report["summary"]["findingsBySeverity"],
        serde_json::json!({"high": 0, "medium": 1, "low": 0, "info": 0})
    );
    migrate(&["--fail-on", "never"]).expect(0);
    migrate(&["--fail-on", "high"]).expect(0);
    migrate(&["--fail-on", "medium"]).expect(1);
    migrate(&["--fail-on", "low"]).expect(1);
}

#[test]
fn fail_on_high_is_1_for_a_workload_that_will_be_refused() {
    let strict = MEDIUM.replace("privileged", "restricted");
    let folder = folder(&[("ns.yaml", &strict), ("pod.yaml", BASELINE)]);
    let args = ["migrate", "-f", "ns.yaml", "-f", "pod.yaml"];
    run(folder.path(), &args).expect(0);
    run(folder.path(), &[&args[..], &["--fail-on", "high"]].concat()).expect(1);
}

#[test]
fn a_finding_outranks_a_document_that_cannot_be_read() {
    let strict = MEDIUM.replace("privileged", "restricted");
    let files = [
        ("in/1.yaml", strict.as_str()),
        ("in/2.yaml", BASELINE),
        ("in/3.yaml", BROKEN),
    ];
    let folder = folder(&files);
    run(folder.path(), &["migrate", "-f", "in"]).expect(3);
    run(folder.path(), &["migrate", "-f", "in", "--fail-on", "high"]).expect(1);
}

#[test]
fn an_input_without_a_usable_object_gives_an_empty_report() {
    let config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}";
    let folder = folder(&[("empty.yaml", ""), ("config.yaml", config)]);
    for command in ["migrate", "map", "access", "admit", "check"] {
        for file in ["empty.yaml", "config.yaml"] {
            let run = run(folder.path(), &[command, "-f", file, "-o", "json"]).expect(0);
            let report = run.json();
            let list = match command {
                "migrate" => "namespaces",
                "map" => "policies",
                "access" => "grants",
                _ => "results",
            };
            assert_eq!(report[list], serde_json::json!([]), "{command} {file}");
            let diagnostics = report["diagnostics"].as_array().expect("a list");
            let codes: Vec<_> = diagnostics.iter().map(|said| &said["code"]).collect();
            match file {
                "empty.yaml" => assert!(codes.is_empty()),
                _ => assert_eq!(codes, ["input/other-kinds"]),
            }
        }
        let table = run(folder.path(), &[command, "-f", "empty.yaml"]).expect(0);
        assert!(table.stderr.is_empty(), "{}", table.stderr);
    }
}

#[test]
fn an_input_of_which_nothing_can_be_read_is_3() {
    let folder = folder(&[("broken.yaml", BROKEN)]);
    for command in ["migrate", "map", "access", "admit", "check"] {
        run(folder.path(), &[command, "-f", "broken.yaml"]).expect(3);
    }
}

#[test]
fn the_example_cluster_and_repository_are_read_without_errors() {
    let folder = folder(&[]);
    let cluster = fixture("cluster");
    let gitops = fixture("gitops");
    let (cluster, gitops) = (cluster.to_string_lossy(), gitops.to_string_lossy());
    run(folder.path(), &["migrate", "-f", &cluster]).expect(0);
    // The chart's template is not rendered, so part of the input could not be read.
    run(folder.path(), &["migrate", "-R", "-f", &gitops]).expect(3);
}
