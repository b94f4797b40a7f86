//! Generated manifests in every style: after an edit each object is what it was with the change, every comment and
//! line end is where it was, and a second edit changes nothing.

use std::fmt::Write as _;

use proptest::prelude::*;
use psp2psa::edit::{self, At, Set, Wish};
use psp2psa::input::{self, InputFile};
use serde_json::{Map, Value, json};

use super::objects;

/// Choices that follow from one number.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

/// How a file is written.
struct Style {
    step: usize,
    dash: usize,
    /// How much of it is in flow style: one in so many.
    flow: usize,
    comments: bool,
}

const TEXTS: &[&str] = &[
    "a", "team-b", "true", "1.10", "a: b", "it's", "x #y", "", "ü", "no", "v1.30", "*x", "{}",
];

fn labels(dice: &mut Dice) -> Value {
    match dice.roll(4) {
        0 => Value::Null,
        1 => json!({}),
        _ => {
            let mut labels = Map::new();
            for _ in 0..=dice.roll(3) {
                let key = dice.pick(&[
                    "a",
                    "app.kubernetes.io/name",
                    "true",
                    "pod-security.kubernetes.io/audit",
                ]);
                labels.insert(key.to_owned(), json!(dice.pick(TEXTS)));
            }
            Value::Object(labels)
        }
    }
}

fn metadata(dice: &mut Dice) -> Value {
    let mut metadata = Map::new();
    let mut fields = vec![("name", json!(dice.pick(&["shop", "123", "no"])))];
    if !dice.one_in(3) {
        fields.push(("labels", labels(dice)));
    }
    if dice.one_in(2) {
        fields.push((
            "annotations",
            json!({"text": dice.pick(&["x", "one\ntwo\n", "one\n\ntwo", "end\n\n\n"])}),
        ));
    }
    if dice.one_in(2) {
        fields.reverse();
    }
    metadata.extend(
        fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value)),
    );
    Value::Object(metadata)
}

fn container(dice: &mut Dice, name: usize) -> Value {
    let mut container = Map::new();
    container.insert("name".to_owned(), json!(format!("c{name}")));
    match dice.roll(5) {
        0 => {}
        1 => {
            container.insert("securityContext".to_owned(), json!({}));
        }
        2 => {
            container.insert(
                "securityContext".to_owned(),
                json!({"capabilities": {"drop": ["ALL"]}}),
            );
        }
        3 => {
            container.insert(
                "securityContext".to_owned(),
                json!({"capabilities": null, "runAsUser": 1}),
            );
        }
        _ => {
            container.insert("securityContext".to_owned(), json!({"runAsNonRoot": false}));
        }
    }
    container.insert("image".to_owned(), json!("i:1"));
    if dice.one_in(2) {
        container.insert("args".to_owned(), json!(["-x", "two\nlines\n"]));
    }
    Value::Object(container)
}

fn object(dice: &mut Dice) -> Value {
    match dice.roll(3) {
        0 => json!({"kind": "Other", "metadata": metadata(dice), "data": {"x": "- a\n- b\n"}}),
        1 => {
            let containers: Vec<Value> = (0..=dice.roll(2)).map(|n| container(dice, n)).collect();
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(dice),
                "spec": {"template": {"metadata": metadata(dice), "spec": {"containers": containers}}}})
        }
        _ => json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(dice)}),
    }
}

fn comment(out: &mut String, dice: &mut Dice, style: &Style) {
    if style.comments && dice.one_in(4) {
        let _ = write!(
            out,
            "{}# note {}",
            " ".repeat(1 + dice.roll(3)),
            dice.roll(100)
        );
    }
    out.push('\n');
}

fn own_line(out: &mut String, dice: &mut Dice, style: &Style, indent: usize) {
    if style.comments && dice.one_in(6) {
        let blanks = if dice.one_in(2) { indent } else { dice.roll(9) };
        let _ = writeln!(out, "{}# line {}", " ".repeat(blanks), dice.roll(100));
    }
    if style.comments && dice.one_in(9) {
        out.push('\n');
    }
}

fn text(dice: &mut Dice, text: &str) -> String {
    let plain = text.chars().all(|c| c.is_ascii_alphabetic() || c == '-')
        && !text.is_empty()
        && !text.starts_with('-')
        && !["true", "no", "null", "x"].contains(&text);
    match dice.roll(3) {
        0 if plain => text.to_owned(),
        1 if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
        _ => json!(text).to_string(),
    }
}

