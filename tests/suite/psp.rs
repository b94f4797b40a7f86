//! Answers of upstream's admission plugin and API validation: `fixtures/vectors/psp*.jsonl`.

use std::collections::BTreeSet;

use psp2psa::model::defaults;
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::psp::{self, Admission, Candidate, FieldError};
use serde::Deserialize;
use serde_json::{Value, json};

/// API validation of pods: what the vectors do not reach.
mod api;
/// Policies and pods that tests write.
mod objects;
/// Properties that hold for every policy and pod.
mod properties;
/// Admission: rules and boundaries that the vectors do not reach.
mod rules;
/// API validation of policies: what the vectors do not reach.
mod validation;

use crate::policies::{CREATIONS, POLICIES, UPDATES};
use objects::{pod, policy, texts};

/// How many disagreements a failure prints in full.
const SHOWN: usize = 5;

#[derive(Deserialize)]
struct Vector {
    id: String,
    psps: Vec<Value>,
    pod: Value,
    old_pod: Option<Value>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    admitted: bool,
    psp: Option<String>,
    mutated: bool,
    pod: Option<Value>,
    errors: Vec<String>,
    pod_in: Value,
    pod_stored: Option<Value>,
    #[serde(default)]
    api_errors: Vec<String>,
    validate_ok: Option<bool>,
    validate_psp: Option<String>,
    #[serde(default)]
    validate_errors: Vec<String>,
    per_psp: Vec<PerPsp>,
    #[serde(rename = "pss")]
    _pss: Option<Value>,
}

/// What upstream says of one policy.
#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct PerPsp {
    pub(crate) name: String,
    pub(crate) authorized: bool,
    pub(crate) valid: bool,
    pub(crate) mutated: bool,
    #[serde(default)]
    pub(crate) errors: Vec<String>,
    pub(crate) provider_error: Option<String>,
}

/// Collects disagreements, each one a text.
#[derive(Default)]
struct Report {
    vectors: usize,
    wrong: Vec<String>,
}

impl Report {
    fn compare<T: PartialEq + std::fmt::Debug>(
        &mut self,
        id: &str,
        what: &str,
        ours: T,
        theirs: T,
    ) {
        if ours != theirs {
            self.wrong.push(format!(
                "{id}: {what}\n  ours:     {ours:?}\n  upstream: {theirs:?}"
            ));
        }
    }

    #[track_caller]
    fn finish(self, at_least: usize) {
        let Report { vectors, wrong } = self;
        assert!(vectors >= at_least, "only {vectors} vectors");
        let shown: Vec<&str> = wrong.iter().take(SHOWN).map(String::as_str).collect();
        let shown = shown.join("\n\n");
        assert!(
            wrong.is_empty(),
            "{} of {vectors} differ:\n{shown}",
            wrong.len()
        );
    }
}

/// Drops null and empty members, which mean "absent" in the vectors, but for structs whose presence PSP tells apart.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), canonical(value)))
            .filter(|(name, value)| match value {
                Value::Null => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(members) => {
                    !members.is_empty() || !matches!(name.as_str(), "annotations" | "labels")
                }
                Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            })
            .collect(),
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Errors as the vectors have those of the API: without the value.
fn without_values(errors: &[FieldError]) -> Vec<String> {
    let text = |error: &FieldError| {
        let error = FieldError {
            value: String::new(),
            ..error.clone()
        };
        error.to_string()
    };
    errors.iter().map(text).collect()
}

fn candidates<'a>(vector: &Vector, policies: &'a [PodSecurityPolicy]) -> Vec<Candidate<'a>> {
    let usable: BTreeSet<&str> = (vector.expect.per_psp.iter())
        .filter(|psp| psp.authorized)
        .map(|psp| psp.name.as_str())
        .collect();
    let candidate = |policy: &'a PodSecurityPolicy| Candidate {
        policy,
        usable: usable.contains(policy.name.as_str()),
    };
    policies.iter().map(candidate).collect()
}

/// Everything but the outcome: what each policy said and what the requester is told.
fn compare_trials(report: &mut Report, vector: &Vector, admission: &Admission) {
    let (id, expect) = (vector.id.as_str(), &vector.expect);
    let mut ours: Vec<PerPsp> = (admission.trials.iter())
        .map(|trial| PerPsp {
            name: trial.name.clone(),
            authorized: trial.usable,
            valid: trial.is_valid(),
            mutated: trial.mutated,
            errors: texts(&trial.errors),
            provider_error: trial.provider_error.clone(),
        })
        .collect();
    ours.sort_by(|a, b| a.name.cmp(&b.name));
    for (ours, theirs) in ours.iter().zip(&expect.per_psp) {
        report.compare(id, "what one policy says", ours, theirs);
    }
    report.compare(id, "policies", ours.len(), expect.per_psp.len());
}

/// What the requester is told: `nothing` if no usable policy has looked at the pod.
fn told(admission: &Admission, nothing: Option<String>) -> Vec<String> {
    if !admission.has_providers() {
        return vec!["no providers available to validate pod request".to_owned()];
    }
    let mut errors: Vec<_> = admission.errors().collect();
    errors.sort_by_key(|(name, _)| *name);
    let text = |(name, error): &(&str, &FieldError)| format!("{name}: {error}");
    let texts: Vec<String> = errors.iter().map(text).collect();
    match (texts.is_empty(), &admission.admitted, nothing) {
        (true, None, Some(nothing)) => vec![nothing],
        _ => texts,
    }
}

