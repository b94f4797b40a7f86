//! The stages that patch workloads. A patch alone does not build, so each folder carries the objects, too, as their
//! owners wrote them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::plan::NamespacePlan;
use crate::plan::labels::Stage;
use crate::plan::patches::{Patch, Proof};
use crate::plan::workloads::{Replay, WorkloadPlan};
use crate::psp;
use crate::render::text::visible;

use super::{Folder, yaml};

/// Every object of a namespace that the stage patches, with its patch, in a folder of its own.
pub(super) fn workloads(namespace: &NamespacePlan, stage: Stage, folder: &mut Folder) {
    let mut names = BTreeSet::new();
    for workload in &namespace.workloads {
        add(namespace, workload, stage, &mut names, folder);
    }
}

fn add(
    namespace: &NamespacePlan,
    workload: &WorkloadPlan,
    stage: Stage,
    names: &mut BTreeSet<String>,
    folder: &mut Folder,
) {
    let (Some(staged), Some(patch)) = (&workload.staged, workload.patch()) else {
        return;
    };
    let Some(object) = patch.object.as_ref().filter(|_| staged.stage == stage) else {
        return;
    };
    let (folder_of, file) = (&namespace.name, stem(workload, names));
    let comment = comment(workload, patch);
    let mut base = staged.manifest.object();
    belongs(&mut base, &namespace.name);
    if merges(&base) {
        folder.resource(format!("{folder_of}/{file}.yaml"), yaml(&base));
        folder.patch(
            format!("{folder_of}/patch-{file}.yaml"),
            format!("{comment}{}", yaml(object)),
        );
    } else {
        let mut place = Some(&mut base);
        for key in staged.pod_path.split('.').filter(|key| !key.is_empty()) {
            place = place.and_then(|value| value.get_mut(key));
        }
        if let Some(pod) = place {
            psp::apply(&patch.edits, pod);
        }
        folder.resource(
            format!("{folder_of}/{file}.yaml"),
            format!("{comment}{}", yaml(&base)),
        );
    }
}

/// Whether kustomize knows how to merge the containers of an object. Of API versions that Kubernetes dropped long ago
/// it replaces the whole list, so their objects are written as they are with the patch.
fn merges(object: &Value) -> bool {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    matches!(api_version, "v1" | "apps/v1" | "batch/v1" | "batch/v1beta1")
}

/// The name of the file, without its ending. Names of objects may be as long as names of files, so that long ones have
/// to be cut.
fn stem(workload: &WorkloadPlan, names: &mut BTreeSet<String>) -> String {
    const LONGEST: usize = 200;
    let name = &workload.reference.name;
    let cut = name.get(..LONGEST).unwrap_or(name);
    let kind = workload.reference.kind.to_lowercase();
    let mut stem = format!("{kind}-{cut}");
    for number in 2.. {
        if names.insert(stem.clone()) {
            break;
        }
        stem = format!("{kind}-{cut}-{number}");
    }
    stem
}

/// Writes the namespace into an object that does not name it itself.
fn belongs(object: &mut Value, namespace: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
}

/// Which policy the patch is for, and what its proof says.
fn comment(workload: &WorkloadPlan, patch: &Patch) -> String {
    let policy = match &workload.replay {
        Replay::Admitted { policy, .. } => visible(policy),
        Replay::NoPolicies | Replay::Refused { .. } | Replay::Unknown { .. } => String::new(),
    };
    let proof = match patch.proof {
        Proof::Accepted => {
            format!("Policy {policy} accepts the patched pods and has none of this left to write.")
        }
        Proof::OtherPolicy => format!(
            "Not before the bypass: another policy than {policy} would admit the patched pods."
        ),
        Proof::StillMutated => format!(
            "Not before the bypass: policy {policy} would still write into the patched pods."
        ),
        Proof::Refused => {
            "Not before the bypass: the old policies refuse the patched pods.".to_owned()
        }
    };
    let mut lines = vec![
        format!(
            "Policy {policy} writes these fields into the pods of today; without it nothing will."
        ),
        proof,
    ];
    let fixed = match workload.reference.kind.as_str() {
        "Pod" => Some("a Pod"),
        "Job" => Some("the template of a Job"),
        _ => None,
    };
    lines.extend(fixed.map(|what| {
        format!(
            "Kubernetes lets nobody change {what}: if it exists, delete it before this is applied."
        )
    }));
    lines.iter().map(|line| format!("# {line}\n")).collect()
}
