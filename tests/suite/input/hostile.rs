use std::time::{Duration, Instant};

use proptest::prelude::*;
use psp2psa::input::{self, InputFile};
use serde_json::{Map, Number, Value, json};

use super::{file, messages, places, refusal, value};

/// Reads and decodes everything; nothing may panic or take long.
fn exercise(bytes: &[u8]) -> Vec<String> {
    let file = InputFile::new("t", bytes.to_vec());
    let reading = input::documents(&file);
    let mut layout = None;
    for document in &reading.documents {
        let _ = document.value();
        let _ = document.decode::<psp2psa::model::pod::Pod>();
        // The elements of a list stand in one text, which is laid out once, as edits do.
        if layout
            .as_ref()
            .is_some_and(|layout| document.in_layout(layout).is_some())
        {
            continue;
        }
        let new = document.layout().expect("what is read can be laid out");
        let ends = new.nodes.iter().map(|node| node.bytes.end);
        assert!(ends.max() <= Some(file.bytes.len()));
        layout = Some(new);
    }
    assert!(reading.diagnostics.len() >= reading.unreadable.len());
    messages(&reading.diagnostics)
}

/// Generous, for a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn depth_is_refused_quickly_and_without_a_stack_overflow() {
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(100_000), close.repeat(100_000))
    };
    let block_map: String = (0..2_000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    for text in [
        format!("kind: A\nx: {}", deep("[", "", "]")),
        format!("kind: A\nx: {}", deep("{a: ", "1", "}")),
        format!("kind: A\nx: {}", "[".repeat(1_000_000)),
        format!("kind: A\nx:\n  {}1\n", "- ".repeat(50_000)),
        format!("kind: A\nx:\n{block_map}"),
        deep("[", "", "]"),
        deep("{\"a\":", "1", "}"),
        deep("{\"kind\":\"List\",\"items\":[", "", "]}"),
        format!(
            "{{\"kind\":\"List\",\"items\":[{}]}}",
            deep("{\"kind\":\"List\",\"items\":[", "", "]}")
        ),
        "[".repeat(1_000_000),
        "{\"a\":".repeat(200_000),
        "}".repeat(1_000_000),
        format!("{}{}", "[".repeat(500_000), "}".repeat(500_000)),
    ] {
        let start = Instant::now();
        let messages = exercise(text.as_bytes());
        assert!(
            start.elapsed() < SOON,
            "{:.40} took {:?}",
            text,
            start.elapsed()
        );
        assert!(!messages.is_empty(), "{text:.40}");
    }
    assert!(refusal(&format!("kind: A\nx: {}", deep("[", "", "]"))).contains("input/too-deep"));
}

#[test]
fn a_yaml_text_that_would_be_copied_is_refused_before_it_takes_three_times_its_size() {
    // The reader of what programs print borrows the text; mappings in braces are not among that.
    let text = format!("kind: A\ny: {{a: b}}\nx: |\n  {}\n", "y".repeat(257 << 20));
    let start = Instant::now();
    assert_eq!(
        refusal(&text),
        "1:1 input/too-large a YAML document of 257 MiB, more than 256 MiB"
    );
    assert!(start.elapsed() < 3 * SOON, "{:?}", start.elapsed());
}

#[test]
fn depth_in_a_field_that_nobody_reads_does_not_matter_to_json() {
    let text = format!(
        "{{\"kind\":\"A\",\"x\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let file = file(text);
    let reading = input::documents(&file);
    assert_eq!(places(&reading), ["A #1 1:2"]);
    assert!(
        reading.documents[0]
            .decode::<psp2psa::model::pod::Pod>()
            .is_ok()
    );
    let error = reading.documents[0].value().unwrap_err();
    assert_eq!(
        (error.code.name, error.path.as_str()),
        ("input/too-deep", "")
    );
}

#[test]
fn the_greatest_depth_allowed_is_decoded_on_a_small_stack() {
    let flow = format!("kind: A\nx: {}{}\n", "[".repeat(199), "]".repeat(199));
    let json = format!(
        "{{\"kind\":\"A\",\"x\":{}{}}}",
        "[".repeat(199),
        "]".repeat(199)
    );
    let aliases: String = (1..190)
        .map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1))
        .collect();
    let aliases = format!("kind: A\na0: &a0 []\n{aliases}");
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let run = move || {
        for text in [flow, json, aliases] {
            value(&text);
        }
    };
    thread.spawn(run).unwrap().join().unwrap();
    let aliases: String = (1..300)
        .map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1))
        .collect();
    assert!(refusal(&format!("kind: A\na0: &a0 []\n{aliases}")).contains("input/too-deep"));
}

