use psp2psa::input::layout::{Layout, NodeAt, Shape};
use psp2psa::input::{self, InputFile, Storage, Unreadable};
use serde_json::json;

use super::{file, messages, places, refusal, value};

fn read(text: &str) -> (Vec<String>, Vec<String>) {
    let file = file(text);
    let reading = input::documents(&file);
    (places(&reading), messages(&reading.diagnostics))
}

#[test]
fn documents_are_split_at_markers_and_numbered_by_content() {
    for (text, expected) in [
        ("kind: A\n---\nkind: B\n", vec!["A #1 1:1", "B #2 3:1"]),
        ("---\nkind: A\n---\n", vec!["A #1 2:1"]),
        (
            "# licence\n---\n# more\n---\nkind: A\n--- # note\nkind: B\n",
            vec!["A #1 5:1", "B #2 7:1"],
        ),
        (
            "kind: A\n...\n---\nkind: B\n...\n",
            vec!["A #1 1:1", "B #2 4:1"],
        ),
        ("kind: A\n...\nkind: B\n", vec!["A #1 1:1", "B #2 3:1"]),
        (
            "%YAML 1.1\n---\nkind: A\n...\n%TAG !e! tag:e,2000:\n---\nkind: !e!x B\n",
            vec!["A #1 3:1", "B #2 7:1"],
        ),
        (
            "--- {kind: A}\n--- {kind: B}\n",
            vec!["A #1 1:6", "B #2 2:6"],
        ),
        ("---\tkind: A\n", vec![]),
        ("kind: A\nt: |\n  ---\n  x\n---b: 1\n", vec!["A #1 1:1"]),
        (
            "kind: A\nt: |\n  ---\n  ...\n---\nkind: B",
            vec!["A #1 1:1", "B #2 6:1"],
        ),
        (
            "\r\n---\r\nkind: A\r\n---\r\nkind: B\r\n",
            vec!["A #1 3:1", "B #2 5:1"],
        ),
        ("# only a comment\n", vec![]),
        ("---\n~\n---\nnull\n---\n", vec![]),
        ("", vec![]),
        ("\u{feff}", vec![]),
        ("\u{feff}kind: A\n", vec!["A #1 1:1"]),
        ("  kind: A\n", vec!["A #1 1:3"]),
        ("# é\n{kind: A}", vec!["A #1 2:2"]),
    ] {
        assert_eq!(read(text).0, expected, "{text:?}");
    }
}

#[test]
fn empty_documents_are_passed_over_without_a_word() {
    for text in [
        "",
        "\n\n",
        "# c\n",
        "---\n---\n# c\n---\n",
        "%YAML 1.1\n---\n",
        "null\n",
        "\u{feff}# c\n",
    ] {
        assert_eq!(read(text), (vec![], vec![]), "{text:?}");
    }
}

#[test]
fn one_unreadable_document_never_costs_the_others() {
    let text = "kind: A\n---\nkind: B\nx: [\n---\nkind: C\ny: \"\n---\nkind: D\n";
    assert_eq!(read(text).0, ["A #1 1:1", "D #4 9:1"]);
    let bytes = b"kind: A\n---\nkind: B\nx: caf\xE9\n---\nkind: C\n";
    let file = file(bytes);
    let reading = input::documents(&file);
    assert_eq!(places(&reading), ["A #1 1:1", "C #3 6:1"]);
    assert_eq!(
        messages(&reading.diagnostics),
        ["4:7 input/binary the byte 0xE9 is not UTF-8"]
    );
    assert_eq!(reading.unreadable[0].kind_hint.as_deref(), Some("B"));
}

#[test]
fn unreadable_documents_keep_what_plain_lines_tell() {
    let file = file(concat!(
        "kind: A\n---\n# c\napiVersion: apps/v1\nkind: Deployment # really\nmetadata:\n  labels:\n    name: no\n",
        "  name: \"web\"\n  namespace: shop\nspec:\n  name: no\n  x: @\n",
    ));
    let reading = input::documents(&file);
    assert_eq!(
        reading.unreadable,
        [Unreadable {
            source: psp2psa::diag::Source {
                file: "t.yaml".into(),
                document: 2,
                line: 4,
                column: 1
            },
            code: &input::diags::SYNTAX,
            kind_hint: Some("Deployment".to_owned()),
            name_hint: Some("web".to_owned()),
            namespace_hint: Some("shop".to_owned()),
        }]
    );
}

