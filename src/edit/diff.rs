//! Splices as a unified diff that `git apply` takes.
//!
//! The hunks follow from the splices: nothing is searched for, so that a file of any size costs one pass.

use std::fmt::Write as _;
use std::ops::Range;

use super::Splice;

/// How many lines of context stand around a change.
const CONTEXT: usize = 3;

/// The change to one file. `path` are the bytes of its name, relative to the folder in which `git apply` is run; empty
/// without splices. They are in order, and the file is UTF-8.
pub fn file(path: &[u8], text: &str, splices: &[Splice]) -> String {
    let changes = changes(text, splices);
    if changes.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "diff --git {old} {new}\n--- {old}{tab}\n+++ {new}{tab}\n",
        old = name(b"a/", path),
        new = name(b"b/", path),
        // As git does, for the sake of `patch`.
        tab = if path.contains(&b' ') { "\t" } else { "" },
    );
    let lines = Lines::new(text);
    let mut shift: isize = 0;
    let mut rest = changes.as_slice();
    while let Some(first) = rest.first() {
        let near = |pair: &&[Change]| pair[1].old.start - pair[0].old.end <= 2 * CONTEXT;
        let length = 1 + rest.windows(2).take_while(near).count();
        let (hunk, others) = rest.split_at(length);
        shift = write_hunk(&mut out, &lines, hunk, first, shift);
        rest = others;
    }
    out
}

/// Lines that are replaced.
struct Change {
    /// Numbers of the old lines, from zero.
    old: Range<usize>,
    /// The new lines, with their ends.
    new: String,
}

/// The lines of a text, with their ends.
struct Lines<'t> {
    text: &'t str,
    /// Where each line begins, and where the last one ends.
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        if starts.last() != Some(&text.len()) {
            starts.push(text.len());
        }
        Lines { text, starts }
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn line(&self, number: usize) -> &'t str {
        &self.text[self.starts[number]..self.starts[number + 1]]
    }
}

/// Which lines the splices replace by which, without lines at either end that stay the same.
fn changes(text: &str, splices: &[Splice]) -> Vec<Change> {
    let lines = Lines::new(text);
    let cut_off = !text.ends_with('\n');
    let number = |at: usize| match at == text.len() && cut_off {
        // What is added to a last line without end changes that line.
        true => lines.count() - 1,
        false => lines.starts.partition_point(|start| *start <= at) - 1,
    };
    let mut changes: Vec<(Range<usize>, Vec<&Splice>)> = Vec::new();
    for splice in splices {
        // An insertion between two lines replaces none.
        let start = number(splice.at.start).min(lines.count());
        let between = splice.at.is_empty()
            && lines.starts[start] == splice.at.start
            && splice.text.ends_with('\n');
        let end = match between {
            true => start,
            false => (number(splice.at.end) + 1).min(lines.count()),
        };
        match changes.last_mut().filter(|(old, _)| start <= old.end) {
            Some((old, parts)) => {
                old.end = old.end.max(end);
                parts.push(splice);
            }
            None => changes.push((start..end, vec![splice])),
        }
    }
    changes
        .into_iter()
        .map(|(old, splices)| {
            let (from, to) = (lines.starts[old.start], lines.starts[old.end]);
            let mut new = String::new();
            let mut at = from;
            for splice in splices {
                new.push_str(&text[at..splice.at.start]);
                new.push_str(&splice.text);
                at = splice.at.end;
            }
            new.push_str(&text[at..to.max(at)]);
            trim(&lines, Change { old, new })
        })
        .collect()
}

/// Leaves out lines at either end that stay the same.
fn trim(lines: &Lines, mut change: Change) -> Change {
    let mut new = change.new.as_str();
    while change.old.start < change.old.end {
        match new.strip_prefix(lines.line(change.old.start)) {
            Some(rest) if lines.line(change.old.start).ends_with('\n') => new = rest,
            _ => break,
        }
        change.old.start += 1;
    }
    while change.old.start < change.old.end {
        let line = lines.line(change.old.end - 1);
        match new.strip_suffix(line) {
            Some(rest) if rest.is_empty() || rest.ends_with('\n') => new = rest,
            _ => break,
        }
        change.old.end -= 1;
    }
    change.new = new.to_owned();
    change
}

/// Writes the changes of one hunk and returns by how many lines what follows has moved.
fn write_hunk(
    out: &mut String,
    lines: &Lines,
    hunk: &[Change],
    first: &Change,
    shift: isize,
) -> isize {
    let last = hunk.last().map_or(first.old.end, |change| change.old.end);
    let old = first.old.start.saturating_sub(CONTEXT)..(last + CONTEXT).min(lines.count());
    let mut body = String::new();
    let (mut at, mut added) = (old.start, 0);
    let mut removed = 0;
    for change in hunk {
        for number in at..change.old.start {
            write_line(&mut body, ' ', lines.line(number));
        }
        for number in change.old.clone() {
            write_line(&mut body, '-', lines.line(number));
            removed += 1;
        }
        for line in change.new.split_inclusive('\n') {
            write_line(&mut body, '+', line);
            added += 1;
        }
        at = change.old.end;
    }
    for number in at..old.end {
        write_line(&mut body, ' ', lines.line(number));
    }
    let grown = added as isize - removed as isize;
    let place = |start: usize, count: usize| {
        // An empty range names the line before it.
        let start = if count == 0 { start } else { start + 1 };
        match count {
            1 => start.to_string(),
            count => format!("{start},{count}"),
        }
    };
    let _ = writeln!(
        out,
        "@@ -{} +{} @@",
        place(old.start, old.len()),
        place(
            old.start.saturating_add_signed(shift),
            old.len().saturating_add_signed(grown)
        )
    );
    out.push_str(&body);
    shift + grown
}

fn write_line(out: &mut String, sign: char, line: &str) {
    out.push(sign);
    out.push_str(line);
    if !line.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

/// A file name as git writes it: in quotes if it has any odd character.
pub(super) fn name(prefix: &[u8], path: &[u8]) -> String {
    let bytes = || prefix.iter().chain(path);
    let odd = |byte: &u8| !(b' '..0x7f).contains(byte) || matches!(byte, b'"' | b'\\');
    if !bytes().any(odd) {
        return bytes().map(|byte| char::from(*byte)).collect();
    }
    let mut out = String::from("\"");
    for byte in bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            byte if odd(byte) => {
                let _ = write!(out, "\\{byte:03o}");
            }
            byte => out.push(char::from(*byte)),
        }
    }
    out.push('"');
    out
}
