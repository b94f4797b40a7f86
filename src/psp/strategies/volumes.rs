//! `volumes`, `allowedHostPaths`, `allowedFlexVolumes` and `allowedCSIDrivers`.
//!
//! An empty `volumes` allows no volume at all; the other lists, if empty, allow everything. `secret` allows projected
//! volumes too, if they hold nothing but what the API server mounts for service accounts.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go`, `util/util.go` (v1.24.7).

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::go::quoted;
use crate::model::pod::{Pod, ProjectedSource, Volume, VolumeKind, VolumeSource};
use crate::model::psp::{AllowedHostPath, PspSpec};
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::PodControl;

pub(super) const POD: PodControl = PodControl {
    default: None,
    validate,
};

/// The kinds in v1.24, in the order in which upstream looks for a source. Only for pods that the API refuses anyway
/// does the order matter: a volume has one source.
const KINDS: &[VolumeKind] = &[
    VolumeKind::HostPath,
    VolumeKind::EmptyDir,
    VolumeKind::GcePersistentDisk,
    VolumeKind::AwsElasticBlockStore,
    VolumeKind::GitRepo,
    VolumeKind::Secret,
    VolumeKind::Nfs,
    VolumeKind::Iscsi,
    VolumeKind::Glusterfs,
    VolumeKind::PersistentVolumeClaim,
    VolumeKind::Rbd,
    VolumeKind::FlexVolume,
    VolumeKind::Cinder,
    VolumeKind::Cephfs,
    VolumeKind::Flocker,
    VolumeKind::DownwardApi,
    VolumeKind::Fc,
    VolumeKind::AzureFile,
    VolumeKind::ConfigMap,
    VolumeKind::VsphereVolume,
    VolumeKind::Quobyte,
    VolumeKind::AzureDisk,
    VolumeKind::PhotonPersistentDisk,
    VolumeKind::Storageos,
    VolumeKind::Projected,
    VolumeKind::PortworxVolume,
    VolumeKind::ScaleIo,
    VolumeKind::Csi,
    VolumeKind::Ephemeral,
];

/// The name of a kind in a policy: the pod's field, but for `cephFS`. `None` for kinds that v1.24 does not know.
pub(crate) fn name_in_policy(kind: VolumeKind) -> Option<&'static str> {
    if kind == VolumeKind::Cephfs {
        return Some("cephFS");
    }
    KINDS.contains(&kind).then(|| kind.field())
}

fn validate(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let policy = provider.spec;
    let allowed: BTreeSet<&str> = policy.volumes.iter().map(String::as_str).collect();
    let mounts = LazyCell::new(|| writable_mounts(pod));
    let mut errors = Vec::new();
    for (index, volume) in pod.spec.volumes.iter().enumerate() {
        let field = format!("spec.volumes[{index}]");
        let Some((name, source)) = source_of(volume) else {
            let detail = format!("unknown volume type for volume: {}", volume.name);
            errors.push(FieldError::invalid(field, quoted(""), detail));
            continue;
        };
        if !allowed.contains("*") && !allows(&allowed, name, source) {
            let detail = format!("{name} volumes are not allowed to be used");
            errors.push(FieldError::invalid(field, quoted(name), detail));
            continue;
        }
        errors.append(&mut source_errors(policy, volume, source, &field, &mounts));
    }
    errors
}

