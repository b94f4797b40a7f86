//! The whole cluster as a picture: a row for every namespace, a cell for every level that was granted, is needed or will
//! be.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::json::v1::Namespace;

use super::Index;
use super::grants;
use super::labels;
use super::words::{self, Tag};

/// Namespaces up to which each has a row of its own. In a bigger cluster those with the same levels share one.
const ROWS: usize = 100;
/// Room for names.
const NAMES: usize = 184;
/// Width of a column, height of a row, and of the line above the first.
const COLUMN: usize = 72;
const ROW: usize = 22;
const HEAD: usize = 26;

/// The picture. Lengths are in units of its own, about a pixel each.
#[derive(Serialize)]
pub(super) struct Heat {
    width: usize,
    height: usize,
    columns: Vec<Column>,
    rows: Vec<HeatRow>,
    caption: String,
}

#[derive(Serialize)]
struct Column {
    middle: usize,
    word: &'static str,
}

/// One namespace, or several with the same levels.
#[derive(Serialize)]
struct HeatRow {
    href: String,
    label: String,
    /// Everything that the row shows, in words.
    words: String,
    y: usize,
    baseline: usize,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    x: usize,
    middle: usize,
    key: &'static str,
    /// A symbol, so that colour says nothing alone.
    mark: &'static str,
}

/// The picture; none without namespaces.
pub(super) fn heat(index: &Index) -> Option<Heat> {
    let namespaces = &index.report.namespaces;
    let columns = columns(!index.report.policies.is_empty());
    let each = namespaces.len() <= ROWS;
    let rows = match each {
        true => every(index, &columns),
        false => grouped(namespaces, &columns),
    };
    let more = rows.len().saturating_sub(ROWS);
    (!namespaces.is_empty()).then(|| Heat {
        width: NAMES + columns.len() * COLUMN,
        height: HEAD + rows.len().min(ROWS) * ROW,
        columns: columns
            .iter()
            .enumerate()
            .map(|(at, (word, _))| Column {
                middle: NAMES + at * COLUMN + COLUMN / 2,
                word,
            })
            .collect(),
        rows: rows
            .into_iter()
            .take(ROWS)
            .enumerate()
            .map(|(at, row)| row.place(HEAD + at * ROW, &columns))
            .collect(),
        caption: match (each, more) {
            (true, _) => "Every namespace: what it was granted itself, what its workloads need, and the labels once they are applied".to_owned(),
            (false, 0) => "Namespaces with the same levels share a row".to_owned(),
            (false, more) => format!(
                "Namespaces with the same levels share a row; {} of fewer namespaces are left out",
                words::count(more, "row", "rows")
            ),
        },
    })
}

/// A column: its name, and the level that it shows.
type Level = (&'static str, fn(&Namespace) -> Tag<'_>);

fn columns(has_policies: bool) -> Vec<Level> {
    let granted: Level = ("own grant", |it| grants::level(&it.granted.own));
    let others: [Level; 4] = [
        ("needed", |it| words::level(it.needed.as_deref(), "unknown")),
        ("enforce", |it| {
            words::level(labels::level_in_the_end(it), "none")
        }),
        ("audit", |it| words::level(it.audit.as_deref(), "none")),
        ("warn", |it| words::level(it.warn.as_deref(), "none")),
    ];
    let granted = has_policies.then_some(granted);
    granted.into_iter().chain(others).collect()
}

/// A row that has no place yet.
struct Draft {
    href: String,
    label: String,
    /// For each column, the class of the level and its word.
    levels: Vec<(&'static str, String)>,
}

impl Draft {
    fn place(self, y: usize, columns: &[Level]) -> HeatRow {
        let said: Vec<String> = columns
            .iter()
            .zip(&self.levels)
            .map(|((column, _), (_, word))| format!("{column} {word}"))
            .collect();
        HeatRow {
            words: format!("{}: {}", self.label, said.join(", ")),
            href: self.href,
            label: words::shorten(&self.label, 25),
            y,
            baseline: y + ROW - 7,
            cells: self
                .levels
                .iter()
                .enumerate()
                .map(|(at, (key, _))| Cell {
                    x: NAMES + at * COLUMN + 1,
                    middle: NAMES + at * COLUMN + COLUMN / 2,
                    key,
                    mark: mark(key),
                })
                .collect(),
        }
    }
}

fn levels(namespace: &Namespace, columns: &[Level]) -> Vec<(&'static str, String)> {
    let tags = columns.iter().map(|(_, level)| level(namespace));
    tags.map(|tag| (tag.key, words::shorten(&tag.word, 63)))
        .collect()
}

fn every(index: &Index, columns: &[Level]) -> Vec<Draft> {
    let namespaces = index.report.namespaces.iter().enumerate();
    namespaces
        .map(|(position, namespace)| Draft {
            href: format!("#{}", index.anchors.namespaces.id(position)),
            label: namespace.name.clone(),
            levels: levels(namespace, columns),
        })
        .collect()
}

/// Namespaces with the same levels, the most frequent ones first. Labels of owners that are no level count as one.
fn grouped(namespaces: &[Namespace], columns: &[Level]) -> Vec<Draft> {
    let mut groups: BTreeMap<Vec<&'static str>, (usize, Draft)> = BTreeMap::new();
    for namespace in namespaces {
        let levels = levels(namespace, columns);
        let keys = levels.iter().map(|(key, _)| *key).collect();
        let (count, _) = groups.entry(keys).or_insert_with(|| {
            let draft = Draft {
                href: "#namespaces".to_owned(),
                label: String::new(),
                levels,
            };
            (0, draft)
        });
        *count += 1;
    }
    let mut groups: Vec<(usize, Draft)> = groups.into_values().collect();
    groups.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    groups
        .into_iter()
        .map(|(count, draft)| Draft {
            label: words::count(count, "namespace", "namespaces"),
            ..draft
        })
        .collect()
}

fn mark(key: &str) -> &'static str {
    match key {
        "restricted" => "●●●",
        "baseline" => "●●○",
        "privileged" => "●○○",
        "invalid" => "✕",
        _ => "○○○",
    }
}
