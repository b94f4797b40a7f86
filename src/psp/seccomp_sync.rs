//! What storage makes of an admitted pod: seccomp annotations and fields say the same.
//!
//! v1.19 to v1.26 did this on creation, v1.27 stopped. It is not a mutation by a policy, and it never happened to the
//! templates of workloads.
//!
//! Upstream: `pkg/registry/core/pod/strategy.go` (v1.24.7, `applySeccompVersionSkew`).

use std::collections::BTreeMap;

use crate::model::pod::{Pod, Profile};
use crate::psp::strategies::seccomp::{
    CONTAINER_ANNOTATION, POD_ANNOTATION, annotation_for, field_for,
};

/// The pod as it was stored after it had been admitted.
pub fn stored(admitted: &Pod) -> Pod {
    let mut pod = admitted.clone();
    sync_seccomp(&mut pod);
    pod
}

/// Copies the seccomp profile of the pod and of each container from its field to its annotation, or the other way,
/// where only one of them is present. Profiles without a counterpart stay alone.
pub fn sync_seccomp(pod: &mut Pod) {
    let Pod { metadata, spec } = pod;
    let (containers, security_context) = spec.containers_and_context_mut();
    let field = security_context
        .as_ref()
        .and_then(|context| context.seccomp_profile.as_ref());
    if let Some(field) = sync(&mut metadata.annotations, POD_ANNOTATION, field) {
        security_context.get_or_insert_default().seccomp_profile = Some(field);
    }
    for container in containers {
        let key = format!("{CONTAINER_ANNOTATION}{}", container.name);
        let context = container.security_context.as_ref();
        let field = context.and_then(|context| context.seccomp_profile.as_ref());
        if let Some(field) = sync(&mut metadata.annotations, &key, field) {
            let context = container.security_context.get_or_insert_default();
            context.seccomp_profile = Some(field);
        }
    }
}

/// Writes the annotation if only the field is present; returns the field to write if only the annotation is.
fn sync(
    annotations: &mut BTreeMap<String, String>,
    key: &str,
    field: Option<&Profile>,
) -> Option<Profile> {
    match (annotations.get(key), field) {
        (Some(annotation), None) => return field_for(annotation),
        (None, Some(field)) => {
            let annotation = annotation_for(field);
            if !annotation.is_empty() {
                annotations.insert(key.to_owned(), annotation);
            }
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    None
}
