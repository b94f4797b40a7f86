//! The JSON documents, `schemaVersion: v1`, declared a second time.
//!
//! [`shape`] refuses unknown and missing fields, so that a field which is added, removed or renamed breaks a test on
//! purpose: an added one is written down there, any other change needs `v2`.

mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::schema;
use crate::support::{folder, run};
use shape::{AccessReport, CheckReport, Head, MapReport, MigrationReport, Source};

/// The example inputs, with the exit code of reading them: a template of the repository is not rendered.
const INPUTS: [(&str, &[&str], i32); 2] = [
    ("cluster", &["-f", "fixtures/cluster"], 0),
    ("gitops", &["-R", "-f", "fixtures/gitops"], 3),
];

/// What a command answers for an input, as its document.
fn document(command: &[&str], input: &[&str], code: i32) -> Value {
    let output = folder(&[]);
    let target = output.path().join("out").to_string_lossy().into_owned();
    let mut args = [command, input, &["-o", "json"]].concat();
    if command == ["migrate"] {
        args.extend(["--output-dir", &target]);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = run(root, &args).expect(code).json();
    schema::declared(&document);
    document
}

/// Takes a document apart.
#[track_caller]
fn read<T: DeserializeOwned>(mut document: Value, kind: &str) -> (Head, T) {
    let fields = document.as_object_mut().expect("an object");
    let head: serde_json::Map<String, Value> = ["schemaVersion", "kind", "tool", "diagnostics"]
        .into_iter()
        .map(|field| {
            let value = fields.remove(field);
            (field.to_owned(), value.expect("every document has a head"))
        })
        .collect();
    let head: Head = serde_json::from_value(head.into()).expect("the head of a document");
    assert_eq!(head.schema_version, "v1");
    assert_eq!(head.kind, kind);
    assert_eq!(head.tool.name, "psp2psa");
    assert_eq!(head.tool.version, env!("CARGO_PKG_VERSION"));
    for diagnostic in &head.diagnostics {
        assert!(["error", "warning", "note"].contains(&diagnostic.severity.as_str()));
        assert!(
            psp2psa::CODES
                .iter()
                .flat_map(|codes| codes.iter())
                .any(|code| code.name == diagnostic.code),
            "{}",
            diagnostic.code
        );
        assert!(!diagnostic.message.is_empty());
        if let Some(source) = &diagnostic.source.0 {
            is_of_the_input(source);
        }
    }
    match serde_json::from_value(document) {
        Ok(body) => (head, body),
        Err(error) => panic!("{kind} is not what tests/suite/json/shape.rs declares: {error}"),
    }
}

#[track_caller]
fn is_of_the_input(source: &Source) {
    assert!(source.file.starts_with("fixtures/"), "{}", source.file);
    assert!(source.document > 0 && source.line > 0 && source.column > 0);
}

const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];

/// How tight a level is.
#[track_caller]
fn rank(level: &str) -> usize {
    let rank = LEVELS.iter().position(|known| *known == level);
    rank.unwrap_or_else(|| panic!("{level} is no level"))
}

#[track_caller]
fn is_a_level(level: &str) {
    let _ = rank(level);
}

#[track_caller]
fn is_sorted<T: Ord + std::fmt::Debug>(items: &[T]) {
    assert!(items.is_sorted(), "{items:?}");
}

