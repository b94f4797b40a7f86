//! Manifests read back: by our own reader, and by `kubectl` where there is one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::values;
use crate::support::{below, fixture, folder, run, tree};

const ENFORCE: [&str; 2] = [
    "pod-security.kubernetes.io/enforce",
    "pod-security.kubernetes.io/enforce-version",
];

/// A Namespace with everything that a writer of YAML can get wrong, and everything that only a server writes.
const NASTY: &str = r#"{
  "apiVersion": "v1", "kind": "Namespace",
  "metadata": {
    "name": "nasty", "uid": "0b0e", "resourceVersion": "17", "generation": 2, "selfLink": "/api/v1/namespaces/nasty",
    "creationTimestamp": "2021-05-11T07:30:02Z", "managedFields": [{"manager": "kubectl"}],
    "labels": {"yes": "no", "on": "off", "n": "y", "null": "null", "tilde": "", "octal": "0644", "hex": "0x1f",
      "float": "1.10", "exp": "1e3", "sep": "1_000", "date": "2021-05-11", "time": "1.30", "dot": "a.b"},
    "annotations": {
      "kubectl.kubernetes.io/last-applied-configuration": "{\"kind\": \"Namespace\"}",
      "a/yes": "yes", "a/null": "~", "a/merge": "<<", "a/number": "0x1f", "a/space": " both ", "a/colon": "a: b # c",
      "a/lines": "one\n  two\n\nfour\n", "a/crlf": "one\r\ntwo", "a/tab": "\tone\ttwo", "a/quote": "\"'`\\",
      "a/star": "*x &y !z %a @b", "a/brackets": "{[<$(rm -rf /)>]}", "a/bidi": "a\u202eb",
      "a/emoji": "\ud83d\ude00", "a/bom": "\ufeffx", "a/dashes": "---\nkind: Pod\n", "a/empty": "",
      "a/long": "a word and another word and another word and another word and another word and another word and one"
    },
    "ownerReferences": [], "finalizers": ["example.com/keep"]
  },
  "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}
}
"#;

/// A Namespace with every kind of control character. Kustomize itself, which reads what it has written, refuses some of
/// them and changes others, so this one is not given to it.
const CONTROL: &str = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "control", "annotations": {
    "a/nul": "a\u0000b", "a/escape": "\u001b[31mred", "a/bell": "\u0007", "a/delete": "\u007f", "a/csi": "\u009f1m",
    "a/nel": "a\u0085b", "a/separators": "a\u2028b\u2029c", "a/noncharacter": "\ufffe", "a/return": "a\rb",
    "a/only": "\n", "a/leading": "\n a"}}}
"#;

/// A migration of the example cluster, of these files and of a namespace that is only known by what is in it.
fn migrated(files: &[(&str, &str)]) -> (TempDir, BTreeMap<String, String>) {
    let pods = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "nasty"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}}
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "implied"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}}"#;
    let folder = folder(&[files, &[("in/pods.json", pods)]].concat());
    let cluster = fixture("cluster");
    let cluster = cluster.to_string_lossy();
    run(
        folder.path(),
        &["migrate", "-f", "in", "-f", &cluster, "--output-dir", "out"],
    )
    .expect(0);
    let written = below(&tree(folder.path()), "out");
    (folder, written)
}

/// The Namespace objects of the input, by name.
fn owners() -> BTreeMap<String, Value> {
    let cluster = fixture("cluster/namespaces.yaml");
    let cluster = tree(cluster.parent().expect("a file is in a folder"));
    let cluster = String::from_utf8(cluster["namespaces.yaml"].clone()).expect("a text");
    let mut objects = values("namespaces.yaml", &cluster);
    objects.extend(values("nasty.json", NASTY));
    objects.extend(values("control.json", CONTROL));
    objects
        .into_iter()
        .map(|object| {
            let name = object["metadata"]["name"].as_str().expect("a name");
            (name.to_owned(), object)
        })
        .collect()
}

