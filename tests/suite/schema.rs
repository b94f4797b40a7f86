//! The JSON Schemas: committed, current, and strict enough to tell what we write from what we do not.
#![expect(
    clippy::disallowed_methods,
    reason = "a test reads, and if asked to writes, the committed schemas"
)]

use jsonschema::Validator;
use psp2psa::render::json::schema::{KINDS, schema};
use serde_json::{Value, json};

use crate::support::{difference, fixture, folder, run};

/// The schema of a kind.
fn value(kind: &str) -> Value {
    let text = schema(kind).expect("a schema for every kind");
    serde_json::from_str(&text).expect("a schema is JSON")
}

/// Forbids what the schema does not declare: in a test, a new field is one that somebody forgot to describe.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") && members.get("type") == Some(&json!("object")) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn closed(kind: &str) -> Validator {
    let mut schema = value(kind);
    close(&mut schema);
    jsonschema::draft202012::new(&schema).expect("a valid schema")
}

/// Fails unless the document is of a kind whose schema declares every field of it, and demands none that is absent.
#[track_caller]
pub(crate) fn declared(document: &Value) {
    let kind = document["kind"]
        .as_str()
        .expect("a document names its kind");
    let wrong: Vec<String> = closed(kind)
        .iter_errors(document)
        .take(10)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        wrong.is_empty(),
        "a {kind} that src/render/json/schema/v1.json does not describe:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_committed_schemas_are_those_that_the_command_prints() {
    for (kind, command) in KINDS {
        let fresh = schema(kind).expect("a schema for every kind");
        assert_eq!(schema(command).as_ref(), Some(&fresh));
        let path = fixture(&format!("schema/{kind}.json"));
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&path, &fresh).expect("the fixtures are writable");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(diff) = difference(&committed, &fresh) {
            panic!("{kind}: run UPDATE_FIXTURES=1 cargo test --test suite schema\n{diff}");
        }
    }
    let files = std::fs::read_dir(fixture("schema")).expect("the committed schemas");
    assert_eq!(files.count(), KINDS.len(), "one file for every kind");
}

#[test]
fn every_schema_is_of_the_draft_that_it_names() {
    for (kind, _) in KINDS {
        let schema = value(kind);
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{kind}");
        assert_eq!(
            schema["$schema"],
            json!("https://json-schema.org/draft/2020-12/schema")
        );
    }
}

#[test]
fn every_type_and_field_is_described_and_every_type_is_used() {
    let text = include_str!("../../src/render/json/schema/v1.json");
    let all: Value = serde_json::from_str(text).expect("JSON");
    let mut used = std::collections::BTreeSet::from(["Document".to_owned()]);
    for (kind, _) in KINDS {
        used.insert(kind.to_owned());
        let schema = value(kind);
        used.extend(schema["$defs"].as_object().expect("types").keys().cloned());
    }
    for (name, of) in all["$defs"].as_object().expect("types") {
        assert!(used.contains(name), "{name} is of no document");
        assert!(of["description"].is_string(), "{name}");
        for (field, of) in of["properties"].as_object().into_iter().flatten() {
            let is_described = of["description"].is_string() || of["$ref"].is_string();
            assert!(is_described, "{name}.{field} has no description");
        }
    }
}

#[test]
fn every_command_answers_with_its_kind_of_document() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = folder(&[]);
    let target = output.path().join("out").to_string_lossy().into_owned();
    for input in ["fixtures/cluster", "fixtures/gitops"] {
        for (kind, command) in KINDS {
            let mut args = vec![command, "-R", "-f", input, "-o", "json"];
            if command == "migrate" {
                args.extend(["--output-dir", &target]);
            }
            let document = run(root, &args).json();
            assert_eq!(document["kind"], kind);
            declared(&document);
        }
    }
}

#[test]
fn a_reader_may_meet_new_fields_and_a_missing_one_is_an_error() {
    let mut report = json!({
        "schemaVersion": "v1", "kind": "MapReport", "tool": { "name": "psp2psa", "version": "1" },
        "diagnostics": [], "version": "v1.24", "rulesVersion": "v1.24", "policies": [],
    });
    declared(&report);
    let public = jsonschema::draft202012::new(&value("MapReport")).expect("a valid schema");
    assert!(public.is_valid(&report));
    report["new"] = json!(1);
    assert!(public.is_valid(&report) && !closed("MapReport").is_valid(&report));
    report["version"] = json!("1.24");
    assert!(!public.is_valid(&report));
    report.as_object_mut().expect("an object").remove("version");
    assert!(!public.is_valid(&report));
}
