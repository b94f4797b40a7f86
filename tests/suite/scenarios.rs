//! Whole runs of the binary: `fixtures/scenarios/<story>/`, compared byte for byte, complete both ways.
//!
//! `UPDATE_FIXTURES=1` rewrites the expectations; read the diff before it is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde_json::Value;

use crate::schema;
use crate::support::{self, Run, below, copy, difference, fixture, tree};

/// Files of a story that a person writes; all others are expectations.
fn is_written_by_hand(path: &str) -> bool {
    matches!(path, "README.md" | "args") || path.starts_with("in/")
}

fn stories() -> BTreeMap<String, BTreeMap<String, String>> {
    let all = tree(&fixture("scenarios"));
    let names: BTreeSet<&str> = all
        .keys()
        .filter_map(|path| Some(path.split_once('/')?.0))
        .collect();
    names
        .into_iter()
        .map(|story| (story.to_owned(), below(&all, story)))
        .collect()
}

/// Everything that a run of the story leaves behind, by the name of its expectation.
fn outcome(story: &str, args: &str) -> BTreeMap<String, String> {
    let folder = support::folder(&[]);
    copy(
        &fixture(&format!("scenarios/{story}/in")),
        &folder.path().join("in"),
    );
    let mut args: Vec<&str> = args.split_whitespace().collect();
    let migrates = args.first() == Some(&"migrate");
    if migrates {
        args.extend(["--output-dir", "out"]);
    }
    let Run {
        code,
        stdout,
        stderr,
    } = support::run(folder.path(), &args);
    let code = code.expect("no signal ends the run");
    if stdout.starts_with("{\n") {
        schema::declared(&serde_json::from_str(&stdout).expect("a document of ours"));
    }
    let mut outcome = BTreeMap::from([("exit".to_owned(), format!("{code}\n"))]);
    for (name, text) in [("stdout", stdout), ("stderr", stderr)] {
        if !text.is_empty() {
            outcome.insert(name.to_owned(), text);
        }
    }
    let written = below(&tree(folder.path()), "out");
    if let Some(report) = written.get("report.json") {
        let report: Value = serde_json::from_str(report).expect("the report is JSON");
        schema::declared(&report);
        outcome.insert("findings.txt".to_owned(), findings(&report));
    }
    outcome.extend(written.into_iter().filter(|(path, _)| {
        path.starts_with("manifests/")
            || matches!(
                path.as_str(),
                "admission-configuration.yaml" | "migration.diff"
            )
    }));
    outcome
}

/// The findings of a report as a text: severity, code and title, places, evidence; what the API server would say of
/// existing pods; and what other versions change.
fn findings(report: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut out = String::new();
    for finding in list(&report["findings"]) {
        let _ = writeln!(
            out,
            "[{}] {}: {}",
            text(&finding["severity"]),
            text(&finding["code"]),
            text(&finding["title"])
        );
        for place in list(&finding["places"]) {
            let namespace = place["namespace"].as_str().unwrap_or("the cluster");
            let _ = match text(&place["object"]).as_str() {
                "" => writeln!(out, "  at {namespace}"),
                object => writeln!(out, "  at {namespace}: {object}"),
            };
        }
        for line in list(&finding["evidence"]) {
            let _ = writeln!(out, "  as {}", text(&line));
        }
    }
    for namespace in list(&report["namespaces"]) {
        for existing in list(&namespace["existingPods"]) {
            for warning in list(&existing["warnings"]) {
                let _ = writeln!(out, "[existing] {}", text(&warning));
            }
        }
        for preview in list(&namespace["preview"]) {
            for changed in list(&preview["changed"]) {
                let verdict = match changed["refused"].as_bool() {
                    Some(true) => "refused",
                    _ => "allowed",
                };
                let checks: Vec<String> = list(&changed["checks"]).iter().map(text).collect();
                let _ = writeln!(
                    out,
                    "[preview] {} at {}: {} is {verdict} ({})",
                    text(&namespace["name"]),
                    text(&preview["version"]),
                    text(&changed["workload"]),
                    checks.join(", ")
                );
            }
        }
    }
    out
}

/// The disagreements of one story; none after they have been written over the expectations.
fn disagreements(story: &str, files: &BTreeMap<String, String>) -> Vec<String> {
    let args = files.get("args").map_or("", String::as_str);
    let found = outcome(story, args);
    let expected: BTreeMap<&str, &str> = files
        .iter()
        .filter(|(path, _)| !is_written_by_hand(path))
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        let folder = fixture(&format!("scenarios/{story}"));
        rewrite(&folder, &expected, &found);
        return Vec::new();
    }
    let paths: BTreeSet<&str> = expected
        .keys()
        .copied()
        .chain(found.keys().map(String::as_str))
        .collect();
    paths
        .into_iter()
        .filter_map(|path| {
            let expected = expected.get(path).copied().unwrap_or_default();
            let found = found.get(path).map_or("", String::as_str);
            let diff = difference(expected, found)?;
            Some(format!("{story}/{path}:\n{diff}"))
        })
        .collect()
}

fn rewrite(folder: &Path, expected: &BTreeMap<&str, &str>, found: &BTreeMap<String, String>) {
    for path in expected.keys() {
        fs::remove_file(folder.join(path)).expect("the fixtures are writable");
    }
    for (path, text) in found {
        support::write(folder, path, text.as_bytes());
    }
}

#[test]
fn every_story_ends_as_it_was_signed() {
    let wrong: Vec<String> = stories()
        .into_par_iter()
        .flat_map(|(story, files)| disagreements(&story, &files))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} differences\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_story_says_what_it_is_about_and_how_it_is_run() {
    let stories = stories();
    assert!(stories.len() >= 25, "only {} stories", stories.len());
    for (story, files) in stories {
        let readme = files.get("README.md").map_or("", String::as_str);
        assert_eq!(
            readme.lines().count(),
            1,
            "{story}/README.md needs one line"
        );
        let args = files.get("args").map_or("", String::as_str);
        assert_eq!(args.lines().count(), 1, "{story}/args needs one line");
        assert!(
            args.contains("-f in"),
            "{story}/args does not read the input"
        );
        assert!(
            files.keys().any(|path| path.starts_with("in/")),
            "{story} has no input"
        );
        assert!(files.contains_key("exit"), "{story} has no expectation");
    }
}

/// A finding that no story shows is one that nobody has read.
#[test]
fn every_finding_is_part_of_a_story() {
    let told: BTreeSet<String> = stories()
        .values()
        .filter_map(|files| files.get("findings.txt"))
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once("] ")?.1.split_once(": "))
        .map(|(code, _)| code.to_owned())
        .collect();
    let untold: Vec<&str> = psp2psa::plan::findings::CODES
        .iter()
        .map(|code| code.name)
        .filter(|code| !told.contains(*code))
        .collect();
    assert!(untold.is_empty(), "write a story for each of {untold:?}");
}
