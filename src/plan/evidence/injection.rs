//! Sidecars that something puts into pods on their way in.

use std::collections::BTreeMap;

use crate::model::gap::GapKind;
use crate::model::namespace::Namespace;
use crate::model::role::LabelSelector;
use crate::model::selector;
use crate::model::workload::Workload;
use crate::pss::LevelSet;

use super::{Missing, Weight};

/// The injection that the namespace asks for, or else the template of this workload in it.
pub(super) fn asked(namespace: Option<&Namespace>, asking: Option<&Workload>) -> Option<Missing> {
    let by_namespace = || {
        let namespace = namespace.filter(|namespace| is_asking(namespace))?;
        let what = "the sidecar injection that the namespace asks for".to_owned();
        Some((what, namespace.sources.first()))
    };
    let by_template = || {
        let workload = asking?;
        let (kind, name) = (&workload.kind, workload.meta.display_name());
        let what = format!("the sidecar injection that {kind} {name} asks for");
        Some((what, workload.sources.first()))
    };
    let (what, source) = by_namespace().or_else(by_template)?;
    Some(Missing {
        what,
        kind: GapKind::Injection,
        source: source.cloned(),
        satisfies: LevelSet::PRIVILEGED,
        weight: Weight::Withholds,
        judged: false,
    })
}

/// Whether the namespace asks Istio or Linkerd for sidecars.
fn is_asking(namespace: &Namespace) -> bool {
    let annotation = namespace
        .manifest
        .pointer("/metadata/annotations/linkerd.io~1inject")
        .and_then(serde_json::Value::as_str);
    let istio = namespace.labels.get("istio-injection");
    istio.is_some_and(|value| value == "enabled")
        || namespace.labels.contains_key("istio.io/rev")
        || annotation.is_some_and(is_linkerd)
}

/// Whether the template asks Istio or Linkerd for a sidecar.
pub(super) fn asks(workload: &Workload) -> bool {
    let meta = &workload.pod.metadata;
    let istio = |map: &BTreeMap<String, String>| {
        let value = map.get("sidecar.istio.io/inject");
        value.is_some_and(|value| value == "true")
    };
    let linkerd = meta.annotations.get("linkerd.io/inject");
    istio(&meta.labels) || istio(&meta.annotations) || linkerd.is_some_and(|v| is_linkerd(v))
}

/// Whether a value of Linkerd's annotation asks for its proxy.
fn is_linkerd(value: &str) -> bool {
    matches!(value, "enabled" | "ingress")
}

/// Whether a webhook works on a namespace. Where its labels are not known, or a selector is not understood, it may.
pub(super) fn selects(
    selectors: &[LabelSelector],
    name: &str,
    namespace: Option<&Namespace>,
) -> bool {
    let Some(namespace) = namespace else {
        return true;
    };
    let mut labels = namespace.labels.clone();
    // The API server sets it on every namespace.
    labels.insert("kubernetes.io/metadata.name".to_owned(), name.to_owned());
    selectors.iter().any(|selector| {
        selector::problem(selector).is_some() || selector::matches(selector, &labels)
    })
}
