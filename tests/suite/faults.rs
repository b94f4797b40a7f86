//! What goes wrong around a run: a full disk, a folder that cannot be written, a kill in the middle, input that changes
//! while it is read, a reader that is gone. Nothing is half written, and the exit code tells.

#![expect(
    clippy::disallowed_methods,
    reason = "tests change the files that the binary reads"
)]

mod changing;
mod disk;
mod killed;
mod streams;

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{Run, folder};

/// A file for `--in-place`: a namespace of its own and a pod in it.
fn manifest(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {name}}}\n\
         spec: {{containers: [{{name: c, image: i}}]}}\n"
    )
}

/// A folder `in` with so many files.
fn manifests(count: usize) -> TempDir {
    let texts: Vec<(String, String)> = (0..count)
        .map(|n| (format!("in/{n:03}.yaml"), manifest(&format!("shop-{n:03}"))))
        .collect();
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    folder(&files)
}

/// Whether the long forms of the tests are asked for.
fn is_long() -> bool {
    std::env::var_os("PSP2PSA_LONG").is_some()
}

/// Runs the binary behind a line of shell that ends with `"$@"`, as for limits of the process.
fn in_shell(folder: &Path, line: &str, args: &[&str]) -> Run {
    let output = Command::new("/bin/sh")
        .args(["-c", line, "sh", env!("CARGO_BIN_EXE_psp2psa")])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("there is a shell");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Run {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}
