//! The rules for the baseline checks, one test each.

use super::{RESTRICTED_VOLUMES, V1_24, annotate, exposure, restricted, rows, seccomp, strings};
use psp2psa::model::pod::SeLinuxOptions;
use psp2psa::model::psp::{
    APPARMOR_ALLOWED, APPARMOR_DEFAULT, PodSecurityPolicy, PortRange, SeLinuxRule,
};
use psp2psa::pss::{Verdict, Version};

#[test]
fn app_armor_follows_the_list_and_the_default() {
    let with = |allowed: Option<&str>, default: Option<&str>| {
        restricted(|p| {
            if let Some(allowed) = allowed {
                annotate(p, APPARMOR_ALLOWED, allowed);
            }
            if let Some(default) = default {
                annotate(p, APPARMOR_DEFAULT, default);
            }
        })
    };
    rows(
        "appArmorProfile",
        V1_24,
        vec![
            (
                with(None, None),
                "silent apparmor allowedProfileNames: absent",
            ),
            (
                with(None, Some("runtime/default")),
                "silent apparmor allowedProfileNames: absent",
            ),
            (
                with(None, Some("unconfined")),
                "imposed apparmor defaultProfileName: unconfined",
            ),
            (
                with(Some("runtime/default,unconfined"), Some("unconfined")),
                "imposed apparmor defaultProfileName: unconfined",
            ),
            (
                // The default is refused by the list, so no stored pod has it.
                with(Some("runtime/default"), Some("unconfined")),
                "enforced apparmor allowedProfileNames: runtime/default",
            ),
            (
                with(Some("runtime/default,unconfined"), Some("runtime/default")),
                "granted apparmor allowedProfileNames: unconfined",
            ),
            (
                with(Some("runtime/default,localhost/x,"), None),
                "enforced apparmor allowedProfileNames: runtime/default,localhost/x,",
            ),
        ],
    );
}

#[test]
fn capabilities_at_baseline_are_imposed_before_they_are_granted() {
    let with = |allowed: &[&str], added: &[&str]| {
        restricted(|p| {
            p.spec.required_drop_capabilities.clear();
            p.spec.allowed_capabilities = strings(allowed);
            p.spec.default_add_capabilities = strings(added);
        })
    };
    rows(
        "capabilities_baseline",
        V1_24,
        vec![
            (with(&[], &[]), "enforced allowedCapabilities: absent"),
            (
                with(&["CHOWN", "NET_BIND_SERVICE"], &["KILL"]),
                "enforced allowedCapabilities: CHOWN, NET_BIND_SERVICE",
            ),
            (
                with(&["CHOWN", "NET_RAW", "SYS_ADMIN"], &[]),
                "granted allowedCapabilities: NET_RAW, SYS_ADMIN",
            ),
            (with(&["*"], &[]), "granted allowedCapabilities: *"),
            (with(&["ALL"], &[]), "granted allowedCapabilities: ALL"),
            (with(&["chown"], &[]), "granted allowedCapabilities: chown"),
            (
                with(&["*"], &["KILL", "SYS_TIME"]),
                "imposed defaultAddCapabilities: SYS_TIME",
            ),
        ],
    );
}

#[test]
fn a_capability_that_the_api_server_refuses_counts_only_where_escalation_is_allowed() {
    let with = |allow: Option<bool>, allowed: &[&str]| {
        restricted(|p| {
            p.spec.allow_privilege_escalation = allow;
            p.spec.allowed_capabilities = strings(allowed);
        })
    };
    let dead = with(Some(false), &["CAP_SYS_ADMIN"]);
    for check in ["capabilities_baseline", "capabilities_restricted"] {
        let exposure = exposure(&dead, V1_24, check);
        assert_eq!(exposure.verdict, Verdict::Enforced, "{check}");
        assert!(exposure.message.contains("dead permission"), "{check}");
    }
    rows(
        "capabilities_baseline",
        V1_24,
        vec![
            (
                with(Some(false), &["CAP_SYS_ADMIN", "SYS_ADMIN"]),
                "granted allowedCapabilities: SYS_ADMIN",
            ),
            (
                with(None, &["CAP_SYS_ADMIN"]),
                "granted allowedCapabilities: CAP_SYS_ADMIN",
            ),
        ],
    );
}

#[test]
fn a_capability_that_the_api_server_refuses_plain_pods_is_not_imposed_on_them() {
    let with = |allow: Option<bool>, default: Option<bool>, added: &[&str]| {
        restricted(|p| {
            p.spec.allow_privilege_escalation = allow;
            p.spec.default_allow_privilege_escalation = default;
            p.spec.default_add_capabilities = strings(added);
        })
    };
    rows(
        "capabilities_baseline",
        V1_24,
        vec![
            (
                with(None, None, &["CAP_SYS_ADMIN"]),
                "imposed defaultAddCapabilities: CAP_SYS_ADMIN",
            ),
            (
                // Only pods that ask for escalation can have it.
                with(None, Some(false), &["CAP_SYS_ADMIN"]),
                "granted defaultAddCapabilities: CAP_SYS_ADMIN",
            ),
            (
                with(None, Some(false), &["CAP_SYS_ADMIN", "SYS_TIME"]),
                "imposed defaultAddCapabilities: SYS_TIME",
            ),
            (
                with(Some(false), None, &["CAP_SYS_ADMIN"]),
                "enforced allowedCapabilities: absent",
            ),
        ],
    );
}

