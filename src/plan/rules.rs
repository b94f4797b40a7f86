//! When which finding is made, and in which words.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Diagnostic;
use crate::psp::{self, Step};
use crate::pss::admission::{LabelError, Mode};
use crate::pss::{Level, LevelSet};
use crate::rbac::{Access, Class};

use super::findings::{Draft, Findings, Place};
use super::level::{self, Status};
use super::workloads::{Replay, WorkloadPlan};
use super::{Basis, Context, NamespacePlan, PolicyPlan, title};

/// Findings about one namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    labels(plan, findings);
    refused(plan, findings);
    drags(plan, findings);
    unseen(plan, findings);
    nothing_granted(plan, context, findings);
    for workload in plan.workloads.iter().filter(|workload| workload.counts) {
        lost_mutation(plan, workload, findings);
        if let Replay::Refused { errors } = &workload.replay {
            psp_refuses(plan, workload, errors, findings);
        }
    }
    for workload in &plan.live {
        injected(plan, workload, findings);
    }
    wildcards(plan, findings);
    lost_restrictions(plan, context, findings);
}

/// Findings about the cluster.
pub(super) fn cluster(
    access: &Access,
    policies: &[PolicyPlan],
    said: &[Diagnostic],
    findings: &mut Findings,
) {
    open_to_everybody(access, findings);
    granted_to_nobody(access, policies, findings);
    dangling(said, findings);
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

fn labels(plan: &NamespacePlan, findings: &mut Findings) {
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
fn refused(plan: &NamespacePlan, findings: &mut Findings) {
    let Some(enforced) = plan.labels.in_force(Mode::Enforce) else {
        return;
    };
    let counting = plan.workloads.iter().filter(|workload| workload.counts);
    for workload in counting.chain(&plan.live) {
        if workload.satisfies.contains(enforced.level) {
            continue;
        }
        let reasons = workload
            .violations
            .get(&enforced.level)
            .map(|violations| crate::pss::reason(violations))
            .unwrap_or_default();
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

/// At most this many workloads are called few.
const FEW: usize = 3;

/// Few workloads that force a looser level.
fn drags(plan: &NamespacePlan, findings: &mut Findings) {
    if level::is_system(&plan.name) || plan.decision.status != Status::Planned {
        return;
    }
    let counting: Vec<&WorkloadPlan> = plan
        .workloads
        .iter()
        .filter(|workload| workload.counts)
        .chain(&plan.live)
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
            .partition(|workload| !workload.binding_set().contains(tighter));
        let without = others
            .iter()
            .map(|workload| workload.binding_set())
            .fold(LevelSet::ALL, LevelSet::intersection);
        (dragging, without)
    };
    let tighter = match enforce {
        Level::Privileged => Level::Baseline,
        Level::Baseline | Level::Restricted => Level::Restricted,
    };
    let (dragging, without) = rest(tighter);
    let few = !dragging.is_empty() && dragging.len() <= FEW && dragging.len() < counting.len();
    if !few {
        return;
    }
    for workload in &dragging {
        let reasons = workload
            .violations
            .get(&tighter)
            .map(|violations| crate::pss::detail(violations))
            .unwrap_or_default();
        findings.add(
            Draft {
                code: "one-drags",
                title: format!("{} could enforce {} without {}", plan.name, without.tightest(), names(&dragging)),
                evidence: vec![format!("{}: {reasons}", workload.title())],
                consequence: format!(
                    "all {} workloads of the namespace are judged by {enforce} because of {}",
                    counting.len(),
                    dragging.len()
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
        if !missing.withholds(candidate) {
            continue;
        }
        findings.add(
            Draft {
                code: "unseen-workloads",
                title: format!("{} may belong here or change pods here", missing.what),
                evidence: missing.source.iter().map(|source| format!("{} at {source}", missing.what)).collect(),
                consequence: "no enforce label is written for these namespaces, so they stay as open as the cluster's default"
                    .to_owned(),
                remedy: "give the tool what is missing (rendered templates, a namespace, a dump of pods), or --complete".to_owned(),
            },
            here(plan),
        );
    }
}

/// Namespaces whose level could not follow from grants, although it should have.
fn nothing_granted(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let asked = context.options.basis == Basis::Granted && !level::is_system(&plan.name);
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

/// Fields that the replayed policy writes and the template lacks.
fn lost_mutation(plan: &NamespacePlan, workload: &WorkloadPlan, findings: &mut Findings) {
    let Replay::Admitted {
        policy,
        stored,
        changes,
        ..
    } = &workload.replay
    else {
        return;
    };
    let lost: Vec<&psp::Change> = changes
        .iter()
        .filter(|change| change.steps.first() != Some(&Step::Field("metadata")))
        .collect();
    if lost.is_empty() {
        return;
    }
    let mut fields: BTreeMap<String, String> = BTreeMap::new();
    for change in lost {
        let value = change
            .after
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), ToString::to_string);
        fields.insert(generic(change), value);
    }
    let gained = stored.tightest() > workload.satisfies.tightest();
    findings.add(
        Draft {
            code: "mutation-lost",
            title: format!("policy {policy} writes fields into pods that templates do not have"),
            evidence: fields
                .iter()
                .map(|(path, value)| format!("{path} = {value}"))
                .collect(),
            consequence: if gained {
                "without the policy these pods satisfy only the looser level of their templates, and run without these fields"
                    .to_owned()
            } else {
                "without the policy these pods run without these fields".to_owned()
            },
            remedy: "write the fields that matter into the templates before the policy goes".to_owned(),
        },
        at(plan, workload),
    );
}

/// The path of a change without the indices of lists: `spec.containers[*].securityContext.runAsUser`.
fn generic(change: &psp::Change) -> String {
    let mut path = String::new();
    for step in &change.steps {
        match step {
            Step::Index(_) => path.push_str("[*]"),
            Step::Field(_) | Step::Key(_) => {
                if matches!(step, Step::Field(_)) && !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&step.to_string());
            }
        }
    }
    path
}

fn psp_refuses(
    plan: &NamespacePlan,
    workload: &WorkloadPlan,
    errors: &[String],
    findings: &mut Findings,
) {
    let mut evidence: Vec<String> = errors
        .iter()
        .take(FEW)
        .map(|error| format!("{}: {error}", workload.title()))
        .collect();
    let title = if errors.is_empty() {
        evidence.push(format!(
            "{}: account {} may use no policy",
            workload.title(),
            workload.service_account
        ));
        "no policy of the input may be used for a workload"
    } else {
        "every policy that may be used for a workload refuses it"
    };
    findings.add(
        Draft {
            code: "psp-refuses",
            title: title.to_owned(),
            evidence,
            consequence: "with the plugin on, pods of these workloads can not be created, unless the input lacks a grant".to_owned(),
            remedy: "give the tool all roles and bindings, or look why these workloads still run".to_owned(),
        },
        at(plan, workload),
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

/// What policies that workloads really use restrict beyond the level that will be enforced.
fn lost_restrictions(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let mut used: BTreeMap<&str, Vec<&WorkloadPlan>> = BTreeMap::new();
    for workload in plan.workloads.iter().filter(|workload| workload.counts) {
        if let Replay::Admitted { policy, .. } = &workload.replay {
            used.entry(policy).or_default().push(workload);
        }
    }
    for (policy, workloads) in used {
        let Some(mapping) = context.mappings.get(policy) else {
            continue;
        };
        if mapping.unmapped.is_empty() {
            continue;
        }
        for workload in workloads {
            findings.add(
                Draft {
                    code: "restriction-lost",
                    title: format!("policy {policy} restricts what no level does"),
                    evidence: mapping
                        .unmapped
                        .iter()
                        .map(|unmapped| {
                            format!(
                                "{} = {}: {}",
                                unmapped.field, unmapped.value, unmapped.message
                            )
                        })
                        .collect(),
                    consequence:
                        "once the policy is gone, pods of these namespaces may do what it forbade"
                            .to_owned(),
                    remedy: "if the restriction matters, write a ValidatingAdmissionPolicy for it"
                        .to_owned(),
                },
                at(plan, workload),
            );
        }
    }
}

fn open_to_everybody(access: &Access, findings: &mut Findings) {
    let wide = access
        .everywhere()
        .filter(|(class, chain)| *class == Class::Everyone && !chain.is_wildcard());
    for (_, chain) in wide {
        let binding = chain.binding;
        for policy in access.policies_of(&chain) {
            findings.add(
                Draft {
                    code: "open-to-everybody",
                    title: format!("policy {policy} is open to {}", chain.subject),
                    evidence: vec![chain.to_string()],
                    consequence: "the grant says nothing of what any single namespace needs; levels follow from the workloads"
                        .to_owned(),
                    remedy: "nothing for the migration; delete the grant with the policy once the plugin is off"
                        .to_owned(),
                },
                Place {
                    namespace: None,
                    object: title(binding.kind(), binding.namespace.as_deref(), &binding.name),
                    source: binding.sources.first().cloned(),
                },
            );
        }
    }
}

/// References to what does not exist, as the RBAC stage found them.
fn dangling(said: &[Diagnostic], findings: &mut Findings) {
    for diagnostic in said {
        let (code, consequence, remedy) = match diagnostic.code.name {
            "rbac/dangling-role-ref" => (
                "dangling-role",
                "the binding grants nothing; if the role was only left out, the plan misses its grants",
                "add the role to the input, or delete the binding",
            ),
            "rbac/dangling-policy" => (
                "dangling-policy",
                "the rule grants nothing for that name; if the policy was only left out, the plan misses it",
                "add the policy to the input, or take its name out of the rule",
            ),
            _ => continue,
        };
        findings.add(
            Draft {
                code,
                title: diagnostic.message.clone(),
                evidence: Vec::new(),
                consequence: consequence.to_owned(),
                remedy: remedy.to_owned(),
            },
            Place {
                namespace: None,
                object: String::new(),
                source: diagnostic.source.clone(),
            },
        );
    }
}

fn granted_to_nobody(access: &Access, policies: &[PolicyPlan], findings: &mut Findings) {
    let granted: BTreeSet<&str> = access
        .grants()
        .iter()
        .filter(|grant| !grant.chain.is_wildcard())
        .map(|grant| grant.policy)
        .collect();
    for policy in policies
        .iter()
        .filter(|policy| !granted.contains(policy.name.as_str()))
    {
        findings.add(
            Draft {
                code: "granted-to-nobody",
                title: format!("nobody may use policy {}", policy.name),
                evidence: Vec::new(),
                consequence: "the policy has no effect, and nothing has to replace it".to_owned(),
                remedy: "delete it with the others, once the plugin is off".to_owned(),
            },
            Place {
                namespace: None,
                object: format!("PodSecurityPolicy {}", policy.name),
                source: policy.source.clone(),
            },
        );
    }
}
