//! One test a style: the text before, the text after.

use serde_json::json;

use super::{edited, labels, set};
use psp2psa::edit::Set;

/// The first namespace gets the labels, and the text is then this one.
#[track_caller]
fn becomes(before: &str, after: &str) {
    sets_become("Namespace", &labels(), before, after);
}

#[track_caller]
fn sets_become(kind: &str, sets: &[Set], before: &str, after: &str) {
    let (found, outcome) = edited(before, kind, sets);
    assert_eq!(outcome.left, [], "{before}");
    assert_eq!(found, after);
    let (again, outcome) = edited(&found, kind, sets);
    assert_eq!((again.as_str(), outcome.left.len()), (after, 0), "twice");
}

/// The edit is refused for a reason, and the text stays.
#[track_caller]
fn stays(before: &str, reason: &str) {
    let (found, outcome) = edited(before, "Namespace", &labels());
    let reasons: Vec<&str> = outcome.left.iter().map(|l| l.reason.as_str()).collect();
    assert_eq!((found.as_str(), reasons), (before, vec![reason]));
}

#[test]
fn labels_go_behind_those_that_are_there() {
    becomes(
        "# head\napiVersion: v1\nkind: Namespace\nmetadata:\n    labels:\n        team: a   # the team\n        # the last\n\n    name: shop\n",
        "# head\napiVersion: v1\nkind: Namespace\nmetadata:\n    labels:\n        team: a   # the team\n        pod-security.kubernetes.io/audit: baseline\n        pod-security.kubernetes.io/warn-version: v1.30\n        # the last\n\n    name: shop\n",
    );
}

#[test]
fn labels_that_are_missing_go_behind_the_name() {
    becomes(
        "kind: Namespace\nmetadata:\n  name: shop # here\n  annotations:\n    a: b\n",
        "kind: Namespace\nmetadata:\n  name: shop # here\n  labels:\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\n  annotations:\n    a: b\n",
    );
}

#[test]
fn a_label_that_changes_keeps_its_quotes() {
    becomes(
        "kind: Namespace\nmetadata:\n  name: shop\n  labels:\n    pod-security.kubernetes.io/warn-version: 'latest'  # c\n    \"pod-security.kubernetes.io/audit\": \"restricted\"\n",
        "kind: Namespace\nmetadata:\n  name: shop\n  labels:\n    pod-security.kubernetes.io/warn-version: 'v1.30'  # c\n    \"pod-security.kubernetes.io/audit\": \"baseline\"\n",
    );
}

#[test]
fn new_labels_are_quoted_as_their_neighbours() {
    becomes(
        "kind: Namespace\nmetadata:\n  name: shop\n  labels:\n    \"a\": 'b'\n",
        "kind: Namespace\nmetadata:\n  name: shop\n  labels:\n    \"a\": 'b'\n    \"pod-security.kubernetes.io/audit\": 'baseline'\n    \"pod-security.kubernetes.io/warn-version\": 'v1.30'\n",
    );
    // These quotes are needed, so they are no habit.
    becomes(
        "kind: Namespace\nmetadata:\n  labels:\n    a: \"true\"\n  name: shop\n",
        "kind: Namespace\nmetadata:\n  labels:\n    a: \"true\"\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\n  name: shop\n",
    );
}

#[test]
fn labels_without_content_are_filled() {
    let after = "kind: Namespace\nmetadata:\n  labels:\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\n  name: shop\n";
    for nothing in ["", " {}", " null", " ~", " { }"] {
        becomes(
            &format!("kind: Namespace\nmetadata:\n  labels:{nothing}\n  name: shop\n"),
            after,
        );
    }
    becomes(
        "kind: Namespace\nmetadata:\n  name: shop\n  labels: {} # none",
        "kind: Namespace\nmetadata:\n  name: shop\n  labels: # none\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30",
    );
}

