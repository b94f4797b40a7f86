//! Findings, worst first, and what the input left unsaid.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::render::json::to_text;
use crate::render::json::v1::{Acceptance, Diagnostic, Finding, MigrationReport, Place};

use super::anchors::Anchors;
use super::words::{self, Tag};

/// Places that one finding lists. Each namespace names its findings itself, so nothing is lost.
const PLACES: usize = 100;
/// Diagnostics that the report lists.
const DIAGNOSTICS: usize = 1000;

/// The findings of one severity.
#[derive(Serialize)]
pub(super) struct FindingGroup<'a> {
    severity: Tag<'a>,
    /// `2 findings`.
    words: String,
    findings: Vec<FindingView<'a>>,
}

/// One finding.
#[derive(Serialize)]
pub(super) struct FindingView<'a> {
    anchor: String,
    id: &'a str,
    code: &'a str,
    severity: Tag<'a>,
    title: &'a str,
    evidence: &'a [String],
    consequence: &'a str,
    remedy: &'a str,
    commands: &'a [String],
    /// Objects to apply as JSON, which `kubectl apply -f -` reads, line by line: whatever a text holds, it is on one
    /// line.
    manifests: Vec<Vec<String>>,
    /// What the configuration accepts of it, a sentence each.
    accepted: Vec<String>,
    /// `3 places`.
    place_words: String,
    places: Vec<PlaceView<'a>>,
    more_places: String,
    /// Whether it is shown unfolded.
    open: bool,
}

/// One place of a finding.
#[derive(Serialize)]
struct PlaceView<'a> {
    /// `the whole cluster` where it is about no namespace.
    namespace: &'a str,
    /// Empty if the report has no such namespace.
    href: String,
    object: &'a str,
    source: String,
}

/// A link to a finding.
#[derive(Serialize)]
pub(super) struct FindingLink<'a> {
    id: &'a str,
    /// Empty if the report has no such finding.
    href: String,
    severity: Tag<'a>,
    title: &'a str,
    #[serde(skip)]
    code: &'a str,
    /// How many more of the same code follow it, as a phrase; empty if they are links of their own.
    more: String,
}

/// Severity, title and code by id.
pub(super) type Titles<'a> = BTreeMap<&'a str, (&'a str, &'a str, &'a str)>;

/// Severity, title and code of every finding.
pub(super) fn titles(report: &MigrationReport) -> Titles<'_> {
    report
        .findings
        .iter()
        .map(|finding| {
            (
                finding.id.as_str(),
                (
                    finding.severity.as_str(),
                    finding.title.as_str(),
                    finding.code.as_str(),
                ),
            )
        })
        .collect()
}

impl<'a> FindingLink<'a> {
    /// A link to the finding of this id.
    pub(super) fn new(id: &'a str, titles: &Titles<'a>, anchors: &Anchors) -> Self {
        let (severity, title, code) = titles.get(id).copied().unwrap_or(("info", id, ""));
        FindingLink {
            id,
            href: anchors.findings.href(id),
            severity: words::tag(severity, words::SEVERITY),
            title,
            code,
            more: String::new(),
        }
    }
}

/// Findings of one severity and code up to which each is named.
const ALIKE: usize = 3;

/// Links to the findings of these ids, worst first. Of many with the same code, the first speaks for all: they stand side
/// by side where it leads.
pub(super) fn links<'a>(
    ids: &'a [String],
    titles: &Titles<'a>,
    anchors: &Anchors,
) -> Vec<FindingLink<'a>> {
    let mut links: Vec<FindingLink> = ids
        .iter()
        .map(|id| FindingLink::new(id, titles, anchors))
        .collect();
    links.sort_by_key(|link| link.severity.rank);
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for link in &links {
        *counts.entry((link.severity.rank, link.code)).or_default() += 1;
    }
    links.retain_mut(
        |link| match counts.get_mut(&(link.severity.rank, link.code)) {
            Some(0) => false,
            Some(many) if *many > ALIKE => {
                link.more = format!("and {} more of this kind", words::number(*many - 1));
                *many = 0;
                true
            }
            Some(_) | None => true,
        },
    );
    links
}

