//! The node tree that YAML and awkward JSON are read into.
//!
//! Every node knows its bytes and its place. Nodes live in one vector and refer to each other by index, so that
//! aliases share their target, dropping a tree is not recursive, and hostile depth costs nothing.
//! The limits here are what keeps later stages safe: no tree is deeper than [`MAX_DEPTH`], and walking one, aliases
//! followed, visits a bounded number of nodes.

pub(super) mod builder;

use std::borrow::Cow;
use std::ops::Range;

/// How deeply lists and mappings may nest, aliases followed. Readers of a tree may recurse this deep.
/// Kubernetes allows 10,000; its deepest objects (CustomResourceDefinitions) reach about 60.
pub(super) const MAX_DEPTH: u32 = 200;

/// How many nodes one document may have: a bound for memory (about 60 bytes each).
pub(super) const MAX_NODES: usize = 20_000_000;

/// How much aliases may add to a document when they are followed: nodes, long texts counting more.
/// go-yaml v2 (`decode.go`, `allowedAliasRatio`) allows between 396,000 and 400,000 for documents of any size.
pub(super) const MAX_ALIASED: u64 = 400_000;

/// A text of this many bytes weighs as much as a node.
const BYTES_PER_WEIGHT: u64 = 64;

/// Index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeId(u32);

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte, counted from the start of the tree's text.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
    /// One-based line in the file.
    pub line: u32,
    /// One-based column in characters.
    pub column: u32,
}

/// What a node holds, scalars resolved.
#[derive(Debug)]
pub enum Value<'a> {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer above the range of `Int`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// A list; see [`Tree::items`].
    List(Links),
    /// A mapping; see [`Tree::entries`].
    Map(Links),
}

/// The children of a list or mapping, as a range of the tree's links.
#[derive(Debug, Clone, Copy)]
pub struct Links {
    first: u32,
    last: u32,
}

/// A document as a tree.
#[derive(Debug)]
pub struct Tree<'a> {
    text: &'a str,
    offset: usize,
    nodes: Vec<(Value<'a>, Span)>,
    links: Vec<NodeId>,
}

impl<'a> Tree<'a> {
    /// The value of a node.
    pub fn value(&self, node: NodeId) -> &Value<'a> {
        &self.nodes[node.0 as usize].0
    }

    /// The place of a node. An aliased node keeps the place of its anchor.
    pub fn span(&self, node: NodeId) -> Span {
        self.nodes[node.0 as usize].1
    }

    /// The bytes of a node, counted from the start of the file.
    pub fn bytes(&self, node: NodeId) -> Range<usize> {
        let span = self.span(node);
        self.offset + span.start as usize..self.offset + span.end as usize
    }

    /// The text that the nodes stand in.
    pub(super) fn whole(&self) -> &'a str {
        self.text
    }

    /// The bytes of that text, counted from the start of the file.
    pub(super) fn whole_bytes(&self) -> Range<usize> {
        self.offset..self.offset + self.text.len()
    }

    /// A node as it is written.
    pub fn source(&self, node: NodeId) -> &'a str {
        let span = self.span(node);
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// The elements of a list; nothing for other nodes.
    pub fn items(&self, node: NodeId) -> &[NodeId] {
        if let Value::List(links) = self.value(node) {
            self.linked(*links)
        } else {
            &[]
        }
    }

    /// The key and value nodes of a mapping; nothing for other nodes. Each key occurs once, merge keys are applied.
    pub fn entries(&self, node: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> {
        let links = if let Value::Map(links) = self.value(node) {
            self.linked(*links)
        } else {
            &[]
        };
        links.chunks_exact(2).map(|pair| (pair[0], pair[1]))
    }

    /// The value of a key in a mapping.
    pub fn get(&self, node: NodeId, key: &str) -> Option<NodeId> {
        self.entries(node)
            .find(|(name, _)| self.text(*name) == Some(key))
            .map(|(_, value)| value)
    }

    /// The string of a node, if it is one.
    pub fn text(&self, node: NodeId) -> Option<&str> {
        if let Value::Text(text) = self.value(node) {
            Some(text)
        } else {
            None
        }
    }

    fn linked(&self, links: Links) -> &[NodeId] {
        &self.links[links.first as usize..links.last as usize]
    }
}
