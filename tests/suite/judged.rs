//! The forms for CI, SARIF and JUnit, of the commands that judge.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Call, Run, folder, run, write};

/// A name that means something in XML, in messages of SARIF and on terminals, and has what XML must not have.
const HOSTILE: &str = "<b>&amp;</b>]]>\"' [x](javascript:a) {0}\u{1b}[31m\0\u{ffff}\u{202e}\n";

/// A namespace with one violation.
const OBSERVABILITY: [&str; 10] = [
    "check",
    "-q",
    "-f",
    "fixtures/cluster",
    "--level",
    "baseline",
    "--version",
    "v1.24",
    "-n",
    "observability",
];

fn sarif(args: &[&str], code: i32) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = folder(&[]);
    let target = output.path().join("out").to_string_lossy().into_owned();
    let mut args = [args, &["-o", "sarif"]].concat();
    if args[0] == "migrate" {
        args.extend(["--output-dir", &target]);
    }
    let log = run(root, &args).expect(code).json();
    is_sarif(&log);
    log
}

/// Valid against the schema of OASIS, and what it cannot say: unique rules, and indexes that name them.
#[track_caller]
fn is_sarif(log: &Value) {
    let schema = include_str!("../../fixtures/sarif/sarif-schema-2.1.0.json");
    // The schema has one pattern that is no regular expression; it is about a field that we do not write.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a valid schema");
    let wrong: Vec<String> = validator
        .iter_errors(log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let driver = &log["runs"][0]["tool"]["driver"];
    let rules = driver["rules"].as_array().expect("rules");
    let ids: std::collections::BTreeSet<&str> = rules
        .iter()
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    assert_eq!(ids.len(), rules.len(), "every rule has an id of its own");
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            let text = rule[text]["text"].as_str().unwrap_or_default();
            assert!(text.len() > 5, "{}", rule["id"]);
        }
    }
    for result in results(log) {
        let index = result["ruleIndex"].as_u64().expect("an index");
        let rule = &rules[usize::try_from(index).expect("a small number")];
        assert_eq!(rule["id"], result["ruleId"]);
    }
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().expect("results")
}

#[test]
fn violations_stand_at_their_lines() {
    let log = sarif(&OBSERVABILITY, 1);
    let found = results(&log);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["ruleId"], "hostPathVolumes");
    assert_eq!(found[0]["level"], "error");
    let text = found[0]["message"]["text"].as_str().expect("a text");
    assert!(
        text.starts_with(
            "observability/DaemonSet fluent-bit violates baseline:v1.24: hostPath volumes ("
        ),
        "{text}"
    );
    let place = &found[0]["locations"][0];
    assert_eq!(
        place["physicalLocation"]["artifactLocation"]["uri"],
        "fixtures/cluster/workloads.yaml"
    );
    assert_eq!(place["physicalLocation"]["region"]["startLine"], 755);
    assert_eq!(
        place["logicalLocations"][0]["fullyQualifiedName"],
        "observability/DaemonSet fluent-bit"
    );
}

#[test]
fn without_a_level_what_stands_in_the_way_is_a_note() {
    let log = sarif(&["check", "-q", "-f", "fixtures/cluster"], 0);
    assert!(results(&log).len() > 10);
    assert!(results(&log).iter().all(|result| result["level"] == "note"));
}

#[test]
fn a_plan_has_its_findings_and_what_its_labels_refuse_or_warn_of() {
    let log = sarif(&["migrate", "-q", "-f", "fixtures/cluster"], 0);
    let of = |rule: &str, path: &str| {
        let found = results(&log).iter().find(|result| {
            let at = &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"];
            result["ruleId"] == rule && at == path
        });
        found.map(|result| result["level"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(of("label-invalid", "loyalty").as_deref(), Some("error"));
    assert_eq!(
        of("mutation-lost", "marketing-cms/Rollout cms").as_deref(),
        Some("warning")
    );
    // legacy-billing enforces privileged, and baseline warns.
    assert_eq!(
        of("hostPorts", "legacy-billing/Deployment pos-gateway").as_deref(),
        Some("note")
    );
    assert_eq!(
        of("runAsNonRoot", "legacy-billing/Deployment pos-gateway"),
        None
    );
    // loyalty enforces restricted, and refuses.
    assert_eq!(
        of("seccompProfile_restricted", "loyalty/Deployment points-api").as_deref(),
        Some("error")
    );
}

#[test]
fn what_could_not_be_read_is_a_notification_and_an_error() {
    let files = folder(&[
        (
            "ok.yaml",
            "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}",
        ),
        ("bad.yaml", "a: ["),
    ]);
    let log = run(files.path(), &["check", "-q", "-f", ".", "-o", "sarif"])
        .expect(3)
        .json();
    is_sarif(&log);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let said = &invocation["toolExecutionNotifications"][0];
    assert_eq!(said["level"], "error");
    assert_eq!(
        said["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "bad.yaml"
    );

    let xml = run(files.path(), &["check", "-q", "-f", ".", "-o", "junit"])
        .expect(3)
        .stdout;
    let elements = elements(&xml);
    assert!(
        elements.contains(&"testsuites name tests=2 failures=0 errors=1 skipped".to_owned()),
        "{elements:?}"
    );
    assert!(elements.iter().any(|element| element.starts_with("error ")));
}

#[test]
fn paths_are_uris_and_standard_input_is_no_file() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostPID: true, containers: [{name: c, image: i}]}}";
    let files = folder(&[]);
    write(files.path(), "a b%20#?/c:d é.yaml", pod.as_bytes());
    let uri = |path: &str, stdin: &str| {
        let args = ["check", "-q", "-f", path, "-o", "sarif"];
        let mut call = Call::new(files.path(), &args);
        call.stdin = stdin.as_bytes();
        let log = call.run().expect(0).json();
        is_sarif(&log);
        results(&log)[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone()
    };
    let encoded = "a%20b%2520%23%3F/c%3Ad%20%C3%A9.yaml";
    assert_eq!(uri("a b%20#?", ""), encoded);
    assert_eq!(uri("./a b%20#?", ""), encoded);
    let folder = files.path().to_string_lossy();
    assert_eq!(
        uri(&format!("{folder}/a b%20#?"), ""),
        format!("file://{folder}/{encoded}")
    );
    assert_eq!(uri("-", pod), Value::Null);
}

/// A run over pods and a namespace whose texts are [`HOSTILE`]. A plan is made for valid names of namespaces only.
fn hostile(command: &[&str], output: &str) -> Run {
    let container =
        json!({ "name": HOSTILE, "image": "i", "securityContext": { "privileged": true } });
    let pod = |namespace: &str| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": HOSTILE, "namespace": namespace },
            "spec": { "hostPID": true, "containers": [container] },
        })
    };
    let enforce = "pod-security.kubernetes.io/enforce";
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop", "labels": { enforce: HOSTILE } },
    });
    let pod = format!("{}\n{}\n{namespace}\n", pod(HOSTILE), pod("shop"));
    let files = folder(&[("in.json", &pod)]);
    run(
        files.path(),
        &[command, &["-q", "-f", "in.json", "-o", output]].concat(),
    )
}

