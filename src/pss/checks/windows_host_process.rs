//! HostProcess: no Windows container may run as a process of its node.
//!
//! Upstream: `policy/check_windowsHostProcess.go` (1.37).

use crate::model::pod::{Pod, WindowsOptions};
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{offenders, pod_context};
use crate::pss::wording::Setters;

pub(super) static CHECK: Check = Check {
    id: "windowsHostProcess",
    level: Level::Baseline,
    title: "HostProcess",
    fields: &[
        "spec.securityContext.windowsOptions.hostProcess",
        "spec.<containers>[*].securityContext.windowsOptions.hostProcess",
    ],
    allowed: "undefined or false",
    psp_fields: &["spec.hostNetwork"],
    docs: r#"## What it forbids

Windows containers that run as a process of their node.

## Why

Such a container is not isolated at all: it sees the node's files, processes and network.

## Fields

* `spec.securityContext.windowsOptions.hostProcess`
* `spec.<containers>[*].securityContext.windowsOptions.hostProcess`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

Undefined or `false`.

## In a PodSecurityPolicy

No field of its own. The API server demands `hostNetwork: true` of such pods, so `spec.hostNetwork`
rules them out where it is `false`; a policy that allows the node's network has no say in this.

## Since

v1.0. One revision.

## How to fix

Run the workload as an ordinary container. Agents that manage Windows nodes belong in a namespace of
their own at level privileged.

Before:

```yaml
spec:
  hostNetwork: true
  securityContext:
    windowsOptions:
      hostProcess: true
```

After:

```yaml
spec:
  securityContext:
    windowsOptions:
      runAsUserName: ContainerUser
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
    let setters = Setters {
        pod: pod_context(pod).is_some_and(|c| is_host_process(c.windows_options.as_ref())),
        containers: offenders(pod, |context| {
            context.is_some_and(|c| is_host_process(c.windows_options.as_ref()))
        }),
    };
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "hostProcess",
        detail: format!(
            "{} must not set securityContext.windowsOptions.hostProcess=true",
            setters.text()
        ),
    })
}

fn is_host_process(options: Option<&WindowsOptions>) -> bool {
    options.is_some_and(|options| options.host_process == Some(true))
}

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let host_network = policy.spec.host_network;
    let (verdict, message) = if host_network {
        (
            Verdict::Uncontrolled,
            "policies do not look at Windows options; only a policy without hostNetwork rules HostProcess out",
        )
    } else {
        (
            Verdict::Enforced,
            "the API server demands hostNetwork of HostProcess pods, and the policy refuses it",
        )
    };
    Exposure::new(
        verdict,
        "spec.hostNetwork",
        host_network.to_string(),
        message,
    )
}
