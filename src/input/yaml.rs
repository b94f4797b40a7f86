//! YAML as `kubectl` reads it: `granit-parser` finds the structure, this module and [`scalar`] give it Go's meaning.
//! What programs print is read by [`lines`] instead, which is much faster and means the same.
//!
//! The reference is `sigs.k8s.io/yaml` 1.6 over go-yaml v2.4 (`fixtures/vectors/yaml`). On purpose more lenient, where
//! the meaning is beyond doubt: a tab on a blank line or before a comment, `%YAML 1.2`, UTF-16 with a byte order mark,
//! and escaped surrogate pairs. Other differences are the parser's, which follows YAML 1.2: U+0085, U+2028 and U+2029
//! are letters and not line breaks. Refused with a clear message, though go-yaml reads them: further lines of a quoted
//! value that are not indented more than its key, tabs at the beginning of a line within brackets, and comments not set
//! off by a blank.

mod explain;
mod lines;
mod scalar;

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, StructureStyle};

use super::diags;
use super::text::{self, Fault, Origin};
use super::tree::builder::{Builder, Kind, Refusal, Repeated, Repeats};
use super::tree::{MAX_DEPTH, NodeId, Span, Tree, Value};
use scalar::Tag;

/// A document with what a reader should know about it.
pub(super) struct Loaded<'a> {
    pub(super) tree: Tree<'a>,
    pub(super) root: NodeId,
    /// Keys that stand twice.
    pub(super) repeated: Vec<Repeated>,
    /// Keys that begin with a blank which is none to YAML.
    pub(super) odd_keys: Vec<(String, Span)>,
}

/// Reads one document; `None` if there is nothing in it. What follows the document's end is a fault.
pub(super) fn load(text: &str, origin: Origin) -> Result<Option<Loaded<'_>>, Fault> {
    if text.len() > u32::MAX as usize {
        return Err(Fault::at_start(
            &diags::TOO_LARGE,
            origin,
            "a YAML document of more than 4 GiB",
            "split it into several documents",
        ));
    }
    if let Some(at) = control_character(text) {
        return Err(text::control_fault(text, origin, at));
    }
    match lines::load(text, origin) {
        Some(loaded) => Ok(Some(loaded)),
        None => parse(text, origin),
    }
}

/// How long a text the general parser takes, which copies block values and keeps up to three times their size. Long
/// lists are cut into elements and what programs print is borrowed from the text, so no flag raises it: an object of
/// a cluster has at most a few megabytes.
const MAX_PARSED: usize = 256 << 20;

/// Reads one document with the general parser.
fn parse(text: &str, origin: Origin) -> Result<Option<Loaded<'_>>, Fault> {
    if text.len() > MAX_PARSED {
        let (size, most) = (text.len() >> 20, MAX_PARSED >> 20);
        return Err(Fault::at_start(
            &diags::TOO_LARGE,
            origin,
            &format!("a YAML document of {size} MiB, more than {most} MiB"),
            "no object is that large; make several documents of a list",
        ));
    }
    let mut loader = Loader {
        text,
        origin,
        has_tab: text.contains('\t'),
        flow_depth: 0,
        builder: Builder::new(text, origin.offset, Repeats::LastWins),
        odd_keys: Vec::new(),
    };
    let mut parser = Parser::new_from_str_with_options(text, options());
    let mut ended = false;
    while let Some(next) = parser.next_event() {
        let (event, span) = next.map_err(|error| loader.scan_fault(&error))?;
        if ended && matches!(event, Event::DocumentStart(..)) {
            let span = loader.span(span);
            return Err(Fault {
                code: &diags::SYNTAX,
                line: span.line,
                column: span.column,
                message: "there is more text after the end of the document".to_owned(),
                help: "put `---` on a line of its own between two documents".to_owned(),
            });
        }
        ended |= matches!(event, Event::DocumentEnd);
        loader.event(event, span)?;
    }
    let odd_keys = loader.odd_keys;
    Ok(loader
        .builder
        .finish()
        .map(|(tree, root, repeated)| Loaded {
            tree,
            root,
            repeated,
            odd_keys,
        }))
}

