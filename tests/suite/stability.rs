//! The same bytes whatever the order of files, the output folder or the day; and output that is input again: applied,
//! it leaves nothing to do, and read back, it is what its owner wrote with the labels.

mod read_back;
mod rerun;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use psp2psa::Read;
use psp2psa::input::{self, InputFile};
use psp2psa::plan::{Options, Plan};
use psp2psa::render::{json, manifests};
use serde_json::Value;

use crate::support::{Call, fixture, folder, run, tree, write};

/// Options as without any flag.
const OPTIONS: Options = Options::DEFAULT;

/// Every object of the example cluster, in a file of its own.
fn objects() -> Vec<(String, String)> {
    let mut objects = Vec::new();
    for (path, bytes) in tree(&fixture("cluster")) {
        let file = InputFile::new(path.as_str(), bytes);
        for document in input::documents(&file).documents {
            let value = document.value().expect("the example is well typed");
            let name = format!("{:03}-{}.json", objects.len(), document.kind);
            objects.push((name, value.to_string()));
        }
    }
    assert!(objects.len() > 80, "only {} objects", objects.len());
    objects
}

/// What a migration of these files writes, but for the pages that are made of the report.
fn migrated(files: &[(String, String)]) -> BTreeMap<String, String> {
    let mut all = Read::default();
    for (name, text) in files {
        let file = InputFile::new(name.as_str(), text.clone().into_bytes());
        all.append(psp2psa::read(&file));
    }
    let (plan, diagnostics) = psp2psa::migrate(all, &psp2psa::default_attribution(), &OPTIONS);
    let report = json::document("MigrationReport", &diagnostics, json::migration(&plan));
    let mut written = outcome(&plan);
    written.insert("report.json".to_owned(), json::to_text(&report));
    written
}

/// The manifests of a plan, by path.
fn outcome(plan: &Plan) -> BTreeMap<String, String> {
    let stages = manifests::stages(plan).into_iter();
    stages
        .map(|artifact| (artifact.path, artifact.text))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_files_never_decides(shuffled in Just(objects()).prop_shuffle()) {
        static EXPECTED: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| migrated(&objects()));
        let found = migrated(&shuffled);
        for (path, text) in EXPECTED.iter() {
            prop_assert_eq!(Some(text), found.get(path), "{}", path);
        }
        prop_assert_eq!(EXPECTED.len(), found.len());
    }
}

#[test]
fn the_order_of_arguments_never_decides() {
    let files = objects();
    let folder = folder(&[]);
    for (name, text) in &files {
        write(folder.path(), &format!("in/{name}"), text.as_bytes());
    }
    let migrate = |out: &str, names: Vec<String>| {
        let mut args = vec!["migrate", "--output-dir", out];
        for name in &names {
            args.extend(["-f", name.as_str()]);
        }
        run(folder.path(), &args).expect(0);
    };
    let names: Vec<String> = files.iter().map(|(name, _)| format!("in/{name}")).collect();
    migrate("forward", names.clone());
    migrate("backward", names.into_iter().rev().collect());
    assert_eq!(
        tree(&folder.path().join("forward")),
        tree(&folder.path().join("backward"))
    );
}

#[test]
fn neither_the_folder_nor_the_time_zone_nor_the_language_gets_into_the_output() {
    let folder = folder(&[]);
    let cluster = fixture("cluster");
    let cluster = cluster.to_string_lossy();
    let elsewhere = "a very/different folder";
    // The local dates of these zones differ at every moment.
    for (out, env) in [
        ("out", [("TZ", "Pacific/Kiritimati"), ("LANG", "C")]),
        (elsewhere, [("TZ", "Etc/GMT+12"), ("LANG", "de_DE.UTF-8")]),
    ] {
        let args = ["migrate", "-f", &cluster, "--output-dir", out];
        let call = Call {
            env: &env,
            ..Call::new(folder.path(), &args)
        };
        call.run().expect(0);
    }
    let (first, second) = (folder.path().join("out"), folder.path().join(elsewhere));
    let files = tree(&first);
    assert_eq!(files, tree(&second));
    let temporary = folder.path().to_string_lossy().into_owned();
    for (path, bytes) in files {
        let text = String::from_utf8(bytes).expect("a text");
        assert!(!text.contains(&temporary), "{path} names the folder");
    }
}

#[test]
fn two_runs_print_the_same() {
    let folder = folder(&[]);
    let cluster = fixture("cluster");
    let cluster = cluster.to_string_lossy();
    for command in ["migrate", "map", "access", "check"] {
        for form in ["wide", "json", "markdown"] {
            let args = [command, "-f", &cluster, "-o", form];
            let first = run(folder.path(), &args).expect(0);
            let second = run(folder.path(), &args).expect(0);
            assert_eq!(first.stdout, second.stdout, "{command} -o {form}");
            assert_eq!(first.stderr, second.stderr, "{command} -o {form}");
        }
    }
}

/// The objects of a text, as JSON values.
fn values(name: &str, text: &str) -> Vec<Value> {
    let file = InputFile::new(name, text.as_bytes().to_vec());
    let reading = input::documents(&file);
    assert!(reading.unreadable.is_empty(), "{:?}", reading.diagnostics);
    let documents = reading.documents.iter();
    documents
        .map(|document| document.value().expect("an object"))
        .collect()
}
