//! No verdict is contradicted by a pod that the real plugin admitted.

use super::{VERSIONS, decode};
use crate::policies::CREATIONS;
use psp2psa::mapping;
use psp2psa::model::pod::Pod;
use psp2psa::pss::{self, Verdict};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Admission {
    id: String,
    psps: Vec<Value>,
    expect: Expected,
}

#[derive(Deserialize)]
struct Expected {
    admitted: bool,
    #[serde(default)]
    psp: String,
    pod: Option<Pod>,
    pod_stored: Option<Pod>,
    #[serde(default)]
    api_errors: Vec<String>,
}

#[test]
fn no_pod_that_the_plugin_admitted_contradicts_a_verdict() {
    let mut pods = 0;
    let mut violations = 0;
    for line in CREATIONS.iter().flat_map(|(_, text)| text.lines()) {
        let vector: Admission = serde_json::from_str(line).unwrap();
        let expect = &vector.expect;
        let Some(pod) = expect.pod_stored.as_ref().or(expect.pod.as_ref()) else {
            continue;
        };
        if !expect.admitted || !expect.api_errors.is_empty() {
            continue;
        }
        pods += 1;
        let policy = vector
            .psps
            .iter()
            .map(decode)
            .find(|policy| policy.name == expect.psp)
            .expect("the chosen policy is in the vector");
        for version in VERSIONS {
            let mapping = mapping::map(&policy, version);
            assert!(
                mapping.level.is_some(),
                "{}: {}",
                vector.id,
                mapping.no_level
            );
            for ((check, revision), control) in
                pss::controls(version).into_iter().zip(&mapping.controls)
            {
                if let Some(forbidden) = (revision.pod)(pod) {
                    violations += 1;
                    assert_ne!(
                        control.exposure.verdict,
                        Verdict::Enforced,
                        "{}: {} at {version} is called enforced ({}), but: {}",
                        vector.id,
                        check.id,
                        control.exposure.message,
                        forbidden.detail
                    );
                }
            }
        }
    }
    assert!(pods >= 100 && violations >= 1000, "{pods} {violations}");
}