/// What an owner would commit: the object without what only servers and `kubectl apply` write.
fn as_written_by_its_owner(mut object: Value) -> Value {
    let server = [
        "uid",
        "resourceVersion",
        "generation",
        "selfLink",
        "creationTimestamp",
        "managedFields",
    ];
    let metadata = object["metadata"].as_object_mut().expect("metadata");
    for field in server {
        metadata.remove(field);
    }
    if let Some(annotations) = metadata.get_mut("annotations") {
        let annotations = annotations.as_object_mut().expect("annotations");
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    let fields = object.as_object_mut().expect("an object");
    fields.remove("status");
    if fields.get("spec") == Some(&json!({"finalizers": ["kubernetes"]})) {
        fields.remove("spec");
    }
    object
}

/// The manifests of one folder, by the name of the namespace.
fn stage(written: &BTreeMap<String, String>, folder: &str) -> BTreeMap<String, Value> {
    let prefix = format!("{folder}/namespace-");
    written
        .iter()
        .filter_map(|(path, text)| {
            let name = path.strip_prefix(&prefix)?.strip_suffix(".yaml")?;
            let objects = values(path, text);
            assert_eq!(objects.len(), 1, "{path}");
            objects
                .into_iter()
                .next()
                .map(|object| (name.to_owned(), object))
        })
        .collect()
}

fn labels(object: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(object["metadata"]["labels"].clone()).unwrap_or_default()
}

#[test]
fn every_manifest_is_the_owners_object_with_the_labels_of_its_stage() {
    let (_folder, written) = migrated(&[("in/nasty.json", NASTY), ("in/control.json", CONTROL)]);
    let owners = owners();
    let report: Value = serde_json::from_str(&written["report.json"]).expect("JSON");
    let after: BTreeMap<String, BTreeMap<String, String>> = report["namespaces"]
        .as_array()
        .expect("namespaces")
        .iter()
        .map(|namespace| {
            let name = namespace["name"].as_str().expect("a name").to_owned();
            let labels = namespace["labels"]["after"].clone();
            (name, serde_json::from_value(labels).expect("labels"))
        })
        .collect();
    let mut compared = 0;
    for folder in ["10-warn-audit", "30-enforce", "30-enforce-review"] {
        for (name, found) in stage(&written, &format!("manifests/{folder}")) {
            let implied =
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            let owner = owners.get(&name).cloned().unwrap_or(implied);
            let before = labels(&owner);
            let mut expected = as_written_by_its_owner(owner);
            let mut wanted = before.clone();
            let stays_at_first =
                |label: &str| folder == "10-warn-audit" && ENFORCE.contains(&label);
            wanted.extend(
                after[&name]
                    .iter()
                    .filter(|(label, _)| !stays_at_first(label) || before.contains_key(*label))
                    .map(|(label, value)| (label.clone(), value.clone())),
            );
            expected["metadata"]["labels"] = json!(wanted);
            assert_eq!(found, expected, "{folder}: {name}");
            compared += 1;
        }
    }
    assert!(compared > 30, "only {compared} manifests");
}

#[test]
fn the_way_back_is_the_owners_object() {
    let (_folder, written) = migrated(&[("in/nasty.json", NASTY), ("in/control.json", CONTROL)]);
    let owners = owners();
    let back = stage(&written, "rollback");
    assert!(back.len() > 15);
    for (name, found) in back {
        let Some(owner) = owners.get(&name) else {
            assert_eq!(found["metadata"], json!({"name": "implied"}));
            continue;
        };
        assert_eq!(found, as_written_by_its_owner(owner.clone()), "{name}");
    }
}

/// Runs `kubectl` in a folder; `None`, with a notice, where there is none.
#[expect(clippy::print_stderr, reason = "a test that was skipped has to say so")]
fn kubectl(folder: &Path, args: &[&str]) -> Option<String> {
    let output = match Command::new("kubectl")
        .args(args)
        .current_dir(folder)
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: there is no kubectl to read the manifests with");
            return None;
        }
        Err(error) => panic!("kubectl does not start: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {args:?}: {said}");
    Some(String::from_utf8(output.stdout).expect("kubectl speaks UTF-8"))
}

