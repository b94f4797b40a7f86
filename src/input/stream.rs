//! Long files in parts: what stands in one part is read while the next is still coming, and then forgotten.
//!
//! Two forms of file become large, and both are cut: one list of objects, as `kubectl get` prints it in JSON or YAML,
//! and many YAML documents. Everything else, and every file that turns out not to be quite such a list, is read as a
//! whole ([`Restart`]): a fault in its structure has consequences for what stands around it. So whatever comes out here
//! is what [`super::documents`] makes of the same text.
//!
//! Where a JSON list can be cut is guessed, from how its first element begins, and never trusted: an element counts as
//! one once it has been read as a complete JSON value from its first byte to its last. That takes one pass; counting
//! brackets beforehand would take two.

mod json;
mod yaml;

use std::io::{self, Read};
use std::sync::Arc;

use super::diags::NOT_AN_OBJECT;
use super::split::Piece;
use super::text::Origin;
use super::{Document, Reading};

/// How much of a file is looked at together. Large enough that handing parts around costs nothing, small enough that a
/// part is still in the core's own cache when it is looked at again.
pub const PART: usize = 1 << 20;

/// How long a part may become if there is no place to cut it: far more than the API server stores for an object
/// (1.5 MiB), so a file without such a place is no list.
const MAX_PART: usize = 64 << 20;

/// The file has to be read as a whole, for a reason that only the whole shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// The line up to which it could be read in parts.
    pub line: u32,
}

/// How a file is to be read.
pub enum Opening<R> {
    /// In parts.
    Parts(Stream<R>),
    /// As a whole. These bytes have been taken from the source already.
    Whole(Vec<u8>),
}

/// A file that is read in parts.
pub struct Stream<R> {
    name: Arc<str>,
    source: R,
    form: Form,
    /// What has been read of the next part.
    carry: Vec<u8>,
    place: Origin,
    documents: u32,
    part: usize,
    /// Whether `carry` is a part that was not looked at yet.
    filled: bool,
    ended: bool,
}

/// Consecutive elements or documents of a file.
pub struct Part {
    name: Arc<str>,
    form: Form,
    bytes: Vec<u8>,
    /// Where the bytes stand; `offset` counts from the beginning of the part.
    place: Origin,
    /// Whether every byte stands one column behind the one before it: a piece of one long line of ASCII.
    flat: bool,
    /// The number of the document that they are elements of.
    documents: u32,
    /// The documents, if it is made of these.
    pieces: Vec<Piece>,
    /// Whether the file ends with it.
    last: bool,
}

/// What the parts of a file are.
#[derive(Clone)]
enum Form {
    Json(Arc<json::List>),
    YamlList(Arc<yaml::List>),
    YamlDocuments,
}

impl Default for Part {
    fn default() -> Self {
        Part {
            name: Arc::from(""),
            form: Form::YamlDocuments,
            bytes: Vec::new(),
            place: Origin::START,
            flat: false,
            documents: 0,
            pieces: Vec::new(),
            last: false,
        }
    }
}

/// Looks at the beginning of a file. `part` is how much to take at once, [`PART`] but for tests.
///
/// # Errors
/// If the source fails.
pub fn open<R: Read>(name: &Arc<str>, mut source: R, part: usize) -> io::Result<Opening<R>> {
    let mut head = Vec::with_capacity(part);
    if take(&mut source, &mut head, part)? {
        return Ok(Opening::Whole(head));
    }
    let form = match json::List::begin(&head) {
        Some((list, at)) => Some((Form::Json(Arc::new(list)), at)),
        None => yaml::List::begin(&head)
            .map(|(list, at)| (Form::YamlList(Arc::new(list)), at))
            .or_else(|| yaml::are_documents(&head).then_some((Form::YamlDocuments, 0))),
    };
    let Some((form, at)) = form else {
        return Ok(Opening::Whole(head));
    };
    let place = Origin::START.after(&head[..at]);
    head.drain(..at);
    Ok(Opening::Parts(Stream {
        name: Arc::clone(name),
        source,
        documents: u32::from(!matches!(form, Form::YamlDocuments)),
        form,
        carry: head,
        place,
        part,
        filled: true,
        ended: false,
    }))
}

