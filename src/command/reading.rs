//! Files to whatever a command keeps of their documents, on all cores, with a bar for long reads.

use std::io;

use anyhow::Result;
use psp2psa::cli::Input;
use psp2psa::input::diags;
use psp2psa::input::walk::{self, Entry, Limits, Listing, Opened, Recursion};
use psp2psa::model::decode::Keep;
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
    Ok(read_listed(list(input)?, input, collector))
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
            read_entry(entry, limits, collector, &share)
        })
        .collect();
    bar.finish_and_clear();
    let mut all = collector.merge(parts);
    all.diagnostics.extend(listing.diagnostics);
    all.diagnostics.extend(diags::passed_over(&all.passed_over));
    all
}

fn read_entry<T: Default + Send, M>(
    entry: Entry,
    limits: Limits,
    collector: &Collector<'_, T, M>,
    share: &Share,
) -> Read<T> {
    let failed = |diagnostic| Read {
        diagnostics: vec![diagnostic],
        ..Read::default()
    };
    let whole = |entry| match walk::read_through(entry, limits, |source| share.of(source)) {
        Ok(file) => collector.read(&file),
        Err(diagnostic) => failed(diagnostic),
    };
    match walk::open_through(&entry, limits, |source| share.of(source)) {
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
