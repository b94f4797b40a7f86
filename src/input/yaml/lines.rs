//! The YAML that programs print, read line by line: several times faster than the parser that reads all of YAML.
//!
//! `kubectl`, `helm` and everything else that marshals with Go write block mappings and lists, one scalar a line, `|`
//! for texts of several lines, and long scalars folded. That is what is read here:
//!
//! * a `---` before the content, blank lines, and comments on lines of their own;
//! * `key: value`, `key:` with a mapping below that is indented more, or a list that is indented at least as much, or
//!   nothing; `- value`, `- key: value` and `- - value`, where what follows the dash is indented by the dash;
//! * values that are plain, in quotes ([`quoted`]), `{}`, `[]`, or a literal block scalar ([`literal`]);
//!   plain ones and ones in quotes may go on in lines that are indented more than their collection.
//!
//! Of such a text YAML 1.2 knows one reading. All else makes [`load`] answer `None`, and the general parser reads the
//! document from its beginning: anchors, aliases, tags, merge keys, explicit keys, flow collections with something in
//! them, `>`, indentation indicators, comments behind content, tabs, carriage returns, line breaks beyond ASCII, and
//! every indentation that does not fit. So nothing here decides what is an error. Scalars get their meaning from
//! [`scalar`], and places, repeated keys and limits come from the same [`Builder`] as the general parser's: a test
//! compares all of it, the fuzz target `lines` too.

mod literal;
mod quoted;

use std::borrow::Cow;

use super::Loaded;
use super::scalar::{self, Tag};
use crate::input::text::Origin;
use crate::input::tree::builder::{Builder, Kind, Repeats};
use crate::input::tree::{Span, Value};

/// Reads a document if it is of the simple kind. Control characters have been looked for.
pub(super) fn load(text: &str, origin: Origin) -> Option<Loaded<'_>> {
    if !is_simple(text) {
        return None;
    }
    let mut reader = Reader {
        text,
        origin,
        ascii: text.is_ascii(),
        pos: 0,
        line_start: 0,
        line: 0,
        frames: Vec::new(),
        awaited: None,
        builder: Builder::new(text, origin.offset, Repeats::LastWins),
    };
    reader.read()?;
    let (tree, root, repeated) = reader.builder.finish()?;
    Some(Loaded {
        tree,
        root,
        repeated,
        odd_keys: Vec::new(),
    })
}

/// Whether no character of a text means something else than itself to some reader of YAML: no tabs and carriage
/// returns, no line breaks beyond ASCII, byte order marks or non-characters.
fn is_simple(text: &str) -> bool {
    let odd = |c: char| {
        matches!(
            c,
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'
        )
    };
    memchr::memchr2(b'\t', b'\r', text.as_bytes()).is_none()
        && (text.is_ascii() || !text.contains(odd))
}

/// An open block collection.
struct Frame {
    kind: Kind,
    /// The column, from zero, of its keys or dashes.
    indent: usize,
}

/// A key whose value has not been seen on its line.
struct Awaited {
    /// The indentation of its mapping.
    indent: usize,
    /// The place of its colon, which is where a value stands that is not there.
    colon: Span,
}

struct Reader<'a> {
    text: &'a str,
    origin: Origin,
    /// Whether bytes are characters.
    ascii: bool,
    /// Where the next line begins.
    pos: usize,
    /// Where the current line begins.
    line_start: usize,
    /// Its number, from one.
    line: u32,
    frames: Vec<Frame>,
    awaited: Option<Awaited>,
    builder: Builder<'a>,
}

/// A scalar with its bytes in the document.
struct Scalar<'a> {
    text: Cow<'a, str>,
    tag: Tag,
    start: usize,
    end: usize,
}

/// Keys of more than 1024 characters are no keys; near that, the parser decides.
const LONGEST_KEY: usize = 1000;

impl<'a> Reader<'a> {
    fn read(&mut self) -> Option<()> {
        let mut started = false;
        while let Some(line) = self.next_line() {
            let indent = blanks(line.as_bytes());
            let content = trim_end(&line[indent..]);
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if indent == 0 && (content.starts_with("---") || content.starts_with("...")) {
                if content != "---" || started {
                    return None;
                }
                started = true;
                continue;
            }
            started = true;
            self.content(self.line_start + indent, content, indent)?;
        }
        self.settle()?;
        while self.frames.pop().is_some() {
            self.builder.end(0).ok()?;
        }
        Some(())
    }

