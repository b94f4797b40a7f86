//! What the API server fills into a pod before any admission plugin sees it, as far as an answer depends on it.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go` and `conversion.go` (v1.24 to v1.37).

use super::pod::{FieldRef, Pod, PodSpec, Volume, VolumeKind, VolumeSource};

/// Applies the defaults of a Pod object: a volume without a source is an `emptyDir`, under `hostNetwork` every port of
/// init and regular containers occupies the same port of the host, there is a security context, field references have
/// a version, and both names of the service account say the same.
pub fn apply(pod: &mut Pod) {
    let spec = &mut pod.spec;
    spec.volumes.iter_mut().for_each(volume);
    if spec.host_network {
        host_ports(spec);
    }
    spec.security_context.get_or_insert_default();
    spec.service_account_name = spec.account().to_owned();
    spec.service_account.clone_from(&spec.service_account_name);
}

fn volume(volume: &mut Volume) {
    if volume.sources.is_empty() {
        volume
            .sources
            .push(VolumeSource::Plain(VolumeKind::EmptyDir));
    }
    for source in &mut volume.sources {
        if let VolumeSource::Projected(sources) = source {
            let apis = sources.iter_mut().filter_map(|s| s.downward_api.as_mut());
            let items = apis.flat_map(|api| &mut api.items);
            for FieldRef { api_version, .. } in items.filter_map(|i| i.field_ref.as_mut()) {
                if api_version.is_empty() {
                    "v1".clone_into(api_version);
                }
            }
        }
    }
}

fn host_ports(spec: &mut PodSpec) {
    let containers = spec.init_containers.iter_mut().chain(&mut spec.containers);
    for port in containers.flat_map(|container| &mut container.ports) {
        if port.host_port == 0 {
            port.host_port = port.container_port;
        }
    }
}
