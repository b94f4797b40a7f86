//! What an object that is merged into others takes from their pods and gives to them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Effect, Target};
use crate::model::gap;
use crate::model::pod::Pod;

/// A field of a pod that the restricted level asks for, as the way to it from the spec.
const ASKED_OF_PODS: &[&[&str]] = &[
    &["os"],
    &["securityContext", "runAsNonRoot"],
    &["securityContext", "seccompProfile", "type"],
];

/// The same from a container.
const ASKED_OF_CONTAINERS: &[&[&str]] = &[
    &["securityContext", "allowPrivilegeEscalation"],
    &["securityContext", "capabilities", "drop"],
    &["securityContext", "runAsNonRoot"],
    &["securityContext", "seccompProfile", "type"],
];

pub(super) const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// Key of the directives of strategic-merge patches.
pub(super) const DIRECTIVE: &str = "$patch";

/// A field of an object that a patch is for.
enum Field<'v> {
    /// The patch does not speak of it.
    Untouched,
    /// The patch takes it away.
    Gone,
    /// The patch sets it; `true` if whatever was there before is gone.
    Set(&'v Value, bool),
}

/// A field of an object; `replaced` says whether whatever was in the object is gone.
fn field<'v>(object: &'v Value, key: &str, replaced: bool) -> Field<'v> {
    let replaced = replaced
        || object.get("$retainKeys").is_some()
        || object.get(DIRECTIVE).is_some_and(|it| it != "merge");
    match object.get(key) {
        None if replaced => Field::Gone,
        None => Field::Untouched,
        Some(Value::Null) => Field::Gone,
        Some(value) => Field::Set(value, replaced),
    }
}

/// What becomes of a list that a patch speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// Elements of one name are merged, and others stay: of kinds that Kubernetes defines, and by operations.
    Merged,
    /// The patch's takes the place of what was there: of kinds whose schema nobody has.
    Replaced,
}

