//! Seccomp at restricted: the pod or every container must ask for a profile.
//!
//! Upstream: `policy/check_seccompProfile_restricted.go` (1.37), first in v1.19, where it replaces the baseline
//! check. From v1.25 on Windows pods are exempt; since the baseline check is replaced nonetheless, such a pod may
//! even ask for `Unconfined`.

use crate::model::pod::Pod;
use crate::model::psp::{PodSecurityPolicy, SECCOMP_ALLOWED};
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::checks::seccomp_profile_baseline::{
    admits_forbidden_profiles, forbidden_profiles, must_not_set,
};
use crate::pss::pod::{is_windows, offenders, pod_context};
use crate::pss::policy::{ABSENT, annotation};
use crate::pss::wording::containers;

pub(super) static CHECK: Check = Check {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    title: "Seccomp",
    fields: &[
        "spec.securityContext.seccompProfile.type",
        "spec.<containers>[*].securityContext.seccompProfile.type",
        "spec.os.name",
    ],
    allowed: "`RuntimeDefault` or `Localhost`; undefined in a container where the pod has one; anything where \
              `os.name` is windows",
    psp_fields: &[
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]",
    ],
    docs: r#"## What it forbids

Pods that do not ask for a seccomp profile, and those that ask for `Unconfined`. Annotations do not
count.

## Why

Runtimes start containers without a filter unless they are told otherwise, so silence is not enough
here.

## Fields

* `spec.securityContext.seccompProfile.type`
* `spec.<containers>[*].securityContext.seccompProfile.type`
* `spec.os.name`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

`RuntimeDefault` or `Localhost`, on the pod or on every container. A container may leave it out
where the pod has one. From v1.25 on anything in pods whose `spec.os.name` is `windows`.

## In a PodSecurityPolicy

* `metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]`: a list makes a
  profile for the whole pod mandatory, so every pod passes if each item is allowed. Absent or empty,
  pods must name none and so fail this check: no pod satisfies both the policy and the check.
* `metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]` is given to pods
  that name none. Kubernetes 1.19 to 1.26 copied it into the field when the pod was stored; from
  1.27 on an annotation has no effect.
* The item `localhost/` without a name is never copied into the field.

## Since

v1.19. Revision at v1.25: Windows pods are exempt. It replaces `seccompProfile_baseline`, for
Windows pods too, which may therefore ask for `Unconfined` at restricted.

## How to fix

Ask for the runtime's profile once for the pod.

Before:

```yaml
metadata:
  annotations:
    seccomp.security.alpha.kubernetes.io/pod: runtime/default
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
            since: 19,
            overrides: &["seccompProfile_baseline"],
            pod: pod_v1_19,
            policy: policy_v1_19,
        },
        Revision {
            since: 25,
            overrides: &["seccompProfile_baseline"],
            pod: pod_v1_25,
            policy: policy_v1_19,
        },
    ],
};

/// A localhost profile without a name.
const NAMELESS: &str = "localhost/";

fn pod_v1_19(pod: &Pod) -> Option<Forbidden> {
    let (explicit, bad) = forbidden_profiles(pod);
    let detail = if !explicit.is_empty() {
        must_not_set(&explicit, bad)
    } else if pod_context(pod).is_some_and(|c| c.seccomp_profile.is_some()) {
        // Not forbidden, so it is one of the allowed ones.
        return None;
    } else {
        let implicit = offenders(pod, |context| {
            context.is_none_or(|c| c.seccomp_profile.is_none())
        });
        if implicit.is_empty() {
            return None;
        }
        format!(
            r#"pod or {} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#,
            containers(&implicit)
        )
    };
    Some(Forbidden {
        reason: "seccompProfile",
        detail,
    })
}

fn pod_v1_25(pod: &Pod) -> Option<Forbidden> {
    if is_windows(pod) {
        return None;
    }
    pod_v1_19(pod)
}

/// For both revisions. Kubernetes 1.19 to 1.26 copied the pod's annotation into the field when they stored the pod, but
/// never one that names no profile behind `localhost/`.
fn policy_v1_19(policy: &PodSecurityPolicy) -> Exposure {
    if let Some(exposure) = admits_forbidden_profiles(policy) {
        return exposure;
    }
    let field = annotation(SECCOMP_ALLOWED);
    let Some(list) = policy.seccomp_allowed() else {
        return Exposure::new(
            Verdict::Unset,
            field,
            ABSENT,
            "there is no list of seccomp profiles, so pods must name none; one that names a profile is refused",
        );
    };
    let default = policy.seccomp_default();
    let lost = list.contains(&NAMELESS) || (list.contains(&"") && default.is_none());
    let rescued =
        default.is_some_and(|default| default != NAMELESS && policy.seccomp_admits(default));
    let (verdict, message) = match (lost, rescued) {
        (false, _) => (
            Verdict::Enforced,
            "every pod must name a seccomp profile of the list, and the check allows them all",
        ),
        (true, true) => (
            Verdict::Escapable,
            "plain pods are given a profile, but one that asks for localhost/ without a name is stored without",
        ),
        (true, false) => (
            Verdict::Unset,
            "pods may be stored without a seccomp profile",
        ),
    };
    Exposure::new(verdict, field, list.join(","), message)
}
