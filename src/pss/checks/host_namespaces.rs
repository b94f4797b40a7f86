//! Host namespaces: the pod must not share the network, processes or IPC of its node.
//!
//! Upstream: `policy/check_hostNamespaces.go` (1.37). `hostUsers` is no part of it.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::wording::joined;

pub(super) static CHECK: Check = Check {
    id: "hostNamespaces",
    level: Level::Baseline,
    title: "Host Namespaces",
    fields: &["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"],
    allowed: "undefined or false",
    psp_fields: &["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"],
    docs: r#"## What it forbids

Sharing the node's network, process table or inter-process communication.

## Why

Each of the three opens a door that containers exist to close: the network lets a pod listen to and
speak as the node, the process table shows and signals other pods' processes, and IPC reaches their
shared memory.

## Fields

* `spec.hostNetwork`
* `spec.hostPID`
* `spec.hostIPC`

`spec.hostUsers` is not part of this check.

## Allowed values

Undefined or `false`.

## In a PodSecurityPolicy

`spec.hostNetwork`, `spec.hostPID` and `spec.hostIPC`: each `true` lets pods set the field of the
same name. Absent is `false`.

## Since

v1.0. One revision.

## How to fix

Use a Service, or a `hostPort` where the namespace allows one, in place of the node's network. Node
agents that need the node's namespaces belong in a namespace of their own at level privileged.

Before:

```yaml
spec:
  hostNetwork: true
  containers:
  - name: web
```

After:

```yaml
spec:
  containers:
  - name: web
    ports:
    - containerPort: 8080   # reached through a Service
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

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let spec = &policy.spec;
    let granted: Vec<&str> = [
        (spec.host_network, "spec.hostNetwork"),
        (spec.host_pid, "spec.hostPID"),
        (spec.host_ipc, "spec.hostIPC"),
    ]
    .into_iter()
    .filter_map(|(granted, field)| granted.then_some(field))
    .collect();
    if granted.is_empty() {
        return Exposure::new(
            Verdict::Enforced,
            joined(CHECK.psp_fields),
            "false",
            "no namespace of the node can be shared",
        );
    }
    let fields = joined(&granted);
    let message = format!("pods may set {}", fields.replace("spec.", ""));
    Exposure::new(Verdict::Granted, fields, "true", message)
}
