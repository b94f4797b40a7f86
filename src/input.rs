//! Files, standard input and text to documents.
//!
//! [`walk`] lists and reads files. [`chunks`] splits a file into parts that are read on their own, and
//! [`Chunk::read`] makes documents of one. Chunks borrow the file's bytes and hold no data of their own, so that a
//! caller can read, decode and drop them one by one or on all cores, and memory follows what is kept.
//!
//! YAML is read as `kubectl` reads it, JSON as the API server does. A document is decoded into a model
//! struct with [`Document::decode`]: strictly typed, with the field path and place of whatever does not fit.
//!
//! # Example
//!
//! ```
//! use psp2psa::input::{self, InputFile};
//!
//! let file = InputFile::new("two.yaml", b"kind: Pod\n---\n{kind: Service}\n".to_vec());
//! let reading = input::documents(&file);
//! assert_eq!(reading.documents[1].kind, "Service");
//! assert_eq!(reading.documents[1].source.to_string(), "two.yaml:3:2");
//! ```

mod de;
pub mod diags;
pub mod digest;
mod document;
mod json;
pub mod layout;
mod list;
mod parts;
mod plain;
mod read;
mod split;
pub mod stream;
mod strict;
mod template;
mod text;
mod tree;
pub mod walk;
mod yaml;

use std::ops::Range;
use std::sync::Arc;

use crate::diag::{Code, Diagnostic, Source};
pub use document::{DecodeError, Document};
pub use plain::Way;
use split::{Form, Piece};
pub use tree::{Links, NodeId, Span, Tree, Value as NodeValue};

/// A file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// The path as the user gave it, members of directories appended; `-` for standard input.
    pub name: Arc<str>,
    /// The text, in UTF-8 if it is text at all; a byte order mark is kept.
    pub bytes: Vec<u8>,
    /// How the text is stored.
    pub storage: Storage,
}

/// How a text is stored: only a plain file can be edited in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// As it is.
    Plain,
    /// Compressed with gzip.
    Gzip,
    /// Compressed with zstd.
    Zstd,
    /// In a tar archive.
    Archived,
    /// In UTF-16.
    Utf16,
}

impl InputFile {
    /// A file from its bytes. UTF-16 with a byte order mark is converted: `kubectl` refuses it, but Windows writes it
    /// and its meaning is beyond doubt.
    pub fn new(name: impl Into<Arc<str>>, bytes: Vec<u8>) -> Self {
        let unit: fn([u8; 2]) -> u16 = match bytes.get(..2) {
            Some([0xFF, 0xFE]) => u16::from_le_bytes,
            Some([0xFE, 0xFF]) => u16::from_be_bytes,
            _ => {
                return InputFile {
                    name: name.into(),
                    bytes,
                    storage: Storage::Plain,
                };
            }
        };
        let units = bytes[2..]
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]));
        let text: String = char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        InputFile {
            name: name.into(),
            bytes: text.into_bytes(),
            storage: Storage::Utf16,
        }
    }
}

/// What a file or chunk holds.
#[derive(Debug, Default)]
pub struct Reading<'a> {
    /// Objects of whatever kind, in the order of the text.
    pub documents: Vec<Document<'a>>,
    /// Documents that cannot be read; each has a diagnostic of severity error as well.
    pub unreadable: Vec<Unreadable>,
    /// What there is to say about the text.
    pub diagnostics: Vec<Diagnostic>,
}

/// The [`Document::kind`] of an operation of a JSON 6902 patch, which has none of its own: an element of a list with `op`
/// and `path`. No object can have it.
pub const OPERATION: &str = "(operation of a patch)";

/// A document that cannot be read: what it would have held is a gap in the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where the document begins.
    pub source: Source,
    /// Why it cannot be read: [`diags::TEMPLATE`], [`diags::SYNTAX`], …
    pub code: &'static Code,
    /// The kind, if a plain line tells it.
    pub kind_hint: Option<String>,
    /// The name, if a plain line tells it.
    pub name_hint: Option<String>,
    /// The namespace, if a plain line tells it.
    pub namespace_hint: Option<String>,
}

/// A part of a file that is read on its own: a document, or an element of a list.
pub struct Chunk<'a> {
    file: &'a InputFile,
    piece: Piece,
}

/// Splits a file into chunks, in the order of the text.
pub fn chunks(file: &InputFile) -> Vec<Chunk<'_>> {
    split::split(&file.bytes)
        .into_iter()
        .map(|piece| Chunk { file, piece })
        .collect()
}

/// Reads a whole file.
pub fn documents(file: &InputFile) -> Reading<'_> {
    let mut reading = Reading::default();
    for chunk in chunks(file) {
        let mut read = chunk.read();
        reading.documents.append(&mut read.documents);
        reading.unreadable.append(&mut read.unreadable);
        reading.diagnostics.append(&mut read.diagnostics);
    }
    reading
}

/// Compares the two readers of YAML: `None` if the quick one leaves the document to the general one, else how what they
/// read differs, which must be never. For tests.
#[doc(hidden)]
pub fn compare_yaml_readers(text: &str) -> Option<Result<(), String>> {
    yaml::difference(text)
}

impl<'a> Chunk<'a> {
    /// Its bytes in the file.
    pub fn bytes(&self) -> Range<usize> {
        self.piece.bytes.clone()
    }

    /// The place where it begins: number of the document, line and column.
    pub fn place(&self) -> (u32, u32, u32) {
        let origin = self.piece.origin;
        (self.piece.document, origin.line, origin.column)
    }

    /// Whether another chunk, of the same bytes, means the same.
    pub fn is_read_like(&self, other: &Chunk) -> bool {
        let is_like = match (&self.piece.form, &other.piece.form) {
            (Form::Yaml, Form::Yaml) | (Form::Json, Form::Json) => true,
            (Form::YamlElement(one), Form::YamlElement(other))
            | (Form::JsonElement(one), Form::JsonElement(other)) => one == other,
            (Form::Fault(one), Form::Fault(other)) => one.message == other.message,
            (
                Form::Yaml
                | Form::YamlElement(_)
                | Form::Json
                | Form::JsonElement(_)
                | Form::Fault(_),
                _,
            ) => false,
        };
        is_like && self.piece.document == other.piece.document
    }

    /// Reads the chunk.
    pub fn read(&self) -> Reading<'a> {
        read::piece(&self.file.name, &self.file.bytes, &self.piece)
    }
}
