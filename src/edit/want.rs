//! The fields of a wish as a tree, so that everything that goes into one mapping goes in together.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{At, Set};

/// What a node of an object should be. As deep as the longest path of a wish.
#[derive(Debug)]
pub(super) enum Want<'v> {
    /// A scalar, a list, or an empty mapping.
    Value(&'v Value),
    /// A mapping with these entries among others.
    Map(BTreeMap<&'v str, Want<'v>>),
    /// A list with these elements among others.
    Items(BTreeMap<usize, Want<'v>>),
}

/// The sets of one wish as a tree. Where two sets contradict each other, the later one counts.
pub(super) fn tree(sets: &[Set]) -> Want<'_> {
    let mut root = Want::Map(BTreeMap::new());
    for set in sets {
        let mut place = &mut root;
        for at in &set.path {
            place = match at {
                At::Key(key) => place.entry(key),
                At::Index(index) => place.element(*index),
            };
        }
        *place = of(&set.value);
    }
    root
}

/// A value as a tree: mappings are opened.
fn of(value: &Value) -> Want<'_> {
    match value {
        Value::Object(fields) if !fields.is_empty() => Want::Map(
            fields
                .iter()
                .map(|(key, value)| (key.as_str(), of(value)))
                .collect(),
        ),
        value => Want::Value(value),
    }
}

impl<'v> Want<'v> {
    fn entry(&mut self, key: &'v str) -> &mut Want<'v> {
        if !matches!(self, Want::Map(_)) {
            *self = Want::Map(BTreeMap::new());
        }
        match self {
            Want::Map(entries) => entries.entry(key).or_insert(Want::Value(&Value::Null)),
            Want::Value(_) | Want::Items(_) => self,
        }
    }

    fn element(&mut self, index: usize) -> &mut Want<'v> {
        if !matches!(self, Want::Items(_)) {
            *self = Want::Items(BTreeMap::new());
        }
        match self {
            Want::Items(items) => items.entry(index).or_insert(Want::Value(&Value::Null)),
            Want::Value(_) | Want::Map(_) => self,
        }
    }
}
