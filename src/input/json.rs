//! JSON: finding the objects in a text at the speed of a scan, and reading one into a tree where that is needed.
//!
//! [`split`] looks at brackets and strings only. It finds the values of a stream (one object, NDJSON, concatenated
//! objects) and the elements of a `List`, so that they can be decoded in parallel and one bad element does not cost
//! the others. [`load`] is the slow path behind `serde_json`: it applies the API server's rules for repeated keys and
//! knows the place of every field.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::diags;
use super::list::ListHead;
use super::text::{Fault, Origin};
use super::tree::{
    Builder, Kind, MAX_DEPTH, MAX_NODES, NodeId, Refusal, Repeats, Span, Tree, Value,
};

/// What [`split`] finds.
pub(super) struct Split {
    /// Parts in the order of the text.
    pub(super) parts: Vec<Part>,
    /// Where the JSON ends: at the end of the text, at a `---` or `...` line, or at a comment.
    pub(super) end: usize,
}

/// An object, or something that should have been one.
pub(super) struct Part {
    /// Its bytes.
    pub(super) bytes: Range<usize>,
    /// How many values of the stream end before it: elements of one list share the number.
    pub(super) value: u32,
    /// The list it is an element of.
    pub(super) list: Option<Arc<ListHead>>,
    /// What is wrong with the structure here, if nothing can be read from the bytes.
    pub(super) fault: Option<&'static str>,
}

/// Finds the objects of a stream of JSON values that begins at `from`.
pub(super) fn split(bytes: &[u8], from: usize) -> Split {
    let mut scanner = Scanner {
        bytes,
        pos: from,
        stop: None,
    };
    let mut parts = Vec::new();
    let mut value = 0;
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
        scanner.stop = None;
        value += 1;
    }
    Split {
        parts,
        end: scanner.pos,
    }
}

/// Whether a line at `pos` is a document marker of YAML.
fn at_marker(bytes: &[u8], pos: usize) -> bool {
    let line_start = pos == 0 || bytes[pos - 1] == b'\n';
    line_start && (bytes[pos..].starts_with(b"---") || bytes[pos..].starts_with(b"..."))
}

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

