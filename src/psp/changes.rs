//! What a policy or storage wrote into a pod, field by field, and the same written into the pod's JSON.
//!
//! [`changes()`] walks exactly the fields that [`crate::psp::replay`] and [`crate::psp::sync_seccomp`] can write, so that
//! the rest of a pod, which the model does not know, stays as it is.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use serde_json::{Map, Value, json};

use crate::model::pod::{Pod, PodSecurityContext, Profile, SeLinuxOptions, SecurityContext};
use crate::psp::ANNOTATION;

/// One field that differs between two states of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The way to the field from the pod's root.
    pub steps: Vec<Step>,
    /// The value before; `None` if the field was absent.
    pub before: Option<Value>,
    /// The value after; `None` if the field is absent.
    pub after: Option<Value>,
}

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Into a member of a struct.
    Field(&'static str),
    /// Into an element of a list.
    Index(usize),
    /// Into an entry of a map, here an annotation.
    Key(String),
}

impl Change {
    /// The field as people write it: `spec.containers[0].securityContext.runAsUser`, `metadata.annotations[KEY]`.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            if matches!(step, Step::Field(_)) && !path.is_empty() {
                path.push('.');
            }
            path.push_str(&step.to_string());
        }
        path
    }
}

impl Change {
    /// The path without the indices of lists: `spec.containers[*].securityContext.runAsUser`.
    pub fn generic_path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Index(_) => path.push_str("[*]"),
                Step::Field(_) | Step::Key(_) => {
                    if matches!(step, Step::Field(_)) && !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(&step.to_string());
                }
            }
        }
        path
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key}]"),
        }
    }
}

/// Everything that was written between two states of one pod: annotations by key, then fields in visit order.
///
/// Both states must have the same containers. Fields that neither a policy nor storage writes are not looked at.
pub fn changes(before: &Pod, after: &Pod) -> Vec<Change> {
    let mut changes = Vec::new();
    let (old, new) = (&before.metadata.annotations, &after.metadata.annotations);
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let base = [Step::Field("metadata"), Step::Field("annotations")];
        let values = [old, new].map(|annotations| annotations.get(key).map(|v| json!(v)));
        note(&mut changes, &base, [Step::Key(key.clone())], values);
    }
    let base = [Step::Field("spec")];
    let values = [before, after].map(|pod| pod.spec.runtime_class_name.as_ref().map(|v| json!(v)));
    note(
        &mut changes,
        &base,
        [Step::Field("runtimeClassName")],
        values,
    );

    let base = [Step::Field("spec"), Step::Field("securityContext")];
    let contexts = [before, after].map(|pod| pod.spec.security_context.as_ref());
    for (name, value) in POD_FIELDS {
        let values = contexts.map(|context| context.and_then(value));
        note(&mut changes, &base, [Step::Field(name)], values);
    }
    let containers = before.spec.containers_with_place();
    for ((list, index, old), new) in containers.zip(after.spec.all_containers()) {
        let base = [
            Step::Field("spec"),
            Step::Field(list),
            Step::Index(index),
            Step::Field("securityContext"),
        ];
        let contexts = [old, new].map(|container| container.security_context.as_ref());
        for (steps, value) in CONTAINER_FIELDS {
            let values = contexts.map(|context| context.and_then(value));
            note(
                &mut changes,
                &base,
                steps.iter().map(|name| Step::Field(name)),
                values,
            );
        }
    }
    changes
}

/// Writes changes into the JSON of the pod they were found in, making objects that are missing on the way.
///
/// A change whose way leads through something that is not of the right kind is left out: JSON that decodes as a pod
/// has no such place.
pub fn apply(changes: &[Change], pod: &mut Value) {
    for change in changes {
        let Some((last, way)) = change.steps.split_last() else {
            continue;
        };
        let parent = way
            .iter()
            .try_fold(&mut *pod, |value, step| child(value, step));
        let (Some(parent), Step::Field(_) | Step::Key(_)) = (parent, last) else {
            continue;
        };
        let Some(members) = members(parent) else {
            continue;
        };
        match &change.after {
            Some(value) => members.insert(name(last), value.clone()),
            None => members.remove(&name(last)),
        };
    }
}

