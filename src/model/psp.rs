//! PodSecurityPolicy: every field and the four annotations, with the API server's only default applied here.
//!
//! Upstream: `k8s.io/api/policy/v1beta1` (v1.24); `extensions/v1beta1` is identical.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::nullable;
use super::pod::{SeLinuxOptions, VolumeKind};
use crate::diag::Source;

/// Annotation: comma list of AppArmor profiles that pods may name.
pub const APPARMOR_ALLOWED: &str = "apparmor.security.beta.kubernetes.io/allowedProfileNames";
/// Annotation: AppArmor profile written into containers that name none.
pub const APPARMOR_DEFAULT: &str = "apparmor.security.beta.kubernetes.io/defaultProfileName";
/// Annotation: comma list of seccomp profiles that pods may name; `*` is any.
pub const SECCOMP_ALLOWED: &str = "seccomp.security.alpha.kubernetes.io/allowedProfileNames";
/// Annotation: seccomp profile written into pods that name none.
pub const SECCOMP_DEFAULT: &str = "seccomp.security.alpha.kubernetes.io/defaultProfileName";

/// A capability that the API server refuses in a container with `allowPrivilegeEscalation: false`, in this spelling
/// only. Upstream: `ValidateSecurityContext` in `pkg/apis/core/validation/validation.go` (v1.24).
pub const REFUSED_WITHOUT_ESCALATION: &str = "CAP_SYS_ADMIN";

/// A PodSecurityPolicy.
///
/// Variants of one policy (same name, different text) are kept side by side; see [`super::Inventory`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PodSecurityPolicy {
    /// Name; policies are cluster-scoped.
    pub name: String,
    /// Where it stands; identical copies add their places.
    pub sources: Vec<Source>,
    /// Labels, kept for reports.
    pub labels: BTreeMap<String, String>,
    /// All annotations; the four above are rules.
    pub annotations: BTreeMap<String, String>,
    /// Whether it was read from a cluster, which has validated it.
    pub from_cluster: bool,
    /// The rules.
    pub spec: PspSpec,
}

impl PodSecurityPolicy {
    /// The seccomp default; absent and empty are both "no default".
    pub fn seccomp_default(&self) -> Option<&str> {
        self.non_empty(SECCOMP_DEFAULT)
    }

    /// The seccomp list; `None` where absent or empty: then only "unset" is allowed.
    pub fn seccomp_allowed(&self) -> Option<Vec<&str>> {
        self.non_empty(SECCOMP_ALLOWED)
            .map(|list| list.split(',').collect())
    }

    /// Whether the seccomp list admits a profile, `""` being none. The runtime's own profile has two names that stand
    /// for one another. Upstream: `pkg/security/podsecuritypolicy/seccomp/strategy.go` (v1.24).
    pub fn seccomp_admits(&self, profile: &str) -> bool {
        let own = ["runtime/default", "docker/default"];
        match self.seccomp_allowed() {
            None => profile.is_empty(),
            Some(list) => list.iter().any(|item| {
                *item == "*" || *item == profile || (own.contains(item) && own.contains(&profile))
            }),
        }
    }

    /// The AppArmor default; absent and empty are both "no default".
    pub fn apparmor_default(&self) -> Option<&str> {
        self.non_empty(APPARMOR_DEFAULT)
    }

    /// The AppArmor list; `None` where absent: then everything is allowed. An empty annotation is one empty item,
    /// which no profile can match: nothing is allowed.
    pub fn apparmor_allowed(&self) -> Option<Vec<&str>> {
        self.annotations
            .get(APPARMOR_ALLOWED)
            .map(|list| list.split(',').collect())
    }