fn scalar(dice: &mut Dice, value: &Value) -> String {
    match value {
        Value::String(string) => text(dice, string),
        Value::Null => dice.pick(&["null", "~"]).to_owned(),
        value => value.to_string(),
    }
}

fn flow(out: &mut String, value: &Value, dice: &mut Dice, style: &Style, indent: usize) {
    let lines = dice.one_in(3);
    let (open, parts, close): (char, Vec<(Option<&String>, &Value)>, char) = match value {
        Value::Object(fields) => ('{', fields.iter().map(|(k, v)| (Some(k), v)).collect(), '}'),
        Value::Array(items) => ('[', items.iter().map(|v| (None, v)).collect(), ']'),
        value => {
            let scalar = scalar(dice, value);
            return out.push_str(&scalar);
        }
    };
    let pad = dice.pick(&["", " "]);
    out.push(open);
    let count = parts.len();
    for (at, (key, part)) in parts.into_iter().enumerate() {
        match lines {
            true => {
                comment(out, dice, style);
                out.push_str(&" ".repeat(indent + style.step));
            }
            false => out.push_str(pad),
        }
        if let Some(key) = key {
            let key = text(dice, key);
            let _ = write!(out, "{key}: ");
        }
        flow(out, part, dice, style, indent + style.step);
        if at + 1 < count || (lines && dice.one_in(3)) {
            out.push(',');
        }
    }
    match lines && count > 0 {
        true => {
            comment(out, dice, style);
            out.push_str(&" ".repeat(indent + 1));
        }
        false => out.push_str(pad),
    }
    out.push(close);
}

/// The value of a key in block style, from the colon to the end of its last line.
fn block_value(out: &mut String, value: &Value, dice: &mut Dice, style: &Style, indent: usize) {
    match value {
        Value::String(text) if text.ends_with('\n') && !dice.one_in(4) => {
            let keep = text.ends_with("\n\n");
            let _ = writeln!(out, " |{}", if keep { "+" } else { "" });
            for line in text.split_inclusive('\n') {
                match line {
                    "\n" => out.push('\n'),
                    line => {
                        let _ = write!(out, "{}{line}", " ".repeat(indent + style.step));
                    }
                }
            }
            if !keep && dice.one_in(3) {
                out.push('\n');
            }
        }
        Value::Object(fields) if !fields.is_empty() && !dice.one_in(style.flow) => {
            comment(out, dice, style);
            block(out, fields, dice, style, indent + style.step, false);
        }
        Value::Array(items) if !items.is_empty() && !dice.one_in(style.flow) => {
            comment(out, dice, style);
            for item in items {
                own_line(out, dice, style, indent);
                let blanks = 1 + dice.roll(2);
                let _ = write!(out, "{}-", " ".repeat(indent + style.dash));
                match item {
                    Value::Object(fields) if !fields.is_empty() && !dice.one_in(style.flow) => {
                        out.push_str(&" ".repeat(blanks));
                        block(
                            out,
                            fields,
                            dice,
                            style,
                            indent + style.dash + 1 + blanks,
                            true,
                        );
                    }
                    item => block_value(out, item, dice, style, indent + style.dash),
                }
            }
        }
        Value::Null if dice.one_in(2) => comment(out, dice, style),
        value => {
            out.push(' ');
            flow(out, value, dice, style, indent);
            comment(out, dice, style);
        }
    }
}

fn block(
    out: &mut String,
    fields: &Map<String, Value>,
    dice: &mut Dice,
    style: &Style,
    indent: usize,
    mut begun: bool,
) {
    for (key, value) in fields {
        if !begun {
            own_line(out, dice, style, indent);
            out.push_str(&" ".repeat(indent));
        }
        begun = false;
        let key = text(dice, key);
        let _ = write!(out, "{key}:");
        block_value(out, value, dice, style, indent);
    }
}

