//! Workloads of a namespace: what each satisfies, what refuses it, what policies wrote into it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::render::json::v1::{
    Change, Hardening, MigrationReport, Mutated, Patch, Violation, Workload,
};

use super::anchors::Anchors;
use super::words::{self, Tag};

/// One workload.
#[derive(Serialize)]
pub(super) struct WorkloadView<'a> {
    kind: &'a str,
    name: &'a str,
    /// Where it stands, if another workload of the namespace has the same kind and name; empty otherwise.
    variant: String,
    place: String,
    service_account: &'a str,
    /// The policy that admits it; empty if none does.
    policy: &'a str,
    /// Empty if the policy is not in the report.
    policy_href: String,
    via: &'a str,
    written: Satisfied<'a>,
    stored: Satisfied<'a>,
    /// Only where a patch is planned.
    patched: Option<Satisfied<'a>>,
    // As in `Columns`, which would make a map of each of these views if it were flattened into it.
    policy_columns: bool,
    patched_column: bool,
    column_count: usize,
    /// Whether there is anything below.
    has_details: bool,
    violations: Vec<ViolationView<'a>>,
    /// What the policy writes and no patch keeps.
    unkept: Vec<MutationView<'a>>,
    notes: &'a [String],
    /// The patch, line by line.
    patch: Vec<String>,
    /// How to apply the patch.
    patch_note: String,
    /// What the patch writes.
    edits: Vec<MutationView<'a>>,
    /// What the policy writes and the patch does not, because it weakens the pod.
    loosening: Vec<MutationView<'a>>,
    /// What would get it to tighter levels.
    hardening: Vec<HardeningView<'a>>,
}

/// A proposal.
#[derive(Serialize)]
pub(super) struct HardeningView<'a> {
    /// The level, and what the old policies say of it.
    note: String,
    edits: Vec<MutationView<'a>>,
}

/// The columns that the table of a namespace has besides those that every table has.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Columns {
    /// What policies make of the workloads: only where the input has policies.
    policy_columns: bool,
    /// What patches would make of them: only where some are planned.
    patched_column: bool,
    /// How many columns there are in all.
    column_count: usize,
}

/// A set of levels.
#[derive(Serialize)]
pub(super) struct Satisfied<'a> {
    /// The tightest of them.
    level: Tag<'a>,
    /// What the tightest does not say; empty for the usual sets, which include every looser level.
    but: String,
}

/// A violation, and the levels that it breaks.
#[derive(Serialize)]
pub(super) struct ViolationView<'a> {
    check: &'a str,
    reason: &'a str,
    detail: &'a str,
    levels: String,
}

/// One field that a policy or a patch writes.
#[derive(Serialize)]
pub(super) struct MutationView<'a> {
    path: &'a str,
    /// Whether there is a value before.
    was: bool,
    before: String,
    after: String,
    /// What follows when it is not written any more; empty where that is no question.
    without: &'a str,
}

/// Workloads of a report up to which all details are written out. A page with many more takes browsers long to open.
const DETAILED: usize = 10_000;

/// How many workloads of each namespace have their details written out.
pub(super) fn detailed(report: &MigrationReport) -> usize {
    let all: usize = report
        .namespaces
        .iter()
        .map(|namespace| namespace.workloads.len())
        .sum();
    match all > DETAILED {
        true => (DETAILED / report.namespaces.len().max(1)).max(1),
        false => DETAILED,
    }
}

/// The workloads of a namespace, and how many of them have no details; empty if all have.
///
/// The ones that satisfy least come first where not all can have them: they are what holds the namespace back.
pub(super) fn all<'a>(
    workloads: &'a [Workload],
    columns: Columns,
    detailed: usize,
    anchors: &Anchors,
) -> (Vec<WorkloadView<'a>>, String) {
    let mut names: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for workload in workloads {
        *names.entry((&workload.kind, &workload.name)).or_default() += 1;
    }
    let mut order: Vec<usize> = (0..workloads.len())
        .filter(|at| has_details(&workloads[*at]))
        .collect();
    order.sort_by_key(|at| satisfied(Some(&workloads[*at].satisfies)).level.rank);
    let bare = order.split_off(detailed.min(order.len()));
    let mut views: Vec<WorkloadView> = workloads
        .iter()
        .map(|workload| {
            let mut view = view(workload, columns, anchors);
            if names[&(workload.kind.as_str(), workload.name.as_str())] > 1 {
                view.variant.clone_from(&view.place);
            }
            view
        })
        .collect();
    for at in order {
        views[at].tell(&workloads[at]);
    }
    let sentence = match bare.len() {
        0 => String::new(),
        many => format!(
            "The details of {} are left out; report.json has them.",
            words::count(many, "workload", "workloads")
        ),
    };
    (views, sentence)
}

