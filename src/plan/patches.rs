//! What a template must say itself once no policy writes it.
//!
//! Three classes. *Preserving* edits write what runs today anyway: the replay shows that the policy writes it.
//! *Loosening* ones would write down a weakening (an added capability, no seccomp, privilege escalation): they are
//! reported and never made. *Hardening* ones are new behaviour that a tighter level asks for: proposed, unproven.
//!
//! Every patch is proven: the patched template is judged by the standards and replayed against the old policies. If
//! they refuse it, choose another policy or still write what the patch meant to settle, the patch can only be applied
//! once they are bypassed.

use serde_json::{Value, json};

use crate::model::pod::{Pod, PodSecurityContext, Profile, SecurityContext};
use crate::model::workload::{Origin, Workload};
use crate::psp::{self, Candidate, Change, Step};
use crate::pss::{Evaluator, LevelSet};

/// A patch of one workload, with its proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// What it writes, as paths in the pod.
    pub edits: Vec<Change>,
    /// What the policy writes and the patch does not, because it weakens the pod.
    pub loosening: Vec<Change>,
    /// The levels that the patched template satisfies.
    pub satisfies: LevelSet,
    /// What the old policies make of the patched template.
    pub proof: Proof,
    /// The strategic merge patch of the object; `None` where there is nothing to write, or where none can be applied:
    /// custom resources have no merge keys, and an object without a name can not be addressed.
    pub object: Option<Value>,
}

/// What the old policies make of a patched template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The same policy admits it and has nothing more to write of what the patch settles.
    Accepted,
    /// Another policy would admit it, which may write other things.
    OtherPolicy,
    /// The same policy still writes what the patch settles, or still weakens the pod below the patched level.
    StillMutated,
    /// They refuse it: it can only be applied once they are bypassed.
    Refused,
}

impl Proof {
    /// The word in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Accepted => "accepted",
            Proof::OtherPolicy => "otherPolicy",
            Proof::StillMutated => "stillMutated",
            Proof::Refused => "refused",
        }
    }
}

/// What a replay showed of a workload.
pub(super) struct Replayed<'a> {
    /// The pod as the policies saw it.
    pub(super) before: &'a Pod,
    /// The pod as it was stored.
    pub(super) stored: &'a Pod,
    /// The policy that admitted it.
    pub(super) policy: &'a str,
    /// The policies that could have.
    pub(super) candidates: &'a [Candidate<'a>],
}

/// The patch that preserves what runs today; `None` if the policy writes nothing that a template could keep.
pub(super) fn patch(
    workload: &Workload,
    replayed: &Replayed,
    evaluator: &Evaluator,
) -> Option<Patch> {
    let patched = preserving(replayed.before, replayed.stored, evaluator);
    let edits = psp::changes(replayed.before, &patched);
    let loosening = psp::changes(&patched, replayed.stored)
        .into_iter()
        .filter(|change| !is_seccomp_annotation(change))
        .filter(|change| change.after.is_some())
        .collect::<Vec<_>>();
    if edits.is_empty() && loosening.is_empty() {
        return None;
    }
    let applicable = !edits.is_empty()
        && matches!(workload.origin, Origin::Template | Origin::Pod)
        && !workload.meta.name.is_empty();
    Some(Patch {
        satisfies: evaluator.satisfies(&patched),
        proof: prove(&patched, &edits, replayed, evaluator),
        object: applicable.then(|| strategic_merge(workload, &patched, &edits)),
        edits,
        loosening,
    })
}

/// The stored pod without what weakens it and without what storage adds for old readers.
///
/// Whatever is left is preserving unless it costs a level that the pod satisfies as written: then it is left out, too,
/// one field of all containers at a time.
fn preserving(before: &Pod, stored: &Pod, evaluator: &Evaluator) -> Pod {
    let patched = without_weakening(before, stored);
    let written = evaluator.satisfies(before);
    let keeps = |pod: &Pod| written.intersection(evaluator.satisfies(pod)) == written;
    if keeps(&patched) {
        return patched;
    }
    let mut kept = before.clone();
    for copy in FIELDS {
        let mut more = kept.clone();
        copy(&mut more, &patched);
        if keeps(&more) {
            kept = more;
        }
    }
    kept
}

/// Copies one field, or one field of every container, from a pod of the same shape.
type Copy = fn(&mut Pod, &Pod);