#[test]
fn flow_style_stays_on_its_line() {
    becomes(
        "kind: Namespace\nmetadata: {name: shop, labels: {team: a}} # c\n",
        "kind: Namespace\nmetadata: {name: shop, labels: {team: a, pod-security.kubernetes.io/audit: baseline, pod-security.kubernetes.io/warn-version: v1.30}} # c\n",
    );
    becomes(
        "{kind: Namespace, metadata: { name: shop }}\n",
        "{kind: Namespace, metadata: { name: shop, labels: {pod-security.kubernetes.io/audit: baseline, pod-security.kubernetes.io/warn-version: v1.30} }}\n",
    );
    becomes(
        "{kind: Namespace, metadata: {labels: {}, name: shop}}\n",
        "{kind: Namespace, metadata: {labels: {pod-security.kubernetes.io/audit: baseline, pod-security.kubernetes.io/warn-version: v1.30}, name: shop}}\n",
    );
}

#[test]
fn flow_style_on_several_lines_gets_lines_of_its_own() {
    becomes(
        "kind: Namespace\nmetadata:\n  name: shop\n  labels: {\n    a: b, # first\n    c: d  # last\n  }\n",
        "kind: Namespace\nmetadata:\n  name: shop\n  labels: {\n    a: b, # first\n    c: d,  # last\n    pod-security.kubernetes.io/audit: baseline,\n    pod-security.kubernetes.io/warn-version: v1.30\n  }\n",
    );
    becomes(
        "kind: Namespace\nmetadata:\n  name: shop\n  labels: {\n    a: b,\n  }\n",
        "kind: Namespace\nmetadata:\n  name: shop\n  labels: {\n    a: b,\n    pod-security.kubernetes.io/audit: baseline,\n    pod-security.kubernetes.io/warn-version: v1.30,\n  }\n",
    );
}

#[test]
fn json_keeps_its_indentation() {
    for indent in ["  ", "    ", "\t"] {
        let text = |labels: &str| {
            format!(
                "{{\n  \"kind\": \"Namespace\",\n  \"metadata\": {{\n    \"name\": \"shop\"{labels}\n  }}\n}}\n"
            )
            .replace("  ", indent)
        };
        let added = ",\n    \"labels\": {\n      \"pod-security.kubernetes.io/audit\": \"baseline\",\n      \"pod-security.kubernetes.io/warn-version\": \"v1.30\"\n    }";
        becomes(&text(""), &text(added));
        becomes(&text(",\n    \"labels\": {}"), &text(added));
        becomes(&text(",\n    \"labels\": null"), &text(added));
    }
}

#[test]
fn compact_json_stays_compact() {
    becomes(
        r#"{"kind":"Namespace","metadata":{"name":"shop","labels":{"a":"b"}}}"#,
        r#"{"kind":"Namespace","metadata":{"name":"shop","labels":{"a":"b","pod-security.kubernetes.io/audit":"baseline","pod-security.kubernetes.io/warn-version":"v1.30"}}}"#,
    );
    becomes(
        r#"{"kind": "Namespace", "metadata": {"name": "shop"}}"#,
        r#"{"kind": "Namespace", "metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/audit": "baseline", "pod-security.kubernetes.io/warn-version": "v1.30"}}}"#,
    );
}

#[test]
fn line_ends_byte_order_marks_and_separators_stay() {
    becomes(
        "\u{feff}kind: Namespace\r\nmetadata:\r\n  name: shop\r\n--- # next\r\nkind: Service\r\n...\r\n",
        "\u{feff}kind: Namespace\r\nmetadata:\r\n  name: shop\r\n  labels:\r\n    pod-security.kubernetes.io/audit: baseline\r\n    pod-security.kubernetes.io/warn-version: v1.30\r\n--- # next\r\nkind: Service\r\n...\r\n",
    );
    becomes(
        "kind: Namespace\r\nmetadata: {\r\n  name: shop\r\n  }\r\n",
        "kind: Namespace\r\nmetadata: {\r\n  name: shop,\r\n  labels: {\r\n    pod-security.kubernetes.io/audit: baseline,\r\n    pod-security.kubernetes.io/warn-version: v1.30\r\n  }\r\n  }\r\n",
    );
}

