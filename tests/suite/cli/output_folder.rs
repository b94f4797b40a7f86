//! The folder that `migrate` writes: all or nothing, and never over files that are not ours.

use super::BASELINE;
use crate::support::{Run, below, folder, run, tree, write};

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

/// A node of 1.25 or newer shows that there is no plugin to turn off.
#[test]
fn the_cleanup_is_named_with_what_it_waits_for() {
    let input = |kubelet: &str| {
        let node = format!(
            "{{apiVersion: v1, kind: Node, metadata: {{name: node}}, status: {{nodeInfo: {{kubeletVersion: {kubelet}}}}}}}"
        );
        let role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, rules: [
          {apiGroups: [policy], resources: [podsecuritypolicies], resourceNames: [p], verbs: [use]}]}";
        format!("{node}\n---\n{role}\n")
    };
    for (kubelet, expected) in [
        (
            "v1.24.1",
            "once the PSP plugin is off, read out/manifests/70-cleanup/README.md\n",
        ),
        (
            "v1.25.0",
            "for what is left of PodSecurityPolicy, read out/manifests/70-cleanup/README.md\n",
        ),
    ] {
        let folder = folder(&[("pod.yaml", BASELINE), ("more.yaml", &input(kubelet))]);
        let run = run(folder.path(), &[MIGRATE, &["-f", "more.yaml"]].concat()).expect(0);
        assert!(run.stdout.ends_with(expected), "{}", run.stdout);
        let warned = run.stdout.contains("do not turn the PSP plugin off");
        assert!(!warned || kubelet == "v1.24.1", "{}", run.stdout);
    }
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
fn a_target_that_cannot_be_written_is_refused() {
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

/// Runs `migrate` from a folder inside the temporary one.
fn migrate_in(folder: &std::path::Path, inner: &str, output_dir: &str, more: &[&str]) -> Run {
    let args = ["migrate", "-f", "../pod.yaml", "--output-dir", output_dir];
    run(&folder.join(inner), &[&args, more].concat())
}

#[test]
fn a_folder_that_is_or_holds_the_current_one_is_refused_and_stays() {
    let folder = folder(&[
        ("pod.yaml", BASELINE),
        ("plan/.keep", ""),
        ("plan/mine", ""),
    ]);
    let absolute = folder.path().join("plan");
    let absolute = absolute
        .to_str()
        .expect("a temporary folder has a plain name");
    let before = tree(folder.path());
    for output_dir in [".", "..", "../plan", "../../..", "/", "x/..", absolute] {
        for force in [&[][..], &["--force"]] {
            let run = migrate_in(folder.path(), "plan", output_dir, force).expect(2);
            assert!(run.stdout.is_empty());
            assert_eq!(tree(folder.path()), before, "{output_dir}");
            let said = match output_dir {
                "x/.." => "no such file or directory",
                _ => "it is the current folder, or holds it",
            };
            let stderr = run.stderr.to_lowercase();
            assert!(stderr.contains(said), "{output_dir}: {}", run.stderr);
        }
    }
}

#[test]
fn a_detour_leads_to_the_folder_that_it_means() {
    let folder = folder(&[("pod.yaml", BASELINE), ("plan/.keep", "")]);
    migrate_in(folder.path(), "plan", "../plan/./new", &[]).expect(0);
    assert!(tree(folder.path()).contains_key("plan/new/report.json"));
    migrate_in(folder.path(), "plan", "../planned", &[]).expect(0);
    assert!(tree(folder.path()).contains_key("planned/report.json"));
}

/// A folder with what a run wrote into `out`.
fn migrated() -> tempfile::TempDir {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    run(folder.path(), MIGRATE).expect(0);
    folder
}

#[test]
fn a_file_is_not_ours_because_it_has_a_name_that_we_could_give() {
    for foreign in [
        "manifests/20-workloads/mine/precious.yaml",
        "manifests/95-mine/kustomization.yaml",
        "rollback/namespace-mine.yaml",
    ] {
        let folder = migrated();
        write(folder.path(), &format!("out/{foreign}"), b"mine");
        let before = tree(folder.path());
        let refused = run(folder.path(), MIGRATE).expect(2);
        let said = format!("psp2psa did not write ({foreign})");
        assert!(refused.stderr.contains(&said), "{}", refused.stderr);
        assert_eq!(tree(folder.path()), before);
        let forced = run(folder.path(), &[MIGRATE, &["--force"]].concat()).expect(0);
        assert_eq!(tree(folder.path()), before);
        assert!(!forced.stderr.contains("replaced"), "{}", forced.stderr);
    }
}

#[test]
fn a_file_of_ours_that_somebody_edited_is_replaced_with_force_only() {
    let folder = migrated();
    let written = tree(folder.path());
    let path = "manifests/10-warn-audit/namespace-shop.yaml";
    write(folder.path(), &format!("out/{path}"), b"mine");
    let before = tree(folder.path());
    let refused = run(folder.path(), MIGRATE).expect(2);
    let said = format!("edited since psp2psa wrote them ({path})");
    assert!(refused.stderr.contains(&said), "{}", refused.stderr);
    assert_eq!(tree(folder.path()), before);
    let forced = run(folder.path(), &[MIGRATE, &["--force"]].concat()).expect(0);
    let said = format!("was replaced: {path}\n");
    assert!(forced.stderr.contains(&said), "{}", forced.stderr);
    assert_eq!(tree(folder.path()), written);
}

#[test]
fn the_list_of_what_was_written_names_every_other_file() {
    let folder = migrated();
    let mut written = below(&tree(folder.path()), "out");
    let list = written.remove(".psp2psa").expect("the list is written");
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let listed: Vec<(usize, &str)> = lines
        .map(|line| {
            let mut parts = line.splitn(3, ' ').skip(1);
            let size = parts.next().and_then(|size| size.parse().ok());
            let path = parts.next().expect("a path");
            (size.expect("a size"), path)
        })
        .collect();
    let found: Vec<(usize, &str)> = written
        .iter()
        .map(|(path, text)| (text.len(), path.as_str()))
        .collect();
    assert_eq!(listed, found);
}

#[test]
fn a_folder_without_a_list_is_not_ours() {
    let folder = migrated();
    let list = folder.path().join("out/.psp2psa");
    std::fs::remove_file(list).expect("a temporary folder is writable");
    let before = tree(folder.path());
    let refused = run(folder.path(), MIGRATE).expect(2);
    assert!(
        refused.stderr.contains("it has no .psp2psa"),
        "{}",
        refused.stderr
    );
    assert_eq!(tree(folder.path()), before);
    let forced = run(folder.path(), &[MIGRATE, &["--force"]].concat()).expect(0);
    assert!(!forced.stderr.contains("replaced"), "{}", forced.stderr);
    run(folder.path(), MIGRATE).expect(0);
}

#[cfg(unix)]
#[test]
fn force_keeps_permissions_links_and_empty_folders() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = migrated();
    let out = folder.path().join("out");
    write(&out, "private/key", b"mine");
    std::fs::create_dir(out.join("private/empty")).expect("a temporary folder is writable");
    symlink("nowhere", out.join("private/link")).expect("a temporary folder is writable");
    let modes = [
        ("private/key", 0o640),
        ("private/empty", 0o711),
        ("private", 0o700),
        ("manifests", 0o750),
        ("", 0o770),
    ];
    for (path, mode) in modes {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(out.join(path), permissions).expect("the folder is ours");
    }
    let before = tree(folder.path());
    run(folder.path(), &[MIGRATE, &["--force"]].concat()).expect(0);
    assert_eq!(tree(folder.path()), before);
    for (path, mode) in modes {
        let metadata = std::fs::metadata(out.join(path)).expect("it is carried over");
        assert_eq!(metadata.permissions().mode() & 0o7777, mode, "{path}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_folder_is_refused_and_stays() {
    let folder = migrated();
    let pipe = folder.path().join("out/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    for force in [&[][..], &["--force"]] {
        let refused = run(folder.path(), &[MIGRATE, force].concat()).expect(2);
        let said = "error: cannot look into out: pipe is a pipe, a socket or a device\n";
        assert_eq!(refused.stderr, said);
        assert!(std::fs::symlink_metadata(&pipe).is_ok());
    }
}
