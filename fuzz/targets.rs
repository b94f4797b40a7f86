//! What is fuzzed: each target takes any bytes as a file and checks what must hold for every input.
//!
//! The same code runs under libfuzzer (`fuzz_targets/`) and, without it, in `tests/suite/fuzz.rs`.

use std::sync::Arc;

use psp2psa::check::Question;
use psp2psa::input::stream::{self, Opening, Part};
use psp2psa::input::walk::{self, Limits, Opened, Recursion};
use psp2psa::input::{self, InputFile};
use psp2psa::plan;
use psp2psa::pss::Version;
use psp2psa::rbac::Identity;
use psp2psa::render::{self, json};

/// Reading and decoding: every unreadable document is told, every place is in the file.
pub(crate) fn input(bytes: &[u8]) {
    let file = InputFile::new("fuzz", bytes.to_vec());
    let reading = input::documents(&file);
    assert!(reading.diagnostics.len() >= reading.unreadable.len());
    let lines = file.bytes.iter().filter(|byte| **byte == b'\n').count() as u32 + 1;
    for document in &reading.documents {
        assert!((1..=lines).contains(&document.source.line));
        let value = document.value();
        if let Some((tree, root)) = document.tree() {
            assert!(tree.bytes(root).end <= file.bytes.len());
        }
        let _ = (value, document.decode::<psp2psa::model::pod::Pod>());
    }
}

/// Reading in parts: what comes out is what comes out of the whole.
pub(crate) fn parts(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else {
        return;
    };
    let told = |document: &input::Document<'_>| {
        let value = document.value().ok()?;
        let proven = document.is_proven();
        proven.then(|| format!("{} {} {value}", document.kind, document.source))
    };
    let name: Arc<str> = Arc::from("fuzz");
    let Ok(Opening::Parts(mut stream)) = stream::open(&name, bytes, 16 + usize::from(*size)) else {
        return;
    };
    let mut part = Part::default();
    let mut found = Vec::new();
    while let Ok(filled) = stream.fill(&mut part) {
        match filled {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => return,
        }
        let read = part.read(|document| {
            let told = told(document);
            let taken = told.is_some() || !document.is_tentative();
            found.extend(told);
            taken
        });
        if read.is_err() {
            return;
        }
    }
    let file = InputFile::new("fuzz", bytes.to_vec());
    let whole: Vec<String> = input::documents(&file)
        .documents
        .iter()
        .filter_map(told)
        .collect();
    assert_eq!(found, whole);
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
    let written = render::text::check(&mut out, &judged, &question, render::text::Fit::Wide);
    assert!(written.is_ok());
    let text = String::from_utf8_lossy(&out).into_owned();
    assert!(
        !text
            .chars()
            .any(|c| c != '\n' && c != '\u{1b}' && c.is_control())
    );
}

/// The whole migration with all files.
pub(crate) fn migrate(bytes: &[u8]) {
    let read = psp2psa::read(&InputFile::new("fuzz", bytes.to_vec()));
    let options = plan::Options {
        target: None,
        basis: plan::Basis::Observed,
        prefer: plan::Prefer::Stability,
        audit: plan::Aim::Next,
        warn: plan::Aim::Next,
        existing: plan::Existing::Keep,
        complete: false,
        only: None,
        exclude: Vec::new(),
        settings: plan::settings::Settings::default(),
    };
    let (plan, _) = psp2psa::migrate(read, &psp2psa::default_attribution(), &options);
    for artifact in render::artifacts(&plan, String::new()) {
        let inside = |part: &str| !matches!(part, "" | "." | "..");
        assert!(artifact.path.split('/').all(inside), "{}", artifact.path);
    }
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
                let _ = archive.each(|file| drop(input::documents(&file)));
            }
            Ok(Opened::Whole | Opened::Parts(_)) => {
                let _ = walk::read_within(entry, limits).map(|file| drop(input::documents(&file)));
            }
            Err(diagnostic) => assert!(diagnostic.source.is_some()),
        }
    }
}
