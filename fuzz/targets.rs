//! What is fuzzed: each target takes any bytes as a file and checks what must hold for every input.
//!
//! The same code runs under libfuzzer (`fuzz_targets/`) and, without it, in `tests/suite/fuzz.rs`.

use std::sync::Arc;

use psp2psa::check::Question;
use psp2psa::diag::Diagnostic;
use psp2psa::edit::{self, At, Set, Wish};
use psp2psa::input::stream::{self, Opening, Part};
use psp2psa::input::walk::{self, Limits, Opened, Recursion};
use psp2psa::input::{self, Document, InputFile, Reading, Unreadable};
use psp2psa::plan;
use psp2psa::pss::Version;
use psp2psa::rbac::Identity;
use psp2psa::render::{self, html, json, junit, markdown, sarif, text};
use serde_json::Value;

/// Reading and decoding: every unreadable document is told, every place is in the file.
pub(crate) fn input(bytes: &[u8]) {
    let file = InputFile::new("fuzz", bytes.to_vec());
    let reading = input::documents(&file);
    assert!(reading.diagnostics.len() >= reading.unreadable.len());
    // YAML counts a carriage return alone as a line break.
    let breaks = file.bytes.iter().filter(|byte| b"\r\n".contains(byte));
    let lines = breaks.count() as u32 + 1;
    for document in &reading.documents {
        assert!((1..=lines).contains(&document.source.line));
        let value = document.value();
        if let Some((tree, root)) = document.tree() {
            assert!(tree.bytes(root).end <= file.bytes.len());
        }
        let _ = (value, document.decode::<psp2psa::model::pod::Pod>());
    }
}

/// What is told of a file: documents, and what there is to say about them and about what cannot be read.
#[derive(Debug, Default, PartialEq)]
struct Told {
    documents: Vec<String>,
    noticed: Vec<String>,
    said: Vec<String>,
    unreadable: Vec<Unreadable>,
}

impl Told {
    /// Adds a document; false for one that only seemed to be there.
    fn document(&mut self, document: &Document<'_>) -> bool {
        let value = document.value();
        if document.is_tentative() && (value.is_err() || !document.is_proven()) {
            return false;
        }
        let value = value.map_or_else(
            |error| format!("{} {error}", error.source),
            |value| value.to_string(),
        );
        self.documents.push(format!(
            "{} {} {} #{} {value}",
            document.kind, document.api_version, document.source, document.source.document
        ));
        self.noticed.extend(document.noticed().iter().map(in_words));
        true
    }

    /// Adds the rest of what a part or a whole file says.
    fn rest(&mut self, reading: Reading<'_>) {
        self.said.extend(reading.diagnostics.iter().map(in_words));
        self.unreadable.extend(reading.unreadable);
    }
}

fn in_words(said: &Diagnostic) -> String {
    let source = said.source.as_ref();
    let place = source.map(|source| format!("{source} #{}", source.document));
    format!(
        "{place:?} {} {} ({})",
        said.code.name, said.message, said.help
    )
}

/// Reading in parts: what comes out is what comes out of the whole.
pub(crate) fn parts(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else {
        return;
    };
    // A NUL byte among the first of a file makes all of it binary; parts as short as these do not reach so far.
    if bytes.contains(&0) {
        return;
    }
    let name: Arc<str> = Arc::from("fuzz");
    let Ok(Opening::Parts(mut stream)) = stream::open(&name, bytes, 16 + usize::from(*size)) else {
        return;
    };
    let mut part = Part::default();
    let mut found = Told::default();
    while let Ok(filled) = stream.fill(&mut part) {
        match filled {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => return,
        }
        match part.read(|document| found.document(document)) {
            Ok(reading) => found.rest(reading),
            Err(_) => return,
        }
    }
    let file = InputFile::new(name, bytes.to_vec());
    let mut whole = Told::default();
    let reading = input::documents(&file);
    for document in &reading.documents {
        whole.document(document);
    }
    whole.rest(reading);
    assert_eq!(found, whole);
}

