//! Capabilities at restricted: every container drops all of them and adds at most one.
//!
//! Upstream: `policy/check_capabilities_restricted.go` (1.37), first in v1.22, where it replaces the baseline check.
//! From v1.25 on Windows pods are exempt; since the baseline check is replaced nonetheless, such a pod may add any
//! capability.

use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::is_windows;
use crate::pss::policy::{added_beyond, dead_capability, list};
use crate::pss::wording::{Set, containers, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "capabilities_restricted",
    level: Level::Restricted,
    title: "Capabilities",
    fields: &[
        "spec.<containers>[*].securityContext.capabilities.drop",
        "spec.<containers>[*].securityContext.capabilities.add",
        "spec.os.name",
    ],
    allowed: "drop has ALL; add undefined or NET_BIND_SERVICE; anything where `os.name` is windows",
    psp_fields: &[
        "spec.requiredDropCapabilities",
        "spec.allowedCapabilities",
        "spec.defaultAddCapabilities",
    ],
    docs: r#"## What it forbids

Containers that keep the runtime's default capabilities, or add any but `NET_BIND_SERVICE`. Every
container has to drop `ALL`, literally: a list of all names, or `all`, is not enough.

## Why

The runtime's default set still holds powers that few programs need, such as changing owners of
files or making raw sockets.

## Fields

* `spec.<containers>[*].securityContext.capabilities.drop`
* `spec.<containers>[*].securityContext.capabilities.add`
* `spec.os.name`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

* `drop` has to contain `ALL`.
* `add`: undefined, or `NET_BIND_SERVICE`.
* From v1.25 on anything in pods whose `spec.os.name` is `windows`.

## In a PodSecurityPolicy

* `spec.requiredDropCapabilities`: only the literal `ALL` makes pods pass. It is written into
  containers that lack it, so pods that relied on it pass as stored, and fail as written.
* `spec.allowedCapabilities` lists what pods may add; `*` is everything and even cancels the
  required drops.
* `spec.defaultAddCapabilities` is added to every container. Any name but `NET_BIND_SERVICE` makes
  plain pods fail.

## Since

v1.22. Revision at v1.25: Windows pods are exempt. It replaces `capabilities_baseline`, for Windows
pods too, which may therefore add any capability at restricted.

## How to fix

Drop everything and add back `NET_BIND_SERVICE` where a port below 1024 is bound.

Before:

```yaml
containers:
- name: web
```

After:

```yaml
containers:
- name: web
  securityContext:
    capabilities:
      drop: [ALL]
      add: [NET_BIND_SERVICE]   # only if needed
```
"#,
    revisions: &[
        Revision {
            since: 22,
            overrides: &["capabilities_baseline"],
            pod: pod_v1_22,
            policy: policy_v1_22,
        },
        Revision {
            since: 25,
            overrides: &["capabilities_baseline"],
            pod: pod_v1_25,
            policy: policy_v1_22,
        },
    ],
};

const REQUIRED_DROP: &str = "ALL";
pub(in crate::pss) const ALLOWED: &[&str] = &["NET_BIND_SERVICE"];

fn pod_v1_22(pod: &Pod) -> Option<Forbidden> {
    let mut missing = Vec::new();
    let mut adding = Vec::new();
    let mut bad = Set::new();
    for container in pod.spec.all_containers() {
        let context = container.security_context.as_ref();
        let Some(capabilities) = context.and_then(|c| c.capabilities.as_ref()) else {
            missing.push(container.name.as_str());
            continue;
        };
        if !capabilities.drop.iter().any(|c| c == REQUIRED_DROP) {
            missing.push(container.name.as_str());
        }
        let mut adds = false;
        for capability in capabilities
            .add
            .iter()
            .filter(|c| !ALLOWED.contains(&c.as_str()))
        {
            adds = true;
            bad.insert(capability.as_str());
        }
        if adds {
            adding.push(container.name.as_str());
        }
    }
    let mut sentences = Vec::new();
    if !missing.is_empty() {
        sentences.push(format!(
            r#"{} must set securityContext.capabilities.drop=["ALL"]"#,
            containers(&missing)
        ));
    }
    if !adding.is_empty() {
        sentences.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers(&adding),
            quoted_list(bad)
        ));
    }
    if sentences.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "unrestricted capabilities",
        detail: sentences.join("; "),
    })
}

fn pod_v1_25(pod: &Pod) -> Option<Forbidden> {
    if is_windows(pod) {
        return None;
    }
    pod_v1_22(pod)
}

/// For both revisions.
fn policy_v1_22(policy: &PodSecurityPolicy) -> Exposure {
    if let Some(exposure) = added_beyond(ALLOWED, policy) {
        return exposure;
    }
    let drops = &policy.spec.required_drop_capabilities;
    let (verdict, message) = if drops.iter().any(|drop| drop == REQUIRED_DROP) {
        let clean = "every container drops ALL and can add NET_BIND_SERVICE at most";
        let message = dead_capability(policy).unwrap_or(clean);
        (Verdict::Enforced, message)
    } else {
        (
            Verdict::Unset,
            "containers need not drop ALL, and nothing drops it for them",
        )
    };
    Exposure::new(
        verdict,
        "spec.requiredDropCapabilities",
        list(drops),
        message,
    )
}
