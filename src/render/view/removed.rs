//! What `70-cleanup` does to each object.

use serde::Serialize;

use crate::render::json::v1::MigrationReport;

use super::words;

/// Objects that are shown unfolded.
const FEW: usize = 10;

/// Every object that speaks of policies.
#[derive(Serialize)]
pub(super) struct Removed<'a> {
    /// `27 deleted, 2 changed, 3 left as they are`.
    words: String,
    objects: Vec<Object<'a>>,
    few: bool,
}

/// One of them.
#[derive(Serialize)]
struct Object<'a> {
    kind: &'a str,
    /// With its namespace before it, if it has one.
    name: String,
    /// What becomes of it.
    fate: &'static str,
    /// Why it stays; empty if it does not.
    reason: &'a str,
}

/// The objects in the order of the folder; `None` if nothing is removed.
pub(super) fn removed(report: &MigrationReport) -> Option<Removed<'_>> {
    let cleanup = &report.cleanup;
    let deleted = cleanup.delete.iter().map(|object| (object, "deleted"));
    let changed = cleanup.edit.iter();
    let changed = changed.map(|object| (object, "only its rules are changed"));
    let goes = deleted.chain(changed).map(|(object, fate)| Object {
        kind: &object.kind,
        name: qualified(object.namespace.as_deref(), &object.name),
        fate,
        reason: "",
    });
    let stays = cleanup.left.iter().map(|object| Object {
        kind: &object.kind,
        name: qualified(object.namespace.as_deref(), &object.name),
        fate: "stays",
        reason: &object.reason,
    });
    let objects: Vec<Object> = goes.chain(stays).collect();
    let left = match cleanup.left.len() {
        1 => "left as it is",
        _ => "left as they are",
    };
    let counts = [
        (cleanup.delete.len(), "deleted"),
        (cleanup.edit.len(), "changed"),
        (cleanup.left.len(), left),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", words::number(count)))
        .collect();
    let removes = !cleanup.delete.is_empty() || !cleanup.edit.is_empty();
    removes.then(|| Removed {
        words: counts.join(", "),
        few: objects.len() <= FEW,
        objects,
    })
}

fn qualified(namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}
