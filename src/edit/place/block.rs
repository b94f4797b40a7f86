//! Entries and elements on lines of their own, by indentation.

use serde_json::Value;

use crate::input::layout::{Node, NodeAt, Quotes, Shape};

use super::Editor;
use super::refusal::{ODD, Refusal, odd};
use crate::edit::Splice;
use crate::edit::want::Want;
use crate::edit::words::{self, Block, Quoting};

/// What people write before their labels.
const NAME: &str = "name";

impl<'t> Editor<'t> {
    /// Adds entries to a mapping in block style: labels behind the name, anything else behind the last entry.
    pub(super) fn add_to_block(
        &mut self,
        entries: &[(NodeAt, NodeAt)],
        missing: &[(&str, &Want)],
    ) -> Result<(), Refusal> {
        let last = *entries.last().ok_or(ODD)?;
        let indent = self.column(self.layout.nodes[last.0].bytes.start);
        let block = self.block(self.quoting(entries));
        let name = self.find(entries, NAME)?.filter(|(_, value)| {
            matches!(self.layout.nodes[*value].shape, Shape::Scalar { quotes, .. } if quotes != Quotes::Block)
        });
        let (labels, others): (Vec<_>, Vec<_>) =
            missing.iter().partition(|(key, _)| *key == "labels");
        for (group, after) in [(labels, name.unwrap_or(last)), (others, last)] {
            let mut lines = String::new();
            for (key, want) in group {
                words::block_entry(&mut lines, indent, key, want, block)?;
            }
            if !lines.is_empty() {
                let end = self.end_of_entry(after)?;
                self.insert_lines(end, lines, block.line_break)?;
            }
        }
        Ok(())
    }

    /// Gives a value to a key that has none, `null` or empty brackets: a mapping goes below it.
    pub(super) fn fill_in_block(
        &mut self,
        key: &Node,
        value: &Node,
        want: &Want,
    ) -> Result<(), Refusal> {
        let colon = self.after_colon(key)?;
        let end = value.bytes.end.max(colon);
        if self.text[colon..end].contains('\n') {
            return Err(odd("a value on another line than its key", key.bytes.start));
        }
        let block = self.block(Quoting {
            keys: Quotes::Plain,
            texts: Quotes::Plain,
        });
        let indent = self.column(key.bytes.start);
        let mut lines = String::new();
        match want {
            Want::Map(entries) => {
                for (key, want) in entries {
                    words::block_entry(&mut lines, indent + block.step, key, want, block)?;
                }
            }
            Want::Value(Value::Array(items)) if !items.is_empty() => {
                for item in items {
                    let blanks = " ".repeat(indent + block.dash);
                    let item = words::scalar(item, Quotes::Plain)?;
                    lines.push_str(&format!("{blanks}- {item}{}", block.line_break));
                }
            }
            Want::Value(value) => {
                let text = words::scalar(value, Quotes::Plain)?;
                self.splices.push(Splice {
                    at: colon..end,
                    text: format!(" {text}"),
                });
                return Ok(());
            }
            Want::Items(_) => return Err(words::NO_ELEMENT.into()),
        }
        if colon < end {
            self.splices.push(Splice {
                at: colon..end,
                text: String::new(),
            });
        }
        self.insert_lines(end, lines, block.line_break)
    }

    /// Adds elements to a list in block style.
    pub(super) fn append_to_block(
        &mut self,
        items: &[NodeAt],
        more: &[Value],
    ) -> Result<(), Refusal> {
        let last = &self.layout.nodes[*items.last().ok_or(ODD)?];
        let before = self.text[..last.bytes.start].trim_end_matches([' ', '\t']);
        let here = |form| odd(form, last.bytes.start);
        let before = before
            .strip_suffix('-')
            .ok_or_else(|| here("something between a dash and its element"))?;
        let indent = self
            .indentation(before.len())
            .ok_or_else(|| here("something before a dash on its line"))?;
        if !matches!(last.shape, Shape::Scalar { quotes, .. } if quotes != Quotes::Block) {
            return Err(here("a list whose last element is no plain value"));
        }
        let quotes = self.common(items.iter().copied());
        let line_break = self.line_break();
        let mut lines = String::new();
        for item in more {
            let item = words::scalar(item, quotes)?;
            lines.push_str(&format!("{indent}- {item}{line_break}"));
        }
        self.insert_lines(last.bytes.end, lines, line_break)
    }

