//! Where a field stands, and which splices give it its value.

mod block;
mod flow;
mod refusal;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::input::layout::{Layout, Node, NodeAt, Quotes, Shape};
use crate::input::{self, Document, InputFile};

use super::want::{self, Want};
use super::words::{self, Quoting};
use super::{Draft, Left, Splice, Wish};
use refusal::{Lines, Refusal, odd};

/// Finds the objects of the wishes in a file and drafts their edits, in the order of the text. A draft without splices
/// is a wish that is fulfilled already.
pub(super) fn drafts<'w>(
    file: &InputFile,
    text: &str,
    wishes: &'w [Wish],
) -> Vec<Result<Draft<'w>, Left>> {
    let mut wishes: Vec<&Wish> = wishes.iter().collect();
    wishes.sort_by(|a, b| a.source.cmp(&b.source));
    let chunks = input::chunks(file);
    let chunk_of = |wish: &Wish| {
        let place = (wish.source.document, wish.source.line, wish.source.column);
        chunks
            .partition_point(|chunk| chunk.place() <= place)
            .checked_sub(1)
    };
    let lines = Lines::new(text);
    let mut drafts = Vec::with_capacity(wishes.len());
    for group in wishes.chunk_by(|a, b| chunk_of(a) == chunk_of(b)) {
        let Some(chunk) = group.first().and_then(|wish| chunk_of(wish)) else {
            drafts.extend(group.iter().map(|wish| Err(wish.left(GONE))));
            continue;
        };
        let reading = chunks[chunk].read();
        let documents: BTreeMap<(u32, u32), &Document> = reading
            .documents
            .iter()
            .map(|document| ((document.source.line, document.source.column), document))
            .collect();
        let mut layout: Option<Layout> = None;
        for wish in group {
            let document = documents
                .get(&(wish.source.line, wish.source.column))
                .filter(|document| wish.means(document));
            let splices = match document {
                None => Err(GONE.into()),
                Some(document) => splices(text, document, &mut layout, wish),
            };
            drafts.push(match splices {
                Ok(splices) => Ok(Draft {
                    wish,
                    chunk,
                    splices,
                }),
                Err(refusal) => Err(wish.left(&refusal.told(&wish.source, &lines))),
            });
        }
    }
    drafts
}

const GONE: &str = "it does not stand there any more";

/// The splices that fulfil a wish. `layout` is the one that was needed last: many objects may stand in one text.
fn splices<'a>(
    text: &str,
    document: &Document<'a>,
    layout: &mut Option<Layout<'a>>,
    wish: &Wish,
) -> Result<Vec<Splice>, Refusal> {
    let before = document.value().map_err(|_| GONE)?;
    let mut expected = before.clone();
    wish.fulfil(&mut expected);
    if expected == before {
        return Ok(Vec::new());
    }
    let find = |layout: &Layout| document.in_layout(layout);
    if layout.as_ref().and_then(find).is_none() {
        *layout = document.layout();
    }
    let layout = layout.as_ref().ok_or(refusal::ODD)?;
    let object = find(layout).ok_or(refusal::ODD)?;
    let mut editor = Editor {
        text,
        layout,
        object,
        splices: Vec::new(),
    };
    let want = want::tree(&wish.sets);
    editor.node(object, &want, Some(&before))?;
    Ok(editor.splices)
}

const TWICE: &str = "a key on the way stands twice";
const SHARED: &str = "an anchor shares the value with other places";
const MERGED: &str = "the value comes from a merge key (`<<`)";

/// Makes the splices for one object.
struct Editor<'t> {
    /// The whole file.
    text: &'t str,
    layout: &'t Layout<'t>,
    object: NodeAt,
    splices: Vec<Splice>,
}