/// Every field that a policy writes.
const FIELDS: &[Copy] = &[
    |to, from| {
        to.metadata
            .annotations
            .clone_from(&from.metadata.annotations)
    },
    |to, from| {
        to.spec
            .runtime_class_name
            .clone_from(&from.spec.runtime_class_name)
    },
    |to, from| of_pod(to, from, |to, from| to.fs_group = from.fs_group),
    |to, from| {
        of_pod(to, from, |to, from| {
            to.supplemental_groups.clone_from(&from.supplemental_groups)
        })
    },
    |to, from| {
        of_pod(to, from, |to, from| {
            to.se_linux_options.clone_from(&from.se_linux_options)
        })
    },
    |to, from| {
        of_pod(to, from, |to, from| {
            to.seccomp_profile.clone_from(&from.seccomp_profile)
        })
    },
    |to, from| of_containers(to, from, |to, from| to.run_as_user = from.run_as_user),
    |to, from| of_containers(to, from, |to, from| to.run_as_group = from.run_as_group),
    |to, from| {
        of_containers(to, from, |to, from| {
            to.run_as_non_root = from.run_as_non_root
        })
    },
    |to, from| {
        of_containers(to, from, |to, from| {
            to.seccomp_profile.clone_from(&from.seccomp_profile)
        })
    },
    |to, from| {
        of_containers(to, from, |to, from| {
            to.capabilities.clone_from(&from.capabilities)
        })
    },
    |to, from| {
        of_containers(to, from, |to, from| {
            to.read_only_root_filesystem = from.read_only_root_filesystem;
        });
    },
    |to, from| {
        of_containers(to, from, |to, from| {
            to.allow_privilege_escalation = from.allow_privilege_escalation;
        });
    },
];

fn of_pod(to: &mut Pod, from: &Pod, copy: fn(&mut PodSecurityContext, &PodSecurityContext)) {
    if let Some(from) = &from.spec.security_context {
        copy(to.spec.security_context.get_or_insert_default(), from);
    }
}

fn of_containers(to: &mut Pod, from: &Pod, copy: fn(&mut SecurityContext, &SecurityContext)) {
    let spec = &mut to.spec;
    let containers = spec
        .init_containers
        .iter_mut()
        .chain(&mut spec.containers)
        .chain(&mut spec.ephemeral_containers);
    for (to, from) in containers.zip(from.spec.all_containers()) {
        if let Some(from) = &from.security_context {
            copy(to.security_context.get_or_insert_default(), from);
        }
    }
}