/// How a document differs when it is read by lines and by the parser; `None` if only the parser reads it. For tests.
pub(super) fn difference(text: &str) -> Option<Result<(), String>> {
    let origin = Origin {
        offset: 3,
        line: 7,
        column: 5,
    };
    if text.len() > u32::MAX as usize || control_character(text).is_some() {
        return None;
    }
    let told = |loaded: Loaded<'_>| {
        let Loaded {
            tree,
            root,
            repeated,
            odd_keys,
        } = loaded;
        format!("{tree:#?}\n{root:?}\n{repeated:?}\n{odd_keys:?}")
    };
    let quick = told(lines::load(text, origin)?);
    let general = match parse(text, origin) {
        Ok(Some(loaded)) => told(loaded),
        Ok(None) => "nothing".to_owned(),
        Err(fault) => format!("{fault:?}"),
    };
    if quick == general {
        return Some(Ok(()));
    }
    let pair = quick.lines().zip(general.lines()).find(|(a, b)| a != b);
    Some(Err(format!("{text:?}\n{pair:?}\n{quick}\n{general}")))
}

/// The payloads of all comments up to the first error.
pub(super) fn comments(text: &str) -> Vec<(String, u32)> {
    let mut with_comments = options();
    with_comments.emit_comments = true;
    // The limit is about memory; these comments are borrowed from a text that is in memory anyway.
    with_comments.max_buffered_comment_events = usize::MAX;
    let mut parser = Parser::new_from_str_with_options(text, with_comments);
    let mut comments = Vec::new();
    while let Some(Ok((event, span))) = parser.next_event() {
        if let Event::Comment(comment, _) = event {
            comments.push((comment.into_owned(), span.start.line() as u32));
        }
    }
    comments
}

/// How documents are parsed.
pub(super) fn options() -> Options {
    granit_parser::options! {
        // Comments mean nothing here, and buffering them has a limit.
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH as usize,
        block_nesting_limit: MAX_DEPTH as usize,
    }
}

struct Loader<'a> {
    text: &'a str,
    origin: Origin,
    /// Whether there is a tab anywhere: nearly never, and then none can stand in indentation.
    has_tab: bool,
    /// How many flow collections are open.
    flow_depth: u32,
    builder: Builder<'a>,
    odd_keys: Vec<(String, Span)>,
}

