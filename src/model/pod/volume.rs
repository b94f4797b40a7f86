//! Volumes and their sources.

use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::model::nullable;

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

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
