//! When which finding is made, and in which words.

mod cluster;
mod labels;
mod order;
mod policies;

use crate::model::gap::GapKind;
use crate::pss::{Level, LevelSet};

pub(super) use cluster::cluster;

use super::evidence::Weight;
use super::findings::{Draft, Findings, Place};
use super::level::{self, Status};
use super::scope;
use super::workloads::WorkloadPlan;
use super::{Basis, Context, NamespacePlan};

/// Findings about one namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    if plan.decision.status == Status::Excluded {
        return;
    }
    labels::namespace(plan, context, findings);
    drags(plan, context, findings);
    unseen(plan, findings);
    nothing_granted(plan, context, findings);
    policies::namespace(plan, context, findings);
    order::namespace(plan, context, findings);
    for workload in &plan.live {
        injected(plan, workload, findings);
    }
    wildcards(plan, findings);
}

fn here(plan: &NamespacePlan) -> Place {
    Place {
        namespace: Some(plan.name.clone()),
        object: String::new(),
        source: plan.source.clone(),
    }
}

fn at(plan: &NamespacePlan, workload: &WorkloadPlan) -> Place {
    Place {
        namespace: Some(plan.name.clone()),
        object: workload.title(),
        source: Some(workload.source.clone()),
    }
}

/// At most this many workloads are called few.
const FEW: usize = 3;

/// Few workloads that force a looser level.
fn drags(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let prefer = context.options.prefer;
    if scope::is_system(&plan.name) || plan.decision.status != Status::Planned {
        return;
    }
    let counting: Vec<&WorkloadPlan> = plan
        .workloads
        .iter()
        .filter(|workload| workload.counts)
        .collect();
    let Some(enforce) = plan
        .decision
        .enforce
        .filter(|level| *level != Level::Restricted)
    else {
        return;
    };
    let rest = |tighter: Level| -> (Vec<&WorkloadPlan>, LevelSet) {
        let (dragging, others): (Vec<_>, Vec<_>) = counting
            .iter()
            .copied()
            .partition(|workload| !workload.binding_set(prefer).contains(tighter));
        let without = others
            .iter()
            .copied()
            .chain(&plan.live)
            .map(|workload| workload.binding_set(prefer))
            .fold(LevelSet::ALL, LevelSet::intersection);
        (dragging, without)
    };
    let tighter = match enforce {
        Level::Privileged => Level::Baseline,
        Level::Baseline | Level::Restricted => Level::Restricted,
    };
    let (dragging, without) = rest(tighter);
    let few = !dragging.is_empty() && dragging.len() <= FEW && dragging.len() < counting.len();
    // Live pods that something changed drag as well, and go nowhere without the workloads that they are of.
    if !few || !without.contains(tighter) {
        return;
    }
    for workload in &dragging {
        let reasons = crate::pss::detail(workload.violations_of(tighter));
        findings.add(
            Draft {
                code: "one-drags",
                title: format!("{} could enforce {} without {}", plan.name, without.tightest(), names(&dragging)),
                evidence: vec![format!("{}: {reasons}", workload.title())],
                consequence: format!(
                    "{enforce} is the measure for all {} workloads of the namespace, and for every future pod",
                    counting.len()
                ),
                remedy: "move them to a namespace of their own, or change what violates the tighter level".to_owned(),
            },
            at(plan, workload),
        );
    }
}

fn names(workloads: &[&WorkloadPlan]) -> String {
    let names: Vec<String> = workloads.iter().map(|workload| workload.title()).collect();
    level::list(&names)
}

