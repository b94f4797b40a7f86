//! The YAML that machines write, read line by line: several times faster than the parser that can read all of YAML.
//!
//! Dumps are written by programs: block mappings and lists, one scalar a line, hardly a comment. Whatever goes beyond
//! that (anchors, tags, flow collections with something in them, values over several lines but for `|`, tabs, anything
//! not ASCII outside of them, and every error) makes [`load`] answer `None`, and the general parser reads the document.
//! So nothing here decides what is an error, and what is read here is what the general parser reads, places included,
//! which a test compares.

use std::borrow::Cow;

use super::scalar::{self, Tag};
use crate::input::text::Origin;
use crate::input::tree::builder::{Builder, Kind, Repeated, Repeats};
use crate::input::tree::{NodeId, Span, Tree, Value};

/// Reads a document if it is of the simple kind.
pub(super) fn load(text: &str, origin: Origin) -> Option<(Tree<'_>, NodeId, Vec<Repeated>)> {
    let mut reader = Reader {
        text,
        origin,
        pos: 0,
        line_start: 0,
        line: 0,
        frames: Vec::new(),
        awaited: None,
        builder: Builder::new(text, origin.offset, Repeats::LastWins),
    };
    reader.read()?;
    reader.builder.finish()
}

/// An open block collection.
struct Frame {
    kind: Kind,
    /// The column, from zero, of its keys or dashes.
    indent: usize,
}

struct Reader<'a> {
    text: &'a str,
    origin: Origin,
    /// Where the next line begins.
    pos: usize,
    /// Where the current line begins.
    line_start: usize,
    /// Number of the line before that, from one.
    line: u32,
    frames: Vec<Frame>,
    /// The indentation of a mapping whose last key waits for a collection in the lines below.
    awaited: Option<usize>,
    builder: Builder<'a>,
}

/// A scalar of one line.
struct Scalar<'a> {
    text: Cow<'a, str>,
    tag: Tag,
    /// Its bytes in the document.
    start: usize,
    end: usize,
}

/// Keys of more than 1024 characters are no keys; near that, the parser decides.
const LONGEST_KEY: usize = 1000;

impl<'a> Reader<'a> {
    fn read(&mut self) -> Option<()> {
        let mut started = false;
        while let Some((start, line)) = self.next_line() {
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            if indent == 0 && (content.starts_with("---") || content.starts_with("...")) {
                if content == "---" && !started {
                    started = true;
                    continue;
                }
                return None;
            }
            started = true;
            self.content(start + indent, content.trim_end_matches(' '), indent)?;
        }
        if self.awaited.is_some() {
            return None;
        }
        while self.frames.pop().is_some() {
            self.builder.end(0).ok()?;
        }
        Some(())
    }

    fn next_line(&mut self) -> Option<(usize, &'a str)> {
        if self.pos >= self.text.len() {
            return None;
        }
        let start = self.pos;
        let rest = &self.text[start..];
        let length = memchr::memchr(b'\n', rest.as_bytes());
        let line = &rest[..length.unwrap_or(rest.len())];
        self.pos = start + line.len() + usize::from(length.is_some());
        self.line_start = start;
        self.line += 1;
        Some((start, line))
    }

    /// Reads a line with something in it, which begins at byte `at`.
    fn content(&mut self, at: usize, content: &'a str, indent: usize) -> Option<()> {
        if !is_simple(content) {
            return None;
        }
        let dash = is_dash(content);
        match self.awaited.take() {
            Some(parent) if dash && indent >= parent => self.start(Kind::List, at, indent)?,
            Some(parent) if !dash && indent > parent => self.start(Kind::Map, at, indent)?,
            Some(_) => return None,
            None if self.frames.is_empty() => {
                let kind = if dash { Kind::List } else { Kind::Map };
                // There is one root.
                if self.builder.is_finished() {
                    return None;
                }
                self.start(kind, at, indent)?;
            }
            None => self.close_to(indent, dash)?,
        }
        if dash {
            self.item(at, content, indent)
        } else {
            self.pair(at, content, indent)
        }
    }

