//! A witness says nothing that is of no use.

use super::{amount, config, fate, refusing, refusing_at_all};
use crate::policies::{self, VERSIONS};
use proptest::prelude::*;
use psp2psa::mapping;
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::pss::{self, Level, Verdict, Version};
use serde_json::Value;

/// The paths of everything that the pod says of its own.
fn statements(pod: &Value) -> Vec<String> {
    const PARTS: &[(&str, &[&str])] = &[
        ("/metadata/annotations", &[]),
        // The token's volume is not looked at here, but a cluster adds it to pods that do not refuse it.
        (
            "/spec",
            &[
                "containers",
                "securityContext",
                "automountServiceAccountToken",
            ],
        ),
        ("/spec/securityContext", &[]),
        ("/spec/containers/0", &["name", "image", "securityContext"]),
        ("/spec/containers/0/securityContext", &[]),
    ];
    let of = |(part, except): &(&str, &[&str])| {
        let fields = pod.pointer(part).and_then(Value::as_object);
        let fields = fields.into_iter().flat_map(|fields| fields.keys());
        let fields = fields.filter(|field| !except.contains(&field.as_str()));
        let paths = fields.map(|field| format!("{part}/{}", field.replace('/', "~1")));
        paths.collect::<Vec<_>>()
    };
    PARTS.iter().flat_map(of).collect()
}

fn without(pod: &Value, statement: &str) -> Value {
    let mut pod = pod.clone();
    *pod.pointer_mut(statement).expect("it is said") = Value::Null;
    pod
}

/// Whether the check reads what is said at this path.
fn is_about(check: &str, statement: &str) -> bool {
    let path = statement.trim_start_matches('/');
    let path = path
        .replace("containers/0", "<containers>[*]")
        .replace('/', ".");
    let fields = pss::check(check).expect("a check").fields;
    fields.iter().any(|field| field.starts_with(&path))
}

/// How many checks refuse a pod: those of the level, and all. `None` where the one in question does not.
fn refusals(
    policy: &PodSecurityPolicy,
    (check, level, version): (&str, Level, Version),
    pod: &Value,
) -> Option<(usize, usize)> {
    let stored = fate(policy, pod).ok()?.stored;
    let own = refusing(level, version, &stored);
    own.contains(&check)
        .then(|| (own.len(), refusing_at_all(version, &stored).len()))
}

/// What could be left out of the witnesses.
fn superfluous(policy: &PodSecurityPolicy, version: Version) -> Vec<String> {
    let mut superfluous = Vec::new();
    for control in mapping::map(policy, version).controls {
        let Some(witness) = control.witness else {
            continue;
        };
        let question = (control.check, control.level, version);
        let before = refusals(policy, question, &witness);
        // What is granted is shown, also where a pod that says nothing about it is refused as well.
        let granted = control.exposure.verdict == Verdict::Granted;
        let shown = |statement: &String| granted && is_about(control.check, statement);
        for statement in statements(&witness).iter().filter(|s| !shown(s)) {
            let after = refusals(policy, question, &without(&witness, statement));
            if after.is_some_and(|after| Some(after) <= before) {
                superfluous.push(format!(
                    "{} at {version}: {statement} of {witness}",
                    control.check
                ));
            }
        }
    }
    superfluous
}

#[test]
fn nothing_can_be_left_out_of_the_witnesses_for_the_policies_of_the_cluster() {
    for policy in policies::of_the_cluster() {
        for version in VERSIONS {
            let found = superfluous(&policy, version);
            assert_eq!(found, Vec::<String>::new(), "{}", policy.name);
        }
    }
}

proptest! {
    #![proptest_config(config(amount(150, 20_000)))]

    #[test]
    fn nothing_can_be_left_out_of_the_witnesses_for_generated_policies(
        policy in policies::valid_policies(), version in proptest::sample::select(&VERSIONS[..]),
    ) {
        prop_assert_eq!(superfluous(&policy, version), Vec::<String>::new());
    }
}
