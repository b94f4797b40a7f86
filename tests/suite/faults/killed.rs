//! A run that is killed: what is there afterwards is what was there before, or what a whole run leaves.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::{is_long, manifests};
use crate::support::{Call, below, run, tree};

type Tree = BTreeMap<String, Vec<u8>>;

/// When runs are killed: at moments spread over the time that it takes, and more of them in its second half, in
/// which it writes.
fn moments(whole: Duration) -> impl Iterator<Item = Duration> {
    let count = if is_long() { 400 } else { 12 };
    (0..count).map(move |n| {
        let part = f64::from(n) / f64::from(count);
        whole.mul_f64(1.1 * part.sqrt())
    })
}

/// Starts a run and kills it after a while; whether it was still running then.
fn killed(folder: &Path, args: &[&str], after: Duration) -> bool {
    let mut command = Call::new(folder, args).command();
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().expect("the binary starts");
    std::thread::sleep(after);
    child.kill().expect("the child can be killed");
    let status = child.wait().expect("the child ends");
    status.code().is_none()
}

/// How long a whole run takes.
fn time(folder: &Path, args: &[&str]) -> Duration {
    let start = Instant::now();
    run(folder, args).expect(0);
    start.elapsed()
}

/// Removes what killed runs leave beside the folder; nothing else begins like that.
fn sweep(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("the folder is readable");
    let left = entries.filter_map(|entry| {
        let entry = entry.expect("the folder is readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        name.starts_with(".psp2psa-").then(|| entry.path())
    });
    let left: Vec<_> = left.collect();
    for path in &left {
        let removed = std::fs::remove_dir_all(path).or_else(|_| std::fs::remove_file(path));
        removed.expect("what the run left can be removed");
    }
    left.len()
}

#[test]
fn a_killed_run_leaves_the_folder_absent_old_or_new() {
    let folder = manifests(40);
    let path = folder.path();
    let out = |tree: &Tree| below(tree, "out");
    let args = |target| {
        [
            "migrate",
            "-f",
            "in",
            "--output-dir",
            "out",
            "--target-version",
            target,
        ]
    };
    run(path, &args("v1.30")).expect(0);
    let old = out(&tree(path));
    let whole = time(path, &args("v1.31"));
    let new = out(&tree(path));
    assert_ne!(old, new);

    let mut interrupted = 0;
    for after in moments(whole) {
        std::fs::remove_dir_all(path.join("out")).expect("the folder is ours");
        interrupted += usize::from(killed(path, &args("v1.30"), after));
        let first = out(&tree(path));
        assert!(first.is_empty() || first == old, "half a folder");
        if first.is_empty() {
            run(path, &args("v1.30")).expect(0);
        }
        interrupted += usize::from(killed(path, &args("v1.31"), after));
        let all = tree(path);
        let second = out(&all);
        // Between the two renames the old folder stands whole in the hidden one.
        let aside = all.keys().find_map(|path| path.split_once("/old/"));
        let aside = aside.filter(|(hidden, _)| hidden.starts_with(".psp2psa-"));
        match (second.is_empty(), aside) {
            (true, Some((hidden, _))) => assert_eq!(below(&all, &format!("{hidden}/old")), old),
            (true, None) => panic!("the old folder is gone"),
            (false, _) => assert!(second == old || second == new, "half a folder"),
        }
        sweep(path);
        run(path, &args("v1.30")).expect(0);
    }
    assert!(interrupted > 4, "only {interrupted} runs were interrupted");
}

#[test]
fn a_killed_run_leaves_every_file_old_or_new() {
    let folder = manifests(40);
    let path = folder.path();
    let args = ["migrate", "-f", "in", "--in-place"];
    let old = tree(path);
    let whole = time(path, &args);
    let new = tree(path);
    let restore = || {
        for (name, bytes) in &old {
            std::fs::write(path.join(name), bytes).expect("the file is ours");
        }
    };
    let mut interrupted = 0;
    for after in moments(whole) {
        restore();
        interrupted += usize::from(killed(path, &args, after));
        sweep(&path.join("in"));
        let found = tree(path);
        assert!(found.keys().eq(old.keys()));
        for (name, bytes) in &found {
            assert!(*bytes == old[name] || *bytes == new[name], "{name}");
        }
        // Whatever was left undone is done by the next run.
        run(path, &args).expect(0);
        assert!(tree(path) == new);
    }
    assert!(interrupted > 2, "only {interrupted} runs were interrupted");
}