#[test]
fn a_file_without_a_final_line_break_gets_none() {
    becomes(
        "metadata:\n  name: shop\nkind: Namespace\nspec:\n  x: 1\n---\nkind: Namespace\nmetadata:\n  name: b\n  labels:\n    a: b",
        "metadata:\n  name: shop\n  labels:\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\nkind: Namespace\nspec:\n  x: 1\n---\nkind: Namespace\nmetadata:\n  name: b\n  labels:\n    a: b\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30",
    );
}

#[test]
fn members_of_lists_are_edited_where_they_stand() {
    becomes(
        "apiVersion: v1\nkind: List\nitems:\n- kind: Namespace\n  metadata:\n    name: a\n# between\n- metadata:\n    labels:\n      x: y\n    name: b\n  kind: Namespace\nmetadata: {}\n",
        "apiVersion: v1\nkind: List\nitems:\n- kind: Namespace\n  metadata:\n    name: a\n    labels:\n      pod-security.kubernetes.io/audit: baseline\n      pod-security.kubernetes.io/warn-version: v1.30\n# between\n- metadata:\n    labels:\n      x: y\n      pod-security.kubernetes.io/audit: baseline\n      pod-security.kubernetes.io/warn-version: v1.30\n    name: b\n  kind: Namespace\nmetadata: {}\n",
    );
    becomes(
        r#"{"kind":"List","items":[{"kind":"Namespace","metadata":{"name":"a"}},{"kind":"Pod"}]}"#,
        r#"{"kind":"List","items":[{"kind":"Namespace","metadata":{"name":"a","labels":{"pod-security.kubernetes.io/audit":"baseline","pod-security.kubernetes.io/warn-version":"v1.30"}}},{"kind":"Pod"}]}"#,
    );
    becomes(
        "{\n    \"kind\": \"NamespaceList\",\n    \"items\": [\n        {\n            \"metadata\": {\n                \"name\": \"a\"\n            }\n        }\n    ]\n}\n",
        "{\n    \"kind\": \"NamespaceList\",\n    \"items\": [\n        {\n            \"metadata\": {\n                \"name\": \"a\",\n                \"labels\": {\n                    \"pod-security.kubernetes.io/audit\": \"baseline\",\n                    \"pod-security.kubernetes.io/warn-version\": \"v1.30\"\n                }\n            }\n        }\n    ]\n}\n",
    );
}

#[test]
fn block_scalars_before_the_place_keep_their_text() {
    for header in ["|", "|-", ">", "|+"] {
        becomes(
            &format!(
                "kind: Namespace\nmetadata:\n  name: shop\n  labels:\n    a: b\n  annotations:\n    text: {header}\n      one\n\n      two\n\nspec: {{}}\n"
            ),
            &format!(
                "kind: Namespace\nmetadata:\n  name: shop\n  labels:\n    a: b\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\n  annotations:\n    text: {header}\n      one\n\n      two\n\nspec: {{}}\n"
            ),
        );
    }
    let sets = [set("spec", json!({"x": 1}))];
    sets_become(
        "Namespace",
        &sets,
        "kind: Namespace\ntext: |\n  one\n\n  two\n\n\n---\nkind: A\n",
        "kind: Namespace\ntext: |\n  one\n\n  two\nspec:\n  x: 1\n\n\n---\nkind: A\n",
    );
    sets_become(
        "Namespace",
        &sets,
        "kind: Namespace\ntext: |+\n  one\n\n\n---\nkind: A\n",
        "kind: Namespace\ntext: |+\n  one\n\n\nspec:\n  x: 1\n---\nkind: A\n",
    );
}

