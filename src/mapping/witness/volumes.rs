//! The smallest source of each kind of volume that a check may refuse.
//!
//! Upstream: `pkg/apis/core/validation/validation.go` (v1.24.7, `validateVolumeSource`).

use serde_json::{Value, json};

use crate::model::pod::VolumeKind;
use crate::model::psp::PspSpec;

/// A source of this kind that the API server accepts, within the paths and drivers that the policy allows. `None` for
/// kinds that every level allows.
pub(super) fn source(policy: &PspSpec, kind: VolumeKind) -> Option<Value> {
    let source = match kind {
        VolumeKind::ConfigMap
        | VolumeKind::Csi
        | VolumeKind::DownwardApi
        | VolumeKind::EmptyDir
        | VolumeKind::Ephemeral
        | VolumeKind::Image
        | VolumeKind::PersistentVolumeClaim
        | VolumeKind::Projected
        | VolumeKind::Secret => return None,
        VolumeKind::HostPath => {
            let listed = policy.allowed_host_paths.first();
            json!({ "path": listed.map_or("/", |path| &path.path_prefix) })
        }
        VolumeKind::FlexVolume => {
            let listed = policy.allowed_flex_volumes.first();
            json!({ "driver": listed.map_or("example.com/driver", |flex| &flex.driver) })
        }
        VolumeKind::GcePersistentDisk => json!({ "pdName": "disk" }),
        VolumeKind::AwsElasticBlockStore | VolumeKind::Cinder | VolumeKind::PortworxVolume => {
            json!({ "volumeID": "volume" })
        }
        VolumeKind::GitRepo => json!({ "repository": "https://example.com/repository.git" }),
        VolumeKind::Nfs => json!({ "server": "nfs.example.com", "path": "/" }),
        VolumeKind::Iscsi => json!({
            "targetPortal": "iscsi.example.com:3260", "iqn": "iqn.2001-04.com.example:storage", "lun": 0,
        }),
        VolumeKind::Glusterfs => json!({ "endpoints": "gluster", "path": "volume" }),
        VolumeKind::Rbd => json!({ "monitors": ["ceph.example.com:6789"], "image": "image" }),
        VolumeKind::Cephfs => json!({ "monitors": ["ceph.example.com:6789"] }),
        VolumeKind::Flocker => json!({ "datasetName": "dataset" }),
        VolumeKind::Fc => json!({ "targetWWNs": ["500a0982991b8dc5"], "lun": 0 }),
        VolumeKind::AzureFile => json!({ "secretName": "azure", "shareName": "share" }),
        VolumeKind::VsphereVolume => json!({ "volumePath": "[datastore] volume.vmdk" }),
        VolumeKind::Quobyte => {
            json!({ "registry": "quobyte.example.com:7861", "volume": "volume" })
        }
        VolumeKind::AzureDisk => json!({
            "diskName": "disk", "diskURI": "https://example.blob.core.windows.net/disks/disk.vhd",
        }),
        VolumeKind::PhotonPersistentDisk => json!({ "pdID": "disk" }),
        VolumeKind::ScaleIo => json!({
            "gateway": "https://scaleio.example.com/api", "system": "scaleio", "secretRef": { "name": "scaleio" },
            "volumeName": "volume",
        }),
        VolumeKind::Storageos => json!({ "volumeName": "volume" }),
    };
    Some(source)
}
