//! The pod: every field that the Pod Security Standards or PodSecurityPolicy read, and nothing else.
//!
//! The structs mirror `k8s.io/api/core/v1` (v1.37 for the standards, v1.24 for PSP). Strings that upstream compares
//! byte for byte (`seccompProfile.type`, `procMount`, …) stay strings, so that invalid values reach the checks.
//! The file is long because it is one upstream type, field by field.
//! Absent and `null` are `None`; `{}` is `Some(Default)`: the checks tell them apart.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use super::nullable;
use super::object::ObjectMeta;

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

/// `securityContext` of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// `privileged`.
    pub privileged: Option<bool>,
    /// `allowPrivilegeEscalation`.
    pub allow_privilege_escalation: Option<bool>,
    /// `capabilities`.
    pub capabilities: Option<Capabilities>,
    /// `runAsUser`.
    pub run_as_user: Option<i64>,
    /// `runAsGroup`.
    pub run_as_group: Option<i64>,
    /// `runAsNonRoot`.
    pub run_as_non_root: Option<bool>,
    /// `readOnlyRootFilesystem`.
    pub read_only_root_filesystem: Option<bool>,
    /// `procMount`.
    pub proc_mount: Option<String>,
    /// `seLinuxOptions`.
    pub se_linux_options: Option<SeLinuxOptions>,
    /// `seccompProfile`.
    pub seccomp_profile: Option<Profile>,
    /// `appArmorProfile`.
    pub app_armor_profile: Option<Profile>,
    /// `windowsOptions`.
    pub windows_options: Option<WindowsOptions>,
}

/// `spec.securityContext` of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSecurityContext {
    /// `runAsUser`.
    pub run_as_user: Option<i64>,
    /// `runAsGroup`.
    pub run_as_group: Option<i64>,
    /// `runAsNonRoot`.
    pub run_as_non_root: Option<bool>,
    /// `fsGroup`.
    pub fs_group: Option<i64>,
    /// `supplementalGroups`; PSP tells absent from empty.
    #[serde(deserialize_with = "nullable::optional_list")]
    pub supplemental_groups: Option<Vec<i64>>,
    /// `seLinuxOptions`.
    pub se_linux_options: Option<SeLinuxOptions>,
    /// `seccompProfile`.
    pub seccomp_profile: Option<Profile>,
    /// `appArmorProfile`.
    pub app_armor_profile: Option<Profile>,
    /// `sysctls`.
    #[serde(deserialize_with = "nullable::list")]
    pub sysctls: Vec<Sysctl>,
    /// `windowsOptions`.
    pub windows_options: Option<WindowsOptions>,
}

/// `capabilities`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// `add`.
    #[serde(deserialize_with = "nullable::list")]
    pub add: Vec<String>,
    /// `drop`.
    #[serde(deserialize_with = "nullable::list")]
    pub drop: Vec<String>,
}

/// `seLinuxOptions`; empty strings mean unset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct SeLinuxOptions {
    /// `user`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub user: String,
    /// `role`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub role: String,
    /// `type`.
    #[serde(rename = "type", deserialize_with = "nullable::or_default")]
    pub type_: String,
    /// `level`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub level: String,
}

impl fmt::Display for SeLinuxOptions {
    /// The options that are set, as YAML in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<String> = [
            ("user", &self.user),
            ("role", &self.role),
            ("type", &self.type_),
            ("level", &self.level),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
        write!(f, "{{{}}}", set.join(", "))
    }
}

/// `seccompProfile` or `appArmorProfile`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Profile {
    /// `type`: `RuntimeDefault`, `Localhost`, `Unconfined`, or whatever was written.
    #[serde(rename = "type", deserialize_with = "nullable::or_default")]
    pub type_: String,
    /// `localhostProfile`.
    pub localhost_profile: Option<String>,
}

/// `windowsOptions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WindowsOptions {
    /// `hostProcess`.
    pub host_process: Option<bool>,
}

/// `sysctls[*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Sysctl {
    /// `name`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
    /// `value`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub value: String,
}

/// A volume: its name and every source that is present, in the order of [`VolumeKind`].
///
/// Normally there is exactly one source. None at all is `emptyDir` to the API server
/// (see [`crate::model::defaults`]); several are refused by it, but the standards' checks have an opinion anyway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Volume {
    /// `name`.
    pub name: String,
    /// Sources present, sorted by kind, each kind once.
    pub sources: Vec<VolumeSource>,
}

impl Volume {
    /// Whether a source of this kind is present.
    pub fn has(&self, kind: VolumeKind) -> bool {
        self.sources.iter().any(|source| source.kind() == kind)
    }
}

/// One source of a volume, with the details that PodSecurityPolicy looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VolumeSource {
    /// `hostPath`, with its `path`.
    HostPath(String),
    /// `flexVolume`, with its `driver`.
    FlexVolume(String),
    /// `csi`, with its `driver`.
    Csi(String),
    /// `projected`, with its `sources`.
    Projected(Vec<ProjectedSource>),
    /// Any other kind.
    Plain(VolumeKind),
}

impl VolumeSource {
    /// The kind of this source.
    pub fn kind(&self) -> VolumeKind {
        match self {
            VolumeSource::HostPath(_) => VolumeKind::HostPath,
            VolumeSource::FlexVolume(_) => VolumeKind::FlexVolume,
            VolumeSource::Csi(_) => VolumeKind::Csi,
            VolumeSource::Projected(_) => VolumeKind::Projected,
            VolumeSource::Plain(kind) => *kind,
        }
    }
}

