//! Namespaces of which the same is to be said.
//!
//! A repository with many namespaces and few workloads would make a report of the same page over and over. Namespaces
//! in which nothing runs, and about which everything else is the same as well, share one section.

use std::collections::BTreeMap;

use crate::render::json::v1::{MigrationReport, Namespace};

use super::grants;

/// The sections, each with the positions of the namespaces that it is about, first one first.
pub(super) struct Alike {
    sections: Vec<Vec<usize>>,
}

impl Alike {
    /// Finds the namespaces that can share a section.
    pub(super) fn new(report: &MigrationReport) -> Self {
        let mut sections: Vec<Vec<usize>> = Vec::new();
        let mut known: BTreeMap<Key, usize> = BTreeMap::new();
        for (position, namespace) in report.namespaces.iter().enumerate() {
            let shared = key(namespace).and_then(|key| match known.get(&key) {
                Some(section) => Some(*section),
                None => {
                    known.insert(key, sections.len());
                    None
                }
            });
            match shared {
                Some(section) => sections[section].push(position),
                None => sections.push(vec![position]),
            }
        }
        Alike { sections }
    }

    /// How many sections there are.
    pub(super) fn len(&self) -> usize {
        self.sections.len()
    }

    /// The positions of the namespaces that a section is about. Never empty.
    pub(super) fn section(&self, section: usize) -> &[usize] {
        &self.sections[section]
    }
}

/// Everything that the section of a namespace without workloads says, but for its name and its place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    words: [Option<&'a str>; 6],
    lists: [&'a [String]; 4],
    labels: [&'a BTreeMap<String, String>; 2],
    grants: Vec<grants::Key<'a>>,
}

/// `None` for a namespace that has a section of its own.
fn key(namespace: &Namespace) -> Option<Key<'_>> {
    let changes = namespace
        .preview
        .iter()
        .any(|preview| !preview.changed.is_empty());
    if changes || !namespace.workloads.is_empty() {
        return None;
    }
    Some(Key {
        words: [
            Some(&namespace.status),
            Some(&namespace.evidence),
            Some(&namespace.confidence),
            namespace.audit.as_deref(),
            namespace.warn.as_deref(),
            namespace.proposed.as_deref(),
        ],
        lists: [
            &namespace.reasons,
            &namespace.missing,
            &namespace.steps,
            &namespace.findings,
        ],
        labels: [&namespace.labels.before, &namespace.labels.after],
        grants: grants::keys(&namespace.granted),
    })
}
