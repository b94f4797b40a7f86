//! The reader: YAML against Go's answers, the input formats, positions, limits and hostile input.

/// Documents, their places, and what is said about those that cannot be read.
mod documents;
/// Bombs, depth, garbage, and properties over arbitrary input.
mod hostile;
/// JSON objects, lists, streams, and the API server's rules for them.
mod json;
/// The two readers of YAML against each other.
mod lines;
/// Long files in parts.
mod stream;
/// Templates of Helm, Jinja and ytt.
mod templates;
/// Directories, standard input, compression.
mod walk;
/// `fixtures/vectors/yaml` against Go's answers, and the rules behind them one by one.
mod yaml;

use psp2psa::diag::Diagnostic;
use psp2psa::input::{self, InputFile, Reading};

/// A file named `t.yaml`.
fn file(text: impl AsRef<[u8]>) -> InputFile {
    InputFile::new("t.yaml", text.as_ref().to_vec())
}

/// Kind, line and column of every document.
fn places(reading: &Reading<'_>) -> Vec<String> {
    reading
        .documents
        .iter()
        .map(|document| {
            let source = &document.source;
            format!(
                "{} #{} {}:{}",
                document.kind, source.document, source.line, source.column
            )
        })
        .collect()
}

/// Place, code and message of every diagnostic.
fn messages(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let source = diagnostic
                .source
                .as_ref()
                .expect("the reader always names a place");
            format!(
                "{}:{} {} {}",
                source.line, source.column, diagnostic.code.name, diagnostic.message
            )
        })
        .collect()
}

/// The only document of a text as JSON.
fn value(text: &str) -> serde_json::Value {
    let file = file(text);
    let reading = input::documents(&file);
    assert_eq!(
        reading.documents.len(),
        1,
        "{text}: {:?}",
        messages(&reading.diagnostics)
    );
    reading.documents[0]
        .value()
        .expect("a small document is a value")
}

/// What is said about a text that holds no document.
fn refusal(text: &str) -> String {
    let file = file(text);
    let reading = input::documents(&file);
    assert_eq!(places(&reading), [""; 0], "{text}");
    assert_eq!(reading.unreadable.len(), 1, "{text}");
    messages(&reading.diagnostics).join("\n")
}

#[test]
fn codes_are_sorted_and_documented() {
    let names: Vec<&str> = input::diags::CODES.iter().map(|code| code.name).collect();
    assert!(names.is_sorted());
    for code in input::diags::CODES {
        assert!(code.name.starts_with("input/"));
        for part in ["**Why it matters.**", "**What to do.**"] {
            assert!(code.docs.contains(part), "{} lacks {part}", code.name);
        }
    }
}
