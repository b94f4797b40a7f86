//! A policy that allows more is never called tighter, and levels follow from verdicts.

use super::{VERSIONS, annotate, restricted, rule, strings};
use proptest::prelude::*;
use psp2psa::mapping::{self, Mapping};
use psp2psa::model::psp::{
    APPARMOR_ALLOWED, IdRange, PodSecurityPolicy, PortRange, PspSpec, SECCOMP_ALLOWED,
    SECCOMP_DEFAULT, SeLinuxRule,
};
use psp2psa::pss::Level;

/// Texts from which policies near the boundaries are made.
mod near {
    pub(super) const CAPABILITIES: [&str; 6] = [
        "NET_BIND_SERVICE",
        "CHOWN",
        "NET_RAW",
        "CAP_SYS_ADMIN",
        "ALL",
        "*",
    ];
    pub(super) const VOLUMES: [&str; 6] = ["secret", "csi", "nfs", "cephFS", "hostPath", "*"];
    pub(super) const SECCOMP: [&str; 5] = [
        "runtime/default",
        "docker/default",
        "localhost/x",
        "unconfined",
        "*",
    ];
    pub(super) const SYSCTLS: [&str; 5] = [
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_rmem",
        "kernel.msg*",
        "*",
    ];
    pub(super) const RANGES: [(i32, i32); 4] = [(0, 0), (9, 8), (80, 80), (0, 65535)];
}

/// Some of the texts, each at most once.
fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(of, 0..=of.len()).prop_map(|items| strings(&items))
}

fn ports() -> impl Strategy<Value = Vec<PortRange>> {
    let all: Vec<PortRange> = near::RANGES
        .iter()
        .map(|(min, max)| PortRange {
            min: *min,
            max: *max,
        })
        .collect();
    proptest::sample::subsequence(all, 0..=near::RANGES.len())
}

prop_compose! {
    fn spec()(
        flags in any::<[bool; 5]>(),
        escalation in any::<(Option<bool>, Option<bool>)>(),
        added in some(&["NET_BIND_SERVICE", "KILL", "SYS_TIME", "CAP_SYS_ADMIN"]),
        allowed_capabilities in some(&near::CAPABILITIES),
        volumes in some(&near::VOLUMES),
        host_ports in ports(),
        sysctls in some(&near::SYSCTLS),
        user in prop_oneof![
            Just(rule("MustRunAsNonRoot", &[])),
            Just(rule("MustRunAs", &[(1, 9)])),
            Just(rule("MustRunAs", &[(1, 9), (0, 0)])),
            Just(rule("MustRunAs", &[(0, 9)])),
            Just(rule("RunAsAny", &[])),
        ],
    ) -> PspSpec {
        let [privileged, host_network, host_pid, unmasked, drop] = flags;
        let nothing = || rule("RunAsAny", &[]);
        PspSpec {
            privileged,
            host_network,
            host_pid,
            allow_privilege_escalation: escalation.0,
            default_allow_privilege_escalation: escalation.1,
            default_add_capabilities: added,
            allowed_capabilities,
            required_drop_capabilities: strings(if drop { &["ALL"] } else { &[] }),
            volumes,
            host_ports,
            allowed_unsafe_sysctls: sysctls,
            allowed_proc_mount_types: strings(if unmasked { &["Unmasked"] } else { &[] }),
            run_as_user: user,
            fs_group: nothing(),
            supplemental_groups: nothing(),
            se_linux: SeLinuxRule {
                rule: "RunAsAny".to_owned(),
                se_linux_options: None,
            },
            ..PspSpec::default()
        }
    }
}

prop_compose! {
    fn policies()(
        spec in spec(),
        seccomp in some(&near::SECCOMP),
        default in proptest::option::of(proptest::sample::select(&near::SECCOMP[..4])),
        app_armor in proptest::option::of(proptest::sample::select(
            &["", "runtime/default", "runtime/default,unconfined"][..],
        )),
    ) -> PodSecurityPolicy {
        restricted(|policy| {
            policy.spec = spec;
            policy.annotations.clear();
            if !seccomp.is_empty() {
                annotate(policy, SECCOMP_ALLOWED, &seccomp.join(","));
            }
            if let Some(default) = default {
                annotate(policy, SECCOMP_DEFAULT, default);
            }
            if let Some(app_armor) = app_armor {
                annotate(policy, APPARMOR_ALLOWED, app_armor);
            }
        })
    }
}

