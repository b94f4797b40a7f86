//! Risks of the migration, each with its evidence, its consequence and what to do.
//!
//! # Severity
//!
//! It follows from the consequence alone:
//!
//! * **high** stops production: pods that run today, or are due, are refused; or the API server reads a label otherwise
//!   than its owner meant it.
//! * **medium** opens a hole or loses a restriction: what was refused is admitted, what was written into pods is not any
//!   more, or a protection is withheld.
//! * **low** costs something later: what does not run now is refused when it is needed (a rollback, a debug container,
//!   another version), or something is left behind that grants nothing.
//! * **info** stops nothing and opens nothing, but needs a look.
//!
//! A code has the severity of its worst consequence; a finding may be less severe, and then the explanation of its code
//! says when. There is no finding without a consequence.
//!
//! # Grouping
//!
//! Findings with the same code and title have the same cause, and are one finding with many places. So a title names the
//! cause and not the place.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use crate::diag::Source;

pub mod codes;

pub use codes::{CODES, FindingCode};

/// How bad the consequence is. Ordered worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Stops production.
    High,
    /// Opens a hole or loses a restriction.
    Medium,
    /// Costs something later.
    Low,
    /// Needs a look.
    Info,
}

impl Severity {
    /// All severities, worst first.
    pub const ALL: [Severity; 4] = [
        Severity::High,
        Severity::Medium,
        Severity::Low,
        Severity::Info,
    ];

    /// The word in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::High => "high",
            Severity::Medium => "medium",
            Severity::Low => "low",
            Severity::Info => "info",
        }
    }

    /// What findings of this severity have in common: the rule above in one sentence.
    pub fn rule(self) -> &'static str {
        match self {
            Severity::High => {
                "stops production: pods that run or are due are refused, or a label is read otherwise than meant"
            }
            Severity::Medium => {
                "opens a hole or loses a restriction: what was refused or corrected is admitted as it is"
            }
            Severity::Low => {
                "costs something later: what does not run now is refused when it is needed, or is left behind"
            }
            Severity::Info => "needs a look: stops nothing and opens nothing",
        }
    }
}

/// A risk of the migration.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Unique in a report: the code, and a number where several findings share it.
    pub id: String,
    /// What kind of risk.
    pub code: &'static FindingCode,
    /// Not worse than that of the code.
    pub severity: Severity,
    /// One line that names the cause.
    pub title: String,
    /// What it is about, sorted.
    pub places: Vec<Place>,
    /// The facts it follows from.
    pub evidence: Vec<String>,
    /// What happens if nothing is done, in one sentence.
    pub consequence: String,
    /// What one can do.
    pub remedy: String,
    /// Commands that help with it, each one line of a shell.
    pub commands: Vec<String>,
    /// Objects that do it, to be read and then applied.
    pub manifests: Vec<Value>,
}

/// An object that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The namespace concerned; `None` for the whole cluster.
    pub namespace: Option<String>,
    /// The object, for example `Deployment api`; empty where the namespace itself is meant.
    pub object: String,
    /// Where it stands.
    pub source: Option<Source>,
}

/// What a finding says, before it has an id and all its places.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) code: &'static str,
    pub(super) title: String,
    pub(super) evidence: Vec<String>,
    pub(super) consequence: String,
    pub(super) remedy: String,
}

/// What only some drafts have.
#[derive(Debug, Clone, Default)]
pub(super) struct Extra {
    /// Where the finding is less severe than its code.
    pub(super) severity: Option<Severity>,
    pub(super) commands: Vec<String>,
    pub(super) manifests: Vec<Value>,
}

/// Findings in the making, grouped by what they say: one cause with one consequence and one remedy is one finding.
#[derive(Debug, Default)]
pub(super) struct Findings {
    groups: BTreeMap<Key, Group>,
}

/// Code, title, consequence and remedy.
type Key = (&'static str, String, String, String);

/// One finding in the making.
#[derive(Debug)]
struct Group {
    draft: Draft,
    extra: Extra,
    places: Vec<Place>,
}

impl Group {
    fn learn(&mut self, evidence: Vec<String>) {
        let known = &mut self.draft.evidence;
        for line in evidence {
            if known.len() < EVIDENCE_LINES && !known.contains(&line) {
                known.push(line);
            }
        }
    }
}

impl Findings {
    /// Adds a place to the finding that says the same, which is made from the draft if it is the first.
    pub(super) fn add(&mut self, draft: Draft, place: Place) {
        self.add_with(draft, Extra::default(), place);
    }

    /// The same with what only some drafts have.
    pub(super) fn add_with(&mut self, draft: Draft, extra: Extra, place: Place) {
        self.add_all(draft, extra, [place]);
    }

    /// The same with many places.
    pub(super) fn add_all(
        &mut self,
        mut draft: Draft,
        extra: Extra,
        places: impl IntoIterator<Item = Place>,
    ) {
        let mut places = places.into_iter().peekable();
        if places.peek().is_none() {
            return;
        }
        let evidence = std::mem::take(&mut draft.evidence);
        let key = (
            draft.code,
            draft.title.clone(),
            draft.consequence.clone(),
            draft.remedy.clone(),
        );
        let group = self.groups.entry(key).or_insert_with(|| Group {
            draft,
            extra,
            places: Vec::new(),
        });
        group.learn(evidence);
        group.places.extend(places);
    }

    /// Appends what was found later.
    pub(super) fn append(&mut self, later: Findings) {
        for (key, mut more) in later.groups {
            match self.groups.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(more);
                }
                Entry::Occupied(mut entry) => {
                    let group = entry.get_mut();
                    group.learn(more.draft.evidence);
                    group.places.append(&mut more.places);
                }
            }
        }
    }

    /// All findings, worst first, with their ids.
    pub(super) fn finish(self) -> Vec<Finding> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for (code, ..) in self.groups.keys() {
            *count.entry(code).or_default() += 1;
        }
        let mut number: BTreeMap<&str, usize> = BTreeMap::new();
        let mut findings: Vec<Finding> = self
            .groups
            .into_values()
            .map(|group| {
                let Group {
                    mut draft,
                    extra,
                    mut places,
                } = group;
                places.sort();
                places.dedup();
                draft.evidence.sort();
                let code = codes::code(draft.code);
                let next = number.entry(draft.code).or_default();
                *next += 1;
                Finding {
                    id: match count.get(draft.code) {
                        Some(1) => draft.code.to_owned(),
                        _ => format!("{}-{next}", draft.code),
                    },
                    code,
                    severity: extra.severity.unwrap_or(code.severity).max(code.severity),
                    title: draft.title,
                    places,
                    evidence: draft.evidence,
                    consequence: draft.consequence,
                    remedy: draft.remedy,
                    commands: extra.commands,
                    manifests: extra.manifests,
                }
            })
            .collect();
        findings.sort_by(|a, b| (a.severity, a.code.name).cmp(&(b.severity, b.code.name)));
        findings
    }
}

/// Lines of evidence that one finding keeps: enough to understand, few enough to read.
const EVIDENCE_LINES: usize = 20;
