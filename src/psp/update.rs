//! Updates: whether a stored pod may still be changed.
//!
//! Nothing is written on update, so a policy counts only if it accepts the pod as it is. The policy that admitted the
//! pod is tried first. Subresources never get here: ephemeral containers are added without any policy being asked.
//!
//! Upstream: `plugin/pkg/admission/security/podsecuritypolicy/admission.go` (v1.24.7, `Validate`, `shouldIgnore`) and
//! `pkg/registry/rbac/helpers.go` (`IsOnlyMutatingGCFields`).

use serde_json::Value;

use crate::model::pod::Pod;
use crate::psp::ANNOTATION;
use crate::psp::admit::{Admission, Admitted, Candidate, attempt};

/// Admits the new state of a pod, or refuses it. Also what the second pass of a creation does, with the stored pod.
///
/// The policy named in the pod's annotation [`ANNOTATION`] is tried first, then the others in bytewise order.
pub fn replay_update(pod: &Pod, candidates: &[Candidate<'_>]) -> Admission {
    let hint = pod.metadata.annotations.get(ANNOTATION);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|index| {
        let name = &candidates[*index].policy.name;
        (Some(name) != hint, name)
    });
    let mut admitted = None;
    let mut trials = Vec::with_capacity(order.len());
    for index in order {
        let (trial, outcome) = attempt(pod, index, candidates[index]);
        if let (Some(pod), true, false) = (outcome, trial.usable, trial.mutated) {
            admitted.get_or_insert(Admitted {
                policy: trial.name.clone(),
                candidate: index,
                mutated: false,
                pod,
            });
        }
        trials.push(trial);
    }
    Admission { admitted, trials }
}

/// Whether an update is none of the plugin's business: it changes at most what garbage collection changes.
///
/// Takes pods as JSON, because [`Pod`] has only the fields that matter to policies. Absent, `null`, `[]` and `{}` are
/// the same here; upstream tells an empty struct from an absent one.
pub fn is_ignored(old: &Value, new: &Value) -> bool {
    const BOOKKEEPING: [&str; 4] = ["ownerReferences", "finalizers", "selfLink", "managedFields"];
    let relevant = |pod: &Value| {
        let mut pod = pod.clone();
        if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|key, _| !BOOKKEEPING.contains(&key.as_str()));
        }
        drop_empty(&mut pod);
        pod
    };
    relevant(old) == relevant(new)
}

/// Drops every member that is null or empty, innermost first. Values come from a parser, which bounds their depth.
fn drop_empty(value: &mut Value) {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(drop_empty),
        Value::Object(members) => {
            members.values_mut().for_each(drop_empty);
            members.retain(|_, member| !is_empty(member));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
