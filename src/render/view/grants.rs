//! Who was granted which policies, class by class.
//!
//! A grant to everybody or to a cluster role reaches every namespace: written out in each, such lists would be most of
//! the report. A list that two or more namespaces have in common is therefore written once, and they link to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::render::json::v1::{Granted, MigrationReport, Usable};

use super::anchors::Anchors;
use super::words::{self, Tag};

/// The grants of one class in one namespace.
#[derive(Serialize)]
pub(super) struct ClassView<'a> {
    title: &'static str,
    /// The policies and their levels.
    policies: String,
    /// The chains; none if they are written elsewhere.
    chains: Vec<Chain<'a>>,
    /// Where the chains are written, and how that is called; empty if here.
    shared_href: String,
    shared_title: String,
}

/// A list of grants that several namespaces have in common.
#[derive(Serialize)]
pub(super) struct SharedView<'a> {
    id: String,
    title: String,
    class: &'static str,
    meaning: &'static str,
    /// `in 12 namespaces`.
    namespaces: String,
    chains: Vec<Chain<'a>>,
}

/// Subject, binding, role, policies.
#[derive(Serialize)]
pub(super) struct Chain<'a> {
    subject: &'a str,
    binding: &'a str,
    role: &'a str,
    usable: Vec<UsableView<'a>>,
    /// Whether no workload runs as the subject.
    unused: bool,
}

/// A policy at the end of a chain.
#[derive(Serialize)]
struct UsableView<'a> {
    policy: &'a str,
    /// Empty if the policy is not in the report.
    policy_href: String,
    level: Tag<'a>,
}

/// A class of grants.
#[derive(Serialize)]
pub(super) struct Class {
    title: &'static str,
    meaning: &'static str,
    #[serde(skip)]
    list: fn(&Granted) -> &Vec<Usable>,
}

/// The classes, most telling first.
pub(super) const CLASSES: &[Class] = &[
    Class {
        title: "Own",
        meaning: "The namespace's own accounts and groups. Evidence of intent: somebody wanted it to have the policy.",
        list: |granted| &granted.own,
    },
    Class {
        title: "Everyone",
        meaning: "All authenticated users, all accounts or the controllers. Says what was possible, not what was meant.",
        list: |granted| &granted.everyone,
    },
    Class {
        title: "Operators",
        meaning: "Accounts of other namespaces that may create pods here.",
        list: |granted| &granted.operators,
    },
    Class {
        title: "People",
        meaning: "Users and groups of users, who may create pods by hand.",
        list: |granted| &granted.people,
    },
    Class {
        title: "Nodes",
        meaning: "Kubelets, through mirror pods.",
        list: |granted| &granted.nodes,
    },
    Class {
        title: "Wildcards",
        meaning: "Rules with *, such as cluster-admin's. Tell nothing of what was meant.",
        list: |granted| &granted.wildcard,
    },
];

/// Everything that tells one list of grants from another.
pub(super) type Key<'a> = Vec<(&'a str, Option<&'a str>, &'a str, &'a str, &'a str, bool)>;

/// What tells the grants of one namespace from those of another, class by class.
pub(super) fn keys(granted: &Granted) -> Vec<Key<'_>> {
    CLASSES
        .iter()
        .map(|known| key((known.list)(granted)))
        .collect()
}

/// The lists that more than one namespace has, in the order in which they occur first.
pub(super) struct Shared<'a> {
    /// How many policies the report has.
    policies: usize,
    numbers: BTreeMap<(usize, Key<'a>), usize>,
    lists: Vec<(usize, &'a [Usable], usize)>,
}

impl<'a> Shared<'a> {
    /// Finds the lists that namespaces have in common.
    pub(super) fn new(report: &'a MigrationReport) -> Self {
        let mut counts: BTreeMap<(usize, Key), usize> = BTreeMap::new();
        let lists = || {
            report.namespaces.iter().flat_map(|namespace| {
                CLASSES.iter().enumerate().filter_map(|(class, known)| {
                    let list = (known.list)(&namespace.granted).as_slice();
                    (!list.is_empty()).then_some((class, list))
                })
            })
        };
        for (class, list) in lists() {
            *counts.entry((class, key(list))).or_default() += 1;
        }
        counts.retain(|_, count| *count > 1);
        let policies: BTreeSet<&str> = report.policies.iter().map(|it| it.name.as_str()).collect();
        let mut shared = Shared {
            policies: policies.len(),
            numbers: BTreeMap::new(),
            lists: Vec::new(),
        };
        for (class, list) in lists() {
            let key = (class, key(list));
            if let Some(count) = counts.remove(&key) {
                shared.lists.push((class, list, count));
                shared.numbers.insert(key, shared.lists.len());
            }
        }
        shared
    }

    /// The lists, written out.
    pub(super) fn views(&self, anchors: &Anchors) -> Vec<SharedView<'a>> {
        self.lists
            .iter()
            .enumerate()
            .map(|(position, (class, list, count))| SharedView {
                id: id(position + 1),
                title: title(position + 1),
                class: CLASSES[*class].title,
                meaning: CLASSES[*class].meaning,
                namespaces: words::count(*count, "namespace", "namespaces"),
                chains: chains(list, anchors),
            })
            .collect()
    }
}

