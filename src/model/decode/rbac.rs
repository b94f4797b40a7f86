//! Roles and bindings.

use serde::Deserialize;

use crate::input::{DecodeError, Document};
use crate::model::namespace::{SERVER_FIELDS, without_server_fields};
use crate::model::nullable;
use crate::model::object::ObjectMeta;
use crate::model::role::{AggregationRule, Binding, PolicyRule, Role, RoleRef, Subject};

pub(super) fn role(document: &Document) -> Result<Role, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::list")]
        rules: Vec<PolicyRule>,
        aggregation_rule: Option<AggregationRule>,
    }
    let wire: Wire = document.decode()?;
    let namespace = namespaced(document, "ClusterRole", &wire.metadata);
    let manifest = match wire.rules.iter().any(PolicyRule::names_policies) {
        true => Some(without_server_fields(
            document.value_without(SERVER_FIELDS)?,
        )),
        false => None,
    };
    Ok(Role {
        from_cluster: wire.metadata.from_cluster(),
        sources: vec![document.source.clone()],
        rules: wire.rules,
        aggregation: wire.aggregation_rule.filter(|_| namespace.is_none()),
        namespace,
        name: wire.metadata.name,
        labels: wire.metadata.labels,
        manifest,
    })
}

pub(super) fn binding(document: &Document) -> Result<Binding, DecodeError> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::list")]
        subjects: Vec<Subject>,
        #[serde(deserialize_with = "nullable::or_default")]
        role_ref: RoleRef,
    }
    let wire: Wire = document.decode()?;
    Ok(Binding {
        from_cluster: wire.metadata.from_cluster(),
        namespace: namespaced(document, "ClusterRoleBinding", &wire.metadata),
        name: wire.metadata.name,
        sources: vec![document.source.clone()],
        subjects: wire.subjects,
        role_ref: wire.role_ref,
    })
}

/// The namespace of a namespaced kind, to be attributed if empty.
fn namespaced(document: &Document, cluster_kind: &str, meta: &ObjectMeta) -> Option<String> {
    (document.kind != cluster_kind).then(|| meta.namespace.clone())
}
