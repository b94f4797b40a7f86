//! Capabilities: none beyond the container runtimes' default set.
//!
//! Upstream: `policy/check_capabilities_baseline.go` (1.37). Names are compared byte for byte: `ALL`, lower case and
//! the prefix `CAP_` are all refused. `NET_RAW` is not in the list, although runtimes grant it by default.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::contexts;
use crate::pss::policy::{added_beyond, dead_capability, list};
use crate::pss::wording::{Set, containers, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "capabilities_baseline",
    level: Level::Baseline,
    title: "Capabilities",
    fields: &["spec.<containers>[*].securityContext.capabilities.add"],
    allowed: "undefined, or any of AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, \
              NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID, SYS_CHROOT",
    psp_fields: &["spec.allowedCapabilities", "spec.defaultAddCapabilities"],
    docs: r#"## What it forbids

Adding a Linux capability that container runtimes do not grant by default. Names are compared byte
for byte, so `ALL`, `chown` and `CAP_CHOWN` are refused. `NET_RAW` is refused too, although runtimes
grant it to containers that ask for nothing.

## Why

Capabilities are root's powers in slices. Some of them (`SYS_ADMIN`, `SYS_PTRACE`, `NET_ADMIN`) are
enough to take over a node or to listen to its other pods.

## Fields

* `spec.<containers>[*].securityContext.capabilities.add`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined, or any of `AUDIT_WRITE`, `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`, `KILL`, `MKNOD`,
`NET_BIND_SERVICE`, `SETFCAP`, `SETGID`, `SETPCAP`, `SETUID`, `SYS_CHROOT`.

## In a PodSecurityPolicy

* `spec.allowedCapabilities` lists what pods may add; `*` is everything.
* `spec.defaultAddCapabilities` is added to every container that does not drop it. One forbidden
  name there makes plain pods fail this check.
* The literal name `CAP_SYS_ADMIN` has no effect in a policy with `allowPrivilegeEscalation: false`:
  the API server refuses a container with both.

## Since

v1.0. One revision. At restricted it is replaced by `capabilities_restricted` from v1.22 on.

## How to fix

Drop what is not needed; a port below 1024 needs `NET_BIND_SERVICE` at most. A workload that needs
more, such as a network plugin, belongs in a namespace of its own at level privileged.

Before:

```yaml
securityContext:
  capabilities:
    add: [NET_RAW, NET_BIND_SERVICE]
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

pub(in crate::pss) const ALLOWED: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let mut bad = Set::new();
    let mut names = Vec::new();
    for (name, context) in contexts(pod) {
        let add = context.capabilities.iter().flat_map(|c| &c.add);
        let mut offends = false;
        for capability in add.filter(|c| !ALLOWED.contains(&c.as_str())) {
            offends = true;
            bad.insert(capability.as_str());
        }
        if offends {
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "non-default capabilities",
        detail: format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers(&names),
            quoted_list(bad)
        ),
    })
}

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    added_beyond(ALLOWED, policy).unwrap_or_else(|| {
        Exposure::new(
            Verdict::Enforced,
            "spec.allowedCapabilities",
            list(&policy.spec.allowed_capabilities),
            dead_capability(policy)
                .unwrap_or("no capability beyond those that the check allows can be added"),
        )
    })
}
