//! Strict reading of a node tree: every mistake with its place, all at once.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Source};
use crate::input::{NodeId, NodeValue, Tree};

use super::diags;

/// The mistakes found so far, and the document that they are in.
pub(super) struct Mistakes {
    pub(super) said: Vec<Diagnostic>,
    document: Source,
}

impl Mistakes {
    /// None yet.
    pub(super) fn new(document: &Source) -> Self {
        Mistakes {
            said: Vec::new(),
            document: document.clone(),
        }
    }

    /// The place of a node.
    pub(super) fn source(&self, tree: &Tree, node: NodeId) -> Source {
        let span = tree.span(node);
        Source {
            line: span.line,
            column: span.column,
            ..self.document.clone()
        }
    }

    /// Something is wrong with a node.
    pub(super) fn at(&mut self, tree: &Tree, node: NodeId, message: String) {
        let source = self.source(tree, node);
        self.said.push(diags::invalid(&source, message));
    }

    /// The text of a node as something; a mistake if it is no text, or not that.
    pub(super) fn parsed<T>(
        &mut self,
        tree: &Tree,
        node: NodeId,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let parsed = tree.text(node).and_then(parse);
        if parsed.is_none() {
            let found = match tree.value(node) {
                NodeValue::Null => "nothing".to_owned(),
                NodeValue::List(_) => "a list".to_owned(),
                NodeValue::Map(_) => "a mapping".to_owned(),
                NodeValue::Text(text) => format!("`{text}`"),
                NodeValue::Bool(_)
                | NodeValue::Int(_)
                | NodeValue::Uint(_)
                | NodeValue::Float(_) => {
                    format!("{}, which is no text without quotes", tree.source(node))
                }
            };
            self.at(tree, node, format!("expected {expected}, found {found}"));
        }
        parsed
    }

    /// The elements of a list; a mistake if it is none.
    pub(super) fn items<'t>(&mut self, tree: &'t Tree, node: NodeId) -> Option<&'t [NodeId]> {
        if matches!(tree.value(node), NodeValue::List(_)) {
            return Some(tree.items(node));
        }
        self.at(tree, node, "expected a list".to_owned());
        None
    }
}

/// The fields of a mapping.
pub(super) struct Fields<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    node: NodeId,
    values: BTreeMap<&'t str, NodeId>,
}

impl<'t, 'a> Fields<'t, 'a> {
    /// Reads a mapping; any field that is not known is a mistake.
    pub(super) fn read(
        tree: &'t Tree<'a>,
        node: NodeId,
        known: &[&str],
        mistakes: &mut Mistakes,
    ) -> Self {
        if !matches!(tree.value(node), NodeValue::Map(_)) {
            mistakes.at(
                tree,
                node,
                format!("expected a mapping with {}", known.join(", ")),
            );
        }
        let mut values = BTreeMap::new();
        for (key, value) in tree.entries(node) {
            match tree.text(key).filter(|name| known.contains(name)) {
                Some(name) => {
                    values.insert(name, value);
                }
                None => mistakes.at(
                    tree,
                    key,
                    format!(
                        "unknown field `{}`, expected one of {}",
                        tree.source(key),
                        known.join(", ")
                    ),
                ),
            }
        }
        Fields { tree, node, values }
    }

    /// Whether the field is there, whatever its value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The value of a field.
    pub(super) fn get(&self, name: &str) -> Option<NodeId> {
        self.values.get(name).copied()
    }

    /// Whether there can be fields at all; if not, that was said already.
    pub(super) fn is_mapping(&self) -> bool {
        matches!(self.tree.value(self.node), NodeValue::Map(_))
    }

    /// The value of a field; a mistake if it is not there.
    pub(super) fn required(&self, name: &str, mistakes: &mut Mistakes) -> Option<NodeId> {
        let value = self.get(name);
        if value.is_none() && self.is_mapping() {
            mistakes.at(self.tree, self.node, format!("`{name}` is missing"));
        }
        value
    }

    /// The elements of a field that is a list, those that are understood.
    pub(super) fn list<T>(
        &self,
        name: &str,
        mistakes: &mut Mistakes,
        read: fn(&Tree, NodeId, &mut Mistakes) -> Option<T>,
    ) -> Vec<T> {
        let Some(items) = self
            .get(name)
            .and_then(|node| mistakes.items(self.tree, node))
        else {
            return Vec::new();
        };
        let read = items.iter().map(|item| read(self.tree, *item, mistakes));
        read.flatten().collect()
    }
}
