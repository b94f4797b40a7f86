use std::sync::Arc;

use proptest::prelude::*;
use psp2psa::input::stream::{self, Opening, Part};
use psp2psa::input::{self, Document, Reading};
use serde_json::json;

use super::{file, messages};

/// Kind, place and content of a document.
fn told(document: &Document<'_>) -> Option<String> {
    let value: serde_json::Value = match document.value() {
        Ok(value) => value,
        Err(_) if document.is_tentative() => return None,
        Err(error) => error.to_string().into(),
    };
    document.is_proven().then(|| {
        format!(
            "{} {} {} #{} {value}",
            document.kind, document.api_version, document.source, document.source.document
        )
    })
}

/// Everything that is read from a text as a whole.
fn whole(text: &str) -> (Vec<String>, Vec<String>) {
    let file = file(text);
    let reading = input::documents(&file);
    let documents = reading.documents.iter().filter_map(told).collect();
    (documents, rest(&reading))
}

/// What is said, and what cannot be read.
fn rest(reading: &Reading<'_>) -> Vec<String> {
    let mut rest = messages(&reading.diagnostics);
    let unreadable = reading.unreadable.iter();
    rest.extend(unreadable.map(|unreadable| format!("{unreadable:?}")));
    rest.sort();
    rest
}

/// Everything that is read from it in parts; `None` if it has to be read as a whole.
fn in_parts(text: &str, size: usize) -> Option<(Vec<String>, Vec<String>)> {
    let name = Arc::from("t.yaml");
    let Ok(Opening::Parts(mut stream)) = stream::open(&name, text.as_bytes(), size) else {
        return None;
    };
    let mut part = Part::default();
    let mut documents = Vec::new();
    let mut diagnostics = Vec::new();
    while stream.fill(&mut part).expect("memory does not fail").ok()? {
        let said = part.read(|document| {
            let told = told(document);
            let taken = told.is_some();
            documents.extend(told);
            taken
        });
        diagnostics.extend(rest(&said.ok()?));
    }
    diagnostics.sort();
    Some((documents, diagnostics))
}

/// Reads a text in parts of many sizes; how often that worked.
fn compare(text: &str) -> usize {
    let whole = whole(text);
    let sizes = [40, 64, 100, 150, 222, 300, 500, 1000];
    sizes
        .into_iter()
        .filter_map(|size| in_parts(text, size))
        .map(|parts| assert_eq!(parts, whole, "{text}"))
        .count()
}

fn pods(count: usize) -> Vec<serde_json::Value> {
    (0..count)
        .map(|n| {
            json!({"apiVersion": "v1", "kind": if n % 3 == 0 { "ConfigMap" } else { "Pod" },
                "metadata": {"name": format!("pöd-{n}"), "owners": [{"apiVersion": "v1", "name": "a"}, {"apiVersion": "v1"}]},
                "spec": {"n": n}})
        })
        .collect()
}

#[test]
fn elements_that_only_seem_to_begin_cost_nothing_but_time() {
    let mut list = json!({"apiVersion": "v1", "kind": "List", "items": pods(30), "metadata": {}});
    for item in list["items"].as_array_mut().expect("a list") {
        item["metadata"]["owners"] =
            json!([{"apiVersion": "v1", "kind": "A"}, {"apiVersion": "v1", "kind": "B"}]);
        item["spec"]["text"] = json!("},{\"apiVersion\":\"v1\",\"kind\":\"Pod\"");
    }
    compare(&list.to_string());
    assert!(compare(&serde_json::to_string_pretty(&list).expect("JSON")) >= 3);
}

#[test]
fn a_document_behind_a_list_does_not_say_what_the_list_is() {
    let list = "apiVersion: v1\nitems:\n- kind: A\n  name: one\n- kind: A\n  name: two\n";
    for end in [
        "---\nkind: List\n",
        "--- {kind: List}\n",
        "...\nkind: List\n",
        "\n---\nn: a\nkind: List\n",
    ] {
        compare(&format!("{list}{end}"));
    }
}

