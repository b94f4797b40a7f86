//! Which checks are in force, in which order, and what they say together.
//!
//! Upstream: `policy/registry.go`, `policy/checks.go`.

use crate::model::pod::Pod;
use crate::pss::check::{Check, Revision, Violation};
use crate::pss::checks::CHECKS;
use crate::pss::version::{Level, LevelSet, LevelVersion, Version};

/// A check and the revision of it that is in force.
pub type Active = (&'static Check, &'static Revision);

/// The checks of one version, ready to judge many pods. Judging a pod that passes allocates nothing, seccomp annotations
/// before v1.19 apart.
#[derive(Debug)]
pub struct Evaluator {
    baseline: Vec<Active>,
    restricted: Vec<Active>,
}

impl Evaluator {
    /// What the level forbids in this pod, in evaluation order. Empty means allowed.
    pub fn evaluate(&self, level: Level, pod: &Pod) -> Vec<Violation> {
        self.violations(level, pod).collect()
    }

    /// The levels that this pod satisfies.
    pub fn satisfies(&self, pod: &Pod) -> LevelSet {
        [Level::Baseline, Level::Restricted]
            .into_iter()
            .filter(|level| self.violations(*level, pod).next().is_none())
            .fold(LevelSet::PRIVILEGED, LevelSet::with)
    }

    fn violations<'a>(
        &'a self,
        level: Level,
        pod: &'a Pod,
    ) -> impl Iterator<Item = Violation> + use<'a> {
        let active: &[Active] = match level {
            Level::Privileged => &[],
            Level::Baseline => &self.baseline,
            Level::Restricted => &self.restricted,
        };
        active.iter().filter_map(|(check, revision)| {
            let forbidden = (revision.pod)(pod)?;
            Some(Violation {
                check: check.id,
                reason: forbidden.reason,
                detail: forbidden.detail,
            })
        })
    }
}

/// The checks of a version.
pub fn evaluator(version: Version) -> Evaluator {
    evaluator_of(CHECKS, version)
}

/// What a level at a version forbids in this pod, in evaluation order. Empty means allowed.
pub fn evaluate(level: Level, version: Version, pod: &Pod) -> Vec<Violation> {
    evaluator(version).evaluate(level, pod)
}

/// The levels that this pod satisfies at a version.
///
/// A set, because levels do not include one another: at v1.25 and later a pod with `os.name: windows` may add any
/// capability at restricted and none of the dangerous ones at baseline.
pub fn satisfies(version: Version, pod: &Pod) -> LevelSet {
    evaluator(version).satisfies(pod)
}

/// The checks that run for a level at a version, in evaluation order.
pub fn active(level: Level, version: Version) -> Vec<Active> {
    active_of(CHECKS, level, version)
}

/// Every check that exists at a version, those included that another one replaces at level restricted, in evaluation
/// order.
pub fn controls(version: Version) -> Vec<Active> {
    controls_of(CHECKS, version).collect()
}

/// The reasons of all violations: what pods of a namespace are grouped by.
pub fn reason(violations: &[Violation]) -> String {
    let reasons: Vec<&str> = violations.iter().map(|v| v.reason).collect();
    reasons.join(", ")
}

/// The reasons and details of all violations: what a client sees of a refusal.
pub fn detail(violations: &[Violation]) -> String {
    let details: Vec<String> = violations
        .iter()
        .map(|v| match v.detail.as_str() {
            "" => v.reason.to_owned(),
            detail => format!("{} ({detail})", v.reason),
        })
        .collect();
    details.join(", ")
}

/// The text of a warning or an audit annotation; empty if there is no violation. The version is printed as requested.
pub fn message(policy: LevelVersion, violations: &[Violation]) -> String {
    if violations.is_empty() {
        return String::new();
    }
    format!(
        r#"would violate PodSecurity "{policy}": {}"#,
        detail(violations)
    )
}

