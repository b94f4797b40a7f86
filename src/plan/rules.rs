//! When which finding is made, and in which words.

mod admission_policy;
mod bypass;
mod cluster;
mod grants;
mod labels;
mod order;
mod overrides;
mod policies;
mod rollout;

use crate::model::gap::GapKind;
use crate::pss::admission::Mode;
use crate::pss::{Level, LevelSet};

pub(super) use cluster::{Cluster, cluster};
pub(super) use labels::{kept, praise};

use super::evidence::{Completeness, Weight};
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
    overrides::namespace(plan, context, findings);
    drags(plan, context, findings);
    unseen(plan, context, findings);
    grants::namespace(plan, context, findings);
    policies::namespace(plan, context, findings);
    order::namespace(plan, context, findings);
    rollout::namespace(plan, context, findings);
    by_convention(plan, findings);
    // What still makes pods of an earlier template was changed by nobody.
    let pods = plan.live.iter().filter(|live| live.reference.kind == "Pod");
    for pod in pods {
        injected(plan, pod, findings);
    }
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

/// The workloads, or the namespace itself if there are none.
fn at_each(plan: &NamespacePlan, workloads: &[&WorkloadPlan]) -> Vec<Place> {
    match workloads {
        [] => vec![here(plan)],
        some => some.iter().map(|workload| at(plan, workload)).collect(),
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
    let later = plan.labels.enforced_later().map(|later| later.level);
    let Some(enforce) = later
        .or(plan.decision.enforce)
        .filter(|level| *level != Level::Restricted)
    else {
        return;
    };
    let rest = |tighter: Level| -> (Vec<&WorkloadPlan>, LevelSet) {
        let (dragging, others): (Vec<_>, Vec<_>) = counting
            .iter()
            .copied()
            .partition(|workload| !plan.admitting(workload, prefer).contains(tighter));
        let without = others
            .iter()
            .copied()
            .chain(&plan.live)
            .map(|workload| plan.admitting(workload, prefer))
            .fold(LevelSet::ALL, LevelSet::intersection);
        (dragging, without)
    };
    let tighter = match enforce {
        Level::Privileged => Level::Baseline,
        Level::Baseline | Level::Restricted => Level::Restricted,
    };
    let (dragging, without) = rest(tighter);
    // A pod that nothing makes again opens a namespace also where there is nothing else in it.
    let alone = dragging.len() == counting.len();
    let bare = enforce == Level::Privileged && dragging.iter().all(|workload| workload.is_bare);
    let few = !dragging.is_empty() && dragging.len() <= FEW && (!alone || bare);
    // Live pods that something changed drag as well, and go nowhere without the workloads that they are of.
    if !few || !without.contains(tighter) {
        return;
    }
    for workload in &dragging {
        let violations = workload.violations_of(tighter);
        let mut evidence = vec![format!(
            "{}: {}",
            workload.title(),
            crate::pss::detail(violations)
        )];
        if workload.satisfies_patched().contains(tighter) {
            evidence.push(format!(
                "{}: its patch satisfies {tighter}",
                workload.title()
            ));
        }
        findings.add(
            Draft {
                code: "one-drags",
                title: match alone {
                    true => format!("nothing but {} needs {enforce} here", names(&dragging)),
                    false => format!("{} is possible without {}", without.tightest(), names(&dragging)),
                },
                evidence,
                consequence: format!(
                    "{enforce} is the measure for everything else in the namespace as well, and for every future pod"
                ),
                remedy: match (bare, alone) {
                    (true, false) => "look whether these pods are still wanted: no controller makes them again, and \
                                      without them the next plan is tighter; ",
                    (true, true) => "look whether these pods are still wanted: no controller makes them again, and \
                                     without them the next plan follows from grants, or has no label; ",
                    (false, _) => "",
                }
                .to_owned()
                    + &format!(
                    "give them a namespace of their own that enforces {enforce}; or change what the evidence names, by \
                     the proposed patch where there is one; or let them run under a runtime class that Pod Security Admission exempts"
                ),
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
fn unseen(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    if plan.decision.status != Status::Inconclusive {
        return;
    }
    let candidate = plan.decision.visible.unwrap_or(Level::Restricted);
    // Grants that are not known hold back only what would follow from grants.
    let by_grants = context.options.basis != Basis::Observed
        || (plan.needed.is_none() && plan.evidence.completeness == Completeness::Complete);
    // A label of the owner stays: then it is not about a hole, but about pods that it may refuse.
    let owners = plan.labels.in_force(Mode::Enforce);
    for missing in &plan.evidence.missing {
        let grants = by_grants && missing.weight == Weight::Grants;
        if !grants && !missing.withholds(candidate) {
            continue;
        }
        findings.add(
            Draft {
                code: "unseen-workloads",
                title: match owners {
                    None => unseen_title(missing.kind).to_owned(),
                    Some(_) => format!("{}, which have labels already", unseen_title(missing.kind)),
                },
                evidence: vec![match missing.source.as_ref().map(ToString::to_string) {
                    Some(source) if !missing.what.contains(&source) => {
                        format!("{} at {source}", missing.what)
                    }
                    _ => missing.what.clone(),
                }],
                consequence: match owners {
                    None => "no enforce label is written for these namespaces, so they stay as open as the cluster's default",
                    Some(_) => "their enforce labels stay, and whether they refuse pods that the input does not show is not known",
                }
                .to_owned(),
                remedy: match missing.kind {
                    GapKind::Unattributed => "write the namespace into the objects, add the kustomization that sets it, or use --default-namespace",
                    GapKind::Fragment => "build the kustomizations (kubectl kustomize) and give the tool the result",
                    GapKind::Unreadable => "give the tool what is applied: rendered templates, corrected files",
                    GapKind::Grant => "give the tool every role and binding, each with its namespace",
                    GapKind::Policy => "correct the policy, or give the tool the built manifests",
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
        GapKind::Fragment => "patches that are not applied loosen workloads of these namespaces",
        GapKind::Grant => "who may use which policy in these namespaces is not known",
        GapKind::Policy => "a policy that pods of these namespaces may have used could not be read",
        GapKind::Template => "templates of these namespaces are not rendered",
        GapKind::Rendered => "pods of these namespaces are rendered elsewhere",
        GapKind::Injection => "pods of these namespaces are changed on their way in",
        GapKind::CustomResource | GapKind::Critical => {
            "pods of these namespaces are made by an operator"
        }
    }
}

fn injected(plan: &NamespacePlan, workload: &WorkloadPlan, findings: &mut Findings) {
    let evidence = workload.violations.values().next().map(|violations| {
        let details = crate::pss::detail(violations);
        format!("{} of {}: {details}", workload.title(), plan.name)
    });
    findings.add(
        Draft {
            code: "injected",
            title: "live pods need more than their templates say".to_owned(),
            evidence: evidence.into_iter().collect(),
            consequence: "the live pods, not the templates, decide the level of these namespaces"
                .to_owned(),
            remedy: "compare the pods with their templates, and look which mutating webhook adds it; service meshes \
                     have a CNI mode without privileged init containers"
                .to_owned(),
        },
        at(plan, workload),
    );
}

/// Workloads of kinds that are not known here: what their operators make of the template is not known either.
fn by_convention(plan: &NamespacePlan, findings: &mut Findings) {
    for workload in plan
        .workloads
        .iter()
        .filter(|workload| workload.by_convention)
    {
        findings.add(
            Draft {
                code: "template-not-understood",
                title: format!(
                    "kind {} is not known here: something in it looks like a pod template",
                    workload.reference.kind
                ),
                evidence: workload.notes.iter().take(1).cloned().collect(),
                consequence: "its operator may make other pods than the template says, so a label that admits the \
                              template may refuse the pods"
                    .to_owned(),
                remedy: "add a dump of the running pods, which shows what the operator makes".to_owned(),
            },
            at(plan, workload),
        );
    }
}
