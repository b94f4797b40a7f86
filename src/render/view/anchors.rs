//! Ids within the page, and links to them.

use std::collections::{BTreeMap, BTreeSet};

use crate::render::json::v1::MigrationReport;

/// The ids of everything that can be linked to.
pub(super) struct Anchors<'a> {
    pub(super) namespaces: Ids<'a>,
    pub(super) policies: Ids<'a>,
    pub(super) findings: Ids<'a>,
}

impl<'a> Anchors<'a> {
    /// Gives everything in the report its id.
    pub(super) fn new(report: &'a MigrationReport) -> Self {
        Anchors {
            namespaces: Ids::new("ns", report.namespaces.iter().map(|it| it.name.as_str())),
            policies: Ids::new("policy", report.policies.iter().map(|it| it.name.as_str())),
            findings: Ids::new("finding", report.findings.iter().map(|it| it.id.as_str())),
        }
    }
}

/// The ids of one kind of thing.
///
/// A name that Kubernetes would accept is its own id, so that links to it can be guessed and stay the same when the
/// cluster changes. Any other name, and the second of two equal ones, gets its position after two dashes, with which
/// no valid name begins: so ids are unique and need no escaping.
pub(super) struct Ids<'a> {
    ids: Vec<String>,
    first: BTreeMap<&'a str, usize>,
}

impl<'a> Ids<'a> {
    fn new(prefix: &str, names: impl Iterator<Item = &'a str>) -> Self {
        let mut ids = Vec::new();
        let mut first = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (position, name) in names.enumerate() {
            first.entry(name).or_insert(position);
            ids.push(if is_plain(name) && taken.insert(name) {
                format!("{prefix}-{name}")
            } else {
                format!("{prefix}--{}", position + 1)
            });
        }
        Ids { ids, first }
    }

    /// The id of the thing at this position.
    pub(super) fn id(&self, position: usize) -> String {
        self.ids[position].clone()
    }

    /// A link to the first thing of this name; empty if the report has none.
    pub(super) fn href(&self, name: &str) -> String {
        self.first
            .get(name)
            .map(|position| format!("#{}", self.ids[*position]))
            .unwrap_or_default()
    }
}

/// Whether a name is safe in an id as it is: lower case letters, digits, `-` and `.`, beginning with one of the first
/// two.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 253
        && name.starts_with(plain)
        && name.chars().all(|c| plain(c) || c == '-' || c == '.')
}
