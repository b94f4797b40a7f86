//! Host namespaces: the pod must not share the network, processes or IPC of its node.
//!
//! Upstream: `policy/check_hostNamespaces.go` (1.37). `hostUsers` is no part of it.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};

pub(super) static CHECK: Check = Check {
    id: "hostNamespaces",
    level: Level::Baseline,
    title: "Host Namespaces",
    fields: &["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"],
    allowed: "undefined or false",
    psp_fields: &["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
    }],
};

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let spec = &pod.spec;
    if !spec.host_network && !spec.host_pid && !spec.host_ipc {
        return None;
    }
    let shared: Vec<&str> = [
        (spec.host_network, "hostNetwork=true"),
        (spec.host_pid, "hostPID=true"),
        (spec.host_ipc, "hostIPC=true"),
    ]
    .into_iter()
    .filter_map(|(shared, text)| shared.then_some(text))
    .collect();
    Some(Forbidden {
        reason: "host namespaces",
        detail: shared.join(", "),
    })
}
