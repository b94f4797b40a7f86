//! Seccomp: no pod may run unconfined by its own request.
//!
//! Upstream: `policy/check_seccompProfile_baseline.go` (1.37). Before v1.19 only annotations are read, and only those of
//! containers that exist; from v1.19 on only fields. An empty annotation is refused, an absent profile is not.

use std::collections::BTreeSet;

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::{contexts, pod_context};
use crate::pss::wording::{Set, Setters, go_quoted, joined, plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "seccompProfile_baseline",
    level: Level::Baseline,
    title: "Seccomp",
    fields: &[
        "spec.securityContext.seccompProfile.type",
        "spec.<containers>[*].securityContext.seccompProfile.type",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]",
        "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/*]",
    ],
    allowed: "undefined, `RuntimeDefault` or `Localhost`; before v1.19 annotations, `runtime/default`, `docker/default` or `localhost/*`",
    psp_fields: &[
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]",
    ],
    docs: "",
    revisions: &[
        Revision {
            since: 0,
            overrides: &[],
            pod: pod_v1_0,
        },
        Revision {
            since: 19,
            overrides: &[],
            pod: pod_v1_19,
        },
    ],
};

/// The types of profile that both seccomp checks allow.
pub(super) const ALLOWED_TYPES: &[&str] = &["RuntimeDefault", "Localhost"];
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Whether the value of an annotation is allowed.
pub(super) fn allowed_annotation(value: &str) -> bool {
    value == "runtime/default" || value == "docker/default" || value.starts_with("localhost/")
}

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let annotations = &pod.metadata.annotations;
    if annotations.is_empty() {
        return None;
    }
    let mut bad = BTreeSet::new();
    let mut examine = |key: &str| {
        if let Some(value) = annotations.get(key)
            && !allowed_annotation(value)
        {
            bad.insert(format!("{key}={}", go_quoted(value)));
        }
    };
    examine(POD_ANNOTATION);
    for container in pod.spec.all_containers() {
        examine(&format!("{CONTAINER_ANNOTATION_PREFIX}{}", container.name));
    }
    if bad.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "seccompProfile",
        detail: format!(
            "forbidden {} {}",
            plural("annotation", "annotations", bad.len()),
            joined(&bad)
        ),
    })
}

fn pod_v1_19(pod: &Pod) -> Option<Forbidden> {
    let (setters, bad) = forbidden_profiles(pod);
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "seccompProfile",
        detail: must_not_set(&setters, bad),
    })
}

/// Who sets a forbidden profile, and the types set.
pub(super) fn forbidden_profiles(pod: &Pod) -> (Setters<'_>, Set<'_>) {
    let mut bad = Set::new();
    let mut setters = Setters::default();
    if let Some(profile) = pod_context(pod).and_then(|c| c.seccomp_profile.as_ref())
        && !ALLOWED_TYPES.contains(&profile.type_.as_str())
    {
        setters.pod = true;
        bad.insert(profile.type_.as_str());
    }
    for (name, context) in contexts(pod) {
        if let Some(profile) = &context.seccomp_profile
            && !ALLOWED_TYPES.contains(&profile.type_.as_str())
        {
            setters.containers.push(name);
            bad.insert(profile.type_.as_str());
        }
    }
    (setters, bad)
}

/// The detail for profiles that must not be set.
pub(super) fn must_not_set(setters: &Setters<'_>, bad: Set<'_>) -> String {
    format!(
        "{} must not set securityContext.seccompProfile.type to {}",
        setters.text(),
        quoted_list(bad)
    )
}
