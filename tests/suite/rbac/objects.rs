//! Roles and bindings in few words.

use std::collections::BTreeMap;
use std::sync::Arc;

use psp2psa::diag::Source;
use psp2psa::model::role::{
    AggregationRule, Binding, LabelSelector, PolicyRule, Role, RoleRef, Subject,
};
use psp2psa::rbac::{Access, Identity};

pub(super) fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

pub(super) fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

pub(super) fn rule(verb: &str, group: &str, resource: &str, names: &[&str]) -> PolicyRule {
    PolicyRule {
        verbs: strings(&[verb]),
        api_groups: strings(&[group]),
        resources: strings(&[resource]),
        resource_names: strings(names),
        ..PolicyRule::default()
    }
}

/// The rule that manifests have: `use` of the named policies, or of all.
pub(super) fn uses(names: &[&str]) -> PolicyRule {
    rule("use", "policy", "podsecuritypolicies", names)
}

pub(super) fn everything() -> PolicyRule {
    rule("*", "*", "*", &[])
}

pub(super) fn cluster_role(name: &str, rules: &[PolicyRule]) -> Role {
    Role {
        namespace: None,
        name: name.to_owned(),
        sources: vec![source(&format!("{name}.yaml"))],
        labels: BTreeMap::new(),
        from_cluster: false,
        rules: rules.to_vec(),
        aggregation: None,
        manifest: None,
    }
}

pub(super) fn role(namespace: &str, name: &str, rules: &[PolicyRule]) -> Role {
    Role {
        namespace: Some(namespace.to_owned()),
        ..cluster_role(name, rules)
    }
}

/// A cluster role that collects the rules of those with each of the labels.
pub(super) fn aggregated(name: &str, selected: &[(&str, &str)]) -> Role {
    let selectors = selected.iter().map(|pair| LabelSelector {
        match_labels: labels(&[*pair]),
        match_expressions: Vec::new(),
    });
    Role {
        aggregation: Some(AggregationRule {
            cluster_role_selectors: selectors.collect(),
        }),
        ..cluster_role(name, &[])
    }
}

/// What an aggregated role collects by.
pub(super) fn selectors(role: &mut Role) -> &mut Vec<LabelSelector> {
    let aggregation = role.aggregation.as_mut();
    &mut aggregation
        .expect("an aggregated role")
        .cluster_role_selectors
}

pub(super) fn subject(kind: &str, namespace: &str, name: &str) -> Subject {
    Subject {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

pub(super) fn user(name: &str) -> Subject {
    subject("User", "", name)
}

pub(super) fn group(name: &str) -> Subject {
    subject("Group", "", name)
}

pub(super) fn account(namespace: &str, name: &str) -> Subject {
    subject("ServiceAccount", namespace, name)
}

/// A ClusterRoleBinding to a ClusterRole.
pub(super) fn everywhere(name: &str, role: &str, subjects: &[Subject]) -> Binding {
    Binding {
        from_cluster: false,
        namespace: None,
        name: name.to_owned(),
        sources: vec![source(&format!("{name}.yaml"))],
        subjects: subjects.to_vec(),
        role_ref: RoleRef {
            kind: "ClusterRole".to_owned(),
            name: role.to_owned(),
        },
    }
}

/// A RoleBinding to a ClusterRole.
pub(super) fn within(namespace: &str, name: &str, role: &str, subjects: &[Subject]) -> Binding {
    Binding {
        from_cluster: false,
        namespace: Some(namespace.to_owned()),
        ..everywhere(name, role, subjects)
    }
}

/// The same binding, to a Role.
pub(super) fn to_role(mut binding: Binding) -> Binding {
    binding.role_ref.kind = "Role".to_owned();
    binding
}

pub(super) fn person(name: &str, groups: &[&str]) -> Identity {
    Identity {
        user: name.to_owned(),
        groups: strings(groups),
    }
}

pub(super) fn source(file: &str) -> Source {
    Source {
        file: Arc::from(file),
        document: 1,
        line: 1,
        column: 1,
    }
}

/// Which of the policies `a`, `b` and `c` somebody may use in a namespace.
pub(super) fn usable(
    roles: &[Role],
    bindings: &[Binding],
    who: &Identity,
    namespace: &str,
) -> String {
    let (access, _) = Access::new(roles, bindings, &["a", "b", "c"]);
    let policies = ["a", "b", "c"].into_iter();
    policies
        .filter(|policy| access.allows(who, namespace, policy).is_some())
        .collect()
}
