//! Files to whatever a command keeps of their documents, on all cores, with a bar for long reads.

use std::io;
use std::sync::Arc;

use anyhow::Result;
use psp2psa::cli::Input;
use psp2psa::input::diags;
use psp2psa::input::digest::{Digest, Taken};
use psp2psa::input::walk::{self, Entry, Limits, Listing, Opened, Recursion, Source};
use psp2psa::model::decode::Keep;
use psp2psa::model::provenance::File;
use psp2psa::{Collector, Interrupted, Read};
use rayon::prelude::*;

use super::progress::{self, Share};

/// Reads everything that the arguments name.
pub(super) fn read(input: &Input) -> Result<Read> {
    read_keeping(input, Keep::Typed)
}

/// Reads everything that the arguments name, and keeps more of it than other commands need.
pub(super) fn read_keeping(input: &Input, keep: Keep) -> Result<Read> {
    match keep {
        Keep::Typed => read_into(input, &psp2psa::keep_typed()),
        Keep::Whole => read_into(input, &psp2psa::keep_whole()),
        Keep::Manifests => read_into(input, &psp2psa::keep_manifests()),
    }
}

/// Reads everything that the arguments name into what the collector makes of it.
pub(super) fn read_into<T: Default + Send, M>(
    input: &Input,
    collector: &Collector<'_, T, M>,
) -> Result<Read<T>> {
    Ok(read_listed(list(input)?, input, collector, Digests::Spared))
}

/// Whether the digest of every file is taken, which costs time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digests {
    Taken,
    Spared,
}

/// What there is to read.
pub(super) fn list(input: &Input) -> Result<Listing> {
    let recursion = match input.recursive {
        true => Recursion::On,
        false => Recursion::Off,
    };
    Ok(walk::list(&input.filename, recursion, io::stdin().lock())?)
}

fn limits(input: &Input) -> Limits {
    Limits {
        unpacked: input.max_unpacked.map(|gibibytes| gibibytes << 30),
    }
}

/// Reads what was listed, file beside file, with a bar if it was asked for.
pub(super) fn read_listed<T: Default + Send, M>(
    listing: Listing,
    input: &Input,
    collector: &Collector<'_, T, M>,
    digests: Digests,
) -> Read<T> {
    let limits = limits(input);
    let bar = match input.progress {
        true => progress::reading(listing.entries.iter().map(Entry::size).sum()),
        false => progress::nothing(),
    };
    let parts: Vec<Read<T>> = listing
        .entries
        .into_par_iter()
        .map(|entry| {
            let share = Share::new(&bar, entry.size());
            match digests {
                Digests::Spared => read_entry(entry, limits, collector, &|source| share.of(source)),
                Digests::Taken => read_and_digested(entry, limits, collector, &share),
            }
        })
        .collect();
    bar.finish_and_clear();
    let mut all = collector.merge(parts);
    all.diagnostics.extend(listing.diagnostics);
    all.diagnostics.extend(diags::passed_over(&all.passed_over));
    all
}

/// Reads a file, and takes the digest of its bytes as they pass.
fn read_and_digested<T: Default + Send, M>(
    entry: Entry,
    limits: Limits,
    collector: &Collector<'_, T, M>,
    share: &Share,
) -> Read<T> {
    let taken = Taken::default();
    let name = Arc::clone(&entry.name);
    // Standard input may be large, and is not kept for this.
    let on_disk = (&*name != "-").then(|| entry.clone());
    let mut read = read_entry(entry, limits, collector, &|source| {
        taken.of(share.of(source))
    });
    let digest = match (taken.found(), on_disk) {
        (Some(digest), _) => Ok(digest),
        (None, Some(entry)) => digest_of(&entry),
        (None, None) => Err("it was not read to its end".to_owned()),
    };
    read.provenance.files.push(File { name, digest });
    read
}

/// The digest of a file that could not be read to its end as what it holds.
fn digest_of(entry: &Entry) -> Result<Digest, String> {
    let taken = Taken::default();
    let mut source = taken.of(walk::stored(entry)?);
    io::copy(&mut source, &mut io::sink()).map_err(|error| error.to_string())?;
    taken.found().ok_or_else(|| "it has no end".to_owned())
}

fn read_entry<T: Default + Send, M>(
    entry: Entry,
    limits: Limits,
    collector: &Collector<'_, T, M>,
    through: &dyn Fn(Source) -> Source,
) -> Read<T> {
    let failed = |diagnostic| Read {
        diagnostics: vec![diagnostic],
        ..Read::default()
    };
    let whole = |entry| match walk::read_through(entry, limits, through) {
        Ok(file) => collector.read(&file),
        Err(diagnostic) => failed(diagnostic),
    };
    match walk::open_through(&entry, limits, through) {
        Ok(Opened::Whole) => whole(entry),
        Ok(Opened::Parts(stream)) => match collector.read_parts(stream) {
            Ok(read) => read,
            Err(Interrupted::Failed(error)) => failed(walk::unreadable(&entry.name, &error)),
            Err(Interrupted::Restart(_)) => whole(entry),
        },
        Ok(Opened::Archive(archive)) => {
            let mut parts = Vec::new();
            let read = archive.each(|member| {
                parts.push(match member {
                    Ok(file) => collector.read(&file),
                    Err(diagnostic) => failed(diagnostic),
                });
            });
            let broken = read.map_err(|error| failed(walk::unreadable(&entry.name, &error)));
            parts.extend(broken.err());
            collector.merge(parts)
        }
        Err(diagnostic) => failed(diagnostic),
    }
}
