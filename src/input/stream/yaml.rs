//! YAML in parts: a list in block style, or documents.

use std::sync::Arc;

use memchr::memmem;

use super::{Part, deliver, has_kindless};
use crate::input::list::ListHead;
use crate::input::read::{self, Reader};
use crate::input::split::{self, Line, Piece, block};
use crate::input::text::Origin;
use crate::input::{Document, Reading};

/// A YAML list in block style of which the beginning has been read.
pub(super) struct List {
    /// What stands before the elements.
    outside: block::Outside,
    /// What elements without a kind are taken for.
    head: Arc<ListHead>,
    /// A line break and what the line of an element begins with.
    begin: Vec<u8>,
}

impl List {
    /// Looks at the beginning of a file; with the place of the first element.
    pub(super) fn begin(head: &[u8]) -> Option<(Self, usize)> {
        if split::nul(head).is_some() || split::json_begin(head, 0).is_some() {
            return None;
        }
        let first = block::first_element(head)?;
        let (document, _) = split::document_end(&head[..first.at], 0);
        if document != first.at {
            return None;
        }
        let outside = block::outside(&[&head[..first.items]])?;
        let list_head = match &outside.kind {
            Some(kind) if !kind.ends_with("List") => return None,
            Some(kind) => ListHead::new(
                kind.clone(),
                outside.api_version.clone().unwrap_or_default(),
            ),
            None => ListHead::default(),
        };
        let mut begin = vec![b'\n'];
        begin.extend(std::iter::repeat_n(b' ', first.indent));
        begin.extend_from_slice(b"- ");
        Some((
            List {
                outside,
                head: Arc::new(list_head),
                begin,
            },
            first.at,
        ))
    }

    /// Where the last element begins, but for one at the very beginning.
    pub(super) fn last_begin(&self, bytes: &[u8]) -> Option<usize> {
        memmem::rfind(bytes, &self.begin).map(|at| at + 1)
    }

    /// Reads the elements of a part. `None` if the list is not as it seemed.
    pub(super) fn read(
        &self,
        part: &Part,
        take: &mut impl FnMut(&Document<'_>) -> bool,
    ) -> Option<Reading<'static>> {
        let text = part.text()?;
        let indent = self.begin.len() - 3;
        let (elements, end) = block::elements(text.as_bytes(), 0, indent)?;
        let mut all = Reading::default();
        let mut place = part.place;
        for element in elements {
            place = part.place_of(element.start, place);
            let mut reader = Reader::new(&part.name, part.documents);
            reader.yaml_element(&text[element], place, &self.head);
            deliver(reader.finish(), take, &mut all);
        }
        let ends = match part.last {
            false => end == text.len(),
            true => self.ends_with(&text.as_bytes()[end..]),
        };
        // What elements without a kind are may stand behind them.
        let explained = self.outside.kind.is_some() || !has_kindless(&all);
        (ends && explained).then_some(all)
    }

    /// Whether the text behind the elements is the end of a list, and of the file.
    fn ends_with(&self, rest: &[u8]) -> bool {
        // Behind a marker there is another document.
        if matches!(
            split::classify(split::line_of(rest)),
            Line::Start | Line::StartWithContent | Line::End
        ) {
            return false;
        }
        let (document, _) = split::document_end(rest, 0);
        let Some(tail) = block::outside(&[rest]).filter(|_| document == rest.len()) else {
            return false;
        };
        let twice = tail.kind.is_some() && self.outside.kind.is_some()
            || tail.api_version.is_some() && self.outside.api_version.is_some();
        let Some(kind) = tail.kind.or(self.outside.kind.clone()) else {
            return false;
        };
        let api_version = tail.api_version.or(self.outside.api_version.clone());
        if twice || !kind.ends_with("List") {
            return false;
        }
        let head = ListHead::new(kind, api_version.unwrap_or_default());
        // Only elements without a kind depend on the head, and there are none if it was not known before them.
        head == *self.head || self.outside.kind.is_none()
    }
}

/// Whether a file begins with YAML documents, several of them.
pub(super) fn are_documents(head: &[u8]) -> bool {
    split::nul(head).is_none()
        && !head.starts_with(b"\xFF\xFE")
        && !head.starts_with(b"\xFE\xFF")
        && split::json_begin(head, 0).is_none()
        && last_document(head).is_some()
}

/// Where the last document begins, but for one at the very beginning.
pub(super) fn last_document(bytes: &[u8]) -> Option<usize> {
    memmem::rfind_iter(bytes, b"\n---").find_map(|at| {
        let line = split::line_of(&bytes[at + 1..]);
        // Directives and comments belong to the document that they precede, and so does a record separator.
        let before = bytes[..at].iter().rposition(|byte| *byte == b'\n');
        let before = bytes[before.map_or(0, |at| at + 1)..at].trim_ascii();
        let marker = matches!(split::classify(line), Line::Start | Line::StartWithContent)
            && line.ends_with(b"\n");
        let free = !matches!(before.first(), None | Some(b'%' | b'#' | 0x1E));
        (marker && free).then_some(at + 1)
    })
}

/// Splits a part into its documents; with how many there are up to its end.
pub(super) fn split(bytes: &[u8], place: Origin, documents: u32) -> (Vec<Piece>, u32) {
    let bom = if bytes.starts_with(b"\xEF\xBB\xBF") && place.line == 1 {
        3
    } else {
        0
    };
    let place = Origin {
        offset: bom,
        ..place
    };
    split::split_from(bytes, place, documents)
}

/// Reads the documents of a part.
pub(super) fn read_documents(
    part: &Part,
    take: &mut impl FnMut(&Document<'_>) -> bool,
) -> Reading<'static> {
    let mut all = Reading::default();
    for piece in &part.pieces {
        let reading = read::piece(&part.name, &part.bytes, piece);
        deliver(reading, take, &mut all);
    }
    all
}
