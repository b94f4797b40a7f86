//! Finding the objects in a JSON text at the speed of a scan.
//!
//! Only brackets and strings are looked at. That finds the values of a stream (one object, NDJSON, concatenated
//! objects) and the elements of a `List`, so that they can be decoded in parallel and one bad element does not cost
//! the others. What is between the brackets is checked when a part is read.

mod scanner;

use std::ops::Range;
use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::input::list::ListHead;
use scanner::{CUT_OFF, Scanner, Stop, StructureFault, at_marker, string_text};

/// What [`split`] finds.
pub(in crate::input) struct Split {
    /// Parts in the order of the text.
    pub(in crate::input) parts: Vec<Part>,
    /// Where the JSON ends: at the end of the text, at a `---` or `...` line, or at a comment.
    pub(in crate::input) end: usize,
    /// Whether the structure is without fault.
    pub(in crate::input) sound: bool,
}

/// An object, or something that should have been one.
pub(in crate::input) struct Part {
    /// Its bytes.
    pub(in crate::input) bytes: Range<usize>,
    /// How many values of the stream end before it: elements of one list share the number.
    pub(in crate::input) value: u32,
    /// The list it is an element of.
    pub(in crate::input) list: Option<Arc<ListHead>>,
    /// What is wrong with the structure here, if nothing can be read from the bytes.
    pub(in crate::input) fault: Option<&'static str>,
}

/// Finds the objects of a stream of JSON values that begins at `from`.
pub(in crate::input) fn split(bytes: &[u8], from: usize) -> Split {
    let mut scanner = Scanner::new(bytes, from);
    let mut parts = Vec::new();
    let mut value = 0;
    let mut sound = true;
    while let Some(byte) = scanner.skip_blanks() {
        let start = scanner.pos;
        match byte {
            b'{' => scanner.object(value, &mut parts),
            b'[' => scanner.array(value, &mut parts),
            b'#' => break,
            _ if at_marker(bytes, start) => break,
            _ => {
                scanner.skip_junk();
                parts.push(Part {
                    bytes: start..scanner.pos,
                    value,
                    list: None,
                    fault: Some("expected a JSON object"),
                });
            }
        }
        sound &= scanner.stop.take().is_none();
        value += 1;
    }
    sound &= parts.iter().all(|part| part.fault.is_none());
    Split {
        parts,
        end: scanner.pos,
        sound,
    }
}

/// The beginning of a list.
pub(in crate::input) struct Opened {
    /// `kind`, if it stands before the elements.
    pub(in crate::input) kind: Option<String>,
    /// `apiVersion`, if it stands before the elements.
    pub(in crate::input) api_version: Option<String>,
    /// Where the first element begins, which is an object.
    pub(in crate::input) first: usize,
}

/// Reads the beginning of a list up to its first element. `None` if the text is no list, or one with anything unusual.
pub(in crate::input) fn open_list(bytes: &[u8]) -> Option<Opened> {
    let mut scanner = Scanner::new(bytes, 0);
    if scanner.skip_blanks() != Some(b'{') {
        return None;
    }
    let start = scanner.pos;
    scanner.pos += 1;
    let mut seen = [const { None }; 2];
    while let Ok(Some(key)) = scanner.next_key(start) {
        let key = scanner.unescaped(key);
        if *key == *b"\"items\"" {
            if scanner.peek() != Some(b'[') {
                return None;
            }
            scanner.pos += 1;
            let first = (scanner.skip_blanks() == Some(b'{')).then_some(scanner.pos)?;
            let [kind, api_version] = seen;
            return Some(Opened {
                kind,
                api_version,
                first,
            });
        }
        let value = scanner.value();
        if scanner.stop.is_some()
            || serde_json::from_slice::<IgnoredAny>(&bytes[value.clone()]).is_err()
        {
            return None;
        }
        let names: [&[u8]; 2] = [b"\"kind\"", b"\"apiVersion\""];
        if let Some(at) = names.iter().position(|name| **name == *key) {
            // A second one, or one that is no string.
            if seen[at].is_some() {
                return None;
            }
            seen[at] = Some(string_text(&bytes[value])?);
        }
    }
    None
}

