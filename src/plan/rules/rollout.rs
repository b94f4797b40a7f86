//! Findings about what happens once an enforce label is applied, and later: what nobody notices, and what will be
//! refused when it is needed.

use std::collections::BTreeSet;

use crate::plan::findings::{Draft, Extra, Findings, Place};
use crate::plan::workloads::WorkloadPlan;
use crate::plan::{Context, NamespacePlan};
use crate::pss::admission::request::may_refuse_more;
use crate::pss::admission::{Policy, policy_of};
use crate::pss::{LevelVersion, reason};

use super::{at, at_each, here};

/// All findings about what follows from the enforce label of a namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let Some(enforced) = plan.labels.enforced_in_the_end() else {
        return;
    };
    let before = policy_of(&plan.labels.before, &Policy::PRIVILEGED)
        .0
        .enforce;
    if may_refuse_more(enforced, before) {
        silently(plan, findings);
        debugging(plan, context, findings);
    }
    rollbacks(plan, enforced, findings);
    other_versions(plan, enforced, findings);
}

/// Kinds whose pods come at times of their own, when nobody looks.
const UNATTENDED: [&str; 3] = ["CronJob", "DaemonSet", "ScheduledJob"];

/// Controllers whose refused pods only Events tell of.
fn silently(plan: &NamespacePlan, findings: &mut Findings) {
    let controllers = || {
        let counting = plan.workloads.iter().filter(|workload| workload.counts);
        counting.filter(|workload| workload.reference.kind != "Pod")
    };
    if controllers().next().is_none() {
        return;
    }
    let first: Vec<&WorkloadPlan> = controllers()
        .filter(|workload| UNATTENDED.contains(&workload.reference.kind.as_str()))
        .collect();
    for place in at_each(plan, &first) {
        findings.add_with(
            Draft {
                code: "silent-refusal",
                title: "labels refuse pods, and never the workloads that make them".to_owned(),
                evidence: Vec::new(),
                consequence: "a workload whose pods are refused is accepted and stays short of pods: only Events with \
                              the reason FailedCreate tell, for a CronJob when it is due, for a DaemonSet when a node joins"
                    .to_owned(),
                remedy: "watch these Events after each stage, those of CronJobs and DaemonSets first; run each CronJob \
                         once (kubectl create job --from=cronjob/NAME) and restart each DaemonSet (kubectl rollout restart)"
                    .to_owned(),
            },
            Extra {
                commands: vec![
                    "kubectl get events -A --field-selector reason=FailedCreate -w | grep PodSecurity".to_owned(),
                    "kubectl get jobs,daemonsets,statefulsets,replicasets -A".to_owned(),
                ],
                ..Extra::default()
            },
            place,
        );
    }
}

/// Debug containers, which no policy ever looked at.
fn debugging(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let today = match context.policies.is_empty() {
        true => "no label refuses them today",
        false => "PodSecurityPolicy never looked at them",
    };
    let home = &context.homes.namespaces[plan.name.as_str()];
    let debugged = home
        .workloads
        .iter()
        .chain(home.explained.iter().map(|(pod, _)| pod))
        .filter(|pod| !pod.pod.spec.ephemeral_containers.is_empty())
        .map(|pod| format!("{} has a debug container today", pod.reference()));
    findings.add_with(
        Draft {
            code: "debug-refused",
            title: "debug containers have to satisfy the enforced level".to_owned(),
            evidence: debugged.collect(),
            consequence: format!(
                "{today}, but a label judges the whole pod with its new ephemeral container, so that kubectl debug is \
                 refused unless its profile fits"
            ),
            remedy: "debug with the profile of the level (kubectl 1.27 or newer), or debug a copy of the pod (--copy-to) in another namespace".to_owned(),
        },
        Extra {
            commands: vec![
                "kubectl debug -it POD --image=IMAGE --target=CONTAINER --profile=restricted".to_owned(),
                "kubectl debug -it POD --image=IMAGE --target=CONTAINER --profile=baseline".to_owned(),
            ],
            ..Extra::default()
        },
        here(plan),
    );
}

/// Earlier templates that are refused, although those of today are not.
fn rollbacks(plan: &NamespacePlan, enforced: LevelVersion, findings: &mut Findings) {
    for rollback in &plan.rollbacks {
        findings.add_with(
            Draft {
                code: "rollback-refused",
                title: format!("{} refuses earlier templates of workloads", enforced.level),
                evidence: vec![format!(
                    "{} of {} {}: {}",
                    rollback.reference,
                    rollback.owner.kind,
                    rollback.owner.name,
                    reason(&rollback.violations)
                )],
                consequence: "kubectl rollout undo to one of them is accepted, and then makes no pods".to_owned(),
                remedy: "fix forward instead of rolling back, or delete these revisions; where a rollback has to work, \
                         relax the label first"
                    .to_owned(),
            },
            Extra {
                commands: vec!["kubectl rollout history -n NAMESPACE KIND/NAME".to_owned()],
                ..Extra::default()
            },
            Place {
                namespace: Some(plan.name.clone()),
                object: format!("{} {}", rollback.reference.kind, rollback.reference.name),
                source: Some(rollback.source.clone()),
            },
        );
    }
}

/// Workloads that the level refuses at another version: each at the nearest later version, and at the nearest earlier
/// one that the API server could have.
fn other_versions(plan: &NamespacePlan, enforced: LevelVersion, findings: &mut Findings) {
    let pinned = enforced.version.effective();
    let (earlier, later): (Vec<_>, Vec<_>) = plan
        .preview
        .iter()
        .partition(|preview| preview.version < pinned);
    let mut seen = BTreeSet::new();
    for preview in later.into_iter().chain(earlier.into_iter().rev()) {
        let is_later = preview.version > pinned;
        for changed in preview.changed.iter().filter(|changed| changed.refused) {
            if !seen.insert((is_later, &changed.workload)) {
                continue;
            }
            let checks = changed.checks.join(", ");
            let (level, version) = (enforced.level, preview.version);
            let (title, consequence, remedy) = match is_later {
                true => (
                    format!("{level} refuses more from {version} on: {checks}"),
                    format!("once the labels are pinned to {version} or later, pods of these workloads are refused"),
                    "change what the check names before you raise the version of the labels".to_owned(),
                ),
                false => (
                    format!("{level} refuses more on API servers as old as {version}: {checks}"),
                    "an API server judges by the newest rules it knows, whatever newer version a label names: one that \
                     old refuses pods of these workloads"
                        .to_owned(),
                    "plan with the cluster's version (--target-version, or Nodes in the input)".to_owned(),
                ),
            };
            let workload = plan
                .workloads
                .iter()
                .find(|workload| workload.title() == changed.workload);
            findings.add(
                Draft {
                    code: "other-version-refuses",
                    title,
                    evidence: Vec::new(),
                    consequence,
                    remedy,
                },
                workload.map_or_else(|| here(plan), |workload| at(plan, workload)),
            );
        }
    }
}