/// The columns of the table of these workloads.
pub(super) fn columns(report: &MigrationReport, workloads: &[Workload]) -> Columns {
    let policy_columns = !report.policies.is_empty();
    let patched_column = workloads
        .iter()
        .any(|workload| workload.satisfies_patched.is_some());
    Columns {
        policy_columns,
        patched_column,
        column_count: 3 + 2 * usize::from(policy_columns) + usize::from(patched_column),
    }
}

/// Whether there is more to say of a workload than its row does.
fn has_details(workload: &Workload) -> bool {
    workload.violations.values().any(|found| !found.is_empty())
        || unspoken(workload).next().is_some()
        || !workload.notes.is_empty()
        || workload.patch.is_some()
}

/// A workload without its details.
fn view<'a>(workload: &'a Workload, columns: Columns, anchors: &Anchors) -> WorkloadView<'a> {
    let policy = workload.policy.as_deref().unwrap_or_default();
    WorkloadView {
        kind: &workload.kind,
        name: &workload.name,
        variant: String::new(),
        place: words::place(Some(&workload.source)),
        service_account: &workload.service_account,
        policy,
        policy_href: anchors.policies.href(policy),
        via: workload.via.as_deref().unwrap_or_default(),
        written: satisfied(Some(&workload.satisfies)),
        stored: satisfied(workload.satisfies_stored.as_deref()),
        patched: workload
            .satisfies_patched
            .as_ref()
            .map(|levels| satisfied(Some(levels))),
        policy_columns: columns.policy_columns,
        patched_column: columns.patched_column,
        column_count: columns.column_count,
        has_details: false,
        violations: Vec::new(),
        unkept: Vec::new(),
        notes: &[],
        patch: Vec::new(),
        patch_note: String::new(),
        edits: Vec::new(),
        loosening: Vec::new(),
        hardening: Vec::new(),
    }
}

impl<'a> WorkloadView<'a> {
    /// Adds the details.
    fn tell(&mut self, workload: &'a Workload) {
        self.has_details = true;
        self.violations = violations(&workload.violations);
        self.unkept = unspoken(workload)
            .map(|mutated| written(&mutated.change, &mutated.consequence))
            .collect();
        self.notes = &workload.notes;
        if let Some(patch) = &workload.patch {
            self.patch = patch.object.as_ref().map_or(Vec::new(), words::lines);
            self.patch_note = patch_note(patch);
            self.edits = kept(&patch.edits, &workload.mutations);
            self.loosening = kept(&patch.loosening, &workload.mutations);
        }
        self.hardening = workload.hardening.iter().map(hardening).collect();
    }
}

fn changes(changes: &[Change]) -> Vec<MutationView<'_>> {
    changes.iter().map(|change| written(change, "")).collect()
}

/// Changes of a patch, with what follows where the policy does not write them any more.
fn kept<'a>(changes: &'a [Change], mutations: &'a [Mutated]) -> Vec<MutationView<'a>> {
    let consequences: BTreeMap<&str, &str> = mutations
        .iter()
        .map(|mutated| (mutated.change.path.as_str(), mutated.consequence.as_str()))
        .collect();
    let of = |change: &Change| {
        let consequence = consequences.get(change.path.as_str()).copied();
        // The one field that a patch writes and no policy does.
        let demanded = change.path.ends_with("runAsNonRoot");
        consequence.or(demanded.then_some("the pods are refused where restricted is enforced"))
    };
    changes
        .iter()
        .map(|change| written(change, of(change).unwrap_or_default()))
        .collect()
}

