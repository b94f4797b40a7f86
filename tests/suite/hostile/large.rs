//! Values of a gigabyte and objects of ten million keys: refused with their place, in bounded memory.
//!
//! An ordinary run stays just above the limits; `PSP2PSA_LONG=1` takes the full sizes. The bound on memory is set by the
//! system, so that the run fails where it would not keep it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Run, folder};

fn is_long() -> bool {
    std::env::var_os("PSP2PSA_LONG").is_some()
}

/// The bytes of a scalar: a mebibyte above the limit of an object, or a gibibyte.
fn scalar() -> usize {
    if is_long() { 1 << 30 } else { 33 << 20 }
}

const POD: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "good", "namespace": "shop"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}"#;

/// A file of three parts, of which the one in the middle is repeated.
fn write(path: &Path, head: &str, unit: impl Fn(usize) -> String, count: usize, tail: &str) {
    let mut file = BufWriter::new(File::create(path).expect("a temporary folder is writable"));
    let mut put = |text: &str| file.write_all(text.as_bytes()).expect("there is room");
    put(head);
    (0..count).for_each(|n| put(&unit(n)));
    put(tail);
}

/// Runs the binary with so many MiB of address space, on two threads.
fn within(mebibytes: usize, folder: &Path, args: &[&str]) -> Run {
    let limit = format!(r#"ulimit -v {}; exec "$@""#, mebibytes << 10);
    let output = Command::new("/bin/sh")
        .args(["-c", &limit, "sh", env!("CARGO_BIN_EXE_psp2psa")])
        .args(args)
        .env("RAYON_NUM_THREADS", "2")
        .current_dir(folder)
        .output()
        .expect("there is a shell");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The one object is refused for its size, and the pod behind it is answered.
#[track_caller]
fn is_refused(folder: &Path, name: &str, mebibytes: usize, place: &str) {
    let start = Instant::now();
    for args in [
        &["check", "-f", name, "-o", "name", "--level", "restricted"][..],
        &["migrate", "-f", name, "-o", "name"],
    ] {
        let run = within(mebibytes, folder, args);
        let code = if args[0] == "check" { 1 } else { 3 };
        assert_eq!(run.code, Some(code), "{name}: {}", run.stderr);
        assert!(
            run.stderr.starts_with("error[input/too-large]: "),
            "{name}: {}",
            run.stderr
        );
        assert!(
            run.stderr.contains(&format!("\n  at {name}:{place}")),
            "{name}: {}",
            run.stderr
        );
        assert!(run.stderr.contains("\n  help: "), "{name}: {}", run.stderr);
        let answered = if args[0] == "check" {
            "pod/good"
        } else {
            "namespace/shop"
        };
        assert!(run.stdout.contains(answered), "{name}: {}", run.stdout);
    }
    let bound = if is_long() { 300 } else { 60 };
    assert!(
        start.elapsed() < Duration::from_secs(bound),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_scalar_beyond_any_object_is_refused_wherever_it_stands() {
    let folder = folder(&[]);
    let block = || "x".repeat(1 << 20);
    let count = scalar() >> 20;
    let room = 700 + 3 * count;
    let cases = [
        // A name would stand in every report.
        (
            "name.json",
            r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ""#,
            r#""}, "spec": {"containers": [{"name": "c", "image": "i"}]}}"#,
            "1:2",
        ),
        (
            "label.json",
            r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {"a": ""#,
            r#""}}}"#,
            "1:2",
        ),
        (
            "name.yaml",
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, image: i}]}\nmetadata:\n  name: ",
            "\n---",
            "1:1",
        ),
        (
            "quoted.yaml",
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, image: i}]}\nmetadata: {name: \"",
            "\"}\n---",
            "1:1",
        ),
        (
            "block.yaml",
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c, image: i}]}\nmetadata:\n  name: |\n    ",
            "\n---",
            "1:1",
        ),
    ];
    for (name, head, tail, place) in cases {
        let path = folder.path().join(name);
        write(&path, head, |_| block(), count, &format!("{tail}\n{POD}\n"));
        is_refused(folder.path(), name, room, place);
        std::fs::remove_file(path).expect("the file is ours");
    }
}

#[test]
fn a_scalar_that_nobody_reads_is_passed_over() {
    let folder = folder(&[]);
    let block = "x".repeat(1 << 20);
    let head =
        r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": ""#;
    write(
        &folder.path().join("map.json"),
        head,
        |_| block.clone(),
        scalar() >> 20,
        &format!("\"}}}}\n{POD}\n"),
    );
    let args = [
        "check",
        "-f",
        "map.json",
        "-o",
        "name",
        "--level",
        "restricted",
    ];
    let run = within(700 + 3 * (scalar() >> 20), folder.path(), &args).expect(1);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("pod/good\n", "")
    );
}

#[test]
fn millions_of_keys_are_refused_with_their_place() {
    let folder = folder(&[]);
    // 33 MiB of labels, or ten million.
    let count = if is_long() { 10_000_000 } else { 1_700_000 };
    let head = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {"#;
    let tail = format!("\"z\": \"\"}}}}}}\n{POD}\n");
    write(
        &folder.path().join("keys.json"),
        head,
        |n| format!("\"k{n:09}\":\"value\","),
        count,
        &tail,
    );
    is_refused(folder.path(), "keys.json", 3_000, "1:2");
    std::fs::remove_file(folder.path().join("keys.json")).expect("the file is ours");
}

/// A YAML document is made into a tree, so its keys are counted before its size is. The short form would take a debug
/// build half a minute, so it has fewer keys than are refused.
#[test]
fn many_keys_in_yaml_are_read_or_refused_but_never_without_bound() {
    let folder = folder(&[]);
    let count = if is_long() { 10_000_000 } else { 100_000 };
    let head = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: n\n  labels:\n";
    let tail = format!("---\n{POD}\n");
    write(
        &folder.path().join("keys.yaml"),
        head,
        |n| format!("    k{n:09}: v\n"),
        count,
        &tail,
    );
    if is_long() {
        return is_refused(folder.path(), "keys.yaml", 6_000, "1000000");
    }
    let args = [
        "check",
        "-f",
        "keys.yaml",
        "-o",
        "name",
        "--level",
        "restricted",
    ];
    let start = Instant::now();
    let run = within(1_000, folder.path(), &args).expect(1);
    assert_eq!(run.stdout, "pod/good\n");
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn objects_that_nobody_asks_for_take_no_memory() {
    let folder = folder(&[]);
    let count = if is_long() { 10_000_000 } else { 300_000 };
    let head = r#"{"apiVersion": "v1", "kind": "List", "items": ["#;
    write(
        &folder.path().join("items.json"),
        head,
        |_| "{\"kind\": \"A\"},\n".to_owned(),
        count,
        &format!("{POD}]}}"),
    );
    for args in [
        &["check", "-f", "items.json", "-o", "name"][..],
        &["migrate", "-f", "items.json", "-o", "name"],
    ] {
        let run = within(500, folder.path(), args).expect(0);
        assert_eq!(run.stderr, "");
    }
}
