//! What follows for a pod when nothing writes a field into it any more.
//!
//! Either a level refuses the template without the field, or the pod runs and something about it is silently
//! different. Defaults are those of Kubernetes 1.24 and of the usual container runtimes.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::psp::{Change, Step};
use crate::pss::{Level, Violation};

use super::patches::APP_ARMOR;

/// In one sentence, without a full stop, what follows when the field of a change is not written any more. `changes` are
/// all that the policy writes into the pod, `violations` those of the template.
pub fn lost(
    change: &Change,
    changes: &[Change],
    violations: &BTreeMap<Level, Vec<Violation>>,
) -> String {
    let (check, different) = match is_covered(change, changes) {
        true => (None, "the container runs under the profile of its pod"),
        false => known(change),
    };
    let refuses = violations.iter().find(|(_, violations)| {
        let mut violations = violations.iter();
        violations.any(|violation| Some(violation.check) == check)
    });
    match refuses {
        Some((level, _)) => {
            format!("the pods are refused where {level} is enforced; elsewhere {different}")
        }
        None => different.to_owned(),
    }
}

/// Whether this is the seccomp profile of a container whose pod gets one as well.
fn is_covered(change: &Change, changes: &[Change]) -> bool {
    let of_pod = |steps: &[Step]| {
        matches!(
            steps,
            [
                Step::Field("spec"),
                Step::Field("securityContext"),
                Step::Field("seccompProfile"),
            ]
        )
    };
    let is_profile = matches!(change.steps.last(), Some(Step::Field("seccompProfile")));
    is_profile && !of_pod(&change.steps) && changes.iter().any(|other| of_pod(&other.steps))
}

/// Whether a list of capabilities has `ALL`, which is what restricted asks for.
fn drops_all(list: Option<&Value>) -> bool {
    let list = list.and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|name| name == "ALL"))
}

/// The check that asks for the field, and what is different at run time without it.
fn known(change: &Change) -> (Option<&'static str>, &'static str) {
    match change.steps.last() {
        Some(Step::Key(key)) if key.starts_with(APP_ARMOR) => {
            return (
                None,
                "the container runs under the AppArmor profile that its runtime chooses",
            );
        }
        Some(Step::Key(_)) => return (None, "the annotation is missing; the field decides"),
        Some(Step::Field(_) | Step::Index(_)) | None => {}
    }
    let Some(Step::Field(field)) = change.steps.last() else {
        return (None, "the field is unset");
    };
    let weakens = match &change.after {
        Some(Value::Bool(value)) => *value,
        Some(Value::Object(profile)) => profile.get("type").is_some_and(|t| t == "Unconfined"),
        _ => false,
    };
    match (*field, weakens) {
        ("runAsUser", _) => (
            None,
            "processes run as the user of their image, perhaps root, and may not reach the files of today's user",
        ),
        ("runAsGroup", _) => (
            None,
            "processes run with the group of their image's user, mostly root's",
        ),
        ("fsGroup", _) => (
            None,
            "volumes are not handed to this group, so their files may be out of reach",
        ),
        ("supplementalGroups", _) => (
            None,
            "processes are not in these groups, so files of theirs may be out of reach",
        ),
        ("seLinuxOptions", _) => (None, "the container runtime chooses the SELinux label"),
        ("seccompProfile", true) => (
            None,
            "nothing changes, unless kubelets are told to filter system calls by default",
        ),
        ("seccompProfile", false) => (
            Some("seccompProfile_restricted"),
            "no system call is filtered, unless kubelets are told to do that by default",
        ),
        ("runAsNonRoot", _) => (
            Some("runAsNonRoot"),
            "an image that starts as root runs as root instead of being stopped",
        ),
        ("drop", _) if drops_all(change.before.as_ref()) => (
            None,
            "nothing changes, because the template drops all capabilities",
        ),
        ("drop", _) => (
            drops_all(change.after.as_ref()).then_some("capabilities_restricted"),
            "processes keep these capabilities, as far as the container runtime gives them",
        ),
        ("add", _) => (
            None,
            "processes lack these capabilities, and what uses them fails",
        ),
        ("readOnlyRootFilesystem", _) => (
            None,
            "processes can write to the file system of their image",
        ),
        ("allowPrivilegeEscalation", true) => (None, "nothing changes, because unset means true"),
        ("allowPrivilegeEscalation", false) => (
            Some("allowPrivilegeEscalation"),
            "programs with the set-uid bit can gain privileges",
        ),
        ("runtimeClassName", _) => (None, "pods run under the nodes' default container runtime"),
        _ => (None, "the field is unset"),
    }
}
