//! Writing the output folder, and the user's own files: all or nothing.
//!
//! Everything is written into a fresh folder beside the target first. Only then the old folder, if there is one, makes
//! way by a rename, so that an interrupted run leaves either the old folder or the new one. A run that is killed leaves
//! the fresh folder (`.psp2psa-…`) behind, and if that happens in the instant between the two renames, the old folder
//! stands in it, whole. What we wrote is listed in the folder; a folder with anything else in it stays as it is unless
//! `--force` was given, and even then files that are not ours are carried over. Files of the user's are replaced one by
//! one, each by a rename, once the new text of all of them is on disk: an interrupted run leaves every file either old
//! or new.
#![expect(
    clippy::disallowed_methods,
    reason = "this is one of the edges that touch the disk"
)]

mod diags;
mod folder;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use tempfile::NamedTempFile;

use crate::diag::Diagnostic;
use crate::render::json::v1::{Document, MigrationReport};
use crate::render::{self, Artifact, PAGES, REPORTS, Report};
pub use diags::CODES;
use folder::{Found, Member, Owner, Writing, Written};

/// What happens to files in the target folder that we did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Nothing is written if there are any.
    Refuse,
    /// They stay, unless they are in the way.
    Keep,
}

/// Writes the artifacts, and the reports about a migration, as the whole content of a folder, and says what it did to
/// files that are not ours.
///
/// # Errors
/// If the folder is the current one or holds it, if it holds files that are not ours and `foreign` says to refuse, or if
/// something cannot be written. Nothing has changed then.
pub fn write(
    folder: &Path,
    artifacts: &[Artifact],
    report: &Document<MigrationReport>,
    foreign: Foreign,
) -> Result<Vec<Diagnostic>> {
    let target = folder::resolve(folder)?;
    let found =
        folder::look(&target).with_context(|| format!("cannot look into {}", folder.display()))?;
    if foreign == Foreign::Refuse {
        refuse_foreign(folder, &found)?;
    }
    let cannot = || format!("cannot write {}", folder.display());
    let parent = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).with_context(cannot)?;
    let staging = tempfile::Builder::new()
        .prefix(".psp2psa-")
        .tempdir_in(parent)
        .with_context(cannot)?;
    let new = staging.path().join("new");
    fs::create_dir(&new).with_context(cannot)?;
    let written = fill(&new, artifacts, report).with_context(cannot)?;
    folder::write_list(&new, written).with_context(cannot)?;
    let replaced = carry_over(&target, &new, &found).with_context(cannot)?;
    swap(&target, &new, &staging.path().join("old")).with_context(cannot)?;
    let mut said = Vec::new();
    if !replaced.is_empty() {
        said.push(diags::replaced(&replaced));
    }
    let left = staging.path().to_owned();
    if staging.close().is_err() {
        said.push(diags::leftover(&left));
    }
    Ok(said)
}

/// An error that names what is not ours, if there is anything.
fn refuse_foreign(folder: &Path, found: &Found) -> Result<()> {
    let of = |owner| -> Vec<PathBuf> {
        let members = found.files.iter().filter(|member| member.owner == owner);
        members.map(|member| member.path.clone()).collect()
    };
    let (others, edited) = (of(Owner::Other), of(Owner::Edited));
    if others.is_empty() && edited.is_empty() {
        return Ok(());
    }
    let mut parts = Vec::new();
    if !others.is_empty() {
        parts.push(format!(
            "files that psp2psa did not write ({})",
            named(&others)
        ));
    }
    if !edited.is_empty() {
        parts.push(format!(
            "files that somebody edited since psp2psa wrote them ({})",
            named(&edited)
        ));
    }
    let unlisted = match found.listed {
        true => String::new(),
        false => format!(
            ", for it has no {}, the list of what was written",
            folder::LIST
        ),
    };
    bail!(
        "{} holds {}{unlisted}; choose another --output-dir, or go on with --force: it replaces files of the same \
         name and leaves all others",
        folder.display(),
        parts.join(" and ")
    );
}

