//! What is known of policies by their names.

use std::collections::BTreeMap;

use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;

use super::PolicyPlan;

/// The closest level by policy name; variants count with the loosest.
pub(super) fn levels(policies: &[PolicyPlan]) -> BTreeMap<&str, Option<Level>> {
    let mut levels: BTreeMap<&str, Option<Level>> = BTreeMap::new();
    for policy in policies {
        let level = policy.mapping.level;
        levels
            .entry(&policy.name)
            .and_modify(|known| *known = [*known, level].into_iter().flatten().min())
            .or_insert(level);
    }
    levels
}

/// Policies by name; variants side by side.
pub(super) fn by_name(policies: &[PodSecurityPolicy]) -> BTreeMap<&str, Vec<&PodSecurityPolicy>> {
    let mut by_name: BTreeMap<&str, Vec<&PodSecurityPolicy>> = BTreeMap::new();
    for policy in policies {
        by_name.entry(&policy.name).or_default().push(policy);
    }
    by_name
}

/// Checks that make a policy privileged although workloads hardly ever use what they forbid.
const HARDLY_USED: &[&str] = &[
    "appArmorProfile",
    "capabilities_baseline",
    "hostPorts",
    "seLinuxOptions",
    "seccompProfile_baseline",
    "sysctls",
];

/// The policies that only such checks keep from baseline, by name, with their summaries. Of capabilities only `NET_RAW`
/// is meant.
pub(super) fn incidental(policies: &[PolicyPlan]) -> BTreeMap<&str, &str> {
    policies
        .iter()
        .filter(|policy| {
            let blocked = &policy.mapping.blocked_by.baseline;
            policy.mapping.level == Some(Level::Privileged)
                && blocked.iter().all(|check| HARDLY_USED.contains(check))
                && policy.mapping.controls.iter().all(|control| {
                    control.check != "capabilities_baseline"
                        || !blocked.contains(&control.check)
                        || control.exposure.value == "NET_RAW"
                })
        })
        .map(|policy| (policy.name.as_str(), policy.mapping.summary.as_str()))
        .collect()
}
