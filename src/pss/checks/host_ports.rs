//! Host ports: no container may occupy a port of the node.
//!
//! Upstream: `policy/check_hostPorts.go` (1.37). Ports are listed in the order of their text, so 10000 precedes 443.

use std::collections::BTreeSet;

use crate::model::pod::Pod;
use crate::model::psp::{PodSecurityPolicy, PortRange};
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::policy::list;
use crate::pss::wording::{containers, joined, plural};

pub(super) static CHECK: Check = Check {
    id: "hostPorts",
    level: Level::Baseline,
    title: "Host Ports",
    fields: &["spec.<containers>[*].ports[*].hostPort"],
    allowed: "undefined or 0",
    psp_fields: &["spec.hostPorts"],
    docs: r#"## What it forbids

Claiming a port of the node for a container. Under `hostNetwork: true` the API server claims one for
every container port of a Pod object, so such pods fail this check too.

## Why

A port of the node is reachable from outside the cluster's network policies, can shadow a service of
the node, and lets only one such pod run on each node.

## Fields

* `spec.<containers>[*].ports[*].hostPort`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined or `0`.

## In a PodSecurityPolicy

`spec.hostPorts` is a list of ranges, both ends included. Absent or empty allows none. A range that
holds no port from 1 to 65535, such as `0-0` or one with its ends swapped, allows none either.

## Since

v1.0. One revision.

## How to fix

Remove `hostPort` and publish the port through a Service.

Before:

```yaml
ports:
- containerPort: 8080
  hostPort: 80
```

After:

```yaml
ports:
- containerPort: 8080
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

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let ranges = &policy.spec.host_ports;
    let open: Vec<PortRange> = ranges.iter().copied().filter(admits_a_port).collect();
    if !open.is_empty() {
        let open = list(&open);
        let message = format!("containers may claim ports {open} of the node");
        return Exposure::new(Verdict::Granted, "spec.hostPorts", open, message);
    }
    Exposure::new(
        Verdict::Enforced,
        "spec.hostPorts",
        list(ranges),
        if ranges.is_empty() {
            "no port of the node can be claimed"
        } else {
            "dead permission: the ranges hold no port from 1 to 65535"
        },
    )
}

/// Whether a range, both ends included, holds a port that exists. Ranges are not validated: ends may be swapped.
fn admits_a_port(range: &PortRange) -> bool {
    range.min.max(1) <= range.max.min(65535)
}
