use psp2psa::model::defaults;
use serde_json::{Value, json};

use super::typed;

const PODS: &[&str] = &[
    include_str!("../../../fixtures/vectors/psa.jsonl"),
    include_str!("../../../fixtures/vectors/psa-extra.jsonl"),
    include_str!("../../../fixtures/vectors/psp.jsonl"),
    include_str!("../../../fixtures/vectors/psp-cases.jsonl"),
];

#[test]
fn defaults_are_the_same_in_json_and_in_the_model() {
    let mut differ = 0;
    for line in PODS.iter().flat_map(|text| text.lines()) {
        let line: Value = serde_json::from_str(line).expect("a vector");
        let (mut json, mut model) = (line["pod"].clone(), typed(&line["pod"]));
        defaults::apply_to_json(&mut json);
        defaults::apply(&mut model);
        assert_eq!(typed(&json), model, "{}", line["id"]);
        differ += usize::from(json != line["pod"]);
    }
    assert!(differ > 1000, "{differ}");

    let mut odd = json!({
        "spec": {
            "hostNetwork": true,
            "serviceAccount": "old",
            "serviceAccountName": "",
            "containers": [
                null,
                { "ports": [null, { "containerPort": 80, "hostPort": null }, { "hostPort": 0 }] },
            ],
            "initContainers": null,
            "volumes": [
                null,
                { "name": "a", "secret": null, "unknown": {} },
                { "projected": { "sources": [null, { "downwardAPI": { "items": [
                    null, { "fieldRef": { "apiVersion": null } }, { "fieldRef": { "apiVersion": "v9" } },
                ] } }] } },
            ],
        },
    });
    let mut model = typed(&odd);
    defaults::apply_to_json(&mut odd);
    defaults::apply(&mut model);
    assert_eq!(typed(&odd), model);
    assert_eq!(odd["spec"]["containers"][1]["ports"][1]["hostPort"], 80);
    assert_eq!(odd["spec"]["volumes"][1]["unknown"], json!({}));
    for mut nothing in [json!(null), json!({}), json!({ "spec": null })] {
        defaults::apply_to_json(&mut nothing);
        assert_eq!(nothing["spec"], json!({ "securityContext": {} }));
    }
}
