//! Pods for every check and revision: `fixtures/checks`, complete both ways. `fixtures/README.md` says how to add one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use psp2psa::input::{InputFile, documents};
use psp2psa::model::defaults;
use psp2psa::model::pod::Pod;
use psp2psa::pss::{CHECKS, Check, Level, NEWEST, Version, detail, evaluate};
use serde::Deserialize;
use serde_json::Value;

/// A pod for a revision of a check.
struct Fixture {
    /// Below `fixtures/checks`.
    path: String,
    check: &'static Check,
    /// First version of the revision.
    since: u64,
    verdict: Verdict,
    document: Value,
}

enum Verdict {
    Pass,
    /// Refused, with this text.
    Fail(String),
}

impl Fixture {
    fn pod(&self) -> Pod {
        pod(&self.document)
    }
}

#[test]
fn every_revision_has_pods_for_both_verdicts_and_every_file_belongs_to_one() {
    let mut claims: BTreeMap<String, usize> = CHECKS
        .iter()
        .flat_map(|check| {
            check.revisions.iter().flat_map(|revision| {
                ["pass", "fail"].map(|verdict| directory(check, revision.since, verdict))
            })
        })
        .map(|directory| (directory, 0))
        .collect();
    for path in texts().keys() {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.strip_suffix(".yaml").unwrap_or("");
        let is_snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(
            !stem.is_empty() && stem.chars().all(is_snake),
            "fixtures/checks/{path}: name it after its difference in snake case, with `.yaml`"
        );
        if directory.is_empty() && stem.starts_with("base_") {
            continue;
        }
        let files = claims.get_mut(directory);
        *files.unwrap_or_else(|| {
            panic!("fixtures/checks/{path}: no check has a revision that begins there; move or remove it")
        }) += 1;
    }
    let empty: Vec<&str> = claims
        .iter()
        .filter(|(_, files)| **files == 0)
        .map(|(directory, _)| directory.as_str())
        .collect();
    assert!(
        empty.is_empty(),
        "add at least one pod to each of these directories of fixtures/checks: {empty:#?}"
    );
}

#[test]
fn the_bases_satisfy_their_level_at_every_version() {
    let Version::Minor(newest) = NEWEST else {
        panic!("the newest version is a number");
    };
    for level in [Level::Baseline, Level::Restricted] {
        let bases = bases(level);
        assert!(!bases.is_empty(), "{level} has no base");
        for (name, base) in bases {
            for minor in 0..=newest {
                let violations = evaluate(level, Version::Minor(minor), &pod(&base));
                assert_eq!(violations, [], "{name} at v1.{minor}");
            }
        }
    }
}

#[test]
fn every_fixture_is_a_pod_of_the_api_without_unknown_fields() {
    for (path, text) in texts() {
        let written = document(&path, &text);
        let pod = k8s_openapi::api::core::v1::Pod::deserialize(&written);
        let pod = pod.unwrap_or_else(|error| panic!("{path}: {error}"));
        let understood = serde_json::to_value(pod).unwrap();
        let mut places = Vec::new();
        differences(&written, &understood, "", &mut places);
        // A required text that is absent comes back empty; what is asked is whether anything written got lost.
        places.retain(|place| written.pointer(place).is_some());
        assert_eq!(places, Vec::<String>::new(), "{path}");
    }
}

#[test]
fn every_fixture_differs_from_a_base_of_its_level_in_one_place() {
    let baseline = bases(Level::Baseline);
    let restricted = bases(Level::Restricted);
    for fixture in fixtures() {
        let bases = match fixture.check.level {
            Level::Privileged | Level::Baseline => &baseline,
            Level::Restricted => &restricted,
        };
        let differences: Vec<Vec<String>> = bases
            .iter()
            .map(|(_, base)| {
                let mut places = Vec::new();
                differences(base, &fixture.document, "", &mut places);
                places
            })
            .collect();
        let fewest = differences.iter().map(Vec::len).min();
        assert_eq!(
            fewest,
            Some(1),
            "{}: change exactly one place of a base; it differs from them at {differences:#?}",
            fixture.path
        );
    }
}

#[test]
fn every_pod_under_pass_satisfies_the_whole_level() {
    for fixture in fixtures() {
        let Verdict::Pass = fixture.verdict else {
            continue;
        };
        let violations = evaluate(
            fixture.check.level,
            Version::Minor(fixture.since),
            &fixture.pod(),
        );
        assert_eq!(violations, [], "{}", fixture.path);
    }
}

#[test]
fn every_pod_under_fail_is_refused_by_its_check_alone_in_the_expected_words() {
    for fixture in fixtures() {
        let Verdict::Fail(expected) = &fixture.verdict else {
            continue;
        };
        let violations = evaluate(
            fixture.check.level,
            Version::Minor(fixture.since),
            &fixture.pod(),
        );
        let checks: Vec<&str> = violations.iter().map(|v| v.check).collect();
        assert_eq!(checks, [fixture.check.id], "{}", fixture.path);
        assert_eq!(&detail(&violations), expected, "{}", fixture.path);
    }
}

