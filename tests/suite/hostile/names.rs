//! Texts of the input end up in file names, tables, YAML, JSON, diffs and shell hints, and escape from none of them.

use std::collections::BTreeSet;

use psp2psa::input::{self, InputFile};
use rayon::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::report::without_code;
use crate::support::{Run, below, folder, run, tree};

/// Texts with a meaning somewhere.
const ATTACKS: &[&str] = &[
    "",
    "..",
    "../../x",
    "/etc/passwd",
    "a/b",
    "..\\..\\x",
    "<script>alert(1)</script>",
    "`touch x`",
    "$(touch x)",
    "; touch x #",
    "a\nb",
    "a\r\nb: c",
    "---\nkind: Pod",
    "+++ b/x\n@@ -1 +1 @@",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}]0;title\u{7}",
    "\u{9b}31mred",
    "\u{202e}gnp.txt",
    "\u{2066}a\u{2069}",
    "a\u{200b}b\u{feff}",
    "a\u{2028}b\u{85}c",
    "a\0b",
    "\u{8}\u{8}\u{7f}",
    "-rf",
    "--force",
    "{{ .Values.x }}",
    "%s%n",
    "'\"\\",
    "| a | b |",
    "null",
    "kube-system/../x",
    "Größe-漢字",
];

/// Every attack as a name, as a namespace, as a label and as an annotation of everything that has one.
fn objects() -> Vec<Value> {
    let long = "x".repeat(300);
    let attacks = ATTACKS.iter().copied().chain([long.as_str()]);
    attacks
        .enumerate()
        .flat_map(|(n, attack)| attacked(n, attack))
        .collect()
}

fn attacked(n: usize, attack: &str) -> Vec<Value> {
    let rbac = "rbac.authorization.k8s.io/v1";
    let container = json!({
        "name": attack, "image": format!("i{attack}"),
        "ports": [{"hostPort": 80}], "securityContext": {"capabilities": {"add": [attack]}},
        "livenessProbe": {"httpGet": {"host": attack}},
    });
    let spec = json!({
        "serviceAccountName": attack, "containers": [container],
        "volumes": [{"name": attack, "hostPath": {"path": attack}}],
        "securityContext": {"sysctls": [{"name": attack, "value": attack}], "seLinuxOptions": {"type": attack},
            "seccompProfile": {"type": attack}},
    });
    let meta = |name: &str, namespace: &str| json!({"name": name, "namespace": namespace, "labels": {attack: attack}, "annotations": {attack: attack}});
    let template = json!({
        "metadata": {"annotations": {
            format!("container.apparmor.security.beta.kubernetes.io/{attack}"): attack,
        }},
        "spec": spec,
    });
    let workload = |kind: &str, meta: Value| json!({"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": {"template": template}});
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": attack}}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": format!("shop-{n}"), "labels": {attack: attack, "pod-security.kubernetes.io/enforce": attack},
            "annotations": {attack: attack}, "uid": attack,
        }}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": attack},
            "status": {"nodeInfo": {"kubeletVersion": attack}}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(attack, &format!("shop-{n}"))}),
        workload("Deployment", meta(attack, &format!("shop-{n}"))),
        workload("StatefulSet", meta("web", attack)),
        json!({"apiVersion": format!("{attack}/v1"), "kind": format!("K{attack}"),
            "metadata": meta(attack, &format!("shop-{n}")), "spec": {"template": template}}),
        json!({"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": meta(attack, &format!("shop-{n}")), "spec": {"targetNamespace": attack}}),
        json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy",
            "metadata": {"name": format!("policy-{attack}"), "annotations": {
                "seccomp.security.alpha.kubernetes.io/allowedProfileNames": attack}},
            "spec": {"volumes": [attack], "allowedCapabilities": [attack], "seLinux": {"rule": attack},
                "runAsUser": {"rule": attack}, "fsGroup": {"rule": "RunAsAny"},
                "supplementalGroups": {"rule": "RunAsAny"}, "allowedHostPaths": [{"pathPrefix": attack}]}}),
        json!({"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": attack}, "rules": [{
            "apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"],
            "resourceNames": [format!("policy-{attack}"), attack]}]}),
        json!({"apiVersion": rbac, "kind": "RoleBinding", "metadata": meta(attack, &format!("shop-{n}")),
            "roleRef": {"kind": "ClusterRole", "name": attack},
            "subjects": [{"kind": "User", "name": attack}, {"kind": attack, "name": attack},
                {"kind": "ServiceAccount", "name": attack, "namespace": attack}]}),
        json!({"apiVersion": rbac, "kind": "ClusterRoleBinding", "metadata": {"name": attack},
            "roleRef": {"kind": "ClusterRole", "name": format!("gone-{attack}")},
            "subjects": [{"kind": "Group", "name": attack}]}),
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": attack}, "webhooks": [{
                "clientConfig": {"service": {"namespace": attack}},
                "namespaceSelector": {"matchLabels": {attack: attack}},
                "rules": [{"apiGroups": [""], "resources": ["pods"]}]}]}),
        json!({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
            "namespace": attack, "resources": [attack, "../../../../etc"]}),
    ]
}

