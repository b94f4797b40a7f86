//! A container, with what it opens, mounts and calls.

use serde::Deserialize;

use super::SecurityContext;
use crate::model::nullable;

/// A container of any of the three lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// `name`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
    /// `image`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub image: String,
    /// `ports`.
    #[serde(deserialize_with = "nullable::list")]
    pub ports: Vec<ContainerPort>,
    /// `volumeMounts`.
    #[serde(deserialize_with = "nullable::list")]
    pub volume_mounts: Vec<VolumeMount>,
    /// `securityContext`.
    pub security_context: Option<SecurityContext>,
    /// `livenessProbe`.
    pub liveness_probe: Option<Handler>,
    /// `readinessProbe`.
    pub readiness_probe: Option<Handler>,
    /// `startupProbe`.
    pub startup_probe: Option<Handler>,
    /// `lifecycle`.
    pub lifecycle: Option<Lifecycle>,
}

/// `ports[*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerPort {
    /// `hostPort`; 0 means none.
    #[serde(deserialize_with = "nullable::or_default")]
    pub host_port: i32,
    /// `containerPort`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub container_port: i32,
}

/// `volumeMounts[*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VolumeMount {
    /// `name` of the volume.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
    /// `mountPath`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub mount_path: String,
    /// `readOnly`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub read_only: bool,
}

/// A probe or a lifecycle handler: only the parts that carry a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Handler {
    /// `httpGet`.
    pub http_get: Option<HostAction>,
    /// `tcpSocket`.
    pub tcp_socket: Option<HostAction>,
}

/// `httpGet` or `tcpSocket`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct HostAction {
    /// `host`; empty means the pod's own address.
    #[serde(deserialize_with = "nullable::or_default")]
    pub host: String,
}

/// `lifecycle`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// `postStart`.
    pub post_start: Option<Handler>,
    /// `preStop`.
    pub pre_stop: Option<Handler>,
}
