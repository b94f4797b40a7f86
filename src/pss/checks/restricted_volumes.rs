//! Volume types: only those that hold configuration, scratch space or what a storage class provides.
//!
//! Upstream: `policy/check_restrictedVolumes.go` (1.37). It replaces the baseline check for hostPath. One allowed source
//! is enough for a volume to pass, whatever stands beside it. `image` volumes pass at every version.

use crate::model::pod::{Pod, Volume, VolumeKind};
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::wording::{Set, plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "restrictedVolumes",
    level: Level::Restricted,
    title: "Volume Types",
    fields: &["spec.volumes[*]"],
    allowed: "configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret",
    psp_fields: &["spec.volumes"],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &["hostPathVolumes"],
        pod: pod_v1_0,
    }],
};

const ALLOWED: &[VolumeKind] = &[
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
