//! Findings about the labels: those that stay against the evidence, are invalid, or refuse what runs.

use crate::plan::findings::{Draft, Extra, Findings, Severity};
use crate::plan::labels::Conflict;
use crate::plan::staging::Unstaged;
use crate::plan::workloads::Replay;
use crate::plan::{Context, NamespacePlan};
use crate::pss::admission::{self, LABELS, LabelError, LabelProblem, Mode};
use crate::pss::{Level, LevelSet};

use super::{at, here};

/// All findings about the labels of a namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    refused(plan, context, findings);
    for error in plan.labels.errors() {
        findings.add(invalid_label(plan, &error), here(plan));
    }
    for label in plan.labels.after.keys().filter(|label| is_misspelt(label)) {
        findings.add(misspelt_label(label), here(plan));
    }
    for conflict in &plan.labels.conflicts {
        conflicting(plan, conflict, findings);
    }
    unpinned(plan, findings);
}

/// Why the owner's enforce label is left alone although the plan would ask for less: it is tighter, and refuses nothing
/// that the input shows.
pub(in crate::plan) fn praise(plan: &NamespacePlan) -> Option<String> {
    let conflict = plan
        .labels
        .conflicts
        .iter()
        .find(|conflict| is_praised(plan, conflict))?;
    Some(format!(
        "its own label enforces {} already, which is tighter than {} and refuses nothing that the input shows: well \
         done, and left alone",
        conflict.found, conflict.proposed
    ))
}

/// In a few words, that the owner's enforce label stays although the plan would write another.
pub(in crate::plan) fn kept(plan: &NamespacePlan) -> Option<String> {
    let label = Mode::Enforce.level_label();
    let owners = plan.labels.before.get(label)?;
    let proposed = plan.decision.enforce?;
    let later = plan.labels.enforced_later().map(|later| later.level);
    if later.is_some_and(|later| later.as_str() == owners) {
        return None;
    }
    let stays = plan.labels.after.get(label) == Some(owners) && *owners != proposed.as_str();
    stays.then(|| {
        let brief = &plan.decision.brief;
        format!("kept; proposed: {proposed} ({brief})")
    })
}

fn is_praised(plan: &NamespacePlan, conflict: &Conflict) -> bool {
    conflict.mode == Mode::Enforce
        && conflict.found > conflict.proposed
        && plan.workloads.iter().chain(&plan.live).all(|workload| {
            // What is written is judged by the rules of the label's own version. They say of what nothing writes into
            // all there is to say.
            let stored = match workload.changes() {
                [] => LevelSet::ALL,
                _ => workload.satisfies_stored().unwrap_or(LevelSet::ALL),
            };
            !workload.counts || (workload.refused.is_empty() && stored.contains(conflict.found))
        })
}

/// A level of the owner that stays and differs from the proposal. One that is tighter than it need be and refuses
/// nothing has no consequence, and one that the plan ends at behind the bypass is no conflict.
fn conflicting(plan: &NamespacePlan, conflict: &Conflict, findings: &mut Findings) {
    let (mode, found, proposed) = (conflict.mode.as_str(), conflict.found, conflict.proposed);
    let later = plan.labels.enforced_later().map(|later| later.level);
    if conflict.mode == Mode::Enforce && later == Some(found) {
        return;
    }
    let (severity, consequence) = match (conflict.mode, found < proposed) {
        (Mode::Enforce, true) => (
            None,
            format!("pods are admitted that violate {proposed}, although nothing here needs that"),
        ),
        (Mode::Enforce, false) if is_praised(plan, conflict) => return,
        (Mode::Enforce, false) => (
            None,
            format!(
                "pods that violate {found} are refused, although workloads here need {proposed}"
            ),
        ),
        (Mode::Audit | Mode::Warn, true) => (
            Some(Severity::Info),
            format!("{mode} says nothing of pods that satisfy {found} and violate {proposed}"),
        ),
        (Mode::Audit | Mode::Warn, false) => return,
    };
    findings.add_with(
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
        Extra {
            severity,
            ..Extra::default()
        },
        here(plan),
    );
}