/// Namespaces whose enforce label is withheld.
fn unseen(plan: &NamespacePlan, findings: &mut Findings) {
    if plan.decision.status != Status::Inconclusive {
        return;
    }
    let candidate = plan.decision.visible.unwrap_or(Level::Restricted);
    for missing in &plan.evidence.missing {
        if !missing.withholds(candidate) && missing.weight != Weight::Grants {
            continue;
        }
        findings.add(
            Draft {
                code: "unseen-workloads",
                title: unseen_title(missing.kind).to_owned(),
                evidence: vec![match missing.source.as_ref().map(ToString::to_string) {
                    Some(source) if !missing.what.contains(&source) => {
                        format!("{} at {source}", missing.what)
                    }
                    _ => missing.what.clone(),
                }],
                consequence: "no enforce label is written for these namespaces, so they stay as open as the cluster's default"
                    .to_owned(),
                remedy: match missing.kind {
                    GapKind::Unattributed => "write the namespace into the objects, add the kustomization that sets it, or use --default-namespace",
                    GapKind::Unreadable => "give the tool what is applied: rendered templates, corrected files",
                    GapKind::Grant => "give the tool every policy, role and binding, each with its namespace",
                    GapKind::Template => "render the templates (helm template, kubectl kustomize) and give the tool the result",
                    GapKind::Rendered => "render the release (helm template, kustomize build), or add a dump of the running pods",
                    GapKind::Injection | GapKind::CustomResource | GapKind::Critical => "add a dump of the running pods, which shows what is injected",
                }
                .to_owned(),
            },
            here(plan),
        );
    }
}

fn unseen_title(kind: GapKind) -> &'static str {
    match kind {
        GapKind::Unattributed => "workloads that name no namespace could belong to these",
        GapKind::Unreadable => {
            "documents that could not be read may be workloads of these namespaces"
        }
        GapKind::Grant => "who may use which policy in these namespaces is not known",
        GapKind::Template => "templates of these namespaces are not rendered",
        GapKind::Rendered => "pods of these namespaces are rendered elsewhere",
        GapKind::Injection => "pods of these namespaces are changed on their way in",
        GapKind::CustomResource | GapKind::Critical => {
            "pods of these namespaces are made by an operator"
        }
    }
}

/// Namespaces whose level could not follow from grants, although it should have.
fn nothing_granted(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let asked = context.options.basis == Basis::Granted && !scope::is_system(&plan.name);
    if !asked || plan.granted.level.is_some() || plan.decision.status != Status::Planned {
        return;
    }
    findings.add(
        Draft {
            code: "nothing-granted",
            title: "no policy with a level was granted, so the workloads decide".to_owned(),
            evidence: Vec::new(),
            consequence: "the level of these namespaces follows from what the workloads need"
                .to_owned(),
            remedy: "add the missing roles and bindings, if a policy was meant for them".to_owned(),
        },
        here(plan),
    );
}

fn injected(plan: &NamespacePlan, workload: &WorkloadPlan, findings: &mut Findings) {
    let evidence = workload
        .violations
        .values()
        .next()
        .map(|violations| format!("{}: {}", workload.title(), crate::pss::detail(violations)));
    findings.add(
        Draft {
            code: "injected",
            title: format!(
                "live pods of {} need more than their templates say",
                plan.name
            ),
            evidence: evidence.into_iter().collect(),
            consequence: "the live pods, not the templates, decide the level of the namespace"
                .to_owned(),
            remedy: "compare the pods with their templates; look for mutating webhooks".to_owned(),
        },
        at(plan, workload),
    );
}

fn wildcards(plan: &NamespacePlan, findings: &mut Findings) {
    for usable in &plan.granted.wildcard {
        // Cluster-wide wildcards concern no namespace in particular.
        if usable.binding.starts_with("ClusterRoleBinding") {
            continue;
        }
        findings.add(
            Draft {
                code: "wildcard-grant",
                title: format!("{} may use every policy", usable.subject),
                evidence: vec![format!("{} -> {}", usable.binding, usable.role)],
                consequence:
                    "the loosest policy could be used here; what was meant, the grant does not tell"
                        .to_owned(),
                remedy: "nothing for the migration; look whether the subject needs the wildcard"
                    .to_owned(),
            },
            here(plan),
        );
    }
}