impl<'t> Editor<'t> {
    /// Edits a node that is there. What goes into it comes before what goes behind it.
    fn node(&mut self, at: NodeAt, want: &Want, before: Option<&Value>) -> Result<(), Refusal> {
        let layout = self.layout;
        let node = &layout.nodes[at];
        if node.shared || matches!(node.shape, Shape::Alias) {
            return Err(Refusal::at(SHARED, node.bytes.start));
        }
        match (&node.shape, want) {
            (Shape::Map { flow, entries }, Want::Map(wanted)) => {
                let mut missing = Vec::new();
                for (key, want) in wanted {
                    match self.find(entries, key)? {
                        Some((key_at, value)) => {
                            let before = before.and_then(|before| before.get(key));
                            self.entry(*flow, key_at, value, want, before)?;
                        }
                        None if before.and_then(|before| before.get(key)).is_some() => {
                            let merge = self.find(entries, "<<")?;
                            let at = merge.map_or(node, |(key, _)| &layout.nodes[key]);
                            return Err(Refusal::at(MERGED, at.bytes.start));
                        }
                        None => missing.push((*key, want)),
                    }
                }
                match (missing.is_empty(), flow) {
                    (true, _) => Ok(()),
                    (false, true) => self.add_to_flow(node, entries, &missing),
                    (false, false) => self.add_to_block(entries, &missing),
                }
            }
            (Shape::List { items, .. }, Want::Items(wanted)) => {
                for (index, want) in wanted {
                    let missing = || Refusal::at(words::NO_ELEMENT, node.bytes.start);
                    let item = *items.get(*index).ok_or_else(missing)?;
                    let before = before.and_then(|before| before.get(index));
                    self.node(item, want, before)?;
                }
                Ok(())
            }
            (Shape::List { flow, items }, Want::Value(Value::Array(wanted))) => {
                let shrinks = || odd("a list that would lose elements", node.bytes.start);
                let more = wanted.get(items.len()..).ok_or_else(shrinks)?;
                match (more.is_empty(), flow) {
                    (true, _) => Ok(()),
                    (false, true) => self.append_to_flow(node, items, more),
                    (false, false) => self.append_to_block(items, more),
                }
            }
            (Shape::Scalar { quotes, text }, Want::Value(wanted)) => {
                if before == Some(*wanted) {
                    return Ok(());
                }
                self.replace(node, *quotes, text, wanted)
            }
            (Shape::Map { .. }, _) => Err(odd(
                "a mapping where something else belongs",
                node.bytes.start,
            )),
            (Shape::List { .. }, _) => {
                Err(odd("a list where something else belongs", node.bytes.start))
            }
            (Shape::Scalar { .. } | Shape::Alias, _) => Err(odd(
                "a value where a mapping or list belongs",
                node.bytes.start,
            )),
        }
    }

    /// Edits the value of a key that is there.
    fn entry(
        &mut self,
        in_flow: bool,
        key: NodeAt,
        value: NodeAt,
        want: &Want,
        before: Option<&Value>,
    ) -> Result<(), Refusal> {
        let layout = self.layout;
        let node = &layout.nodes[value];
        let empty = match &node.shape {
            Shape::Map { entries, .. } => entries.is_empty(),
            Shape::List { items, .. } => items.is_empty(),
            Shape::Scalar { .. } => before.is_none_or(Value::is_null),
            Shape::Alias => false,
        };
        let is_same = matches!(want, Want::Value(wanted) if before == Some(*wanted));
        if !empty || is_same || node.shared {
            return self.node(value, want, before);
        }
        if node.decorated {
            return Err(odd("an anchor or a tag before nothing", node.bytes.start));
        }
        match in_flow {
            true => self.fill_in_flow(&layout.nodes[key], node, want),
            false => self.fill_in_block(&layout.nodes[key], node, want),
        }
    }

    /// The entry of a key.
    fn find(
        &self,
        entries: &[(NodeAt, NodeAt)],
        key: &str,
    ) -> Result<Option<(NodeAt, NodeAt)>, Refusal> {
        let mut found = None;
        for (key_at, value) in entries {
            let node = &self.layout.nodes[*key_at];
            if matches!(&node.shape, Shape::Scalar { text, .. } if text == key) {
                if found.is_some() {
                    return Err(Refusal::at(TWICE, node.bytes.start));
                }
                found = Some((*key_at, *value));
            }
        }
        Ok(found)
    }

