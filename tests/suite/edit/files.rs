//! What reaches the disk: everything or nothing, with the same permissions, through no link that leads elsewhere.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use psp2psa::input::walk::{self, Recursion};
use psp2psa::write::{Replacement, replace};

use crate::support::{Call, folder, run, tree, write};

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop}\nspec:\n  containers: [{name: c, image: i}]\n";
const IN_PLACE: &[&str] = &["migrate", "--in-place", "-f", "in"];

fn text(folder: &Path, path: &str) -> String {
    String::from_utf8(tree(folder)[path].clone()).expect("a text")
}

#[test]
fn files_are_edited_and_no_folder_is_written() {
    let folder = folder(&[("in/ns.yaml", NAMESPACE), ("in/pod.yaml", POD)]);
    let run = run(folder.path(), IN_PLACE).expect(0);
    assert_eq!(
        text(folder.path(), "in/ns.yaml"),
        format!(
            "{NAMESPACE}  labels:\n    pod-security.kubernetes.io/audit: restricted\n    pod-security.kubernetes.io/audit-version: v1.37\n    pod-security.kubernetes.io/warn: restricted\n    pod-security.kubernetes.io/warn-version: v1.37\n"
        )
    );
    assert_eq!(text(folder.path(), "in/pod.yaml"), POD);
    assert_eq!(tree(folder.path()).len(), 2);
    assert!(
        run.stdout.contains("\nedited 1 object in 1 file"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains(
            "left to you:\n  in/ns.yaml:1:1: Namespace shop: the enforce label should be reviewed first\n    metadata.labels:\n      pod-security.kubernetes.io/enforce: baseline\n      pod-security.kubernetes.io/enforce-version: v1.37\n"
        ),
        "{}",
        run.stdout
    );
}

#[test]
fn a_folder_is_written_as_well_if_it_is_named() {
    let folder = folder(&[("in/ns.yaml", NAMESPACE)]);
    let args = [IN_PLACE, &["--output-dir", "out"]].concat();
    run(folder.path(), &args).expect(0);
    let tree = tree(folder.path());
    assert!(tree.contains_key("out/report.json"));
    let diff = String::from_utf8(tree["out/migration.diff"].clone()).expect("a text");
    assert!(
        diff.starts_with("diff --git a/in/ns.yaml b/in/ns.yaml\n"),
        "{diff}"
    );
    assert_ne!(tree["in/ns.yaml"], NAMESPACE.as_bytes());
}

#[test]
fn a_dry_run_prints_the_diff_and_writes_nothing() {
    let folder = folder(&[("in/ns.yaml", NAMESPACE)]);
    let before = tree(folder.path());
    let dry = run(folder.path(), &["migrate", "--dry-run", "-f", "in"]).expect(0);
    assert_eq!(
        dry.stdout,
        "diff --git a/in/ns.yaml b/in/ns.yaml\n--- a/in/ns.yaml\n+++ b/in/ns.yaml\n@@ -2,3 +2,8 @@\n kind: Namespace\n metadata:\n   name: shop\n+  labels:\n+    pod-security.kubernetes.io/audit: baseline\n+    pod-security.kubernetes.io/audit-version: v1.37\n+    pod-security.kubernetes.io/warn: baseline\n+    pod-security.kubernetes.io/warn-version: v1.37\n"
    );
    let both = run(
        folder.path(),
        &["migrate", "--dry-run", "--in-place", "-f", "in"],
    )
    .expect(0);
    assert_eq!(both.stdout, dry.stdout);
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn flags_that_would_have_no_effect_are_refused() {
    let folder = folder(&[("in/ns.yaml", NAMESPACE)]);
    let before = tree(folder.path());
    for flags in [
        &["--dry-run", "--output-dir", "out"][..],
        &["--dry-run", "--force"],
        &["--dry-run", "-o", "json"],
        &["--in-place", "--force"],
    ] {
        run(folder.path(), &[&["migrate", "-f", "in"], flags].concat()).expect(2);
        assert_eq!(tree(folder.path()), before, "{flags:?}");
    }
}

#[test]
fn a_read_only_file_leaves_all_as_they_are() {
    let other = NAMESPACE.replace("shop", "store");
    let folder = folder(&[("in/a.yaml", NAMESPACE), ("in/b.yaml", &other)]);
    let locked = folder.path().join("in/b.yaml");
    fs::set_permissions(&locked, Permissions::from_mode(0o444)).expect("permissions");
    let before = tree(folder.path());
    let run = run(folder.path(), IN_PLACE).expect(2);
    assert!(run.stderr.contains("no file is edited: "), "{}", run.stderr);
    assert!(
        run.stderr.contains("in/b.yaml: it is read-only"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.is_empty());
    assert_eq!(tree(folder.path()), before, "and no new file is left");
}

#[test]
fn permissions_stay() {
    let folder = folder(&[("in/ns.yaml", NAMESPACE)]);
    let path = folder.path().join("in/ns.yaml");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("permissions");
    run(folder.path(), IN_PLACE).expect(0);
    let mode = fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_ne!(text(folder.path(), "in/ns.yaml"), NAMESPACE);
}

#[test]
fn a_link_that_stays_in_the_folder_is_edited_where_it_leads() {
    let folder = folder(&[("in/.data/ns.yaml", NAMESPACE)]);
    symlink(".data/ns.yaml", folder.path().join("in/link.yaml")).expect("a link");
    let args = ["migrate", "--in-place", "-f", "in", "--output-dir", "out"];
    run(folder.path(), &args).expect(0);
    let tree = tree(folder.path());
    assert_eq!(tree["in/link.yaml"], b".data/ns.yaml", "the link stays one");
    assert_ne!(tree["in/.data/ns.yaml"], NAMESPACE.as_bytes());
    let diff = String::from_utf8(tree["out/migration.diff"].clone()).expect("a text");
    assert!(diff.contains("+++ b/in/.data/ns.yaml\n"), "{diff}");
}

#[test]
fn a_link_that_leads_out_is_not_followed() {
    let folder = folder(&[("elsewhere/ns.yaml", NAMESPACE), ("in/pod.yaml", POD)]);
    symlink("../elsewhere/ns.yaml", folder.path().join("in/link.yaml")).expect("a link");
    let before = tree(folder.path());
    run(folder.path(), IN_PLACE).expect(0);
    // Named itself, it is read; but what it leads to is not ours to write.
    let named = run(
        folder.path(),
        &["migrate", "--in-place", "-f", "in/link.yaml"],
    )
    .expect(0);
    let said = "in/link.yaml:1:1: Namespace shop: a symbolic link leads to it";
    assert!(named.stdout.contains(said), "{}", named.stdout);
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn what_is_no_plain_file_is_told_with_the_lines_to_add() {
    let folder = folder(&[]);
    let args = ["migrate", "--in-place", "-f", "-"];
    let call = Call {
        stdin: NAMESPACE.as_bytes(),
        ..Call::new(folder.path(), &args)
    };
    let run = call.run().expect(0);
    assert!(
        run.stdout.contains("  -:1:1: Namespace shop: it was read from standard input\n    metadata.labels:\n      pod-security.kubernetes.io/audit: baseline\n"),
        "{}",
        run.stdout
    );
    // Once is enough; where nothing else says it, it is a warning.
    assert_eq!(run.stderr, "");
    let asked = |more: &[&str]| {
        let args = [&["migrate", "-f", "-"], more].concat();
        let call = Call {
            stdin: NAMESPACE.as_bytes(),
            ..Call::new(folder.path(), &args)
        };
        call.run().expect(0).stderr
    };
    let warning = "warning[edit/not-editable]";
    assert!(asked(&["--dry-run"]).contains(warning));
    assert!(asked(&["--in-place", "-o", "json"]).contains(warning));
    // Nobody asked for an edit.
    assert_eq!(asked(&[]), "");
    assert!(asked(&["-v"]).contains("note[edit/not-in-place]"));
}

/// A tar archive with one member.
fn archive(name: &str, text: &str) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    let mut archive = tar::Builder::new(Vec::new());
    let written = archive.append_data(&mut header, name, text.as_bytes());
    written.expect("memory takes everything");
    archive.into_inner().expect("memory takes everything")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(text.as_bytes());
    written.expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

#[test]
fn compressed_files_and_members_of_archives_are_told_and_not_edited() {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zstd = ruzstd::encoding::compress_to_vec(NAMESPACE.as_bytes(), level);
    for (name, bytes, said) in [
        (
            "ns.yaml.gz",
            gzip(NAMESPACE),
            ":1:1: Namespace shop: the file is compressed",
        ),
        (
            "ns.yaml.zst",
            zstd,
            ":1:1: Namespace shop: the file is compressed",
        ),
        (
            "ns.tar",
            archive("ns.yaml", NAMESPACE),
            "!ns.yaml:1:1: Namespace shop: it is in an archive",
        ),
    ] {
        let folder = folder(&[]);
        write(folder.path(), name, &bytes);
        let before = tree(folder.path());
        let run = run(folder.path(), &["migrate", "--in-place", "-f", name]).expect(0);
        assert!(
            run.stdout.contains(&format!("  {name}{said}\n")),
            "{}",
            run.stdout
        );
        assert_eq!(run.stderr, "");
        assert_eq!(tree(folder.path()), before, "{name}");
    }
}

#[test]
fn a_file_that_has_changed_since_it_was_read_is_not_edited() {
    let folder = folder(&[("ns.yaml", NAMESPACE)]);
    let path = folder.path().join("ns.yaml");
    let given = [path.to_string_lossy().into_owned()];
    let listing = walk::list(&given, Recursion::Off, std::io::empty()).expect("the file");
    let entry = &listing.entries[0];
    let original = walk::again(entry).expect("it has not changed");
    let replacement = |old: &[u8]| Replacement {
        path: original.path.clone(),
        old: old.to_vec(),
        new: b"new".to_vec(),
    };
    write(
        folder.path(),
        "ns.yaml",
        format!("# more\n{NAMESPACE}").as_bytes(),
    );
    assert_eq!(
        walk::again(entry).expect_err("it has changed"),
        "the file has changed since it was read"
    );
    let error = replace(&[replacement(NAMESPACE.as_bytes())]).expect_err("it has changed");
    assert!(
        error.to_string().contains("has changed since it was read"),
        "{error}"
    );
    assert_eq!(
        text(folder.path(), "ns.yaml"),
        format!("# more\n{NAMESPACE}")
    );
    assert_eq!(tree(folder.path()).len(), 1, "no new file is left");
}

#[test]
fn a_file_that_cannot_be_replaced_brings_back_those_before_it() {
    let folder = folder(&[("a.yaml", "a"), ("b.yaml", "b")]);
    let files = ["a.yaml", "missing.yaml"].map(|name| Replacement {
        path: folder.path().join(name),
        old: b"a".to_vec(),
        new: b"new".to_vec(),
    });
    replace(&files).expect_err("one is missing");
    assert_eq!(text(folder.path(), "a.yaml"), "a");
    assert_eq!(tree(folder.path()).len(), 2);
}

#[test]
fn names_in_the_diff_are_those_that_git_knows() {
    let odd = "in/sp ace \"q\" \\ ü\t.yaml";
    let folder = folder(&[
        (odd, NAMESPACE),
        ("in/sp ace.yaml", &NAMESPACE.replace("shop", "b")),
    ]);
    let dry = run(folder.path(), &["migrate", "--dry-run", "-f", "./in//"]).expect(0);
    for line in [
        "diff --git \"a/in/sp ace \\\"q\\\" \\\\ \\303\\274\\t.yaml\" \"b/in/sp ace \\\"q\\\" \\\\ \\303\\274\\t.yaml\"\n",
        "\n--- a/in/sp ace.yaml\t\n+++ b/in/sp ace.yaml\t\n",
    ] {
        assert!(dry.stdout.contains(line), "{line}\n{}", dry.stdout);
    }
}

#[test]
fn absolute_paths_are_told_from_their_common_folder() {
    let folder = folder(&[
        ("in/a/ns.yaml", NAMESPACE),
        ("in/b/ns.yaml", &NAMESPACE.replace("shop", "b")),
    ]);
    let root = fs::canonicalize(folder.path()).expect("the folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (a, b) = (path("in/a"), path("in/b"));
    let dry = run(folder.path(), &["migrate", "--dry-run", "-f", &a, "-f", &b]).expect(0);
    let first = format!("# Names are relative to {}\n", root.join("in").display());
    assert!(dry.stdout.starts_with(&first), "{}", dry.stdout);
    assert!(dry.stdout.contains("\n+++ b/a/ns.yaml\n"), "{}", dry.stdout);
    assert!(dry.stdout.contains("\n+++ b/b/ns.yaml\n"), "{}", dry.stdout);
}
