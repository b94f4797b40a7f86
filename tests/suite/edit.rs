//! Edits of the user's own files: what they look like in every style, what is refused, what reaches the disk.

mod corpus;
mod files;
mod generated;
mod styles;

use psp2psa::edit::{self, At, Edited, Set, Wish};
use psp2psa::input::{self, InputFile};
use serde_json::{Value, json};

/// The labels that most tests add: one that is sorted first, one that is sorted last.
const LABELS: [(&str, &str); 2] = [
    ("pod-security.kubernetes.io/audit", "baseline"),
    ("pod-security.kubernetes.io/warn-version", "v1.30"),
];

fn set(path: &str, value: Value) -> Set {
    Set {
        path: path
            .split(' ')
            .map(|step| match step.parse() {
                Ok(index) => At::Index(index),
                Err(_) => At::Key(step.to_owned()),
            })
            .collect(),
        value,
    }
}

/// The sets that add [`LABELS`].
fn labels() -> Vec<Set> {
    LABELS
        .iter()
        .map(|(key, value)| set(&format!("metadata labels {key}"), json!(value)))
        .collect()
}

/// A wish for every object of a kind in a text.
fn wishes(file: &InputFile, kind: &str, sets: &[Set]) -> Vec<Wish> {
    let reading = input::documents(file);
    assert!(reading.unreadable.is_empty(), "{:?}", reading.diagnostics);
    let of_kind = reading
        .documents
        .iter()
        .filter(|document| document.kind == kind);
    of_kind
        .map(|document| Wish {
            source: document.source.clone(),
            object: format!("{kind} x"),
            sets: sets.to_vec(),
        })
        .collect()
}

/// Edits every object of a kind in a text.
fn edited(text: &str, kind: &str, sets: &[Set]) -> (String, Edited) {
    let file = InputFile::new("in.yaml", text.as_bytes().to_vec());
    let outcome = edit::edit(&file, &wishes(&file, kind, sets));
    let new = edit::apply(&file.bytes, &outcome.splices);
    (String::from_utf8(new).expect("UTF-8"), outcome)
}

/// Every object of a text, with its kind.
fn objects(text: &str) -> Vec<Value> {
    let file = InputFile::new("in.yaml", text.as_bytes().to_vec());
    let reading = input::documents(&file);
    let documents = reading.documents.iter();
    documents
        .map(|document| document.value().expect("an object"))
        .collect()
}
