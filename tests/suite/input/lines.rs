//! The reader of simple YAML against the parser: what it reads is the same in every value and place.
//!
//! `PSP2PSA_LONG=1 cargo test --release --test suite lines` compares millions of documents, others each time.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read fixtures and the environment, and stop where that fails"
)]

mod generator;

use std::path::Path;

use generator::Random;
use psp2psa::input::{self, InputFile};

/// Compares the two readings of a text; whether the quick reader took it.
fn compare(text: &str) -> bool {
    match input::compare_yaml_readers(text) {
        None => false,
        Some(Ok(())) => true,
        Some(Err(difference)) => panic!("{difference}"),
    }
}

/// How many of the texts that `make` gives the quick reader takes, of how many.
fn taken(seed: u64, mut make: impl FnMut(&mut Random) -> String) -> (usize, usize) {
    let long = std::env::var_os("PSP2PSA_LONG").is_some();
    let (seed, rounds) = match long {
        true => (u64::from(std::process::id()), 2_000_000),
        false => (seed, 4_000),
    };
    let mut random = Random(seed);
    let taken = (0..rounds).filter(|_| compare(&make(&mut random))).count();
    (taken, rounds)
}

/// The documents and list elements of all fixtures.
fn fixtures() -> Vec<String> {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    let mut documents = Vec::new();
    while let Some(folder) = open.pop() {
        let mut paths: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                let file = InputFile::new("f", std::fs::read(path).unwrap());
                for chunk in input::chunks(&file) {
                    documents.extend(String::from_utf8(file.bytes[chunk.bytes()].to_vec()));
                }
            }
        }
    }
    documents
}

#[test]
fn fixtures_are_read_alike_and_most_by_the_quick_reader() {
    let documents = fixtures();
    let taken = documents.iter().filter(|text| compare(text)).count();
    assert!(
        taken * 2 > documents.len(),
        "{taken} of {}",
        documents.len()
    );
}

#[test]
fn what_go_marshals_is_read_alike_by_the_quick_reader() {
    let (taken, of) = taken(1, generator::marshalled);
    assert!(taken * 10 > of * 9, "{taken} of {of}");
}

#[test]
fn lines_of_any_kind_are_read_alike() {
    let (taken, of) = taken(2, generator::lines);
    assert!(taken * 50 > of, "{taken} of {of}");
}

#[test]
fn changed_documents_are_read_alike() {
    let mut documents = fixtures();
    documents.retain(|text| text.len() < 800);
    let (taken, of) = taken(3, |random| {
        let text = match random.below(3) {
            0 => generator::marshalled(random),
            1 => generator::lines(random),
            _ => documents[random.below(documents.len())].clone(),
        };
        generator::changed(&text, random)
    });
    assert!(taken * 10 > of, "{taken} of {of}");
}

#[test]
fn the_quick_reader_takes_what_programs_print() {
    for text in [
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n",
        "---\n# Source: a/templates/b.yaml\nkind: A\n",
        "- apiVersion: v1\n  items: []\n  spec: {}\n",
        "args:\n- --flag\n- -1\n",
        "args:\n  - a: 1\n    b:\n  - - c\n",
        "a: |\n  x\n\n   y\nb: |-\n  z\nc: |+\n  w\n\n\n",
        "message: 'folded ''text''\n  goes on'\n",
        "message: \"folded \\\n  goes on\"\nplain: text that\n  goes on\n",
        "created: null\nempty:\nlast:\n",
        "fieldsV1:\n  f:a:\n    .: {}\n    k:{\"uid\":\"x\"}: {}\n",
    ] {
        assert!(compare(text), "{text}");
    }
}

#[test]
fn the_quick_reader_leaves_everything_else_to_the_parser() {
    for text in [
        "",
        "# c\n",
        "a",
        "a: &b 1\nc: *b\n",
        "a: !!str 1\n",
        "<<: {a: 1}\n",
        "a: {b: c}\n",
        "a: [b]\n",
        "? a\n: b\n",
        "a: >\n  b\n",
        "a: |2\n   b\n",
        "a: b # c\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: b\n---\nc: d\n",
        "a: b\n...\n",
        "a:\n- [] \n",
        "a:\n   b: 1\n  c: 2\n",
        "a: b\n  c: d\n",
        "a: 'b\n",
        "a: |\n   b\n  c\n",
        "null: a\n",
        "\u{a0}a: b\n",
        "a: b\u{2028}c\n",
    ] {
        assert!(!compare(text), "{text:?}");
    }
}
