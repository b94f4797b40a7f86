//! The migration report as one HTML file that loads nothing.
//!
//! All wording is in `render::view`, all markup in `templates/`. Every value is escaped on its way into the
//! page, and the page's own policy (`Content-Security-Policy`) lets it run no script and use no style but the two that
//! are written into it, and load nothing at all.

use std::io::{self, Write};

use serde::Serialize;

use crate::render::escape;
use crate::render::json::v1::{Document, MigrationReport};
use crate::render::templates::{self, Paged, Template};
use crate::render::view::{Index, Page};

const TEMPLATES: &[Template] = &[
    ("report", include_str!("../../templates/report.html.hbs")),
    (
        "opening",
        include_str!("../../templates/partials/opening.html.hbs"),
    ),
    (
        "namespace",
        include_str!("../../templates/partials/namespace.html.hbs"),
    ),
    (
        "workload",
        include_str!("../../templates/partials/workload.html.hbs"),
    ),
    (
        "chains",
        include_str!("../../templates/partials/chains.html.hbs"),
    ),
    (
        "policy",
        include_str!("../../templates/partials/policy.html.hbs"),
    ),
    (
        "heat",
        include_str!("../../templates/partials/heat.html.hbs"),
    ),
    (
        "graph",
        include_str!("../../templates/partials/graph.html.hbs"),
    ),
    (
        "matrix",
        include_str!("../../templates/partials/matrix.html.hbs"),
    ),
    (
        "finding",
        include_str!("../../templates/partials/finding.html.hbs"),
    ),
];
const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

/// The page, and what is written into it as it is.
#[derive(Serialize)]
struct Html<'a> {
    style: &'static str,
    script: &'static str,
    page: Page<'a>,
}

/// The report as an HTML page.
pub fn report(report: &Document<MigrationReport>) -> String {
    templates::text(|out| write(report, out))
}

/// Writes the report as an HTML page, little by little: it may be large.
///
/// # Errors
/// If it cannot be written.
pub fn write(report: &Document<MigrationReport>, out: &mut dyn Write) -> io::Result<()> {
    let index = Index::new(&report.body);
    templates::write_paged([&paged(report, &index)], &index, [out])
}

/// The page without the sections of namespaces.
pub(super) fn paged(report: &Document<MigrationReport>, index: &Index) -> Paged {
    let html = Html {
        style: STYLE,
        script: SCRIPT,
        page: Page::new(report, index),
    };
    Paged::new(TEMPLATES, escape::html, &html)
}
