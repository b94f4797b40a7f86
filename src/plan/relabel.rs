//! What the API server says of the pods that exist when a namespace gets another enforce label.
//!
//! It is the summary that `kubectl label` prints as warnings, so that people recognise it, made of all pods of the
//! input: without upstream's limits of 3,000 pods and one second. Nothing is refused by it: the pods stay until
//! something replaces them.

use std::borrow::Cow;

use crate::model::defaults;
use crate::model::pod::Pod;
use crate::model::workload::{Origin, Workload};
use crate::pss::admission::existing::{groups, warnings};
use crate::pss::admission::request::may_refuse_more;
use crate::pss::admission::{Mode, Policy, policy_of};
use crate::pss::{Level, LevelVersion, Version, evaluator, reason};

use super::homes::Home;
use super::labels::Labels;

/// The answer to one enforce label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relabelling {
    /// The level and version of the label.
    pub enforce: LevelVersion,
    /// What the API server would say, line by line; at least two lines.
    pub warnings: Vec<String>,
}

/// What would be said of each level that existing pods violate, looser levels first. Levels are taken at the version
/// of the label that will be in force, else at the target version.
///
/// Like upstream, it says nothing of a label that cannot refuse more than the one that is there.
pub(super) fn relabellings(
    name: &str,
    home: &Home,
    labels: &Labels,
    target: Version,
) -> Vec<Relabelling> {
    let all = home
        .workloads
        .iter()
        .chain(home.explained.iter().map(|(pod, _)| pod));
    let pods: Vec<Cow<Pod>> = all
        .filter(|workload| workload.origin == Origin::Pod)
        .map(|workload| stored(workload))
        .collect();
    if pods.is_empty() {
        return Vec::new();
    }
    let before = policy_of(&labels.before, &Policy::PRIVILEGED).0.enforce;
    let enforced = [labels.in_force(Mode::Enforce), labels.enforced_later()];
    [Level::Baseline, Level::Restricted]
        .into_iter()
        .map(|level| LevelVersion {
            level,
            version: enforced
                .into_iter()
                .flatten()
                .find(|enforced| enforced.level == level)
                .map_or(target, |enforced| enforced.version),
        })
        .filter(|enforce| may_refuse_more(*enforce, before))
        .map(|enforce| {
            let evaluator = evaluator(enforce.version);
            let judged = pods.iter().map(|pod| {
                let violations = evaluator.evaluate(enforce.level, pod);
                (pod.metadata.name.as_str(), reason(&violations))
            });
            Relabelling {
                enforce,
                warnings: warnings(name, enforce, &groups(judged)),
            }
        })
        .filter(|relabelling| !relabelling.warnings.is_empty())
        .collect()
}

/// The pod as the API server keeps it.
fn stored<'w>(workload: &'w Workload) -> Cow<'w, Pod> {
    if workload.meta.from_cluster() {
        return Cow::Borrowed(&workload.pod);
    }
    let mut pod = workload.pod.clone();
    defaults::apply(&mut pod);
    Cow::Owned(pod)
}
