use psp2psa::input::{InputFile, documents};
use serde::Deserialize;
use serde_json::{Value, json};

use super::behaviour::pod;
use super::binary::{hostile_pods, plain, refused, run, writing};
use super::typed;
use crate::policies::CREATIONS;

/// The JSON contract, so that an added field is seen here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Document {
    schema_version: String,
    kind: String,
    #[serde(rename = "tool")]
    _tool: Value,
    #[serde(rename = "diagnostics")]
    _diagnostics: Vec<Value>,
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    kind: String,
    namespace: Option<String>,
    name: String,
    source: Place,
    admitted: bool,
    policy: Option<String>,
    mutated: bool,
    candidates: Vec<Candidate>,
    errors: Vec<String>,
    changes: Vec<Change>,
    pod: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    file: String,
    document: u32,
    line: u32,
    column: u32,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Candidate {
    policy: String,
    via: Option<String>,
    valid: bool,
    mutated: bool,
    errors: Vec<String>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Change {
    path: String,
    before: Value,
    after: Value,
}

#[test]
fn the_report_has_the_fields_of_the_contract() {
    let ran = run(
        &[writing(), pod("shop", "p"), refused()],
        &["--assume-authorized", "-o", "json"],
    );
    let report: Document = serde_json::from_str(&ran.stdout).expect("an AdmitReport");
    assert_eq!(
        (report.schema_version.as_str(), report.kind.as_str()),
        ("v1", "AdmitReport")
    );
    let [admitted, refused] = report.results.as_slice() else {
        panic!("{}", ran.stdout);
    };

    assert_eq!(
        (admitted.kind.as_str(), admitted.name.as_str()),
        ("Pod", "p")
    );
    assert_eq!(admitted.namespace.as_deref(), Some("shop"));
    let source = &admitted.source;
    assert_eq!((source.file.as_str(), source.document), ("-", 2));
    assert_eq!((source.line, source.column), (2, 2));
    assert!(admitted.admitted && admitted.mutated && admitted.errors.is_empty());
    assert_eq!(admitted.policy.as_deref(), Some("writing"));
    let candidate = Candidate {
        policy: "writing".to_owned(),
        via: Some("assumed".to_owned()),
        valid: true,
        mutated: true,
        errors: Vec::new(),
    };
    assert_eq!(admitted.candidates, [candidate]);
    let change = Change {
        path: "spec.containers[0].securityContext.capabilities.drop".to_owned(),
        before: json!(null),
        after: json!(["ALL"]),
    };
    assert_eq!(admitted.changes, [change]);
    assert_eq!(admitted.pod.as_ref().expect("a pod")["kind"], "Pod");

    assert!(!refused.admitted && !refused.mutated && refused.changes.is_empty());
    assert_eq!(
        (refused.policy.as_ref(), refused.pod.as_ref()),
        (None, None)
    );
    let error = "writing: spec.securityContext.hostPID: Invalid value: true: Host PID is not allowed to be used";
    assert_eq!(refused.errors, [error]);
}

#[test]
fn pods_in_yaml_read_back_as_those_in_json() {
    let mut objects = vec![plain(), writing(), refused()];
    objects.extend(hostile_pods());
    for line in CREATIONS[0].1.lines() {
        let line: Value = serde_json::from_str(line).expect("a vector");
        objects.push(line["pod"].clone());
    }
    let json = run(&objects, &["--assume-authorized", "-o", "json"]);
    let report: Document = serde_json::from_str(&json.stdout).expect("an AdmitReport");
    let pods: Vec<Value> = report
        .results
        .into_iter()
        .filter_map(|one| one.pod)
        .collect();
    assert!(pods.len() > 200, "{}", pods.len());

    let yaml = run(&objects, &["--assume-authorized", "-o", "yaml"]);
    assert_eq!(yaml.code, json.code);
    let file = InputFile::new("pods.yaml", yaml.stdout.into_bytes());
    let reading = documents(&file);
    assert!(reading.unreadable.is_empty(), "{:?}", reading.diagnostics);
    assert_eq!(reading.documents.len(), pods.len());
    for (document, pod) in reading.documents.iter().zip(&pods) {
        assert_eq!(&document.value().expect("a pod"), pod);
        assert_eq!(
            document.decode::<psp2psa::model::pod::Pod>(),
            Ok(typed(pod))
        );
    }
}