#[test]
fn every_later_revision_has_a_pod_that_the_version_before_judges_differently() {
    let fixtures = fixtures();
    for check in CHECKS {
        for pair in check.revisions.windows(2) {
            let (old, new) = (&pair[0], &pair[1]);
            let shows = fixtures.iter().any(|fixture| {
                let pod = fixture.pod();
                fixture.check.id == check.id
                    && fixture.since == new.since
                    && (old.pod)(&pod) != (new.pod)(&pod)
            });
            assert!(
                shows,
                "{} v1.{}: add a pod that shows what this revision changes",
                check.id, new.since
            );
        }
    }
}

#[test]
fn an_added_field_or_element_is_one_difference_and_two_changes_are_two() {
    let base = serde_json::json!({"a": {"b": 1}, "c": [{"d": 1}, {}], "e": [1, 2]});
    let places = |other: Value| {
        let mut places = Vec::new();
        differences(&base, &other, "", &mut places);
        places
    };
    let check = |other: Value, expected: &[&str]| assert_eq!(places(other), expected);
    check(base.clone(), &[]);
    check(
        serde_json::json!({"a": {"b": 1, "x": {"y": 1, "z": 2}}, "c": [{"d": 1}, {}], "e": [1, 2]}),
        &["/a/x"],
    );
    check(
        serde_json::json!({"a": {"b": 1}, "c": [{"d": 1}, {}, {}, {}], "e": [1, 2]}),
        &["/c"],
    );
    check(
        serde_json::json!({"a": {"b": 1}, "c": [{"d": 1}, {}], "e": [2, 3, 4]}),
        &["/e"],
    );
    check(
        serde_json::json!({"a": {}, "c": [{"d": 2}, {}], "e": [1, 2]}),
        &["/a/b", "/c/0/d"],
    );
}

fn directory(check: &Check, since: u64, verdict: &str) -> String {
    format!("{}/v1.{since}/{verdict}", check.id)
}

/// All fixtures that belong to a revision. Strays are the completeness test's business.
fn fixtures() -> Vec<Fixture> {
    let texts = texts();
    let mut fixtures = Vec::new();
    for check in CHECKS {
        for revision in check.revisions {
            for verdict in ["pass", "fail"] {
                let prefix = directory(check, revision.since, verdict) + "/";
                let own = texts.iter().filter(|(path, _)| path.starts_with(&prefix));
                fixtures.extend(own.map(|(path, text)| Fixture {
                    path: path.clone(),
                    check,
                    since: revision.since,
                    verdict: match verdict {
                        "pass" => Verdict::Pass,
                        _ => Verdict::Fail(expected(path, text)),
                    },
                    document: document(path, text),
                }));
            }
        }
    }
    fixtures
}

fn bases(level: Level) -> Vec<(String, Value)> {
    let prefix = format!("base_{level}");
    texts()
        .into_iter()
        .filter(|(path, _)| path.starts_with(&prefix))
        .map(|(path, text)| {
            let document = document(&path, &text);
            (path, document)
        })
        .collect()
}

/// The text after `# expect: ` in the first line.
fn expected(path: &str, text: &str) -> String {
    let first = text.lines().next().unwrap_or("");
    let expected = first.strip_prefix("# expect: ").unwrap_or_else(|| {
        panic!("{path}: let the first line be `# expect: <reason> (<detail>)`");
    });
    expected.to_owned()
}

/// As a cluster sees it.
fn pod(document: &Value) -> Pod {
    let mut pod = Pod::deserialize(document).expect("a pod");
    defaults::apply(&mut pod);
    pod
}

/// Every file below `fixtures/checks`, by its path there.
fn texts() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks");
    let mut files = Vec::new();
    list(&root, &mut files);
    files
        .into_iter()
        .map(|file| {
            let path = file.strip_prefix(&root).expect("it was found there");
            let path = path.to_str().expect("a readable name").replace('\\', "/");
            (path, read(&file))
        })
        .collect()
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in directory.read_dir().expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            list(&path, files);
        } else {
            files.push(path);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that finds its fixtures has to read them"
)]
fn read(file: &Path) -> String {
    std::fs::read_to_string(file).expect("a text")
}

/// The places where two documents differ, as JSON pointers. What was added or removed as a whole is one place, and so is a
/// list of plain values.
fn differences(old: &Value, new: &Value, path: &str, places: &mut Vec<String>) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            for (key, value) in old {
                let path = format!("{path}/{key}");
                match new.get(key) {
                    Some(other) => differences(value, other, &path, places),
                    None => places.push(path),
                }
            }
            let added = new.keys().filter(|key| !old.contains_key(*key));
            places.extend(added.map(|key| format!("{path}/{key}")));
        }
        (Value::Array(old), Value::Array(new)) if old.iter().all(Value::is_object) => {
            for (index, (value, other)) in old.iter().zip(new).enumerate() {
                differences(value, other, &format!("{path}/{index}"), places);
            }
            if old.len() != new.len() {
                places.push(path.to_owned());
            }
        }
        _ if old == new => {}
        _ => places.push(path.to_owned()),
    }
}

fn document(path: &str, text: &str) -> Value {
    let file = InputFile::new(path, text.into());
    let reading = documents(&file);
    let [document] = reading.documents.as_slice() else {
        panic!("{path}: one object a file");
    };
    assert_eq!(reading.diagnostics.len(), 0, "{:?}", reading.diagnostics);
    document.value().expect("a value")
}
