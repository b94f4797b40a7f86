//! The opening page: how many namespaces, from which levels to which, what stops us, the steps.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::back;
use crate::render::json::v1::{Document, MigrationReport, Namespace};

use super::Index;
use super::findings::FindingLink;
use super::labels;
use super::settled;
use super::stages::{self, Back, Stage};
use super::stops;
use super::words::{self, Tag, more};

/// High findings, and reasons why namespaces are inconclusive, that the opening page names.
const NAMED: usize = 5;
/// Namespaces that it names for each reason.
const EXAMPLES: usize = 3;

/// The opening page.
#[derive(Serialize)]
pub(super) struct Opening<'a> {
    /// `6 namespaces: 4 planned, 1 inconclusive, 1 excluded`.
    headline: String,
    /// What the report is about.
    purpose: &'static str,
    levels: Vec<LevelRow>,
    before_bar: Vec<Segment>,
    after_bar: Vec<Segment>,
    verdict: String,
    /// That the plugin must not go yet; empty if it may.
    guard: String,
    /// Whether nothing has to be settled before the rollout.
    clear: bool,
    high: Vec<FindingLink<'a>>,
    more_high: String,
    inconclusive: Vec<Withheld<'a>>,
    more_inconclusive: String,
    /// Errors of the input, as a phrase; empty if there are none.
    errors: String,
    /// Labels that a person should look at first, as a phrase; empty if there are none.
    review: String,
    /// Labels of owners that are looser than the evidence, as a phrase; empty if there are none.
    kept: String,
    /// That the rules which were judged are not those of the server; empty if that is no question.
    rules: String,
    stages: Vec<Stage<'a>>,
    /// The way back.
    back: Vec<Back>,
    back_note: &'static str,
    target_version: &'a str,
    target_reason: &'a str,
    basis: &'a str,
    basis_meaning: &'static str,
    evidence: String,
    findings: String,
}

/// How many namespaces enforce a level.
#[derive(Serialize)]
struct LevelRow {
    level: Tag<'static>,
    before: String,
    after: String,
}

/// A part of a bar 1,000 units long.
#[derive(Serialize)]
struct Segment {
    key: &'static str,
    x: usize,
    width: usize,
}

/// Namespaces that are inconclusive for the same reason.
#[derive(Serialize)]
struct Withheld<'a> {
    /// Why, in a few words.
    brief: &'a str,
    /// `3 namespaces`.
    words: String,
    names: Vec<NamespaceLink<'a>>,
    /// How many names are left out, as a phrase; empty if none.
    more: String,
}

/// A link to a namespace.
#[derive(Serialize)]
struct NamespaceLink<'a> {
    name: &'a str,
    href: String,
}

impl<'a> Opening<'a> {
    /// Words the opening page.
    pub(super) fn new(document: &'a Document<MigrationReport>, index: &'a Index) -> Self {
        let report = &document.body;
        let namespaces = || report.namespaces.iter();
        let before = by_level(namespaces(), labels::level_before);
        let after = by_level(namespaces(), labels::level_in_the_end);
        let later = namespaces().filter(|namespace| namespace.enforce_after_bypass.is_some());
        let later = by_level(later, labels::level_in_the_end);
        let high = settled::high(report);
        let high: Vec<&str> = high.iter().map(|finding| finding.id.as_str()).collect();
        let inconclusive = inconclusive(report);
        let guard = stages::guard(report);
        let withheld: usize = inconclusive
            .iter()
            .map(|(_, namespaces)| namespaces.len())
            .sum();
        Opening {
            headline: headline(report),
            purpose: match report.policies.is_empty() {
                true => "Pod Security Admission labels",
                false => "From PodSecurityPolicy to Pod Security Admission labels",
            },
            levels: level_rows(&before, &after, &later),
            before_bar: bar(&before),
            after_bar: bar(&after),
            verdict: stops::verdict(high.len(), withheld),
            clear: high.is_empty() && inconclusive.is_empty() && guard.is_empty(),
            guard,
            high: high
                .iter()
                .take(NAMED)
                .map(|id| FindingLink::new(id, &index.titles, &index.anchors))
                .collect(),
            more_high: more(high.len(), NAMED),
            inconclusive: inconclusive
                .iter()
                .take(NAMED)
                .map(|(brief, namespaces)| Withheld::new(brief, namespaces, index))
                .collect(),
            more_inconclusive: more(inconclusive.len(), NAMED),
            errors: stops::errors(document),
            review: stops::review(report),
            kept: stops::kept(report),
            rules: stops::rules(report),
            stages: stages::all(report),
            back: stages::back(report),
            back_note: back::note(report.policies.len()),
            target_version: &report.target_version,
            target_reason: &report.target_reason,
            basis: &report.basis,
            basis_meaning: basis(&report.basis),
            evidence: evidence(report),
            findings: severities(report),
        }
    }
}

