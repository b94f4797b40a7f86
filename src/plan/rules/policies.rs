//! Findings about what the policies did and will not do any more.

use std::collections::{BTreeMap, BTreeSet};

use crate::mapping::{self, Unmapped};
use crate::model::object::ObjectRef;
use crate::model::workload::Origin;
use crate::plan::consequences;
use crate::plan::findings::{Draft, Extra, Findings, Place};
use crate::plan::level::{self, Status};
use crate::plan::workloads::{Replay, WorkloadPlan};
use crate::plan::{Context, NamespacePlan, PolicyPlan};
use crate::psp::{self, Step};
use crate::pss::{Level, Verdict};

use super::{FEW, admission_policy, at};

/// All findings about the policies that admit the workloads of a namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    for workload in plan.workloads.iter().filter(|workload| workload.counts) {
        lost_mutation(plan, workload, findings);
        lost_loosening(plan, workload, findings);
        match &workload.replay {
            Replay::Refused {
                errors,
                spoiled_by: Some(policy),
            } => spoils(plan, workload, policy, errors, findings),
            Replay::Refused {
                errors,
                spoiled_by: None,
            } => psp_refuses(plan, workload, errors, findings),
            Replay::NoPolicies | Replay::Admitted { .. } | Replay::Unknown { .. } => {}
        }
    }
    recorded_otherwise(plan, context, findings);
}

/// Live pods whose annotation names another policy than the replay of what explains them.
fn recorded_otherwise(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let replayed: BTreeMap<&ObjectRef, &str> = plan
        .workloads
        .iter()
        .filter_map(|workload| match &workload.replay {
            Replay::Admitted { policy, .. } => Some((&workload.reference, policy.as_str())),
            Replay::NoPolicies | Replay::Refused { .. } | Replay::Unknown { .. } => None,
        })
        .collect();
    let explained = &context.homes.namespaces[plan.name.as_str()].explained;
    for (pod, owner) in explained
        .iter()
        .filter(|(pod, _)| pod.origin == Origin::Pod)
    {
        let recorded = pod.meta.annotations.get(psp::ANNOTATION);
        let replayed = replayed.get(&owner.reference());
        let (Some(recorded), Some(replayed)) = (recorded, replayed) else {
            continue;
        };
        if recorded == replayed {
            continue;
        }
        findings.add(
            Draft {
                code: "policy-differs",
                title: format!("live pods were admitted by policy {recorded}, the replay says {replayed}"),
                evidence: vec![format!("{} of {}", pod.reference(), owner.reference())],
                consequence: "what the next pods get is what the replay says, not what these pods have".to_owned(),
                remedy: "look what changed: the policies, their grants, who creates the pods, or another webhook".to_owned(),
            },
            Place {
                namespace: Some(plan.name.clone()),
                object: format!("Pod {}", pod.meta.display_name()),
                source: Some(pod.source().clone()),
            },
        );
    }
}

/// Fields that the replayed policy writes and the template lacks.
fn lost_mutation(plan: &NamespacePlan, workload: &WorkloadPlan, findings: &mut Findings) {
    let Replay::Admitted {
        policy, changes, ..
    } = &workload.replay
    else {
        return;
    };
    let loosening = workload.patch().map_or(&[][..], |patch| &patch.loosening);
    let lost: Vec<&psp::Change> = changes
        .iter()
        // The old annotations of seccomp only repeat the field.
        .filter(|change| {
            !matches!(change.steps.last(), Some(Step::Key(key)) if key.contains("seccomp.security.alpha"))
        })
        .filter(|change| !loosening.iter().any(|other| other.steps == change.steps))
        .collect();
    if lost.is_empty() {
        return;
    }
    findings.add(
        Draft {
            code: "mutation-lost",
            title: format!("policy {policy} writes fields into pods that templates do not have"),
            evidence: fields(workload, lost),
            // One finding speaks of many workloads, so the evidence says of each field where pods are refused without it.
            consequence: "nothing writes these fields any more: pods are refused where a level asks for one, and run \
                          silently otherwise than today where none does"
                .to_owned(),
            remedy: "apply the patches of the plan; where no stage has one, write the fields that matter into the \
                     template before the policy goes"
                .to_owned(),
        },
        at(plan, workload),
    );
}

/// What a policy writes that weakens pods: its loss tightens them.
fn lost_loosening(plan: &NamespacePlan, workload: &WorkloadPlan, findings: &mut Findings) {
    let (Replay::Admitted { policy, .. }, Some(patch)) = (&workload.replay, workload.patch())
    else {
        return;
    };
    if patch.loosening.is_empty() {
        return;
    }
    findings.add(
        Draft {
            code: "loosening-lost",
            title: format!("policy {policy} weakens pods, and nothing will once it is gone"),
            evidence: fields(workload, &patch.loosening),
            consequence: "without the policy these pods run tighter than today; what relies on it fails at run time"
                .to_owned(),
            remedy: "try these workloads without it; write into the template only what they prove to need".to_owned(),
        },
        at(plan, workload),
    );
}

