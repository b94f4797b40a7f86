//! The pod-security labels before and after, as a diff.

use serde::Serialize;

use crate::render::json::v1::{Labels, Namespace};

/// The level label of enforce.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

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
