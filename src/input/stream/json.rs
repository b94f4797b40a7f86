//! A JSON list in parts.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use memchr::memmem;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::{Part, deliver, has_kindless};
use crate::input::document::Body;
use crate::input::json::scan::{self, Opened};
use crate::input::list::ListHead;
use crate::input::read::{Reader, head};
use crate::input::text::Origin;
use crate::input::{Document, Reading};

/// A JSON list of which the beginning has been read.
pub(super) struct List {
    /// What stands before the elements.
    kind: Option<String>,
    api_version: Option<String>,
    /// What elements without a kind are taken for.
    head: Arc<ListHead>,
    /// How the first element begins: its bracket, its first key and the colon.
    begin: Vec<u8>,
    /// What follows the first value, if that is a plain string: a comma, the second key and the colon.
    second: Option<Vec<u8>>,
}

/// What may follow the elements. A `null` in place of a text is none of it: it would count as a second one.
#[derive(Deserialize)]
struct Tail {
    #[serde(default, deserialize_with = "text")]
    kind: Option<String>,
    #[serde(default, rename = "apiVersion", deserialize_with = "text")]
    api_version: Option<String>,
    #[serde(default)]
    items: Option<IgnoredAny>,
}

impl List {
    /// Looks at the beginning of a file; with the place of the first element.
    pub(super) fn begin(head: &[u8]) -> Option<(Self, usize)> {
        let Opened {
            kind,
            api_version,
            first,
        } = scan::open_list(head)?;
        // What is scanned may hold bytes that are neither JSON nor text.
        let before = std::str::from_utf8(&head[..first]).ok()?;
        serde_json::from_str::<IgnoredAny>(&format!("{before}]}}")).ok()?;
        let element = &head[first..];
        let key = skip_blanks(element, 1);
        let key_end = string_end(element, key)?;
        let colon = skip_blanks(element, key_end);
        if element.get(colon) != Some(&b':') {
            return None;
        }
        let begin = element[..=colon].to_vec();
        let list_head = match &kind {
            Some(kind) if !kind.ends_with("List") => return None,
            Some(kind) => ListHead::new(kind.clone(), api_version.clone().unwrap_or_default()),
            None => ListHead::default(),
        };
        Some((
            List {
                kind,
                api_version,
                head: Arc::new(list_head),
                second: second_key(element, colon + 1).map(<[u8]>::to_vec),
                begin,
            },
            first,
        ))
    }

    /// Where the last element begins that begins like the first one, but for one at the very beginning.
    pub(super) fn last_begin(&self, bytes: &[u8]) -> Option<usize> {
        let finder = memmem::FinderRev::new(&self.begin);
        finder
            .rfind_iter(bytes)
            .take_while(|at| *at > 0)
            .find(|at| self.begins(bytes, *at))
    }

    /// Whether an element seems to begin where `begin` was found.
    fn begins(&self, bytes: &[u8], at: usize) -> bool {
        let before = bytes[..at].trim_ascii_end();
        let Some(before) = before.strip_suffix(b",") else {
            return false;
        };
        if !before.trim_ascii_end().ends_with(b"}") {
            return false;
        }
        match &self.second {
            None => true,
            Some(second) => {
                second_key(bytes, at + self.begin.len()).is_some_and(|found| found == second)
            }
        }
    }

    /// Reads the elements of a part. `None` if the list is not as it seemed.
    pub(super) fn read(
        &self,
        part: &Part,
        take: &mut impl FnMut(&Document<'_>) -> bool,
    ) -> Option<Reading<'static>> {
        let text = part.text()?;
        let bytes = text.as_bytes();
        let begins: Vec<usize> = memmem::Finder::new(&self.begin)
            .find_iter(bytes)
            .filter(|at| self.begins(bytes, *at))
            .collect();
        let mut begins = begins.into_iter().peekable();
        let mut all = Reading::default();
        let mut place = part.place;
        let mut pos = 0;
        while pos < bytes.len() {
            place = part.place_of(pos, place);
            if bytes[pos] == b']' {
                let ends = part.last && self.ends_with(&text[pos + 1..]);
                return (ends && self.explains(&all)).then_some(all);
            }
            while begins.next_if(|at| *at <= pos).is_some() {}
            let next = begins.peek().copied().unwrap_or(bytes.len());
            let mut end = pos + bytes[pos..next].trim_ascii_end().len();
            if bytes[..end].ends_with(b",") {
                end = pos + bytes[pos..end - 1].trim_ascii_end().len();
            }
            if !self.take_one(part, &text[pos..end], place, take) {
                end = pos + value_length(&text[pos..])?;
                let mut reader = Reader::new(&part.name, part.documents);
                reader.json(&text[pos..end], place, Some(&self.head), 0);
                deliver(reader.finish(), take, &mut all);
            }
            pos = self.next_element(bytes, end, part.last)?;
        }
        // The last part holds the end of the list.
        (!part.last && self.explains(&all)).then_some(all)
    }

