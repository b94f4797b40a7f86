//! What the patches of a kustomization do to pods, as far as their own text tells.
//!
//! Nothing is applied. What a patch sets is known content, so it only lowers the levels that a pod can satisfy; what it
//! takes away may have been what a level asks for. Upstream: `sigs.k8s.io/kustomize/api/types` (v5: `Patch`,
//! `Replacement`), RFC 6902, and the directives of `k8s.io/apimachinery/pkg/util/strategicpatch`.

mod fields;
mod merged;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::gap;
use super::nullable;
use super::pod::Pod;
use super::workload::{CONVENTIONS, KINDS};
use crate::diag::Source;
use crate::input::{self, InputFile, OPERATION};
use fields::{field_steps, matters};
use merged::{DIRECTIVE, Lists, effects, of_template};

/// What one patch does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// How to call it, for example `Deployment web`.
    pub what: String,
    /// The objects that it changes.
    pub target: Target,
    /// What it does to their pods; empty if nothing.
    pub effects: Vec<Effect>,
}

/// An operation of a JSON 6902 patch that stands in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Where it stands.
    pub source: Source,
    /// The operation as it was read.
    pub operation: Value,
}

/// The objects that a patch is for; what is empty is any.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(default)]
pub struct Target {
    /// Kind, if it is a plain word: upstream takes regular expressions.
    #[serde(deserialize_with = "nullable::or_default")]
    pub kind: String,
    /// Name, likewise.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
}

/// What becomes of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It has these fields, whatever it had before.
    Sets {
        /// The fields.
        pod: Arc<Pod>,
        /// Whether the patch may take away what the restricted level asks for.
        takes_away: bool,
        /// Names of containers that do not have what that level asks for, if the pod has none of that name yet.
        perhaps_new: Arc<[String]>,
    },
    /// Not known.
    Unknown,
}

/// How deep a field of a pod can be in an object at most; deeper ones are no pod's.
const MAX_DEPTH: usize = 64;

impl Change {
    /// Whether it is known all of what it does.
    pub fn is_known(&self) -> bool {
        !self.effects.contains(&Effect::Unknown)
    }

    /// A change of which only is known what it is for.
    pub(super) fn unknown(what: String, target: Target) -> Self {
        let effects = vec![Effect::Unknown];
        Change {
            what,
            target,
            effects,
        }
    }
}

impl Effect {
    /// The effect of an operation, which tells apart what it adds and what it changes.
    fn of_operation(self) -> Self {
        match self {
            Effect::Sets {
                pod, takes_away, ..
            } => Effect::Sets {
                pod,
                takes_away,
                perhaps_new: Arc::from([]),
            },
            Effect::Unknown => Effect::Unknown,
        }
    }
}

impl Target {
    /// The target without the parts that are no plain words.
    pub(super) fn plain(&self) -> Self {
        let plain = |text: &String| {
            let is_plain = text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
            text.clone()
                .split_off(if is_plain { 0 } else { text.len() })
        };
        Target {
            kind: plain(&self.kind),
            name: plain(&self.name),
        }
    }

    /// Where its objects have pods.
    fn templates(&self) -> Vec<&'static str> {
        let known = || KINDS.iter().map(|kind| kind.template);
        if self.kind.is_empty() {
            let mut all: Vec<_> = known().chain(CONVENTIONS.iter().copied()).collect();
            all.sort_unstable();
            all.dedup();
            return all;
        }
        match KINDS.iter().find(|kind| kind.name == self.kind) {
            Some(kind) => vec![kind.template],
            None if gap::makes_no_pods(&self.kind) => Vec::new(),
            None => CONVENTIONS.to_vec(),
        }
    }
}

/// What the text of a patch does: strategic-merge patches or JSON 6902 operations. `place` names the kustomization, and
/// `target` is empty where the patch names what it is for.
pub(super) fn inline(text: &str, target: &Target, place: &str) -> Vec<Change> {
    let file = InputFile::new("", text.as_bytes().to_vec());
    let reading = input::documents(&file);
    let target = target.plain();
    if !reading.unreadable.is_empty() || reading.documents.is_empty() {
        return vec![Change::unknown(format!("what {place} patches"), target)];
    }
    let mut changes = Vec::new();
    for document in &reading.documents {
        let change = match document.value() {
            Ok(value) if document.kind == OPERATION => operation(&value, &target, place),
            Ok(value) => Some(strategic(&value, &target)),
            Err(_) => Some(Change::unknown(
                format!("what {place} patches"),
                target.clone(),
            )),
        };
        changes.extend(change);
    }
    changes
}

