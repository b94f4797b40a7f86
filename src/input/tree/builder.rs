//! Making a tree from the events of a parser: anchors, merge keys, repeated keys, limits.

mod merge;

use std::borrow::Cow;

use super::{
    BYTES_PER_WEIGHT, Links, MAX_ALIASED, MAX_DEPTH, MAX_NODES, NodeId, Span, Tree, Value,
};

/// Why a document is not made into a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::input) enum Refusal {
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More than [`MAX_NODES`] nodes.
    TooLarge,
    /// Aliases weigh more than [`MAX_ALIASED`].
    AliasBomb,
    /// An anchor whose value contains itself.
    Cycle,
    /// A list or mapping as a key.
    CompositeKey,
    /// A key that is `null`.
    NullKey,
    /// `<<` with something else than mappings.
    NotMergeable,
}

/// What a repeated key of a mapping means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::input) enum Repeats {
    /// The last one counts: go-yaml v2 decoding into a map.
    LastWins,
    /// Mappings merge, of anything else the last counts: `sigs.k8s.io/json` decoding into a struct.
    MappingsMerge,
}

/// A key that stands twice in one mapping.
#[derive(Debug)]
pub(in crate::input) struct Repeated {
    /// The key.
    pub key: String,
    /// Where it stands first.
    pub first: Span,
    /// Where it stands again, or where the merge key stands that overrides it.
    pub again: Span,
    /// What becomes of the two.
    pub outcome: Outcome,
}

/// What becomes of a key that stands twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::input) enum Outcome {
    /// The second replaces the first.
    Replaced,
    /// A merge key replaces the first.
    Merged,
    /// Both are mappings and become one.
    Joined,
}

/// How many repeated keys of a document are told: whoever reads the first will look at the rest.
const MAX_REPEATED: usize = 1000;

struct Frame {
    node: NodeId,
    kind: Kind,
    /// Where its children begin in `pending`.
    first: usize,
    anchor: usize,
    weight: u64,
    height: u32,
    /// Ends of children seen so far: the end of a block collection.
    end: u32,
    /// Which pairs (counted from the frame's first) are merge keys.
    merges: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::input) enum Kind {
    List,
    Map,
}

#[derive(Clone, Copy)]
enum Anchor {
    Unknown,
    Open,
    Closed {
        node: NodeId,
        weight: u64,
        height: u32,
    },
}

/// Makes a [`Tree`] from the events of a parser.
pub(in crate::input) struct Builder<'a> {
    tree: Tree<'a>,
    frames: Vec<Frame>,
    /// Children of the open frames.
    pending: Vec<NodeId>,
    anchors: Vec<Anchor>,
    weight: u64,
    aliased: u64,
    repeats: Repeats,
    repeated: Vec<Repeated>,
}

impl<'a> Builder<'a> {
    /// `offset` is where `text` begins in the file.
    pub(in crate::input) fn new(text: &'a str, offset: usize, repeats: Repeats) -> Self {
        Builder {
            tree: Tree {
                text,
                offset,
                nodes: Vec::new(),
                links: Vec::new(),
            },
            frames: Vec::new(),
            pending: Vec::new(),
            anchors: Vec::new(),
            weight: 0,
            aliased: 0,
            repeats,
            repeated: Vec::new(),
        }
    }

    /// Whether the next node is the key of a mapping.
    pub(in crate::input) fn expects_key(&self) -> bool {
        self.frames.last().is_some_and(|frame| {
            frame.kind == Kind::Map && (self.pending.len() - frame.first).is_multiple_of(2)
        })
    }

    /// The innermost open collection.
    pub(in crate::input) fn open(&self) -> Option<Kind> {
        self.frames.last().map(|frame| frame.kind)
    }

    /// Adds a scalar. A key must come as text.
    pub(in crate::input) fn scalar(
        &mut self,
        value: Value<'a>,
        span: Span,
        anchor: usize,
    ) -> Result<(), Refusal> {
        let weight = weight_of(&value);
        self.weight += weight;
        let node = self.push(value, span)?;
        self.define(
            anchor,
            Anchor::Closed {
                node,
                weight,
                height: 0,
            },
        );
        self.attach(node, 0, span.end);
        Ok(())
    }

    /// Adds the key `<<`: the mappings that follow as its value are merged into the open one.
    pub(in crate::input) fn merge_key(&mut self, span: Span) -> Result<(), Refusal> {
        if let Some(frame) = self.frames.last_mut() {
            frame.merges.push((self.pending.len() - frame.first) / 2);
        }
        self.scalar(Value::Text(Cow::Borrowed("<<")), span, 0)
    }

    /// Adds what an anchor names.
    pub(in crate::input) fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Refusal> {
        let Anchor::Closed {
            node,
            weight,
            height,
        } = self.anchors.get(anchor).copied().unwrap_or(Anchor::Unknown)
        else {
            return Err(Refusal::Cycle);
        };
        self.weight += weight;
        self.aliased += weight;
        if self.aliased > MAX_ALIASED {
            return Err(Refusal::AliasBomb);
        }
        if self.frames.len() as u32 + height > MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        self.attach(node, height, span.end);
        Ok(())
    }