    /// Closes collections until one is open whose keys or dashes stand at `indent`.
    fn close_to(&mut self, indent: usize, dash: bool) -> Option<()> {
        loop {
            let top = self.frames.last()?;
            let fits = match top.kind {
                Kind::List => dash,
                Kind::Map => !dash,
            };
            if top.indent == indent && fits {
                return Some(());
            }
            // A list may stand at the indentation of the key that it belongs to.
            let inner_list = top.indent == indent && top.kind == Kind::List;
            if top.indent < indent || (top.indent == indent && !inner_list) {
                return None;
            }
            self.frames.pop();
            self.builder.end(0).ok()?;
        }
    }

    fn start(&mut self, kind: Kind, at: usize, indent: usize) -> Option<()> {
        let span = self.span(at, at);
        self.builder.start(kind, span, 0).ok()?;
        self.frames.push(Frame { kind, indent });
        Some(())
    }

    /// Reads the element behind a dash.
    fn item(&mut self, at: usize, content: &'a str, indent: usize) -> Option<()> {
        let rest = content[1..].trim_start_matches(' ');
        let skipped = content.len() - rest.len();
        let (at, indent) = (at + skipped, indent + skipped);
        if rest.is_empty() {
            return None;
        }
        if is_dash(rest) {
            self.start(Kind::List, at, indent)?;
            return self.item(at, rest, indent);
        }
        if key_end(rest).is_some() {
            self.start(Kind::Map, at, indent)?;
            return self.pair(at, rest, indent);
        }
        let parent = self.frames.last()?.indent;
        self.value(at, rest, parent)
    }

    /// Reads a key and what stands behind it.
    fn pair(&mut self, at: usize, content: &'a str, indent: usize) -> Option<()> {
        let end = key_end(content)?;
        let key = scalar(&content[..end], at)?;
        if end > LONGEST_KEY || key.text == "<<" {
            return None;
        }
        let span = self.span(key.start, key.end);
        let name = scalar::key(key.text, key.tag).ok()??;
        self.builder.scalar(Value::Text(name), span, 0).ok()?;
        let rest = content[end + 1..].trim_start_matches(' ');
        if rest.is_empty() {
            self.awaited = Some(indent);
            return Some(());
        }
        self.value(at + content.len() - rest.len(), rest, indent)
    }

    /// Reads a value that stands within a line, in a collection at `parent`.
    fn value(&mut self, at: usize, text: &'a str, parent: usize) -> Option<()> {
        let end = at + text.len();
        let empty = match text {
            "{}" => Some(Kind::Map),
            "[]" => Some(Kind::List),
            _ => None,
        };
        if let Some(kind) = empty {
            self.builder.start(kind, self.span(at, at + 1), 0).ok()?;
            return self.builder.end(end as u32).ok();
        }
        if let Some(chomp) = text.strip_prefix('|') {
            return self.literal(at, chomp, parent);
        }
        let scalar = scalar(text, at)?;
        let span = self.span(scalar.start, scalar.end);
        let value = scalar::resolve(scalar.text, scalar.tag).ok()?;
        self.builder.scalar(value, span, 0).ok()
    }

    /// Reads the lines below a `|`.
    fn literal(&mut self, at: usize, chomp: &str, parent: usize) -> Option<()> {
        if !matches!(chomp, "" | "-" | "+") {
            return None;
        }
        let place = self.span(at, at);
        let mut content = String::new();
        let mut indent = None;
        let mut end = self.pos;
        let mut blank = 0;
        loop {
            let (before, line_before) = (self.pos, self.line);
            let Some((_, line)) = self.next_line() else {
                break;
            };
            let text = line.trim_start_matches(' ');
            let own = line.len() - text.len();
            if text.is_empty() {
                // Blank lines before the first one, and blanks beyond the indentation, have rules of their own.
                if own > 0 || indent.is_none() {
                    return None;
                }
                blank += 1;
                continue;
            }
            if own <= parent {
                (self.pos, self.line) = (before, line_before);
                break;
            }
            let indent = *indent.get_or_insert(own);
            if own < indent {
                return None;
            }
            content.extend(std::iter::repeat_n('\n', blank));
            blank = 0;
            content.push_str(&line[indent..]);
            content.push('\n');
            end = self.pos;
        }
        // What is kept of blank lines at the end, and whether the last line has a break, is left to the parser.
        if indent.is_none() || blank > 0 || !self.text[..end].ends_with('\n') || chomp == "+" {
            return None;
        }
        if chomp == "-" {
            content.pop();
        }
        let span = Span {
            end: end as u32,
            ..place
        };
        self.builder
            .scalar(Value::Text(Cow::Owned(content)), span, 0)
            .ok()
    }

