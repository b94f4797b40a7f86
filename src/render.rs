//! From answers to texts: manifests, diffs, reports, tables. No I/O: an [`Artifact`] is a path and a text.
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

use rayon::prelude::*;

use crate::diag::Diagnostic;
use crate::plan::Plan;

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Path below the output folder, with `/`. Made from our own names and from valid names of namespaces only, so it
    /// cannot leave the folder.
    pub path: String,
    /// The content.
    pub text: String,
}

/// Everything that `migrate` writes, sorted by path. `diff` is what changes in the user's own files.
pub fn artifacts(plan: &Plan, diagnostics: &[Diagnostic], diff: String) -> Vec<Artifact> {
    let report = json::document("MigrationReport", diagnostics, json::migration(plan));
    // For ten thousand namespaces each of these takes seconds.
    let files: [(&str, &(dyn Fn() -> String + Sync)); 4] = [
        ("report.html", &|| html::report(&report)),
        ("report.json", &|| json::to_text(&report)),
        ("report.md", &|| markdown::report(&report)),
        ("pull-request.md", &|| markdown::pull_request(&report)),
    ];
    let (files, mut artifacts) = rayon::join(
        || {
            let files = files.into_par_iter();
            let files = files.map(|(path, text)| (path, text()));
            files.collect::<Vec<_>>()
        },
        || manifests::stages(plan),
    );
    artifacts.extend(cleanup::artifacts(plan));
    artifacts.extend(plan.unlabelled.as_ref().map(|unlabelled| Artifact {
        path: admission::FILE.to_owned(),
        text: admission::configuration(unlabelled),
    }));
    let diff = ("migration.diff", diff);
    artifacts.extend(
        files
            .into_iter()
            .chain([diff])
            .map(|(path, text)| Artifact {
                path: path.to_owned(),
                text,
            }),
    );
    artifacts.sort_by(|a, b| a.path.cmp(&b.path));
    artifacts
}
