//! Short selections of the report: a comment on a pull request, and its description.
//!
//! Both fit into the 65,536 characters that GitHub accepts. Lists are filled until their share of that is used, and say
//! how many lines they leave out.

use serde::Serialize;

use crate::render::json::v1::{Document, Finding, MigrationReport};
use crate::render::markdown::Whole;
use crate::render::{back, escape};

use super::findings;
use super::labels;
use super::opening;
use super::stages::{self, Back, Stage};
use super::stops;
use super::words;

/// Characters of one cell or line: longer texts are cut.
const CELL: usize = 300;
/// Characters that the largest list may use of a description.
const LARGE: usize = 30_000;
/// Characters that each other list of a description may use.
const SMALL: usize = 8_000;
/// Characters that each list of a comment may use.
const BRIEF: usize = 4_000;

/// The comment.
#[derive(Serialize)]
pub(in crate::render) struct Summary {
    tool: String,
    /// Where the whole report is, as the rest of a sentence; empty if it is not written.
    whole: &'static str,
    headline: String,
    findings: String,
    high: Vec<Risk>,
    more_high: String,
    changes: Vec<Change>,
    more_changes: String,
    inconclusive: Vec<Withheld>,
    more_inconclusive: String,
}

/// The description.
#[derive(Serialize)]
pub(in crate::render) struct PullRequest<'a> {
    tool: String,
    title: String,
    headline: String,
    target_version: &'a str,
    target_reason: String,
    basis: &'a str,
    basis_meaning: &'static str,
    changes: Vec<Change>,
    more_changes: String,
    inconclusive: Vec<Withheld>,
    more_inconclusive: String,
    /// What this is for, in one sentence.
    purpose: &'static str,
    /// Labels that a person should look at first, as a phrase; empty if there are none.
    review: String,
    risks: Vec<Risk>,
    more_risks: String,
    stages: Vec<Stage<'a>>,
    /// The way back.
    back: Vec<Back>,
    back_note: &'static str,
}

/// One namespace, before and after.
#[derive(Serialize)]
struct Change {
    name: String,
    before: String,
    after: String,
    audit: String,
    warn: String,
    confidence: String,
    brief: String,
}

/// Namespaces that are inconclusive for the same reason.
#[derive(Serialize)]
struct Withheld {
    names: String,
    brief: String,
}

/// One finding.
#[derive(Serialize)]
struct Risk {
    id: String,
    severity: String,
    title: String,
    consequence: String,
    remedy: String,
    places: String,
}

impl Summary {
    /// Selects what a comment says.
    pub(in crate::render) fn new(document: &Document<MigrationReport>, whole: Whole) -> Self {
        let report = &document.body;
        let (high, more_high) = fitting(risks(report, &["high"]), BRIEF, Risk::size);
        let (changes, more_changes) = fitting(changes(report), BRIEF, Change::size);
        let (inconclusive, more_inconclusive) = fitting(withheld(report), BRIEF, Withheld::size);
        Summary {
            whole: match whole {
                Whole::Written => "; the whole report is in report.html, report.md and report.json",
                Whole::NotWritten => "",
            },
            tool: format!("{} {}", document.tool.name, document.tool.version),
            headline: opening::headline(report),
            findings: opening::severities(report),
            high,
            more_high,
            changes,
            more_changes,
            inconclusive,
            more_inconclusive,
        }
    }
}

impl<'a> PullRequest<'a> {
    /// Selects what a description says.
    pub(in crate::render) fn new(document: &'a Document<MigrationReport>) -> Self {
        let report = &document.body;
        let all = changes(report);
        let title = format!(
            "Pod Security Admission labels for {}",
            words::count(all.len(), "namespace", "namespaces")
        );
        let (changes, more_changes) = fitting(all, LARGE, Change::size);
        let (inconclusive, more_inconclusive) = fitting(withheld(report), SMALL, Withheld::size);
        let (risks, more_risks) = fitting(risks(report, &["high", "medium"]), SMALL, Risk::size);
        PullRequest {
            tool: format!("{} {}", document.tool.name, document.tool.version),
            title,
            headline: opening::headline(report),
            target_version: &report.target_version,
            target_reason: words::shorten(&report.target_reason, CELL),
            basis: &report.basis,
            basis_meaning: opening::basis(&report.basis),
            changes,
            more_changes,
            inconclusive,
            more_inconclusive,
            purpose: match report.policies.is_empty() {
                true => "This brings the namespaces under Pod Security Admission.",
                false => {
                    "This brings the namespaces from PodSecurityPolicy to Pod Security Admission."
                }
            },
            review: stops::review(report),
            risks,
            more_risks,
            stages: stages::all(report),
            back: stages::back(report),
            back_note: back::note(report.policies.len()),
        }
    }
}

