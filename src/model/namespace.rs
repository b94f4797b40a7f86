//! Namespaces and the cluster's nodes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::diag::Source;
use crate::input::Way;

/// A Namespace object.
#[derive(Debug, Clone, PartialEq)]
pub struct Namespace {
    /// Name, unchecked: it may be anything that stood in the input.
    pub name: String,
    /// Where it stands; identical copies add their places.
    pub sources: Vec<Source>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// Whether it was read from a cluster.
    pub from_cluster: bool,
    /// The object as its owner wrote it: without `status` and the metadata that only servers write.
    pub manifest: Value,
}

impl Namespace {
    /// Adds another definition of the same namespace, as applying both would; false if they contradict each other,
    /// because then the order of application decides. The places are left unsorted.
    pub(super) fn join(&mut self, other: Namespace) -> bool {
        self.sources.extend(other.sources);
        self.labels.extend(other.labels);
        self.from_cluster |= other.from_cluster;
        unite(&mut self.manifest, other.manifest)
    }
}

/// Adds what only the other value has; false if both have something and it differs.
fn unite(value: &mut Value, other: Value) -> bool {
    match (value, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let mut agree = true;
            for (key, other) in others {
                match fields.get_mut(&key) {
                    Some(field) => agree &= unite(field, other),
                    None => {
                        fields.insert(key, other);
                    }
                }
            }
            agree
        }
        (value, other) => *value == other,
    }
}

/// Metadata that the server writes and a manifest must not carry.
const SERVER_METADATA: &[&str] = &[
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Where most of what servers write into an object stands: it can be left out as it is read.
pub(super) const SERVER_FIELDS: &[Way] = &[&["metadata", "managedFields"], &["status"]];

/// Annotation in which `kubectl apply` keeps its own copy of the object.
pub(super) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Drops from an object what servers and `kubectl apply` wrote into it, and the `finalizers` of a namespace's spec,
/// which the server adds to every namespace.
pub fn without_server_fields(mut object: Value) -> Value {
    let Some(fields) = object.as_object_mut() else {
        return object;
    };
    fields.remove("status");
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in SERVER_METADATA {
            metadata.remove(*field);
        }
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.remove(LAST_APPLIED);
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    if fields.get("kind").and_then(Value::as_str) == Some("Namespace")
        && let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut)
    {
        if spec.get("finalizers") == Some(&serde_json::json!(["kubernetes"])) {
            spec.remove("finalizers");
        }
        if spec.is_empty() {
            fields.remove("spec");
        }
    }
    object
}

/// A Node, of which only the version counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Where it stands.
    pub source: Source,
    /// `status.nodeInfo.kubeletVersion`; empty if it is not there.
    pub kubelet: String,
    /// Its minor version (`v1.24.7-eks-1` is 24), where it is readable.
    pub kubelet_minor: Option<u32>,
}

/// The minor of a kubelet version such as `v1.24.7+rke2r1`.
pub fn kubelet_minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("v1.")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// A ServiceAccount.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServiceAccount {
    /// Namespace it belongs to.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Where it stands.
    pub sources: Vec<Source>,
    /// `automountServiceAccountToken`.
    pub automount_token: Option<bool>,
}
