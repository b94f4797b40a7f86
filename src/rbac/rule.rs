//! What one rule of a role permits.
//!
//! Upstream: `pkg/apis/rbac/v1/evaluation_helpers.go` and `RuleAllows` in
//! `plugin/pkg/auth/authorizer/rbac/rbac.go` (v1.24). `*` is special as a whole verb, group or resource, and
//! in `*/subresource`; nowhere else, `resourceNames` included. Everything is compared byte for byte.

use std::fmt;

use crate::model::role::{POLICIES, PolicyRule, Role};

/// The API groups under which the admission plugin asks about policies. `extensions` stayed until the end.
pub const POLICY_GROUPS: [&str; 2] = ["policy", "extensions"];

/// A question to the authorizer about one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Verb, for example `use`.
    pub verb: &'a str,
    /// API group; empty is the core group.
    pub group: &'a str,
    /// Plural resource, or `resource/subresource`.
    pub resource: &'a str,
    /// Object name; empty where the request has none, as when creating.
    pub name: &'a str,
}

impl<'a> Request<'a> {
    /// What the admission plugin asks about a policy, under one of [`POLICY_GROUPS`].
    pub fn use_policy(group: &'a str, policy: &'a str) -> Self {
        Request {
            verb: "use",
            group,
            resource: POLICIES,
            name: policy,
        }
    }

    /// What the API server asks before somebody creates an object.
    pub fn create(group: &'a str, resource: &'a str) -> Self {
        Request {
            verb: "create",
            group,
            resource,
            name: "",
        }
    }
}

/// Whether the rule permits exactly this.
pub fn permits(rule: &PolicyRule, request: &Request<'_>) -> bool {
    covers(rule, request.verb, request.group, request.resource) && names(rule, request.name)
}

/// Whether the rule permits the verb on the resource under some object name.
///
/// A rule with `resourceNames` never permits creating, because such a request has no name yet (unless an
/// empty one is listed).
pub(super) fn reaches(rule: &PolicyRule, verb: &str, group: &str, resource: &str) -> bool {
    covers(rule, verb, group, resource)
        && (verb != "create" || resource.contains('/') || names(rule, ""))
}

/// Whether the rule permits to `use` some policy, under either API group.
pub(super) fn uses_policies(rule: &PolicyRule) -> bool {
    POLICY_GROUPS
        .iter()
        .any(|group| covers(rule, "use", group, POLICIES))
}

/// What is left of a rule that lets somebody do other things as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Without {
    /// All of it: it does not let anybody use policies.
    All,
    /// These rules, together: none, if using policies was all that it allowed.
    Rest(Vec<PolicyRule>),
    /// Using policies is part of a wildcard, or of a rule that no API server accepts, and cannot be taken out.
    Inseparable,
}

/// The rule without the permission to `use` policies. Everything else that it permits stays, under whatever API group.
pub fn without_policies(rule: &PolicyRule) -> Without {
    if !uses_policies(rule) {
        return Without::All;
    }
    let inseparable =
        has(&rule.verbs, "*") || has(&rule.resources, "*") || !rule.non_resource_urls.is_empty();
    if inseparable {
        return Without::Inseparable;
    }
    let except = |list: &[String], item: &str| -> Vec<String> {
        list.iter()
            .filter(|other| *other != item)
            .cloned()
            .collect()
    };
    let of_others = PolicyRule {
        resources: except(&rule.resources, POLICIES),
        ..rule.clone()
    };
    let other_verbs = PolicyRule {
        verbs: except(&rule.verbs, "use"),
        resources: vec![POLICIES.to_owned()],
        ..rule.clone()
    };
    let rest = [of_others, other_verbs]
        .into_iter()
        .filter(|rule| !rule.verbs.is_empty() && !rule.resources.is_empty());
    Without::Rest(rest.collect())
}

/// Whether the rule lets its subjects use every policy without saying so, as the rules of cluster administrators do, and
/// of operators that install policies. One that says `use` and `podsecuritypolicies`, or names some, means it.
pub(super) fn is_wildcard(rule: &PolicyRule) -> bool {
    let says_so = has(&rule.verbs, "use") && has(&rule.resources, POLICIES);
    rule.resource_names.is_empty() && !says_so
}

/// Verb, group and resource match, whatever the name.
fn covers(rule: &PolicyRule, verb: &str, group: &str, resource: &str) -> bool {
    either(&rule.verbs, verb)
        && either(&rule.api_groups, group)
        && (either(&rule.resources, resource) || any_resource(rule, resource))
}

/// `*/subresource` in a rule means that subresource of every resource.
fn any_resource(rule: &PolicyRule, resource: &str) -> bool {
    resource.split_once('/').is_some_and(|(_, subresource)| {
        !subresource.is_empty()
            && rule
                .resources
                .iter()
                .any(|pattern| pattern.strip_prefix("*/") == Some(subresource))
    })
}

fn names(rule: &PolicyRule, name: &str) -> bool {
    rule.resource_names.is_empty() || has(&rule.resource_names, name)
}

fn either(list: &[String], value: &str) -> bool {
    list.iter().any(|item| item == "*" || item == value)
}

fn has(list: &[String], value: &str) -> bool {
    list.iter().any(|item| item == value)
}

/// One rule, and where it is written.
///
/// Displayed as the fields of the rule, on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleAt<'a> {
    /// The role whose text holds the rule. Of an aggregated role, the one it was collected from.
    pub role: &'a Role,
    /// Zero-based position in the `rules` of that role.
    pub index: usize,
    /// The rule itself.
    pub rule: &'a PolicyRule,
}

/// The rules written in a role.
pub(super) fn written(role: &Role) -> impl Iterator<Item = RuleAt<'_>> {
    let rules = role.rules.iter().enumerate();
    rules.map(move |(index, rule)| RuleAt { role, index, rule })
}

impl fmt::Display for RuleAt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verbs: {}", flow(&self.rule.verbs))?;
        write!(f, ", apiGroups: {}", flow(&self.rule.api_groups))?;
        write!(f, ", resources: {}", flow(&self.rule.resources))?;
        if !self.rule.resource_names.is_empty() {
            write!(f, ", resourceNames: {}", flow(&self.rule.resource_names))?;
        }
        Ok(())
    }
}

/// A list as YAML writes it on one line, quoting what is not plainly a name.
fn flow(items: &[String]) -> String {
    let plain = |item: &str| {
        item.starts_with(|first: char| first.is_ascii_alphabetic())
            && item
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c))
    };
    let words: Vec<String> = items
        .iter()
        .map(|item| match plain(item) {
            true => item.clone(),
            false => format!("{item:?}"),
        })
        .collect();
    format!("[{}]", words.join(", "))
}
