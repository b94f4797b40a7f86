//! Finding the objects in a JSON text at the speed of a scan.
//!
//! Only brackets and strings are looked at. That finds the values of a stream (one object, NDJSON, concatenated
//! objects) and the elements of a `List`, so that they can be decoded in parallel and one bad element does not cost
//! the others. What is between the brackets is checked when a part is read. The file is long because the scanner is
//! one machine whose states are its functions.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use serde::de::IgnoredAny;

use crate::input::list::ListHead;

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
    let mut scanner = Scanner {
        bytes,
        pos: from,
        stop: None,
    };
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
    let mut scanner = Scanner {
        bytes,
        pos: 0,
        stop: None,
    };
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

/// Whether a line at `pos` is a document marker of YAML.
fn at_marker(bytes: &[u8], pos: usize) -> bool {
    let line_start = pos == 0 || bytes[pos - 1] == b'\n';
    line_start && (bytes[pos..].starts_with(b"---") || bytes[pos..].starts_with(b"..."))
}

/// Brackets and quotes.
const STRUCTURE: u8 = 1;

/// What ends a string or an escape begins with.
const STRING_END: u8 = 2;

/// The classes of every byte: looking them up is faster than comparing.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    classes[b'{' as usize] = STRUCTURE;
    classes[b'}' as usize] = STRUCTURE;
    classes[b'[' as usize] = STRUCTURE;
    classes[b']' as usize] = STRUCTURE;
    classes[b'"' as usize] = STRUCTURE | STRING_END;
    classes[b'\\' as usize] = STRING_END;
    classes[b'\n' as usize] = STRING_END;
    classes
};

/// Where the structure is at fault, and how.
type StructureFault = (usize, &'static str);

const CUT_OFF: &str = "the value is cut off";

/// Why a scan ended before its value did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The text ended.
    End,
    /// A line begins with `{` where only `,` or a closing bracket could follow: the next value of the stream.
    NextValue,
}

struct Scanner<'b> {
    bytes: &'b [u8],
    pos: usize,
    stop: Option<Stop>,
}