/// The fields that changes write, each once, with their values and what follows without them.
fn fields<'c>(
    workload: &WorkloadPlan,
    changes: impl IntoIterator<Item = &'c psp::Change>,
) -> Vec<String> {
    let lines: BTreeSet<String> = changes
        .into_iter()
        .map(|change| {
            let value = change.after.as_ref().map(ToString::to_string);
            format!(
                "{} = {}: without it {}",
                change.generic_path(),
                value.unwrap_or_else(|| "nothing".to_owned()),
                consequences::lost(change, workload.changes(), &workload.violations)
            )
        })
        .collect();
    lines.into_iter().collect()
}

/// A policy that admits a pod and makes it invalid.
fn spoils(
    plan: &NamespacePlan,
    workload: &WorkloadPlan,
    policy: &str,
    errors: &[String],
    findings: &mut Findings,
) {
    let errors = errors.iter().take(FEW);
    findings.add(
        Draft {
            code: "psp-refuses",
            title: format!("policy {policy} writes into pods what the API server then refuses"),
            evidence: errors
                .map(|error| format!("{}: {error}", workload.title()))
                .collect(),
            consequence: "with the plugin on, pods of these workloads cannot be created; nothing that the policy \
                          writes is worth keeping for them"
                .to_owned(),
            remedy: "let these workloads use a policy that writes nothing of the kind, or look why they still run"
                .to_owned(),
        },
        at(plan, workload),
    );
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
    let people: Vec<String> = plan
        .granted
        .people
        .iter()
        .map(|usable| format!("{} may use policy {}", usable.subject, usable.policy))
        .collect();
    let by_hand = workload.reference.kind == "Pod" && !people.is_empty();
    if by_hand {
        evidence.extend(people.into_iter().take(FEW));
    }
    if errors.is_empty() {
        evidence.push(format!(
            "{}: account {} may use no policy",
            workload.title(),
            workload.service_account
        ));
    }
    let title = match (by_hand, errors.is_empty()) {
        (false, true) => "no policy of the input may be used for a workload",
        (false, false) => "every policy that may be used for a workload refuses it",
        (true, true) => "no policy of the input may be used for a pod, unless people create it",
        (true, false) => {
            "every policy that may be used for a pod refuses it, unless people create it"
        }
    };
    findings.add(
        Draft {
            code: "psp-refuses",
            title: title.to_owned(),
            evidence,
            consequence: match by_hand {
                true => "only people can create these pods, under their own grants; what a policy wrote is not known",
                false => "with the plugin on, pods of these workloads cannot be created, unless the input lacks a grant",
            }
            .to_owned(),
            remedy: "give the tool all roles and bindings, or look why these workloads still run".to_owned(),
        },
        at(plan, workload),
    );
}

/// What policies that workloads really use restrict beyond the level that will be enforced.
///
/// It is about all namespaces at once, because one object keeps a restriction in all of them.
pub(super) fn lost_restrictions(
    namespaces: &[NamespacePlan],
    policies: &[PolicyPlan],
    context: &Context,
    findings: &mut Findings,
) {
    type Places<'n> = BTreeMap<&'n str, Vec<Place>>;
    let mut used: BTreeMap<(&str, Option<Level>), Places> = BTreeMap::new();
    for plan in namespaces
        .iter()
        .filter(|plan| plan.decision.status != Status::Excluded)
    {
        let enforced = plan.labels.enforced_in_the_end();
        let enforced = enforced.map(|policy| policy.level);
        for workload in plan.workloads.iter().filter(|workload| workload.counts) {
            if let Replay::Admitted { policy, .. } = &workload.replay {
                let places = used.entry((policy, enforced)).or_default();
                places
                    .entry(&plan.name)
                    .or_default()
                    .push(at(plan, workload));
            }
        }
    }
    let plans: BTreeMap<&str, &NamespacePlan> = namespaces
        .iter()
        .map(|plan| (plan.name.as_str(), plan))
        .collect();
    for ((name, enforced), places) in used {
        let level = enforced.unwrap_or(Level::Privileged);
        let variants = context.policies.get(name).map_or(&[][..], Vec::as_slice);
        let lost: Vec<Unmapped> = variants
            .iter()
            // What the API server refuses restricted nothing.
            .filter(|policy| psp::validate_policy(policy).is_empty())
            .flat_map(|policy| mapping::unmapped(policy, level, context.target))
            .collect();
        if lost.is_empty() {
            continue;
        }
        let kept = match variants {
            [policy] => {
                let fields = lost.iter().map(|lost| lost.field.as_str());
                let inside = places.keys().filter_map(|name| plans.get(name).copied());
                let pods = pods_under(name, inside);
                admission_policy::keep(policy, enforced, fields, &pods)
                    .map(|(manifests, unsaid)| (manifests, how_to_keep(&pods, &unsaid)))
            }
            _ => None,
        };
        let (manifests, remedy) = kept.unwrap_or_else(|| {
            let other = "if the restriction matters, keep it with another policy engine";
            (Vec::new(), other.to_owned())
        });
        let draft = Draft {
            code: "restriction-lost",
            title: match enforced {
                Some(level) => format!("policy {name} restricts what level {level} does not"),
                None => format!(
                    "policy {name} restricts what nothing else does where no level is enforced"
                ),
            },
            evidence: lost
                .iter()
                .map(|lost| format!("{} = {}: {}", lost.field, lost.value, lost.message))
                .chain(checks_held(policies, name, level))
                .collect(),
            consequence: "once the policy is gone, pods of these namespaces may do what it forbade"
                .to_owned(),
            remedy,
        };
        let extra = Extra {
            manifests,
            ..Extra::default()
        };
        findings.add_all(draft, extra, places.into_values().flatten());
    }
}

