//! Risks of the migration, each with its evidence, its consequence and what to do.
//!
//! Severity follows from the consequence alone: **high** stops pods that run today, or makes the API server ignore
//! what the owner meant; **medium** opens or loses something that was protected, or withholds a protection;
//! **low** leaves something behind that nobody needs; **info** is worth knowing.
//!
//! Findings with the same cause are one finding with many places.

use std::collections::BTreeMap;

use crate::diag::Source;

pub mod codes;

pub use codes::{CODES, FindingCode};

/// How bad the consequence is. Ordered worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Pods that run today stop, or a label does not do what it says.
    High,
    /// Something protected becomes open, or stays unprotected.
    Medium,
    /// Something is left behind.
    Low,
    /// Worth knowing.
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
}

/// A risk of the migration.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Unique in a report: the code, and a number where several findings share it.
    pub id: String,
    /// What kind of risk.
    pub code: &'static FindingCode,
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

/// Findings in the making, grouped by code and title: one cause, one finding.
#[derive(Debug, Default)]
pub(super) struct Findings {
    groups: BTreeMap<(&'static str, String), (Draft, Vec<Place>)>,
}

impl Findings {
    /// Adds a place to the finding with this code and title, which is made from the draft if it is the first.
    pub(super) fn add(&mut self, draft: Draft, place: Place) {
        let key = (draft.code, draft.title.clone());
        let (first, places) = self
            .groups
            .entry(key)
            .or_insert_with(|| (draft.clone(), Vec::new()));
        for line in draft.evidence {
            if !first.evidence.contains(&line) && first.evidence.len() < EVIDENCE_LINES {
                first.evidence.push(line);
            }
        }
        places.push(place);
    }

    /// All findings, worst first, with their ids.
    pub(super) fn finish(self) -> Vec<Finding> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for (code, _) in self.groups.keys() {
            *count.entry(code).or_default() += 1;
        }
        let mut number: BTreeMap<&str, usize> = BTreeMap::new();
        let mut findings: Vec<Finding> = self
            .groups
            .into_values()
            .map(|(mut draft, mut places)| {
                places.sort();
                places.dedup();
                draft.evidence.sort();
                let next = number.entry(draft.code).or_default();
                *next += 1;
                Finding {
                    id: match count.get(draft.code) {
                        Some(1) => draft.code.to_owned(),
                        _ => format!("{}-{next}", draft.code),
                    },
                    code: codes::code(draft.code),
                    title: draft.title,
                    places,
                    evidence: draft.evidence,
                    consequence: draft.consequence,
                    remedy: draft.remedy,
                }
            })
            .collect();
        findings
            .sort_by(|a, b| (a.code.severity, a.code.name).cmp(&(b.code.severity, b.code.name)));
        findings
    }
}

/// Lines of evidence that one finding keeps: enough to understand, few enough to read.
const EVIDENCE_LINES: usize = 20;
