//! What the API server fills into a pod before any admission plugin sees it, as far as an answer depends on it.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go` (v1.24 to v1.37). Only two defaults can change a verdict.

use super::pod::{Pod, VolumeKind, VolumeSource};

/// Applies the defaults of a Pod object: a volume without a source is an `emptyDir`, and under `hostNetwork` every
/// port of init and regular containers occupies the same port of the host.
pub fn apply(pod: &mut Pod) {
    for volume in &mut pod.spec.volumes {
        if volume.sources.is_empty() {
            volume
                .sources
                .push(VolumeSource::Plain(VolumeKind::EmptyDir));
        }
    }
    if pod.spec.host_network {
        let containers = pod
            .spec
            .init_containers
            .iter_mut()
            .chain(&mut pod.spec.containers);
        for port in containers.flat_map(|container| &mut container.ports) {
            if port.host_port == 0 {
                port.host_port = port.container_port;
            }
        }
    }
}
