//! From answers to texts: manifests, diffs, reports, tables. No I/O: an [`Artifact`] is a path and a text, and a
//! [`Report`] writes into whatever it is given.
//!
//! # Example
//!
//! ```
//! use psp2psa::input::InputFile;
//! use psp2psa::pss::Version;
//! use psp2psa::render::json;
//!
//! let (policies, said) = psp2psa::map(psp2psa::read(&InputFile::new("none.yaml", Vec::new())), Version::Minor(30));
//! let report = json::document("MapReport", &said, json::map(&policies, Version::Minor(30)));
//! assert!(json::to_text(&report).contains(r#""version": "v1.30""#));
//! ```

pub mod admission;
pub mod admit;
mod back;
pub mod cleanup;
pub mod diff;
pub mod edits;
pub mod escape;
pub mod explain;
pub mod html;
pub mod json;
pub mod junit;
pub mod manifests;
pub mod markdown;
pub mod sarif;
mod templates;
pub mod text;
mod view;

use std::io::{self, Write};

use crate::plan::Plan;
use json::v1::{Document, MigrationReport};
use view::Index;

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Path below the output folder, with `/`. Made from our own names and from valid names of namespaces only, so it
    /// cannot leave the folder.
    pub path: String,
    /// The content.
    pub text: String,
}

/// A file that may be too large to be held in memory.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// Name of the file in the output folder.
    pub path: &'static str,
    /// Writes the content.
    pub write: fn(&Document<MigrationReport>, &mut dyn Write) -> io::Result<()>,
}

/// Reports that `migrate` writes, besides [`PAGES`]. For ten thousand namespaces one takes seconds and has 300 MB.
pub const REPORTS: &[Report] = &[
    Report {
        path: "report.json",
        write: |report, out| json::write(report, out),
    },
    Report {
        path: "pull-request.md",
        write: |report, out| out.write_all(markdown::pull_request(report).as_bytes()),
    },
];

/// The names of the files that [`write_pages`] writes.
pub const PAGES: [&str; 2] = ["report.html", "report.md"];

/// Writes the two reports for people, which say the same: it is worded once for both.
///
/// # Errors
/// If they cannot be written.
pub fn write_pages(
    report: &Document<MigrationReport>,
    outs: [&mut dyn Write; 2],
) -> io::Result<()> {
    let index = Index::new(&report.body);
    let pages = [
        &html::paged(report, &index),
        &markdown::paged(report, &index),
    ];
    templates::write_paged(pages, &index, outs)
}

/// How many findings have to be settled before anything is applied: what the first step of the reports counts.
pub fn to_settle(report: &MigrationReport) -> usize {
    view::settled::high(report).len()
}

/// Everything else that `migrate` writes, sorted by path. `diff` is what changes in the user's own files.
pub fn artifacts(plan: &Plan, diff: String) -> Vec<Artifact> {
    let mut artifacts = manifests::stages(plan);
    artifacts.extend(cleanup::artifacts(plan));
    artifacts.extend(admission::configuration(plan).map(|text| Artifact {
        path: admission::FILE.to_owned(),
        text,
    }));
    artifacts.push(Artifact {
        path: "migration.diff".to_owned(),
        text: diff,
    });
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    artifacts
}
