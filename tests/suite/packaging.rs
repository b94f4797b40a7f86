//! What strangers install: workflows, archives, the plugin, the image, the hooks.
//!
//! What needs a container engine, GitHub or krew is not run here; what can be said of their files without them is.

#![expect(
    clippy::disallowed_methods,
    reason = "the files of the repository and the archives are what is looked at"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn psp2psa(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_psp2psa"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the binary runs")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

/// The value of a top-level key of the manifest's package.
fn manifest(key: &str) -> String {
    read("Cargo.toml")
        .lines()
        .find_map(|line| {
            line.strip_prefix(&format!("{key} = \""))?
                .strip_suffix('"')
                .map(str::to_owned)
        })
        .unwrap_or_else(|| panic!("Cargo.toml has no {key}"))
}

#[test]
fn dependencies_are_checked_on_every_push_and_our_own_code_is_safe() {
    let ci = read(".github/workflows/ci.yml");
    assert!(ci.contains("- run: cargo deny --locked check\n"));
    let rules = read("deny.toml");
    for rule in [
        "[advisories]",
        "[licenses]",
        "unknown-registry = \"deny\"",
        "unknown-git = \"deny\"",
    ] {
        assert!(rules.contains(rule), "{rule}");
    }
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("\nunsafe_code = \"forbid\"\n"));
    // Nothing maps a file into memory, which another program may cut while it is read.
    for name in ["memmap", "mmap"] {
        assert!(!manifest.contains(name), "{name}");
    }
}

#[test]
fn workflows_pin_actions_by_hash_and_ask_for_few_permissions() {
    for workflow in ["ci", "release"] {
        let text = read(&format!(".github/workflows/{workflow}.yml"));
        assert!(
            text.contains("\npermissions:\n  contents: read\n"),
            "{workflow}"
        );
        let uses: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("- uses: "))
            .collect();
        assert!(!uses.is_empty());
        for action in uses {
            let (_, pin) = action.split_once('@').expect("a pin");
            let (hash, comment) = pin
                .split_once(" # v")
                .unwrap_or_else(|| panic!("say the version of {action}"));
            assert!(
                hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{action}"
            );
            assert!(!comment.is_empty());
        }
        assert_eq!(
            text.matches("actions/checkout@").count(),
            text.matches("persist-credentials: false").count(),
            "{workflow}: no step needs the token of the checkout"
        );
    }
}

#[test]
fn the_image_is_built_with_the_rust_that_the_manifest_promises() {
    let text = read("packaging/Containerfile");
    assert!(text.contains(&format!("library/rust:{}-alpine", manifest("rust-version"))));
    assert!(text.contains("\nFROM scratch\n") && text.contains("\nUSER 65534:65534\n"));
}

#[test]
fn the_newest_version_known_is_that_of_the_kubernetes_types() {
    let text = read("Cargo.toml");
    let dependency = text
        .lines()
        .find(|line| line.starts_with("k8s-openapi = "))
        .expect("the dependency");
    let (_, feature) = dependency
        .split_once("\"v1_")
        .expect("a feature for the version");
    let minor: u64 = feature
        .split('"')
        .next()
        .and_then(|digits| digits.parse().ok())
        .expect("a minor version");
    assert!(
        psp2psa::pss::NEWEST >= psp2psa::pss::Version::Minor(minor),
        "Kubernetes 1.{minor} is out: see CONTRIBUTING.md, A new Kubernetes minor"
    );
}

#[test]
fn the_hooks_run_as_they_are_written() {
    let text = read(".pre-commit-hooks.yaml");
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .unwrap_or_else(|| panic!("no {name}"))
            .trim()
    };
    let mut words: Vec<&str> = field("entry:").split(' ').collect();
    assert_eq!(words.remove(0), "psp2psa");
    words.extend(field("args:").trim_matches(['[', ']']).split(", "));
    // pre-commit appends the names of the files.
    words.extend([
        "fixtures/cluster/namespaces.yaml",
        "fixtures/cluster/README.md",
    ]);
    let output = psp2psa(&words);
    assert_ne!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_platform_of_the_krew_manifest_is_built() {
    let release = read(".github/workflows/release.yml");
    let krew = read("packaging/krew.yaml");
    let archives: Vec<&str> = krew
        .split("@SHA256:")
        .skip(1)
        .filter_map(|rest| rest.split('@').next())
        .collect();
    assert_eq!(archives.len(), 5);
    for archive in archives {
        let target = archive.split('.').next().expect("a target");
        assert!(release.contains(&format!("target: {target},")), "{target}");
        assert!(
            krew.contains(&format!("/psp2psa-@VERSION@-{archive}\n")),
            "{archive}"
        );
    }
}

