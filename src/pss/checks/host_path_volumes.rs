//! HostPath volumes: no part of the node's file system may be mounted.
//!
//! Upstream: `policy/check_hostPathVolumes.go` (1.37). A volume offends also where it has another source besides.

use crate::model::pod::{Pod, VolumeKind};
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::policy::list;
use crate::pss::wording::{plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "hostPathVolumes",
    level: Level::Baseline,
    title: "HostPath Volumes",
    fields: &["spec.volumes[*].hostPath"],
    allowed: "undefined",
    psp_fields: &["spec.volumes"],
    docs: r#"## What it forbids

A volume that mounts a path of the node, read-only mounts included. A volume that has `hostPath`
beside another source is refused as well.

## Why

A path of the node may hold credentials of the kubelet, sockets of the runtime or files of other
pods. Writing to some paths is the same as being root on the node.

## Fields

* `spec.volumes[*].hostPath`

## Allowed values

Undefined.

## In a PodSecurityPolicy

`spec.volumes`: `hostPath` or `*` lets pods mount paths of the node. `spec.allowedHostPaths` narrows
them to prefixes; no level knows prefixes, so a namespace whose pods need one path gives up the
check for all paths.

## Since

v1.0. One revision. At restricted `restrictedVolumes` replaces it at every version.

## How to fix

Use a volume type that belongs to the pod, or a PersistentVolumeClaim of a local storage class.
Agents that read the node's logs or sockets belong in a namespace of their own at level privileged.

Before:

```yaml
volumes:
- name: cache
  hostPath:
    path: /var/cache/app
```

After:

```yaml
volumes:
- name: cache
  emptyDir: {}
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
    let names: Vec<&str> = pod
        .spec
        .volumes
        .iter()
        .filter(|volume| volume.has(VolumeKind::HostPath))
        .map(|volume| volume.name.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "hostPath volumes",
        detail: format!(
            "{} {}",
            plural("volume", "volumes", names.len()),
            quoted_list(&names)
        ),
    })
}

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let spec = &policy.spec;
    let Some(item) = spec.volume_item(VolumeKind::HostPath) else {
        return Exposure::new(
            Verdict::Enforced,
            "spec.volumes",
            list(&spec.volumes),
            "hostPath volumes are not on the list of volume types",
        );
    };
    Exposure::new(
        Verdict::Granted,
        "spec.volumes",
        item,
        if spec.allowed_host_paths.is_empty() {
            "pods may mount any path of the node"
        } else {
            "pods may mount some paths of the node, and the check refuses every one"
        },
    )
}