#[test]
fn json_lists_are_read_in_parts_as_they_are_read_as_a_whole() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": pods(30), "metadata": {}});
    assert!(compare(&list.to_string()) >= 5);
    assert!(compare(&serde_json::to_string_pretty(&list).expect("JSON")) >= 3);
    let head_first = |kind: &str, items: &serde_json::Value| {
        format!("{{\"kind\":\"{kind}\",\"apiVersion\":\"v1\",\"items\":{items}}}\n")
    };
    let mut kindless = json!(pods(30));
    for item in kindless.as_array_mut().expect("a list") {
        item.as_object_mut().expect("an object").remove("kind");
    }
    assert!(compare(&head_first("PodList", &kindless)) >= 3);
    assert!(compare(&head_first("List", &kindless)) >= 3);
    assert!(compare(&head_first("PodList", &json!(pods(30)))) >= 3);
}

#[test]
fn yaml_is_read_in_parts_as_it_is_read_as_a_whole() {
    let element = |n: usize| {
        format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: pöd-{n}\n  spec:\n    lines: |\n      - a\n      b\n    \
             list:\n    - {n}\n    - x\n"
        )
    };
    let elements: String = (0..30).map(element).collect();
    let list = format!("apiVersion: v1\nitems:\n{elements}kind: List\nmetadata: {{}}\n");
    assert!(compare(&list) >= 4);
    assert!(compare(&format!("---\nkind: PodList\nitems:\n# all\n{elements}")) >= 4);
    let documents: String = (0..30)
        .map(|n| format!("kind: Pod\n# {n}\nn: {n}\n--- # next\n"))
        .collect();
    assert!(compare(&documents) >= 5);
    assert!(compare(&format!("\u{feff}%YAML 1.1\n---\n{documents}")) >= 5);
    let broken = documents.replace("n: 7\n", "n: [\n");
    assert!(compare(&broken) >= 5);
    let mixed = documents.replace("kind: Pod\n# 9\n", "{\"kind\": \"Pod\"}\n");
    assert!(compare(&mixed) >= 5);
    assert!(compare(&documents.replace("n: 3\n", &list)) >= 1);
}

/// Found by fuzzing: read as a whole, everything from the bracket on was one unreadable document.
#[test]
fn documents_within_brackets_that_another_document_closes_are_found_either_way() {
    let documents = "kind: Pod\nn: 1\n---\n".repeat(5);
    for open in ["{\"kind\": \"Open\"", "{s", "{\"a\": [{", "[{\"kind\":"] {
        for close in ["}", "]}", "}]}", "}]"] {
            let text = format!("{documents}{open}\n---\n{documents}{close}\n...\n{documents}");
            assert!(compare(&text) >= 3, "{text}");
            assert_eq!(whole(&text).0.len(), 15, "{text}");
        }
    }
}

#[test]
fn elements_get_their_kind_also_from_behind_the_last_part() {
    let mut items = pods(30);
    for (n, item) in items.iter_mut().enumerate() {
        if n < 10 {
            item.as_object_mut().expect("an object").remove("kind");
        }
    }
    for kind in ["PodList", "List"] {
        let list = json!({"apiVersion": "v1", "items": items, "kind": kind}).to_string();
        compare(&list);
        let kind_first = format!("{{\"kind\":\"{kind}\",{}", &list[1..]);
        compare(&kind_first);
    }
    let kindless = "- n: 1\n".repeat(20);
    let kinds = "- kind: Service\n".repeat(20);
    compare(&format!(
        "apiVersion: v1\nitems:\n{kindless}{kinds}kind: PodList\n"
    ));
    compare(&format!(
        "kind: PodList\nitems:\n{kindless}{kinds}apiVersion: v1\n"
    ));
}

