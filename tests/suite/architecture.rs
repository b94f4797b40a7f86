//! The shape of the source tree: which stage may use which, where the world is touched, what must be documented.
#![expect(clippy::disallowed_methods, reason = "tests read the source tree")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which stages a stage may use, in the order data flows. The crate documentation shows the same table.
const IMPORTS: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("go", &[]),
    ("input", &["diag"]),
    ("model", &["diag", "input"]),
    ("collect", &["diag", "input", "model"]),
    ("rbac", &["diag", "model"]),
    ("pss", &["diag", "go", "model"]),
    ("check", &["diag", "input", "model", "pss"]),
    ("psp", &["diag", "go", "model"]),
    ("admit", &["diag", "model", "rbac", "psp"]),
    ("mapping", &["diag", "model", "psp", "pss"]),
    ("plan", &["diag", "model", "rbac", "psp", "pss", "mapping"]),
    ("config", &["diag", "input", "plan", "pss"]),
    ("edit", &["diag", "input", "model", "plan", "psp"]),
    (
        "render",
        &[
            "admit", "check", "diag", "edit", "mapping", "model", "plan", "pss", "psp", "rbac",
        ],
    ),
    ("cli", &["config", "diag", "model", "plan", "pss"]),
    ("write", &["diag", "render"]),
    (
        "lib",
        &[
            "admit", "check", "cli", "collect", "config", "diag", "edit", "go", "input", "mapping",
            "model", "plan", "psp", "pss", "rbac", "render", "write",
        ],
    ),
    ("command", &["cli", "write"]),
    ("main", &["command"]),
];

fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![root.clone()];
    let mut sources = BTreeMap::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("source trees are readable") {
            let path: PathBuf = entry.expect("source trees are readable").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path
                    .strip_prefix(&root)
                    .expect("source trees are readable")
                    .to_string_lossy()
                    .into_owned();
                sources.insert(
                    name,
                    fs::read_to_string(&path).expect("source trees are readable"),
                );
            }
        }
    }
    sources
}

/// The stage that a file belongs to: `psp` for `psp.rs` and `psp/strategies/volumes.rs`.
fn stage(file: &str) -> &str {
    file.split(['/', '.'])
        .next()
        .expect("source trees are readable")
}

/// The code of a file without comments and without its own tests.
fn code(text: &str) -> String {
    let text = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .expect("source trees are readable");
    text.lines()
        .map(|line| line.split("//").next().expect("source trees are readable"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn identifiers_after(code: &str, prefix: &str) -> Vec<String> {
    code.match_indices(prefix)
        .map(|(at, _)| &code[at + prefix.len()..])
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => group
                .split('}')
                .next()
                .expect("source trees are readable")
                .split(',')
                .map(|item| {
                    item.trim()
                        .split([':', ' '])
                        .next()
                        .expect("source trees are readable")
                        .to_owned()
                })
                .collect::<Vec<_>>(),
            None => vec![
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .expect("source trees are readable")
                    .to_owned(),
            ],
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn stages_use_only_what_comes_before_them() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let stage = stage(&file).to_owned();
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == stage) else {
            wrong.push(format!(
                "{file}: the stage `{stage}` has no row in this table"
            ));
            continue;
        };
        // The program uses the library as everybody does.
        let is_program = ["main", "command"].contains(&stage.as_str());
        let prefix = if is_program { "psp2psa::" } else { "crate::" };
        for used in identifiers_after(&code(&text), prefix) {
            let is_stage = IMPORTS.iter().any(|(name, _)| *name == used);
            if is_stage && used != stage && !allowed.contains(&used.as_str()) && !is_program {
                wrong.push(format!("{file}: {stage} uses {used}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "move the code to the stage it belongs to:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn only_the_edges_touch_the_world() {
    const WORLD: &[&str] = &[
        "std::fs",
        "std::env",
        "std::io::std",
        "SystemTime",
        "Instant::now",
        "std::process",
        "println!",
        "eprintln!",
    ];
    const EDGES: &[&str] = &[
        "main.rs",
        "write.rs",
        "write/folder.rs",
        "input/walk.rs",
        "input/walk/again.rs",
        "input/walk/stored.rs",
    ];
    for (file, text) in sources() {
        if EDGES.contains(&file.as_str()) {
            continue;
        }
        let code = code(&text);
        for word in WORLD {
            assert!(
                !code.contains(word),
                "{file} says {word}; only {EDGES:?} may"
            );
        }
    }
}

#[test]
fn serialisation_stays_where_the_contract_is() {
    for (file, text) in sources() {
        // What the template engine sees is no contract, but it has to be serialised, too.
        if file == "render/json/v1.rs"
            || file.starts_with("render/view")
            || file == "render/html.rs"
        {
            continue;
        }
        let derives = code(&text).lines().any(|line| {
            line.contains("derive(") && line.contains("Serialize") && !line.contains("Deserialize")
        });
        assert!(
            !derives,
            "{file} derives Serialize; convert to a struct of render/json/v1.rs instead"
        );
        if !file.starts_with("model") && !file.starts_with("input") {
            let reads = code(&text)
                .lines()
                .any(|line| line.contains("derive(") && line.contains("Deserialize"));
            assert!(
                !reads,
                "{file} derives Deserialize; only input (heads of lists) and model decode"
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{file} needs module docs");
        assert!(
            !text.contains("super::super"),
            "{file}: name the stage instead of super::super"
        );
    }
}

#[test]
fn long_files_say_why() {
    const LINES: usize = 425;
    let mut long = Vec::new();
    for (file, text) in sources() {
        let code = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .map_or(0, |code| code.lines().count());
        let docs: String = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        if code > LINES && !docs.contains("long because") {
            long.push(format!("{file}: {code} lines"));
        }
    }
    assert!(
        long.is_empty(),
        "split these by question, or say in //! \"long because …\":\n{}",
        long.join("\n")
    );
}

#[test]
fn the_table_of_imports_has_no_circle() {
    for (index, (name, allowed)) in IMPORTS.iter().enumerate() {
        for used in *allowed {
            let position = IMPORTS
                .iter()
                .position(|(stage, _)| stage == used)
                .expect("source trees are readable");
            assert!(position < index, "{name} uses {used}, which comes later");
        }
    }
}
