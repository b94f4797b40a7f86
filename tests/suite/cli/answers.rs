//! Help, versions, scripts for shells, and the forms of an answer.

use std::path::{Path, PathBuf};

use super::{BASELINE, PRIVILEGED};
use crate::support::{Call, fixture, folder, run};

const COMMANDS: &[&str] = &[
    "migrate",
    "map",
    "access",
    "admit",
    "check",
    "explain",
    "schema",
    "completion",
    "man",
];

#[test]
fn every_help_is_success_and_fits_100_columns() {
    let folder = folder(&[]);
    let mut pages = vec![vec!["--help"], vec!["-h"], vec!["help"]];
    for command in COMMANDS {
        pages.push(vec![command, "--help"]);
        pages.push(vec![command, "-h"]);
        pages.push(vec!["help", command]);
    }
    for page in pages {
        let run = run(folder.path(), &page).expect(0);
        assert!(run.stderr.is_empty(), "{page:?}");
        assert!(run.stdout.contains("Usage: psp2psa"), "{page:?}");
        for line in run.stdout.lines() {
            assert!(line.chars().count() <= 100, "{page:?}: {line}");
        }
    }
}

#[test]
fn the_help_lists_every_command() {
    let folder = folder(&[]);
    let help = run(folder.path(), &["--help"]).expect(0).stdout;
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
    }
}

#[test]
fn every_flag_is_explained() {
    let folder = folder(&[]);
    for command in COMMANDS {
        let help = run(folder.path(), &[command, "-h"]).expect(0).stdout;
        let lines: Vec<&str> = help.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let flag = line.trim_start();
            if !flag.starts_with('-') || !line.starts_with("  ") {
                continue;
            }
            let beside = flag.split_once("  ").is_some();
            let below = lines
                .get(at + 1)
                .is_some_and(|next| next.starts_with("          "));
            assert!(beside || below, "{command}: {flag} is not explained");
        }
    }
}

#[test]
fn the_version_of_the_tool_is_only_the_roots() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let version = format!("psp2psa {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        assert_eq!(run(folder.path(), &[flag]).expect(0).stdout, version);
        run(folder.path(), &["migrate", flag]).expect(2);
    }
    run(folder.path(), &["check", "-V"]).expect(2);
}

#[test]
fn check_and_map_take_the_version_of_the_standards() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    for command in ["check", "map"] {
        for (given, said) in [
            (&[][..], "latest"),
            (&["--version", "v1.25"], "v1.25"),
            (&["--version", "1.25"], "v1.25"),
            (&["--version", "latest"], "latest"),
            (&["--version", "v1.99"], "v1.99"),
        ] {
            let args = [&[command, "-f", "pod.yaml", "-o", "json"], given].concat();
            let report = run(folder.path(), &args).expect(0).json();
            assert_eq!(report["version"], said, "{command} {given:?}");
        }
    }
}

#[test]
fn the_target_version_pins_labels() {
    let folder = folder(&[("pod.yaml", BASELINE)]);
    let args = ["migrate", "-f", "pod.yaml", "-o", "json"];
    let target = |more: &[&str]| {
        let report = run(folder.path(), &[&args[..], more].concat())
            .expect(0)
            .json();
        report["namespaces"][0]["labels"]["after"]["pod-security.kubernetes.io/warn-version"]
            .as_str()
            .expect("a label")
            .to_owned()
    };
    assert_eq!(target(&[]), "v1.37");
    assert_eq!(target(&["--target-version", "v1.29"]), "v1.29");
    assert_eq!(target(&["--target-version", "1.29"]), "v1.29");
    assert_eq!(target(&["--target-version", "latest"]), "latest");
}

/// The binary under the name by which `kubectl` finds plugins.
fn plugin(folder: &tempfile::TempDir) -> PathBuf {
    let name = format!("kubectl-psp2psa{}", std::env::consts::EXE_SUFFIX);
    let plugin = folder.path().join(name);
    let binary = env!("CARGO_BIN_EXE_psp2psa");
    // A copy of a debug build is slow, and a link does as well where there are links.
    #[cfg(unix)]
    std::os::unix::fs::symlink(binary, &plugin).expect("a temporary folder is writable");
    #[cfg(not(unix))]
    std::fs::copy(binary, &plugin).expect("a temporary folder is writable");
    plugin
}

#[test]
fn as_a_plugin_it_calls_itself_kubectl_psp2psa() {
    let folder = folder(&[]);
    let program = plugin(&folder);
    let call = |args| {
        Call {
            program: &program,
            ..Call::new(folder.path(), args)
        }
        .run()
    };
    let help = call(&["--help"]).expect(0).stdout;
    assert!(help.contains("Usage: kubectl psp2psa [OPTIONS]"), "{help}");
    let help = call(&["check", "--help"]).expect(0).stdout;
    assert!(help.contains("Usage: kubectl psp2psa check"), "{help}");
    let error = call(&["check"]).expect(2).stderr;
    assert!(error.contains("Usage: kubectl psp2psa check"), "{error}");
    let version = format!("kubectl psp2psa {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(call(&["--version"]).expect(0).stdout, version);
}

#[test]
fn there_is_a_completion_script_for_every_shell() {
    let folder = folder(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(folder.path(), &["completion", shell]).expect(0).stdout;
        assert!(script.contains("psp2psa"), "{shell}");
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
        assert!(script.contains("output-dir"), "{shell} lacks flags");
    }
}

#[test]
fn the_manual_page_names_every_command() {
    let folder = folder(&[]);
    let page = run(folder.path(), &["man"]).expect(0).stdout;
    assert!(page.contains(".TH psp2psa 1"), "{page}");
    for command in COMMANDS {
        assert!(page.contains(command), "{command}");
    }
}

/// The names of a list of `explain`; a long title goes on in a line that is indented further.
fn listed(list: &str) -> Vec<&str> {
    list.lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next())
        .collect()
}

