use std::collections::BTreeMap;

use psp2psa::input;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{file, messages, places, value};

fn read(text: &str) -> (Vec<String>, Vec<String>) {
    let file = file(text);
    let reading = input::documents(&file);
    (places(&reading), messages(&reading.diagnostics))
}

fn kinds(text: &str) -> String {
    let file = file(text);
    let reading = input::documents(&file);
    assert_eq!(messages(&reading.diagnostics), [""; 0], "{text}");
    reading
        .documents
        .iter()
        .map(|document| document.kind.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn streams_of_every_kind_are_read() {
    for text in [
        "{\"kind\":\"A\"}\n{\"kind\":\"B\"}\n",
        "{\"kind\":\"A\"}{\"kind\":\"B\"}",
        "{\n  \"kind\": \"A\"\n}\n{\n  \"kind\": \"B\"\n}\n",
        "\u{1e}{\"kind\":\"A\"}\n\u{1e}{\"kind\":\"B\"}\n",
        "\u{feff} {\"kind\":\"A\"} {\"kind\":\"B\"}",
        "[{\"kind\":\"A\"},{\"kind\":\"B\"}]",
        "[\n{\"kind\":\"A\"},\n{\"kind\":\"B\"}\n]\n",
        "{\"kind\":\"List\",\"items\":[{\"kind\":\"A\"},{\"kind\":\"B\"}]}",
        "{\"apiVersion\":\"v1\",\"items\":[\n{\"kind\":\"A\"}\n,\n{\"kind\":\"B\"}\n],\"kind\":\"List\",\"metadata\":{}}",
        "{\"items\":[{},{\"kind\":\"B\"}],\"kind\":\"AList\",\"apiVersion\":\"x/v1\"}",
        "{\"kind\":\"List\",\"items\":[{\"kind\":\"List\",\"items\":[{\"kind\":\"A\"}]},{\"kind\":\"BList\",\"items\":[{}]}]}",
        "{\"kind\":\"A\"}\n---\n{\"kind\":\"B\"}\n",
        "---\n{\"kind\":\"A\"}\n---\nkind: B\n",
        "# c\n{\"kind\":\"A\"}\n# c\n{\"kind\":\"B\"}\n",
        "{\"k\\u0069nd\":\"List\",\"ite\\u006ds\":[{\"kind\":\"A\"},{\"kind\":\"B\"}]}",
        "{\"kind\":\"L\\u0069st\",\"items\":[{\"kind\":\"A\"},{\"kind\":\"B\"}]}",
        "{\"kind\":\"List\",\"metadata\":{\"items\":[{\"kind\":\"X\"}]},\"items\":[{\"kind\":\"A\"},{\"kind\":\"B\"}]}",
        "{kind: A}\n---\n{kind: B}\n",
        "{\"kind\": A, x: 'y'} # c\n---\n{\"kind\": \"B\",}\n",
    ] {
        assert_eq!(kinds(text), "A B", "{text}");
    }
    for text in ["{\"kind\":\"List\",\"items\":[]}", "[]\n"] {
        assert!(read(text).0.is_empty(), "{text}");
    }
}

#[test]
fn objects_that_only_resemble_lists_are_objects() {
    assert_eq!(
        kinds("{\"kind\":\"Wishes\",\"items\":[{\"kind\":\"A\"}]}"),
        "Wishes"
    );
    assert_eq!(kinds("{\"kind\":\"PodList\",\"items\":null}"), "PodList");
    assert_eq!(
        kinds("{\"kind\":\"A\",\"spec\":{\"items\":[{\"kind\":\"B\"}]}}"),
        "A"
    );
}

#[test]
fn places_are_lines_and_characters_of_first_keys() {
    assert_eq!(
        read("{\"é\":1,\"kind\":\"A\"}  {\"kind\":\"B\"}\n { \"kind\":\"C\"}\n{}\n").0,
        ["A #1 1:2", "B #2 1:22", "C #3 2:4"]
    );
    let list = "{\"kind\":\"List\",\"items\":[\n  {\n    \"kind\": \"A\"\n  },\n  {\"kind\": \"B\"}, {\"kind\": \"C\"}\n]}\n{\"kind\":\"D\"}";
    assert_eq!(
        read(list).0,
        ["A #1 3:5", "B #1 5:4", "C #1 5:19", "D #2 7:2"]
    );
}

#[test]
fn one_bad_element_never_costs_the_others() {
    for (bad, message) in [
        (
            "{\"kind\": \"B\", \"x\": @}",
            "20 input/syntax expected value",
        ),
        (
            "{\"kind\": \"B\" \"x\": 1}",
            "14 input/syntax expected `,` or `}`",
        ),
        (
            "{\"kind\": \"B\", \"x\": ]}",
            "20 input/syntax expected value",
        ),
        (
            "{\"kind\": \"B\", \"x\": [}",
            "21 input/syntax expected value",
        ),
        (
            "{\"kind\": \"B\", \"x\": \"y\n}",
            "21 input/syntax a string is not closed before the end of its line",
        ),
    ] {
        for (text, expected) in [
            (
                format!("{{\"kind\":\"A\"}}\n{bad}\n{{\"kind\":\"C\"}}\n"),
                ["A #1", "C #3"],
            ),
            (
                format!("{bad}\n{{\"kind\":\"A\"}}\n{{\"kind\":\"C\"}}\n"),
                ["A #2", "C #3"],
            ),
            (
                format!(
                    "{{\"kind\":\"List\",\"items\":[{{\"kind\":\"A\"}},\n{bad}\n,{{\"kind\":\"C\"}}]}}\n"
                ),
                ["A #1", "C #1"],
            ),
        ] {
            let (documents, messages) = read(&text);
            let documents: Vec<&str> = documents.iter().map(|place| &place[..4]).collect();
            assert_eq!(documents, expected, "{bad}");
            assert_eq!(messages.len(), 1, "{bad}");
            assert_eq!(messages[0].split_once(':').unwrap().1, message, "{bad}");
        }
    }
}

#[test]
fn text_between_values_is_told() {
    let (documents, messages) = read("{\"kind\":\"A\"}\nwarning: x\n{\"kind\":\"B\"}\n");
    assert_eq!(documents, ["A #1 1:2", "B #3 3:2"]);
    assert_eq!(messages, ["2:1 input/syntax expected a JSON object"]);
}

#[test]
fn a_dump_that_is_cut_off_keeps_what_is_whole() {
    let whole = "{\"apiVersion\":\"v1\",\"items\":[\n{\"kind\":\"A\"},\n{\"kind\":\"B\",\"x\":{\"y\":[1,2]}},\n{\"kind\":\"C\"}\n],\"kind\":\"List\"}\n";
    assert_eq!(read(whole).0.len(), 3);
    for (cut, documents) in [
        ("\"kind\":\"C\"}\n],\"k", 3),
        ("\"kind\":\"C\"}\n]", 3),
        ("\"kind\":\"C\"}\n", 3),
        ("\"kind\":\"C\"}", 3),
        ("\"kind\":\"C\"", 2),
        (",\"x\":{\"y\":[1,", 1),
        (",\"x\":{\"y\":[1,2]}},", 2),
    ] {
        let end = whole.find(cut).unwrap() + cut.len();
        let (found, messages) = read(&whole[..end]);
        assert_eq!(found.len(), documents, "{cut}: {messages:?}");
        assert_eq!(messages.len(), 1, "{cut}: {messages:?}");
        assert!(messages[0].contains("input/syntax"), "{messages:?}");
    }
    let (found, messages) = read("{\"kind\":\"A\",\"x\":{");
    assert_eq!(
        (found.len(), messages),
        (
            0,
            vec!["1:17 input/syntax the bracket `{` is never closed".to_owned()]
        )
    );
}

#[test]
fn a_bracket_that_is_never_closed_costs_one_document_only() {
    let (documents, messages) = read(
        "{\"kind\":\"A\"}\n---\n{\"kind\":\"B\",\"x\":[\n---\nkind: C\n---\n{\"kind\":\"D\",\n---\n{\"kind\":\"E\"}\n",
    );
    assert_eq!(documents, ["A #1 1:2", "C #3 5:1", "E #5 9:2"]);
    assert_eq!(
        messages,
        [
            "3:17 input/syntax the bracket `[` is never closed",
            "7:1 input/syntax the bracket `{` is never closed"
        ]
    );
}

/// Found by fuzzing: in parts, what stands between was read; as a whole it was lost.
#[test]
fn a_bracket_that_another_document_closes_costs_these_two_only() {
    let (documents, messages) = read(
        "kind: A\n---\n{\"kind\":\"B\",\"x\":{\n---\nkind: C\n---\n}}\n...\n{kind: [\n...\n{\"kind\":\"E\"}\n...\n]}\n",
    );
    assert_eq!(documents, ["A #1 1:1", "C #3 5:1", "E #6 11:2"]);
    assert_eq!(messages.len(), 4, "{messages:?}");
}

#[test]
fn unreadable_objects_keep_what_their_structure_tells() {
    let file = file(
        "{\"metadata\":{\"labels\":{\"name\":\"no\"},\"name\":\"web\",\"namespace\":\"shop\"},\"kind\":\"Deployment\",\"x\":@}",
    );
    let reading = input::documents(&file);
    let unreadable = &reading.unreadable[0];
    assert_eq!(
        (
            &unreadable.kind_hint,
            &unreadable.name_hint,
            &unreadable.namespace_hint
        ),
        (
            &Some("Deployment".to_owned()),
            &Some("web".to_owned()),
            &Some("shop".to_owned())
        )
    );
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct T {
    spec: Option<Spec>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    privileged: Option<bool>,
    run_as_user: Option<i64>,
    host_port: Option<i32>,
    name: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    names: Option<Vec<String>>,
}

fn spec(spec: &str) -> Result<Spec, String> {
    let text = format!("{{\"kind\":\"T\",\n\"spec\":{spec}}}");
    let file = file(text);
    let reading = input::documents(&file);
    match reading.documents[0].decode::<T>() {
        Ok(t) => Ok(t.spec.unwrap_or_default()),
        Err(error) => Err(format!(
            "{}:{} {error}",
            error.source.line, error.source.column
        )),
    }
}

#[test]
fn repeated_keys_follow_the_api_server() {
    let two = Spec {
        privileged: Some(false),
        run_as_user: Some(2),
        ..Spec::default()
    };
    assert_eq!(
        spec("{\"runAsUser\":1,\"privileged\":false,\"runAsUser\":2}"),
        Ok(two)
    );
    // Repeated objects merge.
    let labels =
        spec("{\"labels\":{\"a\":\"1\",\"b\":\"1\"},\"labels\":{\"b\":\"2\",\"c\":\"2\"}}")
            .unwrap()
            .labels;
    let expected: BTreeMap<String, String> = [("a", "1"), ("b", "2"), ("c", "2")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    assert_eq!(labels, Some(expected));
    let value = value(
        "{\"kind\":\"T\",\"m\":{\"x\":{\"a\":1}},\"m\":{\"x\":{\"b\":2},\"y\":[1]},\"m\":{\"y\":[2]},\"kind\":\"U\"}",
    );
    assert_eq!(
        value,
        json!({"kind": "U", "m": {"x": {"a": 1, "b": 2}, "y": [2]}})
    );
    assert_eq!(
        read("{\"kind\":\"T\",\"spec\":1,\"kind\":\"U\"}").0,
        ["U #1 1:2"]
    );
}

#[test]
fn repeated_keys_are_told_where_a_key_that_is_read_stands_twice() {
    let told = |text: &str| messages(&psp2psa::read(&file(text)).diagnostics);
    let namespace = "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\n\"metadata\":{\"name\":\"a\",\"labels\":{\n\"l\":\"1\",\n\"l\":\"2\"}}}";
    let expected =
        "4:1 input/duplicate-key the key `l` stands twice: line 4 counts, line 3 is ignored";
    assert_eq!(told(namespace), [expected]);
    let pod = concat!(
        "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"hostPID\":true,\"hostPID\":false,",
        "\"containers\":[]},\"status\":{\"x\":1,\"x\":2},\"spec\":{}}"
    );
    assert_eq!(
        told(pod),
        [
            "1:80 input/duplicate-key the key `hostPID` stands twice: column 80 counts, column 65 is ignored",
            "1:129 input/duplicate-key the key `x` stands twice: column 129 counts, column 123 is ignored",
            "1:136 input/duplicate-key the key `spec` stands twice: what column 136 holds is added to what column 57 holds",
        ]
    );
    // What is not read is passed over.
    let unread = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"},\"spec\":{},\"status\":{\"x\":1,\"x\":2}}";
    assert_eq!(told(unread), [""; 0]);
}

#[test]
fn of_a_million_repeated_keys_a_thousand_are_told() {
    let mut text = "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"a\"},\"x\":{\"k\":0".to_owned();
    text.push_str(&",\"k\":1".repeat(1_000_000));
    text.push_str("}}");
    assert_eq!(psp2psa::read(&file(text)).diagnostics.len(), 1000);
}

#[test]
fn names_are_case_sensitive_and_unknown_fields_ignored() {
    assert_eq!(
        spec("{\"Privileged\":true,\"x\":[[{}]]}"),
        Ok(Spec::default())
    );
}

#[test]
fn types_are_strict_and_errors_name_the_field_and_its_place() {
    for (text, expected) in [
        (
            "{\"privileged\":\"true\"}",
            "2:22 spec.privileged: expected a boolean, found the string \"true\"",
        ),
        (
            "{\"runAsUser\":0.0}",
            "2:21 spec.runAsUser: expected an integer, found the number 0.0",
        ),
        (
            "{\"runAsUser\":1e0}",
            "2:21 spec.runAsUser: expected an integer, found the number 1e0",
        ),
        (
            "{\"runAsUser\":9223372036854775808}",
            "2:21 spec.runAsUser: expected an integer from -9223372036854775808 to 9223372036854775807, found the number 9223372036854775808",
        ),
        (
            "{\"hostPort\":2147483648}",
            "2:20 spec.hostPort: expected an integer from -2147483648 to 2147483647, found the number 2147483648",
        ),
        (
            "{\"name\":1}",
            "2:16 spec.name: expected a string, found the number 1",
        ),
        (
            "{\"names\":[\"a\",\n true]}",
            "3:2 spec.names[1]: expected a string, found the boolean true",
        ),
        (
            "{\"labels\":{\"a\":1}}",
            "2:23 spec.labels.a: expected a string, found the number 1",
        ),
        // A struct is never read from a list of its fields.
        ("[]", "2:8 spec: expected an object, found a list"),
        ("[true]", "2:8 spec: expected an object, found a list"),
    ] {
        assert_eq!(spec(text), Err(expected.to_owned()), "{text}");
    }
    assert_eq!(spec("{\"hostPort\":-1}").unwrap().host_port, Some(-1));
    assert_eq!(spec("{\"runAsUser\":-0}").unwrap().run_as_user, Some(0));
    assert_eq!(spec("null"), Ok(Spec::default()));
}

#[test]
fn strings_are_unescaped() {
    for (text, expected) in [
        (r#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u00e9\ud83d\ude00""#, "é😀"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ude00\ud83dx""#, "\u{fffd}\u{fffd}x"),
        ("\"\u{7f}\u{85}\u{2028}\"", "\u{7f}\u{85}\u{2028}"),
    ] {
        assert_eq!(
            spec(&format!("{{\"name\":{text}}}"))
                .unwrap()
                .name
                .as_deref(),
            Some(expected),
            "{text}"
        );
        assert_eq!(
            value(&format!("{{\"kind\":\"T\",\"x\":{text}}}"))["x"],
            Value::from(expected),
            "{text}"
        );
    }
}

#[test]
fn text_that_begins_with_a_brace_may_be_yaml_all_the_same() {
    assert_eq!(
        value("{kind: T, a: yes, b: 0644, 'c': [x, z,], # note\n d: null}"),
        json!({"kind": "T", "a": true, "b": 420, "c": ["x", "z"], "d": null})
    );
    assert_eq!(
        value("{\"kind\": \"T\", \"a\": \"b\n  c\"}"),
        json!({"kind": "T", "a": "b c"})
    );
}

#[test]
fn fields_that_are_left_out_are_missing_however_the_object_is_read() {
    let left_out: &[input::Way] = &[&["status"], &["metadata", "managedFields"]];
    // A repeated key, a fraction and YAML take another way than plain JSON.
    for more in ["\"a\":1", "\"a\":2,\"a\":1", "\"b\":1.0e0,\"a\":1", "a: 1"] {
        let text = format!(
            "{{\"kind\":\"A\",\"metadata\":{{\"managedFields\":[{{}}],\"name\":\"n\",\"status\":1}},\
             \"status\":{{\"x\":\"\\u00e9\"}},{more}}}"
        );
        let file = file(&text);
        let reading = input::documents(&file);
        let mut value = reading.documents[0].value_without(left_out).unwrap();
        value.as_object_mut().unwrap().remove("b");
        assert_eq!(
            value,
            json!({"kind": "A", "metadata": {"name": "n", "status": 1}, "a": 1}),
            "{text}"
        );
    }
}

#[test]
fn whole_objects_are_the_same_as_through_a_tree() {
    for (text, expected) in [
        (
            r#"{"kind":"A","n":[0,-1,18446744073709551615,null,true,"\ud83d\ude00\n"]}"#,
            None,
        ),
        (
            r#"{"kind":"A","n":1.50}"#,
            Some(json!({"kind": "A", "n": 1.5})),
        ),
        (
            r#"{"kind":"A","n":1e3}"#,
            Some(json!({"kind": "A", "n": 1000.0})),
        ),
        (
            r#"{"kind":"A","m":{"a":1},"m":{"b":2}}"#,
            Some(json!({"kind": "A", "m": {"a": 1, "b": 2}})),
        ),
    ] {
        let expected = expected.unwrap_or_else(|| serde_json::from_str(text).unwrap());
        let file = file(text);
        let reading = input::documents(&file);
        assert_eq!(reading.documents[0].value().unwrap(), expected, "{text}");
    }
}
