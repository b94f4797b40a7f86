//! Running as non-root user: nothing may ask for user id 0.
//!
//! Upstream: `policy/check_runAsUser.go` (1.37), first in v1.23. The pod's own 0 offends even where every container
//! overrides it. From v1.35 on pods with users of their own are exempt.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{has_own_users, offenders, pod_context};
use crate::pss::policy::list;
use crate::pss::wording::Setters;

pub(super) static CHECK: Check = Check {
    id: "runAsUser",
    level: Level::Restricted,
    title: "Running as Non-root user",
    fields: &[
        "spec.securityContext.runAsUser",
        "spec.<containers>[*].securityContext.runAsUser",
        "spec.hostUsers",
    ],
    allowed: "undefined or not 0; anything where `hostUsers` is false",
    psp_fields: &["spec.runAsUser"],
    docs: r#"## What it forbids

Asking for user id 0, on the pod or on a container. A pod-level 0 is refused even where every
container overrides it.

## Why

`runAsNonRoot: true` together with user 0 would only fail later, when the kubelet refuses to start
the container; this check says so at once.

## Fields

* `spec.securityContext.runAsUser`
* `spec.<containers>[*].securityContext.runAsUser`
* `spec.hostUsers`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined, or any number but `0`. From v1.35 on anything where `spec.hostUsers` is `false`.

## In a PodSecurityPolicy

`spec.runAsUser`: with rule `MustRunAs` the ranges decide. If the first one starts at 0, plain pods
get user 0; if any holds 0, pods may ask for it. No rule rules out a pod-level 0 that every
container overrides, because the pod-level value by itself is never looked at.

## Since

v1.23. Revision at v1.35: `hostUsers: false` exempts.

## How to fix

Remove the 0, or name another user that the image can run as.

Before:

```yaml
spec:
  securityContext:
    runAsUser: 0
```

After:

```yaml
spec:
  securityContext:
    runAsUser: 1000
    runAsNonRoot: true
```
"#,
    revisions: &[
        Revision {
            since: 23,
            overrides: &[],
            pod: pod_v1_23,
            policy: policy_v1_23,
        },
        Revision {
            since: 35,
            overrides: &[],
            pod: pod_v1_35,
            policy: policy_v1_23,
        },
    ],
};

fn pod_v1_23(pod: &Pod) -> Option<Forbidden> {
    let setters = Setters {
        pod: pod_context(pod).and_then(|c| c.run_as_user) == Some(0),
        containers: offenders(pod, |context| {
            context.and_then(|c| c.run_as_user) == Some(0)
        }),
    };
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "runAsUser=0",
        detail: format!("{} must not set runAsUser=0", setters.text()),
    })
}

fn pod_v1_35(pod: &Pod) -> Option<Forbidden> {
    if has_own_users(pod) {
        return None;
    }
    pod_v1_23(pod)
}

/// For both revisions: pods of the policy's time had no `hostUsers`.
fn policy_v1_23(policy: &PodSecurityPolicy) -> Exposure {
    let rule = &policy.spec.run_as_user;
    let pod_level = "a user 0 of the pod that every container overrides is never looked at";
    match rule.rule.as_str() {
        "MustRunAs" => {
            let zero = rule
                .ranges
                .iter()
                .any(|range| range.min <= 0 && 0 <= range.max);
            let first = rule.ranges.first().is_some_and(|range| range.min == 0);
            let (verdict, message) = match (zero, first) {
                (true, true) => (
                    Verdict::Imposed,
                    "containers that set no user are given user 0",
                ),
                (true, false) => (Verdict::Granted, "containers may run as user 0"),
                (false, _) => (Verdict::Escapable, pod_level),
            };
            Exposure::new(
                verdict,
                "spec.runAsUser.ranges",
                list(&rule.ranges),
                message,
            )
        }
        "MustRunAsNonRoot" => Exposure::new(
            Verdict::Escapable,
            "spec.runAsUser.rule",
            rule.rule.as_str(),
            pod_level,
        ),
        _ => Exposure::new(
            Verdict::Silent,
            "spec.runAsUser.rule",
            rule.rule.as_str(),
            "pods may set any user, and those that set none pass",
        ),
    }
}