/// One entry of `projected.sources`, as far as PSP's exemption for service account tokens looks at it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectedSource {
    /// `serviceAccountToken`.
    pub service_account_token: Option<ServiceAccountToken>,
    /// `configMap`.
    pub config_map: Option<ProjectedName>,
    /// `secret`.
    pub secret: Option<ProjectedName>,
    /// `downwardAPI`.
    #[serde(rename = "downwardAPI")]
    pub downward_api: Option<DownwardApi>,
}

/// `serviceAccountToken` of a projected volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct ServiceAccountToken {
    /// `path`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub path: String,
    /// `audience`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub audience: String,
}

/// A projected `configMap` or `secret`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct ProjectedName {
    /// `name`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
}

/// A projected `downwardAPI`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct DownwardApi {
    /// `items`.
    #[serde(deserialize_with = "nullable::list")]
    pub items: Vec<DownwardApiItem>,
}

/// One item of a `downwardAPI`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DownwardApiItem {
    /// `path`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub path: String,
    /// `fieldRef`.
    pub field_ref: Option<FieldRef>,
}

/// `fieldRef` of a downward API item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldRef {
    /// `apiVersion`; the API server defaults it to `v1`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub api_version: String,
    /// `fieldPath`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub field_path: String,
}

macro_rules! volume_kinds {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// The volume sources that an API server has ever known, in the order in which the check
        /// `restrictedVolumes` names them (upstream `policy/check_restrictedVolumes.go`), allowed ones first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each variant is the field of that name")]
        pub enum VolumeKind { $($variant),* }

        impl VolumeKind {
            /// All kinds.
            pub const ALL: &'static [VolumeKind] = &[$(VolumeKind::$variant),*];

            /// The field's name in a pod.
            pub fn field(self) -> &'static str {
                match self { $(VolumeKind::$variant => $name),* }
            }

            /// The kind with this field name in a pod.
            pub fn from_field(name: &str) -> Option<Self> {
                match name { $($name => Some(VolumeKind::$variant),)* _ => None }
            }
        }
    };
}

volume_kinds! {
    ConfigMap "configMap",
    Csi "csi",
    DownwardApi "downwardAPI",
    EmptyDir "emptyDir",
    Ephemeral "ephemeral",
    Image "image",
    PersistentVolumeClaim "persistentVolumeClaim",
    Projected "projected",
    Secret "secret",
    HostPath "hostPath",
    GcePersistentDisk "gcePersistentDisk",
    AwsElasticBlockStore "awsElasticBlockStore",
    GitRepo "gitRepo",
    Nfs "nfs",
    Iscsi "iscsi",
    Glusterfs "glusterfs",
    Rbd "rbd",
    FlexVolume "flexVolume",
    Cinder "cinder",
    Cephfs "cephfs",
    Flocker "flocker",
    Fc "fc",
    AzureFile "azureFile",
    VsphereVolume "vsphereVolume",
    Quobyte "quobyte",
    AzureDisk "azureDisk",
    PhotonPersistentDisk "photonPersistentDisk",
    PortworxVolume "portworxVolume",
    ScaleIo "scaleIO",
    Storageos "storageos",
}

impl<'de> Deserialize<'de> for Volume {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(VolumeVisitor)
    }
}

/// Keeps the key names of a volume: a source that this version does not know is no source.
struct VolumeVisitor;

impl<'de> Visitor<'de> for VolumeVisitor {
    type Value = Volume;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a volume")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Volume, A::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct HostPath {
            #[serde(deserialize_with = "nullable::or_default")]
            path: String,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Driver {
            #[serde(deserialize_with = "nullable::or_default")]
            driver: String,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Projected {
            #[serde(deserialize_with = "nullable::list")]
            sources: Vec<ProjectedSource>,
        }
        let mut volume = Volume::default();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == "name" {
                volume.name = map.next_value::<Option<String>>()?.unwrap_or_default();
                continue;
            }
            let source = match VolumeKind::from_field(&key) {
                None => {
                    map.next_value::<serde::de::IgnoredAny>()?;
                    continue;
                }
                Some(VolumeKind::HostPath) => map
                    .next_value::<Option<HostPath>>()?
                    .map(|source| VolumeSource::HostPath(source.path)),
                Some(VolumeKind::FlexVolume) => map
                    .next_value::<Option<Driver>>()?
                    .map(|source| VolumeSource::FlexVolume(source.driver)),
                Some(VolumeKind::Csi) => map
                    .next_value::<Option<Driver>>()?
                    .map(|source| VolumeSource::Csi(source.driver)),
                Some(VolumeKind::Projected) => map
                    .next_value::<Option<Projected>>()?
                    .map(|source| VolumeSource::Projected(source.sources)),
                Some(kind) => map
                    .next_value::<Option<serde::de::IgnoredAny>>()?
                    .map(|_| VolumeSource::Plain(kind)),
            };
            if let Some(source) = source {
                volume.sources.retain(|other| other.kind() != source.kind());
                volume.sources.push(source);
            }
        }
        volume.sources.sort_by_key(VolumeSource::kind);
        Ok(volume)
    }
}