#[test]
fn archives_are_the_same_bytes_each_time_and_their_checksums_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let built = folder.path().join("built").join(&target);
    fs::create_dir_all(&built).expect("a folder");
    // A stand-in as small as can be: what it prints is what the archive is checked for.
    let binary = built.join("psp2psa");
    fs::write(
        &binary,
        format!(
            "#!/bin/sh\nexec '{}' \"$@\"\n",
            env!("CARGO_BIN_EXE_psp2psa")
        ),
    )
    .expect("a file");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).expect("a mode");
    let pack = |name: &str| {
        let dist = folder.path().join(name);
        let output = Command::new("packaging/archive")
            .args([folder.path().join("built").as_path(), dist.as_path()])
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("GITHUB_REPOSITORY", "example/psp2psa")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("bash runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        dist
    };
    let (first, second) = (pack("first"), pack("second"));
    let archive = format!("psp2psa-{}-{target}.tar.gz", manifest("version"));
    assert_eq!(
        fs::read(first.join(&archive)).expect("it"),
        fs::read(second.join(&archive)).expect("it")
    );
    let sums = Command::new("sha256sum")
        .args(["-c", "SHA256SUMS"])
        .current_dir(&first)
        .output()
        .expect("it runs");
    assert!(sums.status.success());
    let list = Command::new("tar")
        .arg("-tzf")
        .arg(first.join(&archive))
        .output()
        .expect("tar runs");
    for member in [
        "./psp2psa",
        "./LICENSE",
        "./man/psp2psa-migrate.1",
        "./completions/kubectl_complete-psp2psa",
    ] {
        assert!(stdout(&list).lines().any(|line| line == member), "{member}");
    }
    let krew = fs::read_to_string(first.join("krew.yaml")).expect("the manifest");
    assert!(!krew.contains(&format!("@SHA256:{target}")), "{krew}");
    assert!(krew.contains("https://github.com/example/psp2psa/releases/download/v"));
}

#[test]
fn every_command_has_a_manual_page() {
    let help = psp2psa(&["--help"]);
    let commands: Vec<&str> = stdout(&help)
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.strip_prefix("  ")?.split(' ').next())
        .collect();
    assert!(commands.len() > 7, "{commands:?}");
    for command in commands {
        let page = psp2psa(&["man", command]);
        assert!(page.status.success(), "{command}");
        assert!(stdout(&page).contains(".SH SYNOPSIS"), "{command}");
    }
    assert_eq!(psp2psa(&["man", "nonsense"]).status.code(), Some(2));
}

#[test]
fn kubectl_completes_the_plugin() {
    let script = psp2psa(&["completion", "kubectl"]);
    let complete = |words: &[&str]| {
        let output = Command::new("sh")
            .arg("-c")
            .arg(stdout(&script))
            .arg("sh")
            .args(words)
            .output()
            .expect("sh runs");
        assert!(output.status.success() && output.stderr.is_empty());
        stdout(&output).to_owned()
    };
    assert!(complete(&[""]).starts_with("migrate\n"));
    assert!(complete(&["mi"]).ends_with(":4\n"));
    assert_eq!(
        complete(&["migrate", "--basis", ""]),
        "observed\ngranted\nboth\n:4\n"
    );
    assert!(complete(&["check", "--l"]).contains("--level\n"));
    assert_eq!(
        complete(&["check", "-f", ""]),
        ":0\n",
        "the shell completes files"
    );
    // The script quotes nothing, so nothing in it may need quoting.
    for line in stdout(&script)
        .lines()
        .filter(|line| line.contains("candidates "))
    {
        let words = line
            .rsplit("candidates ")
            .next()
            .unwrap_or_default()
            .trim_end_matches(";; esac")
            .trim_end_matches(";;");
        let plain = |c: char| c.is_ascii_alphanumeric() || "- _".contains(c);
        assert!(words.chars().all(plain), "{line}");
    }
}
