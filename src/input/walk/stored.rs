//! Files as they are stored, whatever they hold.

use std::fs::File;
use std::io::{self, Cursor};

use super::faults::plain;
use super::{Content, Entry, Source};

/// The bytes of a file.
///
/// # Errors
/// In words, if it cannot be opened.
pub fn stored(entry: &Entry) -> Result<Source, String> {
    match raw(entry) {
        Ok((source, _)) => Ok(source),
        Err(error) => Err(plain(&error)),
    }
}

/// The bytes of a file, and how many there are.
pub(super) fn raw(entry: &Entry) -> io::Result<(Source, u64)> {
    match &entry.content {
        Content::InMemory(bytes) => {
            let size = bytes.0.len() as u64;
            Ok((Box::new(Cursor::new(bytes.clone())), size))
        }
        Content::OnDisk { path, .. } => {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            Ok((Box::new(file), size))
        }
    }
}
