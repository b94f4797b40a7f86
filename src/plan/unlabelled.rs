//! What namespaces get that no label speaks for: those that no file of the plan labels, those that the input does not
//! show, and those that are still to come.
//!
//! PodSecurityPolicy refused pods wherever nothing was granted; without labels, Pod Security Admission refuses nothing.
//! Defaults close that gap, but they hold for every namespace without a label at once. So the enforce default is
//! tighter than privileged only where it is known to refuse nothing that runs: the input lists all namespaces of the
//! cluster, and the plan is conclusive for each of them.
//!
//! Upstream: how defaults and exemptions work is [`crate::pss::admission`].

use crate::model::Inventory;
use crate::pss::admission::{Mode, Policy};
use crate::pss::{Level, LevelVersion, Version};

use super::level::Status;
use super::{Aim, NamespacePlan, Options, labels};

/// Defaults and exemptions that fit the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlabelled {
    /// What a namespace without labels gets.
    pub defaults: Policy,
    /// Why the enforce default is what it is, in sentences without full stops.
    pub reasons: Vec<String>,
    /// The enforce default to aim for; that of `defaults` if nothing stands in the way.
    pub aim: Level,
    /// Namespaces to exempt, sorted by name.
    pub exempt: Vec<Uncovered>,
    /// Namespaces that no file of the plan gives an enforce label, sorted by name.
    pub uncovered: Vec<Uncovered>,
}

/// A namespace, and why it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    /// Name: a valid DNS label.
    pub namespace: String,
    /// Why, as a phrase.
    pub reason: String,
}

/// The level for namespaces that nothing is known of: it prevents known escalations, and admits pods that ask for
/// nothing special.
const AIM: Level = Level::Baseline;

/// Decides; `None` where only one namespace is planned, or none: then nothing is known of the cluster.
pub(super) fn unlabelled(
    inventory: &Inventory,
    namespaces: &[NamespacePlan],
    target: Version,
    options: &Options,
) -> Option<Unlabelled> {
    if options.only.is_some() || namespaces.is_empty() {
        return None;
    }
    let open = namespaces
        .iter()
        .filter(|namespace| namespace.labels.in_force(Mode::Enforce).is_none());
    let (excluded, unsettled): (Vec<&NamespacePlan>, Vec<&NamespacePlan>) =
        open.partition(|namespace| namespace.decision.status == Status::Excluded);
    let mut reasons = Vec::new();
    if !lists_all_namespaces(inventory) {
        reasons.push(
            "the input does not list the namespaces of the cluster, so there may be others, in which a tighter default \
             would refuse pods"
                .to_owned(),
        );
    }
    if !unsettled.is_empty() {
        reasons.push(format!(
            "the plan is inconclusive for {}, whose pods a tighter default could refuse",
            match unsettled.as_slice() {
                [one] => one.name.clone(),
                many => format!("{} namespaces", many.len()),
            }
        ));
    }
    let enforce = match reasons.is_empty() {
        true => AIM,
        false => Level::Privileged,
    };
    if reasons.is_empty() {
        reasons.push(format!(
            "every namespace that the plan covers has an enforce label of its own, so this holds for new ones: {AIM} \
             prevents known escalations and admits pods that ask for nothing special"
        ));
    }
    let exempt = match enforce {
        Level::Privileged => Vec::new(),
        Level::Baseline | Level::Restricted => excluded
            .iter()
            .map(|namespace| Uncovered {
                namespace: namespace.name.clone(),
                reason: format!(
                    "it is to be left as it is, has no enforce label, and would enforce {enforce} otherwise"
                ),
            })
            .collect(),
    };
    let at = |level| LevelVersion {
        level,
        version: target,
    };
    let aim = |aim| match aim {
        Aim::Level(level) => level,
        Aim::Next => labels::next(enforce),
    };
    let mut uncovered: Vec<Uncovered> = excluded
        .into_iter()
        .chain(unsettled)
        .map(|namespace| Uncovered {
            namespace: namespace.name.clone(),
            reason: format!(
                "{}: {}",
                namespace.decision.status.as_str(),
                namespace.decision.brief
            ),
        })
        .collect();
    uncovered.sort_by(|a, b| a.namespace.cmp(&b.namespace));
    Some(Unlabelled {
        defaults: Policy {
            enforce: at(enforce),
            audit: at(aim(options.audit)),
            warn: at(aim(options.warn)),
        },
        reasons,
        aim: AIM,
        exempt,
        uncovered,
    })
}

/// The namespaces that every cluster has.
const ALWAYS: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Whether the input lists the namespaces of a cluster: then those that every cluster has are among them, as the server
/// has them.
fn lists_all_namespaces(inventory: &Inventory) -> bool {
    ALWAYS.into_iter().all(|name| {
        let mut listed = inventory.namespaces.iter();
        listed.any(|namespace| namespace.from_cluster && namespace.name == name)
    })
}
