//! Words with the class that colours them, numbers, and lists.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::render::json::v1::Source;
use crate::render::manifests;

use super::terms;

/// A word out of a small vocabulary, with the class that gives it a colour and a symbol.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Tag<'a> {
    pub(super) word: Cow<'a, str>,
    /// A class of the style sheet: one of ours, whatever the word is.
    pub(super) key: &'static str,
    /// Place in the order of the vocabulary, for sorting.
    pub(super) rank: u8,
}

/// A level; `none` is the word where there is no level.
pub(super) fn level<'a>(level: Option<&'a str>, none: &'static str) -> Tag<'a> {
    let (word, key, rank) = match level {
        None => (none, "none", 0),
        Some("privileged") => ("privileged", "privileged", 1),
        Some("baseline") => ("baseline", "baseline", 2),
        Some("restricted") => ("restricted", "restricted", 3),
        Some(other) => (other, "invalid", 4),
    };
    Tag {
        word: Cow::Borrowed(word),
        key,
        rank,
    }
}

/// A status, severity, confidence or verdict: the vocabulary, worst first, is the list of classes.
pub(super) fn tag<'a>(word: &'a str, vocabulary: &[&'static str]) -> Tag<'a> {
    let position = vocabulary.iter().position(|known| *known == word);
    Tag {
        word: Cow::Borrowed(word),
        key: position.map_or("other", |position| vocabulary[position]),
        rank: position.map_or(9, |position| position as u8),
    }
}

/// Words of a namespace's status.
pub(super) const STATUS: &[&str] = &["inconclusive", "planned", "excluded"];
/// Words of confidence.
pub(super) const CONFIDENCE: &[&str] = &["review", "high"];
/// Words of the severity of findings.
pub(super) const SEVERITY: &[&str] = &["high", "medium", "low", "info"];
/// Words of the severity of diagnostics.
pub(super) const DIAGNOSTIC: &[&str] = &["error", "warning", "note"];
/// A verdict.
pub(super) fn verdict(word: &str) -> Tag<'_> {
    let words: Vec<&'static str> = terms::VERDICTS.iter().map(|verdict| verdict.word).collect();
    tag(word, &words)
}

/// A number with commas between the thousands.
pub(super) fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 namespace`, `2 namespaces`.
pub(in crate::render) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The first items, and how many more there are.
pub(super) fn some(items: &[String], limit: usize) -> String {
    match items.len().checked_sub(limit) {
        Some(more) if more > 0 => {
            format!("{} and {} more", items[..limit].join(", "), number(more))
        }
        _ => and(items),
    }
}

/// How many items of a list are left out, as a phrase; empty if none.
pub(super) fn more(all: usize, named: usize) -> String {
    match all.saturating_sub(named) {
        0 => String::new(),
        more => format!("and {} more", number(more)),
    }
}

/// How many items of a list are left out, as a sentence; empty if none. The JSON report has them all.
pub(super) fn left_out(all: usize, limit: usize) -> String {
    match all.saturating_sub(limit) {
        0 => String::new(),
        more => format!("and {} more; report.json lists all", number(more)),
    }
}

/// A value of a pod in one line; `none` is the word for an absent one.
pub(super) fn value(value: Option<&Value>, none: &str) -> String {
    match value {
        None | Some(Value::Null) => none.to_owned(),
        Some(value) => shorten(&value.to_string(), 400),
    }
}

/// An object as YAML, line by line.
pub(super) fn lines(value: &Value) -> Vec<String> {
    manifests::yaml(value).lines().map(str::to_owned).collect()
}

/// File and line of a place; empty where there is none.
pub(super) fn place(source: Option<&Source>) -> String {
    source
        .map(|source| format!("{}:{}", source.file, source.line))
        .unwrap_or_default()
}

/// At most so many characters of a text.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