/// The first few paths, and how many more there are.
fn named(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 5;
    let mut names: Vec<String> = paths
        .iter()
        .take(SHOWN)
        .map(|path| path.display().to_string())
        .collect();
    if paths.len() > SHOWN {
        names.push(format!("{} more", paths.len() - SHOWN));
    }
    names.join(", ")
}

/// Writes everything into a new folder, on all cores, and tells what it wrote. The reports are written little by little,
/// because they may be larger than everything that they are about.
fn fill<'a>(
    folder: &Path,
    artifacts: &'a [Artifact],
    report: &Document<MigrationReport>,
) -> io::Result<Vec<Written<'a>>> {
    let folders: BTreeSet<&Path> = artifacts
        .iter()
        .filter_map(|artifact| Path::new(&artifact.path).parent())
        .collect();
    for inner in folders {
        fs::create_dir_all(folder.join(inner))?;
    }
    let open = |path: &str| {
        let file = Writing::create(&folder.join(path))?;
        io::Result::Ok(BufWriter::with_capacity(BUFFER, file))
    };
    let close = |out: BufWriter<Writing>, path: &'static str| {
        let file = out.into_inner()?;
        io::Result::Ok(file.written(path))
    };
    let of_report = |one: &Report| {
        let mut out = open(one.path)?;
        (one.write)(report, &mut out)?;
        close(out, one.path)
    };
    let of_pages = || {
        let [html, markdown] = PAGES;
        let (mut page, mut text) = (open(html)?, open(markdown)?);
        render::write_pages(report, [&mut page, &mut text])?;
        io::Result::Ok([close(page, html)?, close(text, markdown)?])
    };
    let of_artifact = |artifact: &'a Artifact| {
        fs::write(folder.join(&artifact.path), &artifact.text)?;
        Ok(Written::new(&artifact.path, artifact.text.as_bytes()))
    };
    type All<'a> = io::Result<Vec<Written<'a>>>;
    // Only one core can write the first report, so it is begun first.
    let (reports, (others, pages)): (All, (All, _)) = rayon::join(
        || REPORTS.par_iter().map(of_report).collect(),
        || rayon::join(|| artifacts.par_iter().map(of_artifact).collect(), of_pages),
    );
    let mut written = others?;
    written.extend(reports?);
    written.extend(pages?);
    Ok(written)
}

/// How much of a report is written at once.
const BUFFER: usize = 1 << 20;

/// A file of the user's and its new text.
#[derive(Debug)]
pub struct Replacement {
    /// Its path, without links.
    pub path: PathBuf,
    /// What it holds.
    pub old: Vec<u8>,
    /// What it is to hold.
    pub new: Vec<u8>,
}

