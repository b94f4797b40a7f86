#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "these tests are about files, and stop where the file system fails"
)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use psp2psa::input::walk::{self, Listing, Recursion};
use psp2psa::input::{InputFile, Storage};
use tempfile::TempDir;

fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    directory
}

fn list(paths: &[String], recursion: Recursion) -> Listing {
    walk::list(paths, recursion, &b"kind: Stdin\n"[..]).unwrap()
}

/// Names below the directory, in order.
fn names(directory: &Path, listing: &Listing) -> Vec<String> {
    let root = directory.to_str().unwrap();
    let name = |name: &str| {
        name.strip_prefix(root)
            .unwrap_or(name)
            .trim_start_matches('/')
            .to_owned()
    };
    listing
        .entries
        .iter()
        .map(|entry| name(&entry.name))
        .collect()
}

fn given(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().unwrap().to_owned()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn directories_yield_their_manifests_sorted() {
    let directory = tree(&[
        ("b.yaml", b""),
        ("a.yml", b""),
        ("c.json", b""),
        ("d.yaml.gz", b""),
        ("e.txt", b""),
        ("Makefile", b""),
        (".hidden.yaml", b""),
        (".gitignore", b"*"),
        ("sub/z.yaml", b""),
        ("sub/deep/y.json", b""),
        (".git/x.yaml", b""),
        ("sub/.cache/x.yaml", b""),
    ]);
    let path = directory.path();
    let root = [path.to_str().unwrap().to_owned()];
    assert_eq!(
        names(path, &list(&root, Recursion::Off)),
        [".hidden.yaml", "a.yml", "b.yaml", "c.json", "d.yaml.gz"]
    );
    assert_eq!(
        names(path, &list(&root, Recursion::On)),
        [
            ".hidden.yaml",
            "a.yml",
            "b.yaml",
            "c.json",
            "d.yaml.gz",
            "sub/deep/y.json",
            "sub/z.yaml"
        ]
    );
    // A hidden directory that is asked for is read.
    assert_eq!(
        names(path, &list(&[given(path, ".git")], Recursion::Off)),
        [".git/x.yaml"]
    );
}

#[test]
fn files_are_read_under_any_name_and_once() {
    let directory = tree(&[("a.yaml", b"kind: A\n"), ("notes", b"kind: B\n")]);
    let path = directory.path();
    let paths = [
        given(path, "notes"),
        given(path, "a.yaml"),
        given(path, "./a.yaml"),
        given(path, ""),
        "-".to_owned(),
        "-".to_owned(),
    ];
    let listing = list(&paths, Recursion::Off);
    assert_eq!(names(path, &listing), ["notes", "a.yaml", "-"]);
    let texts: Vec<Vec<u8>> = listing
        .entries
        .into_iter()
        .map(|entry| walk::read(entry).unwrap().bytes)
        .collect();
    assert_eq!(texts, [&b"kind: B\n"[..], b"kind: A\n", b"kind: Stdin\n"]);
}

#[test]
fn standard_input_is_left_alone_unless_asked_for() {
    let directory = tree(&[("a.yaml", b"")]);
    let failing = std::io::empty().chain(Broken);
    assert!(
        walk::list(
            &[given(directory.path(), "a.yaml")],
            Recursion::Off,
            failing
        )
        .is_ok()
    );
    assert_eq!(
        walk::list(&["-".to_owned()], Recursion::Off, Broken)
            .unwrap_err()
            .to_string(),
        "can not read `-`: broken"
    );
}

struct Broken;

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("broken"))
    }
}

use std::io::Read as _;

