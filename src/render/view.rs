//! What the templates see: the report as ready-made texts, links and classes, so that templates hold no logic.
//!
//! [`Page`] is the whole report, [`brief::Summary`] and [`brief::PullRequest`] are short selections of it. The same
//! views serve HTML and Markdown; nothing here is escaped, because each output escapes every value it writes.
//!
//! The structs are serialised for the template engine only. They are no contract: the documents of
//! [`crate::render::json`] are.

mod accept;
mod alike;
pub(super) mod anchors;
pub(super) mod brief;
pub(super) mod findings;
mod gaps;
pub(super) mod grants;
mod graph;
mod heat;
pub(super) mod labels;
mod looser;
mod made_of;
pub(super) mod namespaces;
mod obstacles;
pub(super) mod opening;
pub(super) mod policies;
mod removed;
pub(super) mod settled;
pub(super) mod stages;
mod stops;
mod strip;
mod terms;
pub(super) mod words;
pub(super) mod workloads;

use serde::Serialize;

use crate::render::json::v1::{Document, MigrationReport};

use accept::Risk;
use alike::Alike;
use anchors::Anchors;
use findings::{DiagnosticGroup, FindingGroup, Titles};
use grants::Shared;
use heat::Heat;
use looser::Looser;
use made_of::MadeOf;
use namespaces::{Row, Section};
use opening::Opening;
use policies::{Matrix, PolicyView};
use removed::Removed;
use terms::Meaning;

/// What all parts of the report need to know of one another.
pub(super) struct Index<'a> {
    report: &'a MigrationReport,
    anchors: Anchors<'a>,
    alike: Alike,
    shared: Shared<'a>,
    gaps: gaps::Shared<'a>,
    titles: Titles<'a>,
    /// Workloads of one namespace whose details are written out.
    detailed: usize,
}

impl<'a> Index<'a> {
    /// Looks through the whole report once.
    pub(super) fn new(report: &'a MigrationReport) -> Self {
        Index {
            report,
            anchors: Anchors::new(report),
            alike: Alike::new(report),
            shared: Shared::new(report),
            gaps: gaps::Shared::new(report),
            titles: findings::titles(report),
            detailed: workloads::detailed(report),
        }
    }

    /// How many sections there are: one for each namespace, but for those of which the same is to be said.
    pub(super) fn len(&self) -> usize {
        self.alike.len()
    }

    /// One section.
    pub(super) fn section(&self, section: usize) -> Section<'_> {
        Section::new(self, self.alike.section(section))
    }
}

/// The report, but for the sections of its namespaces.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    /// Name and version of the tool.
    tool: String,
    opening: Opening<'a>,
    risks: Vec<Risk<'a>>,
    looser: Vec<Looser<'a>>,
    removed: Option<Removed<'a>>,
    heat: Option<Heat>,
    namespaces: Vec<Row<'a>>,
    shared_grants: Vec<grants::SharedView<'a>>,
    shared_gaps: Vec<gaps::SharedView<'a>>,
    matrix: Option<Matrix<'a>>,
    policies: Vec<PolicyView<'a>>,
    finding_groups: Vec<FindingGroup<'a>>,
    diagnostics: Vec<DiagnosticGroup<'a>>,
    /// How many diagnostics are left out; empty if none.
    more_diagnostics: String,
    made_of: MadeOf<'a>,
    classes: &'static [grants::Class],
    /// What words mean.
    terms: Vec<&'static Meaning>,
    severities: Vec<Meaning>,
    verdicts: &'static [Meaning],
    /// What was not looked at.
    unseen: Vec<&'static str>,
    counts: Counts,
}

/// Numbers for the table of contents.
#[derive(Serialize)]
struct Counts {
    namespaces: String,
    policies: String,
    findings: String,
    diagnostics: String,
}

impl<'a> Page<'a> {
    /// Words the report.
    pub(super) fn new(document: &'a Document<MigrationReport>, index: &'a Index) -> Self {
        let report = &document.body;
        let (diagnostics, more_diagnostics) = findings::diagnostics(&document.diagnostics);
        Page {
            tool: format!("{} {}", document.tool.name, document.tool.version),
            opening: Opening::new(document, index),
            risks: accept::risks(index),
            looser: looser::looser(index),
            removed: removed::removed(report),
            heat: heat::heat(index),
            namespaces: namespaces::rows(index),
            shared_grants: index.shared.views(&index.anchors),
            shared_gaps: index.gaps.views(),
            matrix: policies::matrix(report, &index.anchors),
            policies: policies::all(report, &index.anchors),
            finding_groups: findings::groups(report, &index.anchors),
            diagnostics,
            more_diagnostics,
            made_of: MadeOf::new(document),
            classes: grants::CLASSES,
            terms: terms::terms(report.policies.len()),
            severities: terms::severities(),
            verdicts: terms::VERDICTS,
            unseen: terms::unseen(report.policies.len()),
            counts: Counts {
                namespaces: words::number(report.namespaces.len()),
                policies: words::number(report.policies.len()),
                findings: words::number(report.findings.len()),
                diagnostics: words::number(document.diagnostics.len()),
            },
        }
    }
}