/// What a strategic-merge patch does. `target` is empty where the patch names what it is for.
pub(super) fn strategic(patch: &Value, target: &Target) -> Change {
    let text = |path: &str| {
        let text = patch.pointer(path).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let own = Target {
        kind: text("/kind"),
        name: text("/metadata/name"),
    };
    let what = format!("{} {}", own.kind, own.name);
    let lists = match KINDS.iter().any(|kind| kind.name == own.kind) {
        true => Lists::Merged,
        false => Lists::Replaced,
    };
    let target = match target.kind.is_empty() && target.name.is_empty() {
        true => own,
        false => target.clone(),
    };
    let effects = match patch.get(DIRECTIVE).and_then(Value::as_str) {
        // The object is not built at all.
        Some("delete") => Vec::new(),
        _ => effects(&target, patch, lists),
    };
    Change {
        what,
        target,
        effects,
    }
}

/// What annotations do that a kustomization adds to everything, templates included.
pub(super) fn annotated(annotations: &Value, place: &str) -> Change {
    Change {
        what: format!("the annotations of {place}"),
        target: Target::default(),
        effects: of_template(
            &json!({"metadata": {"annotations": annotations}}),
            false,
            Lists::Merged,
        ),
    }
}

/// What one JSON 6902 operation does; `None` if it cannot concern a pod.
pub(super) fn operation(operation: &Value, target: &Target, place: &str) -> Option<Change> {
    let text = |key: &str| {
        let text = operation.get(key).and_then(Value::as_str);
        text.unwrap_or_default()
    };
    let path = text("path");
    let steps = |pointer: &str| -> Vec<String> {
        let steps = pointer.split('/').skip(1);
        let steps = steps.map(|step| step.replace("~1", "/").replace("~0", "~"));
        steps.collect()
    };
    let way = steps(path);
    if way.len() > MAX_DEPTH {
        return None;
    }
    let effects = match text("op") {
        "test" => Vec::new(),
        "add" if is_dropped_capability(&way) => Vec::new(),
        "add" | "replace" => {
            let value = operation.get("value").cloned().unwrap_or_default();
            effects(target, &sparse(&way, as_replaced(value)), Lists::Merged)
        }
        "remove" => effects(target, &sparse(&way, Value::Null), Lists::Merged),
        "move" if matters(target, &steps(text("from"))) => vec![Effect::Unknown],
        "move" | "copy" if !matters(target, &way) => Vec::new(),
        _ => vec![Effect::Unknown],
    };
    let effects = effects.into_iter().map(Effect::of_operation);
    let effects: Vec<Effect> = effects.collect();
    (!effects.is_empty()).then(|| Change {
        what: match path {
            "" => described(target, place),
            path => format!("{path} of {}", described(target, place)),
        },
        target: target.clone(),
        effects,
    })
}

/// What a replacement does that writes something unknown into a field; `None` if that cannot concern a pod.
pub(super) fn replacement(field: &str, target: &Target, place: &str) -> Option<Change> {
    let target = target.plain();
    matters(&target, &field_steps(field)).then(|| {
        let what = format!("{field} of {}", described(&target, place));
        Change::unknown(what, target)
    })
}

/// The objects of a target in words.
fn described(target: &Target, place: &str) -> String {
    match (target.kind.as_str(), target.name.as_str()) {
        ("", "") => format!("what {place} builds"),
        ("", name) => name.to_owned(),
        (kind, "") => format!("every {kind} of {place}"),
        (kind, name) => format!("{kind} {name}"),
    }
}

/// Whether this adds a capability to those that a container gives up.
fn is_dropped_capability(way: &[String]) -> bool {
    matches!(way, [.., list, last] if list == "drop" && is_index(last))
}

fn is_index(step: &str) -> bool {
    step == "-" || (!step.is_empty() && step.bytes().all(|c| c.is_ascii_digit()))
}

/// An object with nothing but this value.
fn sparse(way: &[String], value: Value) -> Value {
    way.iter()
        .rev()
        .fold(value, |value, step| match is_index(step) {
            true => json!([value]),
            false => json!({step: value}),
        })
}

/// A value that takes the place of whatever was there, as a strategic-merge patch would say it.
fn as_replaced(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.insert(DIRECTIVE.to_owned(), "replace".into());
        }
        Value::Array(items) => {
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                item.insert(DIRECTIVE.to_owned(), "replace".into());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}
