//! Input that changes while it is read. Files are read, not mapped, so that a file which shrinks is a text that ends.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{is_long, manifest};
use crate::support::{folder, run, tree, write};

/// How often a run reads while something writes.
fn rounds() -> usize {
    if is_long() { 300 } else { 8 }
}

/// Runs `work` while `disturb` is called over and over.
fn while_disturbed(disturb: impl Fn(usize) + Sync, work: impl FnOnce()) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                disturb(number);
            }
        });
        work();
        over.store(true, Ordering::Relaxed);
    });
}

/// A list of so many pods, long enough to be read in parts.
fn list(pods: usize) -> String {
    let pod = |n| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "p{n}", "namespace": "shop", "annotations": {{"a": "{}"}}}}, "spec": {{"containers": [{{"name": "c", "image": "i"}}]}}}}"#,
            "x".repeat(9_000)
        )
    };
    let pods: Vec<String> = (0..pods).map(pod).collect();
    format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [{}]}}"#,
        pods.join(",\n")
    )
}

#[test]
fn a_file_that_is_cut_and_grows_while_it_is_read_gives_pods_of_it_or_an_error() {
    let folder = folder(&[]);
    let long = list(600);
    assert!(long.len() > 5 << 20);
    write(folder.path(), "in.json", long.as_bytes());
    let path = folder.path().join("in.json");
    let disturb = |number: usize| {
        let file = std::fs::OpenOptions::new().write(true).open(&path);
        let file = file.expect("the file is ours");
        match number % 3 {
            0 => file.set_len(long.len() as u64 / 2),
            1 => file.set_len(10),
            _ => std::fs::write(&path, &long),
        }
        .expect("the file is ours");
        std::thread::sleep(std::time::Duration::from_millis(number as u64 % 7));
    };
    while_disturbed(disturb, || {
        for _ in 0..rounds() {
            let run = run(folder.path(), &["check", "-f", "in.json", "-o", "json"]);
            assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
            assert!(matches!(run.code, Some(0 | 3)), "{:?}", run.code);
            let report = run.json();
            let results = report["results"].as_array().expect("results");
            for result in results {
                let name = result["name"].as_str().expect("a name");
                assert!(name.starts_with('p'), "{name}");
            }
            // Less than all of it is never the whole answer.
            assert!(
                run.code == Some(3) || results.is_empty() || results.len() == 600,
                "{} pods and no error",
                results.len()
            );
        }
    });
}

#[test]
fn a_file_that_goes_and_comes_is_read_or_told() {
    let folder = folder(&[("in/a.yaml", &manifest("a")), ("in/b.yaml", &manifest("b"))]);
    let file = folder.path().join("in/b.yaml");
    let disturb = |_| {
        let _ = std::fs::remove_file(&file);
        std::fs::write(&file, manifest("b")).expect("the folder is ours");
    };
    while_disturbed(disturb, || {
        for _ in 0..rounds() {
            let run = run(folder.path(), &["check", "-f", "in", "-o", "name"]);
            assert!(matches!(run.code, Some(0 | 3)), "{:?}", run.code);
            assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        }
    });
}

/// The number in the last line of a version of the file.
fn version(folder: &Path) -> (String, usize) {
    let text = String::from_utf8(tree(folder)["in.yaml"].clone()).expect("a text");
    let number = text.trim_end().rsplit(' ').next().expect("a last word");
    let number = number.parse().expect("the file is whole");
    (text, number)
}

#[test]
fn an_edit_is_of_one_version_of_the_file() {
    let folder = folder(&[]);
    let path = folder.path();
    // The number stands before and behind what is edited.
    let text = |number: usize| format!("# {number}\n{}# {number}\n", manifest("shop"));
    write(path, "in.yaml", text(0).as_bytes());
    // As an editor saves: the new text beside the file, and then in its place.
    let disturb = |number: usize| {
        write(path, "saved", text(number).as_bytes());
        std::fs::rename(path.join("saved"), path.join("in.yaml")).expect("the file is ours");
        std::thread::sleep(std::time::Duration::from_millis(number as u64 % 40));
    };
    let mut refused = 0;
    while_disturbed(disturb, || {
        for _ in 0..rounds() {
            let run = run(path, &["migrate", "--in-place", "-f", "in.yaml"]);
            assert!(matches!(run.code, Some(0 | 2)), "{:?}", run.code);
            if run.code == Some(2) {
                assert!(run.stderr.contains("has changed"), "{}", run.stderr);
                refused += 1;
            }
            let (found, number) = version(path);
            let plain = text(number);
            let edited = found.contains("pod-security.kubernetes.io/audit: ");
            assert!(edited || found == plain, "{found}");
            assert!(found.starts_with(&format!("# {number}\n")), "{found}");
        }
    });
    // At rest the edit is made, and only then is it there for sure.
    write(path, "in.yaml", text(7).as_bytes());
    run(path, &["migrate", "--in-place", "-f", "in.yaml"]).expect(0);
    assert!(
        version(path)
            .0
            .contains("pod-security.kubernetes.io/audit: ")
    );
    assert!(refused <= rounds());
}
