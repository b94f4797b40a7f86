//! Volume types: only those that hold configuration, scratch space or what a storage class provides.
//!
//! Upstream: `policy/check_restrictedVolumes.go` (1.37). It replaces the baseline check for hostPath. One allowed
//! source is enough for a volume to pass, whatever stands beside it. `image` volumes pass at every version.

use crate::model::pod::{Pod, Volume, VolumeKind};
use crate::model::psp::{PodSecurityPolicy, volume_kind};
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::policy::{ANY, list};
use crate::pss::wording::{Set, joined, plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "restrictedVolumes",
    level: Level::Restricted,
    title: "Volume Types",
    fields: &["spec.volumes[*]"],
    allowed: "configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, \
              secret",
    psp_fields: &["spec.volumes"],
    docs: r#"## What it forbids

Volumes of any type but those that hold configuration, scratch space, or what a storage class or
driver provides. One allowed source is enough for a volume to pass, whatever stands beside it.

## Why

The older network volume types let the author of a pod name servers and credentials that the node
then uses, and `hostPath` opens the node itself. Behind a PersistentVolumeClaim an administrator
decides.

## Fields

* `spec.volumes[*]`

## Allowed values

`configMap`, `csi`, `downwardAPI`, `emptyDir`, `ephemeral`, `image`, `persistentVolumeClaim`,
`projected`, `secret`. A volume without a source is an `emptyDir` to the API server.

## In a PodSecurityPolicy

`spec.volumes` lists the types that pods may use. `*` or any type but the ones above lets pods in
that fail this check. Empty allows no volume, which passes. A policy writes `cephFS` where a pod
writes `cephfs`.

## Since

v1.0. One revision. It replaces `hostPathVolumes`.

## How to fix

Put the storage behind a PersistentVolume and claim it.

Before:

```yaml
volumes:
- name: data
  nfs:
    server: nfs.example.com
    path: /exports/data
```

After:

```yaml
volumes:
- name: data
  persistentVolumeClaim:
    claimName: data
```
"#,
    revisions: &[Revision {
        since: 0,
        overrides: &["hostPathVolumes"],
        pod: pod_v1_0,
        policy: policy_v1_0,
    }],
};

pub(in crate::pss) const ALLOWED: &[VolumeKind] = &[
    VolumeKind::ConfigMap,
    VolumeKind::Csi,
    VolumeKind::DownwardApi,
    VolumeKind::EmptyDir,
    VolumeKind::Ephemeral,
    VolumeKind::Image,
    VolumeKind::PersistentVolumeClaim,
    VolumeKind::Projected,
    VolumeKind::Secret,
];

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let mut names = Vec::new();
    let mut types = Set::new();
    for volume in &pod.spec.volumes {
        if let Some(type_) = forbidden_type(volume) {
            names.push(volume.name.as_str());
            types.insert(type_);
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "restricted volume types",
        detail: format!(
            "{} {} {} {} {}",
            plural("volume", "volumes", names.len()),
            quoted_list(&names),
            plural("uses", "use", names.len()),
            plural(
                "restricted volume type",
                "restricted volume types",
                types.len()
            ),
            quoted_list(types)
        ),
    })
}

/// The type that a volume is refused for: its first source in upstream's order, unless one of them is allowed.
fn forbidden_type(volume: &Volume) -> Option<&'static str> {
    let mut kinds = volume.sources.iter().map(|source| source.kind());
    if kinds.clone().any(|kind| ALLOWED.contains(&kind)) {
        return None;
    }
    Some(kinds.next().map_or("unknown", VolumeKind::field))
}

/// A type that policies do not know lets no volume in.
fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let volumes = &policy.spec.volumes;
    let bad: Vec<&str> = volumes
        .iter()
        .map(String::as_str)
        .filter(|item| {
            *item == ANY || volume_kind(item).is_some_and(|kind| !ALLOWED.contains(&kind))
        })
        .collect();
    if bad.is_empty() {
        return Exposure::new(
            Verdict::Enforced,
            "spec.volumes",
            list(volumes),
            "every volume type on the list is one that the check allows",
        );
    }
    let bad = joined(&bad);
    let message = if bad == ANY {
        "pods may use volumes of every type".to_owned()
    } else {
        format!("pods may use volumes of type {bad}")
    };
    Exposure::new(Verdict::Granted, "spec.volumes", bad, message)
}