/// Found by fuzzing: the control character in the comment was taken for one of the next document.
#[test]
fn a_comment_behind_json_is_not_of_the_next_document() {
    let documents = "kind: Pod\nn: 1\n---\n".repeat(5);
    for comment in [" # \u{1}", "# }\u{1}", "\n# plain"] {
        let text = format!("{documents}{{kind: Pod}}{comment}\n---\nkind: Pod\n---\n{documents}");
        assert!(compare(&text) >= 3, "{text}");
        let (found, said) = whole(&text);
        assert_eq!((found.len(), said), (12, Vec::new()), "{text}");
    }
}

#[test]
fn directives_stay_with_their_document() {
    let documents = "kind: Pod\nn: 1\n---\n".repeat(3);
    for directive in ["%YAML 1.1", "%TAG ! tag:yaml.org,2002:", "%YAML 7.0", "%"] {
        for between in ["", "\n", " \n", "# x\n", "  # x\n", "\t\r\n"] {
            let text = format!(
                "{documents}kind: Pod\n...\n{directive}\n{between}---\nkind: Pod\nn: !str 2\n---\n{documents}"
            );
            compare(&text);
        }
    }
    compare(&format!(
        "{documents}kind: Pod\n...\n\u{1e}\n---\n{{\"kind\":\"Pod\"}}\n---\n{documents}"
    ));
}

#[test]
fn whatever_is_not_quite_a_list_is_read_as_a_whole_or_alike() {
    let list = json!({"apiVersion": "v1", "items": pods(12), "kind": "List", "metadata": {}});
    let text = list.to_string();
    let changes = [
        ("\"kind\":\"List\"", "\"kind\":\"Template\""),
        ("\"kind\":\"List\"", "\"kind\":\"PodList\""),
        ("\"kind\":\"List\"", "\"kind\":\"List\",\"kind\":\"List\""),
        (
            "\"kind\":\"List\"",
            "\"kind\":\"List\",\"items\":[{\"kind\":\"Late\"}]",
        ),
        ("\"kind\":\"List\"", "\"other\":1"),
        ("\"kind\":\"List\"", "\"kind\":7"),
        ("\"metadata\":{}}", "\"metadata\":{}} {\"kind\":\"More\"}"),
        // Found by fuzzing: a form feed is a blank to many, but not to JSON.
        ("],\"kind\"", "]\u{c},\"kind\""),
        ("],\"kind\"", "],\u{c}\"kind\""),
        ("\"n\":5}},", "\"n\":5}\u{c}},"),
        ("\"n\":5}},", "\"n\":5}}\u{c},"),
        ("\"n\":5}},", "\"n\":5}},\u{c}"),
        ("\"kind\":\"List\"", "\"kind\":\"List\",\"apiVersion\":null"),
        ("\"kind\":\"List\"", "\"k\\u0069nd\":\"List\""),
        ("\"items\":[", "\"ite\\u006ds\":["),
        ("\"metadata\":{}}", "\"metadata\":{"),
        ("\"metadata\":{}}", ""),
        ("\"n\":5", "\"n\":@"),
        ("\"n\":5", "\"n\":\"\n"),
        ("\"n\":5", "\"n\":{"),
        ("\"n\":5", "\"n\":5}"),
        ("\"n\":5", "\"n\":5,\"kind\":\"Again\""),
        ("\"n\":5}}", "\"n\":5},\"kind\":\"Again\"}"),
        ("\"n\":5}},", "\"n\":5}} "),
        ("\"n\":5}},", "\"n\":5}},,"),
        (
            "\"n\":5}},",
            "\"n\":5}},{\"kind\":\"List\",\"items\":[{\"kind\":\"In\"}]},",
        ),
        ("\"n\":5}},", "\"n\":5}},7,null,"),
        (
            "{\"apiVersion\":\"v1\",\"items\"",
            "{\"kind\":\"List\",\"items\"",
        ),
    ];
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        compare(&text.replacen(from, to, 1));
    }
    // Cut off anywhere.
    for at in (0..text.len())
        .step_by(37)
        .filter(|at| text.is_char_boundary(*at))
    {
        compare(&text[..at]);
    }
}

