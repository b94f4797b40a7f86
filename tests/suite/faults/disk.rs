//! A disk that is full, and folders that cannot be written.
//!
//! The limit of a file's size stands for the full disk, because a test cannot fill one: the calls fail in the same
//! places, and the words differ.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use super::{in_shell, manifests};
use crate::support::{Call, run, tree, write};

/// No file may grow beyond this many blocks; writing says so instead of ending the process.
fn small_files(blocks: usize) -> String {
    format!(r#"trap "" XFSZ; ulimit -f {blocks}; exec "$@""#)
}

const MIGRATE: &[&str] = &["migrate", "-f", "in", "--output-dir", "out"];

#[test]
fn a_full_disk_leaves_no_folder_and_nothing_beside_it() {
    let folder = manifests(3);
    let before = tree(folder.path());
    for blocks in [0, 1, 8] {
        let run = in_shell(folder.path(), &small_files(blocks), MIGRATE).expect(2);
        assert!(
            run.stderr.starts_with("error: cannot write out: "),
            "{}",
            run.stderr
        );
        assert!(run.stdout.is_empty());
        assert_eq!(tree(folder.path()), before, "{blocks}");
    }
}

#[test]
fn a_full_disk_leaves_the_folder_of_the_last_run() {
    let folder = manifests(3);
    run(folder.path(), MIGRATE).expect(0);
    let more = super::manifest("more");
    write(folder.path(), "in/more.yaml", more.as_bytes());
    let before = tree(folder.path());
    in_shell(folder.path(), &small_files(8), MIGRATE).expect(2);
    assert_eq!(tree(folder.path()), before);
    // The same with what else stands in the folder, which is copied.
    write(folder.path(), "out/notes.txt", &[b'x'; 100_000]);
    let before = tree(folder.path());
    let force = [MIGRATE, &["--force"]].concat();
    in_shell(folder.path(), &small_files(150), &force).expect(2);
    assert_eq!(tree(folder.path()), before);
    run(folder.path(), &force).expect(0);
    assert_eq!(
        tree(folder.path())["out/notes.txt"],
        before["out/notes.txt"]
    );
}

#[test]
fn a_full_disk_leaves_every_file_as_it_was() {
    let folder = manifests(3);
    // The last file does not fit, the others do.
    let long = format!("{}# {}\n", super::manifest("long"), "x".repeat(3000));
    write(folder.path(), "in/long.yaml", long.as_bytes());
    let before = tree(folder.path());
    let args = ["migrate", "--in-place", "-f", "in"];
    for blocks in [0, 3] {
        let run = in_shell(folder.path(), &small_files(blocks), &args).expect(2);
        let said = "error: no file is edited: cannot edit ";
        assert!(run.stderr.starts_with(said), "{}", run.stderr);
        assert!(run.stdout.is_empty());
        assert_eq!(tree(folder.path()), before, "{blocks}");
    }
    run(folder.path(), &args).expect(0);
    assert!(tree(folder.path()) != before);
}

/// The superuser may write everywhere, so a child of his runs as nobody. `None` if nobody may run the binary.
fn as_nobody(folder: &std::path::Path, args: &[&str]) -> Option<crate::support::Run> {
    let mut command = Call::new(folder, args).command();
    if std::fs::File::create(folder.join("in/try")).is_ok() {
        command.gid(65_534).uid(65_534);
    }
    let output = command.stdin(std::process::Stdio::null()).output().ok()?;
    Some(crate::support::Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

#[test]
fn folders_that_may_not_be_written_are_refused() {
    let folder = manifests(2);
    let locked = |mode| {
        for path in ["in", "."] {
            let path = folder.path().join(path);
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(path, mode).expect("the folder is ours");
        }
    };
    locked(0o555);
    for (args, said) in [
        (MIGRATE, "cannot write out: "),
        (
            &["migrate", "-f", "in", "--output-dir", "a/b"],
            "cannot write a/b: ",
        ),
        (
            &["migrate", "-f", "in", "--in-place"],
            "no file is edited: cannot edit ",
        ),
    ] {
        if let Some(run) = as_nobody(folder.path(), args) {
            let _ = std::fs::remove_file(folder.path().join("in/try"));
            assert_eq!(run.code, Some(2), "{}", run.stderr);
            assert!(run.stderr.contains(said), "{}", run.stderr);
            assert!(run.stderr.contains("ermission denied"), "{}", run.stderr);
            assert!(run.stdout.is_empty());
        }
        assert_eq!(tree(folder.path()).len(), 2);
    }
    locked(0o755);
    // Here not even the superuser can make a folder.
    if std::path::Path::new("/proc/self").exists() {
        let args = ["migrate", "-f", "in", "--output-dir", "/proc/psp2psa"];
        let run = run(folder.path(), &args).expect(2);
        assert!(run.stderr.contains("cannot write /proc/psp2psa"));
    }
}
