//! Why an edit is not made, and where in the file that stands.

use std::cell::OnceCell;

use crate::diag::Source;

/// Why an edit is not made.
pub(super) struct Refusal {
    why: String,
    /// The byte of the file where the reason stands, if it stands somewhere.
    at: Option<usize>,
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        Refusal {
            why: why.to_owned(),
            at: None,
        }
    }
}

/// What is said of forms that are left alone.
pub(super) const ODD: &str = "it is written in a form that is not edited";

/// Such a form, at a byte of the file.
pub(super) fn odd(form: &str, at: usize) -> Refusal {
    Refusal::at(&format!("{ODD}: {form}"), at)
}

impl Refusal {
    /// A reason that stands at a byte of the file.
    pub(super) fn at(why: &str, byte: usize) -> Self {
        Refusal {
            why: why.to_owned(),
            at: Some(byte),
        }
    }

    /// In words, for an object of the file.
    pub(super) fn told(&self, object: &Source, lines: &Lines) -> String {
        match self.at {
            Some(at) => format!("{}, at {}:{}", self.why, object.file, lines.line_of(at)),
            None => self.why.clone(),
        }
    }
}

/// Where the lines of a file end; looked up only if something is refused.
pub(super) struct Lines<'t> {
    text: &'t str,
    ends: OnceCell<Vec<usize>>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Lines {
            text,
            ends: OnceCell::new(),
        }
    }

    /// The one-based line of a byte.
    fn line_of(&self, at: usize) -> usize {
        let find = || memchr::memchr_iter(b'\n', self.text.as_bytes()).collect();
        let ends = self.ends.get_or_init(find);
        ends.partition_point(|end| *end < at) + 1
    }
}
