//! Literal block scalars: `|`, `|-` and `|+`.

use std::borrow::Cow;

use super::{Reader, Scalar, blanks};
use crate::input::tree::Span;
use crate::input::yaml::scalar::Tag;

impl<'a> Reader<'a> {
    /// Reads the lines below the `header`, which are indented more than `parent`, with the place where they begin.
    ///
    /// The indentation is that of the first line with something in it. What is indented less ends the scalar, whose
    /// place reaches up to the first character behind it.
    pub(super) fn literal(&mut self, header: &str, parent: usize) -> Option<(Scalar<'a>, Span)> {
        if !matches!(header, "|" | "|-" | "|+") || !self.text.ends_with('\n') {
            return None;
        }
        let mut breaks = 0;
        let (indent, start) = loop {
            let line = self.next_line()?;
            let indent = blanks(line.as_bytes());
            match (line.len(), indent) {
                (0, _) => breaks += 1,
                // Blanks on a blank line take part in finding the indentation.
                (length, blanks) if length == blanks => return None,
                (_, blanks) if blanks <= parent => return None,
                (_, blanks) => break (blanks, self.line_start + blanks),
            }
        };
        let place = self.empty_span(start);
        let mut content = "\n".repeat(breaks);
        content.push_str(&self.text[start..self.pos]);
        breaks = 0;
        loop {
            let rest = &self.text[self.pos..];
            let own = blanks(&rest.as_bytes()[..rest.len().min(indent)]);
            match rest.as_bytes().get(own) {
                Some(b'\n') => {
                    self.next_line()?;
                    breaks += 1;
                }
                Some(_) if own == indent => {
                    content.extend(std::iter::repeat_n('\n', breaks));
                    breaks = 0;
                    self.next_line()?;
                    content.push_str(&self.text[self.line_start + indent..self.pos]);
                }
                other => {
                    // Something between the two indentations is for the parser to judge.
                    if other.is_some() && own > parent {
                        return None;
                    }
                    let end = self.pos + own;
                    match header {
                        "|-" => drop(content.pop()),
                        "|+" => content.extend(std::iter::repeat_n('\n', breaks)),
                        _ => {}
                    }
                    let scalar = Scalar {
                        text: Cow::Owned(content),
                        tag: Tag::Text,
                        start,
                        end,
                    };
                    return Some((scalar, place));
                }
            }
        }
    }
}
