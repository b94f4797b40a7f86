//! A policy that allows more is never called tighter, and levels follow from verdicts.

use super::{VERSIONS, strings};
use crate::policies::{near, policies};
use proptest::prelude::*;
use psp2psa::mapping::{self, Mapping};
use psp2psa::model::psp::{
    APPARMOR_ALLOWED, IdRange, PodSecurityPolicy, PortRange, SECCOMP_ALLOWED,
};
use psp2psa::pss::Level;

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
