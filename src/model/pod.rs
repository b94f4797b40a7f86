//! The pod: every field that the Pod Security Standards or PodSecurityPolicy read, and nothing else.
//!
//! The structs mirror `k8s.io/api/core/v1` (v1.37 for the standards, v1.24 for PSP). Strings that upstream compares
//! byte for byte (`seccompProfile.type`, `procMount`, …) stay strings, so that invalid values reach the checks.
//! Absent and `null` are `None`; `{}` is `Some(Default)`: the checks tell them apart.

mod container;
mod security;
mod volume;

use serde::Deserialize;

use super::nullable;
use super::object::ObjectMeta;

pub use container::{Container, ContainerPort, Handler, HostAction, Lifecycle, VolumeMount};
pub use security::{
    Capabilities, PodSecurityContext, Profile, SeLinuxOptions, SecurityContext, Sysctl,
    WindowsOptions,
};
pub use volume::{
    DownwardApi, DownwardApiItem, FieldRef, ProjectedName, ProjectedSource, ServiceAccountToken,
    Volume, VolumeKind, VolumeSource,
};

/// A pod or pod template: metadata and spec.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Of the pod or of the template; never of the controller.
    #[serde(deserialize_with = "nullable::or_default")]
    pub metadata: ObjectMeta,
    /// `spec`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub spec: PodSpec,
}

/// `spec` of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// `spec.initContainers`, sidecars included.
    #[serde(deserialize_with = "nullable::list")]
    pub init_containers: Vec<Container>,
    /// `spec.containers`.
    #[serde(deserialize_with = "nullable::list")]
    pub containers: Vec<Container>,
    /// `spec.ephemeralContainers`.
    #[serde(deserialize_with = "nullable::list")]
    pub ephemeral_containers: Vec<Container>,
    /// `spec.volumes`.
    #[serde(deserialize_with = "nullable::list")]
    pub volumes: Vec<Volume>,
    /// `spec.securityContext`.
    pub security_context: Option<PodSecurityContext>,
    /// `spec.hostNetwork`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub host_network: bool,
    /// `spec.hostPID`.
    #[serde(rename = "hostPID", deserialize_with = "nullable::or_default")]
    pub host_pid: bool,
    /// `spec.hostIPC`.
    #[serde(rename = "hostIPC", deserialize_with = "nullable::or_default")]
    pub host_ipc: bool,
    /// `spec.hostUsers`.
    pub host_users: Option<bool>,
    /// `spec.os`.
    pub os: Option<PodOs>,
    /// `spec.runtimeClassName`.
    pub runtime_class_name: Option<String>,
    /// `spec.serviceAccountName`; empty means unset.
    #[serde(deserialize_with = "nullable::or_default")]
    pub service_account_name: String,
    /// `spec.serviceAccount`, the deprecated name that the API server copies from and to `serviceAccountName`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub service_account: String,
    /// `spec.automountServiceAccountToken`.
    pub automount_service_account_token: Option<bool>,
    /// `spec.nodeName`; empty means unscheduled.
    #[serde(deserialize_with = "nullable::or_default")]
    pub node_name: String,
}

impl PodSpec {
    /// Every container in upstream's visit order: init, then regular, then ephemeral.
    pub fn all_containers(&self) -> impl Iterator<Item = &Container> {
        self.init_containers
            .iter()
            .chain(&self.containers)
            .chain(&self.ephemeral_containers)
    }

    /// Every container in the same order, and the security context that they inherit from, to be written.
    pub fn containers_and_context_mut(
        &mut self,
    ) -> (
        impl Iterator<Item = &mut Container>,
        &mut Option<PodSecurityContext>,
    ) {
        let containers = self
            .init_containers
            .iter_mut()
            .chain(&mut self.containers)
            .chain(&mut self.ephemeral_containers);
        (containers, &mut self.security_context)
    }

    /// Every container in the same order, to be written.
    pub fn all_containers_mut(&mut self) -> impl Iterator<Item = &mut Container> {
        self.containers_and_context_mut().0
    }

    /// Every container with the list it stands in and its index there, in visit order.
    pub fn containers_with_place(&self) -> impl Iterator<Item = (&'static str, usize, &Container)> {
        let list = |name: &'static str, containers: &'_ [Container]| -> Vec<_> {
            (0..containers.len()).map(move |i| (name, i)).collect()
        };
        list("initContainers", &self.init_containers)
            .into_iter()
            .chain(list("containers", &self.containers))
            .chain(list("ephemeralContainers", &self.ephemeral_containers))
            .zip(self.all_containers())
            .map(|((list, index), container)| (list, index, container))
    }

    /// The service account as the API server reads it: the deprecated field counts where the other is empty.
    pub fn account(&self) -> &str {
        if self.service_account_name.is_empty() {
            &self.service_account
        } else {
            &self.service_account_name
        }
    }
}

/// `spec.os`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct PodOs {
    /// `spec.os.name`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
}
