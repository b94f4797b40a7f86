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
        let mut columns = Columns::new(&self.head);
        for row in &self.rows {
            columns.make_room(row.iter().map(|cell| cell.chars().count()));
        }
        let mut out = columns.head(fit);
        for row in &self.rows {
            columns.line(&mut out, row.iter().map(String::as_str), fit);
        }
        out
    }
}

/// How wide the columns are.
pub(in crate::render) struct Columns {
    head: Vec<&'static str>,
    widths: Vec<usize>,
}

impl Columns {
    pub(in crate::render) fn new(head: &[&'static str]) -> Self {
        Columns {
            head: head.to_vec(),
            widths: head.iter().map(|cell| cell.len()).collect(),
        }
    }

    /// Makes room for the cells of a row, whose widths in characters are given.
    pub(in crate::render) fn make_room(&mut self, cells: impl Iterator<Item = usize>) {
        for (width, cell) in self.widths.iter_mut().zip(cells) {
            *width = (*width).max(cell);
        }
    }

    /// The first line. There is room for all rows now.
    pub(in crate::render) fn head(&mut self, fit: Fit) -> String {
        if fit == Fit::Terminal {
            shrink(&mut self.widths);
        }
        let mut out = String::new();
        let bold = |out: &mut String, cell: &str| out.push_str(&styled(Style::new().bold(), cell));
        line(&mut out, self.head.iter().copied(), &self.widths, fit, bold);
        out
    }

    /// One row.
    pub(in crate::render) fn line<'a>(
        &self,
        out: &mut String,
        cells: impl Iterator<Item = &'a str>,
        fit: Fit,
    ) {
        line(out, cells, &self.widths, fit, paint);
    }

    /// The first cells of a row.
    pub(in crate::render) fn begin(&self, out: &mut String, cells: &[&str], fit: Fit) {
        for (cell, width) in cells.iter().zip(&self.widths) {
            let length = put(out, cell, *width, fit, paint);
            fill(out, *width, length);
        }
    }

    /// The rest of a row, with the end of the line. `cells` are the last ones.
    pub(in crate::render) fn end(&self, cells: &[&str], fit: Fit) -> String {
        let widths = &self.widths[self.widths.len() - cells.len()..];
        let mut out = String::new();
        line(&mut out, cells.iter().copied(), widths, fit, paint);
        out
    }
}

/// Writes a cell, in colour if it is a judgement.
fn paint(out: &mut String, cell: &str) {
    match color_of(cell) {
        Some(_) => out.push_str(&colored(cell)),
        None => out.push_str(cell),
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

fn line<'a>(
    out: &mut String,
    cells: impl Iterator<Item = &'a str>,
    widths: &[usize],
    fit: Fit,
    paint: impl Fn(&mut String, &str),
) {
    let last = widths.len().saturating_sub(1);
    for (index, (cell, width)) in cells.zip(widths).enumerate() {
        let length = put(out, cell, *width, fit, &paint);
        if index < last {
            fill(out, *width, length);
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}

/// Writes a cell; how many characters it has, is returned.
fn put(
    out: &mut String,
    cell: &str,
    width: usize,
    fit: Fit,
    paint: impl Fn(&mut String, &str),
) -> usize {
    let length = match cell.is_ascii() {
        true => cell.len(),
        false => cell.chars().count(),
    };
    if fit == Fit::Terminal && length > width {
        paint(out, &cut(cell, width));
        return width;
    }
    paint(out, cell);
    length
}

/// Goes on to the next column.
fn fill(out: &mut String, width: usize, length: usize) {
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(length) + 2));
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
    match color_of(cell) {
        Some(color) => styled(color.on_default(), cell),
        None => cell.to_owned(),
    }
}

fn color_of(cell: &str) -> Option<AnsiColor> {
    match cell {
        "restricted" | "yes" => Some(AnsiColor::Green),
        "baseline" | "review" | "unknown" => Some(AnsiColor::Yellow),
        "privileged" | "no" | "invalid" => Some(AnsiColor::Red),
        _ => None,
    }
}
