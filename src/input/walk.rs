//! From paths to bytes: the only code of the library that touches disk or standard input.
//!
//! Paths mean what they mean to `kubectl -f`: a file of any name, a directory for its `.yaml`, `.yml` and `.json`
//! files, `-` for standard input. Beyond that `.gz` is unpacked. `.gitignore` is not looked at: a dump is often ignored
//! on purpose, and still the thing to read.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one module that reads from disk"
)]

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::stream::{self, Opening, Stream};
use super::{InputFile, Storage, diags};
use crate::diag::{Diagnostic, Source};

/// The largest text that is read, packed or not. Offsets within a document fit 32 bits.
const MAX_BYTES: u64 = 4 << 30;

/// A compressed file may always unpack to this many bytes …
const FREE_UNPACKED: u64 = 64 << 20;

/// … and beyond that to this many times its size. Dumps reach 50, deflate allows 1032.
const MAX_RATIO: u64 = 200;

/// How many directories may stand within each other.
const MAX_DIRECTORIES: usize = 255;

/// Whether directories are read with all below them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recursion {
    /// Only the files directly in them.
    Off,
    /// Everything below, but for hidden directories such as `.git`.
    On,
}

/// A file that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as the user gave it, members of directories appended; `-` for standard input.
    pub name: Arc<str>,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    OnDisk(PathBuf),
    InMemory(Vec<u8>),
}

/// What [`list`] found.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files in the order of the paths given, members of directories sorted by name, each file once.
    pub entries: Vec<Entry>,
    /// Members of directories that can not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// A path that the user gave and that can not be used: nothing should be done.
#[derive(Debug)]
pub struct WalkError {
    /// The path, as given.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for WalkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "can not read `{}`: {}", self.path, self.reason)
    }
}

impl std::error::Error for WalkError {}

/// Lists the files behind paths, without reading them. Standard input is read here, once, where `-` is given.
pub fn list(
    paths: &[String],
    recursion: Recursion,
    stdin: impl Read,
) -> Result<Listing, WalkError> {
    let mut walk = Walk {
        recursion,
        listing: Listing::default(),
        seen: BTreeSet::new(),
    };
    let mut stdin = Some(stdin);
    for given in paths {
        let refuse = |reason: String| WalkError {
            path: given.clone(),
            reason,
        };
        if given == "-" {
            if let Some(stdin) = stdin.take() {
                let bytes =
                    read_limited(stdin, MAX_BYTES).map_err(|error| refuse(error.to_string()))?;
                walk.listing.entries.push(Entry {
                    name: Arc::from("-"),
                    content: Content::InMemory(bytes),
                });
            }
            continue;
        }
        if given.starts_with("http://") || given.starts_with("https://") {
            return Err(refuse("only files are read; download it first".to_owned()));
        }
        let path = Path::new(given);
        let metadata = fs::metadata(path).map_err(|error| refuse(plain(&error)))?;
        if metadata.is_dir() {
            let root = fs::canonicalize(path).map_err(|error| refuse(plain(&error)))?;
            let members = fs::read_dir(path).map_err(|error| refuse(plain(&error)))?;
            walk.directory(path, &root, members, 0);
        } else {
            if metadata.is_file() {
                File::open(path).map_err(|error| refuse(plain(&error)))?;
            }
            walk.file(path);
        }
    }
    Ok(walk.listing)
}

/// Opens a file that can be read in parts. `None` if it is to be read as a whole with [`read`].
pub fn open(entry: &Entry) -> Result<Option<Stream<Box<dyn Read + Send>>>, Diagnostic> {
    let Content::OnDisk(path) = &entry.content else {
        return Ok(None);
    };
    let fail = |error: io::Error| unreadable(&entry.name, &error);
    let file = File::open(path).map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    if size < stream::PART as u64 {
        return Ok(None);
    }
    let source: Box<dyn Read + Send> = Box::new(file);
    match stream::open(&entry.name, source, stream::PART).map_err(fail)? {
        Opening::Parts(stream) => Ok(Some(stream)),
        Opening::Whole(_) => Ok(None),
    }
}

/// Reads a file, unpacked if it is compressed.
pub fn read(entry: Entry) -> Result<InputFile, Diagnostic> {
    let name = entry.name;
    let bytes = match entry.content {
        Content::InMemory(bytes) => Ok(bytes),
        Content::OnDisk(path) => read_file(&path),
    };
    let bytes = bytes.map_err(|error| unreadable(&name, &error))?;
    if !bytes.starts_with(b"\x1F\x8B") {
        return Ok(InputFile::new(name, bytes));
    }
    let limit = FREE_UNPACKED
        .max(bytes.len() as u64 * MAX_RATIO)
        .min(MAX_BYTES);
    let unpacked = read_limited(MultiGzDecoder::new(bytes.as_slice()), limit);
    let file = InputFile::new(
        Arc::clone(&name),
        unpacked.map_err(|error| unreadable(&name, &error))?,
    );
    Ok(InputFile {
        storage: Storage::Gzip,
        ..file
    })
}

