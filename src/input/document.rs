//! A document with everything that is asked of it, whatever it was written in.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::de::NodeRef;
use super::layout::{Layout, NodeAt};
use super::plain::{self, Way};
use super::strict::{Heads, Strict, Whole};
use super::text::{Fault, Origin};
use super::tree::{NodeId, Tree};
use super::{diags, json};
use crate::diag::{Code, Diagnostic, Source};

/// An object as it stands in the input, not decoded yet.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// Where it stands: the place of its first key.
    pub source: Source,
    /// `apiVersion`; empty if absent. In a typed list it may come from the list.
    pub api_version: String,
    /// `kind`, never empty. In a typed list it may come from the list.
    pub kind: String,
    pub(super) body: Body<'a>,
    /// What was noticed about JSON when it was looked through.
    pub(super) noticed: OnceCell<Vec<Diagnostic>>,
}

/// The text of an object, as far as it has been looked into.
#[derive(Debug, Clone)]
pub(super) enum Body<'a> {
    Json {
        text: &'a str,
        origin: Origin,
    },
    /// JSON that nobody has looked into but for its first keys.
    Unread {
        text: &'a str,
        origin: Origin,
        /// Whether kind and API version stand in the object.
        shown: bool,
        /// Whether it has been decoded: then it is an object, from the first byte to the last.
        read: Cell<bool>,
    },
    Tree {
        tree: Arc<Tree<'a>>,
        node: NodeId,
    },
}

/// How many bytes an object may have that is decoded: ten times what the API server accepts (3 MiB,
/// `MaxRequestBodyBytes` in k8s.io/apiserver `pkg/server/config.go`). A longer name would stand in every report.
const MAX_OBJECT: usize = 32 << 20;

/// A field that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// [`diags::TYPE`], or why the object cannot be looked into at all.
    pub code: &'static Code,
    /// The field, as `spec.containers[0].image`; empty for the object itself.
    pub path: String,
    /// What was expected and what was found.
    pub message: String,
    /// The place of the field's value.
    pub source: Source,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for DecodeError {}