/// A file with some objects, in one of many styles.
fn file(dice: &mut Dice) -> String {
    let style = Style {
        step: 1 + dice.roll(4),
        dash: dice.roll(3),
        flow: [1, 3, 6, 50][dice.roll(4)],
        comments: dice.one_in(2),
    };
    let objects: Vec<Value> = (0..=dice.roll(4)).map(|_| object(dice)).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let mut out = String::new();
    match dice.roll(6) {
        0 => out = serde_json::to_string_pretty(&list).expect("JSON"),
        1 => out = list.to_string(),
        2 => {
            for object in &objects {
                let _ = writeln!(out, "{}", object);
            }
        }
        3 => block(
            &mut out,
            list.as_object().expect("an object"),
            dice,
            &style,
            0,
            false,
        ),
        _ => {
            for object in &objects {
                if !out.is_empty() || dice.one_in(2) {
                    out.push_str(dice.pick(&["---\n", "--- # next\n", "---\n# head\n\n"]));
                }
                block(
                    &mut out,
                    object.as_object().expect("an object"),
                    dice,
                    &style,
                    0,
                    false,
                );
            }
        }
    }
    if dice.one_in(4) {
        out = out.trim_end().to_owned();
    }
    if dice.one_in(4) {
        out = out.replace('\n', "\r\n");
    }
    if dice.one_in(8) {
        out.insert(0, '\u{feff}');
    }
    out
}

fn keys(path: &str) -> Vec<At> {
    path.split(' ')
        .map(|step| match step.parse() {
            Ok(index) => At::Index(index),
            Err(_) => At::Key(step.to_owned()),
        })
        .collect()
}

/// Sets a field of an object, whatever stands on the way.
fn put(object: &mut Value, path: &[At], value: &Value) {
    let place = path.iter().fold(object, |place, at| match at {
        At::Key(key) => {
            if !place.is_object() {
                *place = json!({});
            }
            &mut place[key.as_str()]
        }
        At::Index(index) => &mut place[index],
    });
    *place = value.clone();
}

/// What to change in an object, and the object once it is changed.
fn wish(object: &Value, dice: &mut Dice) -> (Vec<Set>, Value) {
    let mut changes: Vec<(String, Value)> = Vec::new();
    let mut changed = object.clone();
    if object["kind"] == "Namespace" {
        for label in ["audit", "audit-version", "enforce", "warn"] {
            if dice.one_in(2) {
                let key = format!("metadata labels pod-security.kubernetes.io/{label}");
                changes.push((key, json!(dice.pick(&["baseline", "v1.30", "1.30"]))));
            }
        }
    }
    for (index, container) in object["spec"]["template"]["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let at = format!("spec template spec containers {index} securityContext");
        let drop = &container["securityContext"]["capabilities"]["drop"];
        let dropped = match drop.as_array() {
            Some(_) => json!(["ALL", "NET_RAW"]),
            None => json!(["NET_RAW"]),
        };
        for (field, value) in [
            ("runAsNonRoot", json!(true)),
            ("capabilities drop", dropped),
            ("seccompProfile", json!({"type": "RuntimeDefault"})),
        ] {
            if dice.one_in(2) {
                changes.push((format!("{at} {field}"), value));
            }
        }
    }
    if !object["spec"]["template"].is_null() && dice.one_in(2) {
        changes.push((
            "spec template spec securityContext fsGroup".to_owned(),
            json!(1),
        ));
        changes.push((
            "spec template metadata annotations a.b/c".to_owned(),
            json!("runtime/default"),
        ));
    }
    let mut sets = Vec::new();
    for (path, value) in changes {
        let path = keys(&path);
        put(&mut changed, &path, &value);
        sets.push(Set { path, value });
    }
    (sets, changed)
}

/// The comments of a text, in order.
fn comments(text: &str) -> Vec<&str> {
    let marks = text.match_indices('#');
    marks
        .filter_map(|(at, _)| {
            let comment = text[at..].lines().next()?;
            ["# note", "# line", "# next", "# head"]
                .iter()
                .any(|word| comment.starts_with(word))
                .then_some(comment)
        })
        .collect()
}

/// Puts a few characters into a text that have a meaning in YAML or JSON, or are longer than a byte.
fn damaged(text: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.roll(3) {
        let at = dice.roll(chars.len());
        let odd = dice.pick(&[
            "{", "}", "[", "]", ":", "-", "#", "&a ", "*a", "|", ">", "'", "\"", "\n", "\r", "\t",
            " ", ",", "?", "<<: ", "é", "\u{2028}", "\u{feff}", "!!str ", "---\n", "...\n", "\0",
            "\\",
        ]);
        match dice.roll(3) {
            0 => {
                chars.splice(at..=at, odd.chars());
            }
            1 => {
                chars.splice(at..at, odd.chars());
            }
            _ => {
                chars.drain(at..(at + 1 + dice.roll(5)).min(chars.len()));
            }
        }
        if chars.is_empty() {
            chars.push(' ');
        }
    }
    chars.into_iter().collect()
}

