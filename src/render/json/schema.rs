//! `schema`: JSON Schema (draft 2020-12) of each kind of document.
//!
//! `schema/v1.json` describes every type of [`crate::render::json::v1`] by hand, so that the contract does not move with
//! the code; the tests validate every document that they see against it, and refuse fields that it does not declare.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The kinds of document, and the command that answers with each.
pub const KINDS: [(&str, &str); 5] = [
    ("CheckReport", "check"),
    ("AdmitReport", "admit"),
    ("AccessReport", "access"),
    ("MapReport", "map"),
    ("MigrationReport", "migrate"),
];

const TYPES: &str = include_str!("schema/v1.json");

/// What every schema says of its version.
const RULE: &str = "Of schemaVersion v1, fields are only ever added: none is removed, renamed or given another type \
    or meaning. So a reader passes over fields that it does not know, and a document that was valid stays valid.";

/// The schema of a kind, as text; `None` if there is no such kind. The name of the command will do as well.
pub fn schema(kind: &str) -> Option<String> {
    let (kind, command) = KINDS.iter().find(|(known, command)| {
        known.eq_ignore_ascii_case(kind) || command.eq_ignore_ascii_case(kind)
    })?;
    let types: Value =
        serde_json::from_str(TYPES).expect("the tests read every schema of this file");
    let types = &types["$defs"];
    let (head, body) = (&types["Document"], &types[*kind]);
    let mut properties = joined(&head["properties"], &body["properties"]);
    properties["kind"] =
        json!({ "description": head["properties"]["kind"]["description"], "const": kind });
    let required: Vec<&Value> = [head, body]
        .into_iter()
        .filter_map(|part| part["required"].as_array())
        .flatten()
        .collect();
    let mut defs = Map::new();
    reach(&properties, types, &mut BTreeSet::new(), &mut defs);
    let fields = [
        (
            "$schema",
            json!("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("$id", json!(format!("urn:psp2psa:v1:{kind}"))),
        ("title", json!(kind)),
        (
            "description",
            json!(format!("The answer of `psp2psa {command} -o json`. {RULE}")),
        ),
        ("type", json!("object")),
        ("required", json!(required)),
        ("properties", properties),
        ("$defs", Value::Object(defs)),
    ];
    Some(in_order(&fields))
}

/// One line for every kind.
pub fn list() -> String {
    let mut out = String::new();
    for (kind, command) in KINDS {
        out += &format!("{kind:<16} psp2psa {command} -o json\n");
    }
    out
}

/// The members of both objects.
fn joined(a: &Value, b: &Value) -> Value {
    let members = [a, b].into_iter().filter_map(Value::as_object).flatten();
    Value::Object(
        members
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// Adds the types that a schema refers to, and those that these refer to.
fn reach(
    schema: &Value,
    types: &Value,
    seen: &mut BTreeSet<String>,
    defs: &mut Map<String, Value>,
) {
    match schema {
        Value::Object(members) => {
            let name = members.get("$ref").and_then(Value::as_str);
            if let Some(name) = name.and_then(|name| name.strip_prefix("#/$defs/"))
                && seen.insert(name.to_owned())
            {
                reach(&types[name], types, seen, defs);
                defs.insert(name.to_owned(), types[name].clone());
            }
            for member in members.values() {
                reach(member, types, seen, defs);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| reach(item, types, seen, defs)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An object as text, with its members in this order and not by name: a reader wants to know first what it is.
fn in_order(fields: &[(&str, Value)]) -> String {
    let members: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            let value = serde_json::to_string_pretty(value).expect("a value has string keys");
            format!("  \"{name}\": {}", value.replace('\n', "\n  "))
        })
        .collect();
    format!("{{\n{}\n}}\n", members.join(",\n"))
}