    /// The place of bytes of the current line.
    fn span(&self, start: usize, end: usize) -> Span {
        let column = (start - self.line_start) as u32 + 1;
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

/// Whether all of a line is printable ASCII.
fn is_simple(content: &str) -> bool {
    content.bytes().all(|byte| (0x20..0x7F).contains(&byte))
}

fn is_dash(content: &str) -> bool {
    matches!(content.as_bytes(), [b'-'] | [b'-', b' ', ..])
}

/// Where the `:` stands behind the key with which a text begins, if it does.
fn key_end(content: &str) -> Option<usize> {
    let bytes = content.as_bytes();
    let end = match *bytes.first()? {
        b'"' => quote_end(bytes)? + 1,
        b'\'' => 1 + memchr::memchr(b'\'', &bytes[1..])? + 1,
        _ => memchr::memchr_iter(b':', bytes)
            .find(|at| matches!(bytes.get(at + 1), None | Some(b' ')))?,
    };
    let ends = bytes.get(end) == Some(&b':') && matches!(bytes.get(end + 1), None | Some(b' '));
    ends.then_some(end)
}

/// Where the quote stands that closes the one with which a text begins.
fn quote_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at),
            _ => at += 2,
        }
    }
}

/// A scalar that is the whole of a text; `None` if it is not certainly one.
fn scalar(text: &str, at: usize) -> Option<Scalar<'_>> {
    let bytes = text.as_bytes();
    let (content, tag) = match *bytes.first()? {
        b'"' => (double_quoted(text)?, Tag::Text),
        b'\'' => {
            let inner = text[1..].strip_suffix('\'')?;
            let plain = !inner.contains('\'');
            // Two quotes stand for one; an odd number ends the text before its end.
            let text = if plain {
                Cow::Borrowed(inner)
            } else if inner.replace("''", "").contains('\'') {
                return None;
            } else {
                Cow::Owned(inner.replace("''", "'"))
            };
            (text, Tag::Text)
        }
        first => {
            let begins = first.is_ascii_alphanumeric()
                || b"_/.+$(<=~^;".contains(&first)
                || first == b'-' && bytes.get(1).is_some_and(u8::is_ascii_alphanumeric);
            let ends = memchr::memmem::find(bytes, b": ").is_none()
                && memchr::memmem::find(bytes, b" #").is_none()
                && !text.ends_with([':', ' ']);
            if !begins || !ends {
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

/// The content of a text in double quotes with the commonest escapes only.
fn double_quoted(text: &str) -> Option<Cow<'_, str>> {
    let inner = text[1..].strip_suffix('"')?;
    if memchr::memchr2(b'"', b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut content = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(found) = memchr::memchr2(b'"', b'\\', rest.as_bytes()) {
        content.push_str(&rest[..found]);
        let escape = rest[found..].strip_prefix('\\')?.chars().next()?;
        content.push(match escape {
            '"' | '\\' => escape,
            'n' => '\n',
            't' => '\t',
            _ => return None,
        });
        rest = &rest[found + 2..];
    }
    content.push_str(rest);
    Some(Cow::Owned(content))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::input::text::Origin;
    use crate::input::yaml::load_any;
    use crate::input::{InputFile, split};

    /// Reads a document both ways; whether it was of the simple kind.
    fn compare(text: &str) -> bool {
        let origin = Origin {
            offset: 0,
            line: 7,
            column: 1,
        };
        // The caller has looked for these.
        if super::super::control_character(text).is_some() {
            return false;
        }
        let Some((tree, root, repeated)) = super::load(text, origin) else {
            return false;
        };
        let general = match load_any(text, origin) {
            Ok(Some(general)) => general,
            Ok(None) => panic!("nothing in {text:?}"),
            Err(fault) => panic!("{}\n{text}", fault.message),
        };
        assert!(general.odd_keys.is_empty());
        assert_eq!(root, general.root);
        assert_eq!(format!("{repeated:?}"), format!("{:?}", general.repeated));
        assert_eq!(
            format!("{tree:#?}"),
            format!("{:#?}", general.tree),
            "{text}"
        );
        true
    }

    fn documents() -> Vec<String> {
        let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
        let mut documents = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|ending| ending == "yaml") {
                    #[expect(clippy::disallowed_methods, reason = "a test reads fixtures")]
                    let file = InputFile::new("f", std::fs::read(path).unwrap());
                    for piece in split::split(&file.bytes) {
                        let bytes = file.bytes[piece.bytes].to_vec();
                        documents.extend(String::from_utf8(bytes));
                    }
                }
            }
        }
        documents
    }

    const TRICKY: &[&str] = &[
        "a: 1\nb: [] # c\n",
        "a: |\n  x\n   y\n\n  z\nb: |-\n  q\n",
        "a: |\n  x\n\n\nb: 1\n",
        "a: |\n  x",
        "- a: 1\n  b:\n  - c\n  - d: 'it''s'\n    e: \"q\\\"\\n\\\\\"\n- f\n",
        "- - a\n  - b\n- c:\n    d: {}\n",
        "a:\n- b\nc:\n  - d\n  -  e: 1\n     f: 2\n",
        "a: b\n  c\n",
        "a: 'x'\n  c: d\n",
        "a:\n\n# c\n  b: 1\n # d\n",
        "'q': 1\n\"r\": 2\nyes: 3\n1.50: 4\n",
        "k:{\"uid\":\"x\"}: {}\n.: {}\nf:a:b: 1\n",
        "a: ''\nb: \"\"\nc: '''x'\n",
        "a: 1\na: 2\n",
        "---\na: 1\n",
        "  a: 1\n  b: 2\n",
        "a: -1\nb: - 1\n",
        "a:  x   \nb:   'y'  \n",
        "a: x: y\n",
        "a: x #y\nb: x#y\n",
        "- |\n  x\n- |\n x\n",
        "a:\n  - |-\n    x\n  - y\n",
    ];

    #[test]
    fn simple_documents_are_read_as_by_the_general_parser() {
        let documents = documents();
        let simple = documents.iter().filter(|text| compare(text)).count();
        assert!(simple > 100, "only {simple} of {}", documents.len());
        let simple = TRICKY.iter().filter(|text| compare(text)).count();
        assert!(simple > 8, "only {simple}");
    }

    #[test]
    fn changed_documents_are_read_as_by_the_general_parser_or_left_to_it() {
        const PIECES: &[&str] = &[
            "\n", " ", "  ", "-", "- ", ":", ": ", "#", " #", "'", "\"", "|", "|-", "{}", "[]",
            "a", "1", "\\", "~", "*a", "&a ", "!!str ", "<<", ">", "?", ",", "\n\n", "\n  ", "é",
            "%", "@", "a:\n", "- a\n",
        ];
        let mut documents: Vec<String> = documents();
        documents.retain(|text| text.len() < 600);
        documents.extend(TRICKY.iter().map(|text| (*text).to_owned()));
        let mut state = 42u64;
        let mut below = |bound: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % bound
        };
        let mut simple = 0;
        for _ in 0..20_000 {
            let mut text = documents[below(documents.len())].clone();
            for _ in 0..=below(3) {
                let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                let Some(at) = places.get(below(places.len() + 1)).copied() else {
                    continue;
                };
                match below(3) {
                    0 => drop(text.remove(at)),
                    _ => text.insert_str(at, PIECES[below(PIECES.len())]),
                }
            }
            simple += usize::from(compare(&text));
        }
        assert!(simple > 2_000, "only {simple}");
    }
}
