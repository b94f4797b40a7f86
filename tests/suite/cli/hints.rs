//! What a run says where flags or files mean nothing: never silence.

use super::BASELINE;
use crate::support::{Run, folder, run, tree, write};

/// Runs a command and expects this code, and these words on standard error.
#[track_caller]
fn says(folder: &std::path::Path, args: &[&str], code: i32, words: &str) -> Run {
    let run = run(folder, args).expect(code);
    assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
    run
}

const OTHERS: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: a}}\n";

#[test]
fn unknown_kinds_and_files_are_counted_with_v() {
    let folder = folder(&[
        ("in/pod.yaml", BASELINE),
        ("in/others.yaml", OTHERS),
        ("in/notes.txt", "mine"),
        ("in/sub/pod.yaml", BASELINE),
    ]);
    let kinds = "note[input/other-kinds]: objects that nothing follows from are passed over: 2 ConfigMap, 1 Service\n";
    let files = "passed over in this folder: 1 file with another name and 1 folder\n";
    for command in ["check", "admit", "access", "map", "migrate"] {
        let args = [command, "-f", "in"];
        let code = i32::from(command == "admit");
        assert_eq!(
            run(folder.path(), &args).expect(code).stderr,
            "",
            "{command}"
        );
        let verbose = says(folder.path(), &[command, "-v", "-f", "in"], code, kinds);
        assert!(verbose.stderr.contains(files), "{}", verbose.stderr);
    }
}

#[test]
fn many_unknown_kinds_are_cut() {
    let objects: Vec<String> = (10..30)
        .map(|n| format!("{{apiVersion: example.com/v1, kind: Thing{n}, metadata: {{name: a}}}}"))
        .collect();
    let folder = folder(&[("in.yaml", &objects.join("\n---\n"))]);
    let words = "1 Thing19, 10 of 10 other kinds\n";
    says(folder.path(), &["check", "-v", "-f", "in.yaml"], 0, words);
}

#[test]
fn a_forgotten_r_is_a_warning() {
    let folder = folder(&[("in/deep/pod.yaml", BASELINE), ("empty/.keep", "")]);
    let words =
        "warning[input/empty-folder]: nothing to read in this folder, which holds 1 folder\n";
    says(folder.path(), &["check", "-f", "in"], 0, words);
    let words = "nothing to read in this folder; expected .yaml, .yml or .json files";
    says(folder.path(), &["check", "-f", "empty"], 0, words);
    let deep = run(folder.path(), &["check", "-R", "-f", "in"]).expect(0);
    assert_eq!(deep.stderr, "");
}

#[test]
fn names_that_are_nowhere_in_the_input_are_warnings() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    for (args, words) in [
        (
            &["check", "-n", "typo"][..],
            "--namespace `typo`: the input holds no workload",
        ),
        (
            &["admit", "-n", "typo"],
            "--namespace `typo`: the input holds no workload",
        ),
        (
            &["access", "-n", "typo"],
            "--namespace `typo`: nothing in the input is in this",
        ),
        (
            &["access", "--psp", "typo"],
            "--psp `typo`: no such policy is in the input",
        ),
    ] {
        says(
            folder.path(),
            &[args, &["-f", "pod.yaml"]].concat(),
            0,
            words,
        );
    }
    let known = run(folder.path(), &["access", "-n", "shop", "-f", "pod.yaml"]).expect(0);
    assert_eq!(known.stderr, "");
}

#[test]
fn a_second_run_over_its_own_folder_says_what_the_first_said() {
    let folder = folder(&[("app/pod.yaml", BASELINE), ("app/notes.txt", "")]);
    for args in [&["migrate", "-R", "-f", "."][..], &["migrate", "-f", "."]] {
        let first = run(folder.path(), args).expect(0);
        let written = tree(folder.path());
        let second = run(folder.path(), args).expect(0);
        assert_eq!(first.stdout, second.stdout);
        assert_eq!(written, tree(folder.path()));
    }
    let words = "note[input/own-output]";
    let args = ["migrate", "-v", "-R", "-f", ".", "--output-dir", "other"];
    says(folder.path(), &args, 0, words);
}

