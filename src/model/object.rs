//! What every object has: metadata, identity, owner.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::nullable;

/// The part of `metadata` that some stage reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectMeta {
    /// `metadata.name`; empty for templates and for objects that use `generateName`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
    /// `metadata.generateName`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub generate_name: String,
    /// `metadata.namespace` as written; empty means absent. Where an object *belongs* is decided by
    /// [`super::attribution::Attribution`].
    #[serde(deserialize_with = "nullable::or_default")]
    pub namespace: String,
    /// `metadata.labels`.
    #[serde(deserialize_with = "nullable::map")]
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    #[serde(deserialize_with = "nullable::map")]
    pub annotations: BTreeMap<String, String>,
    /// `metadata.uid`: set by a cluster only.
    #[serde(deserialize_with = "nullable::or_default")]
    pub uid: String,
    /// `metadata.resourceVersion`: set by a cluster only.
    #[serde(deserialize_with = "nullable::or_default")]
    pub resource_version: String,
    /// `metadata.ownerReferences`.
    #[serde(deserialize_with = "nullable::list")]
    pub owner_references: Vec<OwnerReference>,
}

impl ObjectMeta {
    /// Whether the object was read from a cluster rather than written by hand.
    pub fn from_cluster(&self) -> bool {
        !self.uid.is_empty() || !self.resource_version.is_empty()
    }

    /// The owner that manages the object (`controller: true`), if any.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references
            .iter()
            .find(|owner| owner.controller == Some(true))
    }

    /// The name people know the object by: `name`, or `generateName` with a `*`.
    pub fn display_name(&self) -> String {
        if self.name.is_empty() && !self.generate_name.is_empty() {
            format!("{}*", self.generate_name)
        } else {
            self.name.clone()
        }
    }
}

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// `apiVersion` of the owner.
    #[serde(deserialize_with = "nullable::or_default")]
    pub api_version: String,
    /// `kind` of the owner.
    #[serde(deserialize_with = "nullable::or_default")]
    pub kind: String,
    /// `name` of the owner, in the same namespace or cluster-scoped.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
    /// `uid` of the owner.
    #[serde(deserialize_with = "nullable::or_default")]
    pub uid: String,
    /// Whether this owner manages the object.
    pub controller: Option<bool>,
}

/// Kind, namespace and name: how people and reports refer to an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Kind, for example `Deployment`.
    pub kind: String,
    /// Namespace; `None` for cluster-scoped objects and for objects whose namespace is not known.
    pub namespace: Option<String>,
    /// Name; may be empty.
    pub name: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {}/{}", self.kind, namespace, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}