#[test]
fn hostile_names_are_text_in_sarif() {
    for command in [
        &["check", "--level", "baseline"][..],
        &["check"],
        &["migrate"],
    ] {
        let log = hostile(command, "sarif").json();
        is_sarif(&log);
        assert!(!results(&log).is_empty());
        for result in results(&log) {
            let text = result["message"]["text"].as_str().expect("a text");
            assert!(
                !text.contains("](") && !text.contains(char::is_control),
                "{text}"
            );
            assert!(
                !text
                    .replace("{{", "")
                    .replace("}}", "")
                    .contains(['{', '}']),
                "{text}"
            );
        }
    }
}

#[test]
fn a_case_fails_where_the_exit_code_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let args = [&OBSERVABILITY[..], &["-o", "junit"]].concat();
    let found = elements(&run(root, &args).expect(1).stdout);
    assert!(
        found.contains(&"testsuites name tests=3 failures=1 errors=0 skipped".to_owned()),
        "{found:?}"
    );
    assert_eq!(
        found
            .iter()
            .filter(|element| element.starts_with("testcase "))
            .count(),
        3
    );
    assert_eq!(
        found
            .iter()
            .filter(|element| element.starts_with("failure "))
            .count(),
        1
    );

    let output = folder(&[]);
    let target = output.path().join("out").to_string_lossy().into_owned();
    for (least, code, failures) in [("never", 0, 0), ("high", 1, 1)] {
        let args = [
            "migrate",
            "-q",
            "-f",
            "fixtures/cluster",
            "--output-dir",
            &target,
            "--fail-on",
            least,
            "-o",
            "junit",
        ];
        let found = elements(&run(root, &args).expect(code).stdout);
        assert!(
            found[1].starts_with(&format!("testsuites name tests=17 failures={failures} ")),
            "{found:?}"
        );
    }
}

#[test]
fn hostile_names_are_text_in_junit() {
    for command in [
        &["check", "--level", "baseline"][..],
        &["migrate", "--fail-on", "low"],
    ] {
        let found = elements(&hostile(command, "junit").stdout);
        let names: Vec<&str> = found
            .iter()
            .filter_map(|element| element.split(' ').next())
            .collect();
        assert!(names.contains(&"failure"), "{found:?}");
        let known = [
            "?xml",
            "testsuites",
            "testsuite",
            "testcase",
            "system-out",
            "failure",
        ];
        assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    }
}

/// The elements of an XML document in order, with the names of their attributes, and values where they are numbers of
/// cases. Fails if the document is not well formed: characters, references, quotes, tags that match.
#[track_caller]
fn elements(xml: &str) -> Vec<String> {
    let is_char = |c: char| {
        matches!(c, '\n' | '\t' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..) && c != '\u{7f}'
    };
    assert!(xml.chars().all(is_char), "{xml:?}");
    let mut open: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some((text, after)) = rest.split_once('<') {
        well_formed(text);
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let mut parts = tag.split('"');
        let mut element = parts
            .next()
            .expect("a name")
            .trim_end_matches('=')
            .to_owned();
        let name = element.split(' ').next().expect("a name").len();
        while let Some(value) = parts.next() {
            well_formed(value);
            if ["tests", "failures", "errors"]
                .iter()
                .any(|counted| element.ends_with(counted))
            {
                element += &format!("={value}");
            }
            element += parts.next().expect("a quote ends").trim_end_matches('=');
        }
        if !tag.starts_with('?') {
            open.push(&tag[..name]);
        }
        found.push(element.trim_end_matches('?').to_owned());
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    found
}

/// Text or the value of an attribute.
#[track_caller]
fn well_formed(text: &str) {
    assert!(!text.contains('<') && !text.contains("]]>"), "{text}");
    for part in text.split('&').skip(1) {
        let name = part.split_once(';').map(|(name, _)| name);
        assert!(
            matches!(name, Some("amp" | "lt" | "gt" | "quot" | "apos")),
            "{text}"
        );
    }
}

#[test]
fn commands_that_do_not_judge_have_neither_form() {
    for command in ["map", "access", "admit"] {
        for form in ["sarif", "junit"] {
            let refused = run(Path::new("."), &[command, "-f", "-", "-o", form]).expect(2);
            assert!(
                refused.stderr.contains("invalid value"),
                "{}",
                refused.stderr
            );
        }
    }
}
