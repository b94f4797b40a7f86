//! What the input does not show of the namespaces.
//!
//! Most gaps concern every namespace alike. A list that two or more of them have in common is written once, and they
//! link to it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::json::v1::MigrationReport;

use super::words;

/// Lists shorter than this are written where they belong.
const SHORT: usize = 3;

/// A list of gaps that several namespaces have in common.
#[derive(Serialize)]
pub(super) struct SharedView<'a> {
    id: String,
    title: String,
    /// `6 namespaces`.
    namespaces: String,
    missing: &'a [String],
}

/// What the input does not show of one namespace.
#[derive(Serialize)]
pub(super) struct Gaps<'a> {
    /// None if the list is written elsewhere.
    missing: &'a [String],
    /// Where it is written, and how that is called; empty if here.
    missing_href: String,
    missing_title: String,
}

/// The lists that more than one namespace has, in the order in which they occur first.
pub(super) struct Shared<'a> {
    numbers: BTreeMap<&'a [String], usize>,
    lists: Vec<(&'a [String], usize)>,
}

impl<'a> Shared<'a> {
    /// Finds the lists that namespaces have in common.
    pub(super) fn new(report: &'a MigrationReport) -> Self {
        let lists = || {
            report
                .namespaces
                .iter()
                .map(|namespace| namespace.missing.as_slice())
                .filter(|missing| missing.len() >= SHORT)
        };
        let mut counts: BTreeMap<&[String], usize> = BTreeMap::new();
        for list in lists() {
            *counts.entry(list).or_default() += 1;
        }
        let mut shared = Shared {
            numbers: BTreeMap::new(),
            lists: Vec::new(),
        };
        for list in lists() {
            match counts.remove(list) {
                Some(count) if count > 1 => {
                    shared.lists.push((list, count));
                    shared.numbers.insert(list, shared.lists.len());
                }
                Some(_) | None => {}
            }
        }
        shared
    }

    /// The lists, written out.
    pub(super) fn views(&self) -> Vec<SharedView<'a>> {
        self.lists
            .iter()
            .enumerate()
            .map(|(position, (missing, count))| SharedView {
                id: id(position + 1),
                title: title(position + 1),
                namespaces: words::count(*count, "namespace", "namespaces"),
                missing,
            })
            .collect()
    }

    /// The list of one namespace, or where it is written.
    pub(super) fn of(&self, missing: &'a [String]) -> Gaps<'a> {
        match self.numbers.get(missing) {
            Some(number) => Gaps {
                missing: &[],
                missing_href: format!("#{}", id(*number)),
                missing_title: title(*number),
            },
            None => Gaps {
                missing,
                missing_href: String::new(),
                missing_title: String::new(),
            },
        }
    }
}

fn id(number: usize) -> String {
    format!("gaps-{number}")
}

fn title(number: usize) -> String {
    format!("Shared gaps {number}")
}
