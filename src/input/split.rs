//! From a file to chunks: documents and elements of lists that can be read on their own.
//!
//! Documents are split here and not by the YAML parser, so that an unreadable one never costs the others. YAML allows
//! this: a line that begins with `---` or `...` at column 0 ends whatever came before.

use std::ops::Range;
use std::sync::Arc;

use super::diags;
use super::json;
use super::list::ListHead;
use super::template;
use super::text::{Fault, Origin};
use super::tree::Value;
use super::yaml;

/// A part of a file that is read on its own.
pub(super) struct Piece {
    pub(super) bytes: Range<usize>,
    pub(super) origin: Origin,
    /// One-based number of the document in the file.
    pub(super) document: u32,
    pub(super) form: Form,
}

/// How a piece is to be read.
pub(super) enum Form {
    /// A YAML document.
    Yaml,
    /// The YAML sequence of one element that is cut out of a list.
    YamlElement(Arc<ListHead>),
    /// A JSON value, or a YAML document in flow style.
    Json,
    /// A JSON value that is an element of a list.
    JsonElement(Arc<ListHead>),
    /// Nothing can be read here.
    Fault(Fault),
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// How much of a file is searched for NUL bytes before anything else.
const BINARY_PROBE: usize = 8192;

/// Splits a file into pieces, in the order of the text.
pub(super) fn split(bytes: &[u8]) -> Vec<Piece> {
    let probe = &bytes[..bytes.len().min(BINARY_PROBE)];
    if let Some(at) = probe.iter().position(|byte| *byte == 0) {
        let origin = Origin::START.after(&bytes[..at]);
        let mut fault = Fault::at_start(
            &diags::BINARY,
            origin,
            "a NUL byte in the text",
            "binary files can not hold objects; leave the file out, or convert it to UTF-8",
        );
        if bytes.get(257..262) == Some(b"ustar") {
            fault.message = "a tar archive".to_owned();
            fault.help = "unpack it first".to_owned();
        }
        return vec![Piece {
            bytes: 0..bytes.len(),
            origin: Origin::START,
            document: 1,
            form: Form::Fault(fault),
        }];
    }
    let start = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    let mut splitter = Splitter {
        bytes,
        place: Origin {
            offset: start,
            ..Origin::START
        },
        documents: 0,
        pieces: Vec::new(),
    };
    let mut pos = start;
    while pos < bytes.len() {
        pos = match splitter.json(pos) {
            Some(end) => end,
            None => splitter.yaml(pos),
        };
    }
    splitter.pieces
}

struct Splitter<'b> {
    bytes: &'b [u8],
    /// The place of the last piece: places are counted from one to the next.
    place: Origin,
    documents: u32,
    pieces: Vec<Piece>,
}

