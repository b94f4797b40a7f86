//! What several checks ask of a pod.

use crate::model::pod::{Pod, PodSecurityContext, SecurityContext};

/// The pod's own security context.
pub(super) fn pod_context(pod: &Pod) -> Option<&PodSecurityContext> {
    pod.spec.security_context.as_ref()
}

/// The name and the security context of each container that has one, in visit order.
pub(super) fn contexts(pod: &Pod) -> impl Iterator<Item = (&str, &SecurityContext)> {
    pod.spec
        .all_containers()
        .filter_map(|c| Some((c.name.as_str(), c.security_context.as_ref()?)))
}

/// The names of the containers whose security context offends, in visit order. A container without one is asked as if
/// it had an empty one.
pub(super) fn offenders<'a>(
    pod: &'a Pod,
    offends: impl Fn(Option<&'a SecurityContext>) -> bool,
) -> Vec<&'a str> {
    pod.spec
        .all_containers()
        .filter(|c| offends(c.security_context.as_ref()))
        .map(|c| c.name.as_str())
        .collect()
}

/// Whether the pod declares that it is for Windows nodes, which relaxes three checks from v1.25 on.
pub(super) fn is_windows(pod: &Pod) -> bool {
    pod.spec.os.as_ref().is_some_and(|os| os.name == "windows")
}

/// Whether the pod runs in a user namespace of its own, which relaxes three checks from v1.35 on.
pub(super) fn has_own_users(pod: &Pod) -> bool {
    pod.spec.host_users == Some(false)
}
