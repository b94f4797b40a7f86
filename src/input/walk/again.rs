//! Files that are read a second time, to be edited: only plain ones that have not changed, and where they were named.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::faults::plain;
use super::unpack::Contents;
use super::{Content, Entry, Limits, contents, read};
use crate::input::{InputFile, Storage};

/// A file that may be edited, read a second time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// The file.
    pub file: InputFile,
    /// Its name: the path as the user gave it, without links below that.
    pub name: PathBuf,
    /// Its path without any link.
    pub path: PathBuf,
}

/// The largest file that is edited. Larger ones are dumps, which nobody commits.
pub const MAX_EDITABLE: u64 = 256 << 20;

/// Why a larger one is not.
pub const TOO_LARGE_TO_EDIT: &str = "the file is larger than 256 MiB";

/// Reads a file once more, to edit it.
///
/// # Errors
/// In words, if it cannot be edited: it has changed since it was listed, it is no regular file, or a symbolic link
/// leads to it out of the paths given.
pub fn again(entry: &Entry) -> Result<Original, String> {
    let (path, stamp, below) = match &entry.content {
        Content::InMemory(_) if &*entry.name == "-" => {
            return Err("it was read from standard input".to_owned());
        }
        Content::InMemory(_) => return Err("it is not a regular file".to_owned()),
        Content::OnDisk { path, stamp, below } => (path, stamp, below),
    };
    let Some(stamp) = stamp else {
        return Err("it is not a regular file".to_owned());
    };
    let real = fs::canonicalize(path).map_err(|error| plain(&error))?;
    let name = match below {
        Some((given, root)) => match real.strip_prefix(root) {
            Ok(inner) => given.join(inner),
            Err(_) => return Err(LINKED.to_owned()),
        },
        None if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) => {
            return Err(LINKED.to_owned());
        }
        None => path.clone(),
    };
    if stamp.bytes > MAX_EDITABLE {
        return Err(TOO_LARGE_TO_EDIT.to_owned());
    }
    let storage =
        match contents(entry, Limits::default(), |source| source).map_err(|error| plain(&error))? {
            Contents::Text(_, storage) => storage,
            Contents::Archive(_) => Storage::Archived,
        };
    match storage {
        Storage::Gzip | Storage::Zstd => return Err("the file is compressed".to_owned()),
        Storage::Archived => return Err("it is in an archive".to_owned()),
        Storage::Plain | Storage::Utf16 => {}
    }
    let file = read(entry.clone()).map_err(|diagnostic| diagnostic.message)?;
    if Stamp::of(path).as_ref() != Some(stamp) {
        return Err("the file has changed since it was read".to_owned());
    }
    Ok(Original {
        file,
        name,
        path: real,
    })
}

const LINKED: &str = "a symbolic link leads to it";

/// By what a file is known to be unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device and inode, where a system tells them.
    id: (u64, u64),
}

impl Entry {
    /// Its bytes as they are stored; 0 if they cannot be looked at, of which reading tells.
    pub fn size(&self) -> u64 {
        match &self.content {
            Content::InMemory(bytes) => bytes.0.len() as u64,
            Content::OnDisk { path, .. } => fs::metadata(path).map_or(0, |file| file.len()),
        }
    }
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Stamp> {
        let metadata = fs::metadata(path).ok()?;
        metadata.is_file().then(|| Stamp {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            id: id(&metadata),
        })
    }
}

#[cfg(unix)]
fn id(file: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn id(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}