/// What an object that is merged into others does to their pods.
pub(super) fn effects(target: &Target, patch: &Value, lists: Lists) -> Vec<Effect> {
    if gap::says_who_may(&target.kind) {
        let mut keys = patch.as_object().into_iter().flat_map(|it| it.keys());
        let speaks = keys.any(|key| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"));
        return Vec::from_iter(speaks.then_some(Effect::Unknown));
    }
    let mut effects = Vec::new();
    for path in target.templates() {
        let mut place = Field::Set(patch, false);
        for key in path.split('.').filter(|key| !key.is_empty()) {
            if let Field::Set(object, replaced) = place {
                place = field(object, key, replaced);
            }
        }
        match place {
            Field::Untouched => {}
            Field::Gone => effects.push(Effect::Unknown),
            Field::Set(template, replaced) => {
                effects.append(&mut of_template(template, replaced, lists));
            }
        }
    }
    effects
}

/// What a template that is merged into others does to their pods.
pub(super) fn of_template(template: &Value, replaced: bool, lists: Lists) -> Vec<Effect> {
    let annotations = template.pointer("/metadata/annotations");
    // Servers made fields of these.
    let annotations_gone = annotations.and_then(Value::as_object).is_some_and(|it| {
        let mut gone = it.iter().filter(|(_, value)| value.is_null());
        gone.any(|(key, _)| key.contains("seccomp.security.alpha"))
    });
    let sets = |spec: Option<(&Value, bool)>, takes_away| {
        let pod = json!({
            "metadata": template.get("metadata"),
            "spec": spec.map(|(spec, _)| without_directives(spec)),
        });
        let Ok(pod) = Pod::deserialize(&pod) else {
            return Effect::Unknown;
        };
        Effect::Sets {
            pod: Arc::new(pod),
            takes_away: takes_away || annotations_gone,
            perhaps_new: spec
                .map_or_else(Vec::new, |(spec, replaced)| perhaps_new(spec, replaced))
                .into(),
        }
    };
    let (spec, replaced) = match field(template, "spec", replaced) {
        Field::Untouched if template.get("metadata").is_none() => return Vec::new(),
        Field::Untouched => return vec![sets(None, false)],
        Field::Gone => return vec![Effect::Unknown],
        Field::Set(spec, replaced) => (spec, replaced),
    };
    // In a user namespace more is allowed.
    let leaves = |into| spec.get("hostUsers") == Some(&into);
    if leaves(Value::Null) || leaves(true.into()) {
        return vec![Effect::Unknown];
    }
    // On Windows less is asked for.
    let os = spec.pointer("/os/name").and_then(Value::as_str);
    let takes_away = os.is_some_and(|os| os != "windows")
        || takes_away(spec, ASKED_OF_PODS, replaced)
        || containers(spec, replaced || lists == Lists::Replaced)
            .any(|(container, replaced)| takes_away(container, ASKED_OF_CONTAINERS, replaced));
    vec![sets(Some((spec, replaced)), takes_away)]
}

/// The containers that a patch speaks of, with whether each takes the place of what was there.
fn containers(spec: &Value, replaced: bool) -> impl Iterator<Item = (&Value, bool)> {
    let lists = CONTAINERS
        .iter()
        .filter_map(|list| spec.get(list)?.as_array());
    lists.flat_map(move |list| {
        let directive = |item: &&Value| item.get(DIRECTIVE).is_some_and(|it| it == "replace");
        let all_new = replaced
            || list
                .iter()
                .any(|item| directive(&item) && is_directive(item));
        let kept = list
            .iter()
            .filter(|item| item.is_object() && !is_directive(item));
        kept.map(move |container| (container, all_new))
    })
}

/// Whether an element of a list only says what becomes of the list, or of another element.
fn is_directive(item: &Value) -> bool {
    let directive = item.get(DIRECTIVE).and_then(Value::as_str);
    let alone = item.as_object().is_some_and(|fields| fields.len() == 1);
    directive == Some("delete") || (directive.is_some() && alone)
}

/// Whether one of the fields may have been there before and is not afterwards.
fn takes_away(object: &Value, fields: &[&[&str]], replaced: bool) -> bool {
    let is_gone = |way: &&[&str]| {
        let mut place = Field::Set(object, replaced);
        for key in *way {
            if let Field::Set(object, replaced) = place {
                place = field(object, key, replaced);
            }
        }
        match place {
            Field::Untouched => false,
            Field::Gone => true,
            Field::Set(Value::Array(items), _) => {
                items.is_empty() || items.iter().any(Value::is_null)
            }
            Field::Set(..) => false,
        }
    };
    // A system is rarely told, and takes more away than it gives only if it was.
    let told = |way: &&&[&str]| !replaced || way.len() > 1;
    fields.iter().filter(told).any(is_gone)
}

/// The names of containers that a patch may add rather than change, and that leave out what the restricted level asks for.
fn perhaps_new(spec: &Value, replaced: bool) -> Vec<String> {
    let added = containers(spec, replaced).filter(|(container, _)| {
        container.get("image").is_some_and(Value::is_string)
            && takes_away(container, ASKED_OF_CONTAINERS, true)
    });
    let name = |(container, _): (&Value, bool)| {
        let name = container.get("name").and_then(Value::as_str);
        name.unwrap_or_default().to_owned()
    };
    added.map(name).collect()
}

/// A spec without the elements of lists that set nothing.
fn without_directives(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for list in CONTAINERS.iter().copied().chain(["volumes"]) {
        let Some(items) = spec.get_mut(list).and_then(Value::as_array_mut) else {
            continue;
        };
        let source = |item: &Value| {
            let mut keys = item
                .as_object()
                .into_iter()
                .flat_map(|fields| fields.keys());
            keys.any(|key| key != "name" && !key.starts_with('$'))
        };
        items.retain(|item| {
            item.is_object() && !is_directive(item) && (list != "volumes" || source(item))
        });
    }
    without_nulls(&mut spec);
    spec
}

/// Removes `null` from lists, which is what an operation leaves where it takes an element away. Values that were read are
/// of bounded depth.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(without_nulls);
        }
        Value::Object(fields) => fields.values_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
