//! Lines that fit a terminal.

use super::table::WIDTH;

/// The words of a text in lines of 80 columns; all but the first begin with the indent. A word that is longer stands in
/// a line of its own.
pub(in crate::render) fn wrap(text: &str, indent: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut column = 0;
    for (index, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 && column > 0 && column + 1 + width > WIDTH {
            out.push('\n');
            out.push_str(indent);
            column = indent.chars().count();
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out
}

/// Markdown for a terminal: paragraphs and list items in lines of 80 columns. Headings, which are one line of Markdown
/// however long, blocks of code and tables stay.
pub(in crate::render) fn reflow(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut open = String::new();
    let mut in_code = false;
    for line in markdown.lines() {
        let fence = line.trim_start().starts_with("```");
        let item = line.trim_start().starts_with("* ") || line.trim_start().starts_with("- ");
        let verbatim = in_code || fence || line.is_empty() || line.starts_with(['|', '#']);
        if verbatim || item {
            close(&mut out, &mut open);
        }
        in_code ^= fence;
        if verbatim {
            out.push_str(line);
            out.push('\n');
        } else if open.is_empty() {
            open.push_str(line);
        } else {
            open.push(' ');
            open.push_str(line.trim_start());
        }
    }
    close(&mut out, &mut open);
    out
}

/// Writes the paragraph or list item that was collected.
fn close(out: &mut String, open: &mut String) {
    if !open.is_empty() {
        let text = open.trim_start();
        let mut indent = " ".repeat(open.len() - text.len());
        if text.starts_with(['*', '-']) && text[1..].starts_with(' ') {
            indent += "  ";
        }
        out.push_str(&wrap(open, &indent));
        out.push('\n');
        open.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_items_fit_and_the_rest_stays() {
        let words = "word ".repeat(30);
        let words = words.trim_end();
        let text =
            format!("# {words}\n\n{words}\n{words}\n* {words}\n  {words}\n```sh\n{words}\n```\n");
        let shown = reflow(&text);
        assert_eq!(
            shown.split_whitespace().collect::<Vec<_>>(),
            text.split_whitespace().collect::<Vec<_>>()
        );
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], format!("# {words}"));
        assert_eq!(lines[2], "word ".repeat(16).trim_end());
        let item = lines
            .iter()
            .position(|line| line.starts_with("* "))
            .expect("an item");
        assert!(lines[item + 1].starts_with("  word"));
        assert_eq!(lines[lines.len() - 2], words);
        let long = lines.iter().filter(|line| line.chars().count() > WIDTH);
        assert_eq!(long.count(), 2, "the heading and the code");
    }

    #[test]
    fn a_long_word_stands_alone() {
        let word = "x".repeat(100);
        assert_eq!(
            wrap(&format!("a {word} b"), "  "),
            format!("a\n  {word}\n  b")
        );
        assert_eq!(wrap("", "  "), "");
    }
}
