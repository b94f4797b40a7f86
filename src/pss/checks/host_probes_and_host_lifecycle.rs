//! Probe and lifecycle hosts: the kubelet must not be made to connect to another address than the pod's.
//!
//! Upstream: `policy/check_hostProbesAndhostLifecycle.go` (1.37), first in v1.34. The only check that sorts and
//! deduplicates the names of containers. Loopback addresses are refused too: they are the node's.

use crate::model::pod::{Container, Pod};
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::wording::{Set, containers, plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    level: Level::Baseline,
    title: "Host Probes / Lifecycle Hooks",
    fields: &[
        "spec.<containers>[*].livenessProbe.httpGet.host",
        "spec.<containers>[*].livenessProbe.tcpSocket.host",
        "spec.<containers>[*].readinessProbe.httpGet.host",
        "spec.<containers>[*].readinessProbe.tcpSocket.host",
        "spec.<containers>[*].startupProbe.httpGet.host",
        "spec.<containers>[*].startupProbe.tcpSocket.host",
        "spec.<containers>[*].lifecycle.postStart.httpGet.host",
        "spec.<containers>[*].lifecycle.postStart.tcpSocket.host",
        "spec.<containers>[*].lifecycle.preStop.httpGet.host",
        "spec.<containers>[*].lifecycle.preStop.tcpSocket.host",
    ],
    allowed: "undefined or empty",
    psp_fields: &[],
    docs: r#"## What it forbids

A probe or lifecycle hook that names a host. Any text is refused, loopback addresses included: they
would be the node's. HTTP headers, `exec` and `grpc` are not looked at.

## Why

The kubelet makes these connections, from the node's network. A host of the author's choice turns it
into a proxy to addresses that the pod itself may not reach, such as the node's metadata service.

## Fields

* `spec.<containers>[*].livenessProbe.httpGet.host`
* `spec.<containers>[*].livenessProbe.tcpSocket.host`
* `spec.<containers>[*].readinessProbe.httpGet.host`
* `spec.<containers>[*].readinessProbe.tcpSocket.host`
* `spec.<containers>[*].startupProbe.httpGet.host`
* `spec.<containers>[*].startupProbe.tcpSocket.host`
* `spec.<containers>[*].lifecycle.postStart.httpGet.host`
* `spec.<containers>[*].lifecycle.postStart.tcpSocket.host`
* `spec.<containers>[*].lifecycle.preStop.httpGet.host`
* `spec.<containers>[*].lifecycle.preStop.tcpSocket.host`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined or empty: the kubelet then uses the pod's own address.

## In a PodSecurityPolicy

No field. A policy never looked at hosts, so none rules this check out, and pods that ran under any
policy may fail it.

## Since

v1.34. One revision.

## How to fix

Remove `host`. A virtual host is named by a `Host` header, not by this field. A server that only
listens on the loopback address has to listen on the pod's address too, or be probed by `exec`.

Before:

```yaml
livenessProbe:
  httpGet:
    host: app.example.com
    port: 8080
```

After:

```yaml
livenessProbe:
  httpGet:
    port: 8080
    httpHeaders:
    - name: Host
      value: app.example.com
```
"#,
    revisions: &[Revision {
        since: 34,
        overrides: &[],
        pod: pod_v1_34,
        policy: policy_v1_34,
    }],
};

fn pod_v1_34(pod: &Pod) -> Option<Forbidden> {
    let mut bad = Set::new();
    let mut names = Set::new();
    for container in pod.spec.all_containers() {
        for host in hosts(container).filter(|host| !host.is_empty()) {
            bad.insert(host);
            names.insert(container.name.as_str());
        }
    }
    if bad.is_empty() {
        return None;
    }
    let names: Vec<&str> = names.into_iter().collect();
    Some(Forbidden {
        reason: "probe or lifecycle host",
        detail: format!(
            "{} {} {} {}",
            containers(&names),
            plural("uses", "use", names.len()),
            plural(
                "probe or lifecycle host",
                "probe or lifecycle hosts",
                bad.len()
            ),
            quoted_list(bad)
        ),
    })
}

/// Every host that the kubelet is told to connect to for this container.
fn hosts(container: &Container) -> impl Iterator<Item = &str> {
    let lifecycle = container.lifecycle.as_ref();
    [
        container.liveness_probe.as_ref(),
        container.readiness_probe.as_ref(),
        container.startup_probe.as_ref(),
        lifecycle.and_then(|l| l.post_start.as_ref()),
        lifecycle.and_then(|l| l.pre_stop.as_ref()),
    ]
    .into_iter()
    .flatten()
    .flat_map(|handler| [handler.http_get.as_ref(), handler.tcp_socket.as_ref()])
    .flatten()
    .map(|action| action.host.as_str())
}

fn policy_v1_34(_: &PodSecurityPolicy) -> Exposure {
    Exposure::new(
        Verdict::Uncontrolled,
        "",
        "",
        "no policy can keep probes and lifecycle hooks from naming a host",
    )
}
