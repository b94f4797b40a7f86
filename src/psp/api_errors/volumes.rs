//! Volumes: exactly one source each, and a source that names what it must.
//!
//! Upstream: `pkg/apis/core/validation/validation.go` (v1.24.7, `ValidateVolumeSource`).

use crate::model::pod::{Volume, VolumeKind, VolumeSource};
use crate::psp::field_error::FieldError;
use crate::psp::syntax;

/// The kinds in the order in which upstream looks at them: the first one present counts, the others are errors.
const KINDS: &[VolumeKind] = &[
    VolumeKind::EmptyDir,
    VolumeKind::HostPath,
    VolumeKind::GitRepo,
    VolumeKind::GcePersistentDisk,
    VolumeKind::AwsElasticBlockStore,
    VolumeKind::Secret,
    VolumeKind::Nfs,
    VolumeKind::Iscsi,
    VolumeKind::Glusterfs,
    VolumeKind::Flocker,
    VolumeKind::PersistentVolumeClaim,
    VolumeKind::Rbd,
    VolumeKind::Cinder,
    VolumeKind::Cephfs,
    VolumeKind::Quobyte,
    VolumeKind::DownwardApi,
    VolumeKind::Fc,
    VolumeKind::FlexVolume,
    VolumeKind::ConfigMap,
    VolumeKind::AzureFile,
    VolumeKind::VsphereVolume,
    VolumeKind::PhotonPersistentDisk,
    VolumeKind::PortworxVolume,
    VolumeKind::AzureDisk,
    VolumeKind::Storageos,
    VolumeKind::Projected,
    VolumeKind::ScaleIo,
    VolumeKind::Csi,
    VolumeKind::Ephemeral,
];

/// What is wrong with a pod's volumes.
pub(super) fn validate(volumes: &[Volume]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, volume) in volumes.iter().enumerate() {
        let field = format!("spec.volumes[{index}]");
        let mut sources: Vec<(usize, &VolumeSource)> = (volume.sources.iter())
            .filter_map(|source| {
                let rank = KINDS.iter().position(|kind| *kind == source.kind())?;
                Some((rank, source))
            })
            .collect();
        sources.sort_by_key(|(rank, _)| *rank);
        match sources.split_first() {
            None => errors.push(FieldError::required(field, "must specify a volume type")),
            Some(((_, first), others)) => {
                errors.extend(source_errors(first, &field));
                errors.extend(others.iter().map(|(_, source)| {
                    let field = format!("{field}.{}", source.kind().field());
                    FieldError::forbidden(field, "may not specify more than 1 volume type")
                }));
            }
        }
    }
    errors
}

fn source_errors(source: &VolumeSource, field: &str) -> Vec<FieldError> {
    match source {
        VolumeSource::HostPath(path) => {
            let field = format!("{field}.hostPath.path");
            if path.is_empty() {
                return vec![FieldError::required(field, "")];
            }
            syntax::no_backsteps(path, &field).into_iter().collect()
        }
        VolumeSource::FlexVolume(driver) if driver.is_empty() => {
            vec![FieldError::required(
                format!("{field}.flexVolume.driver"),
                "",
            )]
        }
        VolumeSource::Csi(driver) => {
            syntax::csi_driver_name(driver, &format!("{field}.csi.driver"))
        }
        VolumeSource::FlexVolume(_) | VolumeSource::Projected(_) | VolumeSource::Plain(_) => {
            Vec::new()
        }
    }
}
