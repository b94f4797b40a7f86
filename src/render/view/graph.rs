//! Who grants what, as a picture: subject, binding, role, policy and namespace in five columns, with lines between them.
//!
//! A table beside it says the same, so the picture has no links and may leave something out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::render::json::v1::{MigrationReport, Namespace, Usable};

use super::words;

/// Chains that a picture shows.
const CHAINS: usize = 24;
/// Namespaces that a chain names.
const NAMED: usize = 6;
/// Namespaces of a report up to which each has a picture: it repeats what tables say, and a page must stay small.
const DRAWN: usize = 1_000;

const COLUMNS: [&str; 5] = ["Subject", "Binding", "Role", "Policy", "Namespace"];
const WIDTH: usize = 172;
const GAP: usize = 20;
const HEIGHT: usize = 38;
const ROW: usize = 46;
const HEAD: usize = 26;

/// The picture. Lengths are in units of its own, about a pixel each.
#[derive(Serialize)]
pub(super) struct Graph {
    width: usize,
    height: usize,
    heads: Vec<Head>,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// What it shows, in one sentence.
    words: String,
    /// How many chains are left out; empty if none.
    more: String,
}

#[derive(Serialize)]
struct Head {
    x: usize,
    word: &'static str,
}

#[derive(Serialize)]
struct Node {
    x: usize,
    y: usize,
    text_x: usize,
    kind_y: usize,
    name_y: usize,
    /// Empty for policies and namespaces: the column says it.
    kind: String,
    label: String,
    /// The whole name.
    name: String,
    /// Class of the level of a policy.
    key: &'static str,
}

#[derive(Serialize)]
struct Edge {
    path: String,
}

/// A way from a subject to a namespace; its parts in the order of the columns, and the class of the policy's level.
struct Chain {
    parts: [String; 5],
    key: &'static str,
}

/// The grants that hold in one namespace, those by wildcard left out; none if there are no others.
pub(super) fn of_namespace(report: &MigrationReport, namespace: &Namespace) -> Option<Graph> {
    if report.namespaces.len() > DRAWN {
        return None;
    }
    let chains = usable(namespace).map(|usable| chain(usable, namespace.name.clone()));
    draw(chains.collect())
}

/// The namespaces that are reached through a subject, a binding and a role.
type Reach<'a> = BTreeMap<[&'a str; 3], (&'a Usable, Vec<&'a str>)>;

/// The grants of each policy in all namespaces, by its name, those by wildcard left out.
pub(super) fn of_policies(report: &MigrationReport) -> BTreeMap<&str, Graph> {
    let mut by_policy: BTreeMap<&str, Reach> = BTreeMap::new();
    for namespace in &report.namespaces {
        for usable in usable(namespace) {
            let key = [&*usable.subject, &*usable.binding, &*usable.role];
            let chains = by_policy.entry(&usable.policy).or_default();
            let (_, names) = chains.entry(key).or_insert((usable, Vec::new()));
            if names.last() != Some(&namespace.name.as_str()) {
                names.push(&namespace.name);
            }
        }
    }
    let graph = |(policy, chains): (_, Reach)| {
        let mut drawn = Vec::new();
        for (usable, names) in chains.into_values() {
            match names.len() > NAMED {
                true => {
                    let names = words::count(names.len(), "namespace", "namespaces");
                    drawn.push(chain(usable, names));
                }
                false => drawn.extend(names.iter().map(|name| chain(usable, (*name).to_owned()))),
            }
        }
        Some((policy, draw(drawn)?))
    };
    by_policy.into_iter().filter_map(graph).collect()
}

fn usable(namespace: &Namespace) -> impl Iterator<Item = &Usable> {
    let granted = &namespace.granted;
    [
        &granted.own,
        &granted.everyone,
        &granted.operators,
        &granted.people,
        &granted.nodes,
    ]
    .into_iter()
    .flatten()
}

fn chain(usable: &Usable, namespace: String) -> Chain {
    Chain {
        parts: [
            usable.subject.clone(),
            usable.binding.clone(),
            usable.role.clone(),
            usable.policy.clone(),
            namespace,
        ],
        key: words::level(usable.level.as_deref(), "").key,
    }
}

fn draw(mut chains: Vec<Chain>) -> Option<Graph> {
    let all = chains.len();
    chains.truncate(CHAINS);
    let mut columns: [Vec<(&str, &'static str)>; 5] = Default::default();
    let mut edges = BTreeSet::new();
    for chain in &chains {
        let mut before = None;
        for (column, part) in chain.parts.iter().enumerate() {
            let nodes = &mut columns[column];
            let row = nodes.iter().position(|(name, _)| name == part);
            let row = row.unwrap_or_else(|| {
                nodes.push((part, if column == 3 { chain.key } else { "plain" }));
                nodes.len() - 1
            });
            edges.extend(before.map(|before| (column, before, row)));
            before = Some(row);
        }
    }
    let rows = columns.iter().map(Vec::len).max()?;
    let nodes = columns.iter().enumerate().flat_map(|(column, nodes)| {
        let nodes = nodes.iter().enumerate();
        nodes.map(move |(row, (name, key))| node(column, row, name, key))
    });
    (all > 0).then(|| Graph {
        width: 5 * WIDTH + 4 * GAP,
        height: HEAD + rows * ROW,
        heads: COLUMNS
            .iter()
            .enumerate()
            .map(|(column, word)| Head {
                x: left(column),
                word,
            })
            .collect(),
        nodes: nodes.collect(),
        edges: edges
            .into_iter()
            .map(|(column, from, to)| edge(column, from, to))
            .collect(),
        words: format!(
            "{} from subject through binding and role to policy and namespace",
            words::count(chains.len(), "chain", "chains")
        ),
        more: words::left_out(all, CHAINS),
    })
}

/// Where a column begins.
fn left(column: usize) -> usize {
    column * (WIDTH + GAP)
}

/// The middle of a row.
fn middle(row: usize) -> usize {
    HEAD + row * ROW + HEIGHT / 2
}

fn node(column: usize, row: usize, name: &str, key: &'static str) -> Node {
    let (kind, label) = match (column, name.split_once(' ')) {
        (0..=2, Some((kind, label))) => (kind, label.trim_matches('"')),
        _ => ("", name),
    };
    Node {
        x: left(column),
        y: HEAD + row * ROW,
        text_x: left(column) + 8,
        kind_y: middle(row) - 4,
        name_y: middle(row) + if kind.is_empty() { 4 } else { 12 },
        kind: words::shorten(kind, 23),
        label: ends(label),
        name: words::shorten(name, 300),
        key,
    }
}

/// A line from a row of the column before to a row of the column.
fn edge(column: usize, from: usize, to: usize) -> Edge {
    let (x, to_x) = (left(column) - GAP, left(column));
    let (y, to_y, bend) = (middle(from), middle(to), to_x - GAP / 2);
    Edge {
        path: format!("M{x} {y}C{bend} {y} {bend} {to_y} {to_x} {to_y}"),
    }
}

/// Both ends of a name that is too long: the same account of two namespaces differs at the front, two accounts of one
/// namespace at the back.
fn ends(name: &str) -> String {
    const ROOM: usize = 23;
    let count = name.chars().count();
    if count <= ROOM {
        return name.to_owned();
    }
    let front = name.chars().take(ROOM / 2);
    let back = name.chars().skip(count - ROOM / 2);
    front.chain(['…']).chain(back).collect()
}