impl<'a> Document<'a> {
    /// Decodes the object, if it is not larger than any object can be.
    ///
    /// Types are Go's: nothing is coerced, unknown fields are ignored, names are case-sensitive.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        self.fits()?;
        match &self.body {
            Body::Tree { tree, node } => self.decode_node(tree, *node),
            // Whoever takes it gets it again, once it has been looked at.
            Body::Unread { origin, .. } => self.decode_tentatively().ok_or_else(|| {
                self.broken(Fault::at_start(
                    &diags::SYNTAX,
                    *origin,
                    "not understood",
                    "",
                ))
            }),
            Body::Json { text, origin } => {
                let mut json = serde_json::Deserializer::from_str(text);
                // Whatever `serde_json` objects to is looked at again: it may be a repeated key, which is allowed, and
                // the tree can name the field.
                T::deserialize(Strict(&mut json)).or_else(|_| {
                    let (tree, node) = self.look_through(text, *origin)?;
                    self.decode_node(&tree, node)
                })
            }
        }
    }

    /// Decodes a [tentative](Self::is_tentative) object, with texts borrowed from the input. `None` if that does not
    /// work, for whatever reason.
    pub fn decode_tentatively<'d, T: Deserialize<'d>>(&'d self) -> Option<T> {
        let Body::Unread {
            text, shown, read, ..
        } = &self.body
        else {
            return None;
        };
        self.fits().ok()?;
        let mut json = serde_json::Deserializer::from_str(text);
        let heads = if *shown { Heads::Once } else { Heads::None };
        let decoded = T::deserialize(Whole {
            json: &mut json,
            heads,
        });
        let value = decoded.ok()?;
        json.end().ok()?;
        read.set(true);
        Some(value)
    }

    /// The whole object as JSON, with `kind` and `apiVersion` also where they come from a typed list.
    ///
    /// Repeated keys are settled as for decoding. Numbers are as Go would write them, so a YAML `1e3` is `1000`.
    pub fn value(&self) -> Result<serde_json::Value, DecodeError> {
        self.value_without(&[])
    }

    /// The same without the fields at these places.
    pub fn value_without(&self, left_out: &[Way]) -> Result<serde_json::Value, DecodeError> {
        self.fits()?;
        let mut value: serde_json::Value = match &self.body {
            Body::Tree { tree, node } => self.decode_node(tree, *node)?,
            Body::Json { text, origin } | Body::Unread { text, origin, .. } => {
                match plain::plain(text, left_out) {
                    Some(value) => value,
                    None => {
                        let (tree, node) = self.look_through(text, *origin)?;
                        self.decode_node(&tree, node)?
                    }
                }
            }
        };
        plain::leave_out(&mut value, left_out);
        if let Some(object) = value.as_object_mut() {
            for (field, content) in [("kind", &self.kind), ("apiVersion", &self.api_version)] {
                if !content.is_empty() {
                    object.insert(field.to_owned(), content.as_str().into());
                }
            }
        }
        Ok(value)
    }

    /// What there is to say about a JSON object that was not known before it was [decoded](Self::decode).
    pub fn noticed(&self) -> &[Diagnostic] {
        self.noticed.get().map_or(&[], Vec::as_slice)
    }

    /// The tree of a JSON object, and what is to be noticed about it.
    pub(super) fn look_through(
        &self,
        text: &'a str,
        origin: Origin,
    ) -> Result<(Tree<'a>, NodeId), DecodeError> {
        let loaded = json::load(text, origin).map_err(|fault| self.broken(fault))?;
        self.noticed
            .get_or_init(|| diags::duplicate_keys(&loaded.repeated, &self.source));
        Ok((loaded.tree, loaded.root))
    }

    /// The node tree of a YAML object and its root, for readers who name the places of fields. `None` for JSON.
    pub fn tree(&self) -> Option<(&Tree<'_>, NodeId)> {
        match &self.body {
            Body::Tree { tree, node } => Some((tree, *node)),
            Body::Json { .. } | Body::Unread { .. } => None,
        }
    }

    /// Whether it has only been guessed where the object ends: it counts once it has been decoded. See [`super::stream`].
    pub fn is_tentative(&self) -> bool {
        matches!(self.body, Body::Unread { .. })
    }

    /// Whether a tentative object proved to be one, from its first byte to its last, of the kind that its first keys
    /// tell.
    pub fn is_proven(&self) -> bool {
        match &self.body {
            Body::Unread { read, .. } => {
                read.get() || self.decode_tentatively::<IgnoredAny>().is_some()
            }
            Body::Json { .. } | Body::Tree { .. } => true,
        }
    }

    /// How the text is written that the object stands in; other objects may stand in it as well.
    pub fn layout(&self) -> Option<Layout<'a>> {
        match &self.body {
            Body::Tree { tree, .. } => Layout::yaml(tree.whole(), tree.whole_bytes().start),
            Body::Json { text, origin } => Layout::json(text, origin.offset),
            // A part does not know where in the file it stands.
            Body::Unread { .. } => None,
        }
    }

    /// The object in the layout of the text that it stands in; `None` in another one.
    pub fn in_layout(&self, layout: &Layout) -> Option<NodeAt> {
        match &self.body {
            Body::Tree { tree, node } if tree.whole_bytes() == layout.bytes => {
                let own = tree.bytes(*node);
                let keys = tree.entries(*node).map(|(key, _)| tree.bytes(key).start);
                // The first entry may come from a merge key and stand elsewhere.
                let first = keys.filter(|at| own.contains(at)).min();
                layout.object_at(first.unwrap_or(own.start))
            }
            Body::Json { text, origin } if origin.offset == layout.bytes.start => {
                (text.len() == layout.bytes.len() && layout.json).then_some(0)
            }
            Body::Tree { .. } | Body::Json { .. } | Body::Unread { .. } => None,
        }
    }

    /// Whether the object is not [too large](MAX_OBJECT).
    fn fits(&self) -> Result<(), DecodeError> {
        let bytes = match &self.body {
            Body::Json { text, .. } | Body::Unread { text, .. } => text.len(),
            Body::Tree { tree, node } => tree.bytes(*node).len(),
        };
        if bytes <= MAX_OBJECT {
            return Ok(());
        }
        let (size, most) = (bytes >> 20, MAX_OBJECT >> 20);
        Err(DecodeError {
            code: &diags::TOO_LARGE,
            path: String::new(),
            message: format!(
                "the {} takes {size} MiB, and no object can have more than {most}",
                self.kind
            ),
            source: self.source.clone(),
        })
    }

    pub(super) fn decode_node<T: DeserializeOwned>(
        &self,
        tree: &Tree<'_>,
        node: NodeId,
    ) -> Result<T, DecodeError> {
        T::deserialize(NodeRef { tree, node }).map_err(|error| {
            let span = tree.span(error.node().unwrap_or(node));
            DecodeError {
                code: &diags::TYPE,
                path: error.path(),
                message: error.message().to_owned(),
                source: Source {
                    line: span.line,
                    column: span.column,
                    ..self.source.clone()
                },
            }
        })
    }

    fn broken(&self, fault: Fault) -> DecodeError {
        DecodeError {
            code: fault.code,
            path: String::new(),
            message: fault.message,
            source: Source {
                line: fault.line,
                column: fault.column,
                ..self.source.clone()
            },
        }
    }
}