impl<'b> Scanner<'b> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    /// Skips blanks, and record separators as in RFC 7464.
    fn skip_blanks(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1E) {
                return Some(byte);
            }
            self.pos += 1;
        }
        None
    }

    /// Skips to the next line that begins with a bracket or a document marker.
    fn skip_junk(&mut self) {
        while let Some(found) = self.bytes[self.pos..]
            .iter()
            .position(|byte| *byte == b'\n')
        {
            self.pos += found + 1;
            if matches!(self.peek(), Some(b'{' | b'[')) || at_marker(self.bytes, self.pos) {
                return;
            }
        }
        self.pos = self.bytes.len();
    }

    /// Skips a string. A line break ends it too: JSON has none in strings, so a quote is missing.
    fn string(&mut self) -> Range<usize> {
        let start = self.pos;
        self.pos += 1;
        while self.skip_to(STRING_END) {
            match self.bytes[self.pos] {
                b'"' => {
                    self.pos += 1;
                    return start..self.pos;
                }
                b'\\' => self.pos = (self.pos + 2).min(self.bytes.len()),
                _ => return start..self.pos,
            }
        }
        self.stop = Some(Stop::End);
        start..self.pos
    }

    /// Skips any value, or one byte if none begins here.
    fn value(&mut self) -> Range<usize> {
        let start = self.pos;
        match self.peek() {
            Some(b'"') => {
                self.string();
            }
            Some(opener @ (b'{' | b'[')) => {
                self.pos += 1;
                self.container(vec![opener]);
            }
            _ => {
                let delimiter =
                    |byte: &u8| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
                let length = self.bytes[self.pos..].iter().position(delimiter);
                self.pos = length.map_or(self.bytes.len(), |length| self.pos + length.max(1));
            }
        }
        start..self.pos
    }

    /// Skips to behind the bracket that closes the outermost of `open`. Brackets that close nothing are passed over;
    /// one that closes an outer bracket closes those inside it too.
    fn container(&mut self, mut open: Vec<u8>) {
        let mut counts = [0usize; 2];
        for opener in &open {
            counts[usize::from(*opener == b'[')] += 1;
        }
        while self.skip_to(STRUCTURE) {
            let byte = self.bytes[self.pos];
            match byte {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => {
                    if byte == b'{' && self.begins_next_value() {
                        self.stop = Some(Stop::NextValue);
                        return;
                    }
                    counts[usize::from(byte == b'[')] += 1;
                    open.push(byte);
                }
                _ => {
                    // In ASCII, an opening bracket stands two before its closing one.
                    let opener = byte - 2;
                    if counts[usize::from(opener == b'[')] > 0 {
                        while let Some(top) = open.pop() {
                            counts[usize::from(top == b'[')] -= 1;
                            if top == opener {
                                break;
                            }
                        }
                        if open.is_empty() {
                            self.pos += 1;
                            return;
                        }
                    }
                }
            }
            self.pos += 1;
        }
        self.stop = Some(Stop::End);
    }

    /// Whether the bracket here begins a line although a complete value stands before it, without a comma.
    fn begins_next_value(&self) -> bool {
        let before = &self.bytes[..self.pos];
        before.last() == Some(&b'\n')
            && !matches!(
                before.trim_ascii_end().last(),
                Some(b',' | b':' | b'{' | b'[')
            )
    }

    /// Skips to the next byte of a class, or to the end.
    fn skip_to(&mut self, class: u8) -> bool {
        let rest = &self.bytes[self.pos..];
        match rest
            .iter()
            .position(|byte| CLASSES[usize::from(*byte)] & class != 0)
        {
            Some(found) => {
                self.pos += found;
                true
            }
            None => {
                self.pos = self.bytes.len();
                false
            }
        }
    }

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

    /// Skips to behind the next key of the open object that begins at `start`; `None` behind its last value.
    fn next_key(&mut self, start: usize) -> Result<Option<Range<usize>>, StructureFault> {
        loop {
            match self.skip_blanks() {
                Some(b',') => self.pos += 1,
                Some(b'}') => {
                    self.pos += 1;
                    return Ok(None);
                }
                Some(b'"') => {
                    let key = self.string();
                    if self.skip_blanks() != Some(b':') {
                        return Err(self.give_up(vec![b'{'], "expected `:` after a key"));
                    }
                    self.pos += 1;
                    self.skip_blanks();
                    return Ok(Some(key));
                }
                Some(_) => return Err(self.give_up(vec![b'{'], "expected a key in double quotes")),
                None => {
                    self.stop = Some(Stop::End);
                    return Err((start, CUT_OFF));
                }
            }
        }
    }

    /// A key in its quotes, without escapes, which no program writes there and every reader of JSON knows.
    fn unescaped(&self, key: Range<usize>) -> Cow<'b, [u8]> {
        let key = &self.bytes[key];
        let text = memchr::memchr(b'\\', key).and_then(|_| string_text(key));
        match text {
            Some(text) => Cow::Owned(format!("\"{text}\"").into_bytes()),
            None => Cow::Borrowed(key),
        }
    }

    /// The values of two keys of the object that begins here, up to the first fault.
    fn fields(&mut self, names: [&[u8]; 2]) -> [Option<Range<usize>>; 2] {
        let mut values = [None, None];
        if self.skip_blanks() != Some(b'{') {
            return values;
        }
        let start = self.pos;
        self.pos += 1;
        while let (Ok(Some(key)), None) = (self.next_key(start), self.stop) {
            let value = self.value();
            let key = self.unescaped(key);
            if let Some(at) = names.iter().position(|name| **name == *key) {
                values[at] = Some(value);
            }
        }
        values
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

    /// Skips the rest of the open brackets and says what was wrong here.
    fn give_up(&mut self, open: Vec<u8>, message: &'static str) -> StructureFault {
        let at = self.pos;
        self.container(open);
        (at, message)
    }
}

/// The values of `kind`, `metadata.name` and `metadata.namespace`, as far as the structure of a broken object shows.
pub(in crate::input) fn hints(bytes: &[u8]) -> [Option<String>; 3] {
    let mut scanner = Scanner {
        bytes,
        pos: 0,
        stop: None,
    };
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

fn string_text(token: &[u8]) -> Option<String> {
    serde_json::from_slice(token).ok()
}
