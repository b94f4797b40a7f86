//! The answer of `admit`.

use crate::admit::{Candidate, Replayed};
use crate::render::json::{changes, source, v1};

/// The answer of `admit`. It takes what was replayed because whole pods are big.
pub fn admit(replayed: Vec<Replayed>) -> v1::AdmitReport {
    v1::AdmitReport {
        results: replayed.into_iter().map(result).collect(),
    }
}

fn result(one: Replayed) -> v1::AdmitResult {
    let pod = one.pod();
    let chosen = one.chosen.as_ref();
    v1::AdmitResult {
        namespace: one.workload.namespace.clone(),
        name: one.workload.meta.display_name(),
        source: source(one.workload.source()),
        admitted: chosen.is_some(),
        policy: chosen.map(|chosen| chosen.policy.clone()),
        mutated: chosen.is_some_and(|chosen| chosen.mutated),
        candidates: one.candidates.into_iter().map(candidate).collect(),
        errors: one.errors,
        changes: chosen.map_or_else(Vec::new, |chosen| changes(&chosen.changes)),
        pod,
        kind: one.workload.kind,
    }
}

fn candidate(candidate: Candidate) -> v1::AdmitCandidate {
    v1::AdmitCandidate {
        policy: candidate.policy,
        via: candidate.via,
        valid: candidate.valid,
        mutated: candidate.mutated,
        errors: candidate.errors,
    }
}