/// Replaces files of the user's.
///
/// # Errors
/// If a file is read-only, has changed, or cannot be written. All files are as they were then, unless the error says
/// otherwise.
pub fn replace(files: &[Replacement]) -> Result<()> {
    let mut ready = Vec::with_capacity(files.len());
    for file in files {
        let new = beside(&file.path, &file.new)
            .with_context(|| format!("no file is edited: cannot edit {}", file.path.display()))?;
        ready.push((file, new));
    }
    for file in files {
        if !fs::read(&file.path).is_ok_and(|bytes| bytes == file.old) {
            bail!(
                "no file is edited: {} has changed since it was read",
                file.path.display()
            );
        }
    }
    let mut done: Vec<&Replacement> = Vec::with_capacity(files.len());
    for (file, new) in ready {
        if let Err(error) = new.persist(&file.path) {
            let back: io::Result<()> = done.iter().try_for_each(|file| {
                beside(&file.path, &file.old)?
                    .persist(&file.path)
                    .map(|_| ())
                    .map_err(|error| error.error)
            });
            let fate = match back {
                Ok(()) => "no file is edited",
                Err(_) => "the files before it in the diff are edited, the others are not",
            };
            return Err(error.error)
                .with_context(|| format!("{fate}: cannot edit {}", file.path.display()));
        }
        done.push(file);
    }
    for folder in files.iter().filter_map(|file| file.path.parent()) {
        // The files are complete in any case; this is about which of them a power failure shows.
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// A new file beside one, with the same permissions and owner.
fn beside(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.permissions().readonly() {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "it is read-only",
        ));
    }
    // Renaming asks for the folder's permissions only.
    fs::OpenOptions::new().write(true).open(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new()
        .prefix(".psp2psa-")
        .tempfile_in(folder)?;
    new.write_all(bytes)?;
    keep_owner(new.as_file(), &metadata)?;
    new.as_file().set_permissions(metadata.permissions())?;
    new.as_file().sync_all()?;
    Ok(new)
}

/// Gives a file to whom the old one belongs.
#[cfg(unix)]
fn keep_owner(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (uid, gid) = (old.uid(), old.gid());
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (uid, gid) {
        fchown(file, Some(uid), Some(gid))?;
    }
    Ok(())
}

/// On other systems a new file belongs to whom its folder says.
#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

/// Puts the new folder where the old one is.
fn swap(folder: &Path, new: &Path, old: &Path) -> io::Result<()> {
    match fs::rename(folder, old) {
        Ok(()) => fs::rename(new, folder).inspect_err(|_| {
            // The old folder goes back; if even that fails, the error of the first rename tells more.
            let _ = fs::rename(old, folder);
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(new, folder),
        Err(error) => Err(error),
    }
}

/// Copies what is not ours into the new folder, and gives folders the permissions that they had. Returns the files that
/// have to make way for ours.
fn carry_over(from: &Path, to: &Path, found: &Found) -> io::Result<Vec<PathBuf>> {
    let mut replaced = Vec::new();
    let is_ours = |member: &&Member| member.owner == Owner::Tool;
    let ours = found.files.iter().filter(is_ours);
    let made: BTreeSet<&Path> = ours.flat_map(|member| member.path.ancestors()).collect();
    // A folder that we made is not needed any more if nothing is written into it.
    for folder in &found.folders {
        if !made.contains(folder.as_path()) {
            fs::create_dir_all(to.join(folder))?;
        }
    }
    for member in &found.files {
        let (old, new) = (from.join(&member.path), to.join(&member.path));
        if member.owner == Owner::Tool {
            continue;
        }
        let in_the_way = |error: io::Error| {
            let text = format!("{} is in the way: {error}", member.path.display());
            io::Error::new(error.kind(), text)
        };
        match fs::symlink_metadata(&new) {
            Ok(metadata) if metadata.is_file() => {
                if !folder::is_same(&old, &new) {
                    replaced.push(member.path.clone());
                }
            }
            _ => copy(&old, &new).map_err(in_the_way)?,
        }
    }
    // The innermost first: a folder may be one that nothing can be written into.
    for folder in found.folders.iter().rev() {
        if to.join(folder).is_dir() {
            let permissions = fs::metadata(from.join(folder))?.permissions();
            fs::set_permissions(to.join(folder), permissions)?;
        }
    }
    Ok(replaced)
}

/// Copies a file with its permissions, or a link as a link: what it points to is not ours to read.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::symlink_metadata(from)?.is_symlink() {
        return copy_link(from, to);
    }
    fs::copy(from, to).map(|_| ())
}

#[cfg(unix)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(from)?, to)
}

#[cfg(windows)]
fn copy_link(from: &Path, to: &Path) -> io::Result<()> {
    let target = fs::read_link(from)?;
    match fs::metadata(from).is_ok_and(|target| target.is_dir()) {
        true => std::os::windows::fs::symlink_dir(target, to),
        false => std::os::windows::fs::symlink_file(target, to),
    }
}
