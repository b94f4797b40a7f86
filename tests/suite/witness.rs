//! Witnesses: every verdict but `enforced` has a pod that proves it, confirmed here by a road of our own, and no pod
//! that can be found disproves an `enforced`.
//!
//! The second is a matter of numbers. By default a few seconds are spent on it, always on the same pods. At least
//! 100,000 admitted pods of each kind, others every time, and every policy of the vectors at every version take
//! `PSP2PSA_LONG=1 cargo test --release --test suite witness` and a few minutes.

mod claims;
mod enforced;
mod examples;
mod kept;
mod minimal;
mod pods;

use proptest::test_runner::{Config as ProptestConfig, RngSeed};
use psp2psa::model::defaults;
use psp2psa::model::pod::Pod;
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::psp;
use psp2psa::pss::{self, Level, Version};
use serde::Deserialize as _;
use serde_json::Value;

/// What became of a pod.
struct Fate {
    /// As its author wrote it, with the API server's defaults.
    written: Pod,
    /// As Kubernetes 1.24 stored it.
    stored: Pod,
}

/// What becomes of a pod under a policy alone, or why it is not stored.
fn fate(policy: &PodSecurityPolicy, pod: &Value) -> Result<Fate, String> {
    let mut written = Pod::deserialize(pod).map_err(|error| error.to_string())?;
    defaults::apply(&mut written);
    let texts = |errors: Vec<psp::FieldError>| {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        texts.join("; ")
    };
    let admitted = psp::admits(policy, &written).map_err(texts)?;
    let stored = psp::stored(&admitted);
    match psp::api_errors(&stored) {
        errors if errors.is_empty() => Ok(Fate { written, stored }),
        errors => Err(texts(errors)),
    }
}

/// The checks of a level that refuse a pod.
fn refusing(level: Level, version: Version, pod: &Pod) -> Vec<&'static str> {
    pss::evaluate(level, version, pod)
        .iter()
        .map(|violation| violation.check)
        .collect()
}

/// Every check of a version that refuses a pod, whatever its level.
fn refusing_at_all(version: Version, pod: &Pod) -> Vec<&'static str> {
    pss::controls(version)
        .into_iter()
        .filter(|(_, revision)| (revision.pod)(pod).is_some())
        .map(|(check, _)| check.id)
        .collect()
}

/// How much is generated: by default, or where the environment asks for more.
pub(crate) fn amount(usual: u32, long: u32) -> u32 {
    match is_long() {
        true => long,
        false => usual,
    }
}

fn is_long() -> bool {
    std::env::var_os("PSP2PSA_LONG").is_some()
}

/// How cases are generated: by default always the same, so that what a run has seen does not depend on luck.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: match is_long() {
            true => RngSeed::Random,
            false => RngSeed::Fixed(1),
        },
        ..ProptestConfig::default()
    }
}
