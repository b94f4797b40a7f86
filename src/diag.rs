//! What we say about the *input*, as data: diagnostics with a stable code and the place they speak of.
//!
//! A diagnostic is not a violation (what a standard says of a pod, in upstream's words, see [`crate::pss`])
//! and not a finding (a risk of the migration, see [`crate::plan`]). This module knows no stage.

use std::fmt;
use std::sync::Arc;

/// Where an object or a text stands in the input.
///
/// Ordered by file, document, line and column, so that sorted diagnostics read like the files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// The path as the user gave it, with the members of a directory or archive appended; `-` for standard input.
    pub file: Arc<str>,
    /// One-based number of the document in the file. Members of a `List` share the number of the list.
    pub document: u32,
    /// One-based line of the object's first key, or of the error.
    pub line: u32,
    /// One-based column in characters.
    pub column: u32,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// How much of the answer a diagnostic puts in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Part of the input could not be read; answers that depend on it are incomplete. Exit code 3.
    Error,
    /// Read, but a person should look.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word used in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// One kind of diagnostic. Each stage lists its own in a `CODES` slice.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable name, `stage/kebab-case`.
    pub name: &'static str,
    /// Severity of every diagnostic with this code.
    pub severity: Severity,
    /// Markdown for `explain`: what it means, why it matters, what to do.
    pub docs: &'static str,
}

/// A message about the input.
///
/// `message` is a phrase, lowercase first, no full stop; `help` says what to do.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// What kind of message.
    pub code: &'static Code,
    /// What was found, then what was expected.
    pub message: String,
    /// Where. Absent only for messages about no place at all, such as an unused setting.
    pub source: Option<Source>,
    /// What to do about it. Empty where nothing needs to be done.
    pub help: String,
}

impl Diagnostic {
    /// A diagnostic at a place.
    pub fn at(
        code: &'static Code,
        source: &Source,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Diagnostic {
            code,
            message: message.into(),
            source: Some(source.clone()),
            help: help.into(),
        }
    }
}

/// Orders diagnostics by place, then by code and text, and drops repetitions.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        (&a.source, a.code.name, &a.message).cmp(&(&b.source, b.code.name, &b.message))
    });
    diagnostics.dedup_by(|a, b| {
        a.code.name == b.code.name && a.source == b.source && a.message == b.message
    });
}