/// The values of `kind`, `metadata.name` and `metadata.namespace`, as far as the structure of a broken object shows.
pub(in crate::input) fn hints(bytes: &[u8]) -> [Option<String>; 3] {
    let mut scanner = Scanner::new(bytes, 0);
    let [kind, metadata] = scanner.fields([b"\"kind\"", b"\"metadata\""]);
    let [name, namespace] = match metadata {
        Some(metadata) => {
            scanner.pos = metadata.start;
            scanner.stop = None;
            scanner.fields([b"\"name\"", b"\"namespace\""])
        }
        None => [None, None],
    };
    [kind, name, namespace].map(|range| range.and_then(|range| string_text(&bytes[range])))
}

impl Scanner<'_> {
    /// Scans a top-level object: one part, or one for each element if it is a list.
    fn object(&mut self, value: u32, parts: &mut Vec<Part>) {
        let start = self.pos;
        let mut kind = None;
        let mut api_version = None;
        let mut items = None;
        self.pos += 1;
        let fault = loop {
            let key = match self.next_key(start) {
                Ok(Some(key)) => key,
                Ok(None) => break None,
                Err(fault) => break Some(fault),
            };
            match &*self.unescaped(key) {
                b"\"items\"" if self.peek() == Some(b'[') => {
                    let found = items.get_or_insert_with(Vec::new);
                    if let Some(fault) = self.elements(vec![b'{', b'['], found) {
                        break Some(fault);
                    }
                }
                b"\"kind\"" => kind = Some(self.value()),
                b"\"apiVersion\"" => api_version = Some(self.value()),
                _ => {
                    self.value();
                }
            }
            if self.stop.is_some() {
                break Some((start, CUT_OFF));
            }
        };
        let text =
            |range: Option<Range<usize>>| range.and_then(|range| string_text(&self.bytes[range]));
        let (kind, api_version) = (text(kind), text(api_version));
        // A list that is cut off before its kind is a list all the same.
        let is_list = match &kind {
            Some(kind) => kind.ends_with("List"),
            None => fault.is_some(),
        };
        match items {
            Some(items) if is_list => {
                let head = ListHead::new(kind.unwrap_or_default(), api_version.unwrap_or_default());
                push_elements(items, Arc::new(head), value, fault, self.pos, parts);
            }
            _ => parts.push(Part {
                bytes: start..self.pos,
                value,
                list: None,
                fault: None,
            }),
        }
    }

    /// Scans a top-level array: the elements if there are objects among them, else one part.
    fn array(&mut self, value: u32, parts: &mut Vec<Part>) {
        let start = self.pos;
        let mut items = Vec::new();
        let fault = self.elements(vec![b'['], &mut items);
        if items.iter().any(|item| self.bytes[item.start] == b'{') {
            push_elements(
                items,
                Arc::new(ListHead::default()),
                value,
                fault,
                self.pos,
                parts,
            );
        } else {
            parts.push(Part {
                bytes: start..self.pos,
                value,
                list: None,
                fault: None,
            });
        }
    }

    /// Scans the elements of the array that begins here and is the last of `open`.
    fn elements(&mut self, open: Vec<u8>, items: &mut Vec<Range<usize>>) -> Option<StructureFault> {
        let start = self.pos;
        self.pos += 1;
        let mut separated = true;
        loop {
            match self.skip_blanks() {
                Some(b']') => {
                    self.pos += 1;
                    return None;
                }
                Some(b',') => {
                    self.pos += 1;
                    separated = true;
                }
                Some(b'}' | b':') => {
                    return Some(self.give_up(open, "expected `,` or `]` in a list"));
                }
                Some(_) if !separated => {
                    return Some(self.give_up(open, "expected `,` or `]` in a list"));
                }
                Some(_) => {
                    let item = self.value();
                    items.push(item);
                    separated = false;
                    if self.stop.is_some() {
                        // The element reports that it is cut off.
                        return Some((self.pos, ""));
                    }
                }
                None => {
                    self.stop = Some(Stop::End);
                    return Some((start, "the list is cut off"));
                }
            }
        }
    }
}

fn push_elements(
    items: Vec<Range<usize>>,
    head: Arc<ListHead>,
    value: u32,
    fault: Option<StructureFault>,
    end: usize,
    parts: &mut Vec<Part>,
) {
    let first = parts.len();
    parts.extend(items.into_iter().map(|bytes| Part {
        bytes,
        value,
        list: Some(Arc::clone(&head)),
        fault: None,
    }));
    if let Some((at, message)) = fault
        && !message.is_empty()
    {
        parts.push(Part {
            bytes: at..end.max(at),
            value,
            list: None,
            fault: Some(message),
        });
        // A fault is told where it begins, which may be before the elements.
        parts[first..].sort_by_key(|part| part.bytes.start);
    }
}
