//! Objects that stand in the input several times: copies joined, variants named.

use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::diags;
use super::object::ObjectRef;
use crate::diag::{Diagnostic, Source};

/// Sorts by reference and place, joins equal items and names different ones.
///
/// Where an item was read, and whether from a cluster, makes no difference. Items are compared only where their hashes
/// agree: there may be thousands of one name. Nameless workloads (`generateName`, or none at all) are never variants of
/// one another.
pub(super) fn join<T: PartialEq + Hash + Send>(
    items: &mut Vec<T>,
    reference: impl Fn(&T) -> ObjectRef + Sync,
    provenance: impl Fn(&mut T) -> (&mut Vec<Source>, Option<&mut bool>) + Sync,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let entries = items.par_iter_mut().enumerate().map(|(position, item)| {
        let (places, live) = provenance(item);
        let places = std::mem::take(places);
        let live = live.is_some_and(std::mem::take);
        let mut hasher = DefaultHasher::new();
        item.hash(&mut hasher);
        Entry {
            object: reference(item),
            hash: hasher.finish(),
            position,
            places,
            live,
        }
    });
    let mut entries: Vec<Entry> = entries.collect();
    entries.par_sort_unstable_by(|a, b| {
        let order = a.object.cmp(&b.object).then(a.hash.cmp(&b.hash));
        order.then(a.position.cmp(&b.position))
    });
    let mut unjoined: Vec<Option<T>> = items.drain(..).map(Some).collect();
    for group in entries.chunk_by_mut(|a, b| a.object == b.object) {
        let mut variants: Vec<(&mut Entry, T)> = Vec::with_capacity(1);
        for entry in group {
            let item = unjoined[entry.position].take();
            let item = item.expect("each item has one entry");
            let alike = variants.iter_mut().rev();
            let mut alike = alike.take_while(|(one, _)| one.hash == entry.hash);
            match alike.find(|(_, other)| *other == item) {
                Some((joined, _)) => {
                    joined.places.append(&mut entry.places);
                    joined.live |= entry.live;
                }
                None => variants.push((entry, item)),
            }
        }
        for (entry, _) in &mut variants {
            entry.places.sort();
            entry.places.dedup();
        }
        variants.sort_by(|a, b| a.0.places.cmp(&b.0.places));
        if let [(first, _), _, ..] = variants.as_slice()
            && !first.object.name.is_empty()
            && !first.object.name.ends_with('*')
        {
            let places: Vec<Source> = variants
                .iter()
                .filter_map(|(entry, _)| entry.places.first().cloned())
                .collect();
            diagnostics.extend(diags::variants(&first.object, &places));
        }
        for (entry, mut item) in variants {
            let (sources, live) = provenance(&mut item);
            *sources = std::mem::take(&mut entry.places);
            if let Some(live) = live {
                *live = entry.live;
            }
            items.push(item);
        }
    }
}

/// What an item is known by, and what it is not compared by.
struct Entry {
    object: ObjectRef,
    hash: u64,
    position: usize,
    places: Vec<Source>,
    live: bool,
}
