//! From paths to bytes: the only code of the library that touches disk or standard input.
//!
//! Paths mean what they mean to `kubectl -f`: a file of any name, a directory for its `.yaml`, `.yml` and `.json`
//! files, a pattern such as `dumps/*.json` for the files that match it, `-` for standard input. Beyond that gzip and zstd
//! are unpacked, and tar archives are read member by member. `.gitignore` is not looked at: a dump is often ignored on
//! purpose, and still the thing to read.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one module that reads from disk"
)]

mod again;
mod faults;
mod unpack;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diags::{self, Skipped};
use super::stream::{self, Opening, Stream};
use super::{InputFile, Storage};
use crate::diag::Diagnostic;
use again::Stamp;
pub use again::{MAX_EDITABLE, Original, TOO_LARGE_TO_EDIT, again};
pub use faults::{WalkError, unreadable};
use faults::{in_memory, plain, start_of};
pub use unpack::Archive;
use unpack::Contents;

/// The largest text that is read as a whole. Offsets within a document fit 32 bits.
const MAX_BYTES: u64 = 4 << 30;

/// How much is read. There is no limit for files that are read in parts and are not compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// How many bytes a compressed file may unpack to, and a text may have that is read as a whole. `None` allows
    /// 4 GiB for the one, and for the other what compression of a dump can explain.
    pub unpacked: Option<u64>,
}

impl Limits {
    fn text(self) -> u64 {
        self.unpacked.unwrap_or(MAX_BYTES)
    }
}

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
    OnDisk {
        path: PathBuf,
        /// What the file was like when it was listed; `None` if it is no regular file.
        stamp: Option<Stamp>,
        /// The directory that was given and holds it, as given and in truth; `None` if the file itself was given.
        below: Option<(PathBuf, PathBuf)>,
    },
    InMemory(Shared),
}

/// Bytes that are read in several places, and may be many.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// What [`list`] found.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files in the order of the paths given, members of directories sorted by name, each file once.
    pub entries: Vec<Entry>,
    /// Members of directories that cannot be read.
    pub diagnostics: Vec<Diagnostic>,
}

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
        skipped: Skipped::default(),
    };
    let mut stdin = Some(stdin);
    for given in paths {
        let refuse = |reason: String| WalkError {
            path: given.clone(),
            reason,
        };
        if given == "-" {
            if let Some(stdin) = stdin.take() {
                let bytes = unpack::read_limited(stdin, MAX_BYTES)
                    .map_err(|error| refuse(in_memory(&error)))?;
                walk.listing.entries.push(Entry {
                    name: Arc::from("-"),
                    content: Content::InMemory(Shared(Arc::new(bytes))),
                });
            }
            continue;
        }
        if given.starts_with("http://") || given.starts_with("https://") {
            return Err(refuse("only files are read; download it first".to_owned()));
        }
        let paths = matches(given).map_err(refuse)?;
        let is_pattern = paths != [Path::new(given)];
        for path in paths {
            match walk.given(&path) {
                Ok(()) => {}
                // One bad file of many never costs the others.
                Err(error) if is_pattern => walk.complain(&path, &error),
                Err(error) => return Err(refuse(in_memory(&error))),
            }
        }
    }
    Ok(walk.listing)
}

/// The paths that were meant: the one given, or what matches it if there is none of that name and it is a pattern.
fn matches(given: &str) -> Result<Vec<PathBuf>, String> {
    if !given.contains(['*', '?', '[']) || fs::symlink_metadata(given).is_ok() {
        return Ok(vec![PathBuf::from(given)]);
    }
    let paths = glob::glob(given).map_err(|error| format!("not a pattern: {error}"))?;
    let paths: Result<Vec<PathBuf>, _> = paths.collect();
    let paths = paths.map_err(|error| plain(error.error()))?;
    if paths.is_empty() {
        return Err("no file matches the pattern".to_owned());
    }
    Ok(paths)
}

/// How a file is to be read.
pub enum Opened {
    /// Part by part.
    Parts(Stream<Box<dyn Read + Send>>),
    /// As a whole, with [`read_through`].
    Whole,
    /// Member by member.
    Archive(Archive),
}

/// The bytes of a file as they are stored.
pub type Source = Box<dyn Read + Send>;

/// Looks at the beginning of a file.
///
/// # Errors
/// If it cannot be read.
pub fn open(entry: &Entry, limits: Limits) -> Result<Opened, Diagnostic> {
    open_through(entry, limits, |source| source)
}

/// Looks at the beginning of a file whose bytes pass through something that counts them.
///
/// # Errors
/// If it cannot be read.
pub fn open_through(
    entry: &Entry,
    limits: Limits,
    through: impl FnOnce(Source) -> Source,
) -> Result<Opened, Diagnostic> {
    let fail = |error: io::Error| unreadable(&entry.name, &error);
    match contents(entry, limits, through).map_err(fail)? {
        Contents::Archive(source) => Ok(Opened::Archive(Archive {
            name: Arc::clone(&entry.name),
            source,
            limits,
        })),
        Contents::Text(source, _) => {
            match stream::open(&entry.name, source, stream::PART).map_err(fail)? {
                Opening::Parts(stream) => Ok(Opened::Parts(stream)),
                Opening::Whole(_) => Ok(Opened::Whole),
            }
        }
    }
}

