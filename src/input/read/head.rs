//! What a JSON object says of itself, and where.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::input::text::{Fault, Origin};
use crate::input::{diags, json};

/// `kind` and `apiVersion` of a JSON object. Reading it checks the syntax of the whole.
#[derive(Deserialize)]
pub(in crate::input) struct Head {
    #[serde(default)]
    pub(in crate::input) kind: Option<String>,
    #[serde(default, rename = "apiVersion")]
    pub(in crate::input) api_version: Option<String>,
}

/// `apiVersion` and `kind` of a JSON object that begins with these, in whatever order.
pub(in crate::input) fn peek(text: &str) -> Option<[&str; 2]> {
    let mut rest = text.strip_prefix('{')?;
    let mut found = [None, None];
    for _ in 0..2 {
        let (key, behind) = plain_string(rest)?;
        let (value, behind) = plain_string(behind.trim_ascii_start().strip_prefix(':')?)?;
        let at = ["apiVersion", "kind"]
            .iter()
            .position(|name| *name == key)?;
        found[at] = Some(value);
        let behind = behind.trim_ascii_start();
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    Some([found[0]?, found[1]?])
}

/// The string without escapes with which a text begins, and what stands behind it.
fn plain_string(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start().strip_prefix('"')?;
    let end = memchr::memchr2(b'"', b'\\', text.as_bytes())?;
    let string = &text[..end];
    let behind = text[end..].strip_prefix('"')?;
    (!string.bytes().any(|byte| byte < 0x20)).then_some((string, behind))
}

/// `kind` and `apiVersion` of a JSON object; `None` for another JSON value.
pub(in crate::input) fn json_head(text: &str, origin: Origin) -> Result<Option<Head>, Fault> {
    if !text.starts_with('{') {
        return match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(None),
            Err(error) => Err(json_fault(text, origin, &error)),
        };
    }
    match serde_json::from_str::<Head>(text) {
        Ok(head) => Ok(Some(head)),
        // A repeated key, or a `kind` that is not a string.
        Err(error) if error.is_data() => {
            let json::Loaded { tree, root, .. } = json::load(text, origin)?;
            let field = |name: &str| {
                let node = tree.get(root, name)?;
                tree.text(node).map(str::to_owned)
            };
            Ok(Some(Head {
                kind: field("kind"),
                api_version: field("apiVersion"),
            }))
        }
        Err(error) => Err(json_fault(text, origin, &error)),
    }
}

/// A syntax error of `serde_json`, which counts lines from the text's beginning and columns in bytes.
fn json_fault(text: &str, origin: Origin, error: &serde_json::Error) -> Fault {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let at = match error.classify() {
        serde_json::error::Category::Eof => text.len(),
        _ => (line_start + error.column().saturating_sub(1)).min(text.len()),
    };
    let place = origin.after(&text.as_bytes()[..at]);
    let message = error.to_string();
    let message = match message.split(" at line ").next().unwrap_or_default() {
        // A quote is missing far more often than such a character is there.
        message
            if message.starts_with("control character")
                && text.as_bytes()[at..]
                    .iter()
                    .take(2)
                    .any(|byte| *byte == b'\n') =>
        {
            "a string is not closed before the end of its line"
        }
        message => message,
    };
    Fault {
        code: &diags::SYNTAX,
        line: place.line,
        column: place.column,
        message: message.to_owned(),
        help: String::new(),
    }
}

/// The place of an object's first key, or of the text if it has none.
pub(in crate::input) fn json_first_key(text: &str, origin: Origin) -> Origin {
    let begin = text
        .find(|c: char| c != '{' && !c.is_ascii_whitespace())
        .filter(|at| text[*at..].starts_with('"'))
        .unwrap_or(0);
    origin.after(&text.as_bytes()[..begin])
}
