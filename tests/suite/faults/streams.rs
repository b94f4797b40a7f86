//! Standard output that is closed, full, or read by somebody who has seen enough.

use super::{in_shell, manifests};

/// Every command in every form that prints.
fn commands() -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&str>> = vec![
        vec!["explain"],
        vec!["explain", "hostPorts"],
        vec!["schema"],
        vec!["schema", "check"],
        vec!["completion", "bash"],
        vec!["man"],
        vec!["--help"],
        vec!["--version"],
        vec!["help", "migrate"],
        vec!["admit", "-f", "in", "--assume-authorized", "--diff"],
        vec!["migrate", "-f", "in", "--dry-run"],
        vec!["migrate", "-f", "in", "--in-place"],
    ];
    let forms = ["table", "wide", "json", "yaml", "markdown", "name"];
    for form in forms {
        for command in ["migrate", "map", "access", "admit", "check"] {
            all.push(vec![command, "-f", "in", "-o", form]);
        }
    }
    for form in ["sarif", "junit"] {
        all.push(vec!["migrate", "-f", "in", "-o", form]);
        all.push(vec!["check", "-f", "in", "-o", form]);
    }
    all
}

/// What a command exits with whose answer is heard.
fn usual(args: &[&str]) -> i32 {
    // Without a policy every pod is refused.
    i32::from(args[0] == "admit")
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_code() {
    let folder = manifests(3);
    for args in commands() {
        // The reader is gone before the command starts, whose exit code the line prints.
        let line = r#"{ sleep 0.01; "$@"; echo $? >&2; } | true"#;
        let run = in_shell(folder.path(), line, &args).expect(0);
        let code = run.stderr.lines().last().expect("the exit code");
        assert_eq!(code, usual(&args).to_string(), "{args:?}: {}", run.stderr);
        assert!(!run.stderr.contains("error"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn closed_streams_change_no_exit_code() {
    let folder = manifests(3);
    for args in commands() {
        for line in [r#"exec "$@" >&-"#, r#"exec "$@" >&- 2>&- <&-"#] {
            let run = in_shell(folder.path(), line, &args);
            assert_eq!(run.code, Some(usual(&args)), "{args:?}: {}", run.stderr);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_finds_no_room_is_an_error() {
    let folder = manifests(3);
    for args in commands() {
        let run = in_shell(folder.path(), r#"exec "$@" >/dev/full"#, &args);
        // No policy, no violation and no pod that is admitted: there is nothing to print.
        let is_empty = matches!(
            args.as_slice(),
            ["map" | "access", .., "name"] | ["admit", .., "--diff"]
        );
        if is_empty {
            assert_eq!(run.code, Some(usual(&args)), "{args:?}: {}", run.stderr);
            continue;
        }
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.stderr);
        let said = "error: the answer cannot be written to standard output: ";
        assert!(run.stderr.starts_with(said), "{args:?}: {}", run.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn diagnostics_that_find_no_room_do_not_cost_the_answer() {
    let folder = manifests(1);
    crate::support::write(folder.path(), "in/broken.yaml", b"kind: [\n");
    let args = ["check", "-f", "in"];
    let run = in_shell(folder.path(), r#"exec "$@" 2>/dev/full"#, &args).expect(3);
    assert!(run.stdout.contains("Pod/p"), "{}", run.stdout);
}