#[test]
fn the_declaration_tells_null_from_absent_and_knows_every_field() {
    let place = |text: &str| serde_json::from_str::<shape::Place>(text).is_ok();
    assert!(place(
        r#"{"namespace": null, "object": "", "source": null}"#
    ));
    assert!(!place(r#"{"object": "", "source": null}"#));
    assert!(!place(
        r#"{"namespace": null, "object": "", "source": null, "new": 1}"#
    ));
}

#[test]
fn check_with_and_without_a_level() {
    for (_, input, code) in INPUTS {
        for level in [None, Some("baseline"), Some("restricted")] {
            let asked: Vec<&str> = level.map_or(vec![], |level| vec!["--level", level]);
            // Both inputs have something that baseline refuses.
            let code = if level.is_some() { 1 } else { code };
            let command = [&["check"][..], &asked].concat();
            let (_, report): (_, CheckReport) =
                read(document(&command, input, code), "CheckReport");
            assert_eq!(report.version, "latest");
            assert_eq!(report.rules_version, psp2psa::pss::NEWEST.to_string());
            assert_eq!(report.level.0.as_deref(), level);
            assert!(report.results.len() >= 7);
            for result in &report.results {
                consistent(result, level);
            }
            let names: Vec<&str> = report.namespaces.iter().map(|n| n.name.as_str()).collect();
            is_sorted(&names);
            for namespace in &report.namespaces {
                let tightest = report
                    .results
                    .iter()
                    .filter(|result| result.namespace.0.as_ref() == Some(&namespace.name))
                    .map(|result| result.satisfies.iter().collect::<BTreeSet<_>>())
                    .reduce(|a, b| a.intersection(&b).copied().collect())
                    .and_then(|set| {
                        LEVELS
                            .into_iter()
                            .rfind(|level| set.contains(&(*level).to_owned()))
                    });
                assert_eq!(tightest, Some(namespace.tightest_level.as_str()));
            }
        }
    }
}

/// What the fields of one result of `check` say together.
fn consistent(result: &shape::CheckResult, level: Option<&str>) {
    is_of_the_input(&result.source);
    assert!(!result.kind.is_empty() && !result.api_version.is_empty() && !result.name.is_empty());
    assert!(result.satisfies.contains(&"privileged".to_owned()));
    assert_eq!(result.satisfies.last(), Some(&result.tightest_level));
    let refused = !result.violations.is_empty();
    assert_eq!(result.reason.is_empty(), !refused);
    assert_eq!(result.detail.is_empty(), !refused);
    assert_eq!(result.message.is_empty(), !refused);
    match level {
        Some(level) => {
            assert_eq!(result.allowed, !refused);
            assert_eq!(result.allowed, result.satisfies.contains(&level.to_owned()));
        }
        None => {
            assert!(result.allowed);
            assert_eq!(refused, result.tightest_level != "restricted");
        }
    }
    let reasons: Vec<&str> = result
        .violations
        .iter()
        .map(|violation| violation.reason.as_str())
        .collect();
    assert_eq!(result.reason, reasons.join(", "));
    for violation in &result.violations {
        assert!(psp2psa::pss::check(&violation.check).is_some());
        let said = format!("{} ({})", violation.reason, violation.detail);
        assert!(result.detail.contains(&said), "{}", result.detail);
    }
    if refused {
        let next = match result.tightest_level.as_str() {
            "privileged" => "baseline",
            _ => "restricted",
        };
        let asked = level.unwrap_or(next);
        let said = format!(
            "would violate PodSecurity \"{asked}:latest\": {}",
            result.detail
        );
        assert_eq!(result.message, said);
    }
}

#[test]
fn map_has_every_check_and_why_a_level_is_not_reached() {
    let verdicts = [
        "imposed",
        "granted",
        "unset",
        "escapable",
        "silent",
        "uncontrolled",
        "enforced",
    ];
    for (name, input, code) in INPUTS {
        let (_, report): (_, MapReport) = read(document(&["map"], input, code), "MapReport");
        assert_eq!(report.version, "latest");
        assert_eq!(report.rules_version, psp2psa::pss::NEWEST.to_string());
        let policies = if name == "cluster" { 9 } else { 0 };
        assert_eq!(report.policies.len(), policies);
        let names: Vec<&str> = report.policies.iter().map(|p| p.name.as_str()).collect();
        is_sorted(&names);
        for policy in &report.policies {
            is_of_the_input(policy.source.0.as_ref().expect("a policy stands somewhere"));
            assert!(!policy.summary.is_empty());
            for level in [&policy.level, &policy.strict_level] {
                is_a_level(level.0.as_deref().expect("no policy here is broken"));
            }
            for control in &policy.controls {
                is_a_level(&control.level);
                assert!(psp2psa::pss::check(&control.check).is_some());
                assert!(verdicts.contains(&control.verdict.as_str()));
                assert!(!control.message.is_empty());
            }
            let ids: BTreeSet<(&str, &str)> = policy
                .controls
                .iter()
                .map(|control| (control.level.as_str(), control.check.as_str()))
                .collect();
            assert_eq!(ids.len(), policy.controls.len(), "every check once");
            let in_the_way = [
                ("baseline", &policy.blocked_by.baseline),
                ("restricted", &policy.blocked_by.restricted),
            ];
            for (level, checks) in in_the_way {
                let reached = policy.level.0.as_deref().map(rank) >= Some(rank(level));
                assert_eq!(checks.is_empty(), reached, "{} {level}", policy.name);
            }
            for mutation in &policy.mutations {
                assert!(!mutation.field.is_empty() && !mutation.path.is_empty());
            }
            for unmapped in &policy.unmapped {
                assert!(!unmapped.field.is_empty() && !unmapped.message.is_empty());
            }
        }
    }
}

#[test]
fn access_with_and_without_a_question() {
    for (name, input, code) in INPUTS {
        let (_, report): (_, AccessReport) =
            read(document(&["access"], input, code), "AccessReport");
        assert_eq!(report.grants.is_empty(), name == "gitops");
        assert!(
            report.allowed.is_none() && report.via.is_none(),
            "nothing was asked"
        );
        let policies: Vec<&str> = report.grants.iter().map(|g| g.policy.as_str()).collect();
        is_sorted(&policies);
        for grant in &report.grants {
            assert_eq!(
                grant.namespace.0.is_none(),
                grant.binding.kind == "ClusterRoleBinding"
            );
            assert!(["User", "Group", "ServiceAccount"].contains(&grant.subject.kind.as_str()));
            assert!(["Role", "ClusterRole"].contains(&grant.role.kind.as_str()));
            assert_eq!(
                grant.by_name,
                grant.rule.resource_names.contains(&grant.policy)
            );
        }
    }
    let ask = |user, code| {
        let question = ["access", "--psp", "debug", "-n", "sandbox", "--as", user];
        let document = document(&question, INPUTS[0].1, code);
        read::<AccessReport>(document, "AccessReport").1
    };
    let yes = ask("jane@example.com", 0);
    assert_eq!(yes.allowed, Some(true));
    assert!(yes.via.is_some_and(|via| via.is_string()));
    let no = ask("joe@example.com", 1);
    assert_eq!(no.allowed, Some(false));
    assert_eq!(no.via, Some(Value::Null), "null, not absent");
    assert!(no.grants.is_empty());
}

#[test]
fn migrate_refers_only_to_what_it_shows() {
    for (name, input, code) in INPUTS {
        let (head, report): (_, MigrationReport) =
            read(document(&["migrate"], input, code), "MigrationReport");
        let count = if name == "cluster" { 17 } else { 3 };
        assert_eq!(report.namespaces.len(), count);
        assert_eq!(report.basis, "observed");
        assert_eq!(report.prefer, "stability");
        assert!(!report.target_reason.is_empty());
        assert_eq!(
            report.target_version,
            if name == "cluster" { "v1.24" } else { "v1.37" }
        );
        assert_eq!(report.rules_version, report.target_version);
        is_told(&report.input);
        assert_eq!(
            code == 3,
            head.diagnostics.iter().any(|d| d.severity == "error")
        );
        let names: Vec<&str> = report.namespaces.iter().map(|n| n.name.as_str()).collect();
        is_sorted(&names);
        let ids: Vec<&str> = report.findings.iter().map(|f| f.id.as_str()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        for finding in &report.findings {
            let severities = psp2psa::plan::findings::Severity::ALL;
            let mut no_worse = severities
                .into_iter()
                .filter(|s| s.as_str() == finding.severity);
            assert!(
                psp2psa::plan::findings::CODES
                    .iter()
                    .any(|code| code.name == finding.code
                        && no_worse.any(|severity| severity >= code.severity)),
                "{}",
                finding.id
            );
            assert!(
                finding
                    .commands
                    .iter()
                    .all(|command| !command.contains('\n'))
            );
            assert!(
                finding
                    .manifests
                    .iter()
                    .all(|object| object["kind"].is_string())
            );
            assert!(finding.id.starts_with(&finding.code));
            assert!(!finding.title.is_empty() && !finding.consequence.is_empty());
            assert!(!finding.remedy.is_empty());
            assert!(!finding.places.is_empty(), "{} is nowhere", finding.id);
            is_sorted(&finding.evidence);
            for place in &finding.places {
                if let Some(namespace) = &place.namespace.0 {
                    assert!(names.contains(&namespace.as_str()));
                }
                if let Some(source) = &place.source.0 {
                    is_of_the_input(source);
                }
                assert!(
                    place.namespace.0.is_some()
                        || place.source.0.is_some()
                        || !place.object.is_empty()
                );
            }
        }
        for namespace in &report.namespaces {
            namespace_is_consistent(namespace, &report);
        }
        adds_up(&report);
    }
}

fn namespace_is_consistent(namespace: &shape::Namespace, report: &MigrationReport) {
    let name = &namespace.name;
    is_of_the_input(namespace.source.0.as_ref().expect("both inputs define all"));
    assert!(["planned", "inconclusive"].contains(&namespace.status.as_str()));
    assert!(["complete", "partial", "none"].contains(&namespace.evidence.as_str()));
    assert!(["high", "review"].contains(&namespace.confidence.as_str()));
    assert!(!namespace.brief.is_empty() && !namespace.reasons.is_empty());
    assert!(namespace.missing.iter().all(|missing| !missing.is_empty()));
    assert_eq!(
        namespace.proposed.0.is_none(),
        namespace.status == "inconclusive",
        "{name}"
    );
    let levels = [
        &namespace.needed,
        &namespace.needed_stored,
        &namespace.needed_with_patches,
        &namespace.enforce,
        &namespace.audit,
        &namespace.warn,
        &namespace.proposed,
        &namespace.granted.level,
    ];
    levels
        .iter()
        .filter_map(|level| level.0.as_deref())
        .for_each(is_a_level);
    for (label, value) in &namespace.labels.before {
        assert_eq!(namespace.labels.after.get(label), Some(value), "{name}");
    }
    for label in namespace.labels.after.keys() {
        assert!(label.starts_with("pod-security.kubernetes.io/"), "{label}");
    }
    let findings: BTreeSet<&str> = namespace.findings.iter().map(String::as_str).collect();
    for finding in &report.findings {
        let here = finding
            .places
            .iter()
            .any(|place| place.namespace.0.as_ref() == Some(name));
        assert_eq!(here, findings.contains(finding.id.as_str()), "{name}");
    }
    let known: BTreeSet<&str> = report.policies.iter().map(|p| p.name.as_str()).collect();
    let lists = [
        &namespace.granted.own,
        &namespace.granted.everyone,
        &namespace.granted.operators,
        &namespace.granted.people,
        &namespace.granted.nodes,
        &namespace.granted.wildcard,
    ];
    for usable in lists.into_iter().flatten() {
        assert!(known.contains(usable.policy.as_str()) || usable.level.0.is_none());
        assert!(!usable.subject.is_empty() && !usable.binding.is_empty());
        assert!(!usable.role.is_empty());
        let _: bool = usable.used;
    }
    is_sorted(&namespace.policies);
    for workload in &namespace.workloads {
        workload_is_consistent(workload, name, &known);
    }
    if let Some(later) = &namespace.enforce_after_bypass.0 {
        assert_ne!(namespace.enforce.0.as_ref(), Some(later));
        let stage = match namespace.confidence_after_bypass.0.as_deref() {
            Some("review") => "60-enforce-review",
            _ => "60-enforce",
        };
        assert!(namespace.steps.contains(&stage.to_owned()));
    }
    let patches = namespace.workloads.iter();
    for patch in patches.filter_map(|workload| workload.patch.0.as_ref()) {
        let stage = patch.stage.0.as_ref();
        assert!(stage.is_none_or(|stage| namespace.steps.contains(stage)));
    }
    for step in &namespace.steps {
        assert!(
            step.starts_with(|first: char| first.is_ascii_digit()),
            "{step}"
        );
    }
    for existing in &namespace.existing_pods {
        is_a_level(&existing.level);
        let first = format!(
            "existing pods in namespace \"{name}\" violate the new PodSecurity enforce level"
        );
        assert!(
            existing.warnings[0].starts_with(&first),
            "{:?}",
            existing.warnings
        );
        assert!(
            existing.warnings[0].ends_with(&format!("\"{}:{}\"", existing.level, existing.version))
        );
        assert!(existing.warnings.len() > 1);
    }
    for preview in &namespace.preview {
        assert!(preview.version.starts_with("v1."));
        assert_ne!(preview.version, report.target_version);
        for changed in &preview.changed {
            assert!(!changed.workload.is_empty() && !changed.checks.is_empty());
            let _: bool = changed.refused;
        }
    }
}

const PROOFS: [&str; 4] = ["accepted", "otherPolicy", "stillMutated", "refused"];

fn workload_is_consistent(workload: &shape::Workload, namespace: &str, policies: &BTreeSet<&str>) {
    is_of_the_input(&workload.source);
    assert_eq!(workload.namespace.0.as_deref(), Some(namespace));
    assert!(!workload.kind.is_empty() && !workload.name.is_empty());
    assert!(!workload.service_account.is_empty());
    let sets = [
        Some(&workload.satisfies),
        workload.satisfies_stored.0.as_ref(),
        workload.satisfies_patched.0.as_ref(),
    ];
    for set in sets.into_iter().flatten() {
        assert!(set.contains(&"privileged".to_owned()));
    }
    for level in ["baseline", "restricted"] {
        let violated = workload.violations.contains_key(level);
        let satisfied = workload.satisfies.contains(&level.to_owned());
        assert_ne!(violated, satisfied, "{}: {level}", workload.name);
    }
    assert!(workload.violations.values().all(|found| !found.is_empty()));
    let policy = workload.policy.0.as_deref();
    assert_eq!(policy.is_some(), workload.via.0.is_some());
    assert!(policy.is_none_or(|policy| policies.contains(policy)));
    assert!(policy.is_some() || workload.mutations.is_empty());
    if let Some(patch) = &workload.patch.0 {
        assert!(PROOFS.contains(&patch.proof.as_str()));
        if !patch.object.is_null() {
            assert_eq!(patch.object["kind"], workload.kind.as_str());
            assert_eq!(patch.object["metadata"]["name"], workload.name.as_str());
        }
    }
    let patch = workload.patch.0.iter();
    let patched = patch.flat_map(|patch| patch.edits.iter().chain(&patch.loosening));
    for mutation in &workload.mutations {
        assert!(!mutation.path.is_empty() && !mutation.consequence.is_empty());
        assert_ne!(mutation.before.0, mutation.after.0, "{}", mutation.path);
    }
    for hardening in &workload.hardening {
        let satisfied = workload.satisfies.contains(&hardening.level);
        assert!(!satisfied || workload.policy.0.is_some());
        assert!(!hardening.edits.is_empty());
        let proof = hardening.proof.0.as_deref();
        let admitted = workload.policy.0.is_some();
        assert_eq!(proof.is_some_and(|proof| PROOFS.contains(&proof)), admitted);
    }
    let proposed = workload
        .hardening
        .iter()
        .flat_map(|hardening| &hardening.edits);
    for change in patched.chain(proposed) {
        assert!(!change.path.is_empty());
        assert_ne!(change.before.0, change.after.0, "{}", change.path);
    }
    assert!(workload.notes.iter().all(|note| !note.is_empty()));
    assert!(workload.counts || workload.kind == "Pod");
}

/// What was read has a name, and its digest a form.
fn is_told(input: &shape::Input) {
    let is_sha256 = |text: &String| {
        text.len() == 64 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
    };
    assert!(input.sha256.0.as_ref().is_some_and(is_sha256));
    for file in &input.files {
        assert!(!file.name.is_empty());
        assert!(file.bytes.0.is_some());
        assert!(file.sha256.0.as_ref().is_some_and(is_sha256));
        assert_eq!(file.reason.0, None);
    }
    assert!(!input.files.is_empty());
    assert!(!input.objects.is_empty());
    assert!(
        input
            .objects
            .values()
            .chain(input.kubelets.values())
            .all(|count| *count > 0)
    );
    assert_eq!(input.options.basis, "observed");
}

/// The summary counts what is there.
fn adds_up(report: &MigrationReport) {
    let summary = &report.summary;
    assert_eq!(summary.namespaces, report.namespaces.len());
    let count = |items: Vec<&str>| {
        items.iter().fold(BTreeMap::new(), |mut counts, item| {
            *counts.entry((*item).to_owned()).or_insert(0_usize) += 1;
            counts
        })
    };
    let namespaces = report.namespaces.iter();
    let enforced = namespaces
        .clone()
        .map(|n| n.enforce.0.as_deref().unwrap_or("none"));
    assert_eq!(summary.by_enforce, count(enforced.collect()));
    let status = namespaces.map(|n| n.status.as_str());
    assert_eq!(summary.by_status, count(status.collect()));
    let severities = report.findings.iter().map(|f| f.severity.as_str());
    let mut counted = count(severities.collect());
    for severity in ["high", "medium", "low", "info"] {
        counted.entry(severity.to_owned()).or_insert(0);
    }
    assert_eq!(summary.findings_by_severity, counted);
}
