//! What was read, so that a reader of an answer can tell what it was made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::input::digest::{self, Digest};

/// What was read, and how it was to be understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The files; none if what was read were texts in memory.
    pub files: Vec<File>,
    /// How many objects could be decoded, by kind, copies of one another included.
    pub objects: BTreeMap<String, u64>,
    /// The namespace of objects that name none, if it was chosen.
    pub default_namespace: Option<String>,
    /// The configuration, which is one of the files.
    pub configuration: Option<String>,
    /// What day it is, if that was said.
    pub today: Option<String>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The path as the user gave it, members of directories appended; `-` for standard input.
    pub name: Arc<str>,
    /// Of its bytes as they are stored; or why there is none.
    pub digest: Result<Digest, String>,
}

impl Provenance {
    /// Sorts the files as [`Provenance::sha256`] wants them, each once. Two files may look alike in name, where a name is
    /// no UTF-8.
    pub fn sort(&mut self) {
        let key = |file: &File| {
            let digest = file
                .digest
                .as_ref()
                .ok()
                .map(|digest| digest.sha256.clone());
            (escaped(&file.name), digest)
        };
        self.files.sort_by_cached_key(key);
        self.files.dedup();
    }

    /// One digest over all files: the SHA-256 of what `sha256sum FILE… | LC_ALL=C sort -k 2` prints. `None` if there
    /// are none, or one has no digest.
    pub fn sha256(&self) -> Option<String> {
        let mut lines = String::new();
        for file in &self.files {
            lines.push_str(&line(&file.name, file.digest.as_ref().ok()?));
        }
        (!lines.is_empty()).then(|| digest::sha256(lines.as_bytes()))
    }
}

/// The line of a file as `sha256sum` prints it: one whose name has to be escaped begins with a backslash
/// (coreutils 9.1, `md5sum.c`).
fn line(name: &str, digest: &Digest) -> String {
    let escaped = escaped(name);
    let mark = if escaped == name { "" } else { "\\" };
    format!("{mark}{}  {escaped}\n", digest.sha256)
}

fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}