/// Simple YAML: what is read line by line is what the parser reads.
pub(crate) fn lines(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(Err(difference)) = input::compare_yaml_readers(text)
    {
        panic!("{difference}");
    }
}

/// The RBAC join and its questions.
pub(crate) fn rbac(bytes: &[u8]) {
    let read = psp2psa::read(&InputFile::new("fuzz", bytes.to_vec()));
    let (inventory, _) = psp2psa::assemble(read, &psp2psa::default_attribution());
    let (access, _) = psp2psa::resolve(&inventory);
    let question = json::AccessQuestion {
        namespace: Some("default"),
        policy: Some("p"),
        who: Some(Identity {
            user: "system:serviceaccount:default:default".to_owned(),
            groups: vec!["system:authenticated".to_owned()],
        }),
        default_namespace: "default",
    };
    let _ = json::access(&access, &question);
}

/// Mapping of policies.
pub(crate) fn psp(bytes: &[u8]) {
    let read = psp2psa::read(&InputFile::new("fuzz", bytes.to_vec()));
    let (policies, diagnostics) = psp2psa::map(read, Version::Latest);
    let _ = json::to_text(&json::document(
        "MapReport",
        &diagnostics,
        json::map(&policies, Version::Latest),
    ));
}

/// Judging of workloads.
pub(crate) fn psa(bytes: &[u8]) {
    let read = psp2psa::read(&InputFile::new("fuzz", bytes.to_vec()));
    let question = Question {
        level: None,
        version: Version::Latest,
        namespace: None,
    };
    let (judged, _) = psp2psa::check(read, &psp2psa::default_attribution(), &question);
    let mut out = Vec::new();
    let written = text::check(&mut out, &judged, &question, text::Fit::Wide);
    assert!(written.is_ok());
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(
        !text
            .chars()
            .any(|c| c != '\n' && c != '\u{1b}' && c.is_control())
    );
}

/// Edits in place: what is wished for holds in the new text, and every other value is what it was.
pub(crate) fn edit(bytes: &[u8]) {
    let file = InputFile::new("fuzz.yaml", bytes.to_vec());
    let options = plan::Options {
        existing: plan::Existing::Overwrite,
        prefer: plan::Prefer::Security,
        ..plan::Options::DEFAULT
    };
    let read = psp2psa::keep_manifests().read(&file);
    let (plan, _) = psp2psa::migrate(read, &psp2psa::default_attribution(), &options);
    for wishes in edit::wanted(&plan).wishes.values() {
        let edited = edit::edit(&file, wishes);
        let new = InputFile {
            bytes: edit::apply(&file.bytes, &edited.splices),
            ..file.clone()
        };
        let left = |wish: &&Wish| {
            let mut left = edited.left.iter();
            !left.any(|left| left.source.as_ref() == Some(&wish.source))
        };
        let granted: Vec<&Wish> = wishes.iter().filter(left).collect();
        let (before, after) = (input::documents(&file), input::documents(&new));
        assert_eq!(before.unreadable.len(), after.unreadable.len());
        assert_eq!(before.documents.len(), after.documents.len());
        for (old, new) in before.documents.iter().zip(&after.documents) {
            let wishes = granted.iter().filter(|wish| wish.source == old.source);
            let sets: Vec<&Set> = wishes.flat_map(|wish| &wish.sets).collect();
            match (old.value(), new.value()) {
                (Ok(old), Ok(new)) => only_as_set(&old, &new, &mut Vec::new(), &sets),
                (Err(_), Err(_)) => assert!(sets.is_empty()),
                (old, new) => panic!("{old:?} has become {new:?}"),
            }
        }
    }
}