#[test]
fn how_to_talk_may_stand_before_the_command_and_only_where_it_means_something() {
    let folder = folder(&[("in.yaml", OTHERS)]);
    says(
        folder.path(),
        &["-v", "check", "-f", "in.yaml"],
        0,
        "note[input/other-kinds]",
    );
    for command in ["explain", "schema", "man"] {
        says(
            folder.path(),
            &[command, "-q"],
            2,
            "unexpected argument '-q'",
        );
        says(
            folder.path(),
            &["-q", command],
            2,
            "only commands that read objects",
        );
    }
    let both = ["-q", "check", "-v", "-f", "in.yaml"];
    says(folder.path(), &both, 2, "-q and -v contradict");
}

#[test]
fn a_default_namespace_is_a_name_that_a_namespace_can_have() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    for name in ["", "X y", "a-", &"a".repeat(64)] {
        let args = ["check", "-f", "pod.yaml", "--default-namespace", name];
        says(folder.path(), &args, 2, "expected the name of a namespace");
    }
}

#[test]
fn memory_is_counted_in_whole_gibibytes() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    for size in ["1.5", "0", "1048577"] {
        let args = ["check", "-f", "pod.yaml", "--max-unpacked", size];
        says(
            folder.path(),
            &args,
            2,
            "expected a whole number of GiB from 1 to 1048576",
        );
    }
}

#[test]
fn a_configuration_that_cannot_be_one_stops_the_run() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let args = ["migrate", "-f", "pod.yaml"];
    let dated = [&args[..], &["--today", "2027-01-01"]].concat();
    says(
        folder.path(),
        &dated,
        2,
        "there is no psp2psa.yaml: name it with --config",
    );
    let path = folder.path().join("psp2psa.yaml");
    std::fs::create_dir(&path).expect("a temporary folder is writable");
    says(folder.path(), &args, 2, "psp2psa.yaml is a folder");
    std::fs::remove_dir(&path).expect("a temporary folder is writable");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", &path).expect("a temporary folder is writable");
        says(folder.path(), &args, 2, "psp2psa.yaml`: no such file");
        std::fs::remove_file(&path).expect("a temporary folder is writable");
    }
    let json =
        br#"{"apiVersion": "psp2psa/v1", "kind": "Configuration", "targetVersion": "v1.29"}"#;
    write(folder.path(), "psp2psa.yaml", json);
    let report = run(folder.path(), &[&args[..], &["-o", "json"]].concat());
    assert_eq!(report.expect(0).json()["targetVersion"], "v1.29");
}

#[cfg(unix)]
#[test]
fn one_bad_file_of_a_pattern_does_not_cost_the_others() {
    let folder = folder(&[("a.yaml", BASELINE)]);
    std::os::unix::fs::symlink("nowhere", folder.path().join("b.yaml")).expect("a link");
    let args = ["check", "-f", "*.yaml", "-o", "json"];
    let run = says(folder.path(), &args, 3, "b.yaml:1:1");
    assert_eq!(run.json()["results"].as_array().map(Vec::len), Some(1));
}

#[test]
fn latest_is_said_with_the_version_that_it_means() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let newest = psp2psa::pss::NEWEST.to_string();
    for (asked, rules) in [("latest", &*newest), ("v1.99", &newest), ("v1.25", "v1.25")] {
        let args = ["check", "-f", "pod.yaml", "--version", asked];
        let text = run(folder.path(), &args).expect(0).stdout;
        let said = match asked == rules {
            true => format!("judged at {asked};"),
            false => format!("judged at {asked} ({rules});"),
        };
        assert!(text.contains(&said), "{text}");
        let report = run(folder.path(), &[&args[..], &["-o", "json"]].concat());
        let report = report.expect(0).json();
        assert_eq!(
            (&report["version"], &report["rulesVersion"]),
            (&asked.into(), &rules.into())
        );
    }
    let args = ["migrate", "-f", "pod.yaml", "--target-version", "v1.99"];
    let said = format!("pinned to v1.99, but the newest version known here is {newest}");
    says(folder.path(), &args, 0, &said);
}

