//! The security contexts of pods and containers.

use std::fmt;

use serde::Deserialize;

use crate::model::nullable;

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
