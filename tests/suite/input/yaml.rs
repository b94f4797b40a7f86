#![expect(
    clippy::disallowed_methods,
    reason = "the vectors are files beside the tests"
)]

use std::collections::BTreeMap;
use std::path::Path;

use psp2psa::input::{self, DecodeError, InputFile};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{file, messages, refusal, value};

/// The struct into which `EXPECTED.tsv` decodes, with the model's tolerance for `null`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Typed {
    privileged: Option<bool>,
    run_as_user: Option<i64>,
    default_mode: Option<i32>,
    name: Option<String>,
    labels: Option<BTreeMap<String, Option<String>>>,
    caps: Option<Vec<Option<String>>>,
}

impl Typed {
    fn to_json(&self) -> Value {
        let labels = self.labels.as_ref().map(|labels| -> BTreeMap<&str, &str> {
            labels
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_deref().unwrap_or_default()))
                .collect()
        });
        json!({
            "privileged": self.privileged,
            "runAsUser": self.run_as_user,
            "defaultMode": self.default_mode,
            "name": self.name.as_deref().unwrap_or_default(),
            "labels": labels,
            "caps": self.caps,
        })
    }
}

/// Where we answer otherwise than Go, on purpose.
const DEVIATIONS: &[(&str, Expected, &str)] = &[
    (
        "31-tab-blank-line.yaml",
        Expected::Value(r#"{"name":"foo","privileged":true}"#),
        "a tab on a blank line indents nothing, so its meaning is beyond doubt",
    ),
    (
        "41-directive12.yaml",
        Expected::Value(r#"{"name":"a"}"#),
        "%YAML 1.2 is what nearly everybody writes who writes a directive",
    ),
    (
        "52-json-surrogate.yaml",
        Expected::Value(r#"{"name":"😀"}"#),
        "kubectl reads text that begins with a brace as JSON, where a surrogate pair is one character",
    ),
    (
        "66-nel-ls.yaml",
        Expected::Value("{\"name\":\"a\u{85}b\u{2028}c\"}"),
        "the parser follows YAML 1.2, where U+0085 is a letter and not a line break",
    ),
    (
        "71-case-key.yaml",
        Expected::TypedDefault,
        "the API server's decoder is case-sensitive, unlike the encoding/json that made the second column",
    ),
];

#[derive(Clone, Copy)]
enum Expected {
    /// This value, decoded without error.
    Value(&'static str),
    /// Go's value, but no field of the struct is set.
    TypedDefault,
}

/// The vector with a `kind`, without which nothing is a document. Only the first document counts.
fn with_kind(name: &str, bytes: Vec<u8>) -> InputFile {
    let mut file = InputFile::new(name, bytes);
    let text = String::from_utf8_lossy(&file.bytes).into_owned();
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for line in text[at..].split_inclusive('\n') {
        if !line.trim().is_empty() && !line.starts_with(['#', '%']) && !line.starts_with("---") {
            break;
        }
        at += line.len();
    }
    let (at, kind) = match text.as_bytes().get(at) {
        None => return file,
        Some(b'{') => (at + 1, r#""kind": "T", "#),
        Some(_) => (at, "kind: T\n"),
    };
    file.bytes.splice(at..at, kind.bytes());
    file
}

#[test]
fn vectors_read_as_go_reads_them() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors/yaml");
    let table = std::fs::read_to_string(directory.join("EXPECTED.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in table.lines().skip(1) {
        rows += 1;
        let columns: Vec<&str> = row.split('\t').collect();
        let (name, untyped, typed) = (
            columns[0],
            columns[1],
            columns.get(2).copied().unwrap_or_default(),
        );
        let deviation = DEVIATIONS.iter().find(|row| row.0 == name).map(|row| row.1);
        let file = with_kind(name, std::fs::read(directory.join(name)).unwrap());
        let reading = input::documents(&file);
        let document = reading
            .documents
            .iter()
            .find(|document| document.source.document == 1);

        let found = document.map(|document| {
            let mut value = document.value().unwrap();
            value.as_object_mut().unwrap().remove("kind");
            value
        });
        let expected: Option<Value> = match deviation {
            Some(Expected::Value(text)) => Some(serde_json::from_str(text).unwrap()),
            _ if untyped.starts_with("ERR") || untyped == "null" => None,
            _ => Some(serde_json::from_str(untyped).unwrap()),
        };
        if found != expected {
            wrong.push(format!("{name}: {found:?}, expected {expected:?}"));
        }
        // Nothing is dropped in silence.
        assert_eq!(
            expected.is_none() && untyped != "null",
            !reading.unreadable.is_empty(),
            "{name}: {:?}",
            messages(&reading.diagnostics)
        );

        let found: Option<Result<Typed, DecodeError>> = document.map(|document| document.decode());
        let agrees = match (&found, deviation) {
            (None, _) => untyped.starts_with("ERR") || untyped == "null",
            (Some(Ok(_)), Some(Expected::Value(_))) => true,
            (Some(Ok(found)), Some(Expected::TypedDefault)) => {
                found.to_json() == Typed::default().to_json()
            }
            (Some(Ok(found)), None) => Some(found.to_json()) == serde_json::from_str(typed).ok(),
            (Some(Err(_)), _) => typed.starts_with("ERR"),
        };
        if !agrees {
            wrong.push(format!("{name}: {found:?}, expected {typed}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(rows, 88);
}

/// What a plain scalar becomes.
fn scalar(text: &str) -> Value {
    value(&format!("kind: T\nv: {text}\n"))["v"].clone()
}

#[test]
fn integers_are_read_in_every_spelling_of_go() {
    for (text, expected) in [
        ("0", 0i64),
        ("-0", 0),
        ("00", 0),
        ("010", 8),
        ("-010", -8),
        ("0o17", 15),
        ("0O17", 15),
        ("0x1f", 31),
        ("0X1F", 31),
        ("-0x1f", -31),
        ("0b11", 3),
        ("0B11", 3),
        ("-0b11", -3),
        ("0b+11", 3),
        ("+12", 12),
        ("1_000", 1000),
        ("0x_1_f", 31),
        ("1__0_", 10),
        ("09", 9),
        ("-08", -8),
        ("0899", 899),
        ("1e3", 1000),
        ("1E+3", 1000),
        ("1.", 1),
        ("10.0", 10),
        ("-0.0", 0),
        ("1_0.0_0", 10),
        ("9007199254740993.0", 9_007_199_254_740_992),
        ("-9223372036854775808", i64::MIN),
        ("!!int '5'", 5),
        ("!!float 5", 5),
        ("!!int 0x10", 16),
    ] {
        assert_eq!(scalar(text), json!(expected), "{text}");
    }
    assert_eq!(scalar("18446744073709551615"), json!(u64::MAX));
    assert_eq!(scalar("0xFFFFFFFFFFFFFFFF"), json!(u64::MAX));
}

#[test]
fn floats_stay_floats_where_they_are_no_whole_numbers() {
    for (text, expected) in [
        (".5", 0.5),
        ("-.5", -0.5),
        ("+0.25", 0.25),
        ("6.8523e+5", 685_230.0),
        ("1e-3", 0.001),
        ("1e21", 1e21),
        ("123456789012345678901234567890", 1.234_567_890_123_456_8e29),
        ("!!float '1.5'", 1.5),
    ] {
        let found = scalar(text);
        assert_eq!(found.as_f64(), Some(expected), "{text}");
    }
}

#[test]
fn what_only_resembles_a_number_is_a_string() {
    for text in [
        "1:30",
        "190:20:30",
        "2020-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "1.2.3",
        "0x",
        "0b",
        "0b12",
        "0o8",
        "0xg",
        "+",
        "-a",
        "._5",
        ".5_0",
        "_1",
        "1e",
        "e5",
        "1e400",
        "-1e400",
        ".e5",
        "1kg",
        "0x1.8p3",
        "Infinity",
        "nan",
        "NaN",
        ".Nan",
        "tRUE",
        "yES",
        "oN",
        "nULL",
        "=",
        "<<",
        "!!str 5",
        "!vault 5",
        "! 5",
        "!!timestamp 2020-01-01",
        "\"5\"",
        "'true'",
    ] {
        assert!(scalar(text).is_string(), "{text}: {}", scalar(text));
    }
}

#[test]
fn words_are_booleans_and_null_in_go_s_spellings_only() {
    for text in [
        "y",
        "Y",
        "yes",
        "Yes",
        "YES",
        "on",
        "On",
        "ON",
        "true",
        "True",
        "TRUE",
        "!!bool 'yes'",
    ] {
        assert_eq!(scalar(text), json!(true), "{text}");
    }
    for text in [
        "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE",
    ] {
        assert_eq!(scalar(text), json!(false), "{text}");
    }
    for text in ["~", "null", "Null", "NULL", "", "!!null ''"] {
        assert_eq!(scalar(text), Value::Null, "{text}");
    }
}

#[test]
fn tags_that_do_not_fit_are_refused() {
    for text in [
        "!!int 1.0",
        "!!int x",
        "!!bool 5",
        "!!null x",
        "!!float x",
        "!!binary '*'",
        "!!binary abc",
        ".inf",
        "-.INF",
        ".nan",
    ] {
        let message = refusal(&format!("kind: T\nv: {text}\n"));
        assert!(
            message.starts_with("2:") && message.contains("input/syntax"),
            "{text}: {message}"
        );
    }
}

#[test]
fn binary_is_decoded() {
    assert_eq!(scalar("!!binary aGVsbG8="), json!("hello"));
    assert_eq!(scalar("!!binary |\n  aGVs\n  bG8h"), json!("hello!"));
    assert_eq!(scalar("!!binary /w=="), json!("\u{fffd}"));
    assert_eq!(scalar("!!binary ''"), json!(""));
}

#[test]
fn keys_become_strings() {
    let read = value(
        "kind: T\nm: {1: a, 0x10: b, 1.5: c, yes: d, n: e, 1e6: f, 0899: g, 1e3: h, .inf: i, !!str 010: j, 1.0e-7: k}\n",
    );
    assert_eq!(
        read["m"],
        json!({
            "1": "a", "16": "b", "1.5": "c", "true": "d", "false": "e", "1e+06": "f", "899": "g", "1000": "h",
            ".inf": "i", "010": "j", "1e-07": "k",
        })
    );
    assert_eq!(value("kind: T\nx: &k yes\n? *k\n: 1\n")["true"], json!(1));
}

#[test]
fn keys_that_cannot_be_strings_are_refused() {
    assert_eq!(
        refusal("kind: T\n~: 1\n"),
        "2:1 input/syntax the key is null, expected a name"
    );
    for text in [
        "? [a]\n: b\n",
        "? {a: b}\n: c\n",
        "[a]: b\n",
        "x: &a [b]\n*a : c\n",
    ] {
        let message = refusal(&format!("kind: T\n{text}"));
        assert!(
            message.contains("a list or mapping stands where a key was expected"),
            "{text}: {message}"
        );
    }
}

#[test]
fn merge_keys_are_applied_in_order() {
    for (text, expected) in [
        ("<<: *a\n  t: own", json!({"app": "web", "t": "own"})),
        // go-yaml v2 applies a merge key where it stands.
        ("t: own\n  <<: *a", json!({"app": "web", "t": "a"})),
        ("<<: [*a, *b]", json!({"app": "web", "t": "a", "k": "v"})),
        ("<<: [*b, *a]", json!({"app": "db", "t": "a", "k": "v"})),
        (
            "<<: {z: 1}\n  <<: *a",
            json!({"app": "web", "t": "a", "z": 1}),
        ),
        ("<<: *c", json!({"app": "db", "k": "v", "m": 1})),
        ("!!merge <<: *a", json!({"app": "web", "t": "a"})),
        ("\"<<\": 1", json!({"<<": 1})),
    ] {
        let text = format!(
            "kind: T\nx: &a {{app: web, t: a}}\ny1: &b {{app: db, k: v}}\nz: &c {{<<: *b, m: 1}}\nm:\n  {text}\n"
        );
        assert_eq!(value(&text)["m"], expected, "{text}");
    }
    for text in ["<<: 1", "<<: [1]", "<<: [[a]]"] {
        assert!(
            refusal(&format!("kind: T\nm:\n  {text}\n"))
                .contains("a merge key (`<<`) needs a mapping")
        );
    }
}

#[test]
fn repeated_keys_are_told_with_both_lines() {
    let read = |text: &str| {
        let file = file(text);
        messages(&input::documents(&file).diagnostics)
    };
    assert_eq!(
        read("kind: T\na: 1\nb: 2\na: 3\n"),
        ["4:1 input/duplicate-key the key `a` stands twice: line 4 counts, line 2 is ignored"]
    );
    assert_eq!(
        read("kind: T\nm:\n  on: 1\n  yes: 2\n"),
        ["4:3 input/duplicate-key the key `true` stands twice: line 4 counts, line 3 is ignored"]
    );
    assert_eq!(
        read("kind: T\nx: &a {t: a}\nm:\n  t: own\n  <<: *a\n"),
        ["5:3 input/duplicate-key the merge key (`<<`) on line 5 overrides the key `t` of line 4"]
    );
    // Overriding what a merge key brings is what merge keys are for.
    assert_eq!(
        read("kind: T\nx: &a {t: a}\nm:\n  <<: *a\n  t: own\n"),
        [""; 0]
    );
    // Large mappings are compared by sorting.
    let many: String = (0..100).map(|n| format!("k{n}: 1\n")).collect();
    assert_eq!(read(&format!("kind: T\n{many}")), [""; 0]);
    assert_eq!(read(&format!("kind: T\n{many}k7: 2\n")).len(), 1);
}

#[test]
fn anchors_may_be_redefined_and_used_anywhere() {
    assert_eq!(
        value("kind: T\na: &x 1\nb: *x\nc: &x [2]\nd: *x\ne: {f: *x}\n"),
        json!({"kind": "T", "a": 1, "b": 1, "c": [2], "d": [2], "e": {"f": [2]}})
    );
}

#[test]
fn a_key_behind_a_no_break_space_is_told() {
    let file = file("kind: T\n\u{a0}\u{a0}namespace: x\n");
    let reading = input::documents(&file);
    assert_eq!(
        messages(&reading.diagnostics),
        [
            "2:1 input/odd-blank the key \"\\u{a0}\\u{a0}namespace\" begins with U+00A0 no-break space, which YAML takes for a letter"
        ]
    );
}

#[test]
fn syntax_errors_name_the_place_and_the_remedy() {
    for (text, expected) in [
        (
            "kind: T\nlabels:\n\ta: b\n",
            "3:1 input/syntax a tab cannot indent YAML",
        ),
        (
            "kind: T\nlabels:\n  a: b\n \tc: d\n",
            "4:2 input/syntax a tab cannot indent YAML",
        ),
        (
            "kind: T\nlabels:\n  a: b\n\u{a0}\u{a0}c: d: e\n",
            "4:1 input/syntax U+00A0 no-break space in indentation",
        ),
        (
            "kind: T\nx:\n \ta: b\n",
            "3:2 input/syntax a tab cannot indent YAML",
        ),
        (
            "kind: T\nx:\n\ta\n",
            "3:1 input/syntax a tab cannot indent YAML",
        ),
        (
            "kind: T\nx:\n- \ta: b\n",
            "3:3 input/syntax a tab cannot indent YAML",
        ),
        (
            "kind: T\nx:\n-\ta\n",
            "3:2 input/syntax a tab cannot indent YAML",
        ),
        (
            "kind: T\nname: @foo\n",
            "2:7 input/syntax a value cannot begin with '@'",
        ),
        (
            "kind: T\nname: *nope\n",
            "2:7 input/syntax the alias `*nope` has no anchor `&nope` before it",
        ),
        (
            "kind: T\nlabels:\n  a: b\n   c: d\n",
            "4:5 input/syntax a `key: value` pair cannot stand here",
        ),
        (
            "kind: T\nné: ü: x\n",
            "2:6 input/syntax a `key: value` pair cannot stand here",
        ),
        (
            "kind: T\nname: [a, b\n",
            "2:7 input/syntax the bracket `[` is never closed",
        ),
        (
            "kind: T\nname: \"a\u{7}\"\n",
            "2:9 input/syntax the control character U+0007 is not allowed",
        ),
        (
            "kind: T\nname: \"a\u{9b}\"\n",
            "2:9 input/syntax the control character U+009B is not allowed",
        ),
    ] {
        assert_eq!(refusal(text), expected, "{text:?}");
    }
}

#[test]
fn tabs_are_fine_where_they_indent_nothing() {
    assert_eq!(
        value(
            "kind:\tT\na:\t\"x\"\t# c\nb: [\t1,\n\t2\t]\nc: {\n \td: 1}\ne: |\n  x\ty\n\t\n\t# c\nf: x\ty\n"
        ),
        json!({"kind": "T", "a": "x", "b": [1, 2], "c": {"d": 1}, "e": "x\ty\n", "f": "x\ty"})
    );
    assert_eq!(value("---\t{kind: T}\n"), json!({"kind": "T"}));
}

#[test]
fn decoding_errors_name_the_field_its_place_and_both_types() {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only decoded")]
    struct T {
        spec: Option<Spec>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only decoded")]
    struct Spec {
        privileged: Option<bool>,
        port: Option<i32>,
        names: Option<Vec<String>>,
        labels: Option<BTreeMap<String, String>>,
    }
    for (spec, expected) in [
        (
            "{privileged: \"yes\"}",
            "3:16 spec.privileged: expected a boolean, found the string \"yes\"",
        ),
        (
            "{privileged: 1}",
            "3:16 spec.privileged: expected a boolean, found the number 1",
        ),
        (
            "{port: 4294967296}",
            "3:10 spec.port: expected an integer from -2147483648 to 2147483647, found the number 4294967296",
        ),
        (
            "{port: 1.5}",
            "3:10 spec.port: expected an integer, found the number 1.5",
        ),
        (
            "{port: x}",
            "3:10 spec.port: expected an integer, found the string \"x\"",
        ),
        (
            "{names: [a, n]}",
            "3:15 spec.names[1]: expected a string, found the boolean false",
        ),
        (
            "{names: a}",
            "3:11 spec.names: expected a list, found the string \"a\"",
        ),
        (
            "{names: [a, ~]}",
            "3:15 spec.names[1]: expected a string, found null",
        ),
        (
            "{labels: {a.b/c: 1}}",
            "3:20 spec.labels[\"a.b/c\"]: expected a string, found the number 1",
        ),
        (
            "{labels: [a]}",
            "3:12 spec.labels: expected an object, found a list",
        ),
        ("[]", "3:3 spec: expected an object, found a list"),
    ] {
        let text = format!("kind: T\nspec:\n  {spec}\n");
        let file = file(&text);
        let reading = input::documents(&file);
        let error = reading.documents[0].decode::<T>().unwrap_err();
        assert_eq!(
            format!("{}:{} {error}", error.source.line, error.source.column),
            expected
        );
        let diagnostic = input::diags::wrong_type(&error);
        assert_eq!(
            (diagnostic.code.name, diagnostic.message),
            ("input/type", error.to_string())
        );
    }
}
