//! From a file to chunks: documents and elements of lists that can be read on their own.
//!
//! Documents are split here and not by the YAML parser, so that an unreadable one never costs the others. YAML allows
//! this: a line that begins with `---` or `...` at column 0 ends whatever came before.

pub(super) mod block;

use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;
use serde::de::IgnoredAny;

use super::diags;
use super::json;
use super::list::ListHead;
use super::template;
use super::text::{Fault, Origin};

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
    if let Some(at) = nul(bytes) {
        let origin = Origin::START.after(&bytes[..at]);
        let mut fault = Fault::at_start(
            &diags::BINARY,
            origin,
            "a NUL byte in the text",
            "binary files cannot hold objects; leave the file out, or convert it to UTF-8",
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
    let place = Origin {
        offset: start,
        ..Origin::START
    };
    split_from(bytes, place, 0).0
}

/// Splits what follows `place`, which begins a document, with how many documents there are up to the end.
pub(super) fn split_from(bytes: &[u8], place: Origin, documents: u32) -> (Vec<Piece>, u32) {
    let mut splitter = Splitter {
        bytes,
        place,
        documents,
        distrusted: false,
        document_end: 0,
        pieces: Vec::new(),
    };
    let mut pos = place.offset;
    while pos < bytes.len() {
        pos = match splitter.json(pos) {
            Some(end) => end,
            None => splitter.yaml(pos),
        };
    }
    (splitter.pieces, splitter.documents)
}

/// Where a NUL byte is among the first ones of a file.
pub(super) fn nul(bytes: &[u8]) -> Option<usize> {
    let probe = &bytes[..bytes.len().min(BINARY_PROBE)];
    memchr::memchr(0, probe)
}

struct Splitter<'b> {
    bytes: &'b [u8],
    /// The place of the last piece: places are counted from one to the next.
    place: Origin,
    documents: u32,
    /// Whether JSON has been seen with structural faults, or with a document marker in it.
    distrusted: bool,
    /// Where the document ends that was last looked through for its end.
    document_end: usize,
    pieces: Vec<Piece>,
}

impl Splitter<'_> {
    /// Adds the JSON values that begin at `pos`, behind blanks and `---`, and returns where they end. `None` if the
    /// text is not JSON.
    fn json(&mut self, pos: usize) -> Option<usize> {
        let begin = json_begin(self.bytes, pos)?;
        let limit = self.json_limit(begin);
        let mut split = json::scan::split(&self.bytes[..limit], begin);
        if !self.distrusted && (!split.sound || has_marker(&self.bytes[begin..split.end])) {
            // A bracket that is never closed, or only by one of another document, must not swallow what is between.
            self.distrusted = true;
            let limit = self.json_limit(begin);
            split = json::scan::split(&self.bytes[..limit], begin);
        }
        // Text with structural faults is JSON if anything in it is.
        let is_json = |part: &json::scan::Part| {
            let bytes = &self.bytes[part.bytes.clone()];
            part.fault.is_none() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
        };
        if !split.sound && !split.parts.iter().any(is_json) {
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
        Some(self.behind_comment(begin, split.end))
    }

    /// Where the line ends on which JSON that began at `begin` is followed by a comment, else `end`, where it ended. A
    /// comment there is not the next document's.
    fn behind_comment(&self, begin: usize, end: usize) -> usize {
        let mut lines = self.bytes[begin..end].rsplit(|byte| *byte == b'\n');
        let is_behind = lines
            .next()
            .is_some_and(|line| !line.trim_ascii().is_empty());
        if is_behind && self.bytes[end..].starts_with(b"#") {
            end + line_of(&self.bytes[end..]).len()
        } else {
            end
        }
    }

    /// How far JSON that begins at `pos` can reach. A `---` line ends it, but is looked for only once there is reason
    /// to: no sound JSON has one.
    fn json_limit(&mut self, pos: usize) -> usize {
        if !self.distrusted {
            return self.bytes.len();
        }
        // A document may hold many values with comments between them.
        if self.document_end <= pos {
            self.document_end = document_end(self.bytes, pos).0;
        }
        self.document_end
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
        let Some(list) = block::block_list(&self.bytes[document.clone()]) else {
            return false;
        };
        let parts = list
            .outside
            .map(|part| &self.bytes[document.start + part.start..document.start + part.end]);
        let Some(outside) = block::outside(&parts) else {
            return false;
        };
        let Some(kind) = outside.kind.filter(|kind| kind.ends_with("List")) else {
            return false;
        };
        let head = Arc::new(ListHead::new(kind, outside.api_version.unwrap_or_default()));
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
pub(super) fn json_begin(bytes: &[u8], mut pos: usize) -> Option<usize> {
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

/// Whether a line of a text, but for the first, is a document marker.
fn has_marker(text: &[u8]) -> bool {
    let markers: [&[u8]; 2] = [b"\n---", b"\n..."];
    markers.into_iter().any(|marker| {
        memmem::find_iter(text, marker).any(|at| match classify(line_of(&text[at + 1..])) {
            Line::Start | Line::StartWithContent | Line::End => true,
            Line::Empty | Line::Directive | Line::Content => false,
        })
    })
}

/// The first line with its line break.
pub(super) fn line_of(bytes: &[u8]) -> &[u8] {
    let length = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    &bytes[..length]
}

/// What a line is to the splitter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
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

pub(super) fn classify(line: &[u8]) -> Line {
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
pub(super) fn document_end(bytes: &[u8], pos: usize) -> (usize, bool) {
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