    /// Puts another scalar in the place of one, in the same quotes.
    fn replace(
        &mut self,
        node: &Node,
        quotes: Quotes,
        old: &str,
        new: &Value,
    ) -> Result<(), Refusal> {
        if quotes == Quotes::Block {
            // It begins with its first line, but is told where its header stands.
            let header = self.text[..node.bytes.start].trim_end().len();
            return Err(odd("a block scalar (`|` or `>`)", header));
        }
        if node.decorated {
            return Err(odd("an anchor or a tag before the value", node.bytes.start));
        }
        if old.contains('\n') {
            return Err(odd("a value of several lines", node.bytes.start));
        }
        let text = words::scalar(new, quotes)?;
        self.splices.push(Splice {
            at: node.bytes.clone(),
            text,
        });
        Ok(())
    }

    /// The quotes that a new entry takes from its neighbours: theirs, if they all have the same without need.
    fn quoting(&self, entries: &[(NodeAt, NodeAt)]) -> Quoting {
        if self.layout.json {
            return Quoting {
                keys: Quotes::Double,
                texts: Quotes::Double,
            };
        }
        Quoting {
            keys: self.common(entries.iter().map(|(key, _)| *key)),
            texts: self.common(entries.iter().map(|(_, value)| *value)),
        }
    }

    fn common(&self, nodes: impl Iterator<Item = NodeAt>) -> Quotes {
        let scalars: Vec<(Quotes, &str)> = nodes
            .filter_map(|at| match &self.layout.nodes[at].shape {
                Shape::Scalar { quotes, text } => Some((*quotes, text.as_ref())),
                Shape::Alias | Shape::Map { .. } | Shape::List { .. } => None,
            })
            .collect();
        let Some((first, _)) = scalars.first() else {
            return Quotes::Plain;
        };
        let alike = scalars.iter().all(|(quotes, _)| quotes == first);
        let needless = scalars.iter().any(|(_, text)| words::is_plain(text));
        match first {
            Quotes::Single | Quotes::Double if alike && needless => *first,
            _ => Quotes::Plain,
        }
    }

    /// Where a line ends that a node ends in, if nothing but blanks and a comment follows: the byte behind its line
    /// break, and the line break. The end of the file has none.
    fn line_end(&self, from: usize) -> Option<(usize, &'t str)> {
        let rest = &self.text[from..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let line = match rest[blanks..].bytes().next() {
            None | Some(b'\n' | b'\r') => blanks,
            Some(b'#') if blanks > 0 || from == 0 || self.text[..from].ends_with('\n') => {
                blanks + rest[blanks..].find('\n').unwrap_or(rest.len() - blanks)
            }
            Some(_) => return None,
        };
        let tail = &rest[line..];
        let line_break = match tail.bytes().next() {
            None => "",
            Some(b'\n') if rest[..line].ends_with('\r') => "\r\n",
            Some(b'\n') => "\n",
            Some(b'\r') if tail.starts_with("\r\n") => "\r\n",
            Some(_) => return None,
        };
        let own = if tail.starts_with("\r\n") {
            2
        } else {
            line_break.len().min(1)
        };
        Some((from + line + own, line_break))
    }

    /// The line break of the file.
    fn line_break(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// The blanks before a byte, if there is nothing else before it on its line.
    fn indentation(&self, at: usize) -> Option<&'t str> {
        let text = self.text;
        let start = text[..at].trim_end_matches([' ', '\t']).len();
        let begins_line = start == 0 || text[..start].ends_with('\n');
        begins_line.then(|| &text[start..at])
    }

    /// The byte behind the colon of a key.
    fn after_colon(&self, key: &Node) -> Result<usize, Refusal> {
        let rest = &self.text[key.bytes.end..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        match rest[blanks..].starts_with(':') {
            true => Ok(key.bytes.end + blanks + 1),
            false => Err(odd("a key without a colon behind it", key.bytes.start)),
        }
    }
}
