//! Sysctls: only those that are namespaced and cannot harm other pods.
//!
//! Upstream: `policy/check_sysctls.go` (1.37). Names are compared byte for byte: a `/` is not read as a `.`. The
//! detail lists offenders as the pod does, unsorted, with repetitions and without quotes.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::pod_context;
use crate::pss::policy::list;
use crate::pss::wording::joined;

pub(super) static CHECK: Check = Check {
    id: "sysctls",
    level: Level::Baseline,
    title: "Sysctls",
    fields: &["spec.securityContext.sysctls[*].name"],
    allowed: "undefined, or kernel.shm_rmid_forced, net.ipv4.ip_local_port_range, net.ipv4.tcp_syncookies, \
              net.ipv4.ping_group_range, net.ipv4.ip_unprivileged_port_start, \
              net.ipv4.ip_local_reserved_ports, net.ipv4.tcp_keepalive_time, net.ipv4.tcp_fin_timeout, \
              net.ipv4.tcp_keepalive_intvl, net.ipv4.tcp_keepalive_probes, net.ipv4.tcp_rmem, \
              net.ipv4.tcp_wmem, net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_notsent_lowat",
    psp_fields: &["spec.allowedUnsafeSysctls", "spec.forbiddenSysctls"],
    docs: r#"## What it forbids

Setting a kernel parameter that is not on the list of safe ones. Names are compared byte for byte:
`net/ipv4/tcp_syncookies` is not `net.ipv4.tcp_syncookies`.

## Why

Some kernel parameters belong to the node, not to the pod, and others let a pod starve its
neighbours. The list holds those that are private to a pod and harmless.

## Fields

* `spec.securityContext.sysctls[*].name`

## Allowed values

Undefined, or any of:

* from v1.0: `kernel.shm_rmid_forced`, `net.ipv4.ip_local_port_range`, `net.ipv4.tcp_syncookies`,
  `net.ipv4.ping_group_range`, `net.ipv4.ip_unprivileged_port_start`
* from v1.27: `net.ipv4.ip_local_reserved_ports`
* from v1.29: `net.ipv4.tcp_keepalive_time`, `net.ipv4.tcp_fin_timeout`,
  `net.ipv4.tcp_keepalive_intvl`, `net.ipv4.tcp_keepalive_probes`
* from v1.32: `net.ipv4.tcp_rmem`, `net.ipv4.tcp_wmem`
* from v1.37: `net.ipv4.tcp_slow_start_after_idle`, `net.ipv4.tcp_notsent_lowat`

## In a PodSecurityPolicy

* `spec.allowedUnsafeSysctls` adds names to a built-in list of safe ones, which is the list of v1.0.
  An item that ends in `*` is a prefix and always covers a name that this check refuses.
* `spec.forbiddenSysctls` takes names away, safe ones too. No level does that.

## Since

v1.0. Revisions at v1.27, v1.29, v1.32 and v1.37 add names.

## How to fix

Set the parameter on the nodes, or run the workload in a namespace of its own at level privileged.

Before:

```yaml
securityContext:
  sysctls:
  - name: net.core.somaxconn
    value: "1024"
```

After:

```yaml
securityContext:
  sysctls: []
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
            since: 27,
            overrides: &[],
            pod: pod_v1_27,
            policy: policy_v1_27,
        },
        Revision {
            since: 29,
            overrides: &[],
            pod: pod_v1_29,
            policy: policy_v1_29,
        },
        Revision {
            since: 32,
            overrides: &[],
            pod: pod_v1_32,
            policy: policy_v1_32,
        },
        Revision {
            since: 37,
            overrides: &[],
            pod: pod_v1_37,
            policy: policy_v1_37,
        },
    ],
};

/// What each revision added to the allowed set.
const ADDED: &[(u64, &[&str])] = &[
    (
        0,
        &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
            "net.ipv4.ip_unprivileged_port_start",
        ],
    ),
    (27, &["net.ipv4.ip_local_reserved_ports"]),
    (
        29,
        &[
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ],
    ),
    (32, &["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]),
    (
        37,
        &[
            "net.ipv4.tcp_slow_start_after_idle",
            "net.ipv4.tcp_notsent_lowat",
        ],
    ),
];

/// The allowed set of the revision that begins with this minor.
pub(in crate::pss) fn allowed_names(minor: u64) -> impl Iterator<Item = &'static str> {
    ADDED
        .iter()
        .filter(move |(since, _)| *since <= minor)
        .flat_map(|(_, names)| names.iter().copied())
}

/// Whether the sysctl is in the allowed set of the revision that begins with this minor.
fn allowed(name: &str, minor: u64) -> bool {
    allowed_names(minor).any(|allowed| allowed == name)
}

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    pod_side(pod, 0)
}

fn pod_v1_27(pod: &Pod) -> Option<Forbidden> {
    pod_side(pod, 27)
}

fn pod_v1_29(pod: &Pod) -> Option<Forbidden> {
    pod_side(pod, 29)
}

fn pod_v1_32(pod: &Pod) -> Option<Forbidden> {
    pod_side(pod, 32)
}

fn pod_v1_37(pod: &Pod) -> Option<Forbidden> {
    pod_side(pod, 37)
}

fn pod_side(pod: &Pod, minor: u64) -> Option<Forbidden> {
    let bad: Vec<&str> = pod_context(pod)?
        .sysctls
        .iter()
        .map(|sysctl| sysctl.name.as_str())
        .filter(|name| !allowed(name, minor))
        .collect();
    if bad.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "forbidden sysctls",
        detail: joined(&bad),
    })
}

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    policy_side(policy, 0)
}

fn policy_v1_27(policy: &PodSecurityPolicy) -> Exposure {
    policy_side(policy, 27)
}

fn policy_v1_29(policy: &PodSecurityPolicy) -> Exposure {
    policy_side(policy, 29)
}

fn policy_v1_32(policy: &PodSecurityPolicy) -> Exposure {
    policy_side(policy, 32)
}

fn policy_v1_37(policy: &PodSecurityPolicy) -> Exposure {
    policy_side(policy, 37)
}

/// The names that a policy allows without being told are those of v1.0, so only what it adds matters; a prefix is
/// no name of the list. What it forbids cannot overlap with that: the API server refuses such a policy.
fn policy_side(policy: &PodSecurityPolicy, minor: u64) -> Exposure {
    let unsafe_ = &policy.spec.allowed_unsafe_sysctls;
    let bad: Vec<&str> = unsafe_
        .iter()
        .map(String::as_str)
        .filter(|item| !allowed(item, minor))
        .collect();
    if bad.is_empty() {
        return Exposure::new(
            Verdict::Enforced,
            "spec.allowedUnsafeSysctls",
            list(unsafe_),
            "no sysctl beyond those that the check allows can be set",
        );
    }
    let bad = joined(&bad);
    let message = format!("pods may set the sysctls {bad}");
    Exposure::new(Verdict::Granted, "spec.allowedUnsafeSysctls", bad, message)
}
