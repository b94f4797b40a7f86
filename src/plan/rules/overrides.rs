//! Findings about levels that somebody has set whatever the evidence.

use crate::plan::findings::{Draft, Findings};
use crate::plan::settings::Effect;
use crate::plan::workloads::WorkloadPlan;
use crate::plan::{Context, NamespacePlan, level};
use crate::pss;

use super::here;

/// What an override does against the evidence.
pub(super) fn namespace(plan: &NamespacePlan, context: &Context, findings: &mut Findings) {
    let Some(overridden) = &plan.overridden else {
        return;
    };
    let (Some(set), instead) = (overridden.rule.enforce, overridden.instead) else {
        return;
    };
    let draft = match (overridden.effect(), instead) {
        (Effect::None, _) => return,
        (Effect::Looser, instead) => Draft {
            code: "override-looser",
            title: format!(
                "an override enforces {set}, where {} would do",
                instead.unwrap_or(set)
            ),
            evidence: Vec::new(),
            consequence: "pods are admitted that nothing here needs".to_owned(),
            remedy: "take the override out, or keep it as long as its reason holds".to_owned(),
        },
        (Effect::Tighter, instead) => Draft {
            code: "override-tighter",
            title: format!(
                "an override enforces {set}, although the evidence gives {}",
                instead.unwrap_or(set)
            ),
            evidence: refused(plan, context, set),
            consequence: "what violates the level is refused when its pods are created anew"
                .to_owned(),
            remedy: "change the workloads first, or take the override out".to_owned(),
        },
        (Effect::Unproven, _) => Draft {
            code: "override-unproven",
            title: format!("an override enforces {set}, where the evidence gives no level"),
            evidence: vec![format!("{}: {}", plan.name, overridden.brief)],
            consequence: "pods that the input does not show are refused if they violate the level"
                .to_owned(),
            remedy: "give the tool what is missing, or be sure of the reason of the override"
                .to_owned(),
        },
    };
    let said = format!(
        "{}: {}: {}",
        plan.name, overridden.rule.source, overridden.rule.reason
    );
    let mut draft = draft;
    draft.evidence.insert(0, said);
    findings.add(draft, here(plan));
}

/// The workloads that the level refuses, with the reasons; one line.
fn refused(plan: &NamespacePlan, context: &Context, set: pss::Level) -> Vec<String> {
    let counting = plan.workloads.iter().filter(|workload| workload.counts);
    let refused: Vec<String> = counting
        .chain(&plan.live)
        .filter(|workload| !workload.binding_set(context.options.prefer).contains(set))
        .map(WorkloadPlan::title)
        .collect();
    match refused.is_empty() {
        true => vec![format!(
            "{}: no workload of the input is refused",
            plan.name
        )],
        false => vec![format!(
            "{}: {} would be refused",
            plan.name,
            level::list(&refused)
        )],
    }
}
