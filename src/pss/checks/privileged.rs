//! Privileged containers: no container may switch off most of its isolation.
//!
//! Upstream: `policy/check_privileged.go` (1.37).

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::offenders;
use crate::pss::wording::containers;

pub(super) static CHECK: Check = Check {
    id: "privileged",
    level: Level::Baseline,
    title: "Privileged Containers",
    fields: &["spec.<containers>[*].securityContext.privileged"],
    allowed: "undefined or false",
    psp_fields: &["spec.privileged", "spec.allowPrivilegeEscalation"],
    docs: r#"## What it forbids

Privileged containers.

## Why

A privileged container has every capability, sees every device and runs without seccomp and
AppArmor. It is root on its node in all but name.

## Fields

* `spec.<containers>[*].securityContext.privileged`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined or `false`.

## In a PodSecurityPolicy

* `spec.privileged`: `true` lets containers be privileged. Absent is `false`.
* `spec.allowPrivilegeEscalation`: where it is `false`, `privileged: true` is a dead permission: the
  API server refuses a container that is privileged and may not gain privileges.

## Since

v1.0. One revision.

## How to fix

Ask for the single capability or device that is needed. What truly needs all of them (storage and
network plugins, node agents) belongs in a namespace of its own at level privileged.

Before:

```yaml
securityContext:
  privileged: true
```

After:

```yaml
securityContext:
  capabilities:
    add: [NET_BIND_SERVICE]
```
"#,
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
        policy: policy_v1_0,
    }],
};

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let names = offenders(pod, |context| {
        context.is_some_and(|c| c.privileged == Some(true))
    });
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "privileged",
        detail: format!(
            "{} must not set securityContext.privileged=true",
            containers(&names)
        ),
    })
}

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let spec = &policy.spec;
    let (verdict, message) = match (spec.privileged, spec.allows_privilege_escalation()) {
        (true, true) => (Verdict::Granted, "containers may be privileged"),
        (true, false) => (
            Verdict::Enforced,
            "dead permission: allowPrivilegeEscalation is false in every container, and the API server refuses that \
             beside privileged",
        ),
        (false, _) => (Verdict::Enforced, "containers cannot be privileged"),
    };
    Exposure::new(
        verdict,
        "spec.privileged",
        spec.privileged.to_string(),
        message,
    )
}
