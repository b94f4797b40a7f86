//! Findings about the labels: those that stay against the evidence, are invalid, or refuse what runs.

use crate::plan::findings::{Draft, Findings};
use crate::plan::workloads::Replay;
use crate::plan::{Context, NamespacePlan};
use crate::pss::admission::{LabelError, Mode};

use super::{at, here};

/// All findings about the labels of a namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    refused(plan, context, findings);
    for error in plan.labels.errors() {
        findings.add(invalid_label(&error), here(plan));
    }
    for conflict in &plan.labels.conflicts {
        let (mode, found, proposed) = (conflict.mode.as_str(), conflict.found, conflict.proposed);
        let consequence = match (conflict.mode, found < proposed) {
            (Mode::Enforce, true) => format!(
                "pods are admitted that violate {proposed}, although nothing here needs that"
            ),
            (Mode::Enforce, false) => format!(
                "pods that violate {found} are refused, although workloads here need {proposed}"
            ),
            (Mode::Audit | Mode::Warn, _) => {
                format!("{mode} speaks of {found} instead of {proposed}")
            }
        };
        findings.add(
            Draft {
                code: "label-conflict",
                title: format!("the owner's label says {mode}: {found}, the evidence {proposed}"),
                evidence: plan
                    .decision
                    .reasons
                    .first()
                    .map(|reason| format!("{}: {reason}", plan.name))
                    .into_iter()
                    .collect(),
                consequence,
                remedy: "decide which is meant; psp2psa migrate --overwrite writes the proposal"
                    .to_owned(),
            },
            here(plan),
        );
    }
}

fn invalid_label(error: &LabelError) -> Draft {
    Draft {
        code: "label-invalid",
        title: format!("{} has an invalid value", error.label),
        evidence: vec![error.to_string()],
        consequence: "the API server falls back to its own choice, and refuses to create the namespace with this label"
            .to_owned(),
        remedy: "correct the value, or run psp2psa migrate --overwrite".to_owned(),
    }
}

/// Workloads that the labels will refuse, whether they are ours or the owner's.
fn refused(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let Some(enforced) = plan.labels.in_force(Mode::Enforce) else {
        return;
    };
    let counting = plan.workloads.iter().filter(|workload| workload.counts);
    for workload in counting.chain(&plan.live) {
        let is_patched = workload.is_patched_for(context.options.prefer, enforced.level);
        let stored = workload.satisfies_stored().filter(|_| !is_patched);
        let reasons = match (&workload.replay, workload.refused.is_empty()) {
            (_, false) => crate::pss::reason(&workload.refused),
            (Replay::Admitted { policy, .. }, true)
                if stored.is_some_and(|levels| !levels.contains(enforced.level)) =>
            {
                format!("as policy {policy} stores it, while the plugin is on")
            }
            (_, true) => continue,
        };
        findings.add(
            Draft {
                code: "workload-refused",
                title: format!("{} enforces {}, which refuses workloads", plan.name, enforced.level),
                evidence: vec![format!("{}: {reasons}", workload.title())],
                consequence: "new pods of these workloads are refused; controllers report it only in Events (FailedCreate)"
                    .to_owned(),
                remedy: "change the fields that the violations name, or enforce a looser level".to_owned(),
            },
            at(plan, workload),
        );
    }
}