/// An enforce level of the owner without a version means other rules after every upgrade.
fn unpinned(plan: &NamespacePlan, findings: &mut Findings) {
    let after = &plan.labels.after;
    let level = after.get(Mode::Enforce.level_label());
    let version = after.get(Mode::Enforce.version_label());
    let floats = version.is_none_or(|version| version == "latest");
    let owners = plan.labels.before.get(Mode::Enforce.level_label()) == level;
    let enforced = plan.labels.in_force(Mode::Enforce);
    let Some(enforced) = enforced.filter(|enforced| enforced.level != Level::Privileged) else {
        return;
    };
    if !floats || !owners {
        return;
    }
    findings.add(
        Draft {
            code: "label-unpinned",
            title: "the owner's enforce label is pinned to no version".to_owned(),
            evidence: vec![format!("{}: enforces {enforced}", plan.name)],
            consequence: "an upgrade of the cluster changes the rules of these namespaces without a change to them"
                .to_owned(),
            remedy: format!(
                "write {} beside the level, or let psp2psa migrate --overwrite do it",
                Mode::Enforce.version_label()
            ),
        },
        here(plan),
    );
}

/// Whether a label begins like those of Pod Security Admission and is none of them.
fn is_misspelt(label: &str) -> bool {
    label.starts_with("pod-security.kubernetes.io/") && !LABELS.contains(&label)
}

fn misspelt_label(label: &str) -> Draft {
    Draft {
        code: "label-invalid",
        title: format!("{label} is no label that Pod Security Admission reads"),
        evidence: Vec::new(),
        consequence: "the API server ignores it without a word".to_owned(),
        remedy: format!("write one of {}", LABELS.join(", ")),
    }
}

fn invalid_label(plan: &NamespacePlan, error: &LabelError) -> Draft {
    let mut evidence = vec![error.to_string()];
    let proposed = plan.decision.enforce;
    if let (LabelProblem::Level(_), admission::ENFORCE, Some(level)) =
        (error.problem, error.label, proposed)
    {
        let looser = match level {
            Level::Restricted => "",
            Level::Baseline | Level::Privileged => ", which is looser than what is in force",
        };
        let name = &plan.name;
        evidence.push(format!("{name}: --overwrite would write {level}{looser}"));
    }
    let meant = match (error.problem, error.label) {
        (LabelProblem::Level(_), admission::ENFORCE) => "reads it as restricted",
        (LabelProblem::Level(_), _) => "reads it as privileged, so that it says nothing",
        (LabelProblem::Version(_), _) => "reads it as latest",
    };
    Draft {
        code: "label-invalid",
        title: format!("{} has an invalid value", error.label),
        evidence,
        consequence: format!(
            "the API server {meant}, and refuses to create a namespace with this label"
        ),
        remedy: "correct the value, or run psp2psa migrate --overwrite".to_owned(),
    }
}

/// Workloads that the labels will refuse, whether they are ours or the owner's.
fn refused(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let Some(enforced) = plan.labels.in_force(Mode::Enforce) else {
        return;
    };
    let label = Mode::Enforce.level_label();
    let owners = plan.labels.before.get(label) == plan.labels.after.get(label);
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
        // What a policy writes into a pod is there before its namespace's label is looked at.
        let until_then = !workload.refused.is_empty()
            && stored.is_some_and(|levels| levels.contains(enforced.level));
        let when = match until_then {
            true => " once the policies are gone",
            false => "",
        };
        let mut evidence = vec![format!("{} of {}: {reasons}", workload.title(), plan.name)];
        if workload.unstaged == Some(Unstaged::LabelRefuses) {
            evidence.push(format!(
                "{} of {}: no stage applies its patch, because {}",
                workload.title(),
                plan.name,
                Unstaged::LabelRefuses.because()
            ));
        }
        findings.add(
            Draft {
                code: "workload-refused",
                title: match owners {
                    true => format!("the owner's label enforces {enforced}, which refuses workloads{when}"),
                    false => format!("{enforced} refuses workloads{when}"),
                },
                evidence,
                consequence: match until_then {
                    true => "pods of these workloads pass only because policies write into them what is missing; without \
                             the policies new ones are refused, which controllers report only in Events (FailedCreate)",
                    false => "new pods of these workloads are refused; controllers report it only in Events (FailedCreate)",
                }
                .to_owned(),
                remedy: match until_then {
                    true => "write these fields into the templates before the plugin is turned off, as 20-workloads does \
                             where they have a patch; or enforce a looser level",
                    false => "change the fields that the violations name, or enforce a looser level",
                }
                .to_owned(),
            },
            at(plan, workload),
        );
    }
}
