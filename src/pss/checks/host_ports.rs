//! Host ports: no container may occupy a port of the node.
//!
//! Upstream: `policy/check_hostPorts.go` (1.37). Ports are listed in the order of their text, so 10000 precedes 443.

use std::collections::BTreeSet;

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::wording::{containers, joined, plural};

pub(super) static CHECK: Check = Check {
    id: "hostPorts",
    level: Level::Baseline,
    title: "Host Ports",
    fields: &["spec.<containers>[*].ports[*].hostPort"],
    allowed: "undefined or 0",
    psp_fields: &["spec.hostPorts"],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
    }],
};

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let mut ports = BTreeSet::new();
    let mut names = Vec::new();
    for container in pod.spec.all_containers() {
        let mut offends = false;
        for port in container.ports.iter().filter(|port| port.host_port != 0) {
            offends = true;
            ports.insert(port.host_port.to_string());
        }
        if offends {
            names.push(container.name.as_str());
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "hostPort",
        detail: format!(
            "{} {} {} {}",
            containers(&names),
            plural("uses", "use", names.len()),
            plural("hostPort", "hostPorts", ports.len()),
            joined(&ports)
        ),
    })
}
