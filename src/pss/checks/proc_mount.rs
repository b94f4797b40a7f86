//! /proc mount type: the default masks of /proc are required, but for pods with users of their own.
//!
//! Upstream: `policy/check_procMount.go` (1.37). From v1.35 on `hostUsers: false` allows any value here; restricted
//! has a check of its own from that version on, without the exception.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{contexts, has_own_users};
use crate::pss::policy::list;
use crate::pss::wording::{Set, containers, joined, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "procMount",
    level: Level::Baseline,
    title: "/proc Mount Type",
    fields: &[
        "spec.<containers>[*].securityContext.procMount",
        "spec.hostUsers",
    ],
    allowed: "undefined or `Default`; anything where `hostUsers` is false",
    psp_fields: &["spec.allowedProcMountTypes"],
    docs: r#"## What it forbids

Any way of mounting `/proc` but the default one. From v1.35 on pods with `hostUsers: false` may
choose freely.

## Why

Runtimes hide parts of `/proc` that leak facts about the node or let a process change its kernel.
`Unmasked` shows them. In a user namespace of its own a pod has no power over them, hence the
exception.

## Fields

* `spec.<containers>[*].securityContext.procMount`
* `spec.hostUsers`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined or `Default`; from v1.35 on anything where `spec.hostUsers` is `false`. Present and empty
is refused.

## In a PodSecurityPolicy

`spec.allowedProcMountTypes`: any other type than `Default` lets pods ask for it. The field only
works in clusters with the feature gate ProcMountType on; others blank it when the policy is
created, so what a live cluster still shows is in force.

## Since

v1.0. Revision at v1.35: `hostUsers: false` exempts. At restricted `procMount_restricted` replaces
it from then on.

## How to fix

Remove the field. Tools that build containers inside a container run with `hostUsers: false` from
v1.35 on.

Before:

```yaml
securityContext:
  procMount: Unmasked
```

After:

```yaml
securityContext: {}
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

const ALLOWED: &str = "Default";

pub(super) fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let mut bad = Set::new();
    let mut names = Vec::new();
    for (name, context) in contexts(pod) {
        if let Some(proc_mount) = &context.proc_mount
            && proc_mount != ALLOWED
        {
            bad.insert(proc_mount);
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "procMount",
        detail: format!(
            "{} must not set securityContext.procMount to {}",
            containers(&names),
            quoted_list(bad)
        ),
    })
}

fn pod_v1_35(pod: &Pod) -> Option<Forbidden> {
    if has_own_users(pod) {
        return None;
    }
    pod_v1_0(pod)
}

/// For both revisions: pods of the policy's time had no `hostUsers`.
pub(super) fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let types = &policy.spec.allowed_proc_mount_types;
    let bad: Vec<&str> = types
        .iter()
        .map(String::as_str)
        .filter(|type_| *type_ != ALLOWED)
        .collect();
    if bad.is_empty() {
        return Exposure::new(
            Verdict::Enforced,
            "spec.allowedProcMountTypes",
            list(types),
            "only the default mount of /proc is allowed",
        );
    }
    let bad = joined(&bad);
    let message = format!(
        "containers may ask for procMount {bad}, where the feature gate ProcMountType is on; other clusters blank the list"
    );
    Exposure::new(Verdict::Granted, "spec.allowedProcMountTypes", bad, message)
}
