//! The harness over the real binary: a scrubbed environment, a folder of its own for every run, and trees of files to
//! compare.
#![expect(
    clippy::disallowed_methods,
    reason = "tests write input and read what the binary wrote"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Variables that a run may see. `LLVM_PROFILE_FILE` tells an instrumented binary where its coverage goes, `SystemRoot`
/// is what no process on Windows can start without.
const KEPT: &[&str] = &["LLVM_PROFILE_FILE", "SystemRoot"];

/// What one run of the binary left behind.
#[derive(Debug)]
pub(crate) struct Run {
    /// Exit code; `None` if a signal ended the process, as a crash does.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the tool speaks UTF-8");
        Run {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The run, if it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// The document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("JSON on standard output")
    }
}

/// One call of the binary.
pub(crate) struct Call<'a> {
    pub(crate) program: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) args: &'a [&'a str],
    pub(crate) stdin: &'a [u8],
    pub(crate) env: &'a [(&'a str, &'a str)],
}

impl<'a> Call<'a> {
    pub(crate) fn new(folder: &'a Path, args: &'a [&'a str]) -> Self {
        Call {
            program: Path::new(env!("CARGO_BIN_EXE_psp2psa")),
            folder,
            args,
            stdin: b"",
            env: &[],
        }
    }

    /// The command, not started yet; standard input and output are pipes.
    pub(crate) fn command(&self) -> Command {
        let kept: Vec<(&str, OsString)> = KEPT
            .iter()
            .filter_map(|name| Some((*name, std::env::var_os(name)?)))
            .collect();
        let mut command = Command::new(self.program);
        command
            .args(self.args)
            .current_dir(self.folder)
            .env_clear()
            .envs(kept)
            .envs(self.env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self) -> Run {
        let mut child = self.command().spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // A command that does not read its input may end before it is written.
        let _ = stdin.write_all(self.stdin);
        drop(stdin);
        Run::new(child.wait_with_output().expect("the binary ends"))
    }
}

/// Runs the binary in a folder.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Run {
    Call::new(folder, args).run()
}

/// A temporary folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        write(folder.path(), path, text.as_bytes());
    }
    folder
}

/// Writes a file below a folder.
pub(crate) fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    let parent = path.parent().expect("a file is in a folder");
    fs::create_dir_all(parent).expect("a temporary folder is writable");
    fs::write(path, bytes).expect("a temporary folder is writable");
}

/// Everything below a folder: paths with `/`, relative to it. A link is a file whose content is its target.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, below)) = open.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is readable") {
            let entry = entry.expect("the folder is readable");
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().expect("the folder is readable");
            if kind.is_dir() {
                open.push((entry.path(), format!("{below}{name}/")));
            } else if kind.is_symlink() {
                let target = fs::read_link(entry.path()).expect("a link has a target");
                files.insert(
                    format!("{below}{name}"),
                    target.to_string_lossy().into_owned().into_bytes(),
                );
            } else {
                let bytes = fs::read(entry.path()).expect("the file is readable");
                files.insert(format!("{below}{name}"), bytes);
            }
        }
    }
    files
}

/// The files of a [`tree`] below a folder, as texts, with the folder's name taken off.
pub(crate) fn below(tree: &BTreeMap<String, Vec<u8>>, folder: &str) -> BTreeMap<String, String> {
    tree.iter()
        .filter_map(|(path, bytes)| {
            let path = path.strip_prefix(folder)?.strip_prefix('/')?;
            let text = String::from_utf8(bytes.clone()).expect("a text");
            Some((path.to_owned(), text))
        })
        .collect()
}

/// Copies everything below a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    for (path, bytes) in tree(from) {
        write(to, &path, &bytes);
    }
}

/// A path below `fixtures/`.
pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(path)
}

/// What differs between two texts, as a unified diff; `None` if nothing does.
pub(crate) fn difference(expected: &str, found: &str) -> Option<String> {
    (expected != found).then(|| {
        similar::TextDiff::from_lines(expected, found)
            .unified_diff()
            .header("expected", "found")
            .to_string()
    })
}
