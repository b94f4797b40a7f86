//! A table with aligned columns, for a terminal.

use anstyle::{AnsiColor, Style};

use super::{Fit, visible};

/// Columns that a table may have in a plain terminal.
pub(super) const WIDTH: usize = 80;

/// A table with aligned columns.
pub(in crate::render) struct Table {
    pub(in crate::render) head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(in crate::render) fn new(head: &[&'static str]) -> Self {
        Table {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(in crate::render) fn row(&mut self, cells: Vec<String>) {
        self.rows
            .push(cells.iter().map(|cell| visible(cell)).collect());
    }

    /// The table as text; levels are coloured.
    pub(in crate::render) fn print(&self, fit: Fit) -> String {
        let mut widths: Vec<usize> = self.head.iter().map(|cell| cell.len()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        if fit == Fit::Terminal {
            shrink(&mut widths);
        }
        let mut out = String::new();
        let head: Vec<String> = self.head.iter().map(|cell| (*cell).to_owned()).collect();
        line(&mut out, &head, &widths, fit, |cell| {
            styled(Style::new().bold(), cell)
        });
        for row in &self.rows {
            line(&mut out, row, &widths, fit, colored);
        }
        out
    }
}

/// A column that is cut keeps at least this width.
const LEAST: usize = 12;

/// Makes columns fit the terminal: the last one first, which explains, then whichever is widest.
fn shrink(widths: &mut [usize]) {
    let Some(last) = widths.len().checked_sub(1) else {
        return;
    };
    let room = WIDTH.saturating_sub(2 * last);
    let over = |widths: &[usize]| widths.iter().sum::<usize>().saturating_sub(room);
    widths[last] -= over(widths).min(widths[last].saturating_sub(LEAST));
    while over(widths) > 0 {
        match widths.iter_mut().max() {
            Some(widest) if *widest > LEAST => *widest -= 1,
            _ => return,
        }
    }
}

fn line(
    out: &mut String,
    cells: &[String],
    widths: &[usize],
    fit: Fit,
    paint: impl Fn(&str) -> String,
) {
    let last = widths.len().saturating_sub(1);
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let text = match fit {
            Fit::Terminal => cut(cell, *width),
            Fit::Wide => cell.clone(),
        };
        out.push_str(&paint(&text));
        if index < last {
            let padding = width - text.chars().count() + 2;
            out.extend(std::iter::repeat_n(' ', padding));
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

pub(in crate::render) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Colours the words that carry a judgement. The word itself says the same without colour.
pub(in crate::render) fn colored(cell: &str) -> String {
    let color = match cell {
        "restricted" | "yes" => AnsiColor::Green,
        "baseline" | "review" | "unknown" => AnsiColor::Yellow,
        "privileged" | "no" | "invalid" => AnsiColor::Red,
        _ => return cell.to_owned(),
    };
    styled(color.on_default(), cell)
}