    /// Puts lines behind the line that a node ends in. Their line breaks become that line's.
    fn insert_lines(&mut self, end: usize, lines: String, line_break: &str) -> Result<(), Refusal> {
        let (at, own) = match self.text[..end].ends_with('\n') {
            // What ends with its line break is behind its line already.
            true => (end, self.line_break_before(end)),
            false => self
                .line_end(end)
                .ok_or_else(|| odd("something behind a value on its line", end))?,
        };
        let text = match own {
            "" => format!("{line_break}{}", lines.trim_end_matches(['\r', '\n'])),
            own => lines.replace(line_break, own),
        };
        self.splices.push(Splice { at: at..at, text });
        Ok(())
    }

    fn line_break_before(&self, end: usize) -> &'static str {
        match self.text[..end].ends_with("\r\n") {
            true => "\r\n",
            false => "\n",
        }
    }

    /// The byte where an entry ends: a node, or the colon of a key without one.
    fn end_of_entry(&self, (key, value): (NodeAt, NodeAt)) -> Result<usize, Refusal> {
        let (mut key, mut at) = (key, value);
        loop {
            let node = &self.layout.nodes[at];
            match &node.shape {
                Shape::Map {
                    flow: false,
                    entries,
                } => (key, at) = *entries.last().ok_or(ODD)?,
                Shape::List { flow: false, items } => at = *items.last().ok_or(ODD)?,
                Shape::Scalar {
                    quotes: Quotes::Nothing,
                    ..
                } => {
                    let key = &self.layout.nodes[key];
                    // An element without content ends at its dash.
                    return match node.bytes.start == key.bytes.end {
                        true => self.after_colon(key),
                        false => Ok(node.bytes.end),
                    };
                }
                Shape::Scalar {
                    quotes: Quotes::Block,
                    ..
                } => return Ok(self.end_of_block_scalar(node)),
                Shape::Scalar { .. } | Shape::Alias | Shape::Map { .. } | Shape::List { .. } => {
                    return Ok(node.bytes.end);
                }
            }
        }
    }

    /// Where the last line of a block scalar ends. Blank lines behind it belong to it only if it keeps them (`|+`).
    fn end_of_block_scalar(&self, node: &Node) -> usize {
        let header = self.text[..node.bytes.start].trim_end();
        let header = header.rsplit(['\n', ' ']).next().unwrap_or_default();
        let text = &self.text[node.bytes.clone()];
        let text = match header.contains('+') {
            // The indentation of what comes next does not belong to it.
            true => text.trim_end_matches([' ', '\t']),
            false => text.trim_end_matches([' ', '\t', '\r', '\n']),
        };
        node.bytes.start + text.len()
    }

    /// The column of a byte, from zero.
    fn column(&self, at: usize) -> usize {
        let line = self.text[..at].rsplit('\n').next().unwrap_or_default();
        line.trim_start_matches('\u{feff}').chars().count()
    }

    /// How block style is written in the object.
    fn block(&self, quoting: Quoting) -> Block<'static> {
        let mut step = None;
        let mut dash = None;
        let nodes = &self.layout.nodes;
        let end = nodes[self.object].bytes.end;
        for node in nodes[self.object..]
            .iter()
            .take_while(|n| n.bytes.start < end)
        {
            let Shape::Map {
                flow: false,
                entries,
            } = &node.shape
            else {
                continue;
            };
            for (key, value) in entries {
                let key = self.column(nodes[*key].bytes.start);
                let start = nodes[*value].bytes.start;
                match &nodes[*value].shape {
                    Shape::Map { flow: false, .. } => {
                        step = step.or(self.column(start).checked_sub(key));
                    }
                    Shape::List { flow: false, items } if dash.is_none() => {
                        let first = items.first().map_or(start, |at| nodes[*at].bytes.start);
                        let before = self.text[..first].trim_end_matches([' ', '\t']);
                        dash = before
                            .strip_suffix('-')
                            .and_then(|before| self.column(before.len()).checked_sub(key));
                    }
                    Shape::Scalar { .. }
                    | Shape::Alias
                    | Shape::Map { .. }
                    | Shape::List { .. } => {}
                }
            }
            if step.is_some() && dash.is_some() {
                break;
            }
        }
        Block {
            step: step.filter(|step| *step > 0).unwrap_or(2),
            dash: dash.unwrap_or(0),
            line_break: self.line_break(),
            quoting,
        }
    }
}
