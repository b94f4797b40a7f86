//! What can be said about roles and bindings: the codes, and one function for each message.

use std::collections::BTreeSet;

use super::rule;
use crate::diag::{Code, Diagnostic, Severity, Source};
use crate::model::role::{self, Binding, Role};

/// The codes of this stage, sorted by name.
pub static CODES: &[&Code] = &[
    &CLUSTER_BINDING_TO_ROLE,
    &DANGLING_POLICY,
    &DANGLING_ROLE_REF,
    &INVALID_SELECTOR,
    &RULES_LOST,
    &SUBJECT_WITHOUT_NAMESPACE,
    &UNKNOWN_ROLE_KIND,
    &UNKNOWN_SUBJECT_KIND,
];

static CLUSTER_BINDING_TO_ROLE: Code = Code {
    name: "rbac/cluster-binding-to-role",
    severity: Severity::Warning,
    docs: "A ClusterRoleBinding refers to a Role. It applies in no namespace, so the authorizer finds nothing \
           there and the binding grants nothing. Refer to a ClusterRole, or use a RoleBinding.",
};

static DANGLING_POLICY: Code = Code {
    name: "rbac/dangling-policy",
    severity: Severity::Warning,
    docs: "A rule grants the use of a PodSecurityPolicy that is not in the input, while others are. Either the \
           policy was renamed or deleted and the rule grants nothing, or the input is incomplete and the \
           policy's level is missing from the plan. `resourceNames` knows no wildcard: `*` there is a policy \
           called `*`, and leaving the field out means every policy.",
};

static DANGLING_ROLE_REF: Code = Code {
    name: "rbac/dangling-role-ref",
    severity: Severity::Warning,
    docs: "A binding refers to a role that is not in the input. On a cluster such a binding grants nothing, and \
           silently begins to when somebody creates the role. If the input is incomplete, add the role: it may \
           grant policies. Roles that every cluster has are known and not reported.",
};

static INVALID_SELECTOR: Code = Code {
    name: "rbac/invalid-selector",
    severity: Severity::Warning,
    docs: "A selector in an `aggregationRule` is one that the API server refuses. Nothing is aggregated into \
           the role; the rules written in it are taken as they stand. Correct the selector.",
};

static RULES_LOST: Code = Code {
    name: "rbac/rules-lost",
    severity: Severity::Warning,
    docs: "A ClusterRole has both an `aggregationRule` and rules written by hand. The cluster overwrites the \
           latter with the rules of the selected roles, so they grant nothing. Move them to a ClusterRole of \
           their own with a label that is selected.",
};

static SUBJECT_WITHOUT_NAMESPACE: Code = Code {
    name: "rbac/subject-without-namespace",
    severity: Severity::Warning,
    docs: "A ClusterRoleBinding names a ServiceAccount without its namespace. No account is meant by that, so \
           the subject gets nothing. Add the namespace. (In a RoleBinding the binding's own is taken.)",
};

static UNKNOWN_ROLE_KIND: Code = Code {
    name: "rbac/unknown-role-kind",
    severity: Severity::Warning,
    docs: "The `roleRef` of a binding is neither a Role nor a ClusterRole, so the binding grants nothing. \
           Kinds are case-sensitive.",
};

static UNKNOWN_SUBJECT_KIND: Code = Code {
    name: "rbac/unknown-subject-kind",
    severity: Severity::Warning,
    docs: "A subject of a binding is none of User, Group and ServiceAccount, so it gets nothing. Kinds are \
           case-sensitive.",
};