#[test]
fn explain_knows_every_name_that_it_lists() {
    let folder = folder(&[]);
    let list = run(folder.path(), &["explain"]).expect(0).stdout;
    let names = listed(&list);
    assert!(names.len() > 40, "{list}");
    for name in names {
        let text = psp2psa::render::explain::explain(name, psp2psa::CODES)
            .unwrap_or_else(|| panic!("{name} is listed but not explained"));
        assert!(text.starts_with(&format!("# {name}")), "{text}");
        assert!(text.lines().count() > 4, "{name} is hardly explained");
    }
    let page = run(folder.path(), &["explain", "hostPorts"])
        .expect(0)
        .stdout;
    assert!(page.contains("\nLevel: baseline\n"), "{page}");
}

/// What a command says of the small cluster.
fn of_the_cluster(folder: &Path, command: &str, form: &str) -> String {
    let cluster = fixture("cluster");
    let args = [command, "-f", &cluster.to_string_lossy(), "-o", form];
    run(folder, &args).expect(0).stdout
}

#[test]
fn yaml_says_the_same_as_json() {
    let folder = folder(&[]);
    for command in ["migrate", "map", "access", "check"] {
        let answer = |form| of_the_cluster(folder.path(), command, form);
        let json: serde_json::Value = serde_json::from_str(&answer("json")).expect("JSON");
        let file = psp2psa::input::InputFile::new("a.yaml", answer("yaml").into_bytes());
        let reading = psp2psa::input::documents(&file);
        let [document] = reading.documents.as_slice() else {
            panic!("{command}: {:?}", reading.diagnostics);
        };
        assert_eq!(document.value().expect("an object"), json, "{command}");
    }
}

#[test]
fn check_names_what_violates_the_level_as_kubectl_names_it_copies_included() {
    let pods = format!("{PRIVILEGED}---\n{BASELINE}---\n{PRIVILEGED}");
    let folder = folder(&[("pods.yaml", &pods)]);
    let args = ["check", "-f", "pods.yaml", "-o", "name", "--level"];
    let at = |level| run(folder.path(), &[&args[..], &[level]].concat());
    assert_eq!(at("privileged").expect(0).stdout, "");
    assert_eq!(at("baseline").expect(1).stdout, "pod/raw\npod/raw\n");
    assert_eq!(
        at("restricted").expect(1).stdout,
        "pod/raw\npod/plain\npod/raw\n"
    );
}

#[test]
fn the_other_commands_name_each_object_once() {
    let folder = folder(&[]);
    for (command, first, count) in [
        ("migrate", "namespace/ci-runners\n", 17),
        ("map", "podsecuritypolicy/app-default\n", 9),
        ("access", "podsecuritypolicy/app-default\n", 10),
    ] {
        let names = of_the_cluster(folder.path(), command, "name");
        assert!(names.starts_with(first), "{command}: {names}");
        assert_eq!(names.lines().count(), count, "{command}: {names}");
    }
}

#[test]
fn the_table_fits_80_columns_and_the_wide_one_cuts_nothing() {
    let folder = folder(&[]);
    for command in ["migrate", "map", "access", "check"] {
        let answer = |form| of_the_cluster(folder.path(), command, form);
        let answer_and_summary = answer("table");
        let (table, _) = answer_and_summary
            .split_once("\n\n")
            .expect("a summary below the table");
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
        let wide = answer("wide");
        assert!(!wide.contains('…'), "{command}: {wide}");
    }
}

#[test]
fn explanations_and_tables_fit_80_columns() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = folder(&[]);
    let target = output.path().join("out").to_string_lossy().into_owned();
    let list = run(root, &["explain"]).expect(0).stdout;
    let names = listed(&list);
    let mut texts = vec![list.clone()];
    texts.extend(
        names
            .iter()
            .map(|name| run(root, &["explain", name]).expect(0).stdout),
    );
    for command in ["check", "map", "access", "admit", "migrate"] {
        let mut args = vec![command, "-q", "-f", "fixtures/cluster"];
        if command == "migrate" {
            args.extend(["--output-dir", &target]);
        }
        // What follows names the folder, and paths are never broken.
        let answer = run(root, &args).stdout;
        texts.push(
            answer
                .split("\nwrote ")
                .next()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    for text in texts {
        let mut example = false;
        for line in text.lines() {
            example ^= line.starts_with("```");
            if example {
                continue;
            }
            // A path of a field is never broken.
            let is_one_word = line.split_whitespace().count() == 1;
            assert!(is_one_word || line.chars().count() <= 80, "{line}");
        }
    }
}
