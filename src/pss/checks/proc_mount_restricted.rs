//! /proc mount type at restricted: the default masks of /proc are required of every pod.
//!
//! Upstream: `policy/check_procMount_restricted.go` (1.37). In v1.35 the baseline check began to spare pods with
//! users of their own; this twin appeared at the same version and replaces it, so that restricted stays as it was.

use crate::pss::Level;
use crate::pss::check::{Check, Revision};
use crate::pss::checks::proc_mount;

pub(super) static CHECK: Check = Check {
    id: "procMount_restricted",
    level: Level::Restricted,
    title: "/proc Mount Type",
    fields: &["spec.<containers>[*].securityContext.procMount"],
    allowed: "undefined or `Default`",
    psp_fields: &["spec.allowedProcMountTypes"],
    docs: r#"## What it forbids

Any way of mounting `/proc` but the default one, also for pods with `hostUsers: false`.

## Why

In v1.35 the baseline check began to spare pods with users of their own. This check took its place
at restricted at the same version, so that restricted stayed as strict as it was.

## Fields

* `spec.<containers>[*].securityContext.procMount`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined or `Default`. Present and empty is refused.

## In a PodSecurityPolicy

`spec.allowedProcMountTypes`: any other type than `Default` lets pods ask for it. The field only
works in clusters with the feature gate ProcMountType on; others blank it when the policy is
created, so what a live cluster still shows is in force.

## Since

v1.35. One revision. It replaces `procMount`.

## How to fix

Remove the field, or run the pod at baseline with `hostUsers: false`.

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
    revisions: &[Revision {
        since: 35,
        overrides: &["procMount"],
        pod: proc_mount::pod_v1_0,
        policy: proc_mount::policy_v1_0,
    }],
};
