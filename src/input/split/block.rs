//! Lists in block style, as `kubectl get -o yaml` prints them, cut into their elements.

use std::ops::Range;

use super::{Line, classify, line_of};
use crate::input::text::Origin;
use crate::input::tree::Value;
use crate::input::yaml;

/// A list in block style, in parts.
pub(super) struct BlockList {
    pub(super) elements: Vec<Range<usize>>,
    /// What stands before `items:` and behind the elements.
    pub(super) outside: [Range<usize>; 2],
}

/// Cuts a block list whose `items:` stands at column 0 into its elements. `None` unless that is certain: anchors may be
/// used across elements, so a document with anchors is not cut.
pub(super) fn block_list(document: &[u8]) -> Option<BlockList> {
    let first = first_element(document)?;
    let (elements, end) = elements(document, first.at, first.indent)?;
    // Anything behind the elements is looked at by the caller, which refuses a second `items`.
    let rest = &document[end..];
    if rest.split(|byte| *byte == b'\n').any(has_anchor) {
        return None;
    }
    Some(BlockList {
        elements,
        outside: [0..first.items, end..document.len()],
    })
}

/// Where the elements of a block list begin.
pub(in crate::input) struct First {
    /// Where the line `items:` begins.
    pub(in crate::input) items: usize,
    /// Where the line of the first element begins.
    pub(in crate::input) at: usize,
    /// How far the elements are indented.
    pub(in crate::input) indent: usize,
}

/// The first element of the block list with which a document begins, up to its dash.
pub(in crate::input) fn first_element(document: &[u8]) -> Option<First> {
    let mut at = 0;
    let mut items: Option<usize> = None;
    while at < document.len() {
        let line = line_of(&document[at..]);
        if has_anchor(line) {
            return None;
        }
        match items {
            None => {
                if let Some(rest) = line.strip_prefix(b"items:") {
                    if classify(rest) != Line::Empty {
                        return None;
                    }
                    items = Some(at);
                }
            }
            Some(_) if classify(line) == Line::Empty => {}
            Some(items) => {
                let indent = indent_of(line);
                return is_dash(&line[indent..]).then_some(First { items, at, indent });
            }
        }
        at += line.len();
    }
    None
}

/// The elements that begin at `from`, one for each dash at `indent`, and where they end. `None` if there are anchors.
pub(in crate::input) fn elements(
    document: &[u8],
    from: usize,
    indent: usize,
) -> Option<(Vec<Range<usize>>, usize)> {
    let mut at = from;
    let mut elements: Vec<Range<usize>> = Vec::new();
    while at < document.len() {
        let line = line_of(&document[at..]);
        if has_anchor(line) {
            return None;
        }
        let end = at + line.len();
        let blanks = indent_of(line);
        if blanks <= indent && classify(line) != Line::Empty {
            if blanks < indent || !is_dash(&line[blanks..]) {
                // The rest of the mapping.
                break;
            }
            elements.push(at..end);
        }
        if let Some(element) = elements.last_mut() {
            element.end = end;
        }
        at = end;
    }
    Some((elements, at))
}

fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|byte| **byte == b' ').count()
}

fn is_dash(text: &[u8]) -> bool {
    matches!(text, [b'-', b' ' | b'\r' | b'\n', ..])
}

/// What a list says of itself outside of its elements.
pub(in crate::input) struct Outside {
    pub(in crate::input) kind: Option<String>,
    pub(in crate::input) api_version: Option<String>,
}

/// Reads the parts of a list before and behind its elements. `None` for a second `items`, or anything to be said about
/// them: that takes the long way.
pub(in crate::input) fn outside(parts: &[&[u8]]) -> Option<Outside> {
    let mut head = Outside {
        kind: None,
        api_version: None,
    };
    for part in parts {
        let text = std::str::from_utf8(part).ok()?;
        let Some(loaded) = yaml::load(text, Origin::START).ok()? else {
            continue;
        };
        let field = |name: &str| {
            let node = loaded.tree.get(loaded.root, name)?;
            loaded.tree.text(node).map(str::to_owned)
        };
        let plain = matches!(loaded.tree.value(loaded.root), Value::Map(_) | Value::Null)
            && loaded.repeated.is_empty()
            && loaded.tree.get(loaded.root, "items").is_none();
        if !plain || (head.kind.is_some() && field("kind").is_some()) {
            return None;
        }
        head = Outside {
            kind: head.kind.or(field("kind")),
            api_version: head.api_version.or(field("apiVersion")),
        };
    }
    Some(head)
}

/// Whether an anchor may be defined in a line: a `&name` where a value begins.
fn has_anchor(line: &[u8]) -> bool {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'&', &line[from..]) {
        let at = from + found;
        let before = line[..at].trim_ascii_end();
        let begins_value = before.len() < at && matches!(before.last(), Some(b':' | b'-'));
        if begins_value
            && line
                .get(at + 1)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        {
            return true;
        }
        from = at + 1;
    }
    false
}