/// Writes into the JSON of an admitted pod which policy admitted it, see [`ANNOTATION`].
pub fn annotate(policy: &str, pod: &mut Value) {
    let change = Change {
        steps: vec![
            Step::Field("metadata"),
            Step::Field("annotations"),
            Step::Key(ANNOTATION.to_owned()),
        ],
        before: None,
        after: Some(json!(policy)),
    };
    apply(&[change], pod);
}

/// A pod's own fields that can be written.
type PodField = (&'static str, fn(&PodSecurityContext) -> Option<Value>);

const POD_FIELDS: [PodField; 4] = [
    ("fsGroup", |c| c.fs_group.map(Value::from)),
    ("supplementalGroups", |c| {
        c.supplemental_groups.as_ref().map(|groups| json!(groups))
    }),
    ("seLinuxOptions", |c| {
        c.se_linux_options.as_ref().map(se_linux_options)
    }),
    ("seccompProfile", |c| {
        c.seccomp_profile.as_ref().map(profile)
    }),
];

/// A container's fields that can be written.
type ContainerField = (
    &'static [&'static str],
    fn(&SecurityContext) -> Option<Value>,
);

const CONTAINER_FIELDS: [ContainerField; 8] = [
    (&["runAsUser"], |c| c.run_as_user.map(Value::from)),
    (&["runAsGroup"], |c| c.run_as_group.map(Value::from)),
    (&["runAsNonRoot"], |c| c.run_as_non_root.map(Value::from)),
    (&["seccompProfile"], |c| {
        c.seccomp_profile.as_ref().map(profile)
    }),
    (&["capabilities", "add"], |c| {
        non_empty(&c.capabilities.as_ref()?.add)
    }),
    (&["capabilities", "drop"], |c| {
        non_empty(&c.capabilities.as_ref()?.drop)
    }),
    (&["readOnlyRootFilesystem"], |c| {
        c.read_only_root_filesystem.map(Value::from)
    }),
    (&["allowPrivilegeEscalation"], |c| {
        c.allow_privilege_escalation.map(Value::from)
    }),
];

fn note(
    changes: &mut Vec<Change>,
    base: &[Step],
    rest: impl IntoIterator<Item = Step>,
    [before, after]: [Option<Value>; 2],
) {
    if before != after {
        changes.push(Change {
            steps: base.iter().cloned().chain(rest).collect(),
            before,
            after,
        });
    }
}

fn se_linux_options(options: &SeLinuxOptions) -> Value {
    let members = [
        ("user", &options.user),
        ("role", &options.role),
        ("type", &options.type_),
        ("level", &options.level),
    ];
    let set = members.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

fn profile(profile: &Profile) -> Value {
    match &profile.localhost_profile {
        Some(path) => json!({ "type": profile.type_, "localhostProfile": path }),
        None => json!({ "type": profile.type_ }),
    }
}

fn non_empty(list: &[String]) -> Option<Value> {
    (!list.is_empty()).then(|| json!(list))
}

fn name(step: &Step) -> String {
    match step {
        Step::Field(name) => (*name).to_owned(),
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    }
}

fn child<'a>(value: &'a mut Value, step: &Step) -> Option<&'a mut Value> {
    match step {
        Step::Index(index) => value.get_mut(index),
        Step::Field(_) | Step::Key(_) => {
            Some(members(value)?.entry(name(step)).or_insert(Value::Null))
        }
    }
}

/// The members of an object; `null` becomes one.
fn members(value: &mut Value) -> Option<&mut Map<String, Value>> {
    if value.is_null() {
        *value = json!({});
    }
    value.as_object_mut()
}