#[test]
fn host_namespaces_name_exactly_the_granted_ones() {
    rows(
        "hostNamespaces",
        V1_24,
        vec![
            (
                restricted(|_| {}),
                "enforced hostNetwork, hostPID, hostIPC: false",
            ),
            (
                restricted(|p| p.spec.host_network = true),
                "granted hostNetwork: true",
            ),
            (
                restricted(|p| p.spec.host_pid = true),
                "granted hostPID: true",
            ),
            (
                restricted(|p| {
                    p.spec.host_network = true;
                    p.spec.host_ipc = true;
                }),
                "granted hostNetwork, hostIPC: true",
            ),
        ],
    );
}

#[test]
fn volumes_are_granted_by_type_or_by_the_asterisk() {
    let with = |items: &[&str]| restricted(|p| p.spec.volumes = strings(items));
    rows(
        "hostPathVolumes",
        V1_24,
        vec![
            (with(&[]), "enforced volumes: absent"),
            (with(&["nfs"]), "enforced volumes: nfs"),
            (with(&["nfs", "hostPath"]), "granted volumes: hostPath"),
            (with(&["nfs", "*"]), "granted volumes: *"),
        ],
    );
    rows(
        "restrictedVolumes",
        V1_24,
        vec![
            (with(&[]), "enforced volumes: absent"),
            // Policies spell it otherwise, so this lets no volume in.
            (with(&["cephfs"]), "enforced volumes: cephfs"),
            (
                with(&["secret", "nfs", "cephFS"]),
                "granted volumes: nfs, cephFS",
            ),
            (with(&["*"]), "granted volumes: *"),
        ],
    );
    let exposure = exposure(&with(&RESTRICTED_VOLUMES), V1_24, "restrictedVolumes");
    assert_eq!(exposure.verdict, Verdict::Enforced);
}

#[test]
fn host_ports_are_granted_only_by_ranges_that_hold_a_port() {
    let with = |ranges: &[(i32, i32)]| {
        restricted(|p| {
            let range = |(min, max): &(i32, i32)| PortRange {
                min: *min,
                max: *max,
            };
            p.spec.host_ports = ranges.iter().map(range).collect();
        })
    };
    rows(
        "hostPorts",
        V1_24,
        vec![
            (with(&[]), "enforced hostPorts: absent"),
            (with(&[(0, 0)]), "enforced hostPorts: 0-0"),
            (with(&[(90, 80)]), "enforced hostPorts: 90-80"),
            (with(&[(-5, 0)]), "enforced hostPorts: -5-0"),
            (with(&[(65536, 70000)]), "enforced hostPorts: 65536-70000"),
            (with(&[(0, 1)]), "granted hostPorts: 0-1"),
            (with(&[(65535, 65535)]), "granted hostPorts: 65535-65535"),
            (with(&[(0, 0), (80, 90)]), "granted hostPorts: 80-90"),
        ],
    );
}

#[test]
fn probe_hosts_are_beyond_every_policy() {
    rows(
        "hostProbesAndHostLifecycle",
        Version::Minor(34),
        vec![(restricted(|_| {}), "uncontrolled : ")],
    );
}

#[test]
fn privileged_is_a_dead_permission_where_escalation_is_forbidden() {
    let with = |privileged, allow| {
        restricted(|p| {
            p.spec.privileged = privileged;
            p.spec.allow_privilege_escalation = allow;
        })
    };
    rows(
        "privileged",
        V1_24,
        vec![
            (with(false, None), "enforced privileged: false"),
            (with(true, None), "granted privileged: true"),
            (with(true, Some(true)), "granted privileged: true"),
            (with(true, Some(false)), "enforced privileged: true"),
        ],
    );
    let dead = exposure(&with(true, Some(false)), V1_24, "privileged");
    assert!(dead.message.contains("dead permission"));
}

#[test]
fn proc_mount_is_granted_by_any_other_type_at_every_version() {
    let with = |types: &[&str]| restricted(|p| p.spec.allowed_proc_mount_types = strings(types));
    for (check, version) in [
        ("procMount", V1_24),
        ("procMount", Version::Minor(35)),
        ("procMount_restricted", Version::Minor(35)),
    ] {
        rows(
            check,
            version,
            vec![
                (with(&[]), "enforced allowedProcMountTypes: absent"),
                (
                    with(&["Default"]),
                    "enforced allowedProcMountTypes: Default",
                ),
                (
                    with(&["Default", "Unmasked"]),
                    "granted allowedProcMountTypes: Unmasked",
                ),
            ],
        );
    }
}

