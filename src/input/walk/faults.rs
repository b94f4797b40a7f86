//! What is said of files that cannot be read.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::diag::{Diagnostic, Source};
use crate::input::diags;

/// A path that the user gave and that cannot be used: nothing should be done.
#[derive(Debug)]
pub struct WalkError {
    /// The path, as given.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read `{}`: {}", self.path, self.reason)
    }
}

impl std::error::Error for WalkError {}

/// The diagnostic of a file that cannot be read.
pub fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let source = start_of(name);
    match error.kind() {
        io::ErrorKind::FileTooLarge => Diagnostic::at(
            &diags::TOO_LARGE,
            &source,
            format!("the file is too large: {error}"),
            "if it can be trusted, raise the limit with --max-unpacked, or split it, for example by namespace",
        ),
        io::ErrorKind::UnexpectedEof => Diagnostic::at(
            &diags::UNREADABLE_FILE,
            &source,
            "the archive or the compressed data ends too early",
            "the file is truncated; make or copy it again",
        ),
        io::ErrorKind::Unsupported => Diagnostic::at(
            &diags::UNREADABLE_FILE,
            &source,
            format!("the file cannot be read: {error}"),
            "unpack it first: gzip, zstd and tar are read as they are",
        ),
        _ => Diagnostic::at(
            &diags::UNREADABLE_FILE,
            &source,
            format!("the file cannot be read: {}", plain(error)),
            "fix the file, or leave it out",
        ),
    }
}

/// Why something cannot be read that has to be kept in memory, for it can be read only once.
pub(super) fn in_memory(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::FileTooLarge => {
            format!("{error}; save it as a file, of which only parts are in memory")
        }
        _ => plain(error),
    }
}

/// The error without its number.
pub(super) fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

pub(super) fn start_of(name: &str) -> Source {
    Source {
        file: Arc::from(name),
        document: 1,
        line: 1,
        column: 1,
    }
}
