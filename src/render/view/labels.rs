//! The pod-security labels before and after, as a diff.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::pss::LevelVersion;
use crate::pss::admission::{ENFORCE, ENFORCE_VERSION, Policy, policy_of};
use crate::render::json::v1::{Labels, Namespace};

use super::words::{self, Tag};

/// One line of the diff.
#[derive(Serialize)]
pub(super) struct Line {
    /// `+`, `-` or a space.
    sign: &'static str,
    text: String,
    added: bool,
    removed: bool,
}

/// The enforce label that the owner has set; `None` without one. It may be invalid.
pub(super) fn enforced_before(namespace: &Namespace) -> Option<&str> {
    namespace.labels.before.get(ENFORCE).map(String::as_str)
}

/// The enforce label once the plan is applied; `None` without one. It may be invalid, if it is the owner's.
pub(super) fn enforced_after(namespace: &Namespace) -> Option<&str> {
    namespace.labels.after.get(ENFORCE).map(String::as_str)
}

/// The version of the enforce label once the plan is applied; `None` without one.
pub(super) fn enforced_version(namespace: &Namespace) -> Option<&str> {
    let version = namespace.labels.after.get(ENFORCE_VERSION);
    version.map(String::as_str)
}

/// What the API server makes of an enforce label: one that is no level is `restricted`, see [`policy_of`]. `None` without
/// one.
pub(super) fn in_force(labels: &BTreeMap<String, String>) -> Option<LevelVersion> {
    let policy = || policy_of(labels, &Policy::PRIVILEGED).0.enforce;
    labels.get(ENFORCE).map(|_| policy())
}

/// The level that is enforced before; `None` without a label.
pub(super) fn level_before(namespace: &Namespace) -> Option<&str> {
    in_force(&namespace.labels.before).map(|policy| policy.level.as_str())
}

/// The level that is enforced once every stage is applied: a tighter one than after the first stages where the policies
/// have to be bypassed first.
pub(super) fn level_in_the_end(namespace: &Namespace) -> Option<&str> {
    let later = namespace.enforce_after_bypass.as_deref();
    later.or_else(|| in_force(&namespace.labels.after).map(|policy| policy.level.as_str()))
}

/// The level that is enforced before: `restricted (invalid label "Baseline")` where the label is no level.
pub(super) fn before(namespace: &Namespace) -> Tag<'_> {
    tag(&namespace.labels.before)
}

/// The level that is enforced, `privileged, then baseline` where another one follows the bypass. Its class is that of the
/// last.
pub(super) fn enforced(namespace: &Namespace) -> Tag<'_> {
    let first = tag(&namespace.labels.after);
    match namespace.enforce_after_bypass.as_deref() {
        None => first,
        Some(later) => in_turn(
            words::level(Some(later), "none"),
            Some(&first.word),
            Some(later),
        ),
    }
}

fn tag(labels: &BTreeMap<String, String>) -> Tag<'_> {
    let level = in_force(labels).map(|policy| policy.level.as_str());
    let tag = words::level(level, "none");
    match (labels.get(ENFORCE), level) {
        (Some(label), Some(level)) if label != level => Tag {
            word: format!("{level} (invalid label {})", quoted(label)).into(),
            ..tag
        },
        _ => tag,
    }
}

/// A value of a label, which may have any length where it was never in a cluster.
pub(super) fn quoted(label: &str) -> String {
    format!("\"{}\"", words::shorten(label, 63))
}

/// How sure the enforce label is, and the one behind the bypass; a dash where none is proposed, or the owner's stays
/// against the proposal.
pub(super) fn confidence(namespace: &Namespace) -> Tag<'_> {
    let proposed = namespace.proposed.as_deref();
    let first = match proposed.is_some() && proposed == enforced_after(namespace) {
        true => namespace.confidence.as_str(),
        false => "–",
    };
    let later = namespace.confidence_after_bypass.as_deref();
    let later = later.filter(|later| *later != first);
    let tag = words::tag(later.unwrap_or(first), words::CONFIDENCE);
    in_turn(tag, Some(first), later)
}

fn in_turn<'a>(last: Tag<'a>, first: Option<&str>, then: Option<&str>) -> Tag<'a> {
    let Some(then) = then else { return last };
    let word = format!("{}, then {then}", first.unwrap_or("none")).into();
    Tag { word, ..last }
}

/// Every pod-security label, sorted by name: as it stays, or as it was and as it will be.
pub(super) fn diff(labels: &Labels) -> Vec<Line> {
    let mut names: Vec<&String> = labels.before.keys().chain(labels.after.keys()).collect();
    names.sort();
    names.dedup();
    let mut lines = Vec::new();
    for name in names {
        let (before, after) = (labels.before.get(name), labels.after.get(name));
        if before == after {
            lines.extend(before.map(|value| line(" ", name, value)));
        } else {
            lines.extend(before.map(|value| line("-", name, value)));
            lines.extend(after.map(|value| line("+", name, value)));
        }
    }
    lines
}

fn line(sign: &'static str, name: &str, value: &str) -> Line {
    Line {
        sign,
        text: format!("{name}: {value}"),
        added: sign == "+",
        removed: sign == "-",
    }
}