fn contents(
    entry: &Entry,
    limits: Limits,
    through: impl FnOnce(Source) -> Source,
) -> io::Result<Contents> {
    let (source, size): (Source, u64) = match &entry.content {
        Content::InMemory(bytes) => {
            let size = bytes.0.len() as u64;
            (Box::new(Cursor::new(bytes.clone())), size)
        }
        Content::OnDisk { path, .. } => {
            let file = File::open(path)?;
            let size = file.metadata()?.len();
            (Box::new(file), size)
        }
    };
    unpack::look(through(source), size, limits)
}

/// Reads a file, unpacked if it is compressed.
///
/// # Errors
/// If it cannot be read, or is an archive.
pub fn read(entry: Entry) -> Result<InputFile, Diagnostic> {
    read_through(entry, Limits::default(), |source| source)
}

/// Reads a file, unpacked if it is compressed, with other limits, whose bytes pass through something that counts them.
///
/// # Errors
/// If it cannot be read, or is an archive.
pub fn read_through(
    entry: Entry,
    limits: Limits,
    through: impl FnOnce(Source) -> Source,
) -> Result<InputFile, Diagnostic> {
    let name = Arc::clone(&entry.name);
    let fail = |error: io::Error| unreadable(&name, &error);
    let (source, storage) = match contents(&entry, limits, through).map_err(fail)? {
        Contents::Text(source, storage) => (source, storage),
        Contents::Archive(source) => (source, Storage::Archived),
    };
    let bytes = unpack::read_limited(source, limits.text()).map_err(fail)?;
    let file = InputFile::new(Arc::clone(&name), bytes);
    match storage {
        Storage::Plain => Ok(file),
        packed => Ok(InputFile {
            storage: packed,
            ..file
        }),
    }
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
    /// What was found in the folder that was given last.
    skipped: Skipped,
}

impl Walk {
    /// Lists what a path stands for that was given.
    fn given(&mut self, path: &Path) -> io::Result<()> {
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            let root = fs::canonicalize(path)?;
            let said = self.listing.diagnostics.len();
            self.skipped = Skipped::default();
            self.directory(path, (path, &root), fs::read_dir(path)?, 0);
            // Whatever is wrong with a member is told already.
            if self.listing.diagnostics.len() == said || self.skipped.read > 0 {
                let said = diags::skipped(&start_of(&path.to_string_lossy()), &self.skipped);
                self.listing.diagnostics.extend(said);
            }
        } else if metadata.is_file() {
            File::open(path)?;
            self.file(path, None);
        } else if self.seen.insert(path.to_owned()) {
            // A pipe can be read only once.
            let bytes = unpack::read_limited(File::open(path)?, MAX_BYTES)?;
            self.listing.entries.push(Entry {
                name: Arc::from(path.to_string_lossy()),
                content: Content::InMemory(Shared(Arc::new(bytes))),
            });
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, below: Option<(&Path, &Path)>) {
        self.skipped.read += 1;
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.seen.insert(real) {
            self.listing.entries.push(Entry {
                name: Arc::from(path.to_string_lossy()),
                content: Content::OnDisk {
                    path: path.to_owned(),
                    stamp: Stamp::of(path),
                    below: below.map(|(given, root)| (given.to_owned(), root.to_owned())),
                },
            });
        }
    }

    /// Lists the members of a directory below `root`, which is a path as given and in truth. Directories are not entered through links, so this ends.
    fn directory(&mut self, path: &Path, root: (&Path, &Path), members: fs::ReadDir, depth: usize) {
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
                } else if !hidden && !is_ours(&member.join(MARK)) {
                    self.skipped.folders += 1;
                }
            } else if has_known_extension(&member) {
                if kind.is_symlink() {
                    self.link(&member, root);
                } else if kind.is_file() {
                    self.file(&member, Some(root));
                }
            } else if !hidden {
                self.skipped.files += 1;
            }
        }
    }

    /// A link is followed to a file that stays below `root`, as in a mounted ConfigMap.
    fn link(&mut self, link: &Path, root: (&Path, &Path)) {
        match fs::canonicalize(link) {
            Ok(target) if !target.starts_with(root.1) => {
                let source = start_of(&link.to_string_lossy());
                self.listing.diagnostics.push(Diagnostic::at(
                    &diags::OUTSIDE_LINK,
                    &source,
                    "a symbolic link that leads out of the directory is not followed",
                    "name the link itself with -f if it is meant",
                ));
            }
            Ok(target) if target.is_file() => self.file(link, Some(root)),
            Ok(_) => {}
            Err(error) => self.complain(link, &error),
        }
    }

    fn complain(&mut self, path: &Path, error: &io::Error) {
        let diagnostic = unreadable(&path.to_string_lossy(), error);
        self.listing.diagnostics.push(diagnostic);
    }
}

/// Whether a member of a directory or archive is read: `kubectl`'s extensions, and these with `.gz` or `.zst`. One name
/// of a kustomization has none.
fn has_known_extension(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let packed = name.strip_suffix(".gz").or(name.strip_suffix(".zst"));
    let name = packed.unwrap_or(&name);
    name == "Kustomization"
        || [".yaml", ".yml", ".json"]
            .iter()
            .any(|extension| name.ends_with(extension))
}
