//! From files to whatever is made of their documents: on all cores, part by part where a file is long.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use serde_json::Value;

use crate::diag::Diagnostic;
use crate::input::stream::{Part, Restart, Stream};
use crate::input::{self, DecodeError, Document, InputFile, Unreadable};
use crate::model::decode::Object;
use crate::model::provenance::Provenance;

/// What was read, in the order of the input, before it is put together.
#[derive(Debug, Default)]
pub struct Read<T = Vec<Object>> {
    /// What was made of every document that could be decoded.
    pub objects: T,
    /// Every document that could not.
    pub unreadable: Vec<Unreadable>,
    /// What there is to say about them.
    pub diagnostics: Vec<Diagnostic>,
    /// How many objects were passed over, by kind, because nothing follows from them.
    pub passed_over: BTreeMap<String, u64>,
    /// What was read, those objects included.
    pub provenance: Provenance,
}

/// What becomes of documents as they are read: objects that are kept for later, or judgements.
pub struct Collector<'c, T, M> {
    /// Makes something of a document. It may be asked twice about a tentative one, and what it made then is dropped.
    pub make: &'c (dyn Fn(&Document<'_>) -> Result<M, DecodeError> + Sync),
    /// Whether what was made of a document is nothing, because its kind is not known. Such objects are counted.
    pub is_unknown: fn(&M) -> bool,
    /// Adds it to what was made of the documents before.
    pub put: fn(&mut T, M),
    /// Appends what was made of documents that stand behind.
    pub append: fn(&mut T, T),
}

impl<T: Default + Send, M> Collector<'_, T, M> {
    /// Reads and decodes one file, on all cores.
    pub fn read(&self, file: &InputFile) -> Read<T> {
        let parts: Vec<Read<T>> = input::chunks(file)
            .par_iter()
            .fold(Read::default, |mut read, chunk| {
                let reading = chunk.read();
                for document in &reading.documents {
                    self.decode(document, &mut read);
                }
                read.unreadable.extend(reading.unreadable);
                read.diagnostics.extend(reading.diagnostics);
                read
            })
            .collect();
        self.merge(parts)
    }

    /// Reads and decodes a file part by part, on all cores; what was read is forgotten if there is an error.
    ///
    /// # Errors
    /// If the source fails, or if the file has to be read as a whole.
    pub fn read_parts(&self, stream: Stream<impl io::Read + Send>) -> Result<Read<T>, Interrupted> {
        let stream = Mutex::new((stream, 0));
        let parts = Mutex::new(Vec::new());
        let interrupted = Mutex::new(None);
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| {
                    let mut part = Part::default();
                    let result = loop {
                        let number = match next_part(&stream, &mut part) {
                            Ok(Some(number)) => number,
                            Ok(None) => break Ok(()),
                            Err(interrupted) => break Err(interrupted),
                        };
                        match self.read_part(&part) {
                            Ok(read) => locked(&parts).push((number, read)),
                            Err(restart) => break Err(Interrupted::Restart(restart)),
                        }
                    };
                    if let Err(reason) = result {
                        locked(&stream).0.stop();
                        locked(&interrupted).get_or_insert(reason);
                    }
                });
            }
        });
        if let Some(reason) = locked(&interrupted).take() {
            return Err(reason);
        }
        let mut parts = std::mem::take(&mut *locked(&parts));
        parts.sort_by_key(|(number, _)| *number);
        Ok(self.merge(parts.into_iter().map(|(_, read)| read)))
    }

    fn read_part(&self, part: &Part) -> Result<Read<T>, Restart> {
        let mut read = Read::default();
        let said = part.read(|document| self.decode(document, &mut read))?;
        read.unreadable.extend(said.unreadable);
        read.diagnostics.extend(said.diagnostics);
        Ok(read)
    }

    /// Decodes a document; false if it was tentative and proved to be something else.
    fn decode(&self, document: &Document<'_>, read: &mut Read<T>) -> bool {
        let made = (self.make)(document);
        if document.is_tentative() && (made.is_err() || !document.is_proven()) {
            return false;
        }
        read.diagnostics.extend_from_slice(document.noticed());
        match made {
            Ok(made) => {
                if document.kind != input::OPERATION {
                    count(&mut read.provenance.objects, &document.kind, 1);
                }
                if (self.is_unknown)(&made) {
                    count(&mut read.passed_over, &document.kind, 1);
                }
                (self.put)(&mut read.objects, made);
            }
            Err(error) => {
                read.unreadable.push(undecodable(document, &error));
                read.diagnostics.push(input::diags::wrong_type(&error));
            }
        }
        true
    }

    /// Puts parts together that were read on their own.
    pub fn merge(&self, parts: impl IntoIterator<Item = Read<T>>) -> Read<T> {
        let mut all = Read::default();
        for part in parts {
            (self.append)(&mut all.objects, part.objects);
            all.unreadable.extend(part.unreadable);
            all.diagnostics.extend(part.diagnostics);
            add(&mut all.passed_over, part.passed_over);
            add(&mut all.provenance.objects, part.provenance.objects);
            all.provenance.files.extend(part.provenance.files);
        }
        all
    }
}

/// Adds to the number of objects of a kind. A dump has few kinds and many objects of each.
fn count(counts: &mut BTreeMap<String, u64>, kind: &str, more: u64) {
    match counts.get_mut(kind) {
        Some(count) => *count += more,
        None => {
            counts.insert(kind.to_owned(), more);
        }
    }
}

fn add(counts: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>) {
    for (kind, more) in more {
        count(counts, &kind, more);
    }
}

/// Why a file could not be read part by part.
#[derive(Debug)]
pub enum Interrupted {
    /// The source failed.
    Failed(io::Error),
    /// The file has to be read as a whole.
    Restart(Restart),
}

/// Fills a part; with its number.
fn next_part(
    stream: &Mutex<(Stream<impl io::Read>, usize)>,
    part: &mut Part,
) -> Result<Option<usize>, Interrupted> {
    let (stream, number) = &mut *locked(stream);
    match stream.fill(part).map_err(Interrupted::Failed)? {
        Ok(true) => {
            *number += 1;
            Ok(Some(*number))
        }
        Ok(false) => Ok(None),
        Err(restart) => Err(Interrupted::Restart(restart)),
    }
}

/// What a mutex holds, also if another thread has panicked, which the scope passes on anyway.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Read {
    /// Appends what was read from another file.
    pub fn append(&mut self, mut other: Read) {
        self.objects.append(&mut other.objects);
        self.unreadable.append(&mut other.unreadable);
        self.diagnostics.append(&mut other.diagnostics);
        add(&mut self.passed_over, other.passed_over);
        add(&mut self.provenance.objects, other.provenance.objects);
        self.provenance.files.extend(other.provenance.files);
    }
}

/// What is left of a document of which some field cannot be decoded.
fn undecodable(document: &Document, error: &DecodeError) -> Unreadable {
    let object = document.value().unwrap_or_default();
    let text = |path: &str| {
        object
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Unreadable {
        source: document.source.clone(),
        code: error.code,
        kind_hint: Some(document.kind.clone()),
        name_hint: text("/metadata/name"),
        namespace_hint: text("/metadata/namespace"),
    }
}