    /// Goes to the next line; without its line break.
    fn next_line(&mut self) -> Option<&'a str> {
        let start = self.pos;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest.as_bytes());
        let line = &rest[..length.unwrap_or(rest.len())];
        self.pos = start + line.len() + usize::from(length.is_some());
        self.line_start = start;
        self.line += 1;
        Some(line)
    }

    /// How far the next line is indented and what its first byte is; `None` if it is blank, or there is none.
    fn ahead(&self) -> Option<(usize, u8)> {
        let rest = &self.text.as_bytes()[self.pos..];
        let indent = blanks(rest);
        let first = *rest.get(indent)?;
        (first != b'\n').then_some((indent, first))
    }

    /// Reads a line with something in it, which begins at byte `at`.
    fn content(&mut self, at: usize, content: &'a str, indent: usize) -> Option<()> {
        let dash = is_dash(content);
        let kind = if dash { Kind::List } else { Kind::Map };
        match &self.awaited {
            Some(parent) if indent > parent.indent => {
                self.awaited = None;
                self.start(kind, self.empty_span(at), indent)?;
            }
            Some(parent) if dash && indent == parent.indent => {
                self.awaited = None;
                let span = self.unindented_list(at, content)?;
                self.start(kind, span, indent)?;
            }
            None if self.frames.is_empty() => self.start(kind, self.empty_span(at), indent)?,
            Some(_) | None => {
                self.settle()?;
                self.close_to(indent, dash)?;
            }
        }
        if dash {
            self.item(at, content, indent)
        } else {
            self.pair(at, content, indent)
        }
    }

    /// The place of a list that is not indented: its first dash, but its first value if that begins with a dash too.
    fn unindented_list(&self, at: usize, content: &str) -> Option<Span> {
        let value = &content[1 + blanks(&content.as_bytes()[1..])..];
        let first = self.empty_span(at + content.len() - value.len());
        match value.as_bytes().first() {
            // The general parser would take the bracket for that of the list.
            Some(b'[') => None,
            Some(b'-') => Some(first),
            _ => Some(Span {
                end: first.end,
                ..self.empty_span(at)
            }),
        }
    }

    /// The key that waits for a value has none.
    fn settle(&mut self) -> Option<()> {
        if let Some(awaited) = self.awaited.take() {
            self.builder.scalar(Value::Null, awaited.colon, 0).ok()?;
        }
        Some(())
    }

    /// Closes collections until one is open whose keys or dashes stand at `indent`.
    fn close_to(&mut self, indent: usize, dash: bool) -> Option<()> {
        loop {
            let top = self.frames.last()?;
            if top.indent == indent && (top.kind == Kind::List) == dash {
                return Some(());
            }
            // A list may stand at the indentation of the key that it belongs to.
            if top.indent < indent || (top.indent == indent && top.kind == Kind::Map) {
                return None;
            }
            self.frames.pop();
            self.builder.end(0).ok()?;
        }
    }

    fn start(&mut self, kind: Kind, span: Span, indent: usize) -> Option<()> {
        self.builder.start(kind, span, 0).ok()?;
        self.frames.push(Frame { kind, indent });
        Some(())
    }

    /// Reads the element behind a dash. Lists within lists on one line are opened by the way.
    fn item(&mut self, mut at: usize, mut content: &'a str, mut indent: usize) -> Option<()> {
        loop {
            let skipped = 1 + blanks(&content.as_bytes()[1..]);
            content = &content[skipped..];
            (at, indent) = (at + skipped, indent + skipped);
            if !is_dash(content) {
                break;
            }
            self.start(Kind::List, self.empty_span(at), indent)?;
        }
        if key_end(content).is_some() {
            self.start(Kind::Map, self.empty_span(at), indent)?;
            return self.pair(at, content, indent);
        }
        self.value(at, content)
    }

    /// Reads a key and what stands behind it.
    fn pair(&mut self, at: usize, content: &'a str, indent: usize) -> Option<()> {
        let end = key_end(content)?;
        let key = on_one_line(&content[..end], at)?;
        // A dash could be that of a list, and a blank beyond ASCII is told.
        let odd = content.starts_with(|c: char| c == '-' || !c.is_ascii());
        if end > LONGEST_KEY || key.text == "<<" || odd {
            return None;
        }
        let name = scalar::key(key.text, key.tag).ok()??;
        let span = self.span(key.start, key.end);
        self.builder.scalar(Value::Text(name), span, 0).ok()?;
        let behind = end + 1 + blanks(&content.as_bytes()[end + 1..]);
        if behind == content.len() {
            self.awaited = Some(Awaited {
                indent,
                colon: self.empty_span(at + end),
            });
            return Some(());
        }
        self.value(at + behind, &content[behind..])
    }

    /// Reads a value that begins on this line and is an element or the value of a key of the innermost collection.
    fn value(&mut self, at: usize, text: &'a str) -> Option<()> {
        let parent = self.frames.last()?.indent;
        let empty = match text {
            "{}" => Some(Kind::Map),
            "[]" => Some(Kind::List),
            _ => None,
        };
        if let Some(kind) = empty {
            self.builder.start(kind, self.span(at, at + 1), 0).ok()?;
            return self.builder.end((at + text.len()) as u32).ok();
        }
        let (scalar, span) = match *text.as_bytes().first()? {
            b'|' => {
                let (scalar, place) = self.literal(text, parent)?;
                let span = Span {
                    end: scalar.end as u32,
                    ..place
                };
                (scalar, span)
            }
            _ => {
                let place = self.empty_span(at);
                let scalar = match on_one_line(text, at) {
                    Some(scalar) if scalar.tag == Tag::Plain => self.plain(scalar, parent)?,
                    Some(scalar) => scalar,
                    None => self.quoted(text, at, parent)?,
                };
                let span = Span {
                    end: scalar.end as u32,
                    ..place
                };
                (scalar, span)
            }
        };
        let value = scalar::resolve(scalar.text, scalar.tag).ok()?;
        self.builder.scalar(value, span, 0).ok()
    }

    /// Adds the lines that a plain scalar goes on in: a line break is a blank.
    fn plain(&mut self, first: Scalar<'a>, parent: usize) -> Option<Scalar<'a>> {
        let goes_on = |reader: &Self| {
            let next = reader.ahead();
            next.is_some_and(|(indent, first)| indent > parent && first != b'#')
        };
        if !goes_on(self) {
            return Some(first);
        }
        let mut text = first.text.into_owned();
        let mut end = first.end;
        while goes_on(self) {
            let line = self.next_line()?;
            let content = trim_end(&line[blanks(line.as_bytes())..]);
            if content.starts_with(':') || !is_plain_throughout(content) {
                return None;
            }
            text.push(' ');
            text.push_str(content);
            end = self.line_start + trim_end(line).len();
        }
        Some(Scalar {
            text: Cow::Owned(text),
            end,
            ..first
        })
    }

    fn empty_span(&self, at: usize) -> Span {
        self.span(at, at)
    }

    /// The place of bytes of the current line.
    fn span(&self, start: usize, end: usize) -> Span {
        let column = if self.ascii {
            start - self.line_start
        } else {
            self.text[self.line_start..start].chars().count()
        };
        let column = column as u32 + 1;
        Span {
            start: start as u32,
            end: end as u32,
            line: self.origin.line + self.line - 1,
            column: match self.line {
                1 => self.origin.column + column - 1,
                _ => column,
            },
        }
    }
}

