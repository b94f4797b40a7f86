//! What the report was made of: files with their digests, objects by kind, kubelets, options.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::render::json::v1::{Document, InputFile, MigrationReport, Options};
use crate::render::text;

use super::words;

/// Files that are shown unfolded in HTML, and at all in Markdown.
const FEW: usize = 10;
/// Kinds, or versions, that are named.
const NAMED: usize = 40;

/// Everything that the same report can be made of again.
#[derive(Serialize)]
pub(super) struct MadeOf<'a> {
    tool: String,
    /// As flags of the command line.
    options: String,
    target: String,
    kubelets: String,
    objects: String,
    /// `7 files, 53,331 bytes`; empty if what was read were no files.
    words: String,
    /// One digest over all files; empty if there is none.
    sha256: &'a str,
    files: Vec<FileView<'a>>,
    few: bool,
}

/// One file.
#[derive(Serialize)]
struct FileView<'a> {
    name: &'a str,
    /// Empty without a digest.
    bytes: String,
    /// Or why there is none.
    sha256: &'a str,
}

impl<'a> MadeOf<'a> {
    /// Words what is known of the input.
    pub(super) fn new(document: &'a Document<MigrationReport>) -> Self {
        let report = &document.body;
        let input = &report.input;
        MadeOf {
            tool: format!("{} {}", document.tool.name, document.tool.version),
            options: flags(&input.options),
            target: format!("{}: {}", report.target_version, report.target_reason),
            kubelets: match input.kubelets.is_empty() {
                true => "no Node in the input tells a version".to_owned(),
                false => counts(&input.kubelets, |version, nodes| {
                    format!("{version} on {}", words::count(nodes, "node", "nodes"))
                }),
            },
            objects: match input.objects.is_empty() {
                true => "none".to_owned(),
                false => counts(&input.objects, |kind, many| {
                    format!("{} {kind}", words::number(many))
                }),
            },
            words: files(&input.files),
            sha256: input.sha256.as_deref().unwrap_or_default(),
            files: input.files.iter().map(file).collect(),
            few: input.files.len() <= FEW,
        }
    }
}

fn file(file: &InputFile) -> FileView<'_> {
    FileView {
        name: &file.name,
        bytes: file
            .bytes
            .map(|bytes| words::number(size(bytes)))
            .unwrap_or_default(),
        sha256: match (&file.sha256, &file.reason) {
            (Some(sha256), _) => sha256,
            (None, Some(reason)) => reason,
            (None, None) => "",
        },
    }
}

fn files(files: &[InputFile]) -> String {
    let bytes = files.iter().filter_map(|file| file.bytes).sum();
    match files.len() {
        0 => String::new(),
        many => format!(
            "{}, {} bytes",
            words::count(many, "file", "files"),
            words::number(size(bytes))
        ),
    }
}

fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Counts in these words, the largest first.
fn counts(counts: &BTreeMap<String, u64>, worded: impl Fn(&str, usize) -> String) -> String {
    let mut sorted: Vec<(&String, &u64)> = counts.iter().collect();
    sorted.sort_by_key(|(what, count)| (Reverse(*count), *what));
    let named: Vec<String> = sorted
        .iter()
        .take(NAMED)
        .map(|(what, count)| worded(&words::shorten(what, 63), size(**count)))
        .collect();
    match words::left_out(counts.len(), NAMED).as_str() {
        "" => named.join(", "),
        more => format!("{} {more}", named.join(", ")),
    }
}

/// The options as the command line has them, those that were not given included, for a POSIX shell.
fn flags(options: &Options) -> String {
    let mut flags: Vec<String> = Vec::new();
    let mut add =
        |flag: &str, value: &str| flags.push(format!("{flag} {}", text::shell_word(value)));
    add("--basis", &options.basis);
    add("--prefer", &options.prefer);
    add("--audit", &options.audit);
    add("--warn", &options.warn);
    let given = [
        ("--target-version", &options.target_version),
        ("--default-namespace", &options.default_namespace),
        ("--namespace", &options.namespace),
        ("--config", &options.configuration),
        ("--today", &options.today),
    ];
    for (flag, value) in given {
        if let Some(value) = value {
            add(flag, value);
        }
    }
    for pattern in &options.exclude_namespaces {
        add("--exclude-namespace", pattern);
    }
    let switches = [
        ("--overwrite", options.overwrite),
        ("--complete", options.complete),
    ];
    let switches = switches.into_iter().filter(|(_, is_on)| *is_on);
    flags.extend(switches.map(|(flag, _)| flag.to_owned()));
    flags.join(" ")
}