#[test]
fn anchors_that_nobody_else_uses_are_no_obstacle() {
    becomes(
        "kind: Namespace\nmetadata: &m\n  name: shop\n  labels: &l\n    a: b\n",
        "kind: Namespace\nmetadata: &m\n  name: shop\n  labels: &l\n    a: b\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\n",
    );
    becomes(
        "kind: Namespace\nx: &l\n  a: b\nmetadata:\n  name: shop\n  labels:\n    <<: *l\n    c: d\n",
        "kind: Namespace\nx: &l\n  a: b\nmetadata:\n  name: shop\n  labels:\n    <<: *l\n    c: d\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\n",
    );
}

#[test]
fn what_others_share_is_left_alone() {
    let shared = "an anchor shares the value with other places";
    stays(
        "kind: Namespace\nmetadata:\n  name: shop\n  labels: &l\n    a: b\nx: *l\n",
        &format!("{shared}, at in.yaml:5"),
    );
    stays(
        "x: &l\n  a: b\nkind: Namespace\nmetadata:\n  name: shop\n  labels: *l\n",
        &format!("{shared}, at in.yaml:6"),
    );
    stays(
        "kind: List\nitems:\n- kind: Namespace\n  metadata: &m\n    name: shop\n- kind: Other\n  metadata:\n    <<: *m\n",
        &format!("{shared}, at in.yaml:5"),
    );
    stays(
        "x: &l\n  pod-security.kubernetes.io/audit: restricted\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    <<: *l\n",
        "the value comes from a merge key (`<<`), at in.yaml:7",
    );
    stays(
        "kind: Namespace\nmetadata:\n  name: shop\n  labels:\n    a: b\n  labels:\n    c: d\n",
        "a key on the way stands twice, at in.yaml:6",
    );
}

#[test]
fn a_form_that_is_left_alone_is_named_with_its_line() {
    let odd = "it is written in a form that is not edited";
    let head = "kind: Namespace\nmetadata:\n  name: shop\n  labels:";
    let audit = "\n    pod-security.kubernetes.io/audit:";
    for (rest, form, line) in [
        (
            format!("{audit} |-\n      restricted\n"),
            "a block scalar (`|` or `>`)",
            5,
        ),
        (
            format!("{audit} !!str restricted\n"),
            "an anchor or a tag before the value",
            5,
        ),
        (
            format!("{audit} \"restricted\\n\"\n"),
            "a value of several lines",
            5,
        ),
        (
            "\n    {}\n".to_owned(),
            "a value on another line than its key",
            4,
        ),
        (
            " &l\n  annotations: {}\n".to_owned(),
            "an anchor or a tag before nothing",
            4,
        ),
        (
            " [a]\n".to_owned(),
            "a list where something else belongs",
            4,
        ),
        (
            " a\n".to_owned(),
            "a value where a mapping or list belongs",
            4,
        ),
        (
            format!("{audit} [a]\n"),
            "a list where something else belongs",
            5,
        ),
    ] {
        let reason = format!("{odd}: {form}, at in.yaml:{line}");
        stays(&format!("{head}{rest}"), &reason);
        // Lines are those of the file and not of the document.
        let reason = format!("{odd}: {form}, at in.yaml:{}", line + 2);
        stays(&format!("kind: Other\n---\n{head}{rest}"), &reason);
    }
    stays(
        "{kind: Namespace, metadata: {name: shop,\n  labels}}\n",
        &format!("{odd}: a key without a colon behind it, at in.yaml:2"),
    );
    let text = "kind: Namespace\nmetadata:\n  finalizers:\n  - a\n  - b\n";
    let fewer = set("metadata finalizers", json!(["a"]));
    let (_, outcome) = edited(text, "Namespace", &[fewer]);
    assert_eq!(
        outcome.left[0].reason,
        format!("{odd}: a list that would lose elements, at in.yaml:4")
    );
}

#[test]
fn one_refusal_does_not_cost_the_others() {
    let text = "kind: Namespace\nmetadata:\n  name: a\n  labels: &l {a: b}\nx: *l\n---\nkind: Namespace\nmetadata:\n  name: b\n";
    let (found, outcome) = edited(text, "Namespace", &labels());
    assert_eq!(outcome.left.len(), 1);
    assert_eq!(outcome.objects.len(), 1);
    assert!(
        found.starts_with("kind: Namespace\nmetadata:\n  name: a\n  labels: &l {a: b}\nx: *l\n---")
    );
    assert!(found.ends_with("  name: b\n  labels:\n    pod-security.kubernetes.io/audit: baseline\n    pod-security.kubernetes.io/warn-version: v1.30\n"));
}

