//! Privilege escalation: every container must give up gaining privileges.
//!
//! Upstream: `policy/check_allowPrivilegeEscalation.go` (1.37), first in v1.8. There is no such field for the whole
//! pod. From v1.25 on Windows pods are exempt.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{is_windows, offenders};
use crate::pss::policy::ABSENT;
use crate::pss::wording::containers;

pub(super) static CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    title: "Privilege Escalation",
    fields: &[
        "spec.<containers>[*].securityContext.allowPrivilegeEscalation",
        "spec.os.name",
    ],
    allowed: "false; anything where `os.name` is windows",
    psp_fields: &[
        "spec.allowPrivilegeEscalation",
        "spec.defaultAllowPrivilegeEscalation",
    ],
    docs: r#"## What it forbids

Containers that do not give up gaining privileges: `allowPrivilegeEscalation` has to be written as
`false` in every one of them. There is no such field for the whole pod.

## Why

Without it a set-user-id program in the image can turn an ordinary user into root inside the
container. The default of the field is `true`, so silence is not enough.

## Fields

* `spec.<containers>[*].securityContext.allowPrivilegeEscalation`
* `spec.os.name`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

`false`. From v1.25 on anything in pods whose `spec.os.name` is `windows`.

## In a PodSecurityPolicy

* `spec.allowPrivilegeEscalation`: `false` writes the field into containers that lack it and refuses
  `true`. Absent means `true`.
* `spec.defaultAllowPrivilegeEscalation` is written into containers that lack the field. With `true`
  the policy itself makes plain pods fail this check; with `false` it rescues plain pods, and others
  may still set `true`.
* Pods that relied on either pass this check as stored, and fail it as written.

## Since

v1.8. Revision at v1.25: Windows pods are exempt.

## How to fix

Write the field into every container, init containers included.

Before:

```yaml
containers:
- name: app
```

After:

```yaml
containers:
- name: app
  securityContext:
    allowPrivilegeEscalation: false
```
"#,
    revisions: &[
        Revision {
            since: 8,
            overrides: &[],
            pod: pod_v1_8,
            policy: policy_v1_8,
        },
        Revision {
            since: 25,
            overrides: &[],
            pod: pod_v1_25,
            policy: policy_v1_8,
        },
    ],
};

const ALLOW: &str = "spec.allowPrivilegeEscalation";
const DEFAULT: &str = "spec.defaultAllowPrivilegeEscalation";

fn pod_v1_8(pod: &Pod) -> Option<Forbidden> {
    let names = offenders(pod, |context| {
        context.and_then(|c| c.allow_privilege_escalation) != Some(false)
    });
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "allowPrivilegeEscalation != false",
        detail: format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            containers(&names)
        ),
    })
}

fn pod_v1_25(pod: &Pod) -> Option<Forbidden> {
    if is_windows(pod) {
        return None;
    }
    pod_v1_8(pod)
}

/// For both revisions.
fn policy_v1_8(policy: &PodSecurityPolicy) -> Exposure {
    let allow = policy.spec.allow_privilege_escalation;
    let default = policy.spec.default_allow_privilege_escalation;
    let (verdict, field, value, message) = match (allow, default) {
        (Some(false), _) => (
            Verdict::Enforced,
            ALLOW,
            "false",
            "allowPrivilegeEscalation is false in every container",
        ),
        (None | Some(true), Some(true)) => (
            Verdict::Imposed,
            DEFAULT,
            "true",
            "containers that leave allowPrivilegeEscalation out are given true",
        ),
        (Some(true), None | Some(false)) => (
            Verdict::Granted,
            ALLOW,
            "true",
            "containers may gain privileges",
        ),
        (None, None) => (
            Verdict::Unset,
            ALLOW,
            ABSENT,
            "absent means true, so nothing sets allowPrivilegeEscalation in containers that leave it out",
        ),
        (None, Some(false)) => (
            Verdict::Escapable,
            ALLOW,
            ABSENT,
            "plain containers are given false, but absent means true, so others may set true",
        ),
    };
    Exposure::new(verdict, field, value, message)
}