/// A way to allow more and forbid nothing.
#[derive(Debug, Clone)]
enum More {
    Capability(&'static str),
    Volume(&'static str),
    Port((i32, i32)),
    Sysctl(&'static str),
    /// To a list that is there: without one other rules apply.
    Seccomp(&'static str),
    AppArmor(&'static str),
    Privileged,
    HostNetwork,
    HostPid,
    HostIpc,
    Escalation,
    ProcMount,
    Drops,
    Users,
}

fn more() -> impl Strategy<Value = More> {
    use proptest::sample::select;
    prop_oneof![
        select(&near::CAPABILITIES[..]).prop_map(More::Capability),
        select(&near::VOLUMES[..]).prop_map(More::Volume),
        select(&near::RANGES[..]).prop_map(More::Port),
        select(&near::SYSCTLS[..]).prop_map(More::Sysctl),
        select(&near::SECCOMP[..]).prop_map(More::Seccomp),
        select(&["unconfined", "localhost/x"][..]).prop_map(More::AppArmor),
        select(
            &[
                More::Privileged,
                More::HostNetwork,
                More::HostPid,
                More::HostIpc,
                More::Escalation,
                More::ProcMount,
                More::Drops,
                More::Users,
            ][..]
        ),
    ]
}

fn allow_more(policy: &mut PodSecurityPolicy, more: &More) {
    let append = |policy: &mut PodSecurityPolicy, key: &str, item: &str| {
        if let Some(list) = policy.annotations.get_mut(key)
            && !list.is_empty()
        {
            list.push(',');
            list.push_str(item);
        }
    };
    let spec = &mut policy.spec;
    match more {
        More::Capability(item) => spec.allowed_capabilities.push((*item).to_owned()),
        More::Volume(item) => spec.volumes.push((*item).to_owned()),
        More::Port((min, max)) => spec.host_ports.push(PortRange {
            min: *min,
            max: *max,
        }),
        More::Sysctl(item) => spec.allowed_unsafe_sysctls.push((*item).to_owned()),
        More::Seccomp(item) => append(policy, SECCOMP_ALLOWED, item),
        More::AppArmor(item) => append(policy, APPARMOR_ALLOWED, item),
        More::Privileged => spec.privileged = true,
        More::HostNetwork => spec.host_network = true,
        More::HostPid => spec.host_pid = true,
        More::HostIpc => spec.host_ipc = true,
        More::Escalation => spec.allow_privilege_escalation = Some(true),
        More::ProcMount => spec
            .allowed_proc_mount_types
            .extend(strings(&["Default", "Unmasked"])),
        More::Drops => spec.required_drop_capabilities.clear(),
        More::Users => spec.run_as_user.ranges.push(IdRange { min: 0, max: 99 }),
    }
}

fn check_order(tight: &Mapping, loose: &Mapping) -> Result<(), TestCaseError> {
    // A policy that admits no pod is outside the order: it is tighter than every level.
    let Some(level) = tight.level else {
        return Ok(());
    };
    prop_assert!(loose.level.is_some(), "{}", loose.no_level);
    prop_assert!(
        loose.level <= Some(level),
        "{:?} became {:?}: {} / {}",
        tight.level,
        loose.level,
        tight.summary,
        loose.summary
    );
    prop_assert!(loose.strict_level <= tight.strict_level);
    Ok(())
}

proptest! {
    #[test]
    fn a_policy_that_allows_more_is_never_called_tighter(
        tight in policies(),
        steps in proptest::collection::vec(more(), 1..4),
    ) {
        let mut loose = tight.clone();
        for step in &steps {
            allow_more(&mut loose, step);
        }
        for version in VERSIONS {
            check_order(&mapping::map(&tight, version), &mapping::map(&loose, version))?;
        }
    }

    #[test]
    fn the_levels_follow_from_the_verdicts(policy in policies()) {
        for version in VERSIONS {
            let mapping = mapping::map(&policy, version);
            let Some(level) = mapping.level else {
                prop_assert!(!mapping.no_level.is_empty());
                continue;
            };
            let blocked = &mapping.blocked_by;
            prop_assert_eq!(level >= Level::Baseline, blocked.baseline.is_empty());
            prop_assert_eq!(level == Level::Restricted, blocked.restricted.is_empty());
            prop_assert!(blocked.restricted.starts_with(&blocked.baseline));
            prop_assert!(mapping.strict_level <= mapping.level);
            prop_assert!(mapping.summary.starts_with(level.as_str()));
        }
    }
}