impl Splitter<'_> {
    /// Adds the JSON values that begin at `pos`, behind blanks and `---`, and returns where they end. `None` if the
    /// text is not JSON.
    fn json(&mut self, pos: usize) -> Option<usize> {
        let begin = json_begin(self.bytes, pos)?;
        let split = json::scan::split(self.bytes, begin);
        let clean = split.parts.iter().all(|part| part.fault.is_none());
        // Text with structural faults is JSON if the first thing in it is.
        let first = split.parts.iter().find(|part| part.fault.is_none())?;
        if !clean
            && serde_json::from_slice::<serde::de::IgnoredAny>(&self.bytes[first.bytes.clone()])
                .is_err()
        {
            return None;
        }
        let before = self.documents;
        for part in split.parts {
            self.documents = before + part.value + 1;
            let origin = self.place_of(part.bytes.start);
            let form = match (part.fault, part.list) {
                (Some(message), _) => {
                    Form::Fault(Fault::at_start(&diags::SYNTAX, origin, message, ""))
                }
                (None, Some(list)) => Form::JsonElement(list),
                (None, None) => Form::Json,
            };
            self.push(part.bytes, origin, form);
        }
        Some(split.end)
    }

    /// Adds the YAML document that begins at `pos` and returns where the next one begins.
    fn yaml(&mut self, pos: usize) -> usize {
        let (end, has_content) = document_end(self.bytes, pos);
        // The control lines of a template that stand between two `---` are no document.
        let control =
            std::str::from_utf8(&self.bytes[pos..end]).is_ok_and(template::is_control_only);
        if has_content && !control {
            self.documents += 1;
            if !self.yaml_list(pos..end) {
                let origin = self.place_of(pos);
                self.push(pos..end, origin, Form::Yaml);
            }
        }
        end
    }

    /// Adds the elements of a list in block style as `kubectl get -o yaml` writes it. False if the document is not one
    /// for certain; it is then read as a whole.
    fn yaml_list(&mut self, document: Range<usize>) -> bool {
        let Some(list) = block_list(&self.bytes[document.clone()]) else {
            return false;
        };
        let mut head = (None, None);
        for part in &list.outside {
            let part = &self.bytes[document.start + part.start..document.start + part.end];
            let loaded = std::str::from_utf8(part)
                .ok()
                .and_then(|text| yaml::load(text, Origin::START).ok());
            match loaded {
                None => return false,
                Some(None) => {}
                Some(Some(loaded)) => {
                    let field = |name: &str| {
                        let node = loaded.tree.get(loaded.root, name)?;
                        loaded.tree.text(node).map(str::to_owned)
                    };
                    // A second `items`, or anything to be said about the head, takes the long way.
                    let plain =
                        matches!(loaded.tree.value(loaded.root), Value::Map(_) | Value::Null)
                            && loaded.repeated.is_empty()
                            && loaded.tree.get(loaded.root, "items").is_none();
                    if !plain || (head.0.is_some() && field("kind").is_some()) {
                        return false;
                    }
                    head = (head.0.or(field("kind")), head.1.or(field("apiVersion")));
                }
            }
        }
        let (Some(kind), api_version) = head else {
            return false;
        };
        if !kind.ends_with("List") {
            return false;
        }
        let head = Arc::new(ListHead::new(kind, api_version.unwrap_or_default()));
        for element in list.elements {
            let bytes = document.start + element.start..document.start + element.end;
            let origin = self.place_of(bytes.start);
            self.push(bytes, origin, Form::YamlElement(Arc::clone(&head)));
        }
        true
    }

    fn push(&mut self, bytes: Range<usize>, origin: Origin, form: Form) {
        self.pieces.push(Piece {
            bytes,
            origin,
            document: self.documents,
            form,
        });
    }

    /// The place of a byte that is not before the last one asked for.
    fn place_of(&mut self, pos: usize) -> Origin {
        self.place = self.place.after(&self.bytes[self.place.offset..pos]);
        self.place
    }
}

/// Where JSON begins, if the first thing at `pos` behind blanks, comments and a bare `---` looks like it. Template
/// actions begin with a bracket too.
fn json_begin(bytes: &[u8], mut pos: usize) -> Option<usize> {
    let mut marked = false;
    loop {
        let rest = &bytes[pos..];
        let blanks = rest
            .iter()
            // Record separators stand before the values of RFC 7464.
            .take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x1E)
            .count();
        pos += blanks;
        let rest = &bytes[pos..];
        let marker = rest.starts_with(b"---") && !marked;
        match rest {
            [b'{', b'{' | b'%' | b'#', ..] => return None,
            [b'{' | b'[', ..] => return Some(pos),
            _ if marker || rest.starts_with(b"#") => {
                let line = line_of(rest);
                if marker
                    && !std::str::from_utf8(line)
                        .is_ok_and(|line| template::is_bare_marker(line.trim_end()))
                {
                    return None;
                }
                marked |= marker;
                pos += line.len();
            }
            _ => return None,
        }
    }
}

/// The first line with its line break.
fn line_of(bytes: &[u8]) -> &[u8] {
    let length = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(bytes.len(), |at| at + 1);
    &bytes[..length]
}

/// What a line is to the splitter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Blank, or a comment.
    Empty,
    /// `%YAML`, `%TAG`.
    Directive,
    /// `---` with nothing behind it.
    Start,
    /// `---` with content behind it.
    StartWithContent,
    /// `...`
    End,
    Content,
}