/// What is wrong with a source whose kind is allowed. `mounts` as of [`writable_mounts`].
fn source_errors<'a>(
    policy: &PspSpec,
    volume: &Volume,
    source: &VolumeSource,
    field: &str,
    mounts: &LazyCell<Mounts<'a>, impl FnOnce() -> Mounts<'a>>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match source {
        VolumeSource::HostPath(path) => {
            match access(&policy.allowed_host_paths, path) {
                Access::ReadWrite => {}
                Access::None => errors.push(FieldError::invalid(
                    format!("{field}.hostPath.pathPrefix"),
                    quoted(path),
                    "is not allowed to be used",
                )),
                Access::ReadOnly => {
                    let fields = mounts.get(volume.name.as_str()).into_iter().flatten();
                    errors.extend(fields.map(|field| {
                        FieldError::invalid(field.clone(), "false", "must be read-only")
                    }));
                }
            }
        }
        VolumeSource::FlexVolume(driver) => {
            let list = &policy.allowed_flex_volumes;
            let field = format!("{field}.driver");
            if !list.is_empty() && !list.iter().any(|d| d.driver == *driver) {
                let detail = "Flexvolume driver is not allowed to be used";
                errors.push(FieldError::invalid(field, quoted(driver), detail));
            }
        }
        VolumeSource::Csi(driver) => {
            let list = &policy.allowed_csi_drivers;
            let field = format!("{field}.csi.driver");
            if !list.is_empty() && !list.iter().any(|d| d.name == *driver) {
                let detail = "Inline CSI driver is not allowed to be used";
                errors.push(FieldError::invalid(field, quoted(driver), detail));
            }
        }
        VolumeSource::Projected(_) | VolumeSource::Plain(_) => {}
    }
    errors
}

/// The source that counts, and its kind's name in a policy.
fn source_of(volume: &Volume) -> Option<(&'static str, &VolumeSource)> {
    let rank = |source: &&VolumeSource| KINDS.iter().position(|kind| *kind == source.kind());
    let known = volume
        .sources
        .iter()
        .filter(|source| rank(source).is_some());
    let source = known.min_by_key(rank)?;
    Some((name_in_policy(source.kind())?, source))
}

fn allows(allowed: &BTreeSet<&str>, name: &str, source: &VolumeSource) -> bool {
    allowed.contains(name)
        || match source {
            VolumeSource::Projected(sources) => {
                allowed.contains("secret") && sources.iter().all(is_of_service_account)
            }
            VolumeSource::HostPath(_)
            | VolumeSource::FlexVolume(_)
            | VolumeSource::Csi(_)
            | VolumeSource::Plain(_) => false,
        }
}

/// Whether a projected source is one that the API server itself mounts for service accounts.
fn is_of_service_account(source: &ProjectedSource) -> bool {
    let ProjectedSource {
        service_account_token: token,
        config_map,
        secret: _,
        downward_api,
    } = source;
    (token.is_some() || config_map.is_some() || downward_api.is_some())
        && token
            .as_ref()
            .is_none_or(|token| token.path == "token" && token.audience.is_empty())
        && config_map
            .as_ref()
            .is_none_or(|map| map.name == "kube-root-ca.crt")
        && downward_api.iter().flat_map(|api| &api.items).all(|item| {
            item.path == "namespace"
                && item.field_ref.as_ref().is_some_and(|field| {
                    field.api_version == "v1" && field.field_path == "metadata.namespace"
                })
        })
}

enum Access {
    None,
    ReadOnly,
    ReadWrite,
}

/// What the allowed host paths permit for a path: the most permissive match counts.
fn access(allowed: &[AllowedHostPath], path: &str) -> Access {
    if allowed.is_empty() {
        return Access::ReadWrite;
    }
    let mut access = Access::None;
    for prefix in allowed {
        if has_prefix(path, &prefix.path_prefix) {
            if !prefix.read_only {
                return Access::ReadWrite;
            }
            access = Access::ReadOnly;
        }
    }
    access
}

/// Whether a path is the prefix or below it. One trailing slash of either is dropped and nothing else is cleaned.
fn has_prefix(path: &str, prefix: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The `readOnly` fields of all mounts that are not read-only, by the name of the volume, in visit order.
type Mounts<'a> = BTreeMap<&'a str, Vec<String>>;

fn writable_mounts(pod: &Pod) -> Mounts<'_> {
    let mut mounts = Mounts::new();
    for (list, container_index, container) in pod.spec.containers_with_place() {
        for (index, mount) in container.volume_mounts.iter().enumerate() {
            if !mount.read_only {
                mounts.entry(&mount.name).or_default().push(format!(
                    "spec.{list}[{container_index}].volumeMounts[{index}].readOnly"
                ));
            }
        }
    }
    mounts
}
