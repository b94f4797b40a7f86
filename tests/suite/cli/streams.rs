//! What goes to which stream, in which colours, and how much of it.

use std::io::Write;
use std::path::Path;
use std::process::Output;

use super::{BASELINE, BROKEN, PRIVILEGED};
use crate::support::{Call, Run, folder, run};

const ESCAPE: char = '\u{1b}';

/// A run whose reader is gone before the input is complete, so before anything is answered.
fn unread(folder: &Path, args: &[&str], input: &str) -> Output {
    let child = Call::new(folder, args).command().spawn();
    let mut child = child.expect("the binary starts");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    stdin.write_all(input.as_bytes()).expect("the binary reads");
    drop(stdin);
    child.wait_with_output().expect("the binary ends")
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = folder(&[]);
    for command in [
        &["check", "-f", "-"][..],
        &["map", "-f", "-", "-o", "json"],
        &["migrate", "-f", "-"],
    ] {
        let output = unread(folder.path(), command, BASELINE);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {said}");
        assert_eq!(said, "");
    }
}

#[test]
fn a_closed_reader_does_not_turn_a_violation_into_success() {
    let folder = folder(&[]);
    let args = ["check", "--level", "baseline", "-f", "-"];
    let output = unread(folder.path(), &args, PRIVILEGED);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn standard_input_is_read_where_a_dash_is_given() {
    let folder = folder(&[("pod.yaml", PRIVILEGED)]);
    let args = ["check", "-f", "pod.yaml", "-f", "-", "-o", "json"];
    let call = Call {
        stdin: BASELINE.as_bytes(),
        ..Call::new(folder.path(), &args)
    };
    let report = call.run().expect(0).json();
    let results = report["results"].as_array().expect("results");
    let found: Vec<_> = results
        .iter()
        .map(|result| (&result["name"], &result["source"]["file"]))
        .collect();
    assert_eq!(
        serde_json::json!(found),
        serde_json::json!([["raw", "pod.yaml"], ["plain", "-"]])
    );
}

#[test]
fn a_pipe_that_is_named_like_a_file_is_read_once_and_whole() {
    let folder = folder(&[]);
    let pods = format!("{BASELINE}---\n{PRIVILEGED}");
    for args in [
        &["check", "-f", "/dev/stdin", "-o", "name"][..],
        &[
            "check",
            "-f",
            "/dev/stdin",
            "-f",
            "/dev/stdin",
            "-o",
            "name",
        ],
    ] {
        let args = [args, &["--level", "baseline"]].concat();
        let call = Call {
            stdin: pods.as_bytes(),
            ..Call::new(folder.path(), &args)
        };
        assert_eq!(call.run().expect(1).stdout, "pod/raw\n");
    }
}

/// An error, a warning and a note.
fn said(folder: &Path, more: &[&str]) -> Run {
    run(folder, &[&["migrate", "-f", "in"], more].concat())
}

fn spoken() -> tempfile::TempDir {
    folder(&[
        ("in/1.yaml", BROKEN),
        (
            "in/2.yaml",
            "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: b}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: lost}, spec: {containers: [{name: c, image: i}]}}",
        ),
        (
            "in/3.yaml",
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: patch, namespace: a}}",
        ),
    ])
}

#[test]
fn errors_and_warnings_go_to_standard_error_and_notes_only_with_v() {
    let folder = spoken();
    let usual = said(folder.path(), &[]).expect(3);
    let labels = |run: &Run| -> Vec<String> {
        let lines = run.stderr.lines().filter(|line| line.contains("]: "));
        lines
            .filter_map(|line| Some(line.split_once("]: ")?.0.to_owned()))
            .collect()
    };
    assert_eq!(
        labels(&usual),
        ["error[input/syntax", "warning[model/unattributed"]
    );
    let verbose = said(folder.path(), &["-v"]).expect(3);
    assert_eq!(
        labels(&verbose),
        [
            "error[input/syntax",
            "warning[model/unattributed",
            "note[model/fragment"
        ]
    );
    assert_eq!(usual.stdout, verbose.stdout);
}

#[test]
fn q_silences_everything_but_what_stops_the_run() {
    let folder = spoken();
    let quiet = said(folder.path(), &["-q"]).expect(3);
    assert_eq!(quiet.stderr, "");
    assert!(!quiet.stdout.is_empty());
    let stopped = run(folder.path(), &["check", "-q", "-f", "gone"]).expect(2);
    assert!(stopped.stderr.starts_with("error: "), "{}", stopped.stderr);
}

#[test]
fn many_diagnostics_of_one_code_are_cut_without_v() {
    let lost: Vec<String> = (0..9)
        .map(|number| {
            format!("{{apiVersion: v1, kind: Pod, metadata: {{name: lost-{number}}}, spec: {{containers: [{{name: c, image: i}}]}}}}")
        })
        .collect();
    let namespaces = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Namespace, metadata: {name: b}}";
    let folder = folder(&[
        ("in/namespaces.yaml", namespaces),
        ("in/pods.yaml", &lost.join("\n---\n")),
    ]);
    let usual = said(folder.path(), &[]).expect(0);
    assert_eq!(usual.stderr.matches("warning[").count(), 5);
    assert!(
        usual
            .stderr
            .ends_with("… and 4 more of model/unattributed; -v prints all\n"),
        "{}",
        usual.stderr
    );
    let verbose = said(folder.path(), &["-v"]).expect(0);
    assert_eq!(verbose.stderr.matches("warning[").count(), 9);
}

/// Whether a run of `check` colours its output and its diagnostics.
fn colored(args: &[&str], env: &[(&str, &str)]) -> (bool, bool) {
    let folder = spoken();
    let args = [&["check", "-f", "in"], args].concat();
    let call = Call {
        env,
        ..Call::new(folder.path(), &args)
    };
    let run = call.run().expect(3);
    (run.stdout.contains(ESCAPE), run.stderr.contains(ESCAPE))
}

#[test]
fn a_pipe_gets_no_colour_unless_asked() {
    assert_eq!(colored(&[], &[]), (false, false));
    assert_eq!(colored(&["--color", "auto"], &[]), (false, false));
    assert_eq!(colored(&["--color", "never"], &[]), (false, false));
    assert_eq!(colored(&["--color", "always"], &[]), (true, true));
}

#[test]
fn no_color_is_heeded_unless_the_flag_says_always() {
    let forced = ("CLICOLOR_FORCE", "1");
    let unwanted = ("NO_COLOR", "1");
    assert_eq!(colored(&[], &[forced]), (true, true));
    assert_eq!(colored(&[], &[forced, unwanted]), (false, false));
    assert_eq!(colored(&["--color", "never"], &[forced]), (false, false));
    assert_eq!(colored(&["--color", "always"], &[unwanted]), (true, true));
}

#[test]
fn colour_says_nothing_that_the_words_do_not() {
    let folder = spoken();
    let run_with = |color: &str| run(folder.path(), &["check", "-f", "in", "--color", color]);
    let (plain, colored) = (run_with("never"), run_with("always"));
    let strip = |text: &str| anstream::adapter::strip_str(text).to_string();
    assert_eq!(strip(&colored.stdout), plain.stdout);
    assert_eq!(strip(&colored.stderr), plain.stderr);
}

#[test]
fn documents_for_programs_are_never_coloured() {
    let folder = spoken();
    for form in ["json", "yaml", "name"] {
        let args = ["check", "-f", "in", "--color", "always", "-o", form];
        let run = run(folder.path(), &args).expect(3);
        assert!(!run.stdout.contains(ESCAPE), "{form}");
    }
}