/// What a reading holds: each object, and what is said.
fn read(bytes: &[u8]) -> (Vec<Option<Value>>, Vec<&'static str>) {
    let file = InputFile::new("in.yaml", bytes.to_vec());
    let reading = input::documents(&file);
    let documents = reading.documents.iter();
    let said = reading.diagnostics.iter();
    (
        documents.map(|document| document.value().ok()).collect(),
        said.map(|diagnostic| diagnostic.code.name).collect(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_text_is_edited_as_meant_or_not_at_all(seed in 1_u64..) {
        let mut dice = Dice(seed);
        dice.roll(2);
        let text = file(&mut dice);
        let text = damaged(&text, &mut dice);
        let input = InputFile::new("in.yaml", text.clone().into_bytes());
        let reading = input::documents(&input);
        let (mut expected, said) = read(text.as_bytes());
        let mut wishes = Vec::new();
        for (document, before) in reading.documents.iter().zip(&expected) {
            let (sets, _) = wish(before.as_ref().unwrap_or(&Value::Null), &mut dice);
            let object = format!("{} {}", document.kind, wishes.len());
            wishes.push(Wish { source: document.source.clone(), object, sets });
        }
        let outcome = edit::edit(&input, &wishes);
        for (object, wish) in expected.iter_mut().zip(&wishes) {
            let (Some(object), true) = (object, outcome.objects.contains(&wish.object)) else {
                continue;
            };
            for set in &wish.sets {
                put(object, &set.path, &set.value);
            }
        }
        let new = edit::apply(&input.bytes, &outcome.splices);
        prop_assert_eq!(read(&new), (expected, said), "{}\n-----\n{}", text, String::from_utf8_lossy(&new));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_edit_changes_what_is_meant_and_nothing_else(seed in 1_u64..) {
        let mut dice = Dice(seed);
        dice.roll(2);
        let text = file(&mut dice);
        let input = InputFile::new("in.yaml", text.clone().into_bytes());
        let reading = input::documents(&input);
        prop_assert!(reading.unreadable.is_empty(), "{:?}\n{}", reading.diagnostics, text);
        let mut wishes = Vec::new();
        let mut expected = Vec::new();
        for document in &reading.documents {
            let before = document.value().expect("an object");
            let (sets, changed) = wish(&before, &mut dice);
            if !sets.is_empty() {
                let object = format!("{} x", document.kind);
                wishes.push(Wish { source: document.source.clone(), object, sets });
            }
            expected.push(changed);
        }
        let outcome = edit::edit(&input, &wishes);
        prop_assert!(outcome.left.is_empty(), "{:?}\n{}", outcome.left, text);
        let new = String::from_utf8(edit::apply(&input.bytes, &outcome.splices)).expect("UTF-8");
        prop_assert_eq!(objects(&new), expected, "{}\n-----\n{}", text, new);
        prop_assert_eq!(comments(&new), comments(&text), "{}\n-----\n{}", text, new);
        let crlf = |text: &str| text.matches("\r\n").count();
        let lines = new.matches('\n').count();
        if crlf(&text) > 0 || !text.contains('\n') {
            prop_assert_eq!(crlf(&new), if crlf(&text) > 0 { lines } else { 0 }, "{:?}\n-----\n{:?}", text, new);
        }
        prop_assert_eq!(text.ends_with('\n'), new.ends_with('\n'), "{:?}\n-----\n{:?}", text, new);
        prop_assert_eq!(text.starts_with('\u{feff}'), new.starts_with('\u{feff}'));

        // Lines are only added, or changed in place.
        let kept = new.lines().collect::<Vec<_>>();
        let mut at = 0;
        for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
            at += kept[at..].iter().position(|new| *new == line).expect("a comment line stays") + 1;
        }

        let again = InputFile::new("in.yaml", new.clone().into_bytes());
        let documents = input::documents(&again).documents;
        for wish in &mut wishes {
            let at = reading.documents.iter().position(|old| old.source == wish.source).expect("a source");
            wish.source = documents[at].source.clone();
        }
        let outcome = edit::edit(&again, &wishes);
        prop_assert!(outcome.splices.is_empty() && outcome.left.is_empty(), "{}", new);
    }
}