/// How many blanks a text begins with.
fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| **byte == b' ').count()
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches(' ')
}

fn is_dash(content: &str) -> bool {
    matches!(content.as_bytes(), [b'-'] | [b'-', b' ', ..])
}

/// Where the `:` stands behind the key with which a text begins, if it does.
fn key_end(content: &str) -> Option<usize> {
    let bytes = content.as_bytes();
    let ends = |at: &usize| bytes[*at] == b':' && matches!(bytes.get(at + 1), None | Some(b' '));
    match *bytes.first()? {
        b'"' | b'\'' => {
            let end = quoted::end(bytes)?;
            (end < bytes.len()).then_some(end).filter(ends)
        }
        _ => memchr::memchr_iter(b':', bytes).find(ends),
    }
}

/// A scalar that is the whole of a text on one line; `None` if it is not certainly one.
fn on_one_line(text: &str, at: usize) -> Option<Scalar<'_>> {
    let bytes = text.as_bytes();
    let (content, tag) = match *bytes.first()? {
        b'"' | b'\'' => {
            if quoted::end(bytes)? < bytes.len() {
                return None;
            }
            (quoted::content(text)?, Tag::Text)
        }
        first => {
            let begins = first.is_ascii_alphanumeric()
                || !first.is_ascii()
                || b"_/.+$(<=~^;\\)".contains(&first)
                || first == b'-' && bytes.get(1).is_some_and(|byte| *byte != b' ');
            if !begins || !is_plain_throughout(text) || text.ends_with(' ') {
                return None;
            }
            (Cow::Borrowed(text), Tag::Plain)
        }
    };
    Some(Scalar {
        text: content,
        tag,
        start: at,
        end: at + text.len(),
    })
}

/// Whether nothing ends a plain scalar within a text: neither `: ` nor ` #`, nor a colon at its end.
fn is_plain_throughout(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b':', b'#', bytes).all(|at| match bytes[at] {
        b':' => bytes.get(at + 1).is_some_and(|byte| *byte != b' '),
        _ => at > 0 && bytes[at - 1] != b' ',
    })
}
