//! Roles that every cluster has and no repository holds.
//!
//! The API server creates them at start-up, so a binding in a repository to a role such as `cluster-admin` is
//! not dangling, and what it grants is known. Only the rules that answer our questions are given: policies,
//! pods, the workloads that make pods, and namespaces.
//!
//! Upstream: `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go` and `namespace_policy.go` (v1.24).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::model::role::{AggregationRule, Binding, LabelSelector, PolicyRule, Role, RoleRef};

/// Labels that put a role's rules into `admin`, `edit` and `view`.
const TO_ADMIN: &str = "rbac.authorization.k8s.io/aggregate-to-admin";
const TO_EDIT: &str = "rbac.authorization.k8s.io/aggregate-to-edit";
const TO_VIEW: &str = "rbac.authorization.k8s.io/aggregate-to-view";

/// `cluster-admin`, the only one that may use policies, and the roles for the users of a namespace. The latter
/// are aggregated, so a role of the input may add to them.
static ROLES: LazyLock<[Role; 5]> = LazyLock::new(|| {
    [
        Role {
            rules: vec![rule(&["*"], &["*"], &["*"])],
            ..cluster_role("cluster-admin", None, None)
        },
        cluster_role("admin", None, Some(TO_ADMIN)),
        cluster_role("edit", Some(TO_ADMIN), Some(TO_EDIT)),
        cluster_role("view", Some(TO_EDIT), Some(TO_VIEW)),
        Role {
            rules: edit_rules(),
            ..cluster_role("system:aggregate-to-edit", Some(TO_EDIT), None)
        },
    ]
});

/// The roles above that the input lacks, if a binding refers to any of them.
pub(super) fn missing(roles: &[Role], bindings: &[Binding]) -> Vec<&'static Role> {
    let present: BTreeSet<&str> = roles
        .iter()
        .filter(|role| role.namespace.is_none())
        .map(|role| role.name.as_str())
        .collect();
    let bound: BTreeSet<&str> = bindings
        .iter()
        .filter(|binding| binding.role_ref.kind == "ClusterRole")
        .map(|binding| binding.role_ref.name.as_str())
        .collect();
    let missing = ROLES
        .iter()
        .filter(|role| !present.contains(role.name.as_str()));
    let missing: Vec<&Role> = missing.collect();
    match missing
        .iter()
        .any(|role| bound.contains(role.name.as_str()))
    {
        true => missing,
        false => Vec::new(),
    }
}

/// Whether the role is one of those that the API server creates, and reconciles, at start-up.
pub fn is_bootstrap(role: &Role) -> bool {
    let reconciled = role.labels.get("kubernetes.io/bootstrapping");
    role.name.starts_with("system:")
        || reconciled.is_some_and(|value| value == "rbac-defaults")
        || (role.namespace.is_none() && ROLES.iter().any(|known| known.name == role.name))
}

/// Whether every cluster has the role that the binding refers to. What the input lacks of these grants
/// nothing that we ask about.
pub(super) fn exists(binding: &Binding) -> bool {
    let RoleRef { kind, name } = &binding.role_ref;
    match kind.as_str() {
        "ClusterRole" => name.starts_with("system:"),
        "Role" => {
            binding.namespace.as_deref() == Some("kube-system")
                && (name == "extension-apiserver-authentication-reader"
                    || name.starts_with("system:"))
        }
        _ => false,
    }
}

fn cluster_role(name: &str, label: Option<&str>, selects: Option<&str>) -> Role {
    let yes = |key: &str| BTreeMap::from([(key.to_owned(), "true".to_owned())]);
    Role {
        namespace: None,
        name: name.to_owned(),
        sources: Vec::new(),
        labels: label.map(yes).unwrap_or_default(),
        from_cluster: false,
        rules: Vec::new(),
        aggregation: selects.map(|key| AggregationRule {
            cluster_role_selectors: vec![LabelSelector {
                match_labels: yes(key),
                match_expressions: Vec::new(),
            }],
        }),
        manifest: None,
    }
}

fn edit_rules() -> Vec<PolicyRule> {
    let write = ["create", "delete", "deletecollection", "patch", "update"];
    let apps = ["daemonsets", "deployments", "replicasets", "statefulsets"];
    vec![
        rule(&write, &[""], &["pods", "replicationcontrollers"]),
        rule(&write, &["apps"], &apps),
        rule(&write, &["extensions"], &apps[..3]),
        rule(&write, &["batch"], &["cronjobs", "jobs"]),
    ]
}

fn rule(verbs: &[&str], api_groups: &[&str], resources: &[&str]) -> PolicyRule {
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    PolicyRule {
        verbs: owned(verbs),
        api_groups: owned(api_groups),
        resources: owned(resources),
        ..PolicyRule::default()
    }
}
