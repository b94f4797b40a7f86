//! The staged manifests: a kustomization each, with one file a namespace.
//!
//! A manifest carries everything that the owner wrote and nothing that the server wrote, so that `kubectl apply` takes
//! nothing away. Namespaces without an object in the input get one with only what is known. `rollback` holds the
//! namespaces as they were: applied after the stages, it takes the labels away that the stages added.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::plan::labels::Stage;
use crate::plan::{NamespacePlan, Plan};
use crate::render::Artifact;
use crate::render::json::to_text;
use crate::render::text::is_invisible;

/// The folders of all stages that change something, and the way back.
pub fn stages(plan: &Plan) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for stage in Stage::ALL {
        let manifests = plan.namespaces.iter().filter_map(|namespace| {
            let labels = namespace.labels.at(stage, namespace.decision.confidence)?;
            Some((namespace.name.as_str(), manifest(namespace, &labels)))
        });
        artifacts.extend(kustomization(
            &format!("manifests/{}", stage.folder()),
            manifests,
        ));
    }
    let before = plan
        .namespaces
        .iter()
        .filter(|namespace| namespace.labels.before != namespace.labels.after)
        .map(|namespace| {
            let labels = &namespace.labels.before;
            (namespace.name.as_str(), manifest(namespace, labels))
        });
    artifacts.extend(kustomization("rollback", before));
    artifacts
}

/// A folder with one file a namespace and the kustomization that lists them; nothing if there is none.
fn kustomization<'a>(
    folder: &str,
    manifests: impl Iterator<Item = (&'a str, Value)>,
) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    let mut files = Vec::new();
    for (namespace, manifest) in manifests {
        let file = format!("namespace-{namespace}.yaml");
        artifacts.push(Artifact {
            path: format!("{folder}/{file}"),
            text: yaml(&manifest),
        });
        files.push(file);
    }
    if !files.is_empty() {
        artifacts.push(Artifact {
            path: format!("{folder}/kustomization.yaml"),
            text: yaml(&json!({
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "resources": files,
            })),
        });
    }
    artifacts
}

/// The Namespace object with these labels.
pub fn manifest(namespace: &NamespacePlan, labels: &BTreeMap<String, String>) -> Value {
    let mut object = namespace
        .manifest
        .clone()
        .unwrap_or_else(|| named(&namespace.name));
    if let Some(fields) = object.as_object_mut() {
        let metadata = fields
            .entry("metadata")
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Some(metadata) = metadata.as_object_mut() {
            if labels.is_empty() {
                metadata.remove("labels");
            } else {
                metadata.insert("labels".to_owned(), json!(labels));
            }
        }
    }
    object
}

/// A Namespace of which only the name is known.
fn named(name: &str) -> Value {
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    serde_json::to_value(namespace).expect("a Namespace with a name has no failing Serialize")
}

/// An object as YAML that Kubernetes reads back unchanged.
///
/// YAML shows characters as they are that reorder or hide the text around them. An object that has any of these is
/// written as JSON, which is YAML as well, with escapes in their place.
pub fn yaml(object: &Value) -> String {
    let text =
        serde_yaml::to_string(object).expect("JSON values have string keys and finite numbers");
    match text.contains(|c| !matches!(c, '\n' | '\t') && is_invisible(c)) {
        true => to_text(object),
        false => text,
    }
}