#[test]
fn what_is_no_object_is_a_note() {
    for (text, expected) in [
        (
            "a: 1\n",
            "1:1 input/not-an-object the document has no `kind`",
        ),
        (
            "kind: 5\n",
            "1:1 input/not-an-object the document has no `kind`",
        ),
        (
            "kind:\n",
            "1:1 input/not-an-object the document has no `kind`",
        ),
        (
            "text\n",
            "1:1 input/not-an-object the document is not a mapping",
        ),
        (
            "- 1\n- 2\n",
            "1:1 input/not-an-object the document is not a mapping",
        ),
        (
            "[1, 2]",
            "1:1 input/not-an-object the document is not a mapping",
        ),
        (
            "{\"a\": 1}",
            "1:2 input/not-an-object the document has no `kind`",
        ),
        (
            "[]",
            "1:1 input/not-an-object the document is not a mapping",
        ),
    ] {
        assert_eq!(read(text), (vec![], vec![expected.to_owned()]), "{text}");
    }
    assert_eq!(
        input::diags::NOT_AN_OBJECT.severity,
        psp2psa::diag::Severity::Note
    );
}

#[test]
fn lists_are_opened_whatever_their_style() {
    for text in [
        "kind: List\nitems:\n- kind: A\n- kind: B\n",
        "items:\n- kind: A\n- kind: B\nkind: List\n",
        "apiVersion: v1\nitems:\n\n  # c\n  - kind: A\n\n  -   kind: B\nkind: List\nmetadata: {}\n",
        "kind: List\nitems: [{kind: A}, {kind: B}]\n",
        "{kind: List, items: [{kind: A}, {kind: B}]}",
        "kind: List\nx: &a {kind: A}\nitems:\n- *a\n- kind: B\n",
        "kind: List\nitems:\n- kind: List\n  items:\n  - kind: A\n- kind: BList\n  items:\n  - {}\n",
        "- kind: A\n- kind: B\n",
    ] {
        let kinds: Vec<String> = read(text)
            .0
            .iter()
            .map(|place| place[..1].to_owned())
            .collect();
        assert_eq!(kinds, ["A", "B"], "{text}");
        assert_eq!(read(text).1, [""; 0], "{text}");
    }
    assert_eq!(read("kind: List\nitems: []\n"), (vec![], vec![]));
}

#[test]
fn elements_of_a_list_share_its_number_and_have_their_own_line() {
    let text = "kind: A\n---\napiVersion: v1\nitems:\n- kind: B\n  x: 1\n- kind: C\nkind: List\n---\nkind: D\n";
    assert_eq!(
        read(text).0,
        ["A #1 1:1", "B #2 5:3", "C #2 7:3", "D #3 10:1"]
    );
}

#[test]
fn one_bad_element_of_a_block_list_never_costs_the_others() {
    let (documents, messages) =
        read("kind: List\nitems:\n- kind: A\n- kind: B\n  x: @\n- kind: C\n");
    assert_eq!(documents, ["A #1 3:3", "C #1 6:3"]);
    assert_eq!(messages, ["5:6 input/syntax a value cannot begin with '@'"]);
}

#[test]
fn elements_of_typed_lists_get_kind_and_version_from_the_list() {
    let file = file(
        "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: a}\n- kind: X\n  apiVersion: y/v1\n",
    );
    let reading = input::documents(&file);
    let heads: Vec<(&str, &str)> = reading
        .documents
        .iter()
        .map(|document| (document.api_version.as_str(), document.kind.as_str()))
        .collect();
    assert_eq!(heads, [("apps/v1", "Deployment"), ("y/v1", "X")]);
    assert_eq!(
        reading.documents[0].value().unwrap(),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}})
    );
}

#[test]
fn anchors_reach_across_the_elements_of_a_list() {
    let text = "kind: List\nitems:\n- kind: A\n  labels: &l {a: b}\n- kind: B\n  labels: *l\n";
    let file = file(text);
    let reading = input::documents(&file);
    assert_eq!(
        reading.documents[1].value().unwrap(),
        json!({"kind": "B", "labels": {"a": "b"}})
    );
}

