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
use psp2psa::input::walk::{self, Limits, Listing, Opened, Recursion};
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
        "cannot read `-`: broken"
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
fn paths_that_cannot_be_used_are_errors() {
    for (path, expected) in [
        (
            "/nonexistent/x.yaml",
            "cannot read `/nonexistent/x.yaml`: no such file or directory",
        ),
        ("", "cannot read ``: no such file or directory"),
        (
            "https://example.com/x.yaml",
            "cannot read `https://example.com/x.yaml`: only files are read; download it first",
        ),
    ] {
        let error = walk::list(&[path.to_owned()], Recursion::On, std::io::empty()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn members_that_cannot_be_read_are_diagnostics() {
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
        "the file cannot be read: no such file or directory"
    );
    let last = listing.entries.into_iter().next_back().unwrap();
    // The superuser may read everything.
    if fs::File::open(path.join("b.yaml")).is_err() {
        let diagnostic = walk::read(last).unwrap_err();
        assert_eq!(
            diagnostic.message,
            "the file cannot be read: permission denied"
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
    assert_eq!(codes, ["input/outside-link", "input/other-files"]);
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
            "input/unreadable-file the archive or the compressed data ends too early"
        );
    }
    let mut damaged = whole;
    let last = damaged.len() - 5;
    damaged[last] ^= 0xFF;
    assert!(
        read("a.yaml.gz", &damaged)
            .unwrap_err()
            .starts_with("input/unreadable-file the file cannot be read")
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

/// A tar archive with members of these names.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        // The builder refuses names that lead out of a folder, whoever attacks does not.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Names and texts of the members of an archive, and what is wrong with it.
fn members(name: &str, bytes: &[u8], limits: Limits) -> (Vec<(String, Vec<u8>)>, Option<String>) {
    let directory = tree(&[(name, bytes)]);
    let path = given(directory.path(), name);
    let entry = list(&[path], Recursion::Off).entries.remove(0);
    let Opened::Archive(archive) = walk::open(&entry, limits).unwrap() else {
        panic!("{name} is no archive");
    };
    let root = format!("{}/", directory.path().to_str().unwrap());
    let (mut members, mut errors) = (Vec::new(), Vec::new());
    let plain = |name: &str| name.strip_prefix(&root).unwrap_or(name).to_owned();
    let read = archive.each(|member| match member {
        Ok(file) => {
            assert_eq!(file.storage, Storage::Archived);
            members.push((plain(&file.name), file.bytes));
        }
        Err(diagnostic) => errors.push(diagnostic),
    });
    errors.extend(read.err().map(|error| walk::unreadable(name, &error)));
    let error = errors.first().map(|error| {
        let place = error.source.as_ref().unwrap();
        format!("{}: {}", plain(&place.file), error.message)
    });
    // Nothing was unpacked beside it.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    (members, error)
}

#[test]
fn archives_are_read_member_by_member_whatever_packs_them() {
    let packed = gzip(b"kind: Packed\n");
    let archive = tar(&[
        ("resources/pods/namespaces/a/p.json", b"{\"kind\":\"Pod\"}"),
        ("logs/kubelet.log", b"kind: Log"),
        ("b.yaml.gz", &packed),
        ("c.yml", b"kind: C\n"),
    ]);
    let expected = [
        ("resources/pods/namespaces/a/p.json", "{\"kind\":\"Pod\"}"),
        ("b.yaml.gz", "kind: Packed\n"),
        ("c.yml", "kind: C\n"),
    ];
    for (name, bytes) in [
        ("velero.tar", archive.clone()),
        ("velero.tar.gz", gzip(&archive)),
        ("velero.tgz", gzip(&archive)),
        ("must-gather.tar.zst", zstd(&archive)),
        ("named.anyhow", gzip(&archive)),
    ] {
        let (found, error) = members(name, &bytes, Limits::default());
        assert_eq!(error, None);
        let expected = expected.map(|(member, text)| (format!("{name}!{member}"), text.into()));
        assert_eq!(found, expected);
    }
}

#[test]
fn names_in_archives_are_only_text() {
    let archive = tar(&[
        ("../../etc/x.yaml", b"kind: A\n"),
        ("/root/.ssh/y.yaml", b"kind: B\n"),
        ("\u{1b}[31m`rm`\u{202e}.yaml", b"kind: C\n"),
    ]);
    let (found, error) = members("a.tar", &archive, Limits::default());
    assert_eq!(error, None);
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "a.tar!../../etc/x.yaml",
            "a.tar!/root/.ssh/y.yaml",
            "a.tar!\u{1b}[31m`rm`\u{202e}.yaml"
        ]
    );
}

#[test]
fn broken_archives_keep_what_is_whole_and_say_what_is_wrong() {
    let text = b"kind: A\n".repeat(200);
    let archive = tar(&[("a.yaml", &text), ("b.yaml", &text)]);
    let ends = "the archive or the compressed data ends too early";
    let header_of_b = 512 + 2048;
    for (cut, whole) in [(archive.len() - 2500, 1), (header_of_b + 100, 1), (600, 0)] {
        let cut = &archive[..cut];
        for (name, bytes) in [("a.tar", cut.to_vec()), ("a.tar.gz", gzip(cut))] {
            let (found, error) = members(name, &bytes, Limits::default());
            assert_eq!(found.len(), whole, "{name}");
            assert_eq!(error.unwrap(), format!("{name}: {ends}"));
        }
    }
    // The archive itself may be whole, and what packs it cut off: then nobody knows what else is missing.
    let packed = gzip(&archive);
    for cut in [30, 8, 1] {
        let bytes = &packed[..packed.len() - cut];
        let (_, error) = members("a.tar.gz", bytes, Limits::default());
        assert_eq!(error.unwrap(), format!("a.tar.gz: {ends}"), "{cut}");
    }
    let mut damaged = archive;
    damaged[header_of_b] ^= 1;
    let (found, error) = members("a.tar", &damaged, Limits::default());
    assert_eq!(found.len(), 1);
    let error = error.unwrap();
    assert!(error.contains("the archive is broken: "), "{error}");
}

#[test]
fn a_member_that_cannot_be_read_costs_no_other_and_is_named() {
    let good = b"kind: A\n";
    let inner = tar(&[("x.yaml", good)]);
    let packed = gzip(&b"kind: B\n".repeat(100));
    let early = "the archive or the compressed data ends too early";
    for (name, bytes, expected) in [
        ("cut.yaml.gz", &packed[..packed.len() - 5], early),
        (
            "inner.yaml",
            &inner,
            "the file cannot be read: it is an archive within an archive",
        ),
        (
            "packed.json",
            b"PK\x03\x04....",
            "the file cannot be read: it is packed with zip",
        ),
    ] {
        let archive = tar(&[("a.yaml", good), (name, bytes), ("z.yaml", good)]);
        let (found, error) = members("a.tar", &archive, Limits::default());
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.tar!a.yaml", "a.tar!z.yaml"]);
        assert_eq!(error.unwrap(), format!("a.tar!{name}: {expected}"));
    }
}

#[test]
fn a_name_in_an_archive_does_not_fill_the_memory() {
    let mut header = tar::Header::new_gnu();
    header.set_path("././@LongLink").unwrap();
    header.set_entry_type(tar::EntryType::GNULongName);
    let mut archive = tar(&[("a.yaml", b"kind: A\n")]);
    archive.truncate(1024);
    header.set_size(40 << 20);
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.resize(archive.len() + (40 << 20), b'x');
    archive.extend(tar(&[("b.yaml", b"kind: B\n")]));
    let (found, error) = members("a.tar", &archive, Limits::default());
    assert_eq!(found.len(), 1);
    let error = error.unwrap();
    assert!(error.ends_with("a name in it is too long"), "{error}");
}

#[test]
fn what_other_tools_packed_is_named_with_a_way_out() {
    for (bytes, packer) in [
        (&b"PK\x03\x04\0\0\0\0"[..], "zip"),
        (b"BZh91AY&SY\0\0", "bzip2"),
        (b"\xFD7zXZ\0\0\0", "xz"),
        (b"7z\xBC\xAF\x27\x1C\0", "7z"),
    ] {
        let directory = tree(&[("dump.yaml", bytes)]);
        let listing = list(&[given(directory.path(), "")], Recursion::Off);
        let Err(diagnostic) = walk::open(&listing.entries[0], Limits::default()) else {
            panic!("{packer} was read");
        };
        assert_eq!(diagnostic.code.name, "input/unreadable-file");
        assert_eq!(
            diagnostic.message,
            format!("the file cannot be read: it is packed with {packer}")
        );
        assert!(diagnostic.help.starts_with("unpack it first"));
    }
}

#[test]
fn bombs_in_archives_are_bounded_and_the_bound_can_be_raised() {
    let bomb = b"#".repeat(3 << 20);
    let limits = |unpacked| Limits {
        unpacked: Some(unpacked),
    };
    let inner = gzip(&bomb);
    let last = ("c.yaml", &b"kind: C\n"[..]);
    for (archive, survivors) in [
        (
            gzip(&tar(&[("a.yaml", b"kind: A\n"), ("b.yaml", &bomb), last])),
            1,
        ),
        (
            zstd(&tar(&[("a.yaml", b"kind: A\n"), ("b.yaml", &bomb), last])),
            1,
        ),
        // Here only a member is one.
        (
            tar(&[("a.yaml", b"kind: A\n"), ("b.yaml.gz", &inner), last]),
            2,
        ),
    ] {
        let (found, error) = members("a.tar", &archive, limits(1 << 20));
        assert_eq!(found.len(), survivors);
        assert!(error.unwrap().contains("it holds more than 1 MiB"));
        let (found, error) = members("a.tar", &archive, limits(8 << 20));
        assert_eq!((found.len(), error), (3, None));
    }
}

#[test]
fn zstd_is_unpacked_all_frames_of_it() {
    let mut bytes = zstd(b"kind: A\n---\n");
    bytes.extend(zstd(b"kind: B\n"));
    let directory = tree(&[("a.yaml.zst", &bytes), ("b.zst", &bytes[..bytes.len() - 4])]);
    let listing = list(&[given(directory.path(), ".")], Recursion::Off);
    assert_eq!(listing.entries.len(), 1);
    let file = walk::read(listing.entries.into_iter().next().unwrap()).unwrap();
    assert_eq!(file.bytes, b"kind: A\n---\nkind: B\n");
    assert_eq!(file.storage, Storage::Zstd);
    let mut listing = list(&[given(directory.path(), "b.zst")], Recursion::Off);
    let diagnostic = walk::read(listing.entries.remove(0)).unwrap_err();
    assert_eq!(diagnostic.code.name, "input/unreadable-file");
}

#[test]
fn patterns_stand_for_the_files_that_match_them() {
    let directory = tree(&[
        ("b.json", b""),
        ("a.json", b""),
        ("c.yaml", b""),
        ("x[1].yaml", b""),
    ]);
    let listed = |pattern: &str| {
        let listing = list(&[given(directory.path(), pattern)], Recursion::Off);
        names(directory.path(), &listing)
    };
    assert_eq!(listed("*.json"), ["a.json", "b.json"]);
    assert_eq!(listed("?.*"), ["a.json", "b.json", "c.yaml"]);
    // A file of that name is meant first.
    assert_eq!(listed("x[1].yaml"), ["x[1].yaml"]);
    let nothing = given(directory.path(), "*.txt");
    let error = walk::list(&[nothing], Recursion::Off, std::io::empty()).unwrap_err();
    assert!(error.to_string().contains("no file matches the pattern"));
}

#[test]
fn dumps_of_clusters_are_read_from_their_folders() {
    let directory = tree(&[
        (
            "cluster-info/nodes.json",
            b"{\"kind\":\"NodeList\",\"items\":[]}",
        ),
        (
            "cluster-info/shop/pods.json",
            b"{\"kind\":\"PodList\",\"items\":[]}",
        ),
        ("cluster-info/shop/web/logs.txt", b"==== START"),
        (
            "must-gather/sha256-1/namespaces/shop/core/pods.yaml",
            b"kind: PodList\n",
        ),
        (
            "must-gather/sha256-1/namespaces/shop/pods/web/logs/current.log",
            b"x",
        ),
        (
            "velero/resources/pods/namespaces/shop/web.json",
            b"{\"kind\":\"Pod\"}",
        ),
    ]);
    let listing = list(&[given(directory.path(), ".")], Recursion::On);
    let found = names(directory.path(), &listing);
    let found: Vec<&str> = found
        .iter()
        .map(|name| name.trim_start_matches("./"))
        .collect();
    assert_eq!(
        found,
        [
            "cluster-info/nodes.json",
            "cluster-info/shop/pods.json",
            "must-gather/sha256-1/namespaces/shop/core/pods.yaml",
            "velero/resources/pods/namespaces/shop/web.json"
        ]
    );
}