/// Appends up to `count` bytes; true if the source has no more.
fn take(source: &mut impl Read, bytes: &mut Vec<u8>, count: usize) -> io::Result<bool> {
    let wanted = bytes.len() + count;
    source.by_ref().take(count as u64).read_to_end(bytes)?;
    Ok(bytes.len() < wanted)
}

impl<R: Read> Stream<R> {
    /// Fills a part with what comes next; false behind the last one.
    ///
    /// # Errors
    /// If the source fails, or if no place to cut the file is found.
    pub fn fill(&mut self, part: &mut Part) -> io::Result<Result<bool, Restart>> {
        if self.ended {
            return Ok(Ok(false));
        }
        let bytes = &mut part.bytes;
        bytes.clear();
        bytes.append(&mut self.carry);
        let cut = loop {
            if !std::mem::take(&mut self.filled) {
                self.ended = take(&mut self.source, bytes, self.part)?;
            }
            if self.ended {
                break bytes.len();
            }
            match self.form.cut(bytes) {
                Some(cut) => break cut,
                None if bytes.len() > MAX_PART => return Ok(Err(self.restart())),
                None => {}
            }
        };
        self.carry.extend_from_slice(&bytes[cut..]);
        bytes.truncate(cut);
        part.name = Arc::clone(&self.name);
        part.form = self.form.clone();
        part.documents = self.documents;
        part.last = self.ended;
        part.place = Origin {
            offset: 0,
            ..self.place
        };
        self.place = part.place.after(bytes);
        part.flat = self.place.line == part.place.line
            && (self.place.column - part.place.column) as usize == bytes.len();
        if matches!(self.form, Form::YamlDocuments) {
            (part.pieces, self.documents) = yaml::split(bytes, part.place, self.documents);
        }
        Ok(Ok(true))
    }

    /// Ends the stream: nothing more is wanted.
    pub fn stop(&mut self) {
        self.ended = true;
    }

    /// Where the file could no longer be read in parts.
    fn restart(&self) -> Restart {
        Restart {
            line: self.place.line,
        }
    }
}

impl Form {
    /// Where the bytes of a part end for certain, or nearly so.
    fn cut(&self, bytes: &[u8]) -> Option<usize> {
        match self {
            Form::Json(list) => list.last_begin(bytes),
            Form::YamlList(list) => list.last_begin(bytes),
            Form::YamlDocuments => yaml::last_document(bytes),
        }
    }
}

impl Part {
    /// Reads the part and gives its documents to `take`, in order.
    ///
    /// A [tentative](Document::is_tentative) document must be decoded before it is believed: if it cannot be, `take`
    /// answers false and gets the same document again, or what is really there.
    ///
    /// What is returned holds no documents.
    ///
    /// # Errors
    /// If the file has to be read as a whole.
    pub fn read(
        &self,
        mut take: impl FnMut(&Document<'_>) -> bool,
    ) -> Result<Reading<'static>, Restart> {
        let restart = Restart {
            line: self.place.line,
        };
        match &self.form {
            Form::Json(list) => list.read(self, &mut take),
            Form::YamlList(list) => list.read(self, &mut take),
            Form::YamlDocuments => Some(yaml::read_documents(self, &mut take)),
        }
        .ok_or(restart)
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// The place of a byte that is not before `known`.
    fn place_of(&self, at: usize, known: Origin) -> Origin {
        if self.flat {
            return Origin {
                offset: at,
                column: self.place.column + at as u32,
                ..self.place
            };
        }
        known.after(&self.bytes[known.offset..at])
    }
}

/// Gives the documents that were read to `take` and keeps the rest.
fn deliver(
    read: Reading<'_>,
    take: &mut impl FnMut(&Document<'_>) -> bool,
    all: &mut Reading<'static>,
) {
    for document in &read.documents {
        take(document);
    }
    all.unreadable.extend(read.unreadable);
    all.diagnostics.extend(read.diagnostics);
}

/// Whether there may be elements that would be objects if the list told their kind.
fn has_kindless(read: &Reading<'_>) -> bool {
    let mut said = read.diagnostics.iter();
    said.any(|said| said.code.name == NOT_AN_OBJECT.name)
}