/// The file by which a folder of ours is known.
const MARK: &str = "report.json";

/// Whether a report is one that `migrate` wrote: its first lines say so.
fn is_ours(report: &Path) -> bool {
    let mut head = Vec::new();
    File::open(report)
        .and_then(|file| file.take(256).read_to_end(&mut head))
        .is_ok_and(|_| String::from_utf8_lossy(&head).contains("\"kind\": \"MigrationReport\""))
}

struct Walk {
    recursion: Recursion,
    listing: Listing,
    /// Files listed so far, by their real paths.
    seen: BTreeSet<PathBuf>,
}

impl Walk {
    fn file(&mut self, path: &Path) {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.seen.insert(real) {
            self.listing.entries.push(Entry {
                name: Arc::from(path.to_string_lossy()),
                content: Content::OnDisk(path.to_owned()),
            });
        }
    }

    /// Lists the members of a directory below `root`. Directories are not entered through links, so this ends.
    fn directory(&mut self, path: &Path, root: &Path, members: fs::ReadDir, depth: usize) {
        let mut names = Vec::new();
        for member in members {
            match member {
                Ok(member) => names.push(member.file_name()),
                Err(error) => self.complain(path, &error),
            }
        }
        names.sort_unstable();
        if depth > 0 && names.iter().any(|name| name == MARK) && is_ours(&path.join(MARK)) {
            let source = start_of(&path.to_string_lossy());
            self.listing.diagnostics.push(Diagnostic::at(
                &diags::OWN_OUTPUT,
                &source,
                "a folder that an earlier run wrote is passed over",
                "name it with -f if it is meant",
            ));
            return;
        }
        for name in names {
            let member = path.join(&name);
            let hidden = name.to_string_lossy().starts_with('.');
            let kind = match fs::symlink_metadata(&member) {
                Ok(metadata) => metadata.file_type(),
                Err(error) => {
                    self.complain(&member, &error);
                    continue;
                }
            };
            if kind.is_dir() {
                if self.recursion == Recursion::On && !hidden && depth < MAX_DIRECTORIES {
                    match fs::read_dir(&member) {
                        Ok(members) => self.directory(&member, root, members, depth + 1),
                        Err(error) => self.complain(&member, &error),
                    }
                }
            } else if has_known_extension(&member) {
                if kind.is_symlink() {
                    self.link(&member, root);
                } else if kind.is_file() {
                    self.file(&member);
                }
            }
        }
    }

    /// A link is followed to a file that stays below `root`, as in a mounted ConfigMap.
    fn link(&mut self, link: &Path, root: &Path) {
        match fs::canonicalize(link) {
            Ok(target) if !target.starts_with(root) => {
                let source = start_of(&link.to_string_lossy());
                self.listing.diagnostics.push(Diagnostic::at(
                    &diags::OUTSIDE_LINK,
                    &source,
                    "a symbolic link that leads out of the directory is not followed",
                    "name the link itself with -f if it is meant",
                ));
            }
            Ok(target) if target.is_file() => self.file(link),
            Ok(_) => {}
            Err(error) => self.complain(link, &error),
        }
    }

    fn complain(&mut self, path: &Path, error: &io::Error) {
        let diagnostic = unreadable(&path.to_string_lossy(), error);
        self.listing.diagnostics.push(diagnostic);
    }
}

/// Whether a member of a directory is read: `kubectl`'s extensions, and these with `.gz`.
fn has_known_extension(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|extension| name.ends_with(extension))
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // Dumps are large: growing step by step would take twice the memory.
    let expected = file.metadata()?.len().min(MAX_BYTES);
    let mut bytes = Vec::with_capacity(expected as usize + 1);
    read_into(&mut bytes, file, MAX_BYTES)?;
    Ok(bytes)
}

fn read_limited(source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, source, limit)?;
    Ok(bytes)
}

fn read_into(bytes: &mut Vec<u8>, source: impl Read, limit: u64) -> io::Result<()> {
    source.take(limit + 1).read_to_end(bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it holds more than {} MiB", limit >> 20),
        ));
    }
    Ok(())
}

/// The diagnostic of a file that can not be read.
pub fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let source = start_of(name);
    match error.kind() {
        io::ErrorKind::FileTooLarge => Diagnostic::at(
            &diags::TOO_LARGE,
            &source,
            format!("the file is too large: {error}"),
            "split it, for example by namespace",
        ),
        io::ErrorKind::UnexpectedEof => Diagnostic::at(
            &diags::UNREADABLE_FILE,
            &source,
            "the compressed data ends too early",
            "the file is truncated; make or copy it again",
        ),
        _ => Diagnostic::at(
            &diags::UNREADABLE_FILE,
            &source,
            format!("the file can not be read: {}", plain(error)),
            "fix the file, or leave it out",
        ),
    }
}

/// The error without its number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn start_of(name: &str) -> Source {
    Source {
        file: Arc::from(name),
        document: 1,
        line: 1,
        column: 1,
    }
}