#[test]
fn paths_that_can_not_be_used_are_errors() {
    for (path, expected) in [
        (
            "/nonexistent/x.yaml",
            "can not read `/nonexistent/x.yaml`: no such file or directory",
        ),
        ("", "can not read ``: no such file or directory"),
        (
            "https://example.com/x.yaml",
            "can not read `https://example.com/x.yaml`: only files are read; download it first",
        ),
    ] {
        let error = walk::list(&[path.to_owned()], Recursion::On, std::io::empty()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn members_that_can_not_be_read_are_diagnostics() {
    let directory = tree(&[("a.yaml", b"kind: A\n"), ("b.yaml", b"kind: B\n")]);
    let path = directory.path();
    symlink("nowhere", path.join("c.yaml")).unwrap();
    fs::set_permissions(path.join("b.yaml"), fs::Permissions::from_mode(0o000)).unwrap();
    let listing = list(&[given(path, "")], Recursion::Off);
    assert_eq!(names(path, &listing), ["a.yaml", "b.yaml"]);
    assert_eq!(listing.diagnostics.len(), 1);
    assert_eq!(listing.diagnostics[0].code.name, "input/unreadable-file");
    assert_eq!(
        listing.diagnostics[0].message,
        "the file can not be read: no such file or directory"
    );
    let last = listing.entries.into_iter().next_back().unwrap();
    // The superuser may read everything.
    if fs::File::open(path.join("b.yaml")).is_err() {
        let diagnostic = walk::read(last).unwrap_err();
        assert_eq!(
            diagnostic.message,
            "the file can not be read: permission denied"
        );
    }
}

#[test]
fn links_are_followed_within_the_tree_only() {
    let outside = tree(&[("secret.yaml", b"")]);
    let directory = tree(&[("..data/a.yaml", b"kind: A\n"), ("sub/b.yaml", b"")]);
    let path = directory.path();
    symlink("..data/a.yaml", path.join("a.yaml")).unwrap();
    symlink(outside.path().join("secret.yaml"), path.join("s.yaml")).unwrap();
    symlink(path, path.join("sub/loop")).unwrap();
    symlink(path, path.join("sub/loop.yaml")).unwrap();
    let listing = list(&[given(path, "")], Recursion::On);
    assert_eq!(names(path, &listing), ["a.yaml", "sub/b.yaml"]);
    let codes: Vec<&str> = listing
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code.name)
        .collect();
    assert_eq!(codes, ["input/outside-link"]);
    // A link that is asked for is followed.
    assert_eq!(
        names(path, &list(&[given(path, "s.yaml")], Recursion::Off)),
        ["s.yaml"]
    );
}

fn read(name: &str, bytes: &[u8]) -> Result<InputFile, String> {
    let directory = tree(&[(name, bytes)]);
    let entry = list(&[given(directory.path(), name)], Recursion::Off)
        .entries
        .remove(0);
    walk::read(entry)
        .map_err(|diagnostic| format!("{} {}", diagnostic.code.name, diagnostic.message))
}

#[test]
fn compressed_files_are_unpacked_whatever_their_name() {
    let twice = [gzip(b"kind: A\n---\n"), gzip(b"kind: B\n")].concat();
    for name in ["a.yaml.gz", "a.yaml"] {
        let file = read(name, &twice).unwrap();
        assert_eq!(
            (file.bytes.as_slice(), file.storage),
            (&b"kind: A\n---\nkind: B\n"[..], Storage::Gzip)
        );
    }
    let file = read("a.yaml", b"kind: A\n").unwrap();
    assert_eq!(
        (file.bytes.as_slice(), file.storage),
        (&b"kind: A\n"[..], Storage::Plain)
    );
}

#[test]
fn damaged_and_truncated_files_are_diagnostics() {
    let whole = gzip(b"kind: A\nname: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
    for cut in [3, 12, whole.len() - 1] {
        assert_eq!(
            read("a.yaml.gz", &whole[..cut]).unwrap_err(),
            "input/unreadable-file the compressed data ends too early"
        );
    }
    let mut damaged = whole;
    let last = damaged.len() - 5;
    damaged[last] ^= 0xFF;
    assert!(
        read("a.yaml.gz", &damaged)
            .unwrap_err()
            .starts_with("input/unreadable-file the file can not be read")
    );
}

#[test]
fn bombs_are_refused_before_they_fill_the_memory() {
    let bomb = gzip(&vec![b' '; 80 << 20]);
    assert!(bomb.len() < 100_000);
    assert_eq!(
        read("a.yaml.gz", &bomb).unwrap_err(),
        "input/too-large the file is too large: it holds more than 64 MiB"
    );
}