/// The stored pod without unconfined profiles, added capabilities and allowed privilege escalation, and with the flag
/// that a known uid proves.
fn without_weakening(before: &Pod, stored: &Pod) -> Pod {
    let mut patched = stored.clone();
    patched.metadata.annotations = before.metadata.annotations.clone();
    patched.metadata.annotations.extend(
        stored
            .metadata
            .annotations
            .iter()
            .filter(|(key, value)| key.starts_with(APP_ARMOR) && *value != "unconfined")
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    let unconfined = |profile: &Option<Profile>| {
        profile
            .as_ref()
            .is_some_and(|profile| profile.type_ == "Unconfined")
    };
    if let Some(context) = &mut patched.spec.security_context {
        let written = before.spec.security_context.as_ref();
        if unconfined(&context.seccomp_profile) {
            context.seccomp_profile = written.and_then(|c| c.seccomp_profile.clone());
        }
    }
    let user = patched
        .spec
        .security_context
        .as_ref()
        .and_then(|c| c.run_as_user);
    let flag = patched
        .spec
        .security_context
        .as_ref()
        .and_then(|c| c.run_as_non_root);
    let written = before.spec.all_containers();
    let spec = &mut patched.spec;
    let containers = spec
        .init_containers
        .iter_mut()
        .chain(&mut spec.containers)
        .chain(&mut spec.ephemeral_containers);
    for (container, written) in containers.zip(written) {
        let Some(context) = &mut container.security_context else {
            continue;
        };
        let empty = SecurityContext::default();
        let written = written.security_context.as_ref().unwrap_or(&empty);
        if unconfined(&context.seccomp_profile) {
            context.seccomp_profile.clone_from(&written.seccomp_profile);
        }
        if context.allow_privilege_escalation == Some(true) {
            context.allow_privilege_escalation = written.allow_privilege_escalation;
        }
        if let Some(capabilities) = &mut context.capabilities {
            capabilities.add = written
                .capabilities
                .as_ref()
                .map_or_else(Vec::new, |c| c.add.clone());
        }
        // A uid that is known and not 0 proves what the flag only claims.
        let uid = context.run_as_user.or(user);
        if uid.is_some_and(|uid| uid != 0) && context.run_as_non_root.or(flag).is_none() {
            context.run_as_non_root = Some(true);
        }
    }
    patched
}

/// Prefix of the annotations that name a container's AppArmor profile.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

fn is_seccomp_annotation(change: &Change) -> bool {
    matches!(change.steps.last(), Some(Step::Key(key)) if key.contains("seccomp.security.alpha"))
}

/// Replays the patched template against the old policies.
fn prove(patched: &Pod, edits: &[Change], replayed: &Replayed, evaluator: &Evaluator) -> Proof {
    let admission = psp::replay(patched, replayed.candidates);
    let Some(admitted) = admission.admitted else {
        return Proof::Refused;
    };
    if admitted.policy != replayed.policy {
        return Proof::OtherPolicy;
    }
    let stored = psp::stored(&admitted.pod);
    let again = psp::changes(patched, &stored);
    let settled = |change: &Change| edits.iter().any(|edit| edit.steps == change.steps);
    // The policy may still weaken the pod: then the patch alone does not get it to the level.
    let level = evaluator.satisfies(patched);
    let weakened = level.intersection(evaluator.satisfies(&stored)) != level;
    match weakened || again.iter().any(settled) {
        true => Proof::StillMutated,
        false => Proof::Accepted,
    }
}

/// The edits as a strategic merge patch of the whole object; containers are merged by name.
fn strategic_merge(workload: &Workload, patched: &Pod, edits: &[Change]) -> Value {
    let mut pod = json!({});
    for edit in edits {
        let (Some(value), Some((last, way))) = (&edit.after, edit.steps.split_last()) else {
            continue;
        };
        let mut place = &mut pod;
        let mut list = "";
        for step in way {
            place = match step {
                Step::Field(name) => {
                    list = name;
                    member(place, name)
                }
                Step::Key(key) => member(place, key),
                Step::Index(index) => {
                    let name = patched
                        .spec
                        .containers_with_place()
                        .find(|(of, at, _)| *of == list && at == index)
                        .map(|(_, _, container)| container.name.clone());
                    element(place, &name.unwrap_or_default())
                }
            };
        }
        let key = match last {
            Step::Field(name) => (*name).to_owned(),
            Step::Key(key) => key.clone(),
            Step::Index(_) => continue,
        };
        *member(place, &key) = value.clone();
    }
    let mut object = json!({
        "apiVersion": workload.api_version,
        "kind": workload.kind,
        "metadata": { "name": workload.meta.name },
    });
    if let (Some(namespace), Some(metadata)) = (&workload.namespace, object.get_mut("metadata")) {
        *member(metadata, "namespace") = json!(namespace);
    }
    let path = workload.pod_path();
    let template = path
        .split('.')
        .filter(|key| !key.is_empty())
        .fold(&mut object, |place, key| member(place, key));
    merge(template, pod);
    object
}

/// Adds the fields of one object to another, which may not be there yet.
fn merge(place: &mut Value, value: Value) {
    match (place, value) {
        (Value::Object(fields), Value::Object(more)) => {
            for (key, value) in more {
                merge(fields.entry(key).or_insert(Value::Null), value);
            }
        }
        (place, value) => *place = value,
    }
}

/// The member of an object, made if it is missing. Anything else than an object is replaced by one.
fn member<'v>(value: &'v mut Value, key: &str) -> &'v mut Value {
    if !value.is_object() {
        *value = json!({});
    }
    value
        .as_object_mut()
        .expect("it was made an object just now")
        .entry(key)
        .or_insert(Value::Null)
}

/// The element of a list with this `name`, made if it is missing.
fn element<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    if !value.is_array() {
        *value = json!([]);
    }
    let list = value.as_array_mut().expect("it was made a list just now");
    let at = list.iter().position(|element| element["name"] == name);
    let at = at.unwrap_or_else(|| {
        list.push(json!({ "name": name }));
        list.len() - 1
    });
    &mut list[at]
}