#[test]
fn utf_16_with_a_mark_is_read() {
    let text = "kind: A\nname: ñ🟔\n";
    for big_endian in [true, false] {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        let bytes: Vec<u8> = units
            .flat_map(|unit| {
                if big_endian {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            })
            .collect();
        let file = InputFile::new("t.yaml", bytes);
        assert_eq!(file.storage, Storage::Utf16);
        assert_eq!(
            input::documents(&file).documents[0].value().unwrap()["name"],
            json!("ñ🟔")
        );
    }
}

#[test]
fn line_endings_do_not_matter() {
    let expected = json!({"kind": "A", "c": "x\ny\n", "d": [1, 2]});
    assert_eq!(
        value("kind: A\r\nc: |\r\n  x\r\n  y\r\nd:\r\n- 1\r\n- 2\r\n"),
        expected
    );
    assert_eq!(value("kind: A\nc: |\n  x\n  y\nd:\n- 1\n- 2"), expected);
}

#[test]
fn binary_garbage_is_named() {
    assert_eq!(
        refusal("\u{89}PNG\r\n\0\0"),
        "2:1 input/binary a NUL byte in the text"
    );
    let mut archive = vec![b'x'; 512];
    archive[100] = 0;
    archive[257..262].copy_from_slice(b"ustar");
    let file = InputFile::new("dump.tar", archive);
    assert_eq!(
        messages(&input::documents(&file).diagnostics),
        ["1:101 input/binary a tar archive"]
    );
}

/// The value of a key in a mapping of a layout.
fn entry(layout: &Layout, map: NodeAt, name: &str) -> NodeAt {
    let Shape::Map { entries, .. } = &layout.nodes[map].shape else {
        panic!("no mapping");
    };
    let is_name =
        |at: NodeAt| matches!(&layout.nodes[at].shape, Shape::Scalar { text, .. } if text == name);
    entries
        .iter()
        .find(|(key, _)| is_name(*key))
        .expect("the key is there")
        .1
}

#[test]
fn a_layout_knows_what_stands_where() {
    let text = "# é\nkind: A\nmetadata:\n  name: \"ä\"   # c\n  labels: {a: b}\nspec:\n- x\n- y: 1\n\n# end\n---\nkind: B\n---\n{\"kind\": \"C\", \"metadata\": {\"name\": \"\\u00e4\"}}\n";
    let file = file(text);
    let reading = input::documents(&file);
    let slice = |layout: &Layout, at: NodeAt| text[layout.nodes[at].bytes.clone()].to_owned();

    let layout = reading.documents[0].layout().unwrap();
    let root = reading.documents[0].in_layout(&layout).unwrap();
    let metadata = entry(&layout, root, "metadata");
    assert_eq!(slice(&layout, entry(&layout, metadata, "name")), "\"ä\"");
    assert_eq!(slice(&layout, entry(&layout, metadata, "labels")), "{a: b}");
    assert_eq!(
        slice(&layout, metadata),
        "name: \"ä\"   # c\n  labels: {a: b}"
    );
    assert!(slice(&layout, entry(&layout, root, "spec")).ends_with("x\n- y: 1"));

    let other = reading.documents[1].layout().unwrap();
    let root = reading.documents[1].in_layout(&other).unwrap();
    assert_eq!(slice(&other, root), "kind: B");
    assert_eq!(reading.documents[1].in_layout(&layout), None);

    let json = reading.documents[2].layout().unwrap();
    let metadata = entry(&json, 0, "metadata");
    assert_eq!(slice(&json, metadata), r#"{"name": "\u00e4"}"#);
    assert_eq!(slice(&json, entry(&json, metadata, "name")), r#""\u00e4""#);
}

#[test]
fn chunks_together_read_as_the_file() {
    let file = file(
        "kind: A\n---\nkind: List\nitems:\n- kind: B\n- kind: C\n---\n{\"kind\": \"D\"}\n{\"kind\": \"E\"}\n---\nx: @\n",
    );
    let whole = places(&input::documents(&file));
    let parts: Vec<String> = input::chunks(&file)
        .iter()
        .flat_map(|chunk| places(&chunk.read()))
        .collect();
    assert_eq!(whole, parts);
    assert_eq!(
        whole,
        ["A #1 1:1", "B #2 5:3", "C #2 6:3", "D #3 8:2", "E #4 9:2"]
    );
}