/// Whether two values at a place differ only where one of the sets says so, and do as it says.
fn only_as_set(old: &Value, new: &Value, at: &mut Vec<At>, sets: &[&Set]) {
    if let Some(set) = sets.iter().find(|set| set.path == *at) {
        assert_eq!(*new, set.value, "{at:?}");
        return;
    }
    let above = sets.iter().any(|set| set.path.starts_with(at));
    if !above {
        assert_eq!(old, new, "{at:?}");
        return;
    }
    let mut inner = |step: At, old: &Value, new: &Value| {
        at.push(step);
        only_as_set(old, new, at, sets);
        at.pop();
    };
    let absent = Value::Null;
    match new {
        Value::Object(fields) => {
            let keys = old.as_object().into_iter().flat_map(|old| old.keys());
            for key in keys.chain(fields.keys()) {
                let old = old.get(key).unwrap_or(&absent);
                inner(
                    At::Key(key.clone()),
                    old,
                    fields.get(key).unwrap_or(&absent),
                );
            }
        }
        Value::Array(items) => {
            let length = old.as_array().map_or(0, Vec::len).max(items.len());
            for index in 0..length {
                let old = old.get(index).unwrap_or(&absent);
                inner(At::Index(index), old, items.get(index).unwrap_or(&absent));
            }
        }
        other => panic!("{at:?} is {other} and holds nothing"),
    }
}

/// The whole migration with all files: each stays in its folder, and nothing of the input gets out of its text.
pub(crate) fn migrate(bytes: &[u8]) {
    let read = psp2psa::read(&InputFile::new("fuzz", bytes.to_vec()));
    let (plan, diagnostics) = psp2psa::migrate(
        read,
        &psp2psa::default_attribution(),
        &plan::Options::DEFAULT,
    );
    for artifact in render::artifacts(&plan, String::new()) {
        let inside = |part: &str| !matches!(part, "" | "." | "..");
        assert!(artifact.path.split('/').all(inside), "{}", artifact.path);
        assert_harmless(&artifact.text);
    }
    let report = json::document("MigrationReport", &diagnostics, json::migration(&plan));
    // An input gets one report. The templates are set up for each, which takes ten times as long as the plan, so few
    // inputs get one with templates.
    match bytes.len() % 64 {
        0 => {
            let page = html::report(&report);
            assert_harmless(&page);
            assert_eq!(page.matches("<script").count(), 1);
        }
        1 => assert_harmless(&markdown::report(&report)),
        2..8 => assert_harmless(&markdown::pull_request(&report)),
        8..20 => {
            // The colours are ours.
            let table = text::migrate(&report.body, text::Fit::Terminal);
            assert_harmless(&table.replace('\u{1b}', ""));
        }
        20..32 => {
            let failing = plan::findings::Severity::ALL;
            assert_harmless(&junit::migration(&report, &failing));
        }
        32..44 => assert!(serde_json::from_str::<Value>(&sarif::migration(&report)).is_ok()),
        _ => assert!(serde_json::from_str::<Value>(&json::to_text(&report)).is_ok()),
    }
}

/// Nothing in a text moves a cursor, or reorders what stands around it.
fn assert_harmless(text: &str) {
    let harmful = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'));
    assert!(!text.contains(harmful), "{text:?}");
}

/// Archives and compressed files, as from standard input.
pub(crate) fn archive(bytes: &[u8]) {
    let limits = Limits {
        unpacked: Some(16 << 20),
    };
    let listing = walk::list(&["-".to_owned()], Recursion::Off, bytes);
    let entries = listing.map(|listing| listing.entries).unwrap_or_default();
    for entry in entries {
        match walk::open(&entry, limits) {
            Ok(Opened::Archive(archive)) => {
                let _ = archive.each(|member| match member {
                    Ok(file) => drop(input::documents(&file)),
                    Err(diagnostic) => assert!(diagnostic.source.is_some()),
                });
            }
            Ok(Opened::Whole | Opened::Parts(_)) => {
                let _ = walk::read_through(entry, limits, |source| source)
                    .map(|file| drop(input::documents(&file)));
            }
            Err(diagnostic) => assert!(diagnostic.source.is_some()),
        }
    }
}
