//! From a plan to edits of the user's own files: labels and patches spliced into the text, everything else untouched.
//!
//! [`wanted()`] says which fields of which objects a plan sets, and what is left to a person. [`edit()`] is about one
//! file: it locates each field (`place`), makes splices in the style of the text around (`words`), applies them,
//! reads the result with our own reader and compares it with what was meant (`verify`). An edit that means anything
//! else is refused, and what cannot be edited is told with the lines to write. [`files`] does it for all files of a plan,
//! and [`diff`] writes the splices as `git` does.
//!
//! Invariants: a file is edited only between its own bytes, never written anew; nothing is removed but the text of the
//! values that change; the same plan edits an edited file no further.
//!
//! # Example
//!
//! ```
//! use psp2psa::edit::{self, Splice};
//!
//! let splice = Splice { at: 4..4, text: " labels: {}".to_owned() };
//! assert_eq!(edit::apply(b"a: {}", &[splice]), b"a: { labels: {}}");
//! ```

pub mod diags;
pub mod diff;
pub mod files;
mod place;
mod verify;
mod want;
pub mod wanted;
mod words;

use std::ops::Range;

use serde_json::{Value, json};

use crate::diag::{Code, Diagnostic, Source};
use crate::input::walk::{MAX_EDITABLE, TOO_LARGE_TO_EDIT};
use crate::input::{Document, InputFile, Storage};

pub use wanted::{order, wanted};

/// One object with the fields that it should have.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Where it stands.
    pub source: Source,
    /// What to call it: `Namespace shop`.
    pub object: String,
    /// The fields.
    pub sets: Vec<Set>,
}

/// A field and the value it should have.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The way to it from the object's root; never empty.
    pub path: Vec<At>,
    /// The value. A list holds what was there before first.
    pub value: Value,
}

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// The value of a key.
    Key(String),
    /// An element of a list.
    Index(usize),
}

/// What is not edited, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Left {
    /// Why, as a diagnostic.
    pub code: &'static Code,
    /// Why, in words.
    pub reason: String,
    /// Where the object stands; `None` if the input does not define it.
    pub source: Option<Source>,
    /// What to call it.
    pub object: String,
    /// What a person may want to write.
    pub sets: Vec<Set>,
}

/// A part of a file, and the text to put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// The bytes to replace; empty where text is only added.
    pub at: Range<usize>,
    /// The new text.
    pub text: String,
}

/// What became of the wishes for one file.
#[derive(Debug, Default, PartialEq)]
pub struct Edited {
    /// In the order of the text, none overlapping; empty if the file stays as it is.
    pub splices: Vec<Splice>,
    /// The objects that are edited.
    pub objects: Vec<String>,
    /// What is not edited.
    pub left: Vec<Left>,
}

/// How often the wishes that turn out to mean something else are dropped before all are.
const ROUNDS: usize = 8;

/// Edits one file.
pub fn edit(file: &InputFile, wishes: &[Wish]) -> Edited {
    let text = match editable(file) {
        Ok(text) => text,
        Err(reason) => {
            let left = wishes.iter().map(|wish| wish.outside(reason));
            return Edited {
                left: left.collect(),
                ..Edited::default()
            };
        }
    };
    let mut edited = Edited::default();
    let mut drafts = Vec::new();
    for draft in place::drafts(file, text, wishes) {
        match draft {
            Ok(draft) if draft.splices.is_empty() => {}
            Ok(draft) => drafts.push(draft),
            Err(left) => edited.left.push(left),
        }
    }
    for round in 0.. {
        if drafts.is_empty() {
            break;
        }
        let splices = in_order(&drafts);
        let new = apply(&file.bytes, &splices);
        let wrong = match splices
            .windows(2)
            .any(|pair| pair[0].at.end > pair[1].at.start)
        {
            true => verify::Wrong::Everything,
            false => verify::compare(file, &new, &drafts),
        };
        match wrong {
            verify::Wrong::Nothing => {
                edited.splices = splices;
                break;
            }
            verify::Wrong::These(wrong) if round < ROUNDS => {
                let mut at = 0;
                drafts.retain(|draft| {
                    at += 1;
                    let fails = wrong.contains(&(at - 1));
                    if fails {
                        edited.left.push(draft.wish.refused());
                    }
                    !fails
                });
            }
            verify::Wrong::These(_) | verify::Wrong::Everything => {
                let refused = drafts.drain(..).map(|draft| draft.wish.refused());
                edited.left.extend(refused);
            }
        }
    }
    edited.objects = drafts
        .iter()
        .map(|draft| draft.wish.object.clone())
        .collect();
    edited
        .left
        .sort_by(|a, b| (&a.source, &a.object).cmp(&(&b.source, &b.object)));
    edited
}

