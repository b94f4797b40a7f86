use super::Vector;
use super::objects::{pod, policy};
use crate::policies::CREATIONS;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use psp2psa::model::defaults;
use psp2psa::model::pod::Pod;
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::psp;
use serde_json::{Map, Value, json};

/// An object in which each member is absent as often as present.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| proptest::option::of(value).prop_map(move |v| (name, v)))
        .collect();
    members
        .prop_map(|members| {
            let present = members.into_iter();
            let present = present.filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(present.collect::<Map<String, Value>>())
        })
        .boxed()
}

fn one_of(values: &'static [&'static str]) -> BoxedStrategy<Value> {
    select(values).prop_map(Value::from).boxed()
}

fn some_of(values: &'static [&'static str]) -> BoxedStrategy<Value> {
    let most = values.len().min(3);
    vec(select(values), 0..=most).prop_map(Value::from).boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

fn id() -> BoxedStrategy<Value> {
    select(&[0_i64, 1, 1000, 65534][..])
        .prop_map(Value::from)
        .boxed()
}

fn list(item: BoxedStrategy<Value>, most: usize) -> BoxedStrategy<Value> {
    vec(item, 0..=most).prop_map(Value::from).boxed()
}

const CAPS: &[&str] = &["ALL", "KILL", "CHOWN", "SYS_ADMIN"];
const SECCOMP: &[&str] = &[
    "runtime/default",
    "docker/default",
    "unconfined",
    "localhost/a",
];
/// What a pod may say: an empty annotation is refused by the API, but only after admission.
const SECCOMP_IN_PODS: &[&str] = &[
    "",
    "runtime/default",
    "docker/default",
    "localhost/",
    "localhost/a",
];
const APP_ARMOR: &[&str] = &["", "runtime/default", "localhost/a"];

fn se_linux() -> BoxedStrategy<Value> {
    object(vec![
        ("type", one_of(&["t", "u"])),
        ("level", one_of(&["s0:c1,c2", "s0:c2,c1", "s0"])),
    ])
}

fn seccomp_profile() -> BoxedStrategy<Value> {
    select(&["RuntimeDefault", "Unconfined", "Localhost", "?"][..])
        .prop_flat_map(|kind| (Just(kind), proptest::option::of(select(&["a", ""][..]))))
        .prop_map(|(kind, path)| json!({ "type": kind, "localhostProfile": path }))
        .boxed()
}

fn container(name: &'static str) -> BoxedStrategy<Value> {
    let context = object(vec![
        ("runAsUser", id()),
        ("runAsGroup", id()),
        ("runAsNonRoot", flag()),
        ("readOnlyRootFilesystem", flag()),
        ("allowPrivilegeEscalation", flag()),
        ("seLinuxOptions", se_linux()),
        ("seccompProfile", seccomp_profile()),
        (
            "capabilities",
            object(vec![("add", some_of(CAPS)), ("drop", some_of(CAPS))]),
        ),
    ]);
    object(vec![("securityContext", context)])
        .prop_map(move |mut container| {
            container["name"] = json!(name);
            container
        })
        .boxed()
}

/// A pod as the plugin sees it, in which everything that can be written may be there already.
fn raw_pod() -> BoxedStrategy<Value> {
    let context = object(vec![
        ("runAsUser", id()),
        ("runAsGroup", id()),
        ("runAsNonRoot", flag()),
        ("fsGroup", id()),
        ("supplementalGroups", list(id(), 2)),
        ("seLinuxOptions", se_linux()),
        ("seccompProfile", seccomp_profile()),
    ]);
    let annotations = object(vec![
        (
            "seccomp.security.alpha.kubernetes.io/pod",
            one_of(SECCOMP_IN_PODS),
        ),
        (
            "container.seccomp.security.alpha.kubernetes.io/a",
            one_of(SECCOMP_IN_PODS),
        ),
        (
            "container.apparmor.security.beta.kubernetes.io/a",
            one_of(APP_ARMOR),
        ),
        ("note", one_of(&["x"])),
    ]);
    let spec = object(vec![
        ("securityContext", context),
        ("runtimeClassName", one_of(&["r", "s"])),
    ]);
    (
        annotations,
        spec,
        container("i"),
        vec(container("a"), 0..=1),
        container("b"),
    )
        .prop_map(|(annotations, mut spec, init, mut containers, last)| {
            containers.push(last);
            spec["initContainers"] = json!([init]);
            spec["containers"] = json!(containers);
            json!({ "metadata": { "name": "p", "annotations": annotations }, "spec": spec })
        })
        .boxed()
}

fn rule(rules: &'static [&'static str]) -> BoxedStrategy<Value> {
    let ranges = json!([{ "min": 1000, "max": 2000 }, { "min": 0, "max": 1 }]);
    select(rules)
        .prop_map(move |rule| match rule {
            "RunAsAny" => json!({ "rule": rule }),
            _ => json!({ "rule": rule, "ranges": ranges }),
        })
        .boxed()
}