#[test]
fn a_summary_points_to_a_report_only_if_there_is_one() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let args = ["migrate", "-f", "pod.yaml", "-o", "markdown"];
    let with = run(folder.path(), &args).expect(0).stdout;
    assert!(with.contains("the whole report is in report"), "{with}");
    let without = run(folder.path(), &[&args[..], &["--in-place"]].concat());
    let without = without.expect(0).stdout;
    assert!(!without.contains("report.html"), "{without}");
}

const PATCH: &str = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: patch, namespace: shop}, spec: {template: {spec: {hostNetwork: true, containers: [{name: c}]}}}}";

#[test]
fn patches_are_not_judged_and_that_is_a_warning() {
    let folder = folder(&[("pod.yaml", BASELINE), ("patch.yaml", PATCH)]);
    for args in [&["check", "--level", "baseline"][..], &["admit"]] {
        let args = [args, &["-f", "pod.yaml", "patch.yaml", "-o", "json"]].concat();
        let code = i32::from(args[0] == "admit");
        let words = "warning[model/not-judged]: `Deployment patch` has no complete pod template";
        let run = says(folder.path(), &args, code, words);
        assert_eq!(run.json()["results"].as_array().map(Vec::len), Some(1));
    }
    // A pod is asked about as it is.
    write(
        folder.path(),
        "pod.yaml",
        BASELINE.replace("image", "nothing").as_bytes(),
    );
    let run = run(folder.path(), &["check", "-f", "pod.yaml", "-o", "json"]).expect(0);
    assert_eq!(run.json()["results"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_template_of_a_custom_resource_that_does_not_decode_is_unreadable() {
    let rollout = |privileged: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: r, namespace: shop}}\nspec:\n  template:\n    spec:\n      containers:\n      - {{name: c, image: i, securityContext: {{privileged: {privileged}}}}}\n"
        )
    };
    let json = r#"{"apiVersion":"argoproj.io/v1alpha1","kind":"Rollout","metadata":{"name":"r","namespace":"shop"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i","securityContext":{"privileged":"yes"}}]}}}}"#;
    let folder = folder(&[
        ("bad.yaml", &rollout("\"yes\"")),
        ("bad.json", json),
        ("good.yaml", &rollout("true")),
    ]);
    let field = "spec.template.spec.containers[0].securityContext.privileged: ";
    says(folder.path(), &["check", "-f", "bad.yaml"], 3, field);
    says(folder.path(), &["check", "-f", "bad.json"], 3, field);
    let good = run(folder.path(), &["check", "-f", "good.yaml"]).expect(0);
    assert!(good.stdout.contains("Rollout/r"), "{}", good.stdout);
    // What is no pod template at all is another kind's own business.
    let other = "{apiVersion: example.com/v1, kind: Other, metadata: {name: o}, spec: {template: {spec: {containers: 3}}}}";
    write(folder.path(), "other.yaml", other.as_bytes());
    run(folder.path(), &["check", "-f", "other.yaml"]).expect(0);
}

#[test]
fn settings_that_change_nothing_are_warnings() {
    let head = "apiVersion: psp2psa/v1\nkind: Configuration\n";
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}}\n---\n";
    let folder = folder(&[
        ("in.yaml", &format!("{namespace}{BASELINE}")),
        (
            "psp2psa.yaml",
            &format!(
                "{head}overrides:\n- namespaces: [shop]\n  enforce: privileged\n  reason: r\n"
            ),
        ),
    ]);
    let args = ["migrate", "-f", "in.yaml", "-o", "json"];
    let words = "`enforce: privileged` has no effect in `shop`: the owner's label stays";
    let report = says(folder.path(), &args, 0, words).json();
    assert!(!report["findings"].to_string().contains("override-looser"));
    let overwriting = run(folder.path(), &[&args[..], &["--overwrite"]].concat()).expect(0);
    assert!(
        overwriting.json()["findings"]
            .to_string()
            .contains("override-looser")
    );
    assert!(
        !overwriting.stderr.contains("has no effect"),
        "{}",
        overwriting.stderr
    );
}
