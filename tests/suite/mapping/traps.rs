//! What the official mapping table gets wrong, by the number in our notes on it. The numbers left out are not about the
//! mapping.

use super::{V1_24, VERSIONS, annotate, exposure, level, mutations, restricted, rule, strings};
use psp2psa::mapping;
use psp2psa::model::pod::SeLinuxOptions;
use psp2psa::model::psp::{
    APPARMOR_ALLOWED, APPARMOR_DEFAULT, PortRange, SECCOMP_ALLOWED, SECCOMP_DEFAULT, SeLinuxRule,
};
use psp2psa::pss::{Level, Verdict, Version};

#[test]
fn trap_1_non_root_users_are_not_a_guarantee_of_restricted() {
    let policy = restricted(|_| {});
    let exposure = exposure(&policy, V1_24, "runAsNonRoot");
    assert_eq!(exposure.verdict, Verdict::Escapable);
    assert_eq!(
        mapping::map(&policy, V1_24).strict_level,
        Some(Level::Privileged)
    );
}

#[test]
fn trap_2_what_a_level_owes_to_mutation_is_listed() {
    let written = mutations(&restricted(|_| {}));
    for field in ["allowPrivilegeEscalation", "capabilities.drop", "seccomp"] {
        assert!(
            written.iter().any(|mutation| mutation.contains(field)),
            "{field}: {written:?}"
        );
    }
}

#[test]
fn trap_3_probe_hosts_spoil_the_strict_level_from_v1_34_on() {
    for version in [Version::Minor(34), Version::Latest] {
        let exposure = exposure(&restricted(|_| {}), version, "hostProbesAndHostLifecycle");
        assert_eq!(exposure.verdict, Verdict::Uncontrolled);
    }
    assert_eq!(
        level(&restricted(|_| {}), Version::Latest),
        Level::Restricted
    );
}

#[test]
fn trap_5_a_trailing_comma_in_the_app_armor_list_allows_nothing_more() {
    let with = |list: &str| {
        let policy = restricted(|p| annotate(p, APPARMOR_ALLOWED, list));
        exposure(&policy, V1_24, "appArmorProfile").verdict
    };
    assert_eq!(with("runtime/default,"), with("runtime/default"));
    assert_eq!(with("runtime/default,"), Verdict::Enforced);
}

#[test]
fn trap_6_app_armor_is_the_same_at_both_levels() {
    for version in VERSIONS {
        let levels: Vec<Level> = mapping::map(&restricted(|_| {}), version)
            .controls
            .iter()
            .filter(|control| control.check.starts_with("appArmor"))
            .map(|control| control.level)
            .collect();
        assert_eq!(levels, [Level::Baseline]);
    }
}

#[test]
fn trap_7_an_asterisk_behind_localhost_is_a_name() {
    let policy = restricted(|p| {
        annotate(p, SECCOMP_ALLOWED, "localhost/*");
        annotate(p, SECCOMP_DEFAULT, "localhost/*");
        annotate(p, APPARMOR_ALLOWED, "localhost/*");
    });
    assert_eq!(level(&policy, V1_24), Level::Restricted);
}

#[test]
fn traps_8_to_11_baseline_where_the_table_says_privileged() {
    let unsafe_ = ["kernel.shm_rmid_forced", "net.ipv4.tcp_syncookies"];
    for policy in [
        restricted(|p| p.annotations.clear()),
        restricted(|p| {
            annotate(p, SECCOMP_ALLOWED, "");
            p.annotations.remove(SECCOMP_DEFAULT);
        }),
        restricted(|p| annotate(p, SECCOMP_ALLOWED, "docker/default")),
        restricted(|p| p.spec.host_ports = vec![PortRange { min: 0, max: 0 }]),
        restricted(|p| p.spec.host_ports = vec![PortRange { min: 9, max: 8 }]),
        restricted(|p| p.spec.allowed_unsafe_sysctls = strings(&unsafe_)),
    ] {
        for version in VERSIONS {
            assert!(
                level(&policy, version) >= Level::Baseline,
                "{version}: {policy:?}"
            );
        }
    }
    let later = restricted(|p| {
        p.spec.allowed_unsafe_sysctls = strings(&["net.ipv4.tcp_rmem"]);
    });
    assert_eq!(level(&later, Version::Minor(31)), Level::Privileged);
    assert_eq!(level(&later, Version::Minor(32)), Level::Restricted);
}

