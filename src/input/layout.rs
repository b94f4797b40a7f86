//! How a document is written: what stands where, in which style. The base of edits that leave the rest untouched.
//!
//! A [`Tree`](super::Tree) knows what a document means; a layout knows how it looks. Nothing is resolved here: aliases,
//! merge keys and repeated keys stand as they are written. Only documents that were read before are laid out.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::yaml;

/// A text as nodes, in the order in which they begin.
#[derive(Debug)]
pub struct Layout<'a> {
    /// The bytes of the text in its file.
    pub bytes: Range<usize>,
    /// Whether the text is JSON.
    pub json: bool,
    /// Every node that is written.
    pub nodes: Vec<Node<'a>>,
}

/// Index of a node in [`Layout::nodes`].
pub type NodeAt = usize;

/// A node as it is written.
#[derive(Debug)]
pub struct Node<'a> {
    /// Its bytes in the file, with quotes and brackets. A collection without brackets ends with its last child; a
    /// block scalar ends where the next thing begins.
    pub bytes: Range<usize>,
    /// What it looks like.
    pub shape: Shape<'a>,
    /// Whether an anchor or a tag stands before it.
    pub decorated: bool,
    /// Whether an alias elsewhere stands for it, too.
    pub shared: bool,
}

/// What a node looks like.
#[derive(Debug)]
pub enum Shape<'a> {
    /// A scalar.
    Scalar {
        /// How it is quoted.
        quotes: Quotes,
        /// Its text without quotes and escapes.
        text: Cow<'a, str>,
    },
    /// `*name`.
    Alias,
    /// Keys and values.
    Map {
        /// Whether it stands in braces.
        flow: bool,
        /// Key and value of each entry.
        entries: Vec<(NodeAt, NodeAt)>,
    },
    /// Elements.
    List {
        /// Whether it stands in brackets.
        flow: bool,
        /// The elements.
        items: Vec<NodeAt>,
    },
}

/// How a scalar is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// Nothing is written at all.
    Nothing,
    /// None.
    Plain,
    /// `'`
    Single,
    /// `"`
    Double,
    /// `|` or `>`.
    Block,
}

impl<'a> Layout<'a> {
    /// Lays a YAML document out that begins at byte `offset` of its file. `None` if it cannot be parsed.
    pub(super) fn yaml(text: &'a str, offset: usize) -> Option<Self> {
        let mut writer = Writer::new(text, offset, false);
        let mut anchors: Vec<(usize, NodeAt)> = Vec::new();
        let mut aliased = BTreeSet::new();
        let mut parser = Parser::new_from_str_with_options(text, yaml::options());
        while let Some(next) = parser.next_event() {
            let (event, span) = next.ok()?;
            let bytes = span.byte_range()?;
            let (anchor, tagged, shape) = match event {
                Event::Scalar(content, style, anchor, tag) => {
                    let quotes = match style {
                        ScalarStyle::Plain if bytes.is_empty() => Quotes::Nothing,
                        ScalarStyle::Plain => Quotes::Plain,
                        ScalarStyle::SingleQuoted => Quotes::Single,
                        ScalarStyle::DoubleQuoted => Quotes::Double,
                        ScalarStyle::Literal | ScalarStyle::Folded => Quotes::Block,
                    };
                    let shape = Shape::Scalar {
                        quotes,
                        text: content,
                    };
                    (anchor, tag.is_some(), shape)
                }
                Event::Alias(anchor) => {
                    aliased.insert(anchor);
                    (0, false, Shape::Alias)
                }
                Event::MappingStart(style, anchor, tag) => {
                    (anchor, tag.is_some(), map(is_flow(style)))
                }
                Event::SequenceStart(style, anchor, tag) => {
                    (anchor, tag.is_some(), list(is_flow(style)))
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    writer.close(bytes.end)?;
                    continue;
                }
                _ => continue,
            };
            let at = writer.add(bytes, shape);
            writer.layout.nodes[at].decorated = tagged || anchor != 0;
            if anchor != 0 {
                anchors.push((anchor, at));
            }
        }
        for (anchor, at) in anchors {
            writer.layout.nodes[at].shared = aliased.contains(&anchor);
        }
        Some(writer.layout)
    }

