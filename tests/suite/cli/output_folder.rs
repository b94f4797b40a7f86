//! The folder that `migrate` writes: all or nothing, and never over files that are not ours.

use super::BASELINE;
use crate::support::{folder, run, tree, write};

const MIGRATE: &[&str] = &["migrate", "-f", "pod.yaml", "--output-dir", "out"];

#[test]
fn every_report_is_written_and_named_on_standard_output() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let run = run(folder.path(), MIGRATE).expect(0);
    let tree = tree(folder.path());
    for file in [
        "migration.diff",
        "pull-request.md",
        "report.html",
        "report.json",
        "report.md",
        "manifests/10-warn-audit/kustomization.yaml",
    ] {
        assert!(tree.contains_key(&format!("out/{file}")), "{file}");
    }
    assert!(
        run.stdout.contains("wrote out; read out/report.html"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("  kubectl apply -k out/manifests/10-warn-audit\n"),
        "{}",
        run.stdout
    );
    assert!(
        tree.keys()
            .all(|path| path == "pod.yaml" || path.starts_with("out/")),
        "nothing is left beside the folder: {:?}",
        tree.keys()
    );
}

#[test]
fn the_folder_is_called_psa_migration_unless_told_otherwise() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    run(folder.path(), &["migrate", "-f", "pod.yaml"]).expect(0);
    assert!(tree(folder.path()).contains_key("psa-migration/report.json"));
}

#[test]
fn folders_above_are_made() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let args = ["migrate", "-f", "pod.yaml", "--output-dir", "a/b/c"];
    run(folder.path(), &args).expect(0);
    assert!(tree(folder.path()).contains_key("a/b/c/report.json"));
}

#[test]
fn a_second_run_replaces_what_the_first_wrote() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    run(folder.path(), MIGRATE).expect(0);
    let moved = BASELINE.replace("shop", "store");
    write(folder.path(), "pod.yaml", moved.as_bytes());
    run(folder.path(), MIGRATE).expect(0);
    let tree = tree(folder.path());
    let manifest = |name: &str| {
        tree.contains_key(&format!(
            "out/manifests/10-warn-audit/namespace-{name}.yaml"
        ))
    };
    assert!(manifest("store"));
    assert!(!manifest("shop"), "a manifest of the first run is left");
}

#[test]
fn a_target_that_is_a_file_is_refused_and_stays() {
    let folder = folder(&[("pod.yaml", BASELINE), ("out", "mine")]);
    let before = tree(folder.path());
    for force in [&[][..], &["--force"]] {
        let run = run(folder.path(), &[MIGRATE, force].concat()).expect(2);
        assert!(run.stderr.contains("not a folder"), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn a_target_that_can_not_be_written_is_refused() {
    let folder = folder(&[("pod.yaml", BASELINE), ("file", "mine")]);
    let before = tree(folder.path());
    let args = ["migrate", "-f", "pod.yaml", "--output-dir", "file/out"];
    let run = run(folder.path(), &args).expect(2);
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    assert!(run.stderr.contains("file/out"), "{}", run.stderr);
    assert!(run.stdout.is_empty());
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn files_that_are_not_ours_are_not_touched_without_force() {
    for foreign in [
        "out/notes.md",
        "out/report.json",
        "out/manifests/10-warn-audit/namespace-shop.yaml",
        "out/.git/config",
    ] {
        let folder = folder(&[("pod.yaml", BASELINE), (foreign, "mine")]);
        let before = tree(folder.path());
        let run = run(folder.path(), MIGRATE).expect(2);
        assert!(run.stderr.contains("--force"), "{}", run.stderr);
        let name = foreign.strip_prefix("out/").expect("a file below out");
        assert!(run.stderr.contains(name), "{}", run.stderr);
        assert!(run.stdout.is_empty());
        assert_eq!(tree(folder.path()), before, "{foreign}");
    }
}

#[test]
fn a_file_that_somebody_put_into_our_folder_is_not_ours() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    run(folder.path(), MIGRATE).expect(0);
    write(folder.path(), "out/manifests/notes.txt", b"mine");
    let before = tree(folder.path());
    run(folder.path(), MIGRATE).expect(2);
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn force_keeps_files_that_are_not_ours() {
    let folder = folder(&[
        ("pod.yaml", BASELINE),
        ("out/notes.md", "mine"),
        ("out/sub/more.md", "mine too"),
        ("out/report.md", "in the way"),
    ]);
    run(folder.path(), &[MIGRATE, &["--force"]].concat()).expect(0);
    let tree = tree(folder.path());
    assert_eq!(tree["out/notes.md"], b"mine");
    assert_eq!(tree["out/sub/more.md"], b"mine too");
    assert_ne!(tree["out/report.md"], b"in the way");
    assert!(tree.contains_key("out/report.json"));
}

#[test]
fn an_empty_folder_is_as_good_as_none() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    std::fs::create_dir(folder.path().join("out")).expect("a temporary folder is writable");
    run(folder.path(), MIGRATE).expect(0);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_way_is_not_followed() {
    let folder = folder(&[("pod.yaml", BASELINE), ("elsewhere/mine.txt", "mine")]);
    let link = folder.path().join("out");
    std::os::unix::fs::symlink("elsewhere", link).expect("a temporary folder is writable");
    let before = tree(folder.path());
    run(folder.path(), MIGRATE).expect(2);
    assert_eq!(tree(folder.path()), before);
}
