//! Edits of a pod as a strategic merge patch of the object that it is in.

use serde_json::{Value, json};

use crate::model::pod::Pod;
use crate::model::workload::Workload;
use crate::psp::{Change, Step};

/// The edits as a strategic merge patch of the whole object; containers are merged by name.
///
/// A list that is touched names all of its containers: kustomize puts those that a patch names first, and the order
/// of init containers is the order in which they run.
pub(super) fn strategic_merge(workload: &Workload, patched: &Pod, edits: &[Change]) -> Value {
    let mut pod = json!({});
    'edits: for edit in edits {
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
                    if place.is_null() {
                        *place = names(patched, list);
                    }
                    if place.get(index).is_none() {
                        continue 'edits;
                    }
                    &mut place[*index]
                }
            };
        }
        match last {
            Step::Field(name) => *member(place, name) = value.clone(),
            Step::Key(key) => *member(place, key) = value.clone(),
            Step::Index(_) => {}
        }
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

/// The containers of a list, each with nothing but its name.
fn names(pod: &Pod, list: &str) -> Value {
    pod.spec
        .containers_with_place()
        .filter(|(of, _, _)| *of == list)
        .map(|(_, _, container)| json!({ "name": container.name }))
        .collect()
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
