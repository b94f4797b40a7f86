//! Seccomp: no pod may run unconfined by its own request.
//!
//! Upstream: `policy/check_seccompProfile_baseline.go` (1.37). Before v1.19 only annotations are read, and only those
//! of containers that exist; from v1.19 on only fields. An empty annotation is refused, an absent profile is not.

use std::collections::BTreeSet;

use crate::go;
use crate::model::pod::Pod;
use crate::model::psp::{PodSecurityPolicy, SECCOMP_ALLOWED, SECCOMP_DEFAULT};
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{contexts, pod_context};
use crate::pss::policy::{ABSENT, ANY, annotation};
use crate::pss::wording::{Set, Setters, joined, plural, quoted_list};

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
    allowed: "undefined, `RuntimeDefault` or `Localhost`; before v1.19 annotations, `runtime/default`, \
              `docker/default` or `localhost/*`",
    psp_fields: &[
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]",
    ],
    docs: r#"## What it forbids

Asking to run without system call filtering: a seccomp profile of type `Unconfined`, or of any type
but the two allowed ones. Asking for none is allowed. Before v1.19 the annotations were judged,
later only the fields.

## Why

Most exploits of the kernel go through system calls that ordinary programs never make. A profile
shuts them off.

## Fields

* `spec.securityContext.seccompProfile.type`
* `spec.<containers>[*].securityContext.seccompProfile.type`
* `metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]`
* `metadata.annotations[container.seccomp.security.alpha.kubernetes.io/*]`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

* v1.19 and later: undefined, `RuntimeDefault` or `Localhost`. A profile that is present without a
  type is refused.
* Before v1.19: no annotation, `runtime/default`, `docker/default`, or anything that starts with
  `localhost/`. An empty one is refused. Only annotations of containers that exist count.

## In a PodSecurityPolicy

* `metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]` is a comma list;
  `*` is everything. Absent or empty means that pods may name no profile at all, and a list means
  that every pod must name one of it.
* `metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]` is given to pods
  that name none. With `unconfined`, if the list has it, the policy itself makes plain pods fail
  this check.

## Since

v1.0. Revision at v1.19: fields in place of annotations. At restricted `seccompProfile_restricted`
replaces it from then on.

## How to fix

Remove the profile, or better, ask for the runtime's own.

Before:

```yaml
spec:
  securityContext:
    seccompProfile:
      type: Unconfined
```

After:

```yaml
spec:
  securityContext:
    seccompProfile:
      type: RuntimeDefault
```
"#,
    revisions: &[
        Revision {
            since: 0,
            overrides: &[],
            pod: pod_v1_0,
            policy: policy_v1_0,
        },
        Revision {
            since: 19,
            overrides: &[],
            pod: pod_v1_19,
            policy: policy_v1_0,
        },
    ],
};

/// The types of profile that both seccomp checks allow.
pub(super) const ALLOWED_TYPES: &[&str] = &["RuntimeDefault", "Localhost"];
/// What the keys of all seccomp annotations have in common.
const SECCOMP: &str = "seccomp.security.alpha.kubernetes.io/";
const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// Whether the value of an annotation is allowed.
pub(super) fn allowed_annotation(value: &str) -> bool {
    value == "runtime/default" || value == "docker/default" || value.starts_with("localhost/")
}

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let annotations = &pod.metadata.annotations;
    if !annotations.keys().any(|key| key.contains(SECCOMP)) {
        return None;
    }
    let mut bad = BTreeSet::new();
    let mut examine = |key: &str| {
        if let Some(value) = annotations.get(key)
            && !allowed_annotation(value)
        {
            bad.insert(format!("{key}={}", go::quoted(value)));
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

/// For both revisions: what a policy admits as an annotation it admits as a field too.
fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    admits_forbidden_profiles(policy).unwrap_or_else(|| {
        let field = annotation(SECCOMP_ALLOWED);
        match policy.seccomp_allowed() {
            Some(list) => Exposure::new(
                Verdict::Enforced,
                field,
                list.join(","),
                "every pod must name a seccomp profile of the list, and the check allows them all",
            ),
            None => Exposure::new(
                Verdict::Enforced,
                field,
                ABSENT,
                "there is no list of seccomp profiles, so pods must name none, which passes",
            ),
        }
    })
}

/// The verdict on a policy that gives or lets pods ask for a profile that both seccomp checks forbid.
/// Upstream of the policy's rules: `pkg/security/podsecuritypolicy/seccomp` (v1.24).
pub(super) fn admits_forbidden_profiles(policy: &PodSecurityPolicy) -> Option<Exposure> {
    let list = policy.seccomp_allowed()?;
    if let Some(default) = policy.seccomp_default()
        && !allowed_annotation(default)
        && policy.seccomp_admits(default)
    {
        return Some(Exposure::new(
            Verdict::Imposed,
            annotation(SECCOMP_DEFAULT),
            default,
            format!("pods that name no seccomp profile are given {default}"),
        ));
    }
    let bad: Vec<&str> = list
        .into_iter()
        .filter(|item| *item == ANY || *item == "unconfined")
        .collect();
    if bad.is_empty() {
        return None;
    }
    Some(Exposure::new(
        Verdict::Granted,
        annotation(SECCOMP_ALLOWED),
        joined(&bad),
        "pods may ask to run without seccomp",
    ))
}