fn attacked_folder() -> TempDir {
    let lines: Vec<String> = objects().iter().map(Value::to_string).collect();
    folder(&[("in/objects.json", &lines.join("\n"))])
}

/// Characters that a terminal obeys, or that reorder or hide the text around them.
fn is_obeyed(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[track_caller]
fn shows_everything(what: &str, text: &str) {
    let found = text.lines().find(|line| line.contains(is_obeyed));
    assert_eq!(
        found.map(|line| line.escape_debug().to_string()),
        None,
        "{what}"
    );
}

#[track_caller]
fn survives(run: &Run, what: &str) {
    assert!(!run.stderr.contains("panicked"), "{what}: {}", run.stderr);
    assert!(
        matches!(run.code, Some(0 | 1 | 3)),
        "{what}: {:?} {}",
        run.code,
        run.stderr
    );
}

#[test]
fn no_command_lets_a_text_reach_the_terminal_as_more_than_text() {
    let folder = attacked_folder();
    let commands = ["migrate", "map", "access", "check", "admit"];
    let forms = ["table", "wide", "json", "yaml", "name"];
    let both = commands
        .iter()
        .flat_map(|command| forms.map(|form| (*command, form)));
    both.par_bridge().for_each(|(command, form)| {
        let out = format!("out-{command}-{form}");
        let mut args = vec![command, "-v", "-f", "in", "-o", form];
        if command == "migrate" {
            args.extend(["--output-dir", &out]);
        }
        let run = run(folder.path(), &args);
        let what = format!("{command} -o {form}");
        survives(&run, &what);
        shows_everything(&format!("{what}: standard output"), &run.stdout);
        shows_everything(&format!("{what}: standard error"), &run.stderr);
        assert!(run.stdout.lines().count() > 3, "{what} says nothing");
    });
}

#[test]
fn documents_for_programs_carry_every_text_unchanged() {
    let folder = attacked_folder();
    for (command, list, prefix) in [("check", "results", ""), ("map", "policies", "policy-")] {
        let report = run(folder.path(), &[command, "-f", "in", "-o", "json"]).json();
        let items = report[list].as_array().expect("a list");
        let names: BTreeSet<&str> = items
            .iter()
            .map(|item| item["name"].as_str().expect("a name"))
            .collect();
        for attack in ATTACKS {
            let name = format!("{prefix}{attack}");
            assert!(names.contains(name.as_str()), "{command} lost {attack:?}");
        }
    }
}

#[test]
fn nothing_is_written_outside_of_the_folder_and_names_of_files_are_plain() {
    let folder = attacked_folder();
    let before = tree(folder.path());
    let run = run(
        folder.path(),
        &["migrate", "-f", "in", "--output-dir", "a/out"],
    );
    survives(&run, "migrate");
    let after = tree(folder.path());
    assert_eq!(after["in/objects.json"], before["in/objects.json"]);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-./".contains(c);
    for path in after.keys() {
        assert!(
            path == "in/objects.json" || path.starts_with("a/out/"),
            "{path}"
        );
        assert!(path.chars().all(plain) && !path.contains(".."), "{path}");
    }
    let manifests: BTreeSet<&str> = after
        .keys()
        .filter_map(|path| path.rsplit_once("/namespace-"))
        .map(|(_, name)| name.trim_end_matches(".yaml"))
        .collect();
    for (n, _) in ATTACKS.iter().enumerate() {
        assert!(manifests.contains(format!("shop-{n}").as_str()), "shop-{n}");
    }
    // Of the attacks only these are names that a namespace can have.
    let others: Vec<&&str> = manifests
        .iter()
        .filter(|name| !name.starts_with("shop-"))
        .collect();
    assert_eq!(others, [&"null"]);
}

#[test]
fn the_page_of_the_cleanup_has_every_name_as_code_that_it_cannot_leave() {
    let folder = attacked_folder();
    run(
        folder.path(),
        &["migrate", "-f", "in", "--output-dir", "out"],
    );
    let written = below(&tree(folder.path()), "out");
    let page = &written["manifests/70-cleanup/README.md"];
    shows_everything("the page", page);
    for name in ["$(touch x)", "`touch x`", "| a | b |"] {
        assert!(page.contains(name), "{name}: {page}");
    }
    let (_, goes) = page.split_once("## What goes").expect("a heading");
    let (goes, _) = goes.split_once("## If something").expect("a heading");
    let goes = without_code(goes);
    let items: Vec<&str> = goes.lines().filter(|line| line.starts_with("- ")).collect();
    assert!(items.len() > ATTACKS.len(), "{goes}");
    for item in items {
        let stays = item.starts_with("- CODE (CODE): ");
        assert!(stays || item == "- CODE (CODE)", "{item}");
    }
}

#[test]
fn manifests_and_diff_show_every_text_and_change_none() {
    let folder = attacked_folder();
    run(
        folder.path(),
        &["migrate", "-f", "in", "--output-dir", "out"],
    );
    let written = below(&tree(folder.path()), "out");
    let texts = written
        .iter()
        .filter(|(path, _)| path.ends_with(".yaml") || *path == "migration.diff");
    for (path, text) in texts {
        // Tabs stand in the diff as they stand in the manifest.
        shows_everything(path, &text.replace('\t', " "));
    }
    let long = "x".repeat(300);
    for (n, attack) in ATTACKS.iter().copied().chain([long.as_str()]).enumerate() {
        let path = format!("manifests/10-warn-audit/namespace-shop-{n}.yaml");
        let file = InputFile::new(path.as_str(), written[&path].clone().into_bytes());
        let reading = input::documents(&file);
        let [document] = reading.documents.as_slice() else {
            panic!("{path} is no single document: {:?}", reading.diagnostics);
        };
        let object = document.value().expect("an object");
        assert_eq!(object["metadata"]["annotations"][attack], attack, "{path}");
        assert_eq!(object["metadata"]["labels"][attack], attack, "{path}");
    }
}

#[test]
fn a_namespace_that_is_no_name_is_an_error_that_costs_no_other() {
    let folder = folder(&[(
        "in.json",
        r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "../../x"}}
           {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}"#,
    )]);
    let run = run(folder.path(), &["migrate", "-f", "in.json", "-o", "name"]).expect(3);
    assert_eq!(run.stdout, "namespace/shop\n");
    assert!(
        run.stderr
            .starts_with("error[model/invalid-name]: `../../x`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_namespace_from_the_command_line_is_not_trusted_either() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}";
    for attack in ["../../x", "a/b", "\u{1b}[31m", "X", "a\nb"] {
        let folder = folder(&[("pod.yaml", pod)]);
        let args = [
            "migrate",
            "-f",
            "pod.yaml",
            "--default-namespace",
            attack,
            "--output-dir",
            "out",
        ];
        let run = run(folder.path(), &args);
        shows_everything(attack, &run.stdout);
        shows_everything(attack, &run.stderr);
        for path in tree(folder.path()).keys() {
            assert!(path == "pod.yaml" || path.starts_with("out/"), "{path}");
            assert!(!path.contains("namespace-"), "{path}");
        }
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_are_shown_and_not_obeyed() {
    let name = "a\u{1b}[31m\n\u{202e}$(touch x)`touch y`.yaml";
    let broken = "kind: Pod\napiVersion: v1\nspec: {containers: [}\n";
    let folder = folder(&[(&format!("in/{name}"), broken)]);
    for form in ["table", "json", "yaml"] {
        let run = run(folder.path(), &["check", "-f", "in", "-o", form]).expect(3);
        shows_everything(form, &run.stdout);
        shows_everything(form, &run.stderr);
        assert!(run.stderr.contains("a\\u{1b}[31m"), "{}", run.stderr);
    }
    let report = run(folder.path(), &["check", "-f", "in", "-o", "json"]).json();
    let file = report["diagnostics"][0]["source"]["file"].as_str();
    assert_eq!(file, Some(format!("in/{name}").as_str()));
}

#[test]
fn hints_for_the_shell_quote_the_folder() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: shop}, spec: {containers: [{name: c, image: i}]}}";
    for (out, word) in [
        ("out", "out"),
        ("a b", "'a b'"),
        ("$(touch x)", "'$(touch x)'"),
        ("it's", "'it'\\''s'"),
    ] {
        let folder = folder(&[("pod.yaml", pod)]);
        let args = ["migrate", "-f", "pod.yaml", "--output-dir", out];
        let run = run(folder.path(), &args).expect(0);
        let hint = format!("\n  kubectl apply -k {word}/manifests/10-warn-audit\n");
        assert!(run.stdout.contains(&hint), "{}", run.stdout);
    }
}
