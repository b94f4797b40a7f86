//! What is enforced has no witness, and no pod that is found by chance beats one that there is.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::pods::{self, Edit};
use super::{Fate, amount, config, fate, refusing};
use crate::policies::{self, CREATIONS, VERSIONS};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use psp2psa::mapping::{self, Control};
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::psp;
use psp2psa::pss::{CHECKS, Check, Level, Revision, Verdict, Version};
use serde_json::Value;

/// How many pods are made of one policy's.
const PODS: usize = 16;

/// Whether pods can only fail the check by saying something. What a policy writes into a pod it never takes away, so
/// such a check that is enforced holds for pods as they are written too; the others hold once the policy has written.
///
/// Seccomp before v1.19 is an exception: an empty annotation fails the check, and a policy's default replaces it.
fn forbids(check: &Check, revision: &Revision) -> bool {
    match check.id {
        "procMount_restricted" | "restrictedVolumes" | "runAsUser" => true,
        "seccompProfile_baseline" => revision.since >= 19,
        _ => check.level == Level::Baseline,
    }
}

/// What a run has seen.
#[derive(Debug, Default)]
struct Seen {
    /// Pods that were stored.
    stored: u32,
    /// By check: stored pods that passed because the policy enforces it, and stored pods that failed it.
    by_check: BTreeMap<&'static str, (u32, u32)>,
}

/// Compares a stored pod with the verdicts on its policy.
fn compare(policy: &PodSecurityPolicy, fate: &Fate, seen: &mut Seen) -> Result<(), TestCaseError> {
    seen.stored += 1;
    for check in CHECKS {
        for revision in check.revisions {
            let exposure = (revision.policy)(policy);
            let refused = (revision.pod)(&fate.stored);
            let (passed, failed) = seen.by_check.entry(check.id).or_default();
            *failed += u32::from(refused.is_some());
            if exposure.verdict != Verdict::Enforced {
                continue;
            }
            *passed += 1;
            let written = forbids(check, revision).then_some(&fate.written);
            let refused = refused.or_else(|| written.and_then(revision.pod));
            prop_assert!(
                refused.is_none(),
                "{} since v1.{} is called enforced ({}), but {refused:?} of {:?}",
                check.id,
                revision.since,
                exposure.message,
                fate.stored
            );
        }
    }
    Ok(())
}

/// Whether the pod is a better witness: refused by the same check and by fewer others of its level.
fn beats(fate: &Fate, witnesses: &[(&Control, usize)], version: Version) -> Option<&'static str> {
    let windows = fate
        .stored
        .spec
        .os
        .as_ref()
        .is_some_and(|os| os.name == "windows");
    let levels = [Level::Baseline, Level::Restricted];
    let refusing = levels.map(|level| (level, refusing(level, version, &fate.stored)));
    let better = |(control, others): &&(&Control, usize)| {
        refusing.iter().any(|(level, refusing)| {
            *level == control.level && refusing.contains(&control.check) && refusing.len() < *others
        })
    };
    // Some checks spare pods for Windows; no witness makes use of that.
    witnesses
        .iter()
        .find(better)
        .map(|(control, _)| control.check)
        .filter(|_| !windows)
}

/// Changes the witnesses for a policy, its plain pod and the given ones, and compares what is stored with the verdicts.
fn search(
    policy: &PodSecurityPolicy,
    version: Version,
    pods: &[Value],
    changes: &[(Index, Vec<Edit>)],
    seen: &mut Seen,
) -> Result<(), TestCaseError> {
    let mapping = mapping::map(policy, version);
    let witnesses = mapping.controls.iter().filter_map(|control| {
        let stored = fate(policy, control.witness.as_ref()?).ok()?.stored;
        Some((control, refusing(control.level, version, &stored).len()))
    });
    let witnesses: Vec<(&Control, usize)> = witnesses.collect();
    let mut bases = pods.to_vec();
    bases.extend(mapping::plain_pod(policy));
    bases.extend(
        mapping
            .controls
            .iter()
            .filter_map(|control| control.witness.clone()),
    );
    if bases.is_empty() {
        bases.push(serde_json::json!({ "spec": { "containers": [{ "name": "c" }] } }));
    }
    for (base, edits) in changes {
        let mut pod = base.get(&bases).clone();
        edits.iter().for_each(|edit| pods::apply(&mut pod, edit));
        let Ok(fate) = fate(policy, &pod) else {
            continue;
        };
        prop_assert!(
            mapping.level.is_some(),
            "{}, but stored: {pod}",
            mapping.no_level
        );
        compare(policy, &fate, seen)?;
        let beaten = beats(&fate, &witnesses, version);
        prop_assert!(beaten.is_none(), "{beaten:?} at {version}: beaten by {pod}");
    }
    Ok(())
}

#[track_caller]
fn run<P: std::fmt::Debug>(
    strategy: impl Strategy<Value = P>,
    search: impl Fn(P, &mut Seen) -> Result<(), TestCaseError>,
) {
    let seen = RefCell::new(Seen::default());
    TestRunner::new(config(amount(400, 40_000)))
        .run(&strategy, |case| search(case, &mut seen.borrow_mut()))
        .unwrap_or_else(|error| panic!("{error}"));
    let seen = seen.into_inner();
    assert!(seen.stored >= amount(1_000, 100_000), "{seen:?}");
    for (check, (passed, failed)) in &seen.by_check {
        assert!(*failed > 0, "nothing failed {check}: {seen:?}");
        let never_enforced = ["hostProbesAndHostLifecycle", "runAsNonRoot", "runAsUser"];
        assert_eq!(
            *passed > 0,
            !never_enforced.contains(check),
            "{check}: {seen:?}"
        );
    }
}

#[test]
fn no_pod_of_generated_policies_fails_an_enforced_check_or_beats_a_witness() {
    let strategy = (
        policies::valid_policies(),
        proptest::sample::select(&VERSIONS[..]),
        pods::changes(PODS),
    );
    run(strategy, |(policy, version, changes), seen| {
        search(&policy, version, &[], &changes, seen)
    });
}

#[test]
fn no_pod_like_those_of_the_vectors_fails_an_enforced_check_or_beats_a_witness() {
    let pairs = pods_of_the_vectors();
    assert!(pairs.len() > 500, "{}", pairs.len());
    let strategy = (
        any::<Index>(),
        proptest::sample::select(&VERSIONS[..]),
        pods::changes(PODS),
    );
    run(strategy, |(index, version, changes), seen| {
        let (policy, pod) = index.get(&pairs);
        search(policy, version, std::slice::from_ref(pod), &changes, seen)
    });
}

/// Policies of the vectors, each with a pod that it admits.
fn pods_of_the_vectors() -> Vec<(PodSecurityPolicy, Value)> {
    let mut pairs = Vec::new();
    for line in CREATIONS[0].1.lines() {
        let vector: Value = serde_json::from_str(line).expect("a vector");
        for object in vector["psps"].as_array().into_iter().flatten() {
            let policy = policies::decode(object);
            let valid = psp::validate_policy(&policy).is_empty();
            if valid && fate(&policy, &vector["pod"]).is_ok() {
                pairs.push((policy, vector["pod"].clone()));
            }
        }
    }
    pairs
}