fn classify(line: &[u8]) -> Line {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let after_marker = |marker: &[u8]| {
        line.strip_prefix(marker)
            .filter(|rest| rest.first().is_none_or(is_blank))
    };
    if let Some(rest) = after_marker(b"---") {
        let content = rest.iter().find(|byte| !is_blank(byte));
        return match content {
            None | Some(b'#') => Line::Start,
            Some(_) => Line::StartWithContent,
        };
    }
    if after_marker(b"...").is_some() {
        return Line::End;
    }
    match (line.first(), line.iter().find(|byte| !is_blank(byte))) {
        (Some(b'%'), _) => Line::Directive,
        (_, None | Some(b'#')) => Line::Empty,
        _ => Line::Content,
    }
}

/// Where the YAML document that begins at `pos` ends, and whether there is anything in it.
fn document_end(bytes: &[u8], pos: usize) -> (usize, bool) {
    let mut at = pos;
    let mut started = false;
    let mut has_content = false;
    while at < bytes.len() {
        let line = line_of(&bytes[at..]);
        match classify(line) {
            // Directives and comments belong to the document that they precede.
            Line::Start | Line::StartWithContent if started || has_content => {
                return (at, has_content);
            }
            Line::Start => started = true,
            Line::StartWithContent => {
                started = true;
                has_content = true;
            }
            Line::End => return (at + line.len(), has_content),
            // Behind `---`, or behind content, a `%` is content.
            Line::Directive if !started && !has_content => {}
            Line::Directive | Line::Content => has_content = true,
            Line::Empty => {}
        }
        at += line.len();
    }
    (at, has_content)
}

/// A list in block style, in parts.
struct BlockList {
    elements: Vec<Range<usize>>,
    /// What stands before `items:` and behind the elements.
    outside: [Range<usize>; 2],
}

/// Cuts a block list whose `items:` stands at column 0 into its elements. `None` unless that is certain: anchors may be
/// used across elements, so a document with anchors is not cut.
fn block_list(document: &[u8]) -> Option<BlockList> {
    let mut at = 0;
    let mut items: Option<Range<usize>> = None;
    let mut indent = 0;
    let mut elements: Vec<Range<usize>> = Vec::new();
    while at < document.len() {
        let line = line_of(&document[at..]);
        let end = at + line.len();
        let blanks = line.iter().take_while(|byte| **byte == b' ').count();
        if has_anchor(line) {
            return None;
        }
        match &items {
            None => {
                if let Some(rest) = line.strip_prefix(b"items:") {
                    if classify(rest) != Line::Empty {
                        return None;
                    }
                    items = Some(at..end);
                }
            }
            Some(_) if classify(line) == Line::Empty => {}
            Some(_) => {
                let dash = matches!(&line[blanks..], [b'-', b' ' | b'\r' | b'\n', ..]);
                if elements.is_empty() {
                    if !dash {
                        return None;
                    }
                    indent = blanks;
                }
                if dash && blanks == indent {
                    elements.push(at..end);
                } else if blanks <= indent {
                    // The rest of the mapping.
                    break;
                }
            }
        }
        if let Some(element) = elements.last_mut() {
            element.end = end;
        }
        at = end;
    }
    // Anything behind the elements is looked at by the caller, which refuses a second `items`.
    let rest = &document[at..];
    if rest.split(|byte| *byte == b'\n').any(has_anchor) {
        return None;
    }
    let items = items?;
    if elements.is_empty() {
        return None;
    }
    Some(BlockList {
        elements,
        outside: [0..items.start, at..document.len()],
    })
}

/// Whether an anchor may be defined in a line: a `&name` where a value begins.
fn has_anchor(line: &[u8]) -> bool {
    let mut from = 0;
    while let Some(found) = line[from..].iter().position(|byte| *byte == b'&') {
        let at = from + found;
        let before = line[..at].trim_ascii_end();
        let begins_value = before.len() < at && matches!(before.last(), Some(b':' | b'-'));
        if begins_value
            && line
                .get(at + 1)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        {
            return true;
        }
        from = at + 1;
    }
    false
}