/// A binding whose role is not there, for whatever reason.
pub(super) fn unresolved(binding: &Binding) -> Diagnostic {
    let (this, wanted) = (about(binding), &binding.role_ref);
    match (wanted.kind.as_str(), &binding.namespace) {
        ("Role", None) => diagnostic(
            &CLUSTER_BINDING_TO_ROLE,
            &binding.sources,
            format!(
                "{this} refers to Role `{}`, expected a ClusterRole",
                wanted.name
            ),
            "refer to a ClusterRole, or use a RoleBinding in the namespace of the Role",
        ),
        ("Role" | "ClusterRole", _) => diagnostic(
            &DANGLING_ROLE_REF,
            &binding.sources,
            format!(
                "{this} refers to {} `{}`, which is not in the input",
                wanted.kind, wanted.name
            ),
            "add the role to the input; if it does not exist, delete the binding, which grants nothing",
        ),
        (kind, _) => diagnostic(
            &UNKNOWN_ROLE_KIND,
            &binding.sources,
            format!("{this} refers to a role of kind `{kind}`, expected Role or ClusterRole"),
            "correct `roleRef.kind`; until then the binding grants nothing",
        ),
    }
}

/// A subject of a kind that the authorizer does not know.
pub(super) fn unknown_subject_kind(binding: &Binding, subject: &role::Subject) -> Diagnostic {
    diagnostic(
        &UNKNOWN_SUBJECT_KIND,
        &binding.sources,
        format!(
            "{} has a subject `{}` of kind `{}`, expected User, Group or ServiceAccount",
            about(binding),
            subject.name,
            subject.kind
        ),
        "correct the kind; until then the subject gets nothing",
    )
}

/// A service account that no namespace can be found for.
pub(super) fn subject_without_namespace(binding: &Binding, subject: &role::Subject) -> Diagnostic {
    diagnostic(
        &SUBJECT_WITHOUT_NAMESPACE,
        &binding.sources,
        format!(
            "{} names ServiceAccount `{}` without a namespace",
            about(binding),
            subject.name
        ),
        "add the namespace of the account; until then it gets nothing",
    )
}

/// Policies that the rules of a role name and the input lacks, where it has policies at all.
pub(super) fn dangling_policies(role: &Role, policies: &BTreeSet<&str>) -> Vec<Diagnostic> {
    if policies.is_empty() {
        return Vec::new();
    }
    let this = match &role.namespace {
        Some(namespace) => format!("Role `{namespace}/{}`", role.name),
        None => format!("ClusterRole `{}`", role.name),
    };
    let rules = role.rules.iter();
    let named: BTreeSet<&str> = rules
        .filter(|rule| rule::uses_policies(rule) && rule.names_policies())
        .flat_map(|rule| rule.resource_names.iter().map(String::as_str))
        .collect();
    let missing = named.difference(policies).map(|name| {
        let help = match *name {
            "*" => "`resourceNames` has no wildcard; leave it out to mean every policy",
            _ => "add the policy to the input; if it does not exist, remove the name",
        };
        diagnostic(
            &DANGLING_POLICY,
            &role.sources,
            format!("{this} grants the use of policy `{name}`, which is not in the input"),
            help,
        )
    });
    missing.collect()
}

/// Rules written in an aggregated role that no selected role has; nothing if there are none.
pub(super) fn rules_lost(role: &Role, count: usize) -> Option<Diagnostic> {
    let rules = match count {
        0 => return None,
        1 => "1 rule".to_owned(),
        _ => format!("{count} rules"),
    };
    Some(diagnostic(
        &RULES_LOST,
        &role.sources,
        format!(
            "{rules} written in ClusterRole `{}` will be overwritten, because it has an `aggregationRule`",
            role.name
        ),
        "move them to a ClusterRole with a label that is selected",
    ))
}

/// A selector that the API server refuses.
pub(super) fn invalid_selector(role: &Role, problem: &str) -> Diagnostic {
    diagnostic(
        &INVALID_SELECTOR,
        &role.sources,
        format!(
            "ClusterRole `{}` has an invalid selector: {problem}",
            role.name
        ),
        "correct the selector; until then nothing is aggregated into the role",
    )
}

fn about(binding: &Binding) -> String {
    match &binding.namespace {
        Some(namespace) => format!("RoleBinding `{namespace}/{}`", binding.name),
        None => format!("ClusterRoleBinding `{}`", binding.name),
    }
}

fn diagnostic(
    code: &'static Code,
    sources: &[Source],
    message: String,
    help: &'static str,
) -> Diagnostic {
    Diagnostic {
        code,
        message,
        source: sources.first().cloned(),
        help: help.to_owned(),
    }
}