    /// Whether enough is known of the list for what was read. What elements without a kind are may stand behind them.
    fn explains(&self, read: &Reading<'_>) -> bool {
        self.kind.is_some() || !has_kindless(read)
    }

    /// Whether an element could be decoded as it stands.
    fn take_one(
        &self,
        part: &Part,
        text: &str,
        place: Origin,
        take: &mut impl FnMut(&Document<'_>) -> bool,
    ) -> bool {
        let (api_version, kind, shown) = match head::peek(text) {
            Some([api_version, kind]) => (api_version, kind, true),
            None => (
                self.head.api_version.as_str(),
                self.head.kind.as_str(),
                false,
            ),
        };
        // A list within the list is opened by the reader.
        if kind.is_empty() || kind.ends_with("List") {
            return false;
        }
        let first_key = head::json_first_key(text, place);
        let document = Document {
            source: crate::diag::Source {
                file: Arc::clone(&part.name),
                document: part.documents,
                line: first_key.line,
                column: first_key.column,
            },
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            body: Body::Unread {
                text,
                origin: place,
                shown,
                read: Cell::new(false),
            },
            noticed: OnceCell::new(),
        };
        take(&document)
    }

    /// Where the next element or the closing bracket stands, behind an element that ends at `end`.
    fn next_element(&self, bytes: &[u8], end: usize, last: bool) -> Option<usize> {
        let comma = skip_blanks(bytes, end);
        match bytes.get(comma) {
            Some(b',') => {
                let next = skip_blanks(bytes, comma + 1);
                // Behind the comma there is an element, if only in the next part.
                let open =
                    matches!(bytes.get(next), Some(b'{' | b'[')) || (next == bytes.len() && !last);
                open.then_some(next)
            }
            Some(b']') => Some(comma),
            _ => None,
        }
    }

    /// Whether the text behind the elements is the end of a list, and of the file.
    fn ends_with(&self, rest: &str) -> bool {
        let rest = &rest[skip_blanks(rest.as_bytes(), 0)..];
        let rest = rest.strip_prefix(',').unwrap_or(rest);
        let Ok(tail) = serde_json::from_str::<Tail>(&format!("{{{rest}")) else {
            return false;
        };
        let twice = tail.kind.is_some() && self.kind.is_some()
            || tail.api_version.is_some() && self.api_version.is_some();
        let kind = tail.kind.as_deref().or(self.kind.as_deref());
        let api_version = tail.api_version.or(self.api_version.clone());
        if twice || tail.items.is_some() || !kind.is_some_and(|kind| kind.ends_with("List")) {
            return false;
        }
        let head = ListHead::new(
            kind.unwrap_or_default().to_owned(),
            api_version.unwrap_or_default(),
        );
        // Without a kind of their own, elements depend on the head: see `explains`.
        head == *self.head || self.kind.is_none()
    }
}

/// A text that is there.
fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    String::deserialize(value).map(Some)
}

/// What stands between a plain string that begins behind `at` and the value of the key behind it.
fn second_key(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let value_end = string_end(bytes, skip_blanks(bytes, at))?;
    let comma = skip_blanks(bytes, value_end);
    if bytes.get(comma) != Some(&b',') {
        return None;
    }
    let key_end = string_end(bytes, skip_blanks(bytes, comma + 1))?;
    let colon = skip_blanks(bytes, key_end);
    (bytes.get(colon) == Some(&b':')).then(|| &bytes[value_end..=colon])
}

/// Where the string without escapes ends that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = at + 1 + memchr::memchr2(b'"', b'\\', &bytes[at + 1..])?;
    (bytes[end] == b'"').then_some(end + 1)
}

fn skip_blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let blanks = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        .count();
    from + blanks
}

/// How long the JSON value is with which a text begins.
fn value_length(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}