#[test]
fn an_edit_that_turns_out_to_mean_something_else_is_dropped() {
    // A plain `y` is a boolean, which is no label.
    let text = "kind: Namespace\nmetadata:\n  name: a\n  labels:\n    y: b\n---\nkind: Namespace\nmetadata:\n  name: b\n";
    let (found, outcome) = edited(text, "Namespace", &[set("metadata labels y", json!("c"))]);
    let codes: Vec<&str> = outcome.left.iter().map(|left| left.code.name).collect();
    assert_eq!(codes, ["edit/refused"]);
    assert_eq!(found, format!("{text}  labels:\n    \"y\": c\n"));
}

#[test]
fn fields_of_containers_are_written_in_the_style_of_the_template() {
    let context = "spec template spec containers 1 securityContext";
    let sets = [
        set(&format!("{context} runAsNonRoot"), json!(true)),
        set(
            &format!("{context} capabilities drop"),
            json!(["ALL", "NET_RAW"]),
        ),
        set(
            "spec template spec securityContext seccompProfile",
            json!({"type": "Localhost", "localhostProfile": "a b.json"}),
        ),
        set("spec template metadata annotations x/y.z", json!("true")),
    ];
    sets_become(
        "Deployment",
        &sets,
        "kind: Deployment\nspec:\n   template:\n      spec:\n         containers:\n           - name: a\n             image: i\n           - image: j\n             securityContext:\n                capabilities:\n                   drop: [ALL]\n             name: b # last\n",
        "kind: Deployment\nspec:\n   template:\n      spec:\n         containers:\n           - name: a\n             image: i\n           - image: j\n             securityContext:\n                capabilities:\n                   drop: [ALL, NET_RAW]\n                runAsNonRoot: true\n             name: b # last\n         securityContext:\n            seccompProfile:\n               localhostProfile: \"a b.json\"\n               type: Localhost\n      metadata:\n         annotations:\n            x/y.z: \"true\"\n",
    );
    sets_become(
        "Deployment",
        &sets,
        "kind: Deployment\nspec:\n  template:\n    metadata: {}\n    spec:\n      securityContext: {}\n      containers:\n      - {name: a}\n      - name: b\n        securityContext:\n          capabilities:\n            drop:\n            - ALL\n",
        "kind: Deployment\nspec:\n  template:\n    metadata:\n      annotations:\n        x/y.z: \"true\"\n    spec:\n      securityContext:\n        seccompProfile:\n          localhostProfile: \"a b.json\"\n          type: Localhost\n      containers:\n      - {name: a}\n      - name: b\n        securityContext:\n          capabilities:\n            drop:\n            - ALL\n            - NET_RAW\n          runAsNonRoot: true\n",
    );
}

#[test]
fn texts_that_would_mean_something_else_are_quoted() {
    for text in [
        "yes",
        "1.10",
        "a: b",
        "it's",
        "",
        "ü",
        "\u{202e}x",
        "a#b",
        "null",
        "- x",
        "\\",
        "\"",
        "\u{1f600}",
        "a\nb",
    ] {
        for before in [
            "kind: A\nm:\n  k: o\n",
            "kind: A\nm:\n  k: 'o'\n",
            "kind: A\nm: {k: o}\n",
            "{\"kind\": \"A\", \"m\": {\"k\": \"o\"}}",
        ] {
            let sets = [set("m x", json!(text)), set("m k", json!(text))];
            let (found, outcome) = edited(before, "A", &sets);
            assert_eq!(outcome.left, [], "{text:?} in {before}: {found}");
            assert_eq!(
                super::objects(&found)[0]["m"],
                json!({"x": text, "k": text})
            );
        }
    }
}
