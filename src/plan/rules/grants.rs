//! Findings that compare what was granted with what will be enforced.

use std::collections::BTreeSet;

use crate::plan::findings::{Draft, Extra, Findings, Place, Severity};
use crate::plan::granted::Usable;
use crate::plan::level::Status;
use crate::plan::scope;
use crate::plan::{Basis, Context, NamespacePlan};
use crate::pss::Level;

use super::{at_each, here};

/// All findings about the grants of a namespace.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    nothing_granted(plan, context, findings);
    looser(plan, context, findings);
    people(plan, findings);
    unused(plan, findings);
    wildcards(plan, findings);
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

/// Namespaces that will admit what their policies refused, or hardened.
fn looser(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let (Some(enforced), Some(granted)) = (plan.labels.enforced_in_the_end(), plan.granted.level)
    else {
        return;
    };
    // A policy that is not known, or not valid, could have allowed as much.
    let unsure = !plan.granted.unknown.is_empty() || !plan.evidence.unread_grants().is_empty();
    if scope::is_system(&plan.name) || unsure || enforced.level >= granted {
        return;
    }
    let level = enforced.level;
    let dragging: Vec<_> = plan
        .workloads
        .iter()
        .filter(|workload| {
            workload.counts
                && !plan
                    .admitting(workload, context.options.prefer)
                    .contains(granted)
        })
        .collect();
    let mut evidence: Vec<String> = dragging
        .iter()
        .map(|workload| {
            let reasons = crate::pss::reason(workload.violations_of(granted));
            format!("{} of {}: {reasons}", workload.title(), plan.name)
        })
        .collect();
    if plan
        .needed_with_patches
        .is_some_and(|set| set.contains(granted))
        && !dragging.is_empty()
    {
        evidence.push(format!(
            "{}: with their patches, the workloads satisfy {granted}",
            plan.name
        ));
    }
    evidence.extend(only_by_others(plan, granted).map(|usable| {
        format!(
            "{}: only {} may use policy {}",
            plan.name, usable.subject, usable.policy
        )
    }));
    for place in at_each(plan, &dragging) {
        findings.add(
            Draft {
                code: "looser-than-policies",
                title: format!("{level} is enforced where the policies allowed no more than {granted}"),
                evidence: evidence.clone(),
                consequence: format!(
                    "once the policies are gone, pods are admitted here that violate {granted}, which the policies \
                     refused or corrected"
                ),
                remedy: format!(
                    "apply the patches of these workloads, or change what violates {granted}, and then enforce {granted}"
                ),
            },
            place,
        );
    }
}

/// Policies looser than this level that people or operators may use here, and neither the namespace itself nor
/// everybody.
fn only_by_others(plan: &NamespacePlan, than: Level) -> impl Iterator<Item = &Usable> {
    let granted = &plan.granted;
    let shared: BTreeSet<&str> = granted
        .own
        .iter()
        .chain(&granted.everyone)
        .map(|usable| usable.policy.as_str())
        .collect();
    granted
        .people
        .iter()
        .chain(&granted.operators)
        .filter(move |usable| usable.level.is_some_and(|level| level < than))
        .filter(move |usable| !shared.contains(usable.policy.as_str()))
}

/// Policies that pods come by only through those who create them. Labels do not ask who creates a pod.
fn people(plan: &NamespacePlan, findings: &mut Findings) {
    let Some(enforced) = plan.labels.enforced_in_the_end() else {
        return;
    };
    // What everybody gains where the namespace was granted a policy as well is another finding.
    let (than, alone) = match plan.granted.level {
        Some(level) => (level, false),
        None => (Level::Restricted, true),
    };
    for usable in only_by_others(plan, than) {
        let lost = usable.level.is_some_and(|level| level < enforced.level);
        let gained = !lost && alone;
        let cluster_wide = usable.binding.starts_with("ClusterRoleBinding");
        if !lost && (!gained || scope::is_system(&plan.name)) {
            continue;
        }
        findings.add_with(
            only_through_people(usable, lost),
            Extra {
                severity: lost.then_some(Severity::Low),
                ..Extra::default()
            },
            Place {
                namespace: Some(plan.name.clone()).filter(|_| !(lost && cluster_wide)),
                object: match cluster_wide {
                    true => usable.binding.clone(),
                    false => String::new(),
                },
                source: plan.source.clone().filter(|_| !cluster_wide),
            },
        );
    }
}

fn only_through_people(usable: &Usable, lost: bool) -> Draft {
    let policy = &usable.policy;
    let (title, consequence, remedy) = match lost {
        true => (
            format!(
                "only people or operators may use policy {policy}, and what it allows will be refused"
            ),
            "labels do not ask who creates a pod: what these could create where nobody else could, nobody can any more",
            "give these pods a namespace of their own at the level they need; or exempt the user by name \
             (exemptions.usernames of the PodSecurityConfiguration, which knows no groups)",
        ),
        false => (
            format!(
                "only people or operators may use policy {policy}, and everybody will get what it allows"
            ),
            "labels do not ask who creates a pod: what only these could create, everybody can who may create pods here",
            "look who may create pods in these namespaces, or move the pods that need it to a namespace of their own",
        ),
    };
    Draft {
        code: "only-through-people",
        title,
        evidence: vec![format!(
            "{} -> {} -> {}",
            usable.subject, usable.binding, usable.role
        )],
        consequence: consequence.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Accounts of the namespace that may use looser policies, and that nothing here runs as.
fn unused(plan: &NamespacePlan, findings: &mut Findings) {
    let Some(enforced) = plan.labels.enforced_in_the_end() else {
        return;
    };
    if scope::is_system(&plan.name) {
        return;
    }
    let own = plan.granted.own.iter().filter(|usable| !usable.used);
    for usable in own.filter(|usable| usable.level.is_some_and(|level| level < enforced.level)) {
        findings.add(
            Draft {
                code: "unused-grant",
                title: format!(
                    "accounts that no workload runs as may use policy {}, where {} is enforced",
                    usable.policy, enforced.level
                ),
                evidence: vec![format!(
                    "{} -> {} -> {}",
                    usable.subject, usable.binding, usable.role
                )],
                consequence: format!(
                    "{} refuses their pods if they need what policy {} allows; pods that come and go, as builds do, may \
                     be in no dump",
                    enforced.level, usable.policy
                ),
                remedy: "look whether the accounts are still used; if so, give the tool their pods or templates"
                    .to_owned(),
            },
            here(plan),
        );
    }
}

/// Grants by wildcard in a namespace. Cluster-wide ones concern no namespace in particular.
fn wildcards(plan: &NamespacePlan, findings: &mut Findings) {
    for usable in &plan.granted.wildcard {
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
