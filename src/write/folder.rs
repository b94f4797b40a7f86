//! The output folder as it is found: where it truly stands, and what in it is ours.
//!
//! A list in the folder names what was written there, with size and checksum, so that ours is what we wrote and not
//! what has a name of ours. It is made of the files alone: same files, same list.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::Crc;
use rayon::prelude::*;

/// The list, in the folder itself. Tools that take a folder of manifests pass over names with a dot.
pub(super) const LIST: &str = ".psp2psa";

/// The first lines of a list.
const HEAD: &str = "\
# What psp2psa wrote into this folder: checksum (CRC-32), size and path of each file.
# It replaces these without a question, but no other file, and none that has changed.
";

/// A folder as it is found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether it has a list.
    pub(super) listed: bool,
    /// Its files and links, sorted, relative to it.
    pub(super) files: Vec<Member>,
    /// The folders in it, and itself as an empty path, sorted. None if there is no folder.
    pub(super) folders: Vec<PathBuf>,
}

/// A file or link in the folder.
#[derive(Debug)]
pub(super) struct Member {
    /// Relative to the folder.
    pub(super) path: PathBuf,
    /// Whose it is.
    pub(super) owner: Owner,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Ours, as we wrote it.
    Tool,
    /// Ours, and somebody has edited it.
    Edited,
    /// Somebody else's.
    Other,
}

/// What is written down of a file: checksum and size.
type Print = (u32, u64);

/// Where a folder truly stands: absolute, without links above it, so that it is found again when folders have moved.
///
/// # Errors
/// If it is the current folder or holds it: a folder is replaced as a whole, and every shell that stands in it would be
/// left in one that is gone.
pub(super) fn resolve(folder: &Path) -> Result<PathBuf> {
    let resolved =
        resolved(folder).with_context(|| format!("cannot write {}", folder.display()))?;
    let current = std::env::current_dir().and_then(fs::canonicalize);
    if current.is_ok_and(|current| current.starts_with(&resolved)) {
        bail!(
            "cannot write {}: it is the current folder, or holds it, and a folder is replaced as a whole; name a \
             folder in it",
            folder.display()
        );
    }
    Ok(resolved)
}

fn resolved(folder: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(folder)?;
    let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        // It ends in `..`, or is the root.
        return fs::canonicalize(absolute);
    };
    // What is not there yet will be made, so nothing can lead out of it.
    for above in parent.ancestors() {
        match fs::canonicalize(above) {
            Ok(real) => {
                let missing = parent.strip_prefix(above).unwrap_or(Path::new(""));
                return Ok(real.join(missing).join(name));
            }
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && above.file_name().is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Looks into a folder. Links are never followed.
pub(super) fn look(folder: &Path) -> io::Result<Found> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::default()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "it is not a folder",
            ));
        }
        Ok(_) => {}
    }
    let (files, folders) = members(folder)?;
    let list = match files.contains(&(PathBuf::from(LIST), Kind::File)) {
        true => list_of(folder)?,
        false => None,
    };
    let written = list.as_ref();
    let files = files.into_par_iter().map(|(path, kind)| {
        let known = written.and_then(|written| written.get(slashed(&path)?.as_str()));
        let owner = match known {
            _ if written.is_some() && path == Path::new(LIST) => Owner::Tool,
            None => Owner::Other,
            Some(known) => match kind == Kind::File && is_unchanged(&folder.join(&path), *known)? {
                true => Owner::Tool,
                false => Owner::Edited,
            },
        };
        Ok(Member { path, owner })
    });
    Ok(Found {
        listed: list.is_some(),
        files: files.collect::<io::Result<_>>()?,
        folders,
    })
}

/// What was written, with its checksum and size. Names that we give are UTF-8 without line breaks.
pub(super) struct Written<'a> {
    path: &'a str,
    print: Print,
}

impl<'a> Written<'a> {
    /// A file with this content.
    pub(super) fn new(path: &'a str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        Written {
            path,
            print: (crc.sum(), content.len() as u64),
        }
    }
}

/// A file that is written little by little.
pub(super) struct Writing {
    file: File,
    crc: Crc,
    size: u64,
}

impl Writing {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Writing {
            file: File::create(path)?,
            crc: Crc::new(),
            size: 0,
        })
    }

    /// What was written, once all of it is.
    pub(super) fn written(self, path: &str) -> Written<'_> {
        Written {
            path,
            print: (self.crc.sum(), self.size),
        }
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.crc.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes the list of what was written into a new folder.
pub(super) fn write_list(folder: &Path, mut files: Vec<Written<'_>>) -> io::Result<()> {
    files.sort_by_key(|file| file.path);
    let mut text = HEAD.to_owned();
    for Written {
        path,
        print: (sum, size),
    } in files
    {
        let _ = writeln!(text, "{sum:08x} {size} {path}");
    }
    fs::write(folder.join(LIST), text)
}

/// Whether two files hold the same, as far as checksums tell.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let is_file = |path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    is_file(one) && print(other).is_ok_and(|other| is_unchanged(one, other).unwrap_or(false))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Link,
}

/// Files and links, and folders; both sorted.
type Members = (Vec<(PathBuf, Kind)>, Vec<PathBuf>);

/// What stands below a folder.
fn members(folder: &Path) -> io::Result<Members> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_symlink() {
                files.push((path, Kind::Link));
            } else if kind.is_file() {
                files.push((path, Kind::File));
            } else {
                // A pipe would have to be read until somebody writes, and a socket cannot be copied at all.
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{} is a pipe, a socket or a device", path.display()),
                ));
            }
        }
        folders.push(below);
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    folders.sort();
    Ok((files, folders))
}

/// What a list says; `None` if the file is no list of ours. Lines that say nothing make nothing ours.
fn list_of(folder: &Path) -> io::Result<Option<BTreeMap<String, Print>>> {
    let text = fs::read(folder.join(LIST))?;
    let text = String::from_utf8_lossy(&text);
    let Some(lines) = text.strip_prefix(HEAD) else {
        return Ok(None);
    };
    let lines = lines.lines().filter_map(|line| {
        let (sum, rest) = line.split_once(' ')?;
        let (size, path) = rest.split_once(' ')?;
        let sum = u32::from_str_radix(sum, 16).ok()?;
        Some((path.to_owned(), (sum, size.parse().ok()?)))
    });
    Ok(Some(lines.collect()))
}

fn is_unchanged(path: &Path, (sum, size): Print) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.len() == size && print(path)? == (sum, size))
}

/// Reads a file little by little: reports may be large.
fn print(path: &Path) -> io::Result<Print> {
    let mut file = File::open(path)?;
    let (mut crc, mut size) = (Crc::new(), 0);
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok((crc.sum(), size)),
            read => {
                crc.update(&part[..read]);
                size += read as u64;
            }
        }
    }
}

/// A relative path with `/`, on every system.
fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}