impl<'a> Withheld<'a> {
    fn new(brief: &'a str, namespaces: &[&'a Namespace], index: &Index) -> Self {
        Withheld {
            brief,
            words: words::count(namespaces.len(), "namespace", "namespaces"),
            names: namespaces
                .iter()
                .take(EXAMPLES)
                .map(|namespace| NamespaceLink {
                    name: &namespace.name,
                    href: index.anchors.namespaces.href(&namespace.name),
                })
                .collect(),
            more: more(namespaces.len(), EXAMPLES),
        }
    }
}

/// The inconclusive namespaces by the reason in brief, the most frequent one first.
pub(super) fn inconclusive(report: &MigrationReport) -> Vec<(&str, Vec<&Namespace>)> {
    let mut by_reason: BTreeMap<&str, Vec<&Namespace>> = BTreeMap::new();
    for namespace in &report.namespaces {
        if namespace.status == "inconclusive" {
            by_reason
                .entry(&namespace.brief)
                .or_default()
                .push(namespace);
        }
    }
    let mut groups: Vec<(&str, Vec<&Namespace>)> = by_reason.into_iter().collect();
    groups.sort_by_key(|(_, namespaces)| std::cmp::Reverse(namespaces.len()));
    groups
}

/// `6 namespaces: 4 planned, 1 inconclusive, 1 excluded`.
pub(super) fn headline(report: &MigrationReport) -> String {
    let namespaces = words::count(report.namespaces.len(), "namespace", "namespaces");
    let parts: Vec<String> = ["planned", "inconclusive", "excluded"]
        .into_iter()
        .filter_map(|status| {
            let count = report
                .namespaces
                .iter()
                .filter(|namespace| namespace.status == status)
                .count();
            (count > 0).then(|| format!("{} {status}", words::number(count)))
        })
        .collect();
    match parts.is_empty() {
        true => format!("{namespaces} in the input"),
        false => format!("{namespaces}: {}", parts.join(", ")),
    }
}

/// What the basis means.
pub(super) fn basis(basis: &str) -> &'static str {
    match basis {
        "observed" => "the level follows from what the workloads need as written",
        "granted" => "the level follows from what the policies granted",
        "both" => "the looser of what the workloads need and what the policies granted",
        _ => "",
    }
}

/// Numbers of namespaces by the class of the level.
type ByLevel = BTreeMap<&'static str, usize>;

fn by_level<'a>(
    namespaces: impl Iterator<Item = &'a Namespace>,
    level: impl Fn(&'a Namespace) -> Option<&'a str>,
) -> ByLevel {
    let mut counts = ByLevel::new();
    for namespace in namespaces {
        *counts
            .entry(words::level(level(namespace), "").key)
            .or_default() += 1;
    }
    counts
}

/// Classes of levels and their words, tightest first.
const LEVELS: [(&str, &str); 4] = [
    ("restricted", "restricted"),
    ("baseline", "baseline"),
    ("privileged", "privileged"),
    ("none", "no label"),
];

/// `later` counts those that get the level behind the bypass only.
fn level_rows(before: &ByLevel, after: &ByLevel, later: &ByLevel) -> Vec<LevelRow> {
    let of = |counts: &ByLevel, key| counts.get(key).copied().unwrap_or_default();
    LEVELS
        .into_iter()
        .map(|(key, word)| LevelRow {
            level: Tag {
                word: word.into(),
                key,
                rank: 0,
            },
            before: words::number(of(before, key)),
            after: match later.get(key) {
                Some(later) => format!(
                    "{} ({} behind the bypass)",
                    words::number(of(after, key)),
                    words::number(*later)
                ),
                None => words::number(of(after, key)),
            },
        })
        .collect()
}

fn bar(counts: &ByLevel) -> Vec<Segment> {
    let all: usize = counts.values().sum();
    let mut sum = 0;
    LEVELS
        .into_iter()
        .filter_map(|(key, _)| {
            let from = sum * 1000 / all.max(1);
            sum += counts.get(key).copied().unwrap_or_default();
            let to = sum * 1000 / all.max(1);
            (to > from).then_some(Segment {
                key,
                x: from,
                width: to - from,
            })
        })
        .collect()
}

/// How many namespaces have which evidence.
fn evidence(report: &MigrationReport) -> String {
    let parts: Vec<String> = ["complete", "partial", "none"]
        .into_iter()
        .filter_map(|completeness| {
            let count = report
                .namespaces
                .iter()
                .filter(|namespace| namespace.evidence == completeness)
                .count();
            (count > 0).then(|| {
                format!(
                    "{completeness} for {}",
                    words::count(count, "namespace", "namespaces")
                )
            })
        })
        .collect();
    words::and(&parts)
}

/// How many findings there are of each severity.
pub(super) fn severities(report: &MigrationReport) -> String {
    let parts: Vec<String> = words::SEVERITY
        .iter()
        .filter_map(|severity| {
            let count = report
                .findings
                .iter()
                .filter(|finding| finding.severity == *severity)
                .count();
            (count > 0).then(|| format!("{} {severity}", words::number(count)))
        })
        .collect();
    let accepted = match report.summary.accepted {
        0 => String::new(),
        accepted => format!("; {} of them accepted", words::number(accepted)),
    };
    match parts.is_empty() {
        true => "none".to_owned(),
        false => format!("{}{accepted}", parts.join(", ")),
    }
}