/// The loosest level of a class of grants, with a word for why there may be none: nothing was granted, or what was
/// granted is invalid, not in the input, or admits no pod.
pub(super) fn level(list: &[Usable]) -> Tag<'_> {
    let levels = || {
        let levels = list.iter().map(|usable| usable.level.as_deref());
        levels.map(|level| words::level(level, "none known"))
    };
    // What is not known could be looser than anything but privileged.
    let loosest = levels().min_by_key(|tag| (tag.key != "privileged", tag.rank));
    loosest.unwrap_or_else(|| words::level(None, "none"))
}

/// The classes that have grants in a namespace.
pub(super) fn classes<'a>(
    granted: &'a Granted,
    anchors: &Anchors,
    shared: &Shared<'a>,
) -> Vec<ClassView<'a>> {
    CLASSES
        .iter()
        .enumerate()
        .map(|(class, known)| (class, known, (known.list)(granted).as_slice()))
        .filter(|(_, _, list)| !list.is_empty())
        .map(|(class, known, list)| {
            let number = shared.numbers.get(&(class, key(list)));
            ClassView {
                title: known.title,
                policies: policies(list, shared.policies),
                chains: match number {
                    Some(_) => Vec::new(),
                    None => chains(list, anchors),
                },
                shared_href: number
                    .map(|number| format!("#{}", id(*number)))
                    .unwrap_or_default(),
                shared_title: number.map(|number| title(*number)).unwrap_or_default(),
            }
        })
        .collect()
}

fn id(number: usize) -> String {
    format!("grants-{number}")
}

fn title(number: usize) -> String {
    format!("Shared grants {number}")
}

fn key(list: &[Usable]) -> Key<'_> {
    list.iter()
        .map(|usable| {
            (
                usable.policy.as_str(),
                usable.level.as_deref(),
                usable.subject.as_str(),
                usable.binding.as_str(),
                usable.role.as_str(),
                usable.used,
            )
        })
        .collect()
}

/// The policies of a list with their levels, each once; but not if they are all policies that there are, so many.
fn policies(list: &[Usable], all: usize) -> String {
    let distinct: BTreeSet<&str> = list.iter().map(|usable| usable.policy.as_str()).collect();
    if all > 1 && distinct.len() == all {
        return format!("all {} policies", words::number(all));
    }
    let mut names: Vec<String> = list
        .iter()
        .map(|usable| match &usable.level {
            Some(level) => format!("{} ({level})", usable.policy),
            None => format!("{} (no level known)", usable.policy),
        })
        .collect();
    names.sort();
    names.dedup();
    words::some(&names, 8)
}

/// The ways of a list, each once with all policies that it leads to.
fn chains<'a>(list: &'a [Usable], anchors: &Anchors) -> Vec<Chain<'a>> {
    let mut chains: Vec<Chain> = Vec::new();
    let mut positions = BTreeMap::new();
    for usable in list {
        let way = (&usable.subject, &usable.binding, &usable.role, usable.used);
        let position = *positions.entry(way).or_insert_with(|| {
            chains.push(Chain {
                subject: &usable.subject,
                binding: &usable.binding,
                role: &usable.role,
                usable: Vec::new(),
                unused: !usable.used,
            });
            chains.len() - 1
        });
        chains[position].usable.push(UsableView {
            policy: &usable.policy,
            policy_href: anchors.policies.href(&usable.policy),
            level: words::level(usable.level.as_deref(), "no level known"),
        });
    }
    chains
}
