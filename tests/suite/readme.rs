//! The outputs that the README shows are the outputs of the commands that it names.
//!
//! `PSP2PSA_UPDATE=1 cargo test readme` writes them anew.
#![expect(
    clippy::disallowed_methods,
    reason = "reads and, if asked to, writes the README"
)]

use std::path::Path;
use std::process::Command;

/// A block is `<!-- psp2psa ARGUMENTS -->`, then a fenced text.
const MARK: &str = "<!-- psp2psa ";

#[test]
fn the_readme_shows_what_the_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("README.md");
    let readme = std::fs::read_to_string(&path).expect("README.md");
    let (mut fresh, mut rest, mut blocks) = (String::new(), readme.as_str(), 0);
    while let Some((before, after)) = rest.split_once(MARK) {
        let (arguments, after) = after
            .split_once(" -->\n```text\n")
            .expect("a fence after the mark");
        let (_, after) = after.split_once("```").expect("a closing fence");
        fresh += &format!(
            "{before}{MARK}{arguments} -->\n```text\n{}```",
            run(root, arguments)
        );
        (rest, blocks) = (after, blocks + 1);
    }
    fresh += rest;
    assert!(blocks > 0, "the README shows real output");
    if std::env::var_os("PSP2PSA_UPDATE").is_some() {
        std::fs::write(&path, &fresh).expect("README.md is writable");
    } else {
        assert!(
            fresh == readme,
            "run PSP2PSA_UPDATE=1 cargo test readme, and read the difference"
        );
    }
}

/// Runs the command as a reader of the README would, without leaving its output folder behind.
fn run(root: &Path, arguments: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::os::unix::fs::symlink(root.join("fixtures"), folder.path().join("fixtures"))
        .expect("a link");
    let output = Command::new(env!("CARGO_BIN_EXE_psp2psa"))
        .args(arguments.split(' '))
        .env_remove("NO_COLOR")
        .current_dir(folder.path())
        .output()
        .expect("the binary runs");
    assert!(output.status.code().is_some(), "{arguments} ends by itself");
    String::from_utf8(output.stdout).expect("UTF-8")
}
