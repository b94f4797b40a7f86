//! What the input mentions but does not show: pods made or changed by something we cannot read.
//!
//! A gap is evidence of missing evidence. Whether it matters is for [`crate::plan`] to decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::attribution::Homes;
use super::decode::{Object, group};
use super::is_dns_label;
use super::kustomize::Kustomization;
use super::nullable;
use super::object::ObjectMeta;
use super::patch::{Change, Target};
use super::role::LabelSelector;
use super::workload::Workload;
use crate::diag::Source;
use crate::input::{self, DecodeError, Document, Unreadable};

/// Something that makes or changes pods which the input does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What kind of thing.
    pub kind: GapKind,
    /// How to call it, for example `HelmRelease shop/redis`.
    pub what: String,
    /// Where it stands.
    pub source: Source,
    /// The namespace its pods are in; `Some("")` is to be attributed, `None` could be any.
    pub namespace: Option<String>,
    /// For [`GapKind::Injection`]: the labels of the namespaces it works on, OR-ed.
    pub selectors: Vec<LabelSelector>,
    /// For [`GapKind::Fragment`]: what it does.
    pub patch: Option<Patch>,
}

/// A patch that is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// What it does.
    pub change: Arc<Change>,
    /// What it changes.
    pub patched: Patched,
}

/// What a patch changes, as far as the input shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Patched {
    /// Whatever has the kind and name of its target.
    Called,
    /// What a kustomization builds.
    Built {
        /// Whether that is shown, but not in which namespace it is.
        homeless: bool,
        /// Whether some of it gets a container that leaves out what the restricted level asks for.
        adds: bool,
    },
}

/// The kinds of gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapKind {
    /// A document that could not be read and may be a workload.
    Unreadable,
    /// A template that is not rendered and may be a workload.
    Template,
    /// A workload whose namespace the input does not tell.
    Unattributed,
    /// A part of a workload, such as a kustomize patch: the workload may become looser than it was judged.
    Fragment,
    /// A role or binding that could not be read or names no namespace: who may use what is not known.
    Grant,
    /// A policy that could not be read: what it allowed is not known.
    Policy,
    /// A release or application that is rendered elsewhere (Helm, Argo CD, Flux).
    Rendered,
    /// A mutating webhook that may change pods on their way in.
    Injection,
    /// A custom resource, whose operator may create pods.
    CustomResource,
    /// A webhook that the cluster depends on: its namespace must not be broken.
    Critical,
}

/// Custom resources that stand for a bundle of manifests rendered by a controller: group, kind, and the path of the
/// namespace the bundle goes to.
const RENDERED: &[(&str, &str, &str)] = &[
    ("argoproj.io", "Application", "/spec/destination/namespace"),
    (
        "argoproj.io",
        "ApplicationSet",
        "/spec/template/spec/destination/namespace",
    ),
    ("app.k14s.io", "App", ""),
    ("fleet.cattle.io", "Bundle", "/spec/defaultNamespace"),
    ("helm.cattle.io", "HelmChart", "/spec/targetNamespace"),
    ("helm.fluxcd.io", "HelmRelease", "/spec/targetNamespace"),
    (
        "helm.toolkit.fluxcd.io",
        "HelmRelease",
        "/spec/targetNamespace",
    ),
    (
        "kustomize.toolkit.fluxcd.io",
        "Kustomization",
        "/spec/targetNamespace",
    ),
];

/// Kinds that make no pods, so that nothing is missed if one of them cannot be read.
const WITHOUT_PODS: &[&str] = &[
    "APIService",
    "CSIDriver",
    "ConfigMap",
    "CustomResourceDefinition",
    "Endpoints",
    "HorizontalPodAutoscaler",
    "Ingress",
    "LimitRange",
    "Namespace",
    "NetworkPolicy",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "PriorityClass",
    "ResourceQuota",
    "Secret",
    "Service",
    "ServiceAccount",
    "StorageClass",
    "ValidatingWebhookConfiguration",
];