    fn non_empty(&self, annotation: &str) -> Option<&str> {
        self.annotations
            .get(annotation)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// `spec` of a PodSecurityPolicy. Lists: absent and empty mean the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PspSpec {
    /// `privileged`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub privileged: bool,
    /// `defaultAddCapabilities`.
    #[serde(deserialize_with = "nullable::list")]
    pub default_add_capabilities: Vec<String>,
    /// `requiredDropCapabilities`.
    #[serde(deserialize_with = "nullable::list")]
    pub required_drop_capabilities: Vec<String>,
    /// `allowedCapabilities`; `*` is any.
    #[serde(deserialize_with = "nullable::list")]
    pub allowed_capabilities: Vec<String>,
    /// `volumes`; empty allows none, `*` is any.
    #[serde(deserialize_with = "nullable::list")]
    pub volumes: Vec<String>,
    /// `hostNetwork`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub host_network: bool,
    /// `hostPorts`; empty allows none.
    #[serde(deserialize_with = "nullable::list")]
    pub host_ports: Vec<PortRange>,
    /// `hostPID`.
    #[serde(rename = "hostPID", deserialize_with = "nullable::or_default")]
    pub host_pid: bool,
    /// `hostIPC`.
    #[serde(rename = "hostIPC", deserialize_with = "nullable::or_default")]
    pub host_ipc: bool,
    /// `seLinux`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub se_linux: SeLinuxRule,
    /// `runAsUser`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub run_as_user: IdRule,
    /// `runAsGroup`; absent is `RunAsAny`.
    pub run_as_group: Option<IdRule>,
    /// `supplementalGroups`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub supplemental_groups: IdRule,
    /// `fsGroup`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub fs_group: IdRule,
    /// `readOnlyRootFilesystem`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub read_only_root_filesystem: bool,
    /// `defaultAllowPrivilegeEscalation`.
    pub default_allow_privilege_escalation: Option<bool>,
    /// `allowPrivilegeEscalation` as written; see [`PspSpec::allows_privilege_escalation`].
    pub allow_privilege_escalation: Option<bool>,
    /// `allowedHostPaths`; empty allows every path.
    #[serde(deserialize_with = "nullable::list")]
    pub allowed_host_paths: Vec<AllowedHostPath>,
    /// `allowedFlexVolumes`; empty allows every driver.
    #[serde(deserialize_with = "nullable::list")]
    pub allowed_flex_volumes: Vec<AllowedFlexVolume>,
    /// `allowedCSIDrivers`; empty allows every driver.
    #[serde(rename = "allowedCSIDrivers", deserialize_with = "nullable::list")]
    pub allowed_csi_drivers: Vec<AllowedCsiDriver>,
    /// `allowedUnsafeSysctls`; a trailing `*` is a prefix pattern.
    #[serde(deserialize_with = "nullable::list")]
    pub allowed_unsafe_sysctls: Vec<String>,
    /// `forbiddenSysctls`; a trailing `*` is a prefix pattern.
    #[serde(deserialize_with = "nullable::list")]
    pub forbidden_sysctls: Vec<String>,
    /// `allowedProcMountTypes`; empty allows only `Default`.
    #[serde(deserialize_with = "nullable::list")]
    pub allowed_proc_mount_types: Vec<String>,
    /// `runtimeClass`; absent is no rule at all.
    pub runtime_class: Option<RuntimeClassRule>,
}

impl PspSpec {
    /// `allowPrivilegeEscalation` with the API server's default, the only one a policy has: absent is true.
    /// Upstream: `pkg/apis/policy/v1beta1/defaults.go` (v1.24).
    pub fn allows_privilege_escalation(&self) -> bool {
        self.allow_privilege_escalation.unwrap_or(true)
    }

    /// What the policy writes into containers that leave `allowPrivilegeEscalation` out.
    pub fn written_privilege_escalation(&self) -> Option<bool> {
        let forced = (!self.allows_privilege_escalation()).then_some(false);
        self.default_allow_privilege_escalation.or(forced)
    }

    /// The item of `volumes` that allows volumes of this kind.
    pub fn volume_item(&self, kind: VolumeKind) -> Option<&str> {
        self.volumes
            .iter()
            .map(String::as_str)
            .find(|item| *item == "*" || volume_kind(item) == Some(kind))
    }
}

/// The kind that an item of `volumes` names. One is spelled differently in a pod; `*` and unknown texts name none.
/// Upstream: `FSType` in `pkg/apis/policy/types.go` (v1.24).
pub fn volume_kind(item: &str) -> Option<VolumeKind> {
    match item {
        "cephFS" => Some(VolumeKind::Cephfs),
        "cephfs" => None,
        _ => VolumeKind::from_field(item),
    }
}

/// `hostPorts[*]`, bounds included. Not validated by the API server: negative and inverted ranges occur.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct PortRange {
    /// `min`; absent is 0.
    #[serde(deserialize_with = "nullable::or_default")]
    pub min: i32,
    /// `max`; absent is 0.
    #[serde(deserialize_with = "nullable::or_default")]
    pub max: i32,
}

/// `ranges[*]` of an id rule, bounds included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct IdRange {
    /// `min`; absent is 0.
    #[serde(deserialize_with = "nullable::or_default")]
    pub min: i64,
    /// `max`; absent is 0.
    #[serde(deserialize_with = "nullable::or_default")]
    pub max: i64,
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

impl fmt::Display for IdRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

/// `runAsUser`, `runAsGroup`, `supplementalGroups` or `fsGroup`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct IdRule {
    /// `MustRunAs`, `MustRunAsNonRoot` (users), `MayRunAs` (groups), `RunAsAny`, or an invalid value.
    #[serde(deserialize_with = "nullable::or_default")]
    pub rule: String,
    /// `ranges`.
    #[serde(deserialize_with = "nullable::list")]
    pub ranges: Vec<IdRange>,
}

/// `seLinux`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SeLinuxRule {
    /// `MustRunAs`, `RunAsAny`, or an invalid value.
    #[serde(deserialize_with = "nullable::or_default")]
    pub rule: String,
    /// `seLinuxOptions`.
    pub se_linux_options: Option<SeLinuxOptions>,
}

/// `allowedHostPaths[*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AllowedHostPath {
    /// `pathPrefix`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub path_prefix: String,
    /// `readOnly`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub read_only: bool,
}

/// `allowedFlexVolumes[*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct AllowedFlexVolume {
    /// `driver`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub driver: String,
}

/// `allowedCSIDrivers[*]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct AllowedCsiDriver {
    /// `name`.
    #[serde(deserialize_with = "nullable::or_default")]
    pub name: String,
}

/// `runtimeClass`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuntimeClassRule {
    /// `allowedRuntimeClassNames`; empty allows only "unset", `*` is any.
    #[serde(deserialize_with = "nullable::list")]
    pub allowed_runtime_class_names: Vec<String>,
    /// `defaultRuntimeClassName`.
    pub default_runtime_class_name: Option<String>,
}
