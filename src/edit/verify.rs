//! Whether an edited file says what was meant, and nothing else: read again with our own reader.
//!
//! Chunks whose bytes are the same mean the same and are not read. Of all others every object is compared.

use std::collections::BTreeSet;

use crate::input::{self, Chunk, InputFile, Reading};

use super::Draft;

/// What is wrong with an edited file.
pub(super) enum Wrong {
    /// Nothing.
    Nothing,
    /// The objects of these drafts are not what they should be.
    These(BTreeSet<usize>),
    /// Something that no draft alone is to blame for.
    Everything,
}

/// Compares a file with its edited text.
pub(super) fn compare(file: &InputFile, new: &[u8], drafts: &[Draft]) -> Wrong {
    let edited = InputFile {
        name: file.name.clone(),
        bytes: new.to_vec(),
        storage: file.storage,
    };
    let (before, after) = (input::chunks(file), input::chunks(&edited));
    if before.len() != after.len() {
        return Wrong::Everything;
    }
    let mut wrong = BTreeSet::new();
    let mut checked = 0;
    for (at, (old, new)) in before.iter().zip(&after).enumerate() {
        if !old.is_read_like(new) {
            return Wrong::Everything;
        }
        if file.bytes[old.bytes()] == edited.bytes[new.bytes()] {
            continue;
        }
        match documents(old, new, drafts, &mut wrong) {
            Some(found) => checked += found,
            None => {
                let here = |draft: &usize| drafts[*draft].chunk == at;
                wrong.extend((0..drafts.len()).filter(here));
            }
        }
    }
    match (wrong.is_empty(), checked == drafts.len()) {
        (false, _) => Wrong::These(wrong),
        (true, true) => Wrong::Nothing,
        (true, false) => Wrong::Everything,
    }
}

/// Compares the documents of a chunk and returns how many are edited. `None` if they differ where nothing was meant to.
fn documents(
    old: &Chunk,
    new: &Chunk,
    drafts: &[Draft],
    wrong: &mut BTreeSet<usize>,
) -> Option<usize> {
    let (old, new) = (old.read(), new.read());
    if !is_alike(&old, &new) {
        return None;
    }
    let mut edited = 0;
    for (old, new) in old.documents.iter().zip(&new.documents) {
        if (&old.kind, &old.api_version) != (&new.kind, &new.api_version) {
            return None;
        }
        // Drafts are sorted by place.
        let at = drafts.partition_point(|draft| draft.wish.source < old.source);
        let draft = drafts.get(at).filter(|draft| draft.wish.means(old));
        let (mut expected, found) = (old.value().ok()?, new.value().ok()?);
        if let Some(draft) = draft {
            edited += 1;
            draft.wish.fulfil(&mut expected);
        }
        if expected != found {
            draft?;
            wrong.insert(at);
        }
    }
    Some(edited)
}

/// Whether two readings hold as many documents, and have the same to say about them.
fn is_alike(old: &Reading, new: &Reading) -> bool {
    let codes = |reading: &Reading| -> Vec<&str> {
        let diagnostics = reading.diagnostics.iter();
        diagnostics.map(|diagnostic| diagnostic.code.name).collect()
    };
    old.documents.len() == new.documents.len()
        && old.unreadable.len() == new.unreadable.len()
        && codes(old) == codes(new)
}
