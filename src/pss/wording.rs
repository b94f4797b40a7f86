//! Quoting, plurals and lists as upstream words them.
//!
//! Upstream: `policy/helpers.go`.

use std::collections::BTreeSet;
use std::fmt::{Display, Write};

/// The items in plain double quotes, joined by a comma and a blank. Nothing is escaped.
pub(super) fn quoted_list<I>(items: I) -> String
where
    I: IntoIterator<Item: Display>,
{
    let mut text = String::new();
    for item in items {
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}\"{item}\"");
    }
    text
}

/// The singular for exactly one, else the plural.
pub(super) fn plural<'a>(singular: &'a str, plural: &'a str, count: usize) -> &'a str {
    if count == 1 { singular } else { plural }
}

/// `container "a"` or `containers "a", "b"`. Names keep their order and their repetitions.
pub(super) fn containers(names: &[&str]) -> String {
    format!(
        "{} {}",
        plural("container", "containers", names.len()),
        quoted_list(names)
    )
}

/// The items joined by a comma and a blank, without quotes.
pub(super) fn joined<I>(items: I) -> String
where
    I: IntoIterator<Item: AsRef<str>>,
{
    let mut text = String::new();
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(item.as_ref());
    }
    text
}

/// Who sets something: the pod, or some of its containers, or both.
#[derive(Default)]
pub(super) struct Setters<'a> {
    /// Whether the pod's own security context does.
    pub(super) pod: bool,
    /// The containers that do, in visit order.
    pub(super) containers: Vec<&'a str>,
}

impl Setters<'_> {
    /// Whether nobody does.
    pub(super) fn is_empty(&self) -> bool {
        !self.pod && self.containers.is_empty()
    }

    /// `pod and containers "a", "b"`.
    pub(super) fn text(&self) -> String {
        match (self.pod, self.containers.is_empty()) {
            (true, true) => "pod".to_owned(),
            (true, false) => format!("pod and {}", containers(&self.containers)),
            (false, true) => String::new(),
            (false, false) => containers(&self.containers),
        }
    }
}

/// Values without repetition, in bytewise order.
pub(super) type Set<'a> = BTreeSet<&'a str>;

#[cfg(test)]
mod tests {
    use super::{Setters, containers, quoted_list};

    #[test]
    fn lists_are_quoted_without_escaping() {
        assert_eq!(quoted_list(["a", "b\"c", ""]), r#""a", "b"c", """#);
        assert_eq!(quoted_list([""]), r#""""#);
        assert_eq!(quoted_list::<[&str; 0]>([]), "");
    }

    #[test]
    fn containers_keep_order_and_repetitions() {
        assert_eq!(containers(&["b"]), r#"container "b""#);
        assert_eq!(containers(&["b", "a", "b"]), r#"containers "b", "a", "b""#);
    }

    #[test]
    fn the_pod_comes_before_its_containers() {
        let setters = |pod, containers: &[&'static str]| {
            Setters {
                pod,
                containers: containers.to_vec(),
            }
            .text()
        };
        assert_eq!(setters(true, &[]), "pod");
        assert_eq!(setters(false, &["a"]), r#"container "a""#);
        assert_eq!(setters(true, &["b", "a"]), r#"pod and containers "b", "a""#);
    }
}