#[test]
fn trap_12_the_gate_of_proc_mount_is_named() {
    let policy = restricted(|p| p.spec.allowed_proc_mount_types = strings(&["Unmasked"]));
    let message = exposure(&policy, V1_24, "procMount").message;
    assert!(message.contains("feature gate ProcMountType"), "{message}");
}

#[test]
fn trap_13_an_se_linux_type_of_v1_31_counts_from_there_on() {
    let policy = restricted(|p| {
        p.spec.se_linux = SeLinuxRule {
            rule: "MustRunAs".to_owned(),
            se_linux_options: Some(SeLinuxOptions {
                type_: "container_engine_t".to_owned(),
                ..SeLinuxOptions::default()
            }),
        };
    });
    assert_eq!(level(&policy, Version::Minor(30)), Level::Privileged);
    assert_eq!(level(&policy, Version::Minor(31)), Level::Restricted);
}

#[test]
fn trap_14_absent_lists_mean_opposite_things() {
    let policy = restricted(|p| p.annotations.clear());
    assert_eq!(
        exposure(&policy, V1_24, "appArmorProfile").verdict,
        Verdict::Silent
    );
    assert_eq!(
        exposure(&policy, V1_24, "seccompProfile_baseline").verdict,
        Verdict::Enforced
    );
}

#[test]
fn trap_15_only_the_rule_that_demands_an_id_writes_one() {
    for (name, count) in [("MustRunAs", 1), ("MayRunAs", 0), ("RunAsAny", 0)] {
        let policy = restricted(|p| p.spec.fs_group = rule(name, &[(1, 2)]));
        let written = mutations(&policy);
        let found = written.iter().filter(|m| m.starts_with("fsGroup")).count();
        assert_eq!(found, count, "{name}");
    }
}

#[test]
fn trap_16_no_volumes_at_all_is_compliant() {
    let policy = restricted(|p| p.spec.volumes.clear());
    assert_eq!(level(&policy, V1_24), Level::Restricted);
}

#[test]
fn trap_17_only_the_literal_drop_counts() {
    for (drop, expected) in [
        ("ALL", Level::Restricted),
        ("all", Level::Baseline),
        ("CAP_ALL", Level::Baseline),
    ] {
        let policy = restricted(|p| p.spec.required_drop_capabilities = strings(&[drop]));
        assert_eq!(level(&policy, V1_24), expected, "{drop}");
    }
}

#[test]
fn trap_18_a_range_without_root_is_not_restricted() {
    let policy = restricted(|p| p.spec.run_as_user = rule("MustRunAs", &[(1, 2)]));
    assert_eq!(level(&policy, V1_24), Level::Baseline);
}

#[test]
fn trap_19_a_default_of_escalation_is_imposed() {
    let policy = restricted(|p| {
        p.spec.allow_privilege_escalation = None;
        p.spec.default_allow_privilege_escalation = Some(true);
    });
    let exposure = exposure(&policy, V1_24, "allowPrivilegeEscalation");
    assert_eq!(exposure.verdict, Verdict::Imposed);
}

#[test]
fn trap_20_defaults_of_profiles_matter() {
    let policy = restricted(|p| annotate(p, APPARMOR_DEFAULT, "unconfined"));
    assert_eq!(level(&policy, V1_24), Level::Privileged);
}

#[test]
fn trap_21_windows_host_process_follows_from_the_host_network() {
    let with = |host_network| {
        let policy = restricted(|p| p.spec.host_network = host_network);
        exposure(&policy, V1_24, "windowsHostProcess").verdict
    };
    assert_eq!(with(false), Verdict::Enforced);
    assert_eq!(with(true), Verdict::Uncontrolled);
}

#[test]
fn trap_23_the_safe_list_of_every_cluster_is_within_the_first_version() {
    let policy = restricted(|_| {});
    for version in VERSIONS {
        let exposure = exposure(&policy, version, "sysctls");
        assert_eq!(exposure.verdict, Verdict::Enforced, "{version}");
    }
}