fn se_linux(rule: &str, options: [&str; 4]) -> PodSecurityPolicy {
    let [user, role, type_, level] = options.map(str::to_owned);
    restricted(|p| {
        p.spec.se_linux = SeLinuxRule {
            rule: rule.to_owned(),
            se_linux_options: Some(SeLinuxOptions {
                user,
                role,
                type_,
                level,
            }),
        };
    })
}

#[test]
fn se_linux_options_are_imposed_on_every_pod_or_on_none() {
    rows(
        "seLinuxOptions",
        V1_24,
        vec![
            (restricted(|_| {}), "silent seLinux.rule: RunAsAny"),
            (
                se_linux("RunAsAny", ["", "", "spc_t", ""]),
                "silent seLinux.rule: RunAsAny",
            ),
            (
                se_linux("MustRunAs", ["", "", "", ""]),
                "enforced seLinux.seLinuxOptions: {}",
            ),
            (
                se_linux("MustRunAs", ["", "", "container_t", "s0:c1"]),
                "enforced seLinux.seLinuxOptions: {type: container_t, level: s0:c1}",
            ),
            (
                se_linux("MustRunAs", ["", "", "spc_t", ""]),
                "imposed seLinux.seLinuxOptions: {type: spc_t}",
            ),
            (
                se_linux("MustRunAs", ["u", "", "", ""]),
                "imposed seLinux.seLinuxOptions: {user: u}",
            ),
            (
                se_linux("MustRunAs", ["", "r", "", ""]),
                "imposed seLinux.seLinuxOptions: {role: r}",
            ),
        ],
    );
}

#[test]
fn the_engine_type_is_allowed_from_v1_31_on() {
    let policy = se_linux("MustRunAs", ["", "", "container_engine_t", ""]);
    for (minor, expected) in [(30, Verdict::Imposed), (31, Verdict::Enforced)] {
        let exposure = exposure(&policy, Version::Minor(minor), "seLinuxOptions");
        assert_eq!(exposure.verdict, expected, "v1.{minor}");
    }
}

#[test]
fn seccomp_at_baseline_passes_without_a_list_at_every_version() {
    for version in [Version::Minor(18), Version::Minor(19), V1_24] {
        rows(
            "seccompProfile_baseline",
            version,
            vec![
                (
                    seccomp(None, None),
                    "enforced seccomp allowedProfileNames: absent",
                ),
                (
                    seccomp(Some(""), Some("")),
                    "enforced seccomp allowedProfileNames: absent",
                ),
                (
                    seccomp(Some("docker/default,localhost/x"), None),
                    "enforced seccomp allowedProfileNames: docker/default,localhost/x",
                ),
                (
                    seccomp(Some("*"), None),
                    "granted seccomp allowedProfileNames: *",
                ),
                (
                    seccomp(Some("runtime/default,unconfined"), Some("runtime/default")),
                    "granted seccomp allowedProfileNames: unconfined",
                ),
                (
                    seccomp(Some("*"), Some("unconfined")),
                    "imposed seccomp defaultProfileName: unconfined",
                ),
                (
                    seccomp(Some("unconfined"), Some("unconfined")),
                    "imposed seccomp defaultProfileName: unconfined",
                ),
                (
                    seccomp(Some("runtime/default"), Some("unconfined")),
                    "enforced seccomp allowedProfileNames: runtime/default",
                ),
            ],
        );
    }
}

#[test]
fn sysctls_are_compared_with_the_list_of_the_version() {
    let with = |items: &[&str]| restricted(|p| p.spec.allowed_unsafe_sysctls = strings(items));
    let keepalive = with(&["net.ipv4.tcp_keepalive_time"]);
    for (minor, expected) in [(28, Verdict::Granted), (29, Verdict::Enforced)] {
        let exposure = exposure(&keepalive, Version::Minor(minor), "sysctls");
        assert_eq!(exposure.verdict, expected, "v1.{minor}");
    }
    rows(
        "sysctls",
        Version::Minor(27),
        vec![
            (with(&[]), "enforced allowedUnsafeSysctls: absent"),
            (
                with(&["net.ipv4.ip_local_reserved_ports", "kernel.msgmax"]),
                "granted allowedUnsafeSysctls: kernel.msgmax",
            ),
            (
                // A prefix covers more than the name it seems to mean.
                with(&["net.ipv4.tcp_syncookies*"]),
                "granted allowedUnsafeSysctls: net.ipv4.tcp_syncookies*",
            ),
            (with(&["*"]), "granted allowedUnsafeSysctls: *"),
        ],
    );
}

#[test]
fn host_process_hangs_on_the_host_network() {
    rows(
        "windowsHostProcess",
        V1_24,
        vec![
            (restricted(|_| {}), "enforced hostNetwork: false"),
            (
                restricted(|p| p.spec.host_network = true),
                "uncontrolled hostNetwork: true",
            ),
        ],
    );
}