/// Kinds that say who may use which policy.
const GRANTS: &[&str] = &[
    "ClusterRole",
    "ClusterRoleBinding",
    POLICY,
    "Role",
    "RoleBinding",
];

const POLICY: &str = "PodSecurityPolicy";

/// What an unreadable document leaves open; `None` if it is of a kind that makes no pods.
///
/// A template names no namespace of its own: where it is installed, the release decides.
pub(super) fn unreadable(document: &Unreadable, homes: &Homes) -> Option<Gap> {
    let kind = document.kind_hint.as_deref().unwrap_or("document");
    if WITHOUT_PODS.contains(&kind) {
        return None;
    }
    let name = document.name_hint.as_deref().unwrap_or_default();
    let what = match name {
        "" => format!("{kind} at {}", document.source),
        name => format!("{kind} {name} at {}", document.source),
    };
    let rendered_later = document.code == &input::diags::TEMPLATE;
    let (kind, namespace) = match (GRANTS.contains(&kind), rendered_later) {
        (true, _) if kind == POLICY => (GapKind::Policy, None),
        (true, _) => (GapKind::Grant, document.namespace_hint.clone()),
        (false, true) => (GapKind::Template, document.namespace_hint.clone()),
        (false, false) => (
            GapKind::Unreadable,
            match (&document.namespace_hint, &document.name_hint) {
                (Some(namespace), _) => Some(namespace.clone()),
                (None, Some(_)) => homes.of(&document.source),
                // Where not even the name can be told, a namespace may stand there just as well.
                (None, None) => homes.overlaid(&document.source),
            },
        ),
    };
    Some(Gap {
        kind,
        what,
        source: document.source.clone(),
        namespace,
        selectors: Vec::new(),
        patch: None,
    })
}

/// A custom resource without a pod template that we recognise.
pub(super) fn custom_resource(document: &Document, value: &Value) -> Object {
    let text = |path: &str| {
        value
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let kind = document.kind.as_str();
    let own = text("/metadata/namespace").to_owned();
    let rendered = RENDERED
        .iter()
        .find(|(g, k, _)| *g == group(&document.api_version) && *k == kind);
    let (kind_of_gap, namespace) = match rendered {
        // A value that is no name is filled in elsewhere, as the generators of an ApplicationSet do.
        Some((_, _, path)) if !path.is_empty() && !text(path).is_empty() => (
            GapKind::Rendered,
            Some(text(path).to_owned()).filter(|name| is_dns_label(name)),
        ),
        // A chart without a target goes where its release is; other bundles say in their objects where they go.
        Some((_, "HelmRelease" | "HelmChart", _)) => (GapKind::Rendered, Some(own)),
        Some(_) => (GapKind::Rendered, None),
        None if own.is_empty() => return Object::Other,
        None => (GapKind::CustomResource, Some(own)),
    };
    let gap = Gap {
        kind: kind_of_gap,
        what: name(kind, text("/metadata/namespace"), text("/metadata/name")),
        source: document.source.clone(),
        namespace,
        selectors: Vec::new(),
        patch: None,
    };
    Object::Gaps(vec![gap])
}

/// What a kustomization builds unseen.
pub(super) fn kustomized(kustomization: &Kustomization, homes: &Homes) -> Vec<Gap> {
    let namespace = homes.of_all_in(kustomization);
    let source = &kustomization.source;
    // Without a namespace of the kustomization's, each object goes where it says.
    let kind = match namespace {
        Some(_) => GapKind::Rendered,
        None => GapKind::Template,
    };
    let elsewhere = kustomization.elsewhere.iter();
    elsewhere
        .map(|what| Gap {
            kind,
            what: format!("{what} of {}", source.file),
            source: source.clone(),
            namespace: namespace.clone(),
            selectors: Vec::new(),
            patch: None,
        })
        .collect()
}

/// A part of a workload: what it does to the whole, nobody has applied.
pub(super) fn fragment(workload: &Workload, namespace: Option<String>) -> Gap {
    let what = format!("{} {}", workload.kind, workload.meta.display_name());
    let target = Target {
        kind: workload.kind.clone(),
        name: workload.meta.name.clone(),
    };
    let change = Change {
        what: what.clone(),
        target,
        effects: workload.effects.clone(),
    };
    Gap {
        kind: GapKind::Fragment,
        what,
        source: workload.source().clone(),
        namespace,
        selectors: Vec::new(),
        patch: Some(Patch {
            change: Arc::new(change),
            patched: Patched::Called,
        }),
    }
}

/// Whether Kubernetes defines the kind and it makes no pods.
pub(super) fn makes_no_pods(kind: &str) -> bool {
    WITHOUT_PODS.contains(&kind) || says_who_may(kind)
}

/// Whether objects of the kind say who may use which policy.
pub(super) fn says_who_may(kind: &str) -> bool {
    GRANTS.contains(&kind)
}

/// What a patch of such an object leaves open, see [`says_who_may`].
pub(super) fn of_grants(kind: &str) -> GapKind {
    match kind {
        POLICY => GapKind::Policy,
        _ => GapKind::Grant,
    }
}

fn name(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("{kind} {name}")
    } else {
        format!("{kind} {namespace}/{name}")
    }
}