/// What the policy writes and no patch speaks of.
fn unspoken(workload: &Workload) -> impl Iterator<Item = &Mutated> {
    let spoken: BTreeSet<&str> = workload
        .patch
        .iter()
        .flat_map(|patch| patch.edits.iter().chain(&patch.loosening))
        .map(|change| change.path.as_str())
        .collect();
    workload
        .mutations
        .iter()
        .filter(move |mutated| !spoken.contains(mutated.change.path.as_str()))
        // The old annotations of seccomp only repeat the field.
        .filter(|mutated| !mutated.change.path.contains("seccomp.security.alpha"))
}

fn written<'a>(change: &'a Change, without: &'a str) -> MutationView<'a> {
    MutationView {
        path: &change.path,
        was: change.before.as_ref().is_some_and(|value| !value.is_null()),
        before: words::value(change.before.as_ref(), "unset"),
        after: words::value(change.after.as_ref(), "removed"),
        without,
    }
}

/// What the proof of a patch means for applying it.
fn patch_note(patch: &Patch) -> String {
    if patch.object.is_none() && patch.edits.is_empty() {
        return "The policy writes nothing that a template should keep:".to_owned();
    }
    let proof = match patch.proof.as_str() {
        "accepted" => "the policies accept it",
        "refused" => "the policies refuse it, so it has to wait until they are bypassed or off",
        "otherPolicy" => {
            "with it another policy would be chosen, so it has to wait until they are bypassed or off"
        }
        _ => "the policy still writes over it, so it has to wait until it is bypassed or off",
    };
    let stage = match (&patch.stage, &patch.unstaged) {
        (Some(stage), _) => format!("{stage} applies it"),
        (None, Some(why)) => {
            format!("no stage applies it, because {why}: write it into the template yourself")
        }
        (None, None) => "no stage applies it: write it into the template yourself".to_owned(),
    };
    format!("Patch that keeps what the policy writes; {proof}; {stage}:")
}

fn hardening(hardening: &Hardening) -> HardeningView<'_> {
    let proof = match hardening.proof.as_deref() {
        None => "",
        Some("accepted") => " The policies accept it.",
        Some("refused") => " The policies refuse it: not before they are bypassed or off.",
        Some(_) => " Not before the policies are bypassed or off.",
    };
    HardeningView {
        note: format!(
            "Proposal for {}, unproven: whether the program bears it, only a trial shows.{proof}",
            hardening.level
        ),
        edits: changes(&hardening.edits),
    }
}

/// The tightest level of a set, and the looser ones that are not in it; `None` where the pod would not be stored.
fn satisfied<'a>(levels: Option<&'a [String]>) -> Satisfied<'a> {
    const ORDER: [&str; 3] = ["restricted", "baseline", "privileged"];
    let Some(levels) = levels else {
        return Satisfied {
            level: words::level(None, "not admitted"),
            but: String::new(),
        };
    };
    let has = |level: &str| levels.iter().any(|other| other == level);
    let tightest = ORDER.iter().position(|level| has(level));
    let missing: Vec<String> = ORDER[tightest.unwrap_or(ORDER.len())..]
        .iter()
        .filter(|level| !has(level))
        .map(|level| (*level).to_owned())
        .collect();
    Satisfied {
        level: words::level(tightest.map(|position| ORDER[position]), "none"),
        but: match missing.is_empty() {
            true => String::new(),
            false => format!("but not {}", words::and(&missing)),
        },
    }
}

/// Each violation once, with the levels that it breaks, in the order of the loosest level.
fn violations(by_level: &BTreeMap<String, Vec<Violation>>) -> Vec<ViolationView<'_>> {
    let mut views: Vec<ViolationView> = Vec::new();
    let mut positions = BTreeMap::new();
    for (level, violations) in by_level {
        for violation in violations {
            let key = (&violation.check, &violation.reason, &violation.detail);
            match positions.get(&key) {
                Some(position) => {
                    let view: &mut ViolationView = &mut views[*position];
                    view.levels = format!("{}, {level}", view.levels);
                }
                None => {
                    positions.insert(key, views.len());
                    views.push(ViolationView {
                        check: &violation.check,
                        reason: &violation.reason,
                        detail: &violation.detail,
                        levels: level.clone(),
                    });
                }
            }
        }
    }
    views
}