fn a_policy() -> BoxedStrategy<PodSecurityPolicy> {
    let groups = || rule(&["RunAsAny", "MayRunAs", "MustRunAs"]);
    let spec = object(vec![
        ("runAsGroup", groups()),
        ("defaultAddCapabilities", some_of(CAPS)),
        ("requiredDropCapabilities", some_of(CAPS)),
        ("allowedCapabilities", some_of(&["*", "*", "ALL", "KILL"])),
        ("readOnlyRootFilesystem", flag()),
        ("allowPrivilegeEscalation", flag()),
        ("defaultAllowPrivilegeEscalation", flag()),
        (
            "runtimeClass",
            Just(json!({
                "allowedRuntimeClassNames": ["r"], "defaultRuntimeClassName": "r",
            }))
            .boxed(),
        ),
    ]);
    let required = (
        rule(&["RunAsAny", "MustRunAsNonRoot", "MustRunAs"]),
        groups(),
        groups(),
        select(&["RunAsAny", "MustRunAs"][..]),
        se_linux(),
    );
    let annotations = object(vec![
        (
            "seccomp.security.alpha.kubernetes.io/defaultProfileName",
            one_of(SECCOMP),
        ),
        (
            "apparmor.security.beta.kubernetes.io/defaultProfileName",
            one_of(&APP_ARMOR[1..]),
        ),
    ]);
    // Lists that refuse little, so that many pods are admitted.
    let lists = (
        proptest::option::weighted(
            0.9,
            subsequence(&["localhost/a", "runtime/default", "*"][..], 1..=3),
        ),
        proptest::option::weighted(0.2, subsequence(APP_ARMOR, 1..=3)),
    );
    (spec, required, annotations, lists)
        .prop_map(|(mut spec, (user, fs, groups, selinux, options), mut annotations, lists)| {
            spec["volumes"] = json!(["*"]);
            spec["runAsUser"] = user;
            spec["fsGroup"] = fs;
            spec["supplementalGroups"] = groups;
            spec["seLinux"] = json!({ "rule": selinux, "seLinuxOptions": options });
            let names = [
                "seccomp.security.alpha.kubernetes.io/allowedProfileNames",
                "apparmor.security.beta.kubernetes.io/allowedProfileNames",
            ];
            for (name, list) in names.into_iter().zip([lists.0, lists.1]) {
                if let Some(list) = list {
                    annotations[name] = json!(list.join(","));
                }
            }
            policy(json!({ "metadata": { "name": "p", "annotations": annotations }, "spec": spec }))
        })
        .boxed()
}

/// What must hold of a pod that a policy has admitted.
fn check_admitted(policy: &PodSecurityPolicy, before: &Pod, raw: &Value, after: &Pod) {
    assert_eq!(
        psp::admits(policy, after).as_ref(),
        Ok(after),
        "admitted again, as it is"
    );
    let stored = psp::stored(after);
    let again = psp::admits(policy, &stored);
    assert_eq!(again.as_ref(), Ok(&stored), "admitted as it was stored");
    assert_eq!(psp::stored(&stored), stored, "stored as it is");

    let changes = psp::changes(before, &stored);
    for change in &changes {
        let overwritten = match (&change.before, &change.after) {
            (None, Some(_)) => false,
            (Some(Value::String(before)), Some(_)) => !before.is_empty(),
            (Some(Value::Array(before)), Some(Value::Array(after))) => {
                before.iter().any(|item| !after.contains(item))
            }
            _ => true,
        };
        assert!(!overwritten, "{}: {change:?}", change.path());
    }
    let mut raw = raw.clone();
    psp::apply(&changes, &mut raw);
    let mut decoded = pod(&raw);
    defaults::apply(&mut decoded);
    assert_eq!(
        decoded, stored,
        "changes describe everything that was written"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_admitted_pod_is_final_and_keeps_what_it_said(policy in a_policy(), raw in raw_pod()) {
        let mut before = pod(&raw);
        defaults::apply(&mut before);
        if let Ok(after) = psp::admits(&policy, &before) {
            check_admitted(&policy, &before, &raw, &after);
        }
    }

    #[test]
    fn a_field_that_is_not_written_does_not_change(policy in a_policy(), raw in raw_pod()) {
        let mut before = pod(&raw);
        defaults::apply(&mut before);
        let candidate = psp::Candidate { policy: &policy, usable: true };
        let admission = psp::replay(&before, &[candidate]);
        if let Some(admitted) = admission.admitted {
            let written = !psp::changes(&before, &admitted.pod).is_empty();
            prop_assert_eq!(written, admitted.mutated);
        }
    }
}

#[test]
fn every_admission_of_the_vectors_is_final_and_keeps_what_the_pod_said() {
    let mut admissions = 0;
    for line in CREATIONS.iter().flat_map(|(_, text)| text.lines()) {
        let vector: Vector = serde_json::from_str(line).unwrap();
        let raw = vector.expect.pod_in;
        let before = pod(&raw);
        for policy in vector.psps.into_iter().map(policy) {
            if let Ok(after) = psp::admits(&policy, &before) {
                check_admitted(&policy, &before, &raw, &after);
                admissions += 1;
            }
        }
    }
    assert!(admissions > 500, "only {admissions} admissions");
}
