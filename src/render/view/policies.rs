//! Policies: what each maps to, check by check.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::json::v1::{Control, MigrationReport, Mutation, Policy, Unmapped};

use super::anchors::Anchors;
use super::words::{self, Tag};

/// One policy.
#[derive(Serialize)]
pub(super) struct PolicyView<'a> {
    id: String,
    name: &'a str,
    place: String,
    level: Tag<'a>,
    strict_level: Tag<'a>,
    /// The checks that keep the strict level from being tighter, as a list of words; empty if none does.
    open_checks: String,
    summary: &'a str,
    /// For each level that is out of reach, the checks in the way.
    blocked: Vec<Blocked<'a>>,
    /// How many namespaces can use it, and how many workloads it admits.
    used: String,
    /// None if the policy admits no pod: each would only say so again.
    controls: Vec<ControlView<'a>>,
    mutations: &'a [Mutation],
    unmapped: &'a [Unmapped],
}

/// The checks in the way of a level.
#[derive(Serialize)]
struct Blocked<'a> {
    level: Tag<'a>,
    checks: String,
}

/// The verdict of one check.
#[derive(Serialize)]
struct ControlView<'a> {
    check: &'a str,
    level: Tag<'a>,
    verdict: Tag<'a>,
    field: &'a str,
    value: &'a str,
    message: &'a str,
    /// A pod that shows it, line by line; none if none was built.
    witness: Vec<String>,
}

/// All policies of the report.
pub(super) fn all<'a>(report: &'a MigrationReport, anchors: &Anchors) -> Vec<PolicyView<'a>> {
    let mut usable: BTreeMap<&str, usize> = BTreeMap::new();
    let mut chosen: BTreeMap<&str, usize> = BTreeMap::new();
    for namespace in &report.namespaces {
        for policy in &namespace.policies {
            *usable.entry(policy).or_default() += 1;
        }
        for policy in namespace
            .workloads
            .iter()
            .filter_map(|it| it.policy.as_deref())
        {
            *chosen.entry(policy).or_default() += 1;
        }
    }
    report
        .policies
        .iter()
        .enumerate()
        .map(|(position, policy)| {
            let of = |counts: &BTreeMap<&str, usize>| {
                counts
                    .get(policy.name.as_str())
                    .copied()
                    .unwrap_or_default()
            };
            let used = format!(
                "usable in {} by other than a wildcard; admits {}",
                words::count(of(&usable), "namespace", "namespaces"),
                words::count(of(&chosen), "workload", "workloads"),
            );
            view(policy, anchors.policies.id(position), used)
        })
        .collect()
}

fn view(policy: &Policy, id: String, used: String) -> PolicyView<'_> {
    let blocked = [
        ("baseline", &policy.blocked_by.baseline),
        ("restricted", &policy.blocked_by.restricted),
    ];
    PolicyView {
        id,
        name: &policy.name,
        place: words::place(policy.source.as_ref()),
        level: words::level(policy.level.as_deref(), "no level"),
        strict_level: words::level(policy.strict_level.as_deref(), "no level"),
        open_checks: open_checks(policy),
        summary: &policy.summary,
        blocked: blocked
            .into_iter()
            .filter(|(_, checks)| !checks.is_empty())
            .map(|(level, checks)| Blocked {
                level: words::level(Some(level), ""),
                checks: words::and(checks),
            })
            .collect(),
        used,
        controls: policy
            .controls
            .iter()
            .filter(|_| policy.level.is_some())
            .map(control)
            .collect(),
        mutations: &policy.mutations,
        unmapped: &policy.unmapped,
    }
}

/// The checks of the next tighter level that pods admitted by the policy can fail.
fn open_checks(policy: &Policy) -> String {
    let tighter = match policy.strict_level.as_deref() {
        Some("privileged") => "baseline",
        Some("baseline") => "restricted",
        _ => return String::new(),
    };
    let checks: Vec<String> = policy
        .controls
        .iter()
        .filter(|control| control.level == tighter && control.verdict != "enforced")
        .map(|control| control.check.clone())
        .collect();
    words::and(&checks)
}

fn control(control: &Control) -> ControlView<'_> {
    ControlView {
        check: &control.check,
        level: words::level(Some(&control.level), ""),
        verdict: words::verdict(&control.verdict),
        field: &control.field,
        value: &control.value,
        message: &control.message,
        witness: control
            .witness
            .as_ref()
            .map(words::lines)
            .unwrap_or_default(),
    }
}