#[test]
fn kubectl_builds_every_stage_to_what_we_meant() {
    let (folder, written) = migrated(&[("in/nasty.json", NASTY)]);
    for stage_folder in STAGES {
        let expected = stage(&written, stage_folder);
        assert!(!expected.is_empty(), "{stage_folder}");
        let path = format!("out/{stage_folder}");
        let Some(built) = kubectl(folder.path(), &["kustomize", &path]) else {
            return;
        };
        let built = values("kustomize", &built);
        assert_eq!(built.len(), expected.len(), "{stage_folder}");
        for object in built {
            let name = object["metadata"]["name"].as_str().expect("a name");
            assert_eq!(expected.get(name), Some(&object), "{stage_folder}");
        }
    }
}

#[test]
fn kubectl_builds_the_cleanup_to_what_we_meant() {
    let mixed = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "on: [1] #", "annotations": {"a/null": "~", "a/lines": "one\n  two\n"}},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
            {"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"]}]}"#;
    let (folder, written) = migrated(&[("in/mixed.json", mixed)]);
    for stage_folder in ["delete", "edit"] {
        let path = format!("manifests/70-cleanup/{stage_folder}/");
        let mut expected: Vec<Value> = written
            .iter()
            .filter(|(file, _)| file.starts_with(&path) && !file.ends_with("kustomization.yaml"))
            .flat_map(|(file, text)| values(file, text))
            .collect();
        assert!(!expected.is_empty(), "{stage_folder}");
        let Some(built) = kubectl(folder.path(), &["kustomize", &format!("out/{path}")]) else {
            return;
        };
        let mut built = values("kustomize", &built);
        built.sort_by_key(Value::to_string);
        expected.sort_by_key(Value::to_string);
        assert_eq!(built, expected, "{stage_folder}");
    }
}

#[test]
fn kubectl_reads_every_manifest_as_we_do() {
    let (folder, written) = migrated(&[("in/nasty.json", NASTY), ("in/control.json", CONTROL)]);
    for stage_folder in STAGES {
        let expected = stage(&written, stage_folder);
        let files = expected
            .keys()
            .map(|name| format!("--filename=out/{stage_folder}/namespace-{name}.yaml"));
        let args: Vec<String> = ["label", "--local", "check=ok", "-o=json"]
            .into_iter()
            .map(str::to_owned)
            .chain(files)
            .collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let Some(labelled) = kubectl(folder.path(), &args) else {
            return;
        };
        let labelled = values("label", &labelled);
        assert_eq!(labelled.len(), expected.len(), "{stage_folder}");
        for object in labelled {
            let name = object["metadata"]["name"]
                .as_str()
                .expect("a name")
                .to_owned();
            let mut expected = expected[&name].clone();
            expected["metadata"]["labels"]["check"] = json!("ok");
            assert_eq!(
                as_kubectl_decodes(object),
                as_kubectl_decodes(expected),
                "{stage_folder}: {name}"
            );
        }
    }
}

/// Every folder that `kubectl apply -k` is meant for.
const STAGES: [&str; 4] = [
    "manifests/10-warn-audit",
    "manifests/30-enforce",
    "manifests/30-enforce-review",
    "rollback",
];

/// An object without what `kubectl` adds or leaves out when it decodes it as a Namespace and prints it again.
fn as_kubectl_decodes(mut object: Value) -> Value {
    let fields = object.as_object_mut().expect("an object");
    fields.remove("spec");
    fields.remove("status");
    let metadata = object["metadata"].as_object_mut().expect("metadata");
    metadata.remove("creationTimestamp");
    metadata.remove("ownerReferences");
    object
}
