//! The migration report as Markdown, and two short texts for pull requests.
//!
//! GitHub's and GitLab's dialects are the target: tables, and `<details>` with Markdown inside. All wording is in
//! `render::view`, all markup in `templates/`.

use std::io::{self, Write};

use crate::render::escape;
use crate::render::json::v1::{
    AccessReport, CheckReport, Document, MapReport, MigrationReport, Reference,
};
use crate::render::templates::{self, Paged, Template};
use crate::render::view::brief::{PullRequest, Summary};
use crate::render::view::{Index, Page};

const REPORT: Template = ("report", include_str!("../../templates/report.md.hbs"));
const SUMMARY: Template = ("summary", include_str!("../../templates/summary.md.hbs"));
const PULL_REQUEST: Template = (
    "pull-request",
    include_str!("../../templates/pull-request.md.hbs"),
);
const NAMESPACE: Template = (
    "namespace",
    include_str!("../../templates/partials/namespace.md.hbs"),
);
const POLICY: Template = (
    "policy",
    include_str!("../../templates/partials/policy.md.hbs"),
);
const FINDING: Template = (
    "finding",
    include_str!("../../templates/partials/finding.md.hbs"),
);
const CHAINS: Template = (
    "chains",
    include_str!("../../templates/partials/chains.md.hbs"),
);
const STAGES: Template = (
    "stages",
    include_str!("../../templates/partials/stages.md.hbs"),
);

const BACK: Template = ("back", include_str!("../../templates/partials/back.md.hbs"));

/// The whole report.
pub fn report(report: &Document<MigrationReport>) -> String {
    templates::text(|out| write(report, out))
}

/// Writes the whole report, little by little: it may be large.
///
/// # Errors
/// If it cannot be written.
pub fn write(report: &Document<MigrationReport>, out: &mut dyn Write) -> io::Result<()> {
    let index = Index::new(&report.body);
    templates::write_paged([&paged(report, &index)], &index, [out])
}

/// The whole report without the sections of namespaces.
pub(super) fn paged(report: &Document<MigrationReport>, index: &Index) -> Paged {
    Paged::new(
        &[REPORT, NAMESPACE, POLICY, FINDING, CHAINS, STAGES, BACK],
        escape::markdown_into,
        &Page::new(report, index),
    )
}

/// The report in a few lines: short enough for a comment on a pull request.
pub fn summary(report: &Document<MigrationReport>, whole: Whole) -> String {
    let context = Summary::new(report, whole);
    templates::render(&[SUMMARY], escape::markdown_into, &context)
}

/// Whether there is a report with everything, to point to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whole {
    /// Its files are written.
    Written,
    /// Nothing but the user's own files is.
    NotWritten,
}

/// The description of a pull request that brings the plan: what changes, what to look at, how to roll it out and back.
/// Its first line is the title.
pub fn pull_request(report: &Document<MigrationReport>) -> String {
    templates::render(
        &[PULL_REQUEST, STAGES, BACK],
        escape::markdown_into,
        &PullRequest::new(report),
    )
}

/// The answer of `map` as a table.
pub fn map(report: &MapReport) -> String {
    let rows = report.policies.iter().map(|policy| {
        vec![
            policy.name.clone(),
            policy.level.clone().unwrap_or_else(|| "none".to_owned()),
            policy.summary.clone(),
        ]
    });
    table(&["Policy", "Level", "Why"], rows)
}

/// The answer of `access` as a table.
pub fn access(report: &AccessReport) -> String {
    let reference = |reference: &Reference| match &reference.namespace {
        Some(namespace) => format!("{} {namespace}/{}", reference.kind, reference.name),
        None => format!("{} {}", reference.kind, reference.name),
    };
    let rows = report.grants.iter().map(|grant| {
        vec![
            grant.policy.clone(),
            grant
                .namespace
                .clone()
                .unwrap_or_else(|| "everywhere".to_owned()),
            reference(&grant.subject),
            reference(&grant.binding),
            reference(&grant.role),
        ]
    });
    let answer = match report.allowed {
        Some(true) => "Allowed.\n\n",
        Some(false) => "Not allowed.\n\n",
        None => "",
    };
    format!(
        "{answer}{}",
        table(&["Policy", "In", "Subject", "Binding", "Role"], rows)
    )
}

/// The answer of `check` as a table.
pub fn check(report: &CheckReport) -> String {
    let rows = report.results.iter().map(|result| {
        vec![
            result.namespace.clone().unwrap_or_default(),
            format!("{} {}", result.kind, result.name),
            result.tightest_level.clone(),
            result.detail.clone(),
        ]
    });
    table(
        &["Namespace", "Workload", "Tightest level", "In the way"],
        rows,
    )
}

/// A table whose cells are texts of the input.
pub(super) fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(head.iter().map(|cell| (*cell).to_owned()).collect());
    out += &line(head.iter().map(|_| "---".to_owned()).collect());
    for row in rows {
        out += &line(row.iter().map(|cell| escape::markdown(cell)).collect());
    }
    out
}