fn compare_creation(report: &mut Report, vector: &Vector) {
    let (id, expect) = (vector.id.as_str(), &vector.expect);
    let policies: Vec<PodSecurityPolicy> = vector.psps.iter().cloned().map(policy).collect();
    let candidates = candidates(vector, &policies);
    let seen = pod(&expect.pod_in);
    let mut written = pod(&vector.pod);
    defaults::apply(&mut written);
    report.compare(id, "pod after defaulting", &written, &seen);

    let admission = psp::replay(&written, &candidates);
    compare_trials(report, vector, &admission);
    let name = &seen.metadata.name;
    let nothing =
        format!("pods \"{name}\" is forbidden: PodSecurityPolicy: unable to admit pod: []");
    let errors = told(&admission, Some(nothing));
    report.compare(id, "errors", &errors, &expect.errors);
    report.compare(
        id,
        "admitted",
        admission.admitted.is_some(),
        expect.admitted,
    );
    let Some(admitted) = admission.admitted else {
        return;
    };
    report.compare(id, "policy", Some(&admitted.policy), expect.psp.as_ref());
    report.compare(id, "mutated", admitted.mutated, expect.mutated);

    let with_annotation = |value: &mut Value| {
        value["metadata"]["annotations"][psp::ANNOTATION] = json!(admitted.policy);
    };
    let mut raw = expect.pod_in.clone();
    psp::apply(&psp::changes(&written, &admitted.pod), &mut raw);
    with_annotation(&mut raw);
    let theirs = expect.pod.as_ref().map(canonical).unwrap_or_default();
    report.compare(id, "pod", canonical(&raw), theirs.clone());

    let mut stored = psp::stored(&admitted.pod);
    let mut raw = expect.pod_in.clone();
    psp::apply(&psp::changes(&written, &stored), &mut raw);
    with_annotation(&mut raw);
    let theirs = expect.pod_stored.as_ref().map_or(theirs, canonical);
    report.compare(id, "stored pod", canonical(&raw), theirs);

    report.compare(
        id,
        "API errors",
        &without_values(&psp::api_errors(&stored)),
        &expect.api_errors,
    );
    stored
        .metadata
        .annotations
        .insert(psp::ANNOTATION.to_owned(), admitted.policy);
    let second = psp::replay_update(&stored, &candidates).admitted;
    report.compare(
        id,
        "second pass",
        Some(second.is_some()),
        expect.validate_ok,
    );
    let policy = second.map(|admitted| admitted.policy);
    report.compare(
        id,
        "policy of second pass",
        policy.as_ref(),
        expect.validate_psp.as_ref(),
    );
}

fn compare_update(report: &mut Report, vector: &Vector) {
    let (id, expect) = (vector.id.as_str(), &vector.expect);
    let policies: Vec<PodSecurityPolicy> = vector.psps.iter().cloned().map(policy).collect();
    let candidates = candidates(vector, &policies);
    let new = pod(&expect.pod_in);
    let mut written = pod(&vector.pod);
    defaults::apply(&mut written);
    report.compare(id, "pod after defaulting", &written, &new);

    let admission = psp::replay_update(&written, &candidates);
    compare_trials(report, vector, &admission);
    let old = vector.old_pod.as_ref().expect("an update has an old pod");
    if psp::is_ignored(old, &vector.pod) {
        report.compare(id, "ignored", true, expect.admitted && expect.psp.is_none());
        return;
    }
    report.compare(id, "errors", &told(&admission, None), &expect.errors);
    report.compare(
        id,
        "admitted",
        admission.admitted.is_some(),
        expect.admitted,
    );
    report.compare(
        id,
        "refused",
        !expect.validate_errors.is_empty(),
        !expect.admitted,
    );
    let policy = admission.admitted.as_ref().map(|admitted| &admitted.policy);
    report.compare(id, "policy", policy, expect.psp.as_ref());
    if let Some(admitted) = &admission.admitted {
        report.compare(id, "pod", &admitted.pod, &written);
        let theirs = expect.pod.as_ref().map(canonical).unwrap_or_default();
        report.compare(id, "pod", canonical(&expect.pod_in), theirs);
    }
}

#[test]
fn every_creation_gets_upstreams_answer() {
    for (file, text) in CREATIONS {
        let mut report = Report::default();
        for line in text.lines() {
            let vector: Vector = serde_json::from_str(line).expect(file);
            compare_creation(&mut report, &vector);
            report.vectors += 1;
        }
        report.finish(100);
    }
}

#[test]
fn every_update_gets_upstreams_answer() {
    let mut report = Report::default();
    for line in UPDATES.lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        compare_update(&mut report, &vector);
        report.vectors += 1;
    }
    report.finish(60);
}

#[test]
fn every_policy_gets_upstreams_validation() {
    #[derive(Deserialize)]
    struct Vector {
        id: String,
        psp: Value,
        expect: Expect,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Expect {
        valid: bool,
        errors: Vec<String>,
        provider_error: String,
    }
    let mut report = Report::default();
    for line in POLICIES.lines() {
        let Vector { id, psp, expect } = serde_json::from_str(line).unwrap();
        let policy = policy(psp);
        let errors = psp::validate_policy(&policy);
        report.compare(&id, "errors", &texts(&errors), &expect.errors);
        report.compare(&id, "valid", errors.is_empty(), expect.valid);
        let broken = psp::broken(&policy).unwrap_or_default();
        report.compare(&id, "broken", broken, expect.provider_error);
        report.vectors += 1;
    }
    report.finish(200);
}