/// The checks of tighter levels that the policy saw to, as a line of evidence.
fn checks_held(policies: &[PolicyPlan], name: &str, level: Level) -> Option<String> {
    let [policy] = policies
        .iter()
        .filter(|policy| policy.name == name)
        .collect::<Vec<_>>()[..]
    else {
        return None;
    };
    let controls = policy.mapping.controls.iter();
    let held: Vec<&str> = controls
        .filter(|control| control.level > level && control.exposure.verdict == Verdict::Enforced)
        .map(|control| control.check)
        .collect();
    (!held.is_empty()).then(|| {
        format!(
            "checks that no pod under the policy failed, and {level} does not make: {}",
            held.join(", ")
        )
    })
}

/// The pods of these namespaces that run under the policy and under no other.
fn pods_under<'n>(
    policy: &str,
    namespaces: impl Iterator<Item = &'n NamespacePlan>,
) -> admission_policy::Pods<'n> {
    let mut pods = admission_policy::Pods::default();
    for plan in namespaces {
        let (mut under, mut others) = (BTreeSet::new(), BTreeSet::new());
        for workload in plan.workloads.iter().filter(|workload| workload.counts) {
            let accounts = match &workload.replay {
                Replay::Admitted { policy: by, .. } if by == policy => &mut under,
                Replay::Admitted { .. } | Replay::Unknown { .. } | Replay::NoPolicies => {
                    &mut others
                }
                // There are no such pods while the policies are in force.
                Replay::Refused { .. } => continue,
            };
            accounts.insert(workload.service_account.as_str());
        }
        if others.is_empty() {
            pods.whole.push(&plan.name);
        } else {
            under.retain(|account| !others.contains(account));
            pods.parts.insert(&plan.name, under);
        }
    }
    pods
}

/// How a ValidatingAdmissionPolicy keeps a restriction of these pods, and which fields it does not.
fn how_to_keep(pods: &admission_policy::Pods, unsaid: &[&str]) -> String {
    let mut remedy = "if it matters, keep it with the ValidatingAdmissionPolicy that the report gives with this finding \
         (from Kubernetes 1.30 on; nothing in Kubernetes keeps it before): "
        .to_owned();
    let named = |by: fn(&BTreeSet<&str>) -> bool| -> Vec<String> {
        let parts = pods.parts.iter().filter(|(_, accounts)| by(accounts));
        parts.map(|(name, _)| (*name).to_owned()).collect()
    };
    let told = named(|accounts| !accounts.is_empty());
    let untold = named(|accounts| accounts.is_empty());
    let mut about = Vec::new();
    if !pods.whole.is_empty() {
        let whole: Vec<String> = pods.whole.iter().map(|name| (*name).to_owned()).collect();
        about.push(format!("it is about every pod of {}", level::list(&whole)));
    }
    if !told.is_empty() {
        about.push(format!(
            "in {}, where workloads run under other policies as well, it is about the pods of the accounts that do not",
            level::list(&told)
        ));
    }
    if !untold.is_empty() {
        about.push(format!(
            "it is not about {}, where pods of one account run under several policies",
            level::list(&untold)
        ));
    }
    remedy.push_str(&about.join("; "));
    if !unsaid.is_empty() {
        remedy.push_str(&format!("; it does not keep {}", unsaid.join(", ")));
    }
    remedy.push_str(
        ". Take out what is not worth keeping, and change Warn to Deny once it warns of nothing that is meant",
    );
    remedy
}
