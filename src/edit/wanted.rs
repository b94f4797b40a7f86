//! What a plan sets in which object of the input, and what it leaves to a person.
//!
//! Written are the labels that the plan adds or changes, but for enforce labels of confidence `review`; and the fields
//! of patches that the old policies accept: what the cluster runs today does not change by either.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::diag::{Diagnostic, Source};
use crate::model::workload::KINDS;
use crate::plan::labels::Stage;
use crate::plan::level::Status;
use crate::plan::order::patched_before_labels;
use crate::plan::patches::Proof;
use crate::plan::workloads::WorkloadPlan;
use crate::plan::{NamespacePlan, Plan};
use crate::psp::{Change, Step};

use super::{At, Left, Set, Wish, diags};

/// What a plan sets.
#[derive(Debug, Default)]
pub struct Wanted {
    /// By file.
    pub wishes: BTreeMap<Arc<str>, Vec<Wish>>,
    /// What is left to a person, whatever the files are like.
    pub left: Vec<Left>,
}

/// Everything that a plan sets in the objects of its input.
pub fn wanted(plan: &Plan) -> Wanted {
    let mut wanted = Wanted::default();
    for namespace in &plan.namespaces {
        labels(namespace, &mut wanted);
        if namespace.decision.status != Status::Excluded {
            for workload in &namespace.workloads {
                patch(workload, &mut wanted);
            }
        }
    }
    wanted
}

impl Wanted {
    fn wish(&mut self, source: &Source, object: String, sets: Vec<Set>) {
        let wishes = self.wishes.entry(source.file.clone()).or_default();
        wishes.push(Wish {
            source: source.clone(),
            object,
            sets,
        });
    }
}

/// The labels of a namespace.
fn labels(namespace: &NamespacePlan, wanted: &mut Wanted) {
    let labels = &namespace.labels;
    let mut now = labels.before.clone();
    for stage in [Stage::WarnAudit, Stage::Enforce] {
        now.extend(
            labels
                .at(stage, namespace.decision.confidence)
                .unwrap_or_default(),
        );
    }
    let object = format!("Namespace {}", namespace.name);
    let later = differences(&now, &labels.after);
    let now = differences(&labels.before, &now);
    let left = |code, reason: String, sets: &[Set]| Left {
        code,
        reason,
        source: namespace.source.clone(),
        object: object.clone(),
        sets: sets.to_vec(),
    };
    if !later.is_empty() && namespace.source.is_some() {
        let reason = "the enforce label should be reviewed first".to_owned();
        wanted.left.push(left(&diags::REVIEW, reason, &later));
    }
    if now.is_empty() {
        return;
    }
    match (&namespace.source, namespace.copies.as_slice()) {
        (None, _) => {
            let reason = "the input has no Namespace object".to_owned();
            let all = differences(&labels.before, &labels.after);
            wanted.left.push(left(&diags::NO_MANIFEST, reason, &all));
        }
        (Some(source), []) => wanted.wish(source, object, now),
        (Some(_), copies) => {
            let copies: Vec<String> = copies.iter().map(Source::to_string).collect();
            let reason = format!("defined again at {}", copies.join(", "));
            wanted.left.push(left(&diags::DEFINED_TWICE, reason, &now));
        }
    }
}

/// The namespaces whose enforce label is written together with patches that have to be applied before it.
pub fn order(plan: &Plan) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    for namespace in &plan.namespaces {
        let patched = patched_before_labels(namespace);
        let confidence = namespace.decision.confidence;
        let written = namespace.labels.at(Stage::Enforce, confidence).is_some();
        let (Some(source), [first, more @ ..]) = (&namespace.source, patched.as_slice()) else {
            continue;
        };
        if written {
            let count = match more.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            said.push(Diagnostic::at(
                &diags::ORDER,
                source,
                format!(
                    "the enforce label of {} needs the patch of {}{count} before it",
                    namespace.name,
                    first.title()
                ),
                "apply the workloads first, wait until every rollout has finished, then apply the namespace",
            ));
        }
    }
    said
}

/// The labels that have another value than before.
fn differences(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Set> {
    let changed = after
        .iter()
        .filter(|(label, value)| before.get(*label) != Some(*value));
    changed
        .map(|(label, value)| Set {
            path: ["metadata", "labels", label]
                .map(|key| At::Key(key.to_owned()))
                .to_vec(),
            value: json!(value),
        })
        .collect()
}

/// The fields of a workload's patch, wherever a copy of it stands.
fn patch(workload: &WorkloadPlan, wanted: &mut Wanted) {
    let Some(patch) = workload.patch().filter(|patch| {
        workload.counts && patch.object.is_some() && patch.proof == Proof::Accepted
    }) else {
        return;
    };
    let kind = KINDS
        .iter()
        .find(|kind| kind.name == workload.reference.kind);
    let Some(kind) = kind else {
        return;
    };
    let template: Vec<At> = kind
        .template
        .split('.')
        .filter(|key| !key.is_empty())
        .map(|key| At::Key(key.to_owned()))
        .collect();
    let sets: Vec<Set> = patch
        .edits
        .iter()
        .filter_map(|edit| {
            Some(Set {
                path: template
                    .iter()
                    .cloned()
                    .chain(edit.steps.iter().map(at))
                    .collect(),
                value: after(edit)?,
            })
        })
        .collect();
    let sources = std::iter::once(&workload.source).chain(&workload.copies);
    for source in sources.filter(|_| !sets.is_empty()) {
        wanted.wish(source, workload.title(), sets.clone());
    }
}

fn at(step: &Step) -> At {
    match step {
        Step::Field(name) => At::Key((*name).to_owned()),
        Step::Key(key) => At::Key(key.clone()),
        Step::Index(index) => At::Index(*index),
    }
}

/// The value that a change writes. The lists among them are sets (capabilities, groups): what was there stays first, so
/// that the text only grows.
fn after(change: &Change) -> Option<Value> {
    let after = change.after.as_ref()?;
    let (Some(Value::Array(old)), Value::Array(new)) = (&change.before, after) else {
        return Some(after.clone());
    };
    if !old.iter().all(|item| new.contains(item)) {
        return Some(after.clone());
    }
    let more = new.iter().filter(|item| !old.contains(item));
    Some(old.iter().chain(more).cloned().collect())
}
