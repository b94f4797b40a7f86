//! The staged manifests: a kustomization each, that builds alone and is absent when it would change nothing.
//!
//! Stages of labels have one file a namespace, see `workloads` and `bypass` for the others.
//!
//! A manifest carries everything that the owner wrote and nothing that the server wrote, so that `kubectl apply` takes
//! nothing away. Namespaces without an object in the input get one with only what is known. `rollback` holds the
//! namespaces as they were: applied after the stages, it takes the labels away that the stages added. Its page says what
//! has to be undone before.

mod bypass;
mod workloads;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::plan::labels::Stage;
use crate::plan::versions::Plugin;
use crate::plan::{NamespacePlan, Plan};
use crate::render::json::to_text;
use crate::render::text::is_invisible;
use crate::render::{Artifact, back};

/// The folders of all stages that change something, and the way back.
pub fn stages(plan: &Plan) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for stage in Stage::ALL {
        let mut folder = Folder::new(format!("manifests/{}", stage.folder()));
        match stage {
            Stage::Workloads | Stage::LateWorkloads => {
                folder.fill(plan, |folder, namespace| {
                    workloads::workloads(namespace, stage, folder);
                });
            }
            Stage::Bypass => bypass::bypass(plan, &mut folder),
            Stage::WarnAudit
            | Stage::Enforce
            | Stage::EnforceReview
            | Stage::Tighten
            | Stage::TightenReview => {
                folder.fill(plan, |folder, namespace| {
                    let labels = namespace.labels.at(stage, namespace.decision.confidence);
                    if let Some(labels) = labels {
                        add(folder, namespace, &labels);
                    }
                });
            }
        }
        artifacts.extend(folder.finish());
    }
    let mut rollback = Folder::new("rollback".to_owned());
    rollback.fill(plan, |folder, namespace| {
        let labels = &namespace.labels;
        if labels.before != labels.after || labels.later.is_some() {
            add(folder, namespace, &labels.before);
        }
    });
    let rollback = rollback.finish();
    if !rollback.is_empty() {
        let unlabelled = plan.unlabelled.as_ref();
        let done = back::Done {
            stages: plan
                .namespaces
                .iter()
                .flat_map(NamespacePlan::steps)
                .collect(),
            defaults: back::Defaults::of(unlabelled.map(|of| of.defaults.enforce.level)),
            policies: match Plugin::of(plan.kubelets.keys()) {
                Plugin::Possible => plan.policies.len(),
                Plugin::Gone => 0,
            },
        };
        artifacts.push(Artifact {
            path: "rollback/README.md".to_owned(),
            text: back::page(&done),
        });
    }
    artifacts.extend(rollback);
    artifacts
}

/// Stands above a Namespace of which only the name is known.
const UNSEEN: &str = "\
# The input has no object of this namespace. If the cluster has one, give psp2psa that, too: applied as it is, this file
# can take away labels and annotations that were applied before.
";

/// Adds a namespace with these labels.
fn add(folder: &mut Folder, namespace: &NamespacePlan, labels: &BTreeMap<String, String>) {
    let file = format!("namespace-{}.yaml", namespace.name);
    // What was applied before and is not in the file, `kubectl apply` removes.
    let comment = match namespace.manifest {
        Some(_) => "",
        None => UNSEEN,
    };
    let object = yaml(&manifest(namespace, labels));
    folder.resource(file, format!("{comment}{object}"));
}

/// A kustomization in the making. Names of files are made of valid names only.
struct Folder {
    path: String,
    files: Vec<Artifact>,
    resources: Vec<String>,
    patches: Vec<String>,
}

impl Folder {
    fn new(path: String) -> Self {
        Folder {
            path,
            files: Vec::new(),
            resources: Vec::new(),
            patches: Vec::new(),
        }
    }

    /// Lets each namespace add to the folder: all at once, and as if one after the other.
    fn fill(&mut self, plan: &Plan, add: impl Fn(&mut Folder, &NamespacePlan) + Sync) {
        let parts = plan.namespaces.par_iter().map(|namespace| {
            let mut part = Folder::new(self.path.clone());
            add(&mut part, namespace);
            part
        });
        for part in parts.collect::<Vec<_>>() {
            self.files.extend(part.files);
            self.resources.extend(part.resources);
            self.patches.extend(part.patches);
        }
    }

    /// Adds an object.
    fn resource(&mut self, file: String, text: String) {
        self.write(&file, text);
        self.resources.push(file);
    }

    /// Adds a patch of one of the objects.
    fn patch(&mut self, file: String, text: String) {
        self.write(&file, text);
        self.patches.push(file);
    }

    fn write(&mut self, file: &str, text: String) {
        self.files.push(Artifact {
            path: format!("{}/{file}", self.path),
            text,
        });
    }

    /// The files and the kustomization that lists them; nothing without any.
    fn finish(mut self) -> Vec<Artifact> {
        if self.resources.is_empty() {
            return Vec::new();
        }
        let mut kustomization = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": self.resources,
        });
        if !self.patches.is_empty() {
            let patches = self.patches.iter().map(|path| json!({ "path": path }));
            kustomization["patches"] = patches.collect();
        }
        self.write("kustomization.yaml", yaml(&kustomization));
        self.files
    }
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
