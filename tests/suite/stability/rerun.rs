//! A migration that was carried out has nothing left to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::Parser;
use psp2psa::Read;
use psp2psa::cli::{Cli, Command};
use psp2psa::config;
use psp2psa::input::walk::{self, Recursion};
use psp2psa::model::decode::Keep;
use serde_json::Value;

use super::{outcome, values};
use crate::rollout::{self, Key};
use crate::support::{copy, fixture, folder, tree, write};

/// The objects of all stages, the last one of each name, as applying the stages in order would leave them.
fn applied(written: &BTreeMap<String, String>) -> BTreeMap<Key, Value> {
    let stages = rollout::applied(written);
    stages
        .into_values()
        .flatten()
        .map(|object| (rollout::key(&object), object))
        .collect()
}

/// Replaces the objects of an input by those that were applied. What only the cluster writes stays.
fn apply(input: &Path, applied: &BTreeMap<Key, Value>) {
    let mut seen = BTreeSet::new();
    for (path, bytes) in tree(input) {
        let text = String::from_utf8(bytes).expect("a text");
        let is = |kind: &str| {
            text.contains(&format!("{kind}\n")) || text.contains(&format!("\"{kind}\""))
        };
        if !applied.keys().any(|(kind, _, _)| is(kind)) {
            continue;
        }
        let mut kept = Vec::new();
        for mut object in values(&path, &text) {
            let (kind, namespace, name) = rollout::key(&object);
            let mut same = applied.iter().filter(|((of, in_, called), _)| {
                let here = *in_ == namespace || namespace.is_empty();
                (of, called) == (&kind, &name) && here
            });
            if let Some((key, new)) = same.next() {
                if !seen.insert(key.clone()) && kind == "Namespace" {
                    continue;
                }
                let uid = object["metadata"]["uid"].clone();
                object = new.clone();
                if uid.is_string() {
                    object["metadata"]["uid"] = uid;
                }
            }
            kept.push(object.to_string());
        }
        write(input, &path, kept.join("\n---\n").as_bytes());
    }
    let new: Vec<String> = applied
        .iter()
        .filter(|(key, _)| !seen.contains(*key))
        .map(|(_, object)| object.to_string())
        .collect();
    if !new.is_empty() {
        write(input, "applied.yaml", new.join("\n---\n").as_bytes());
    }
}

/// What a run with these arguments would write. Done within this process, because there are many.
fn migrated(folder: &Path, args: &[&str]) -> BTreeMap<String, String> {
    let cli = Cli::try_parse_from([&["psp2psa"], args].concat()).expect("the arguments of a story");
    let Command::Migrate(arguments) = cli.command else {
        panic!("not a migration: {args:?}");
    };
    let configuration = arguments.config.as_ref().map(|path| {
        let path = folder.join(path).to_string_lossy().into_owned();
        let listing = walk::list(&[path], Recursion::Off, std::io::empty());
        let mut entries = listing.expect("the configuration is there").entries;
        let file = walk::read(entries.remove(0)).expect("the configuration is readable");
        config::read(&file, None).0
    });
    let options = arguments.options(configuration.unwrap_or_default());
    let attribution = arguments.input.attribution();
    let recursion = match arguments.input.recursive {
        true => Recursion::On,
        false => Recursion::Off,
    };
    let paths = arguments.input.filename.iter();
    let paths: Vec<String> = paths
        .map(|path| folder.join(path).to_string_lossy().into_owned())
        .collect();
    let listing = walk::list(&paths, recursion, std::io::empty()).expect("the input is there");
    let mut all = Read::default();
    for entry in listing.entries {
        let file = walk::read(entry).expect("the input is readable");
        all.append(psp2psa::read_keeping(&file, Keep::Manifests));
    }
    let (plan, _) = psp2psa::migrate(all, &attribution, &options);
    outcome(&plan)
}

/// Migrates, applies what was written, migrates again.
fn nothing_is_left(story: &str, input: &Path, args: &[&str]) {
    let folder = folder(&[]);
    let copied = folder.path().join("in");
    copy(input, &copied);
    apply(&copied, &applied(&migrated(folder.path(), args)));
    let left = migrated(folder.path(), args);
    assert_eq!(left, BTreeMap::new(), "{story}");
}

#[test]
fn a_migration_that_was_applied_plans_no_change() {
    nothing_is_left("cluster", &fixture("cluster"), &["migrate", "-f", "in"]);
    nothing_is_left("gitops", &fixture("gitops"), &["migrate", "-R", "-f", "in"]);
}

#[test]
fn neither_does_any_story() {
    let all = tree(&fixture("scenarios"));
    let stories: Vec<(&str, String)> = all
        .iter()
        .filter_map(|(path, args)| {
            let story = path.strip_suffix("/args")?;
            let args = String::from_utf8(args.clone()).expect("a text");
            // Objects that name no namespace belong elsewhere once `default` is declared, too.
            let moves = story == "no-namespace-one-declared";
            (args.starts_with("migrate") && !moves).then_some((story, args))
        })
        .collect();
    assert!(stories.len() > 25);
    for (story, args) in stories {
        let args: Vec<&str> = args.split_whitespace().collect();
        let input = fixture(&format!("scenarios/{story}/in"));
        nothing_is_left(story, &input, &args);
    }
}
