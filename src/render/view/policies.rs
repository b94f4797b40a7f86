//! Policies: what each maps to, check by check.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::json::v1::{Control, MigrationReport, Mutation, Policy, Unmapped};

use super::anchors::Anchors;
use super::graph::{self, Graph};
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
    /// What the summary says besides the level; empty if nothing.
    summary: &'a str,
    /// For each level that is out of reach, the checks in the way.
    blocked: Vec<Blocked<'a>>,
    /// How many namespaces can use it, and how many workloads it admits.
    used: String,
    /// None if the policy admits no pod: each would only say so again.
    controls: Vec<ControlView<'a>>,
    mutations: &'a [Mutation],
    unmapped: &'a [Unmapped],
    /// Who may use it where.
    graph: Option<Graph>,
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
    let mut graphs = graph::of_policies(report);
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
            PolicyView {
                graph: graphs.remove(policy.name.as_str()),
                ..view(policy, anchors.policies.id(position), used)
            }
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
        summary: beyond_level(policy),
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
        graph: None,
    }
}

/// The summary without the level that it begins with, which stands beside it.
fn beyond_level(policy: &Policy) -> &str {
    let level = policy.level.as_deref().unwrap_or_default();
    let rest = policy.summary.strip_prefix(level);
    rest.map_or(&*policy.summary, |rest| {
        rest.trim_start_matches([',', ';', ' '])
    })
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

/// Policies that the matrix shows.
const ROWS: usize = 200;

/// The verdict of every check on every policy.
#[derive(Serialize)]
pub(super) struct Matrix<'a> {
    checks: Vec<&'a str>,
    rows: Vec<MatrixRow<'a>>,
    /// How many policies are left out; empty if none.
    more: String,
}

/// One policy.
#[derive(Serialize)]
struct MatrixRow<'a> {
    href: String,
    name: &'a str,
    level: Tag<'a>,
    verdicts: Vec<Verdict<'a>>,
}

/// The verdict of one check.
#[derive(Serialize)]
struct Verdict<'a> {
    check: &'a str,
    verdict: Tag<'a>,
}

/// The matrix; none if no policy admits any pod.
pub(super) fn matrix<'a>(report: &'a MigrationReport, anchors: &Anchors) -> Option<Matrix<'a>> {
    let admitting = || {
        let policies = report.policies.iter().enumerate();
        policies.filter(|(_, policy)| policy.level.is_some() && !policy.controls.is_empty())
    };
    let (_, first) = admitting().next()?;
    let checks: Vec<&str> = first.controls.iter().map(|it| it.check.as_str()).collect();
    let rows = admitting().take(ROWS).map(|(position, policy)| MatrixRow {
        href: format!("#{}", anchors.policies.id(position)),
        name: &policy.name,
        level: words::level(policy.level.as_deref(), ""),
        verdicts: policy
            .controls
            .iter()
            .map(|control| Verdict {
                check: &control.check,
                verdict: words::verdict(&control.verdict),
            })
            .collect(),
    });
    Some(Matrix {
        checks,
        rows: rows.collect(),
        more: words::left_out(admitting().count(), ROWS),
    })
}
