//! Objects that stand in the input several times: copies joined, variants named.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::diags;
use super::object::ObjectRef;
use crate::diag::{Diagnostic, Source};

/// Sorts by reference and place, joins equal items and names different ones.
///
/// Where an item was read, and whether from a cluster, makes no difference. Items are compared only where their hashes
/// agree: there may be thousands of one name. Nameless workloads (`generateName`, or none at all) are never variants of
/// one another.
pub(super) fn join<T: PartialEq + Hash>(
    items: &mut Vec<T>,
    reference: impl Fn(&T) -> ObjectRef,
    provenance: impl Fn(&mut T) -> (&mut Vec<Source>, Option<&mut bool>),
    diagnostics: &mut Vec<Diagnostic>,
) {
    type Variants<T> = Vec<(Vec<Source>, bool, T)>;
    let mut groups: BTreeMap<ObjectRef, BTreeMap<u64, Variants<T>>> = BTreeMap::new();
    for mut item in items.drain(..) {
        let (places, live) = provenance(&mut item);
        let places = std::mem::take(places);
        let live = live.is_some_and(std::mem::take);
        let mut hasher = DefaultHasher::new();
        item.hash(&mut hasher);
        let group = groups.entry(reference(&item)).or_default();
        let alike = group.entry(hasher.finish()).or_default();
        match alike.iter_mut().find(|(_, _, other)| *other == item) {
            Some((joined, any_live, _)) => {
                joined.extend(places);
                *any_live |= live;
            }
            None => alike.push((places, live, item)),
        }
    }
    for (object, group) in groups {
        let mut variants: Variants<T> = group.into_values().flatten().collect();
        for (places, _, _) in &mut variants {
            places.sort();
            places.dedup();
        }
        variants.sort_by(|a, b| a.0.cmp(&b.0));
        if variants.len() > 1 && !object.name.is_empty() && !object.name.ends_with('*') {
            let places: Vec<Source> = variants
                .iter()
                .filter_map(|(places, _, _)| places.first().cloned())
                .collect();
            diagnostics.extend(diags::variants(&object, &places));
        }
        for (places, any_live, mut item) in variants {
            let (sources, live) = provenance(&mut item);
            *sources = places;
            if let Some(live) = live {
                *live = any_live;
            }
            items.push(item);
        }
    }
}