    /// The value an anchor names, for an alias that stands as a key.
    pub(in crate::input) fn anchored(&self, anchor: usize) -> Option<&Value<'a>> {
        if let Some(Anchor::Closed { node, .. }) = self.anchors.get(anchor) {
            Some(self.tree.value(*node))
        } else {
            None
        }
    }

    /// Opens a list or mapping.
    pub(in crate::input) fn start(
        &mut self,
        kind: Kind,
        span: Span,
        anchor: usize,
    ) -> Result<(), Refusal> {
        if self.expects_key() {
            return Err(Refusal::CompositeKey);
        }
        if self.frames.len() as u32 >= MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        self.weight += 1;
        let node = self.push(Value::Null, span)?;
        self.define(anchor, Anchor::Open);
        self.frames.push(Frame {
            node,
            kind,
            first: self.pending.len(),
            anchor,
            weight: self.weight - 1,
            height: 0,
            end: span.end,
            merges: Vec::new(),
        });
        Ok(())
    }

    /// Closes the innermost list or mapping, whose closing bracket ends at `bracket_end`. A collection without brackets
    /// ends with its last child instead.
    pub(in crate::input) fn end(&mut self, bracket_end: u32) -> Result<(), Refusal> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let children = self.pending.split_off(frame.first);
        let value = match frame.kind {
            Kind::List => Value::List(self.link(&children)?),
            Kind::Map => {
                let children = self.settle(children, &frame.merges)?;
                Value::Map(self.link(&children)?)
            }
        };
        let start = self.tree.span(frame.node).start as usize;
        let end = match self.tree.text.as_bytes().get(start) {
            Some(b'[' | b'{') => bracket_end,
            _ => frame.end,
        };
        let slot = &mut self.tree.nodes[frame.node.0 as usize];
        slot.0 = value;
        slot.1.end = end;
        self.define(
            frame.anchor,
            Anchor::Closed {
                node: frame.node,
                weight: self.weight - frame.weight,
                height: frame.height + 1,
            },
        );
        self.attach(frame.node, frame.height + 1, end);
        Ok(())
    }

    /// The finished tree with its root and the keys that stood twice; `None` if no node was added.
    pub(in crate::input) fn finish(mut self) -> Option<(Tree<'a>, NodeId, Vec<Repeated>)> {
        let root = self.pending.pop()?;
        self.tree.nodes.shrink_to_fit();
        self.tree.links.shrink_to_fit();
        Some((self.tree, root, self.repeated))
    }

    /// Notes keys that stand twice.
    fn note(&mut self, mut repeated: Vec<Repeated>) {
        repeated.truncate(MAX_REPEATED.saturating_sub(self.repeated.len()));
        self.repeated.append(&mut repeated);
    }

    fn push(&mut self, value: Value<'a>, span: Span) -> Result<NodeId, Refusal> {
        if self.tree.nodes.len() >= MAX_NODES {
            return Err(Refusal::TooLarge);
        }
        self.tree.nodes.push((value, span));
        Ok(NodeId((self.tree.nodes.len() - 1) as u32))
    }

    fn attach(&mut self, node: NodeId, height: u32, end: u32) {
        self.pending.push(node);
        if let Some(frame) = self.frames.last_mut() {
            frame.height = frame.height.max(height);
            frame.end = frame.end.max(end);
        }
    }

    fn define(&mut self, anchor: usize, as_: Anchor) {
        // The parser numbers anchors from one; zero is none.
        if anchor == 0 {
            return;
        }
        if self.anchors.len() <= anchor {
            self.anchors.resize(anchor + 1, Anchor::Unknown);
        }
        self.anchors[anchor] = as_;
    }

    fn link(&mut self, children: &[NodeId]) -> Result<Links, Refusal> {
        // A node is linked once, but for aliases (bounded by weight) and merged mappings.
        if self.tree.links.len() + children.len() > 4 * MAX_NODES {
            return Err(Refusal::TooLarge);
        }
        let first = self.tree.links.len() as u32;
        self.tree.links.extend_from_slice(children);
        Ok(Links {
            first,
            last: self.tree.links.len() as u32,
        })
    }

    /// The entries of a mapping with merge keys applied and every key once.
    fn settle(&mut self, children: Vec<NodeId>, merges: &[usize]) -> Result<Vec<NodeId>, Refusal> {
        if merges.is_empty() && !self.has_repeats(&children) {
            return Ok(children);
        }
        match self.repeats {
            Repeats::LastWins => self.merge_in_order(&children, merges),
            Repeats::MappingsMerge => self.merge_repeats(&children),
        }
    }

    fn key(&self, node: NodeId) -> &str {
        self.tree.text(node).unwrap_or_default()
    }

    fn has_repeats(&self, children: &[NodeId]) -> bool {
        let keys = children.chunks_exact(2).map(|pair| self.key(pair[0]));
        // Nearly all mappings are small enough for comparing each with each.
        if children.len() <= 24 {
            let mut rest = keys;
            while let Some(key) = rest.next() {
                if rest.clone().any(|other| other == key) {
                    return true;
                }
            }
            return false;
        }
        let mut sorted: Vec<&str> = keys.collect();
        sorted.sort_unstable();
        sorted.windows(2).any(|pair| pair[0] == pair[1])
    }
}

fn weight_of(value: &Value<'_>) -> u64 {
    match value {
        Value::Text(text) => 1 + text.len() as u64 / BYTES_PER_WEIGHT,
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_) => 1,
    }
}