    /// Lays a JSON value out that begins at byte `offset` of its file. `None` if it is not JSON.
    pub(super) fn json(text: &'a str, offset: usize) -> Option<Self> {
        let mut writer = Writer::new(text, offset, true);
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => at += 1,
                b'{' | b'[' => {
                    let shape = if *byte == b'{' { map(true) } else { list(true) };
                    writer.add(at..at + 1, shape);
                    at += 1;
                }
                b'}' | b']' => {
                    at += 1;
                    writer.close(at)?;
                }
                b'"' => {
                    let end = string_end(bytes, at)?;
                    let token = &text[at..end];
                    let shape = Shape::Scalar {
                        quotes: Quotes::Double,
                        text: match token.contains('\\') {
                            true => Cow::Owned(serde_json::from_str(token).ok()?),
                            false => Cow::Borrowed(&text[at + 1..end - 1]),
                        },
                    };
                    writer.add(at..end, shape);
                    at = end;
                }
                _ => {
                    let rest = &bytes[at..];
                    let is_end = |byte: &u8| b" \t\r\n,:]}".contains(byte);
                    let end = at + rest.iter().position(is_end).unwrap_or(rest.len());
                    let shape = Shape::Scalar {
                        quotes: Quotes::Plain,
                        text: Cow::Borrowed(&text[at..end]),
                    };
                    writer.add(at..end, shape);
                    at = end;
                }
            }
        }
        writer.open.is_empty().then_some(writer.layout)
    }

    /// The mapping whose first key, or else whose bracket, stands at a byte of the file.
    pub fn object_at(&self, byte: usize) -> Option<NodeAt> {
        let first_key = |node: &Node| match &node.shape {
            Shape::Map { entries, .. } => entries
                .first()
                .map_or(node.bytes.start, |(key, _)| self.nodes[*key].bytes.start),
            Shape::Scalar { .. } | Shape::Alias | Shape::List { .. } => usize::MAX,
        };
        let from = self.nodes.partition_point(|node| node.bytes.start < byte);
        let near = from.saturating_sub(1)..self.nodes.len();
        near.take_while(|at| self.nodes[*at].bytes.start <= byte)
            .find(|at| first_key(&self.nodes[*at]) == byte)
    }
}

fn is_flow(style: StructureStyle) -> bool {
    style == StructureStyle::Flow
}

fn map<'a>(flow: bool) -> Shape<'a> {
    Shape::Map {
        flow,
        entries: Vec::new(),
    }
}

fn list<'a>(flow: bool) -> Shape<'a> {
    Shape::List {
        flow,
        items: Vec::new(),
    }
}

/// Where the JSON string ends that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Makes a layout from nodes in the order of the text.
struct Writer<'a> {
    layout: Layout<'a>,
    /// The collections that are open, each with a key that waits for its value.
    open: Vec<(NodeAt, Option<NodeAt>)>,
    offset: usize,
}

impl<'a> Writer<'a> {
    fn new(text: &'a str, offset: usize, json: bool) -> Self {
        Writer {
            layout: Layout {
                bytes: offset..offset + text.len(),
                json,
                nodes: Vec::new(),
            },
            open: Vec::new(),
            offset,
        }
    }

    fn add(&mut self, bytes: Range<usize>, shape: Shape<'a>) -> NodeAt {
        let at = self.layout.nodes.len();
        if let Some((parent, key)) = self.open.last_mut() {
            match &mut self.layout.nodes[*parent].shape {
                Shape::List { items, .. } => items.push(at),
                Shape::Map { entries, .. } => match key.take() {
                    Some(key) => entries.push((key, at)),
                    None => *key = Some(at),
                },
                Shape::Scalar { .. } | Shape::Alias => {}
            }
        }
        if matches!(shape, Shape::Map { .. } | Shape::List { .. }) {
            self.open.push((at, None));
        }
        self.layout.nodes.push(Node {
            bytes: self.offset + bytes.start..self.offset + bytes.end,
            shape,
            decorated: false,
            shared: false,
        });
        at
    }

    /// Closes the innermost collection, whose bracket ends at `end` if it has one.
    fn close(&mut self, end: usize) -> Option<()> {
        let (at, _) = self.open.pop()?;
        let end = match &self.layout.nodes[at].shape {
            Shape::Map { flow: true, .. } | Shape::List { flow: true, .. } => self.offset + end,
            Shape::Map { entries, .. } => {
                let (key, value) = *entries.last()?;
                let end = |at: NodeAt| self.layout.nodes[at].bytes.end;
                end(key).max(end(value))
            }
            Shape::List { items, .. } => self.layout.nodes[*items.last()?].bytes.end,
            Shape::Scalar { .. } | Shape::Alias => return None,
        };
        self.layout.nodes[at].bytes.end = end;
        Some(())
    }
}