/// The findings by severity, worst first; severities without findings are left out.
pub(super) fn groups<'a>(report: &'a MigrationReport, anchors: &Anchors) -> Vec<FindingGroup<'a>> {
    let mut groups: BTreeMap<(u8, &str), Vec<FindingView>> = BTreeMap::new();
    for (position, finding) in report.findings.iter().enumerate() {
        let severity = words::tag(&finding.severity, words::SEVERITY);
        groups
            .entry((severity.rank, &finding.severity))
            .or_default()
            .push(view(
                finding,
                anchors.findings.id(position),
                severity,
                anchors,
            ));
    }
    groups
        .into_iter()
        .map(|((_, severity), findings)| FindingGroup {
            severity: words::tag(severity, words::SEVERITY),
            words: words::count(findings.len(), "finding", "findings"),
            findings,
        })
        .collect()
}

fn view<'a>(
    finding: &'a Finding,
    anchor: String,
    severity: Tag<'a>,
    anchors: &Anchors,
) -> FindingView<'a> {
    FindingView {
        anchor,
        id: &finding.id,
        code: &finding.code,
        open: severity.rank == 0 && finding.open,
        severity,
        title: &finding.title,
        evidence: &finding.evidence,
        consequence: &finding.consequence,
        remedy: &finding.remedy,
        commands: &finding.commands,
        manifests: finding.manifests.iter().map(lines).collect(),
        accepted: finding
            .accepted
            .iter()
            .map(|by| accepted(finding, by))
            .collect(),
        place_words: words::count(finding.places.len(), "place", "places"),
        places: finding
            .places
            .iter()
            .take(PLACES)
            .map(|place| self::place(place, anchors))
            .collect(),
        more_places: words::left_out(finding.places.len(), PLACES),
    }
}

fn lines(manifest: &Value) -> Vec<String> {
    to_text(manifest).lines().map(str::to_owned).collect()
}

/// That a finding is accepted, why, and until when.
pub(super) fn accepted(finding: &Finding, by: &Acceptance) -> String {
    let some = if finding.open {
        "Accepted in some places"
    } else {
        "Accepted"
    };
    let until = match &by.expires {
        Some(day) => format!(" until {day}"),
        None => String::new(),
    };
    let at = words::place(Some(&by.source));
    format!("{some}{until}: {} ({at})", by.reason)
}

fn place<'a>(place: &'a Place, anchors: &Anchors) -> PlaceView<'a> {
    PlaceView {
        namespace: place.namespace.as_deref().unwrap_or("the whole cluster"),
        href: place
            .namespace
            .as_deref()
            .map(|namespace| anchors.namespaces.href(namespace))
            .unwrap_or_default(),
        object: &place.object,
        source: words::place(place.source.as_ref()),
    }
}

/// The diagnostics of one code with the same remedy.
#[derive(Serialize)]
pub(super) struct DiagnosticGroup<'a> {
    severity: Tag<'a>,
    code: &'a str,
    help: &'a str,
    items: Vec<DiagnosticView<'a>>,
}

/// One diagnostic of the input.
#[derive(Serialize)]
struct DiagnosticView<'a> {
    message: &'a str,
    place: String,
}

/// The diagnostics, worst first, in their order within a group, and how many are left out.
pub(super) fn diagnostics(all: &[Diagnostic]) -> (Vec<DiagnosticGroup<'_>>, String) {
    let mut ranked: Vec<(Tag, &Diagnostic)> = all
        .iter()
        .map(|diagnostic| {
            let severity = words::tag(&diagnostic.severity, words::DIAGNOSTIC);
            (severity, diagnostic)
        })
        .collect();
    // What is left out must not be an error.
    ranked.sort_by_key(|(severity, _)| severity.rank);
    let mut groups: BTreeMap<(u8, &str, &str), DiagnosticGroup> = BTreeMap::new();
    for (severity, diagnostic) in ranked.into_iter().take(DIAGNOSTICS) {
        groups
            .entry((severity.rank, &diagnostic.code, &diagnostic.help))
            .or_insert_with(|| DiagnosticGroup {
                severity,
                code: &diagnostic.code,
                help: &diagnostic.help,
                items: Vec::new(),
            })
            .items
            .push(DiagnosticView {
                message: &diagnostic.message,
                place: diagnostic
                    .source
                    .as_ref()
                    .map_or("the input as a whole".to_owned(), |source| {
                        format!("{}:{}:{}", source.file, source.line, source.column)
                    }),
            });
    }
    (
        groups.into_values().collect(),
        words::left_out(all.len(), DIAGNOSTICS),
    )
}
