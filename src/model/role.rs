//! Roles and bindings of every kind and API version.
//!
//! Upstream: `k8s.io/api/rbac/v1` (v1.24); the beta and alpha versions are read alike.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::nullable;
use crate::diag::Source;

/// A Role (namespaced) or ClusterRole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role {
    /// `None` for a ClusterRole.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub sources: Vec<Source>,
    /// Labels: cluster roles are aggregated by them.
    pub labels: BTreeMap<String, String>,
    /// Whether it was read from a cluster, whose controller has filled in aggregated rules.
    pub from_cluster: bool,
    /// `rules`.
    pub rules: Vec<PolicyRule>,
    /// `aggregationRule` of a ClusterRole.
    pub aggregation: Option<AggregationRule>,
    /// The object as its owner wrote it, if it has a rule that names policies: it may have to be written without it.
    pub manifest: Option<Value>,
}

/// The resource name of PodSecurityPolicies in rules.
pub const POLICIES: &str = "podsecuritypolicies";

impl Role {
    /// `Role` or `ClusterRole`.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() {
            "Role"
        } else {
            "ClusterRole"
        }
    }
}

/// One rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyRule {
    /// `verbs`.
    #[serde(deserialize_with = "nullable::list")]
    pub verbs: Vec<String>,
    /// `apiGroups`.
    #[serde(deserialize_with = "nullable::list")]
    pub api_groups: Vec<String>,
    /// `resources`.
    #[serde(deserialize_with = "nullable::list")]
    pub resources: Vec<String>,
    /// `resourceNames`; empty is every name.
    #[serde(deserialize_with = "nullable::list")]
    pub resource_names: Vec<String>,
    /// `nonResourceURLs`.
    #[serde(rename = "nonResourceURLs", deserialize_with = "nullable::list")]
    pub non_resource_urls: Vec<String>,
}

impl PolicyRule {
    /// Whether the rule speaks of policies by their resource name, rather than by a wildcard.
    pub fn names_policies(&self) -> bool {
        self.resources.iter().any(|resource| resource == POLICIES)
    }
}

/// `aggregationRule` of a ClusterRole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AggregationRule {
    /// `clusterRoleSelectors`, OR-ed.
    #[serde(deserialize_with = "nullable::list")]
    pub cluster_role_selectors: Vec<LabelSelector>,
}

/// A label selector; its parts are AND-ed, and an empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// `matchLabels`.
    #[serde(deserialize_with = "nullable::map")]
    pub match_labels: BTreeMap<String, String>,
    /// `matchExpressions`.
    #[serde(deserialize_with = "nullable::list")]
    pub match_expressions: Vec<LabelRequirement>,
}

/// `matchExpressions[*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct LabelRequirement {
    /// `key`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, or an invalid value.
    #[serde(deserialize_with = "nullable::or_default")]
    pub operator: String,
    /// `values`.
    #[serde(deserialize_with = "nullable::list")]
    pub values: Vec<String>,
}

/// A RoleBinding (namespaced) or ClusterRoleBinding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binding {
    /// `None` for a ClusterRoleBinding.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub sources: Vec<Source>,
    /// `subjects`.
    pub subjects: Vec<Subject>,
    /// `roleRef`.
    pub role_ref: RoleRef,
    /// Whether it was read from a cluster.
    pub from_cluster: bool,
}

impl Binding {
    /// `RoleBinding` or `ClusterRoleBinding`.
    pub fn kind(&self) -> &'static str {
        if self.namespace.is_some() {
            "RoleBinding"
        } else {
            "ClusterRoleBinding"
        }
    }
}

/// `subjects[*]`, as written. The authorizer does not look at `apiGroup`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// `User`, `Group`, `ServiceAccount`, or something that never applies.
    #[serde(deserialize_with = "nullable::or_default")]
    pub kind: String,
    /// `name`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
    /// `namespace` of a ServiceAccount; empty in a RoleBinding is the binding's.
    #[serde(deserialize_with = "nullable::or_default")]
    pub namespace: String,
}

/// `roleRef`. The authorizer does not look at `apiGroup`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(default)]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub kind: String,
    /// `name`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
}
