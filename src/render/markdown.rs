//! The migration report as Markdown, and two short texts for pull requests.
//!
//! GitHub's and GitLab's dialects are the target: tables, and `<details>` with Markdown inside. All wording is in
//! `render::view`, all markup in `templates/`.

use crate::render::escape;
use crate::render::json::v1::{Document, MigrationReport};
use crate::render::templates::{self, Template};
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

/// The whole report.
pub fn report(report: &Document<MigrationReport>) -> String {
    let index = Index::new(&report.body);
    templates::render_with_sections(
        &[REPORT, NAMESPACE, POLICY, FINDING, CHAINS, STAGES],
        escape::markdown,
        &Page::new(report, &index),
        &index,
    )
}

/// The report in a few lines: short enough for a comment on a pull request.
pub fn summary(report: &Document<MigrationReport>) -> String {
    templates::render(&[SUMMARY], escape::markdown, &Summary::new(report))
}

/// The description of a pull request that brings the plan: what changes, what to look at, how to roll it out and back.
/// Its first line is the title.
pub fn pull_request(report: &Document<MigrationReport>) -> String {
    templates::render(
        &[PULL_REQUEST, STAGES],
        escape::markdown,
        &PullRequest::new(report),
    )
}