impl Scanner<'_> {
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
        while let Some(found) = self.bytes[self.pos..]
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))
        {
            self.pos += found;
            match self.bytes[self.pos] {
                b'"' => {
                    self.pos += 1;
                    return start..self.pos;
                }
                b'\\' => self.pos = (self.pos + 2).min(self.bytes.len()),
                _ => return start..self.pos,
            }
        }
        self.pos = self.bytes.len();
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
        let before = self.bytes[..self.pos].iter().rev();
        let mut last = before
            .copied()
            .find(|byte| !byte.is_ascii_whitespace())
            .unwrap_or_default();
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.string();
                    last = byte;
                    continue;
                }
                b'{' | b'[' => {
                    let complete = !matches!(last, b',' | b':' | b'{' | b'[');
                    if byte == b'{' && complete && self.pos > 0 && self.bytes[self.pos - 1] == b'\n'
                    {
                        self.stop = Some(Stop::NextValue);
                        return;
                    }
                    counts[usize::from(byte == b'[')] += 1;
                    open.push(byte);
                }
                b'}' | b']' => {
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
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                last = byte;
            }
            self.pos += 1;
        }
        self.stop = Some(Stop::End);
    }

    /// Scans a top-level object: one part, or one for each element if it is a list.
    fn object(&mut self, value: u32, parts: &mut Vec<Part>) {
        let start = self.pos;
        let mut kind = None;
        let mut api_version = None;
        let mut items = None;
        self.pos += 1;
        let fault = loop {
            match self.skip_blanks() {
                Some(b'}') => {
                    self.pos += 1;
                    break None;
                }
                Some(b',') => self.pos += 1,
                Some(b'"') => {
                    let key = self.string();
                    if self.skip_blanks() != Some(b':') {
                        break self.give_up(vec![b'{'], "expected `:` after a key");
                    }
                    self.pos += 1;
                    let begins = self.skip_blanks();
                    match &self.bytes[key] {
                        b"\"items\"" if begins == Some(b'[') => {
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
                        break Some((start, "the value is cut off"));
                    }
                }
                Some(_) => break self.give_up(vec![b'{'], "expected a key in double quotes"),
                None => break Some((start, "the value is cut off")),
            }
        };
        let text =
            |range: Option<Range<usize>>| range.and_then(|range| string_text(&self.bytes[range]));
        let (kind, api_version) = (text(kind), text(api_version));
        let whole = start..self.pos;
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
                bytes: whole,
                value,
                list: None,
                fault: None,
            }),
        }
    }

    /// The values of two keys of the object that begins here, up to the first fault.
    fn fields(&mut self, names: [&[u8]; 2]) -> [Option<Range<usize>>; 2] {
        let mut values = [None, None];
        if self.skip_blanks() != Some(b'{') {
            return values;
        }
        self.pos += 1;
        while self.stop.is_none() {
            match self.skip_blanks() {
                Some(b',') => self.pos += 1,
                Some(b'"') => {
                    let key = self.string();
                    if self.skip_blanks() != Some(b':') {
                        break;
                    }
                    self.pos += 1;
                    self.skip_blanks();
                    let value = self.value();
                    if let Some(at) = names
                        .iter()
                        .position(|name| *name == &self.bytes[key.clone()])
                    {
                        values[at] = Some(value);
                    }
                }
                _ => break,
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
    fn elements(
        &mut self,
        open: Vec<u8>,
        items: &mut Vec<Range<usize>>,
    ) -> Option<(usize, &'static str)> {
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
                Some(b'}' | b':') => return self.give_up(open, "expected `,` or `]` in a list"),
                Some(_) if !separated => {
                    return self.give_up(open, "expected `,` or `]` in a list");
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
    fn give_up(&mut self, open: Vec<u8>, message: &'static str) -> Option<(usize, &'static str)> {
        let at = self.pos;
        self.container(open);
        Some((at, message))
    }
}

/// The values of `kind`, `metadata.name` and `metadata.namespace`, as far as the structure of a broken object shows.
pub(super) fn hints(bytes: &[u8]) -> [Option<String>; 3] {
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
    fault: Option<(usize, &'static str)>,
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

/// Reads one JSON value into a tree.
pub(super) fn load(text: &str, origin: Origin) -> Result<(Tree<'_>, NodeId), Fault> {
    if text.len() > u32::MAX as usize {
        return Err(Fault::at_start(
            &diags::TOO_LARGE,
            origin,
            "a JSON object of more than 4 GiB",
            "split the dump",
        ));
    }
    let mut reader = Reader {
        text,
        start: origin.offset,
        pos: 0,
        place: origin,
        builder: Builder::new(text, origin.offset, Repeats::MappingsMerge),
    };
    reader.read()?;
    match reader.builder.finish() {
        Some((tree, root, _)) => Ok((tree, root)),
        None => Err(Fault::at_start(
            &diags::SYNTAX,
            origin,
            "expected a JSON value",
            "",
        )),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Where the text begins in the file.
    start: usize,
    pos: usize,
    /// The place of the last token: places are counted from one to the next.
    place: Origin,
    builder: Builder<'a>,
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> Result<(), Fault> {
        loop {
            let opened = self.value()?;
            if opened {
                continue;
            }
            loop {
                let Some(kind) = self.builder.open() else {
                    return Ok(());
                };
                match (self.skip_blanks(), kind) {
                    (Some(b','), Kind::List) => {
                        self.pos += 1;
                        break;
                    }
                    (Some(b','), Kind::Map) => {
                        self.pos += 1;
                        self.key()?;
                        break;
                    }
                    (Some(b']'), Kind::List) | (Some(b'}'), Kind::Map) => self.close()?,
                    (_, Kind::List) => return Err(self.fault("expected `,` or `]`")),
                    (_, Kind::Map) => return Err(self.fault("expected `,` or `}`")),
                }
            }
        }
    }

    /// Reads a scalar or an empty collection, or opens one and reads up to its first value. True if it opened one.
    fn value(&mut self) -> Result<bool, Fault> {
        let kind = match self.skip_blanks() {
            Some(b'{') => Kind::Map,
            Some(b'[') => Kind::List,
            Some(b'"') => {
                let span = self.span();
                let (text, end) = self.string()?;
                self.add(Value::Text(text), Span { end, ..span })?;
                return Ok(false);
            }
            _ => {
                self.word()?;
                return Ok(false);
            }
        };
        let span = self.span();
        self.pos += 1;
        self.builder
            .start(kind, span, 0)
            .map_err(|refusal| self.refused(refusal))?;
        match (self.skip_blanks(), kind) {
            (Some(b'}'), Kind::Map) | (Some(b']'), Kind::List) => {
                self.close()?;
                Ok(false)
            }
            (_, Kind::Map) => {
                self.key()?;
                Ok(true)
            }
            (_, Kind::List) => Ok(true),
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.pos += 1;
        let end = self.pos as u32;
        self.builder
            .end(end)
            .map_err(|refusal| self.refused(refusal))
    }

    fn key(&mut self) -> Result<(), Fault> {
        if self.skip_blanks() != Some(b'"') {
            return Err(self.fault("expected a key in double quotes"));
        }
        let span = self.span();
        let (text, end) = self.string()?;
        self.add(Value::Text(text), Span { end, ..span })?;
        if self.skip_blanks() != Some(b':') {
            return Err(self.fault("expected `:` after a key"));
        }
        self.pos += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(Cow<'a, str>, u32), Fault> {
        let bytes = self.text.as_bytes();
        let start = self.pos + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(_) => at += 1,
                None => return Err(self.fault("the string is never closed")),
            }
        }
        let whole: &'a str = self.text;
        let raw = &whole[start..at];
        let text = if !escaped {
            Cow::Borrowed(raw)
        } else if let Some(text) = unescape(raw) {
            Cow::Owned(text)
        } else {
            return Err(self.fault("the string has an unknown escape"));
        };
        self.pos = at + 1;
        Ok((text, self.pos as u32))
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), Fault> {
        let span = self.span();
        let rest = &self.text[self.pos..];
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => number(word).ok_or_else(|| self.fault("expected a JSON value"))?,
        };
        self.pos += length;
        let end = self.pos as u32;
        self.add(value, Span { end, ..span })
    }

    fn add(&mut self, value: Value<'a>, span: Span) -> Result<(), Fault> {
        self.builder
            .scalar(value, span, 0)
            .map_err(|refusal| self.refused(refusal))
    }

    fn skip_blanks(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.pos..];
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
            .count();
        self.pos += blanks;
        rest.get(blanks).copied()
    }

    fn span(&mut self) -> Span {
        let counted = self.place.offset - self.start;
        self.place = self.place.after(&self.text.as_bytes()[counted..self.pos]);
        Span {
            start: self.pos as u32,
            end: self.pos as u32,
            line: self.place.line,
            column: self.place.column,
        }
    }

    fn fault(&mut self, message: &str) -> Fault {
        let span = self.span();
        Fault {
            code: &diags::SYNTAX,
            line: span.line,
            column: span.column,
            message: message.to_owned(),
            help: String::new(),
        }
    }

    fn refused(&mut self, refusal: Refusal) -> Fault {
        let (code, message) = match refusal {
            Refusal::TooDeep => (
                &diags::TOO_DEEP,
                format!("lists and objects are nested more than {MAX_DEPTH} deep"),
            ),
            Refusal::TooLarge
            | Refusal::AliasBomb
            | Refusal::Cycle
            | Refusal::CompositeKey
            | Refusal::NullKey
            | Refusal::NotMergeable => (
                &diags::TOO_LARGE,
                format!("the object has more than {MAX_NODES} values"),
            ),
        };
        Fault {
            code,
            ..self.fault(&message)
        }
    }
}

/// A JSON number: an integer if it is written as one and fits 64 bits.
fn number(word: &str) -> Option<Value<'static>> {
    if !word.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    if word == "-0" {
        return Some(Value::Int(0));
    }
    if let Ok(int) = word.parse() {
        return Some(Value::Int(int));
    }
    if let Ok(int) = word.parse() {
        return Some(Value::Uint(int));
    }
    let float: f64 = word.parse().ok()?;
    float.is_finite().then_some(Value::Float(float))
}

/// A string without its escapes. Half of a surrogate pair becomes U+FFFD, as in Go.
fn unescape(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        if at > 0 {
            flush(&mut units, &mut text);
        }
        text.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        let escape = chars.next()?;
        rest = chars.as_str();
        if escape == 'u' {
            let digits = rest.get(..4)?;
            // Rust would accept a sign.
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            units.push(u16::from_str_radix(digits, 16).ok()?);
            rest = &rest[4..];
            continue;
        }
        flush(&mut units, &mut text);
        text.push(match escape {
            '"' | '\\' | '/' => escape,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => return None,
        });
    }
    flush(&mut units, &mut text);
    text.push_str(rest);
    Some(text)
}

fn flush(units: &mut Vec<u16>, text: &mut String) {
    text.extend(
        char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)),
    );
}
