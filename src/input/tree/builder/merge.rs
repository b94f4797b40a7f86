//! Mappings with merge keys or repeated keys: what is in them in the end.

use std::collections::BTreeMap;

use super::{Builder, MAX_REPEATED, Outcome, Refusal, Repeated};
use crate::input::tree::{NodeId, Value};

impl Builder<'_> {
    /// Entries in the order of the text, each overriding the ones before it, and a merge key taking part at its
    /// place. That is go-yaml v2 (`decode.go`, `mapping` and `merge`), where a merge overrides the keys before it.
    pub(super) fn merge_in_order(
        &mut self,
        children: &[NodeId],
        merges: &[usize],
    ) -> Result<Vec<NodeId>, Refusal> {
        let mut entries: Vec<NodeId> = Vec::with_capacity(children.len());
        let mut index: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
        let mut repeated = Vec::new();
        for (number, pair) in children.chunks_exact(2).enumerate() {
            let merged = merges.binary_search(&number).is_ok();
            let added: Vec<NodeId> = if merged {
                self.merge_sources(pair[1])?
                    .into_iter()
                    .flat_map(|source| self.tree.entries(source))
                    .flat_map(|(key, value)| [key, value])
                    .collect()
            } else {
                pair.to_vec()
            };
            for entry in added.chunks_exact(2) {
                let key = self.key(entry[0]);
                match index.get_mut(key) {
                    None => {
                        index.insert(key, (entries.len(), merged));
                        entries.extend_from_slice(entry);
                    }
                    Some((at, from_merge)) => {
                        // What a merge brought may be overridden: that is what merge keys are for.
                        if !*from_merge && repeated.len() < MAX_REPEATED {
                            repeated.push(Repeated {
                                key: key.to_owned(),
                                first: self.tree.span(entries[*at]),
                                again: self.tree.span(pair[0]),
                                outcome: match merged {
                                    true => Outcome::Merged,
                                    false => Outcome::Replaced,
                                },
                            });
                        }
                        *from_merge = merged;
                        entries[*at..*at + 2].copy_from_slice(entry);
                    }
                }
            }
        }
        self.note(repeated);
        Ok(entries)
    }

    /// The mappings that `<<` names, the one that is to win last.
    fn merge_sources(&self, value: NodeId) -> Result<Vec<NodeId>, Refusal> {
        let is_map = |node: &NodeId| matches!(self.tree.value(*node), Value::Map(_));
        let sources: Vec<NodeId> = match self.tree.value(value) {
            Value::Map(_) => vec![value],
            Value::List(links) => self.tree.linked(*links).iter().rev().copied().collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Float(_)
            | Value::Text(_) => return Err(Refusal::NotMergeable),
        };
        if sources.iter().all(is_map) {
            Ok(sources)
        } else {
            Err(Refusal::NotMergeable)
        }
    }

    /// Entries by key, where the values of a repeated key that are mappings become one mapping.
    pub(super) fn merge_repeats(&mut self, children: &[NodeId]) -> Result<Vec<NodeId>, Refusal> {
        let is_map = |node: NodeId| matches!(self.tree.value(node), Value::Map(_));
        let mut groups: Vec<(NodeId, Vec<NodeId>)> = Vec::new();
        let mut index: BTreeMap<&str, usize> = BTreeMap::new();
        let mut repeated = Vec::new();
        for pair in children.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            match index.get(self.key(key)) {
                Some(at) => {
                    let (first, values) = &mut groups[*at];
                    if repeated.len() < MAX_REPEATED {
                        let joined = is_map(value) && values.last().is_some_and(|one| is_map(*one));
                        repeated.push(Repeated {
                            key: self.key(key).to_owned(),
                            first: self.tree.span(*first),
                            again: self.tree.span(key),
                            outcome: match joined {
                                true => Outcome::Joined,
                                false => Outcome::Replaced,
                            },
                        });
                    }
                    values.push(value);
                }
                None => {
                    index.insert(self.key(key), groups.len());
                    groups.push((key, vec![value]));
                }
            }
        }
        self.note(repeated);
        let mut entries = Vec::with_capacity(groups.len() * 2);
        for (key, values) in groups {
            entries.push(key);
            entries.push(self.merge_values(&values)?);
        }
        Ok(entries)
    }

    fn merge_values(&mut self, values: &[NodeId]) -> Result<NodeId, Refusal> {
        let last = values[values.len() - 1];
        let maps = values
            .iter()
            .rev()
            .take_while(|node| matches!(self.tree.value(**node), Value::Map(_)))
            .count();
        if maps < 2 {
            return Ok(last);
        }
        let children: Vec<NodeId> = values[values.len() - maps..]
            .iter()
            .flat_map(|map| self.tree.entries(*map))
            .flat_map(|(key, value)| [key, value])
            .collect();
        let span = self.tree.span(last);
        let children = self.merge_repeats(&children)?;
        let links = self.link(&children)?;
        self.push(Value::Map(links), span)
    }
}
