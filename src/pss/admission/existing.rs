//! What is said about the pods of a namespace when its enforce level becomes stricter: warnings, grouped by reason.
//!
//! Nothing is refused: pods that run stay, and meet the level when they are created again.
//!
//! Upstream: `EvaluatePodsInNamespace` in `admission/admission.go` (1.37).

use std::collections::{BTreeMap, BTreeSet};

use crate::go;
use crate::model::pod::Pod;
use crate::pss::admission::configuration::Configuration;
use crate::pss::{LevelVersion, evaluator, reason};

/// Pods that violate a level for the same reasons.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// The reasons, as [`crate::pss::reason`] joins them.
    pub reasons: String,
    /// The first name in bytewise order.
    pub first: String,
    /// How many pods; at least one.
    pub pods: usize,
}

/// Groups pods, given as name and reasons, by their reasons; pods without a reason violate nothing. The order of the
/// pods does not matter, and the groups are ordered by their reasons.
pub fn groups<'a>(pods: impl IntoIterator<Item = (&'a str, String)>) -> Vec<Group> {
    let mut by_reasons: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for (name, reasons) in pods {
        if reasons.is_empty() {
            continue;
        }
        let (first, count) = by_reasons.entry(reasons).or_insert((name, 0));
        *first = name.min(first);
        *count += 1;
    }
    by_reasons
        .into_iter()
        .map(|(reasons, (first, pods))| Group {
            reasons,
            first: first.to_owned(),
            pods,
        })
        .collect()
}

/// The warnings about groups of pods that violate a new enforce level, in upstream's words and order.
pub fn warnings(namespace: &str, enforce: LevelVersion, groups: &[Group]) -> Vec<String> {
    if groups.is_empty() {
        return Vec::new();
    }
    let mut lines: Vec<String> = groups.iter().map(line).collect();
    lines.sort();
    lines.insert(
        0,
        format!(
            "existing pods in namespace {} violate the new PodSecurity enforce level \"{enforce}\"",
            go::quoted(namespace)
        ),
    );
    lines
}

fn line(group: &Group) -> String {
    let Group {
        reasons,
        first,
        pods,
    } = group;
    match pods {
        0 | 1 => format!("{first}: {reasons}"),
        2 => format!("{first} (and 1 other pod): {reasons}"),
        _ => format!("{first} (and {} other pods): {reasons}", pods - 1),
    }
}

/// How much the plugin looks at before it answers.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// The most pods to evaluate; [`Limits::MAX_PODS`] upstream.
    pub max_pods: usize,
    /// Whether the time for the answer (one second upstream, or half of what the request has left) is over. Asked after
    /// each pod.
    pub time_is_over: &'a dyn Fn() -> bool,
}

impl Limits<'_> {
    /// Upstream's `max_pods`.
    pub const MAX_PODS: usize = 3000;
}

/// What the plugin warns of when `enforce` becomes the level of a namespace with these pods, in the order listed.
pub(super) fn evaluated(
    configuration: &Configuration,
    limits: Limits<'_>,
    namespace: &str,
    enforce: LevelVersion,
    pods: &[Pod],
) -> Vec<String> {
    let pods = prioritized(configuration, pods);
    let evaluator = evaluator(enforce.version);
    let mut refused = Vec::new();
    let mut checked = 0;
    for pod in pods.iter().take(limits.max_pods) {
        let reasons = reason(&evaluator.evaluate(enforce.level, pod));
        refused.push((pod.metadata.name.as_str(), reasons));
        checked += 1;
        if (limits.time_is_over)() {
            break;
        }
    }
    let mut result = Vec::new();
    if checked < pods.len() {
        result.push(format!(
            "new PodSecurity enforce level only checked against the first {checked} of {} existing pods",
            pods.len()
        ));
    }
    result.extend(warnings(namespace, enforce, &groups(refused)));
    result
}

/// Pods that are not exempt, one pod of each controller before its other replicas.
fn prioritized<'a>(configuration: &Configuration, pods: &'a [Pod]) -> Vec<&'a Pod> {
    let mut controllers = BTreeSet::new();
    let (mut first, replicas): (Vec<&Pod>, Vec<&Pod>) = pods
        .iter()
        .filter(|pod| !configuration.exempts_runtime_class(pod.spec.runtime_class_name.as_deref()))
        .partition(|pod| {
            pod.metadata
                .controller()
                .is_none_or(|controller| controllers.insert(controller.uid.as_str()))
        });
    first.extend(replicas);
    first
}