#[test]
fn alias_bombs_are_refused_in_bounded_time_and_memory() {
    let laughs = |merge: &str| {
        let mut text = "kind: A\na0: &a0 {x: lol}\n".to_owned();
        for n in 1..40 {
            let before = format!("*a{}, ", n - 1).repeat(9);
            text.push_str(&format!(
                "a{n}: &a{n} {}\n",
                merge.replace('@', before.trim_end_matches(", "))
            ));
        }
        text
    };
    let long = "x".repeat(1 << 20);
    let many_aliases = "*a, ".repeat(100_000);
    let wide: String = (0..2_000).map(|n| format!("k{n}: 1, ")).collect();
    let merges: String = (0..2_000).map(|n| format!("m{n}: {{<<: *a}}\n")).collect();
    for text in [
        laughs("[@]"),
        laughs("{<<: [@]}"),
        laughs("{x: [@], y: 1}"),
        format!("kind: A\na: &a {long}\nb: [{many_aliases}]\n"),
        format!(
            "kind: A\na: &a [{}]\nb: [{many_aliases}]\n",
            "1, ".repeat(1000)
        ),
        format!("kind: A\na: &a {{{wide}}}\n{merges}"),
    ] {
        let start = Instant::now();
        let messages = exercise(text.as_bytes());
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert!(
            messages
                .iter()
                .any(|message| message.contains("input/alias-bomb")),
            "{messages:?}"
        );
    }
    // Ordinary use is far below the limit.
    let shared = format!(
        "kind: A\na: &a [{}]\nb: [{}]\n",
        "1, ".repeat(100),
        "*a, ".repeat(1000)
    );
    assert_eq!(value(&shared)["b"].as_array().unwrap().len(), 1000);
}

#[test]
fn an_anchor_that_contains_itself_is_refused() {
    for text in [
        "a: &a\n  b: *a\n",
        "a: &a [*a]\n",
        "a: &a {<<: *a}\n",
        "a: &a\n  *a : 1\n",
    ] {
        let message = refusal(&format!("kind: A\n{text}"));
        assert!(
            message.contains("input/alias-bomb the anchor contains an alias to itself"),
            "{text}: {message}"
        );
    }
}

#[test]
fn nothing_is_quadratic() {
    let n = 20_000;
    for text in [
        // Many broken documents, elements, lines.
        "kind: A\nx: @\n---\n".repeat(n),
        "{\"kind\":\"A\",\n".repeat(n),
        "---\n{kind: [\n".repeat(n),
        "---\n{\"kind\":[\n".repeat(n),
        "---\n{\"kind\":\"A\"\n".repeat(n),
        "{\"kind\":\"A\"\n".repeat(n),
        "{\"kind\":\"A\",\"x\":\"\n".repeat(n),
        // Values with comments between them, in one document that is looked at with suspicion.
        "{\"kind\":\"A\"}\n# c\n".repeat(n),
        format!("{{}} x\n{}", "{\"kind\":\"A\"}\n# c\n".repeat(n)),
        "{\"kind\":\n---\n}\n# c\n".repeat(n),
        "{\"kind\":\n...\n{}}\n# c\n".repeat(n),
        format!(
            "{{\"kind\":\"List\",\"items\":[{}]}}",
            "{\"kind\":\"A\",\"x\":@},".repeat(n)
        ),
        format!(
            "{{\"kind\":\"List\",\"items\":[{}]}}",
            "{\"kind\":\"A\"},".repeat(n)
        ),
        format!("[{}", "{\"kind\":\"A\"} ".repeat(n)),
        // Repeated keys.
        format!("kind: A\n{}", "a: 1\n".repeat(n)),
        format!(
            "{{\"kind\":\"A\",{}\"b\":1}}",
            "\"m\":{\"a\":{\"b\":1}},".repeat(n)
        ),
        // Templates.
        format!("kind: A\nx: {}\n", "{{ a }} ".repeat(n)),
        format!("kind: A\nx: @{}\n{{{{ a }}}}", "{{ {% {# ".repeat(n)),
        format!("{}kind: A\n", "{{ end }}\n".repeat(n)),
        // Long lines, many anchors, comments, blank lines, markers.
        format!("kind: A\nx: {}\n", "a ".repeat(n * 10)),
        format!("kind: A\nx: \"{}\n", "\\\"a ".repeat(n * 4)),
        format!("kind: A\nx: [{}]\n", "&a 1, *a, ".repeat(n)),
        format!("{}kind: A\n", "# comment\n".repeat(n * 4)),
        "\n".repeat(n * 20),
        "---\n".repeat(n * 4),
        "...\n".repeat(n * 4),
        "#@ \n".repeat(n),
        format!("kind: List\nitems:\n{}", "- kind: A\n  x: 1\n".repeat(n)),
        format!("kind: List\nitems:\n{}", "- kind: @\n".repeat(n)),
        format!("kind: List\nitems:\n{}b: &a 1\n", "- kind: A\n".repeat(n)),
        "{".repeat(n),
        "? ".repeat(n),
        "- ".repeat(n),
        "\t".repeat(n * 10),
        "\u{a0}".repeat(n),
        "!a ".repeat(n),
        "|\n".repeat(n),
        ": ".repeat(n),
        "%a\n".repeat(n),
        "a: |\n".repeat(n),
        "'".repeat(n * 4 + 1),
    ] {
        let start = Instant::now();
        exercise(text.as_bytes());
        assert!(
            start.elapsed() < SOON,
            "{:.60}… took {:?}",
            text,
            start.elapsed()
        );
    }
}