/// The file with the splices, which are in order.
pub fn apply(bytes: &[u8], splices: &[Splice]) -> Vec<u8> {
    let added: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut new = Vec::with_capacity(bytes.len() + added);
    let mut at = 0;
    for splice in splices {
        new.extend_from_slice(&bytes[at..splice.at.start]);
        new.extend_from_slice(splice.text.as_bytes());
        at = splice.at.end;
    }
    new.extend_from_slice(&bytes[at..]);
    new
}

/// The text of a file that can be edited, or why it cannot.
fn editable(file: &InputFile) -> Result<&str, &'static str> {
    match file.storage {
        Storage::Gzip | Storage::Zstd => return Err("the file is compressed"),
        Storage::Archived => return Err("it is in an archive"),
        Storage::Utf16 => return Err("the file is in UTF-16"),
        Storage::Plain => {}
    }
    if &*file.name == "-" {
        return Err("it was read from standard input");
    }
    if file.bytes.len() as u64 > MAX_EDITABLE {
        return Err(TOO_LARGE_TO_EDIT);
    }
    let text = std::str::from_utf8(&file.bytes).map_err(|_| "the file is not UTF-8 throughout")?;
    // A diff shows the text as it is, on terminals, too.
    let harmless = |c: char| matches!(c, '\n' | '\r' | '\t') || !c.is_control();
    match text.chars().all(harmless) {
        true => Ok(text),
        false => Err("the file has control characters"),
    }
}

/// A wish with what it takes to fulfil it.
struct Draft<'w> {
    wish: &'w Wish,
    /// Which chunk of the file the object stands in.
    chunk: usize,
    splices: Vec<Splice>,
}

fn in_order(drafts: &[Draft]) -> Vec<Splice> {
    let mut splices: Vec<Splice> = drafts
        .iter()
        .flat_map(|draft| draft.splices.iter().cloned())
        .collect();
    // Stable: texts for the same place stay in the order in which they were made.
    splices.sort_by_key(|splice| (splice.at.start, splice.at.end));
    splices
}

impl Wish {
    /// The wish as one that is left to a person.
    pub fn left(&self, reason: &str) -> Left {
        Left {
            code: &diags::NOT_EDITABLE,
            reason: reason.to_owned(),
            source: Some(self.source.clone()),
            object: self.object.clone(),
            sets: self.sets.clone(),
        }
    }

    /// What is left where nothing in the file can be edited.
    pub(crate) fn outside(&self, reason: &str) -> Left {
        Left {
            code: &diags::NOT_IN_PLACE,
            ..self.left(reason)
        }
    }

    fn refused(&self) -> Left {
        Left {
            code: &diags::REFUSED,
            ..self.left("the edit would change more than what is meant")
        }
    }

    /// Whether a document is the object that is meant.
    fn means(&self, document: &Document) -> bool {
        document.source == self.source
            && self
                .object
                .strip_prefix(document.kind.as_str())
                .is_some_and(|rest| rest.starts_with(' '))
    }

    /// What the object should be once the wish is fulfilled.
    fn fulfil(&self, object: &mut Value) {
        for set in &self.sets {
            let place = set.path.iter().fold(&mut *object, |value, at| match at {
                At::Key(key) => {
                    if !value.is_object() {
                        *value = json!({});
                    }
                    &mut value[key.as_str()]
                }
                At::Index(index) => {
                    if !value.is_array() {
                        *value = json!([]);
                    }
                    if let Some(list) = value.as_array_mut() {
                        let length = list.len().max(index + 1);
                        list.resize(length, Value::Null);
                    }
                    &mut value[index]
                }
            });
            *place = set.value.clone();
        }
    }
}

impl Left {
    /// As a message about the input.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic {
            code: self.code,
            message: format!("{}: {}", self.object, self.reason),
            source: self.source.clone(),
            help: words::to_set(&self.sets),
        }
    }

    /// The lines to write, in block style.
    pub fn lines(&self) -> String {
        words::lines(&self.sets)
    }
}