#[test]
fn a_yaml_list_with_anchors_or_odd_lines_is_read_as_a_whole_or_alike() {
    let elements: String = (0..20)
        .map(|n| format!("- kind: Pod\n  n: {n}\n  more: text\n"))
        .collect();
    let text = format!("apiVersion: v1\nitems:\n{elements}kind: List\n");
    for (from, to) in [
        ("n: 5\n", "n: &a 5\n"),
        ("n: 5\n", "n: *a\n"),
        ("n: 5\n", "n: [\n"),
        ("n: 5\n", "n: |\n   x\n"),
        ("n: 5\n", "n: 5\nx: 1\n"),
        ("n: 5\n", "n: 5\n---\nkind: Pod\n"),
        ("n: 5\n", "n: 5\n...\n"),
        ("- kind: Pod\n  n: 5\n", "- n: 5\n"),
        ("- kind: Pod\n  n: 5\n", "-\n  kind: Pod\n"),
        (
            "- kind: Pod\n  n: 5\n",
            "- kind: PodList\n  items:\n  - {n: 1}\n",
        ),
        ("kind: List\n", "kind: PodList\n"),
        ("kind: List\n", "kind: Other\n"),
        ("kind: List\n", "kind: List\nkind: List\n"),
        ("kind: List\n", "kind: List\nitems: []\n"),
        ("kind: List\n", "kind: List\n---\nkind: Pod\n"),
        ("kind: List\n", ""),
    ] {
        assert!(text.contains(from), "{from}");
        compare(&text.replacen(from, to, 1));
    }
}

/// Lines and pieces of lines at which documents, values and elements begin, end, or seem to.
const PIECES: &[&str] = &[
    "\n",
    "\n---\n",
    "\n---\n",
    "\n...\n",
    "\n--- # c\n",
    "\n--- x\n",
    "\n---x\n",
    "\n# c\n",
    "\n  # c\n",
    " # c\u{1}\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "{\"kind\":\"B\"}",
    "{kind: C}",
    "{\"kind\":\"D\",\"x\":[",
    "kind: E\n",
    "n: é\n",
    "n: [\n",
    "n: |\n  a\n",
    "\n%YAML 1.1\n",
    "\n%TAG ! !x\n",
    "\n- kind: F\n",
    "\n- n: 1\n",
    "\n  - 1\n",
    "\nitems:\n",
    "\nkind: List\n",
    "\nkind: GList\n",
    "\napiVersion: v1\n",
    ",{\"apiVersion\":\"v1\",\"kind\":\"H\"}",
    ",{\"n\":1}",
    "],\"kind\":\"List\"}",
    "],\"kind\":\"IList\"}",
    "],\"kind\":null,\"kind\":\"List\"}",
    ",{\"kind\":\"List\",\"items\":[{}]}",
    "{{ if x }}\n",
    "{{ x }}",
    "\u{c}",
    "\u{1e}",
    "\r\n",
    "\t",
    " ",
    "&a ",
    "\\u0069",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_read_in_parts_as_it_is_read_as_a_whole(
        begin in proptest::sample::select(vec![
            "kind: A\nname: one\n---\nkind: A\nname: two\n---\n",
            "\u{feff}# c\n---\nkind: A\nname: one\n---\nkind: A\n",
            "apiVersion: v1\nitems:\n- kind: A\n  name: one\n- kind: A\n  name: two\n",
            "kind: AList\nitems:\n- kind: A\n  name: one\n- kind: A\n  name: two\n",
            "{\"apiVersion\":\"v1\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"A\"}",
            "{\"kind\":\"AList\",\"items\":[{\"n\":0},{\"n\":1},{\"n\":2}",
            "{\"apiVersion\":\"v1\",\"items\":[{\"n\":0},{\"n\":1},{\"n\":2}",
        ]),
        pieces in prop::collection::vec(proptest::sample::select(PIECES), 0..40),
        end in proptest::sample::select(vec!["", "\n", "kind: List\n", "],\"kind\":\"List\"}\n", "],\"kind\":\"AList\"}\n"]),
    ) {
        compare(&format!("{begin}{}{end}", pieces.concat()));
    }
}