fn evaluator_of(table: &'static [&'static Check], version: Version) -> Evaluator {
    Evaluator {
        baseline: active_of(table, Level::Baseline, version),
        restricted: active_of(table, Level::Restricted, version),
    }
}

fn active_of(table: &'static [&'static Check], level: Level, version: Version) -> Vec<Active> {
    match level {
        Level::Privileged => Vec::new(),
        Level::Baseline => controls_of(table, version)
            .filter(|(check, _)| check.level == Level::Baseline)
            .collect(),
        Level::Restricted => {
            let overridden: Vec<&str> = controls_of(table, version)
                .flat_map(|(_, revision)| revision.overrides.iter().copied())
                .collect();
            controls_of(table, version)
                .filter(|(check, _)| !overridden.contains(&check.id))
                .collect()
        }
    }
}

/// The table is in evaluation order, so nothing is sorted here.
fn controls_of(table: &'static [&'static Check], version: Version) -> impl Iterator<Item = Active> {
    table
        .iter()
        .filter_map(move |check| Some((*check, check.at(version)?)))
}

#[cfg(test)]
mod tests {
    use super::{active_of, evaluator_of};
    use crate::model::pod::Pod;
    use crate::pss::check::Check;
    use crate::pss::invented::{invented, since};
    use crate::pss::version::{Level, LevelSet, Version};

    static TABLE: &[&Check] = &[
        &invented("a", Level::Baseline, &[since(0, &[])]),
        &invented("b", Level::Baseline, &[since(10, &[])]),
        &invented(
            "c",
            Level::Baseline,
            &[since(0, &[]), since(5, &[]), since(10, &[])],
        ),
        &invented("d", Level::Restricted, &[since(0, &[]), since(11, &["a"])]),
        &invented(
            "e",
            Level::Restricted,
            &[since(10, &["b", "c"]), since(12, &["b"])],
        ),
    ];

    #[track_caller]
    fn runs(level: Level, version: Version, expected: &str) {
        let active: Vec<String> = active_of(TABLE, level, version)
            .iter()
            .map(|(check, revision)| format!("{}:{}", check.id, revision.since))
            .collect();
        assert_eq!(active.join(" "), expected, "{level}:{version}");
    }

    #[test]
    fn the_newest_revision_not_newer_than_the_version_runs() {
        runs(Level::Privileged, Version::Latest, "");
        runs(Level::Baseline, Version::Minor(0), "a:0 c:0");
        runs(Level::Baseline, Version::Minor(4), "a:0 c:0");
        runs(Level::Baseline, Version::Minor(5), "a:0 c:5");
        runs(Level::Baseline, Version::Minor(10), "a:0 b:10 c:10");
        runs(Level::Baseline, Version::Minor(9999), "a:0 b:10 c:10");
        runs(Level::Baseline, Version::Latest, "a:0 b:10 c:10");
    }

    #[test]
    fn restricted_drops_what_is_overridden_from_the_overriding_revision_on() {
        runs(Level::Restricted, Version::Minor(0), "a:0 c:0 d:0");
        runs(Level::Restricted, Version::Minor(9), "a:0 c:5 d:0");
        runs(Level::Restricted, Version::Minor(10), "a:0 d:0 e:10");
        runs(Level::Restricted, Version::Minor(11), "d:11 e:10");
        runs(Level::Restricted, Version::Latest, "c:10 d:11 e:12");
    }

    #[test]
    fn every_check_runs_and_violations_keep_the_order_of_the_table() {
        let evaluator = evaluator_of(TABLE, Version::Latest);
        let mut pod = Pod::default();
        assert_eq!(evaluator.satisfies(&pod), LevelSet::ALL);
        pod.metadata.name = "x".to_owned();
        let ids: Vec<&str> = evaluator
            .evaluate(Level::Restricted, &pod)
            .iter()
            .map(|violation| violation.check)
            .collect();
        assert_eq!(ids, ["c", "d", "e"]);
        assert_eq!(evaluator.satisfies(&pod), LevelSet::PRIVILEGED);
    }
}