/// A kind of Kubernetes itself that we do not decode otherwise.
pub(super) fn decode_builtin(document: &Document) -> Result<Object, DecodeError> {
    if group(&document.api_version) != "admissionregistration.k8s.io" {
        return Ok(Object::Other);
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        #[serde(deserialize_with = "nullable::or_default")]
        metadata: ObjectMeta,
        #[serde(deserialize_with = "nullable::list")]
        webhooks: Vec<Webhook>,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Webhook {
        #[serde(deserialize_with = "nullable::or_default")]
        client_config: ClientConfig,
        #[serde(deserialize_with = "nullable::list")]
        rules: Vec<Rule>,
        #[serde(deserialize_with = "nullable::or_default")]
        namespace_selector: LabelSelector,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct ClientConfig {
        #[serde(deserialize_with = "nullable::or_default")]
        service: Service,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Service {
        #[serde(deserialize_with = "nullable::or_default")]
        namespace: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Rule {
        #[serde(deserialize_with = "nullable::list")]
        api_groups: Vec<String>,
        #[serde(deserialize_with = "nullable::list")]
        resources: Vec<String>,
        #[serde(deserialize_with = "nullable::list")]
        operations: Vec<String>,
    }
    let covers_pods = |webhook: &Webhook| {
        webhook.rules.iter().any(|rule| {
            rule.api_groups.iter().any(|g| g.is_empty() || g == "*")
                && rule
                    .resources
                    .iter()
                    .any(|r| matches!(r.as_str(), "pods" | "*" | "*/*"))
                && (rule.operations.is_empty()
                    || rule
                        .operations
                        .iter()
                        .any(|o| matches!(o.as_str(), "CREATE" | "*")))
        })
    };
    let wire: Wire = document.decode()?;
    let gap = |kind, namespace, selectors| Gap {
        kind,
        what: name(&document.kind, "", &wire.metadata.name),
        source: document.source.clone(),
        namespace,
        selectors,
        patch: None,
    };
    let mut gaps = Vec::new();
    let injecting: Vec<LabelSelector> = wire
        .webhooks
        .iter()
        .filter(|webhook| covers_pods(webhook))
        .map(|webhook| webhook.namespace_selector.clone())
        .collect();
    if document.kind == "MutatingWebhookConfiguration" && !injecting.is_empty() {
        gaps.push(gap(GapKind::Injection, None, injecting));
    }
    let serving: BTreeSet<&String> = wire
        .webhooks
        .iter()
        .map(|webhook| &webhook.client_config.service.namespace)
        .filter(|namespace| !namespace.is_empty())
        .collect();
    for namespace in serving {
        gaps.push(gap(GapKind::Critical, Some(namespace.clone()), Vec::new()));
    }
    Ok(Object::Gaps(gaps))
}
