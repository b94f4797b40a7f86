//! Answers of upstream's evaluator, byte for byte: `fixtures/vectors/psa*.jsonl`.

use psp2psa::model::defaults;
use psp2psa::model::pod::Pod;
use psp2psa::pss::{self, Level, LevelVersion, Version, Violation};
use serde::Deserialize;

const PODS: &[(&str, &str)] = &[
    (
        "psa.jsonl",
        include_str!("../../fixtures/vectors/psa.jsonl"),
    ),
    (
        "psa-extra.jsonl",
        include_str!("../../fixtures/vectors/psa-extra.jsonl"),
    ),
];
const TABLE: &str = include_str!("../../fixtures/vectors/psa-checks-table.jsonl");

/// How many disagreements a failure prints in full.
const SHOWN: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    level: String,
    version: String,
    pod: Pod,
    allowed: bool,
    reason: String,
    detail: String,
    forbidden: Vec<Forbidden>,
    #[serde(default)]
    message: String,
    defaulted: Option<Defaulted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaulted {
    allowed: bool,
    reason: String,
    detail: String,
    forbidden: Vec<Forbidden>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forbidden {
    id: String,
    reason: String,
    detail: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    level: String,
    version: String,
    checks: Vec<String>,
}

/// An answer as one text, so that a failure shows where it differs.
fn text(allowed: bool, reason: &str, detail: &str, forbidden: &[String]) -> String {
    format!(
        "allowed: {allowed}\nreason: {reason}\ndetail: {detail}\n{}\n",
        forbidden.join("\n")
    )
}

fn ours(violations: &[Violation]) -> String {
    let forbidden: Vec<String> = violations
        .iter()
        .map(|v| format!("- {}: {} / {}", v.check, v.reason, v.detail))
        .collect();
    text(
        violations.is_empty(),
        &pss::reason(violations),
        &pss::detail(violations),
        &forbidden,
    )
}

fn upstreams(allowed: bool, reason: &str, detail: &str, forbidden: &[Forbidden]) -> String {
    let forbidden: Vec<String> = forbidden
        .iter()
        .map(|f| format!("- {}: {} / {}", f.id, f.reason, f.detail))
        .collect();
    text(allowed, reason, detail, &forbidden)
}

/// The disagreements of one vector: about the pod as written, and about the defaulted one.
fn disagreements(vector: &Vector) -> Vec<String> {
    let v = vector;
    let policy = LevelVersion {
        level: v.level.parse().expect("a level"),
        version: v.version.parse().expect("a version"),
    };
    let mut found = Vec::new();
    let mut compare = |what: &str, expected: &str, ours: &str| {
        if ours != expected {
            let diff = similar::TextDiff::from_lines(expected, ours);
            let diff = diff.unified_diff().header("upstream", "ours").to_string();
            found.push(format!("{} ({what}, {policy}):\n{diff}", v.id));
        }
    };
    let evaluator = pss::evaluator(policy.version);
    let as_written = upstreams(v.allowed, &v.reason, &v.detail, &v.forbidden);
    let violations = evaluator.evaluate(policy.level, &v.pod);
    compare("as written", &as_written, &ours(&violations));
    compare("message", &v.message, &pss::message(policy, &violations));
    let satisfied = evaluator.satisfies(&v.pod).contains(policy.level);
    assert_eq!(satisfied, v.allowed, "{}: satisfies and evaluate", v.id);

    let mut pod = v.pod.clone();
    defaults::apply(&mut pod);
    let expected = match &v.defaulted {
        Some(d) => upstreams(d.allowed, &d.reason, &d.detail, &d.forbidden),
        None => as_written,
    };
    let violations = evaluator.evaluate(policy.level, &pod);
    compare("defaulted", &expected, &ours(&violations));
    found
}

#[test]
fn every_pod_gets_upstreams_answer() {
    for (file, text) in PODS {
        let mut wrong = Vec::new();
        let mut count = 0;
        for line in text.lines() {
            let vector: Vector = serde_json::from_str(line).unwrap();
            count += 1;
            wrong.extend(disagreements(&vector));
        }
        assert!(count >= 100, "{file} has only {count} vectors");
        let shown: Vec<&str> = wrong.iter().take(SHOWN).map(String::as_str).collect();
        let ids: Vec<&str> = wrong
            .iter()
            .filter_map(|text| text.split(' ').next())
            .collect();
        assert!(
            wrong.is_empty(),
            "{file}: {} of {count} disagree: {}\n\n{}",
            wrong.len(),
            ids.join(" "),
            shown.join("\n")
        );
    }
}

#[test]
fn every_level_and_version_runs_upstreams_checks_in_upstreams_order() {
    let mut rows = 0;
    for line in TABLE.lines() {
        let row: Row = serde_json::from_str(line).unwrap();
        let level: Level = row.level.parse().unwrap();
        let version: Version = row.version.parse().unwrap();
        let ours: Vec<String> = pss::active(level, version)
            .iter()
            .map(|(check, revision)| format!("{}@1.{}", check.id, revision.since))
            .collect();
        assert_eq!(ours, row.checks, "{}:{}", row.level, row.version);
        rows += 1;
    }
    assert!(rows >= 80, "only {rows} rows");
}
