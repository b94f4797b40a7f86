//! Every field of a policy takes part.

use super::{V1_24, annotate, restricted, rule, strings};
use psp2psa::mapping;
use psp2psa::model::pod::SeLinuxOptions;
use psp2psa::model::psp::{
    APPARMOR_ALLOWED, APPARMOR_DEFAULT, AllowedCsiDriver, AllowedFlexVolume, AllowedHostPath,
    PodSecurityPolicy, PortRange, RuntimeClassRule, SeLinuxRule,
};

/// Every field that can stand in a policy, changed alone.
#[test]
fn no_field_of_a_policy_is_without_consequence() {
    type Edit = fn(&mut PodSecurityPolicy);
    let base = mapping::map(&restricted(|p| p.spec.volumes = strings(&["*"])), V1_24);
    let edits: [(&str, Edit); 26] = [
        ("privileged", |p| {
            p.spec.privileged = true;
        }),
        ("defaultAddCapabilities", |p| {
            p.spec.default_add_capabilities = strings(&["NET_BIND_SERVICE"]);
        }),
        ("requiredDropCapabilities", |p| {
            p.spec.required_drop_capabilities = strings(&["ALL", "KILL"]);
        }),
        ("allowedCapabilities", |p| {
            p.spec.allowed_capabilities = strings(&["NET_BIND_SERVICE"]);
        }),
        ("volumes", |p| p.spec.volumes.clear()),
        ("hostNetwork", |p| p.spec.host_network = true),
        ("hostPorts", |p| {
            p.spec.host_ports = vec![PortRange { min: 1, max: 2 }];
        }),
        ("hostPID", |p| p.spec.host_pid = true),
        ("hostIPC", |p| p.spec.host_ipc = true),
        ("seLinux", |p| {
            p.spec.se_linux = SeLinuxRule {
                rule: "MustRunAs".to_owned(),
                se_linux_options: Some(SeLinuxOptions::default()),
            };
        }),
        ("runAsUser", |p| p.spec.run_as_user = rule("RunAsAny", &[])),
        ("runAsGroup", |p| {
            p.spec.run_as_group = Some(rule("MayRunAs", &[(1, 2)]));
        }),
        ("supplementalGroups", |p| {
            p.spec.supplemental_groups = rule("MayRunAs", &[(1, 2)]);
        }),
        ("fsGroup", |p| {
            p.spec.fs_group = rule("MayRunAs", &[(1, 2)]);
        }),
        ("readOnlyRootFilesystem", |p| {
            p.spec.read_only_root_filesystem = true;
        }),
        ("defaultAllowPrivilegeEscalation", |p| {
            p.spec.default_allow_privilege_escalation = Some(false);
        }),
        ("allowPrivilegeEscalation", |p| {
            p.spec.allow_privilege_escalation = None;
        }),
        ("allowedHostPaths", |p| {
            p.spec.allowed_host_paths = vec![AllowedHostPath::default()];
        }),
        ("allowedFlexVolumes", |p| {
            p.spec.allowed_flex_volumes = vec![AllowedFlexVolume::default()];
        }),
        ("allowedCSIDrivers", |p| {
            p.spec.allowed_csi_drivers = vec![AllowedCsiDriver::default()];
        }),
        ("allowedUnsafeSysctls", |p| {
            p.spec.allowed_unsafe_sysctls = strings(&["kernel.msgmax"]);
        }),
        ("forbiddenSysctls", |p| {
            p.spec.forbidden_sysctls = strings(&["*"]);
        }),
        ("allowedProcMountTypes", |p| {
            p.spec.allowed_proc_mount_types = strings(&["Unmasked"]);
        }),
        ("runtimeClass", |p| {
            p.spec.runtime_class = Some(RuntimeClassRule::default());
        }),
        ("the AppArmor list", |p| {
            annotate(p, APPARMOR_ALLOWED, "runtime/default");
        }),
        ("the AppArmor default", |p| {
            annotate(p, APPARMOR_DEFAULT, "runtime/default");
        }),
    ];
    for (field, edit) in edits {
        let mut policy = restricted(|p| p.spec.volumes = strings(&["*"]));
        edit(&mut policy);
        assert!(
            mapping::map(&policy, V1_24) != base,
            "{field} changes nothing"
        );
    }
}
