//! HostPath volumes: no part of the node's file system may be mounted.
//!
//! Upstream: `policy/check_hostPathVolumes.go` (1.37). A volume offends also where it has another source besides.

use crate::model::pod::{Pod, VolumeKind};
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::wording::{plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "hostPathVolumes",
    level: Level::Baseline,
    title: "HostPath Volumes",
    fields: &["spec.volumes[*].hostPath"],
    allowed: "undefined",
    psp_fields: &["spec.volumes"],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
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
