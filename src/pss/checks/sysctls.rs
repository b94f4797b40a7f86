//! Sysctls: only those that are namespaced and cannot harm other pods.
//!
//! Upstream: `policy/check_sysctls.go` (1.37). Names are compared byte for byte: a `/` is not read as a `.`. The detail
//! lists offenders as the pod does, unsorted, with repetitions and without quotes.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::pod_context;
use crate::pss::wording::joined;

pub(super) static CHECK: Check = Check {
    id: "sysctls",
    level: Level::Baseline,
    title: "Sysctls",
    fields: &["spec.securityContext.sysctls[*].name"],
    allowed: "undefined, or kernel.shm_rmid_forced, net.ipv4.ip_local_port_range, net.ipv4.tcp_syncookies, net.ipv4.ping_group_range, net.ipv4.ip_unprivileged_port_start, net.ipv4.ip_local_reserved_ports, net.ipv4.tcp_keepalive_time, net.ipv4.tcp_fin_timeout, net.ipv4.tcp_keepalive_intvl, net.ipv4.tcp_keepalive_probes, net.ipv4.tcp_rmem, net.ipv4.tcp_wmem, net.ipv4.tcp_slow_start_after_idle, net.ipv4.tcp_notsent_lowat",
    psp_fields: &["spec.allowedUnsafeSysctls", "spec.forbiddenSysctls"],
    docs: "",
    revisions: &[
        Revision {
            since: 0,
            overrides: &[],
            pod: pod_v1_0,
        },
        Revision {
            since: 27,
            overrides: &[],
            pod: pod_v1_27,
        },
        Revision {
            since: 29,
            overrides: &[],
            pod: pod_v1_29,
        },
        Revision {
            since: 32,
            overrides: &[],
            pod: pod_v1_32,
        },
        Revision {
            since: 37,
            overrides: &[],
            pod: pod_v1_37,
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

/// Whether the sysctl is in the allowed set of the revision that begins with this minor.
fn allowed(name: &str, minor: u64) -> bool {
    ADDED
        .iter()
        .any(|(since, names)| *since <= minor && names.contains(&name))
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
