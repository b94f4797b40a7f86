//! Entries and elements in brackets: YAML's flow style, and JSON.

use serde_json::Value;

use crate::input::layout::{Node, NodeAt, Quotes, Shape};

use super::Editor;
use super::refusal::{Refusal, odd};
use crate::edit::Splice;
use crate::edit::want::Want;
use crate::edit::words::{self, Flow, Quoting};

impl<'t> Editor<'t> {
    /// Adds entries to a mapping in braces.
    pub(super) fn add_to_flow(
        &mut self,
        map: &Node,
        entries: &[(NodeAt, NodeAt)],
        missing: &[(&str, &Want)],
    ) -> Result<(), Refusal> {
        let Some(last) = entries.last() else {
            return Err(odd("an empty element of a list", map.bytes.start));
        };
        let nodes = &self.layout.nodes;
        let indent = self.indentation(nodes[last.0].bytes.start);
        let flow = self.flow(entries, indent);
        let new: Vec<String> = missing
            .iter()
            .map(|(key, want)| words::flow_entry(key, want, flow, indent.unwrap_or_default()))
            .collect::<Result<_, _>>()?;
        let value = &nodes[last.1];
        let end = match value.bytes.is_empty() {
            true => self.after_colon(&nodes[last.0]).unwrap_or(value.bytes.end),
            false => value.bytes.end,
        };
        self.append(map, end, indent, &new, flow);
        Ok(())
    }

    /// Adds elements to a list in brackets.
    pub(super) fn append_to_flow(
        &mut self,
        list: &Node,
        items: &[NodeAt],
        more: &[Value],
    ) -> Result<(), Refusal> {
        let Some(last) = items.last() else {
            return Err(odd("an empty element of a list", list.bytes.start));
        };
        let last = &self.layout.nodes[*last];
        let quotes = match self.layout.json {
            true => Quotes::Double,
            false => self.common(items.iter().copied()),
        };
        let new: Vec<String> = more
            .iter()
            .map(|item| words::scalar(item, quotes))
            .collect::<Result<_, _>>()?;
        let indent = self.indentation(last.bytes.start);
        let flow = self.flow(&[], indent);
        self.append(list, last.bytes.end, indent, &new, flow);
        Ok(())
    }

    /// Puts parts behind the last one, which ends at `end`; on lines of their own if `indent` says that it has one.
    fn append(
        &mut self,
        outer: &Node,
        end: usize,
        indent: Option<&str>,
        new: &[String],
        flow: Flow,
    ) {
        let Some(indent) = indent else {
            let text = format!("{}{}", flow.comma, new.join(flow.comma));
            return self.add(end, text);
        };
        let between = format!("{}{indent}", flow.line_break);
        let rest = &self.text[end..outer.bytes.end];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let comma = rest[blanks..].starts_with(',');
        let behind = end + if comma { blanks + 1 } else { 0 };
        let lines = new.join(&format!(",{between}"));
        match self.line_end(behind) {
            // A comment stays on its line.
            Some((at, line_break)) if !line_break.is_empty() => {
                let at = at - line_break.len();
                if !comma {
                    self.add(end, ",".to_owned());
                }
                let last = if comma { "," } else { "" };
                self.add(at, format!("{between}{lines}{last}"));
            }
            _ => self.add(end, format!(",{between}{lines}")),
        }
    }

    /// Gives a value to a key in braces that has none, `null` or empty brackets.
    pub(super) fn fill_in_flow(
        &mut self,
        key: &Node,
        value: &Node,
        want: &Want,
    ) -> Result<(), Refusal> {
        let indent = self.indentation(key.bytes.start);
        let flow = self.flow(&[], indent);
        let text = words::flow_value(want, flow, indent.unwrap_or_default())?;
        let splice = match value.bytes.is_empty() {
            false => Splice {
                at: value.bytes.clone(),
                text,
            },
            true => {
                let colon = self.after_colon(key)?;
                Splice {
                    at: colon..colon,
                    text: format!(" {text}"),
                }
            }
        };
        self.splices.push(splice);
        Ok(())
    }

    fn add(&mut self, at: usize, text: String) {
        self.splices.push(Splice { at: at..at, text });
    }

    /// How flow style is written around a place. `indent` is that of the line, if entries have lines of their own.
    fn flow(&self, entries: &[(NodeAt, NodeAt)], indent: Option<&'t str>) -> Flow<'t> {
        let nodes = &self.layout.nodes;
        // The object always has entries: its kind among them.
        let own = match &nodes[self.object].shape {
            Shape::Map { entries, .. } => entries.as_slice(),
            Shape::Scalar { .. } | Shape::Alias | Shape::List { .. } => &[],
        };
        let colon = entries.iter().chain(own).find_map(|(key, value)| {
            let value = &nodes[*value];
            let between = self.text.get(nodes[*key].bytes.end..value.bytes.start)?;
            let plain = between.trim_matches([' ', '\t']) == ":" && !value.decorated;
            plain.then_some(between)
        });
        let compact = self.layout.json && colon == Some(":");
        let own_unit = own
            .first()
            .and_then(|(key, _)| self.indentation(nodes[*key].bytes.start))
            .filter(|_| matches!(nodes[self.object].shape, Shape::Map { flow: true, .. }))
            .and_then(|inner| {
                let bracket = nodes[self.object].bytes.start;
                let line = self.text[..bracket].rsplit('\n').next().unwrap_or_default();
                let line = line.trim_start_matches('\u{feff}');
                let outer = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
                inner.strip_prefix(outer)
            })
            .filter(|unit| !unit.is_empty());
        let quoting = match (entries.is_empty(), self.layout.json) {
            (_, true) | (false, _) => self.quoting(entries),
            (true, false) => Quoting {
                keys: self.common(own.iter().map(|(key, _)| *key)),
                texts: Quotes::Plain,
            },
        };
        Flow {
            colon: match (self.layout.json, colon) {
                (true, Some(colon)) => colon,
                _ => ": ",
            },
            comma: if compact { "," } else { ", " },
            line_break: self.line_break(),
            quoting,
            unit: indent.map(|_| own_unit.unwrap_or("  ")),
        }
    }
}
