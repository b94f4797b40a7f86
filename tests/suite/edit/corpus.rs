//! Whole folders in Git repositories: edited in place, `git diff` shows only labels and patches, the objects are the
//! intended ones, a second run changes nothing, and `git apply migration.diff` gives the same tree.
//!
//! `PSP2PSA_CORPUS=DIR cargo test --test suite corpus` does the same for every folder in a directory of real manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use psp2psa::input::{self, InputFile};
use rayon::prelude::*;
use serde_json::Value;

use crate::support::{self, copy, fixture, folder, run, tree};

/// Runs git in a folder, away from the configuration of whoever runs the test.
fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "-c",
            "core.autocrlf=false",
        ])
        .args(["-c", "core.safecrlf=false", "-c", "commit.gpgsign=false"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn has_git() -> bool {
    let found = Command::new("git").arg("--version").output().is_ok();
    if !found {
        // Test output is for people who look for why nothing was tested.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"git is missing: skipped\n");
    }
    found
}

/// The files of a work tree.
fn work_tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = tree(folder);
    files.retain(|path, _| !path.starts_with(".git/"));
    files
}

/// Every object of every file, in order.
fn objects(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<Value>> {
    let read = |(path, bytes): (&String, &Vec<u8>)| {
        let file = InputFile::new(path.as_str(), bytes.clone());
        let reading = input::documents(&file);
        let values = reading.documents.iter();
        (
            path.clone(),
            values.filter_map(|d| d.value().ok()).collect(),
        )
    };
    let manifests = files
        .iter()
        .filter(|(path, _)| [".yaml", ".yml", ".json"].iter().any(|e| path.ends_with(e)));
    manifests.map(read).collect()
}

/// Takes out of an object what edits may set.
fn without_edits(object: &Value) -> Value {
    match object {
        Value::Object(fields) => {
            let mut kept = serde_json::Map::new();
            for (key, value) in fields {
                let edited = key.starts_with("pod-security.kubernetes.io/")
                    || key.starts_with("container.apparmor.security.beta.kubernetes.io/")
                    || key == "securityContext"
                    || key == "runtimeClassName";
                let value = without_edits(value);
                let empty = value.is_null() || value == serde_json::json!({});
                let parent = ["labels", "annotations", "metadata"].contains(&key.as_str());
                if !(edited || (empty && parent)) {
                    kept.insert(key.clone(), value);
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(without_edits).collect(),
        value => value.clone(),
    }
}

/// The pod-security labels that a report promises for the namespaces whose manifest can be edited, by file and by name.
fn promised(report: &Value) -> BTreeMap<String, Value> {
    let namespaces = report["namespaces"].as_array().expect("namespaces");
    let after = |namespace: &Value, key: &Value| {
        let key = key.as_str().unwrap_or_default().to_owned();
        (key, namespace["labels"]["after"].clone())
    };
    let by_file = namespaces.iter().map(|it| after(it, &it["source"]["file"]));
    let by_name = namespaces.iter().map(|it| after(it, &it["name"]));
    by_file.chain(by_name).collect()
}

/// Words that may stand in added lines: of labels, annotations, and what policies write.
const WORDS: &[&str] = &[
    "labels",
    "annotations",
    "metadata",
    "pod-security.kubernetes.io/",
    "container.apparmor.security.beta.kubernetes.io/",
    "securityContext",
    "runAsNonRoot",
    "runAsUser",
    "runAsGroup",
    "allowPrivilegeEscalation",
    "capabilities",
    "drop",
    "readOnlyRootFilesystem",
    "seccompProfile",
    "type:",
    "localhostProfile",
    "fsGroup",
    "supplementalGroups",
    "seLinuxOptions",
    "level:",
    "role:",
    "user:",
    "runtimeClassName",
    "\"type\"",
    "\"level\"",
    "\"role\"",
    "\"user\"",
];

fn is_expected(line: &str) -> bool {
    let text = line.trim();
    let element = text.trim_start_matches("- ").trim_matches(['"', ',', ' ']);
    let in_list = element
        .chars()
        .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
    let bracket = text.chars().all(|c| "{}[],".contains(c));
    in_list || bracket || WORDS.iter().any(|word| text.contains(word))
}

/// Everything that the issue asks of one folder. Returns how many lines changed.
fn check(name: &str, input: &Path, args: &[&str]) -> usize {
    let folder = folder(&[]);
    let work = folder.path().join("work");
    copy(input, &work);
    git(&work, &["init", "-q"]);
    git(&work, &["add", "-A"]);
    git(&work, &["commit", "-q", "--allow-empty", "-m", "before"]);
    let before = work_tree(&work);

    let out = folder.path().join("out");
    let out = out.to_string_lossy();
    let planned = run(&work, &[&["migrate", "--output-dir", &out], args].concat());
    assert!(
        matches!(planned.code, Some(0 | 3)),
        "{name}: {}",
        planned.stderr
    );
    assert_eq!(work_tree(&work), before, "{name}: a plan changes no file");
    let dry = run(&work, &[&["migrate", "--dry-run"], args].concat());
    assert_eq!(
        work_tree(&work),
        before,
        "{name}: --dry-run changes no file"
    );
    let edited = run(&work, &[&["migrate", "--in-place"], args].concat());
    assert_eq!(
        (dry.code, edited.code),
        (planned.code, planned.code),
        "{name}: {}",
        edited.stderr
    );
    let after = work_tree(&work);

    let diff = git(&work, &["diff", "-U0", "--no-color"]);
    let (mut changed, mut removed) = (0, 0);
    for line in diff
        .lines()
        .filter(|line| !line.starts_with("---") && !line.starts_with("+++"))
    {
        if let Some(line) = line.strip_prefix('+') {
            changed += 1;
            // A last line without line break is a changed line, too.
            let same = before.values().any(|text| {
                String::from_utf8_lossy(text)
                    .lines()
                    .any(|old| old == line.trim_end_matches(','))
            });
            assert!(is_expected(line) || same, "{name}: {line:?} in\n{diff}");
        }
        removed += usize::from(line.starts_with('-'));
    }
    assert!(removed <= changed, "{name}: lines are removed\n{diff}");

    let (old, new) = (objects(&before), objects(&after));
    let report = tree(folder.path());
    let report: Value = serde_json::from_slice(&report["out/report.json"]).expect("JSON");
    let promised = promised(&report);
    for (path, old) in &old {
        let new = &new[path];
        assert_eq!(old.len(), new.len(), "{name}/{path}");
        for (old, new) in old.iter().zip(new) {
            assert_eq!(without_edits(old), without_edits(new), "{name}/{path}");
            if new["kind"] == "Namespace" && old != new {
                let labels = new["metadata"]["labels"].as_object().expect("labels");
                let name = new["metadata"]["name"].as_str().expect("a name");
                // A kustomization may call it otherwise.
                let of_file = || {
                    let mut keys = promised.iter();
                    let found = keys.find(|(key, _)| key.ends_with(path.as_str()));
                    found
                        .unwrap_or_else(|| panic!("{path}: {:?}", promised.keys()))
                        .1
                };
                let of = promised.get(name).unwrap_or_else(of_file);
                for (label, value) in labels {
                    let ours = psp2psa::pss::admission::LABELS.contains(&label.as_str());
                    assert!(
                        !ours || of[label] == *value,
                        "{name}/{path}: {label} {value}"
                    );
                }
            }
        }
    }

    let again = run(&work, &[&["migrate", "--in-place"], args].concat());
    assert_eq!(again.code, edited.code, "{name}: {}", again.stderr);
    assert_eq!(
        work_tree(&work),
        after,
        "{name}: a second run changes files"
    );

    git(&work, &["checkout", "-q", "-f", "HEAD"]);
    assert_eq!(work_tree(&work), before, "{name}");
    for text in [&report_diff(&out), &dry.stdout] {
        let patch = folder.path().join("patch");
        support::write(folder.path(), "patch", text.as_bytes());
        if !text.is_empty() {
            git(&work, &["apply", &patch.to_string_lossy()]);
        }
        assert_eq!(
            work_tree(&work),
            after,
            "{name}: git apply gives another tree"
        );
        git(&work, &["checkout", "-q", "-f", "HEAD"]);
    }
    changed
}

fn report_diff(out: &str) -> String {
    let files = tree(Path::new(out));
    String::from_utf8(files["migration.diff"].clone()).expect("a text")
}

#[test]
fn the_examples_are_edited_in_place() {
    if !has_git() {
        return;
    }
    assert!(check("gitops", &fixture("gitops"), &["-R", "-f", "."]) > 5);
    assert!(
        check(
            "gitops",
            &fixture("gitops"),
            &["-R", "-f", "apps", "--overwrite"]
        ) > 5
    );
    assert!(check("cluster", &fixture("cluster"), &["-f", "."]) > 50);
}

#[test]
fn every_story_is_edited_in_place() {
    if !has_git() {
        return;
    }
    let stories = tree(&fixture("scenarios"));
    // A story that ends with 2 is about a usage error.
    let stories: BTreeSet<&str> = stories
        .iter()
        .filter_map(|(path, code)| Some((path.strip_suffix("/exit")?, code)))
        .filter(|(_, code)| code.as_slice() != b"2\n")
        .map(|(story, _)| story)
        .collect();
    assert!(stories.len() > 25);
    let changed: usize = stories
        .into_par_iter()
        .map(|story| {
            let input: PathBuf = fixture(&format!("scenarios/{story}/in"));
            check(story, &input, &["-R", "-f", "./", "--complete"])
        })
        .sum();
    assert!(changed > 100, "only {changed} lines changed");
}

#[test]
fn real_manifests_are_edited_in_place() {
    let Some(corpus) = std::env::var_os("PSP2PSA_CORPUS") else {
        return;
    };
    let mut folders = 0;
    for entry in std::fs::read_dir(&corpus).expect("PSP2PSA_CORPUS is a directory") {
        let entry = entry.expect("the corpus is readable");
        if entry.path().is_dir() {
            let name = entry.file_name().to_string_lossy().into_owned();
            check(&name, &entry.path(), &["-R", "-f", "."]);
            folders += 1;
        }
    }
    assert!(folders > 0, "the corpus has folders");
}
