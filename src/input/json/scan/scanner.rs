//! The machine: it skips values by their brackets and strings.

use std::borrow::Cow;
use std::ops::Range;

/// Whether a line at `pos` is a document marker of YAML.
pub(super) fn at_marker(bytes: &[u8], pos: usize) -> bool {
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
pub(super) type StructureFault = (usize, &'static str);

pub(super) const CUT_OFF: &str = "the value is cut off";

/// Why a scan ended before its value did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text ended.
    End,
    /// A line begins with `{` where only `,` or a closing bracket could follow: the next value of the stream.
    NextValue,
}

/// A text, and how far it has been scanned.
pub(super) struct Scanner<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) pos: usize,
    pub(super) stop: Option<Stop>,
}

impl<'b> Scanner<'b> {
    pub(super) fn new(bytes: &'b [u8], pos: usize) -> Self {
        Scanner {
            bytes,
            pos,
            stop: None,
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    /// Skips blanks, and record separators as in RFC 7464.
    pub(super) fn skip_blanks(&mut self) -> Option<u8> {
        while let Some(byte) = self.peek() {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1E) {
                return Some(byte);
            }
            self.pos += 1;
        }
        None
    }

    /// Skips to the next line that begins with a bracket or a document marker.
    pub(super) fn skip_junk(&mut self) {
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
    pub(super) fn string(&mut self) -> Range<usize> {
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
    pub(super) fn value(&mut self) -> Range<usize> {
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
    pub(super) fn container(&mut self, mut open: Vec<u8>) {
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

    /// Skips to behind the next key of the open object that begins at `start`; `None` behind its last value.
    pub(super) fn next_key(
        &mut self,
        start: usize,
    ) -> Result<Option<Range<usize>>, StructureFault> {
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
    pub(super) fn unescaped(&self, key: Range<usize>) -> Cow<'b, [u8]> {
        let key = &self.bytes[key];
        let text = memchr::memchr(b'\\', key).and_then(|_| string_text(key));
        match text {
            Some(text) => Cow::Owned(format!("\"{text}\"").into_bytes()),
            None => Cow::Borrowed(key),
        }
    }

    /// The values of two keys of the object that begins here, up to the first fault.
    pub(super) fn fields(&mut self, names: [&[u8]; 2]) -> [Option<Range<usize>>; 2] {
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

    /// Skips the rest of the open brackets and says what was wrong here.
    pub(super) fn give_up(&mut self, open: Vec<u8>, message: &'static str) -> StructureFault {
        let at = self.pos;
        self.container(open);
        (at, message)
    }
}

/// The text of a string token, if it is one.
pub(super) fn string_text(token: &[u8]) -> Option<String> {
    serde_json::from_slice(token).ok()
}