/// The namespaces whose labels change.
fn changes(report: &MigrationReport) -> Vec<Change> {
    report
        .namespaces
        .iter()
        .filter(|namespace| {
            namespace.labels.before != namespace.labels.after
                || namespace.enforce_after_bypass.is_some()
        })
        .map(|namespace| {
            let word = |level: Option<&str>| words::shorten(level.unwrap_or("none"), 60);
            Change {
                name: words::shorten(&namespace.name, CELL),
                before: word(Some(&labels::before(namespace).word)),
                after: word(Some(&labels::enforced(namespace).word)),
                audit: word(namespace.audit.as_deref()),
                warn: word(namespace.warn.as_deref()),
                confidence: word(Some(&labels::confidence(namespace).word)),
                brief: words::shorten(&namespace.brief, CELL),
            }
        })
        .collect()
}

fn withheld(report: &MigrationReport) -> Vec<Withheld> {
    opening::inconclusive(report)
        .into_iter()
        .map(|(brief, namespaces)| {
            let names: Vec<String> = namespaces
                .iter()
                .map(|namespace| words::shorten(&namespace.name, 63))
                .collect();
            Withheld {
                names: words::some(&names, 20),
                brief: words::shorten(brief, CELL),
            }
        })
        .collect()
}

fn risks(report: &MigrationReport, severities: &[&str]) -> Vec<Risk> {
    report
        .findings
        .iter()
        .filter(|finding| severities.contains(&finding.severity.as_str()))
        .map(risk)
        .collect()
}

fn risk(finding: &Finding) -> Risk {
    let places: Vec<String> = finding
        .places
        .iter()
        .map(|place| {
            let text = match (place.namespace.as_deref(), place.object.as_str()) {
                (None, "") => "the whole cluster".to_owned(),
                (None, object) => object.to_owned(),
                (Some(namespace), object) => format!("{namespace} {object}"),
            };
            words::shorten(text.trim_end(), 100)
        })
        .collect();
    Risk {
        id: words::shorten(&finding.id, CELL),
        severity: words::shorten(&finding.severity, CELL),
        title: words::shorten(&title(finding), CELL),
        consequence: words::shorten(&finding.consequence, CELL),
        remedy: words::shorten(&finding.remedy, CELL),
        places: words::some(&places, 3),
    }
}

/// The title of a finding, and that it is accepted.
fn title(finding: &Finding) -> String {
    let accepted = finding.accepted.iter();
    let sentences: Vec<String> = accepted.map(|by| findings::accepted(finding, by)).collect();
    match sentences.is_empty() {
        true => finding.title.clone(),
        false => format!("{}. {}", finding.title, sentences.join(". ")),
    }
}

impl Change {
    fn size(&self) -> usize {
        let Change {
            name,
            before,
            after,
            audit,
            warn,
            confidence,
            brief,
        } = self;
        size(&[name, before, after, audit, warn, confidence, brief])
    }
}

impl Withheld {
    fn size(&self) -> usize {
        let Withheld { names, brief } = self;
        size(&[names, brief])
    }
}

impl Risk {
    fn size(&self) -> usize {
        let Risk {
            id,
            severity,
            title,
            consequence,
            remedy,
            places,
        } = self;
        size(&[id, severity, title, consequence, remedy, places])
    }
}

/// Characters of a line with these texts, and what the template puts around them.
fn size(texts: &[&String]) -> usize {
    const AROUND: usize = 60;
    texts
        .iter()
        .map(|text| escape::markdown(text).chars().count())
        .sum::<usize>()
        + AROUND
}

/// The items that fit, and how many do not.
fn fitting<T>(items: Vec<T>, room: usize, size: fn(&T) -> usize) -> (Vec<T>, String) {
    let all = items.len();
    let mut used = 0;
    let kept: Vec<T> = items
        .into_iter()
        .take_while(|item| {
            used += size(item);
            used <= room
        })
        .collect();
    let more = words::left_out(all, kept.len());
    (kept, more)
}