#[test]
fn absurd_numbers_are_values_or_errors() {
    let nines = "9".repeat(10_000);
    assert!(value(&format!("kind: A\nx: {}\n", &nines[..300]))["x"].is_f64());
    assert!(value(&format!("kind: A\nx: {nines}\n"))["x"].is_string());
    let file = file(format!("{{\"kind\":\"A\",\"x\":{nines}}}"));
    let reading = input::documents(&file);
    assert!(
        reading
            .documents
            .iter()
            .all(|document| document.value().is_err())
    );
}

/// A JSON value as it reads back from YAML: whole numbers have no fraction.
fn with_go_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => {
                let digits = if float == 0.0 {
                    "0".to_owned()
                } else {
                    float.to_string()
                };
                match (digits.parse::<i64>(), digits.parse::<u64>()) {
                    (Ok(int), _) => int.into(),
                    (_, Ok(int)) => int.into(),
                    _ => Value::Number(number),
                }
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => items.into_iter().map(with_go_numbers).collect(),
        Value::Object(entries) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (key, with_go_numbers(value)));
            Value::Object(entries.collect())
        }
        other => other,
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        "[ \\t\\n\\r#:,\\-\\[\\]{}&*!|>'\"%@`?~\u{a0}\u{85}\u{2028}\u{feff}a0]{0,8}",
        proptest::sample::select(vec![
            "yes",
            "no",
            "on",
            "y",
            "n",
            "null",
            "~",
            "",
            "0644",
            "0o7",
            "1e3",
            "1_000",
            "0x1",
            ".inf",
            "<<",
            "=",
            "---",
            "...",
            "1:30",
            "2020-01-01",
            "-",
            "- a",
            "a: b",
            "a #b",
            "+1",
            ".5",
            "0b1",
            "NaN",
            ".nan",
            "true",
            "!a",
            "{{ x }}",
            "#@ x",
            "0899",
            "1.",
            "-0",
        ])
        .prop_map(str::to_owned),
        "[a-z ]{70,200}",
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-10i64..10).prop_map(Value::from),
        any::<f64>().prop_filter_map("finite", |float| Number::from_f64(float).map(Value::Number)),
        (-1000i32..1000).prop_map(|int| Value::from(f64::from(int) / 4.0)),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(text(), json_value(), 0..6).prop_map(|entries| {
        let mut object: Map<String, Value> = entries.into_iter().collect();
        object.insert("kind".to_owned(), json!("T"));
        object.remove("metadata");
        Value::Object(object)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        exercise(&bytes);
    }

    #[test]
    fn any_text_of_syntax_is_survived(
        parts in prop::collection::vec(
            proptest::sample::select(vec![
                "kind: A\n", "a", ": ", "\n", "  ", "- ", "---\n", "...\n", "{", "}", "[", "]", ",", "\"", "'", "\\", "#", "&a ",
                "*a ", "!!int ", "!x ", "|\n", ">-\n", "? ", "<<: ", "{{ ", " }}", "{% ", "%}", "#@ ", "items:\n", "kind: List\n",
                "\"kind\":\"List\"", "\"items\":", "\t", "\r", "\u{feff}", "\u{a0}", "é", "😀", "1e3", "0644", "~", "yes", "%YAML 1.1\n",
                "\u{0}", "\u{7}", "\u{1e}",
            ]),
            0..60,
        )
    ) {
        exercise(parts.concat().as_bytes());
    }

    #[test]
    fn any_object_reads_back_from_json(object in object()) {
        for text in [serde_json::to_string(&object).unwrap(), serde_json::to_string_pretty(&object).unwrap()] {
            prop_assert_eq!(value(&text), object.clone());
        }
    }

    #[test]
    fn any_object_reads_back_from_yaml(object in object()) {
        let text = serde_yaml::to_string(&object).unwrap();
        prop_assert_eq!(value(&text), with_go_numbers(object), "{}", text);
    }

    #[test]
    fn any_list_reads_back_object_by_object(objects in prop::collection::vec(object(), 0..4)) {
        let list = json!({"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {}});
        let from_json = serde_json::to_string_pretty(&list).unwrap();
        let from_yaml = serde_yaml::to_string(&list).unwrap();
        let read = |text: &str| -> Vec<Value> {
            let file = file(text);
            let reading = input::documents(&file);
            assert_eq!(reading.unreadable, [], "{text}: {:?}", messages(&reading.diagnostics));
            reading.documents.iter().map(|document| document.value().unwrap()).collect()
        };
        prop_assert_eq!(read(&from_json), objects.clone());
        prop_assert_eq!(read(&from_yaml), objects.into_iter().map(with_go_numbers).collect::<Vec<_>>(), "{}", from_yaml);
    }
}