impl<'a> Loader<'a> {
    fn event(&mut self, event: Event<'a>, span: granit_parser::Span) -> Result<(), Fault> {
        let place = self.span(span);
        if self.has_tab && self.flow_depth == 0 {
            self.check_indentation(&event, place)?;
        }
        let done = match event {
            Event::Scalar(text, style, anchor, tag) => {
                return self.scalar(text, tag_of(style, tag.as_deref()), anchor, place);
            }
            Event::Alias(anchor) => return self.alias(anchor, place),
            Event::SequenceStart(style, anchor, _) => {
                self.flow_depth += u32::from(style == StructureStyle::Flow || self.flow_depth > 0);
                let place = self.with_dash(place);
                self.builder.start(Kind::List, place, anchor)
            }
            Event::MappingStart(style, anchor, _) => {
                self.flow_depth += u32::from(style == StructureStyle::Flow || self.flow_depth > 0);
                self.builder.start(Kind::Map, place, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.flow_depth = self.flow_depth.saturating_sub(1);
                self.builder.end(place.end)
            }
            Event::UnresolvedAlias(name) => {
                return Err(Fault {
                    code: &diags::SYNTAX,
                    line: place.line,
                    column: place.column,
                    message: format!("the alias `*{name}` has no anchor `&{name}` before it"),
                    help: "quote the value if the `*` belongs to it".to_owned(),
                });
            }
            _ => Ok(()),
        };
        done.map_err(|refusal| self.refused(refusal, place))
    }

    /// Refuses a tab before a block node on its line.
    fn check_indentation(&self, event: &Event<'_>, place: Span) -> Result<(), Fault> {
        let is_node = matches!(
            event,
            Event::Scalar(..)
                | Event::Alias(_)
                | Event::SequenceStart(..)
                | Event::MappingStart(..)
        );
        // An empty scalar has no place of its own.
        if !is_node || place.start == place.end && matches!(event, Event::Scalar(..)) {
            return Ok(());
        }
        match text::indenting_tab(self.text, place.start as usize) {
            Some(at) => Err(text::indentation_fault(self.text, self.origin, at, '\t')),
            None => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        tag: Tag,
        anchor: usize,
        place: Span,
    ) -> Result<(), Fault> {
        let misfit = |scalar::Misfit(message)| Fault {
            code: &diags::SYNTAX,
            line: place.line,
            column: place.column,
            message,
            help: "correct the value or its tag".to_owned(),
        };
        let done = if !self.builder.expects_key() {
            let value = scalar::resolve(text, tag).map_err(misfit)?;
            self.builder.scalar(value, place, anchor)
        } else if text == "<<" && tag == Tag::Plain {
            self.builder.merge_key(place)
        } else {
            if tag == Tag::Plain && text.starts_with(text::is_odd_blank) {
                self.odd_keys.push((text.to_string(), place));
            }
            match scalar::key(text, tag).map_err(misfit)? {
                Some(key) => self.builder.scalar(Value::Text(key), place, anchor),
                None => Err(Refusal::NullKey),
            }
        };
        done.map_err(|refusal| self.refused(refusal, place))
    }

    fn alias(&mut self, anchor: usize, place: Span) -> Result<(), Fault> {
        let done = if self.builder.expects_key() {
            match self.builder.anchored(anchor) {
                None => Err(Refusal::Cycle),
                Some(Value::List(_) | Value::Map(_)) => Err(Refusal::CompositeKey),
                Some(value) => match scalar::value_as_key(value) {
                    Some(key) => self.builder.scalar(Value::Text(key), place, 0),
                    None => Err(Refusal::NullKey),
                },
            }
        } else {
            self.builder.alias(anchor, place)
        };
        done.map_err(|refusal| self.refused(refusal, place))
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let (line, column) = self.place(&span.start);
        Span {
            start: span.start.byte_offset().unwrap_or_default() as u32,
            end: span.end.byte_offset().unwrap_or_default() as u32,
            line,
            column,
        }
    }

    /// The place of a list. The parser counts one that is not indented from its first value, we from its first dash.
    fn with_dash(&self, place: Span) -> Span {
        let before = self.text[..place.start as usize].trim_end_matches([' ', '\t']);
        let first = self.text.as_bytes().get(place.start as usize);
        match before.strip_suffix('-') {
            Some(before) if !matches!(first, Some(b'-' | b'[')) => Span {
                start: before.len() as u32,
                column: place
                    .column
                    .saturating_sub(place.start - before.len() as u32),
                ..place
            },
            _ => place,
        }
    }

    /// The place of a marker in the file. Columns shift on the first line only.
    fn place(&self, marker: &granit_parser::Marker) -> (u32, u32) {
        let column = marker.col() as u32 + 1;
        if marker.line() <= 1 {
            (self.origin.line, self.origin.column + column - 1)
        } else {
            (self.origin.line + marker.line() as u32 - 1, column)
        }
    }

    fn refused(&self, refusal: Refusal, place: Span) -> Fault {
        refused(refusal, (place.line, place.column))
    }

    fn scan_fault(&self, error: &ScanError) -> Fault {
        let (line, column) = self.place(error.marker());
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return refused(Refusal::TooDeep, (line, column));
        }
        let at = error
            .marker()
            .byte_offset()
            .unwrap_or(self.text.len())
            .min(self.text.len());
        if let Some(fault) = text::blank_fault(self.text, self.origin, at) {
            return fault;
        }
        let (message, help) = explain::explain(error.kind());
        Fault {
            code: &diags::SYNTAX,
            line,
            column,
            message,
            help: help.to_owned(),
        }
    }
}

fn refused(refusal: Refusal, (line, column): (u32, u32)) -> Fault {
    let (code, message, help) = explain::refusal(refusal);
    Fault {
        code,
        line,
        column,
        message,
        help: help.to_owned(),
    }
}

fn tag_of(style: ScalarStyle, tag: Option<&granit_parser::Tag>) -> Tag {
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain {
            Tag::Plain
        } else {
            Tag::Text
        };
    };
    match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
        Some("bool") => Tag::Bool,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("null") => Tag::Null,
        Some("binary") => Tag::Binary,
        // `!!merge <<` is the merge key spelt out.
        Some("merge") => Tag::Plain,
        _ => Tag::Text,
    }
}

/// The first character that YAML does not allow in a text (go-yaml v2.4 `readerc.go`).
fn control_character(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // The lead byte of U+0080 to U+00BF is looked at more closely; other bytes above 0x7F are fine.
    let suspicious = |byte: u8| {
        (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7F || byte == 0xC2
    };
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| suspicious(*byte)) {
        let at = from + found;
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        if bytes[at] != 0xC2 || (next < 0xA0 && next != 0x85) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
