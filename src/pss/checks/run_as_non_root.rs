//! Running as non-root: the pod or every container must ask for it.
//!
//! Upstream: `policy/check_runAsNonRoot.go` (1.37). A user id does not matter here. The pod's own `false` offends
//! even where every container says true. From v1.35 on pods with users of their own are exempt.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{has_own_users, offenders, pod_context};
use crate::pss::wording::{Setters, containers};

pub(super) static CHECK: Check = Check {
    id: "runAsNonRoot",
    level: Level::Restricted,
    title: "Running as Non-root",
    fields: &[
        "spec.securityContext.runAsNonRoot",
        "spec.<containers>[*].securityContext.runAsNonRoot",
        "spec.hostUsers",
    ],
    allowed: "true; undefined in a container where the pod says true; anything where `hostUsers` is false",
    psp_fields: &["spec.runAsUser.rule"],
    docs: r#"## What it forbids

Pods that do not insist on running as another user than root: `runAsNonRoot` has to be `true` on the
pod or on every container, and must not be `false` anywhere. A numeric `runAsUser` does not stand in
for it.

## Why

With `true` the kubelet refuses to start a container as user 0, whatever its image says. Root in a
container is one kernel bug away from root on the node.

## Fields

* `spec.securityContext.runAsNonRoot`
* `spec.<containers>[*].securityContext.runAsNonRoot`
* `spec.hostUsers`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

`true` on the pod, or on every container. A container may leave it out where the pod says `true`.
`false` on the pod is refused even where every container says `true`. From v1.35 on anything where
`spec.hostUsers` is `false`.

## In a PodSecurityPolicy

`spec.runAsUser.rule`: no rule guarantees this check.

* `MustRunAsNonRoot` writes `runAsNonRoot: true` into containers that set neither the flag nor a
  user, and admits containers with `runAsUser: 1000` unchanged, without the flag.
* `MustRunAs` writes a user, never the flag.
* `RunAsAny` does nothing.

## Since

v1.0. Revision at v1.35: `hostUsers: false` exempts.

## How to fix

Set the flag once for the pod. The image must have a numeric user, or the pod has to name one.

Before:

```yaml
spec:
  securityContext:
    runAsUser: 1000
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
            since: 0,
            overrides: &[],
            pod: pod_v1_0,
            policy: policy_v1_0,
        },
        Revision {
            since: 35,
            overrides: &[],
            pod: pod_v1_35,
            policy: policy_v1_0,
        },
    ],
};

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let pod_value = pod_context(pod).and_then(|c| c.run_as_non_root);
    let explicit = Setters {
        pod: pod_value == Some(false),
        containers: offenders(pod, |context| {
            context.and_then(|c| c.run_as_non_root) == Some(false)
        }),
    };
    let detail = if !explicit.is_empty() {
        format!(
            "{} must not set securityContext.runAsNonRoot=false",
            explicit.text()
        )
    } else if pod_value == Some(true) {
        return None;
    } else {
        let implicit = offenders(pod, |context| {
            context.and_then(|c| c.run_as_non_root).is_none()
        });
        if implicit.is_empty() {
            return None;
        }
        format!(
            "pod or {} must set securityContext.runAsNonRoot=true",
            containers(&implicit)
        )
    };
    Some(Forbidden {
        reason: "runAsNonRoot != true",
        detail,
    })
}

fn pod_v1_35(pod: &Pod) -> Option<Forbidden> {
    if has_own_users(pod) {
        return None;
    }
    pod_v1_0(pod)
}

/// For both revisions: pods of the policy's time had no `hostUsers`.
fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let rule = policy.spec.run_as_user.rule.as_str();
    let (verdict, message) = match rule {
        "MustRunAsNonRoot" => (
            Verdict::Escapable,
            "plain containers are given runAsNonRoot, but one that sets a user other than 0 goes without",
        ),
        "MustRunAs" => (
            Verdict::Unset,
            "containers that set no user are given one, but never runAsNonRoot",
        ),
        _ => (
            Verdict::Unset,
            "nothing sets runAsNonRoot in pods that leave it out",
        ),
    };
    Exposure::new(verdict, "spec.runAsUser.rule", rule, message)
}
