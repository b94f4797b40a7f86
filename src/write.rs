//! Writing the output folder, and the user's own files: all or nothing.
//!
//! Everything is written into a fresh folder beside the target first. Only then the old folder, if there is one, makes
//! way by a rename, so that an interrupted run leaves either the old folder or the new one. A folder is ours if it
//! holds nothing but what we write; anything else stays where it is unless `--force` was given, and even then files
//! that are not ours are carried over. Files of the user's are replaced one by one, each by a rename, once the new
//! text of all of them is on disk: an interrupted run leaves every file either old or new.
#![expect(
    clippy::disallowed_methods,
    reason = "this is one of the edges that touch the disk"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;
use tempfile::NamedTempFile;

use crate::render::json::v1::{Document, MigrationReport};
use crate::render::{Artifact, REPORTS};

/// What happens to files in the target folder that we did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Nothing is written if there are any.
    Refuse,
    /// They stay, unless they are in the way.
    Keep,
}

/// Writes the artifacts, and the reports about a migration, as the whole content of a folder.
///
/// # Errors
/// If the folder holds files that are not ours and `foreign` says to refuse, or if something cannot be written. Nothing
/// has changed then.
pub fn write(
    folder: &Path,
    artifacts: &[Artifact],
    report: &Document<MigrationReport>,
    foreign: Foreign,
) -> Result<()> {
    let kept =
        foreign_files(folder).with_context(|| format!("cannot look into {}", folder.display()))?;
    if let (Foreign::Refuse, Some(first)) = (foreign, kept.first()) {
        bail!(
            "{} holds files that psp2psa did not write, such as {}; choose another --output-dir, or keep them and go \
             on with --force",
            folder.display(),
            first.display()
        );
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let cannot = || format!("cannot write {}", folder.display());
    fs::create_dir_all(parent).with_context(cannot)?;
    let staging = tempfile::Builder::new()
        .prefix(".psp2psa-")
        .tempdir_in(parent)
        .with_context(cannot)?;
    let new = staging.path().join("new");
    fs::create_dir(&new).with_context(cannot)?;
    fill(&new, artifacts, report).with_context(cannot)?;
    let ours: BTreeSet<&str> = artifacts
        .iter()
        .map(|artifact| artifact.path.as_str())
        .chain(REPORTS.iter().map(|report| report.path))
        .collect();
    for file in &kept {
        if !ours.contains(file.to_string_lossy().as_ref()) {
            carry_over(&folder.join(file), &new.join(file)).with_context(cannot)?;
        }
    }
    swap(folder, &new, &staging.path().join("old")).with_context(cannot)
}

/// Writes everything into a new folder, on all cores. The reports are written little by little, because they may be
/// larger than everything that they are about.
fn fill(
    folder: &Path,
    artifacts: &[Artifact],
    report: &Document<MigrationReport>,
) -> io::Result<()> {
    let folders: BTreeSet<&Path> = artifacts
        .iter()
        .filter_map(|artifact| Path::new(&artifact.path).parent())
        .collect();
    for inner in folders {
        fs::create_dir_all(folder.join(inner))?;
    }
    let (reports, others) = rayon::join(
        || {
            REPORTS.par_iter().try_for_each(|one| {
                let mut file =
                    BufWriter::with_capacity(BUFFER, File::create(folder.join(one.path))?);
                (one.write)(report, &mut file)?;
                file.flush()
            })
        },
        || {
            artifacts
                .par_iter()
                .try_for_each(|artifact| fs::write(folder.join(&artifact.path), &artifact.text))
        },
    );
    reports.and(others)
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
/// If a file is read-only, has changed, or can not be written. All files are as they were then, unless the error says
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
    let (uid, gid) = (metadata.uid(), metadata.gid());
    let owner = new.as_file().metadata()?;
    if (owner.uid(), owner.gid()) != (uid, gid) {
        std::os::unix::fs::fchown(new.as_file(), Some(uid), Some(gid))?;
    }
    new.as_file().set_permissions(metadata.permissions())?;
    new.as_file().sync_all()?;
    Ok(new)
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

/// Copies a file, or a link as a link: what it points to is not ours to read.
fn carry_over(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::symlink_metadata(from)?.is_symlink() {
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    fs::copy(from, to).map(|_| ())
}

/// The files below a folder that we would not have written, sorted, relative to it. Links are never followed.
fn foreign_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "it is not a folder",
            ));
        }
        Ok(_) => {}
    }
    let marked = fs::read_to_string(folder.join("report.json"))
        .is_ok_and(|report| report.contains("\"kind\": \"MigrationReport\""));
    let mut foreign = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if !(marked && is_ours(&path)) {
                foreign.push(path);
            }
        }
    }
    foreign.sort();
    Ok(foreign)
}

/// Whether a file has a name that we give.
fn is_ours(path: &Path) -> bool {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    match parts.as_slice() {
        [file] => matches!(
            *file,
            "admission-configuration.yaml"
                | "migration.diff"
                | "pull-request.md"
                | "report.html"
                | "report.json"
                | "report.md"
        ),
        ["manifests", "70-cleanup", "README.md"] => true,
        ["manifests", "70-cleanup", "delete" | "edit", file] => matches!(
            *file,
            "bindings.yaml" | "kustomization.yaml" | "policies.yaml" | "roles.yaml"
        ),
        ["rollback", file] | ["manifests", _, file] => {
            let named = file.starts_with("namespace-") || file.starts_with("rolebinding-");
            matches!(
                *file,
                "clusterrole.yaml" | "kustomization.yaml" | "podsecuritypolicy.yaml"
            ) || (named && file.ends_with(".yaml"))
        }
        ["manifests", "20-workloads" | "50-workloads", _, file] => file.ends_with(".yaml"),
        _ => false,
    }
}
