//! Every workload against the standards, in the order of the input.

use rayon::prelude::*;

use crate::model::defaults;
use crate::model::workload::Workload;
use crate::pss::{self, Level, LevelSet, Version, Violation};

/// Judges workloads, copies and nameless ones included, with the defaults that the API server would fill in.
///
/// The pod of a template is judged as the pod that will be made of it.
pub fn judge(workloads: Vec<Workload>, question: &Question) -> Vec<Checked> {
    let evaluator = pss::evaluator(question.version);
    workloads
        .into_par_iter()
        .filter(|workload| question.namespace.is_none() || workload.namespace == question.namespace)
        .map(|mut workload| {
            defaults::apply(&mut workload.pod);
            let satisfies = evaluator.satisfies(&workload.pod);
            let level = question.level.unwrap_or(match satisfies.tightest() {
                Level::Privileged => Level::Baseline,
                Level::Baseline | Level::Restricted => Level::Restricted,
            });
            Checked {
                violations: evaluator.evaluate(level, &workload.pod),
                workload,
                level,
                satisfies,
            }
        })
        .collect()
}

/// What [`judge`] is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The level to judge by; `None` asks for the tightest level of each.
    pub level: Option<Level>,
    /// The version.
    pub version: Version,
    /// Only workloads of this namespace.
    pub namespace: Option<String>,
}

/// One workload and what the standards say of it.
#[derive(Debug)]
pub struct Checked {
    /// The workload.
    pub workload: Workload,
    /// The level whose violations these are: the one asked for, else the next one tighter than what it satisfies.
    pub level: Level,
    /// Empty if the level admits it.
    pub violations: Vec<Violation>,
    /// Levels that it satisfies.
    pub satisfies: LevelSet,
}
