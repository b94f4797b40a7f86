//! Label selectors.
//!
//! Upstream: `LabelSelectorAsSelector` in `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/helpers.go`,
//! `NewRequirement` and `Matches` in `pkg/labels/selector.go` and the name rules of
//! `pkg/util/validation/validation.go` there (v1.24).

use std::collections::BTreeMap;

use crate::model::is_dns_subdomain;
use crate::model::role::{LabelRequirement, LabelSelector};

/// Whether the selector picks an object with these labels. It must be valid; see [`problem`].
pub(crate) fn matches(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let equal = |(key, value): (&String, &String)| labels.get(key) == Some(value);
    let holds = |wanted: &LabelRequirement| {
        let value = labels.get(&wanted.key);
        let listed = value.is_some_and(|value| wanted.values.contains(value));
        match wanted.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    };
    selector.match_labels.iter().all(equal) && selector.match_expressions.iter().all(holds)
}

/// What makes the selector invalid, if anything does.
pub(crate) fn problem(selector: &LabelSelector) -> Option<String> {
    let labels = selector.match_labels.iter();
    labels
        .map(|(key, value)| key_problem(key).or_else(|| value_problem(value)))
        .chain(selector.match_expressions.iter().map(requirement_problem))
        .find_map(|problem| problem)
}

fn requirement_problem(wanted: &LabelRequirement) -> Option<String> {
    let count = match (wanted.operator.as_str(), wanted.values.is_empty()) {
        ("In" | "NotIn", true) => Some(format!("operator {} needs values", wanted.operator)),
        ("Exists" | "DoesNotExist", false) => {
            Some(format!("operator {} takes no values", wanted.operator))
        }
        ("In" | "NotIn", false) | ("Exists" | "DoesNotExist", true) => None,
        _ => Some(format!("`{}` is no operator", wanted.operator)),
    };
    let values = || wanted.values.iter().find_map(|value| value_problem(value));
    count.or_else(|| key_problem(&wanted.key)).or_else(values)
}

/// A key is a name, with a DNS name and a slash before it or not.
fn key_problem(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let valid = !name.is_empty() && is_name(name) && prefix.is_none_or(is_dns_subdomain);
    (!valid).then(|| format!("`{key}` is no label key"))
}

/// A value is a name or empty.
fn value_problem(value: &str) -> Option<String> {
    (!is_name(value)).then(|| format!("`{value}` is no label value"))
}

/// Up to 63 letters, digits and `-_.`, with a letter or digit at both ends; or nothing.
fn is_name(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    text.len() <= 63 && text.chars().all(inside) && has_alphanumeric_ends(text)
}

fn has_alphanumeric_ends(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric())
        || text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(key: &str, operator: &str, values: &[&str]) -> LabelSelector {
        LabelSelector {
            match_labels: BTreeMap::new(),
            match_expressions: vec![LabelRequirement {
                key: key.to_owned(),
                operator: operator.to_owned(),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
        }
    }

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn an_empty_selector_matches_everything() {
        assert!(matches(&LabelSelector::default(), &labels(&[])));
        assert!(matches(&LabelSelector::default(), &labels(&[("a", "b")])));
    }

    #[test]
    fn operators_follow_apimachinery_for_present_other_and_absent_labels() {
        let cases = [
            ("In", &["x"][..], [true, false, false]),
            ("NotIn", &["x"], [false, true, true]),
            ("Exists", &[], [true, true, false]),
            ("DoesNotExist", &[], [false, false, true]),
        ];
        for (operator, values, expected) in cases {
            let selector = expression("a", operator, values);
            assert_eq!(problem(&selector), None, "{operator}");
            let all = [labels(&[("a", "x")]), labels(&[("a", "y")]), labels(&[])];
            assert_eq!(all.map(|l| matches(&selector, &l)), expected, "{operator}");
        }
    }

    #[test]
    fn parts_of_a_selector_must_all_hold() {
        let mut selector = expression("a", "Exists", &[]);
        selector.match_labels = labels(&[("b", "1")]);
        assert!(matches(&selector, &labels(&[("a", ""), ("b", "1")])));
        assert!(!matches(&selector, &labels(&[("a", "")])));
        assert!(!matches(&selector, &labels(&[("b", "1")])));
    }

    #[test]
    fn what_apimachinery_refuses_is_a_problem() {
        let long = "x".repeat(64);
        let bad = [
            ("a", "in", &["x"][..]),
            ("a", "In", &[]),
            ("a", "NotIn", &[]),
            ("a", "Exists", &["x"]),
            ("a", "DoesNotExist", &["x"]),
            ("", "Exists", &[]),
            ("-a", "Exists", &[]),
            ("A.b/c", "Exists", &[]),
            ("a/b/c", "Exists", &[]),
            ("/a", "Exists", &[]),
            ("a/", "Exists", &[]),
            (&long, "Exists", &[]),
            ("a", "In", &["x y"]),
            ("a", "In", &["x", "-"]),
        ];
        for (key, operator, values) in bad {
            let selector = expression(key, operator, values);
            assert!(problem(&selector).is_some(), "{key} {operator} {values:?}");
        }
        let good = [("example.com/a_B.c", "In", &["", "X-1"][..])];
        for (key, operator, values) in good {
            assert_eq!(problem(&expression(key, operator, values)), None);
        }
    }
}
