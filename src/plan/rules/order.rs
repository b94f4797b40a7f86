//! Findings about what the old policies and the new labels cannot do at once.

use std::collections::BTreeSet;

use crate::plan::findings::{Draft, Findings};
use crate::plan::level::Status;
use crate::plan::workloads::{Replay, WorkloadPlan};
use crate::plan::{Context, NamespacePlan};
use crate::pss::Level;

use super::at;

/// All findings about the order of the stages of a namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let labels = &plan.labels;
    let later = labels.enforced_later();
    let Some(enforced) = labels.enforced_in_the_end() else {
        return;
    };
    if plan.decision.status != Status::Planned {
        return;
    }
    let counting = plan.workloads.iter().filter(|workload| workload.counts);
    for workload in counting.filter(|workload| !workload.overlap.contains(enforced.level)) {
        findings.add(
            Draft {
                code: "no-overlap",
                title: match later {
                    Some(_) => format!(
                        "no pod that the policies admit satisfies {}, so its label follows their bypass",
                        enforced.level
                    ),
                    None => format!("no pod that the policies admit satisfies {}", enforced.level),
                },
                evidence: evidence(plan, workload, context, enforced.level),
                consequence: match later {
                    Some(_) => "labelled first, every new pod of these workloads would be refused; the plan labels them last"
                        .to_owned(),
                    None => "while the plugin is on, every new pod of these workloads is refused".to_owned(),
                },
                remedy: match later {
                    Some(_) => "keep the order of the folders: 40-bypass, then 50-workloads if there is one, then 60",
                    None => "bypass the policies or turn the plugin off before this level is enforced",
                }
                .to_owned(),
            },
            at(plan, workload),
        );
    }
}

/// For each policy that could be used, what the level refuses of every pod that it admits.
fn evidence(
    plan: &NamespacePlan,
    workload: &WorkloadPlan,
    context: &Context,
    level: Level,
) -> Vec<String> {
    let own = match &workload.replay {
        Replay::Admitted { policy, .. } => Some(policy.as_str()),
        Replay::NoPolicies | Replay::Refused { .. } | Replay::Unknown { .. } => None,
    };
    let granted = plan.granted.own.iter().chain(&plan.granted.everyone);
    let policies: BTreeSet<&str> = granted
        .map(|usable| usable.policy.as_str())
        .chain(own)
        .collect();
    policies
        .into_iter()
        .filter_map(|policy| {
            let checks = context.judge.overlaps().in_the_way(policy, level);
            (!checks.is_empty())
                .then(|| format!("policy {policy}: {} refuses its pods", checks.join(", ")))
        })
        .collect()
}
