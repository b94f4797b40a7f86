//! Values as text: in block style, in flow style, in JSON, in the quotes of their neighbours.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use crate::input::layout::Quotes;

use super::want::Want;
use super::{At, Set};

/// The quotes around new keys and strings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoting {
    /// Around keys.
    pub(super) keys: Quotes,
    /// Around strings.
    pub(super) texts: Quotes,
}

/// How block style is written around a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'t> {
    /// Blanks that a mapping within a mapping is indented by.
    pub(super) step: usize,
    /// Blanks that the dashes of a list within a mapping are indented by.
    pub(super) dash: usize,
    /// The end of a line.
    pub(super) line_break: &'t str,
    /// Quotes of the mapping that is added to.
    pub(super) quoting: Quoting,
}

/// How flow style is written around a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow<'t> {
    /// Between a key and its value.
    pub(super) colon: &'t str,
    /// Between two entries on one line.
    pub(super) comma: &'t str,
    /// The end of a line.
    pub(super) line_break: &'t str,
    /// Quotes of the mapping that is added to.
    pub(super) quoting: Quoting,
    /// What a mapping within a mapping is indented by; `None` if everything stands on one line.
    pub(super) unit: Option<&'t str>,
}

/// An entry of a mapping in block style, every line with its end.
pub(super) fn block_entry(
    out: &mut String,
    indent: usize,
    key: &str,
    want: &Want,
    block: Block,
) -> Result<(), &'static str> {
    let key = quoted(key, block.quoting.keys);
    let blanks = " ".repeat(indent);
    let end = block.line_break;
    match want {
        Want::Map(entries) => {
            let _ = write!(out, "{blanks}{key}:{end}");
            let inner = Block {
                quoting: Quoting {
                    texts: Quotes::Plain,
                    ..block.quoting
                },
                ..block
            };
            for (key, want) in entries {
                block_entry(out, indent + block.step, key, want, inner)?;
            }
        }
        Want::Value(Value::Array(items)) if !items.is_empty() => {
            let _ = write!(out, "{blanks}{key}:{end}");
            let blanks = " ".repeat(indent + block.dash);
            for item in items {
                let item = scalar(item, Quotes::Plain)?;
                let _ = write!(out, "{blanks}- {item}{end}");
            }
        }
        Want::Value(value) => {
            let value = scalar(value, block.quoting.texts)?;
            let _ = write!(out, "{blanks}{key}: {value}{end}");
        }
        Want::Items(_) => return Err(NO_ELEMENT),
    }
    Ok(())
}

/// Why an element of a list that is not there is not made.
pub(super) const NO_ELEMENT: &str = "the element of the list is not there";

/// An entry of a mapping in flow style. `indent` is that of its line, if it has one of its own.
pub(super) fn flow_entry(
    key: &str,
    want: &Want,
    flow: Flow,
    indent: &str,
) -> Result<String, &'static str> {
    let key = quoted(key, flow.quoting.keys);
    let value = flow_value(want, flow, indent)?;
    Ok(format!("{key}{}{value}", flow.colon))
}

/// A value in flow style.
pub(super) fn flow_value(want: &Want, flow: Flow, indent: &str) -> Result<String, &'static str> {
    match want {
        Want::Map(entries) => {
            let inner = format!("{indent}{}", flow.unit.unwrap_or_default());
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, want)| flow_entry(key, want, flow, &inner))
                .collect::<Result<_, _>>()?;
            Ok(bracketed('{', &entries, '}', flow, indent))
        }
        Want::Value(Value::Array(items)) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| scalar(item, flow.quoting.texts))
                .collect::<Result<_, _>>()?;
            Ok(bracketed('[', &items, ']', flow, indent))
        }
        Want::Value(value) => scalar(value, flow.quoting.texts),
        Want::Items(_) => Err(NO_ELEMENT),
    }
}

/// Parts in brackets: on one line, or each on a line of its own.
pub(super) fn bracketed(
    open: char,
    parts: &[String],
    close: char,
    flow: Flow,
    indent: &str,
) -> String {
    match flow.unit {
        Some(unit) if !parts.is_empty() => {
            let end = flow.line_break;
            let parts = parts.join(&format!(",{end}{indent}{unit}"));
            format!("{open}{end}{indent}{unit}{parts}{end}{indent}{close}")
        }
        _ => format!("{open}{}{close}", parts.join(flow.comma)),
    }
}

/// A scalar in these quotes, or in other ones where it needs them.
pub(super) fn scalar(value: &Value, quotes: Quotes) -> Result<String, &'static str> {
    match value {
        Value::String(text) => Ok(quoted(text, quotes).into_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Array(items) if items.is_empty() => Ok("[]".to_owned()),
        Value::Object(fields) if fields.is_empty() => Ok("{}".to_owned()),
        Value::Array(_) | Value::Object(_) => Err("the value is nested"),
    }
}

fn quoted(text: &str, quotes: Quotes) -> Cow<'_, str> {
    match quotes {
        Quotes::Plain | Quotes::Nothing if is_plain(text) => Cow::Borrowed(text),
        Quotes::Single if text.chars().all(is_harmless) => {
            Cow::Owned(format!("'{}'", text.replace('\'', "''")))
        }
        Quotes::Plain | Quotes::Nothing | Quotes::Single | Quotes::Double | Quotes::Block => {
            Cow::Owned(double_quoted(text))
        }
    }
}

/// Whether a text means itself without quotes, in block and in flow style.
pub(super) fn is_plain(text: &str) -> bool {
    const OTHER: &[&str] = &[
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf",
    ];
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !OTHER.contains(&text.to_ascii_lowercase().as_str())
}

fn is_harmless(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric())
}

/// A text in double quotes, for YAML and JSON alike. What is no letter, digit or ASCII is escaped.
fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if is_harmless(c) => out.push(c),
            // Beyond four digits YAML and JSON escape in different ways.
            c if u32::from(c) > 0xffff => out.push(c),
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// The sets of one object, grouped by what they are set in.
fn grouped(sets: &[Set]) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for set in sets {
        let Some((last, way)) = set.path.split_last() else {
            continue;
        };
        let mut place = String::new();
        for at in way {
            match at {
                At::Key(key) if place.is_empty() => place.push_str(key),
                At::Key(key) => {
                    let _ = write!(place, ".{key}");
                }
                At::Index(index) => {
                    let _ = write!(place, "[{index}]");
                }
            }
        }
        let key = match last {
            At::Key(key) => quoted(key, Quotes::Plain),
            At::Index(index) => Cow::Owned(format!("[{index}]")),
        };
        let value = scalar(&set.value, Quotes::Plain).unwrap_or_else(|_| set.value.to_string());
        let line = format!("{key}: {value}");
        match groups.last_mut().filter(|group| group.0 == place) {
            Some(group) => group.1.push(line),
            None => groups.push((place, vec![line])),
        }
    }
    groups
}

/// What to write, in one sentence: fields that are missing, and those that have another value.
pub(super) fn to_set(sets: &[Set]) -> String {
    let groups: Vec<String> = grouped(sets)
        .into_iter()
        .map(|(place, lines)| format!("`{}` in `{place}`", lines.join("`, `")))
        .collect();
    match groups.is_empty() {
        true => String::new(),
        false => format!("set {}", groups.join(", and ")),
    }
}

/// What to write, line by line.
pub(super) fn lines(sets: &[Set]) -> String {
    let mut out = String::new();
    for (place, lines) in grouped(sets) {
        let _ = writeln!(out, "{place}:");
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}
