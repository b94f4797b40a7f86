//! Witnesses as a person reads them, and as Kubernetes 1.24 and the outputs have them.

use super::fate;
use crate::policies::{self, VERSIONS, annotate, restricted, rule, strings};
use psp2psa::mapping;
use psp2psa::model::psp::{AllowedHostPath, PodSecurityPolicy, PortRange, SECCOMP_ALLOWED};
use psp2psa::pss::{Verdict, Version};
use psp2psa::render::{explain, json};
use serde_json::{Value, json};

/// The witness at v1.24 without what all of them share: what the pod, its containers and its annotations say.
#[track_caller]
fn said(policy: &PodSecurityPolicy, check: &str) -> Value {
    let mut pod = mapping::witness(policy, check, Version::Minor(24)).expect("a witness");
    assert!(fate(policy, &pod).is_ok());
    assert_eq!(
        (&pod["apiVersion"], &pod["kind"]),
        (&json!("v1"), &json!("Pod"))
    );
    let mut container = pod["spec"]["containers"][0].take();
    assert_eq!(container["image"], "registry.k8s.io/pause:3.9");
    let mut said = pod["spec"].take();
    let shared: [(&mut Value, &[&str]); 2] = [
        (&mut container, &["name", "image"]),
        (&mut said, &["containers"]),
    ];
    for (part, fields) in shared {
        let part = part.as_object_mut().expect("an object");
        part.retain(|field, _| !fields.contains(&field.as_str()));
    }
    said["*"] = container;
    if let Some(annotations) = pod["metadata"].get("annotations") {
        said["annotations"] = annotations.clone();
    }
    said
}

#[test]
fn a_policy_that_supplies_everything_leaves_nothing_to_say_but_the_offence() {
    let policy = restricted(|p| {
        p.spec.host_ports = vec![PortRange { min: -1, max: 80 }];
        p.spec.volumes = strings(&["hostPath", "secret"]);
        p.spec.allowed_host_paths = vec![AllowedHostPath {
            path_prefix: "/var/log/".to_owned(),
            read_only: true,
        }];
    });
    assert_eq!(
        said(&policy, "hostPorts"),
        json!({ "*": { "ports": [{ "containerPort": 1, "hostPort": 1 }] } })
    );
    assert_eq!(
        said(&policy, "hostPathVolumes"),
        json!({ "*": {}, "volumes": [{ "name": "v", "hostPath": { "path": "/var/log/" } }] })
    );
    assert_eq!(
        said(&policy, "runAsNonRoot"),
        json!({ "*": {}, "securityContext": { "runAsUser": 1000 } })
    );
    assert_eq!(
        said(&policy, "runAsUser"),
        json!({
            "*": { "securityContext": { "runAsUser": 1000 } },
            "securityContext": { "runAsNonRoot": true, "runAsUser": 0 },
        })
    );
    assert_eq!(
        said(&policy, "appArmorProfile"),
        json!({
            "*": {},
            "annotations": { "container.apparmor.security.beta.kubernetes.io/c": "unconfined" },
        })
    );
}

/// A policy that writes nothing and forbids little.
fn lax() -> PodSecurityPolicy {
    restricted(|p| {
        p.annotations.clear();
        annotate(p, SECCOMP_ALLOWED, "*");
        p.spec.allow_privilege_escalation = None;
        p.spec.required_drop_capabilities.clear();
        p.spec.privileged = true;
        p.spec.host_network = true;
        p.spec.run_as_user = rule("RunAsAny", &[]);
    })
}

#[test]
fn under_a_lax_policy_the_pod_hardens_itself_but_for_the_offence() {
    let drop = json!({ "drop": ["ALL"] });
    let profile = json!({ "type": "RuntimeDefault" });
    let context = json!({ "allowPrivilegeEscalation": false, "capabilities": drop });
    assert_eq!(
        said(&lax(), "hostNamespaces"),
        json!({
            "*": { "securityContext": context },
            "hostNetwork": true,
            "securityContext": { "runAsNonRoot": true, "seccompProfile": profile },
        })
    );
    assert_eq!(
        said(&lax(), "runAsNonRoot"),
        json!({ "*": { "securityContext": context }, "securityContext": { "seccompProfile": profile } })
    );
    assert_eq!(
        said(&lax(), "windowsHostProcess"),
        json!({
            "*": { "securityContext": context },
            "hostNetwork": true,
            "securityContext": {
                "runAsNonRoot": true, "seccompProfile": profile, "windowsOptions": { "hostProcess": true },
            },
        })
    );
    // The API server refuses a privileged container that gives up gaining privileges.
    assert_eq!(
        said(&lax(), "privileged"),
        json!({
            "*": { "securityContext": { "privileged": true, "capabilities": drop } },
            "securityContext": { "runAsNonRoot": true, "seccompProfile": profile },
        })
    );
}

#[test]
fn a_pod_says_what_the_policy_makes_it_say() {
    let policy = restricted(|p| {
        annotate(p, SECCOMP_ALLOWED, "localhost/x");
        annotate(
            p,
            "apparmor.security.beta.kubernetes.io/allowedProfileNames",
            "localhost/y,unconfined",
        );
        p.spec.allowed_proc_mount_types = strings(&["Unmasked"]);
        p.spec.fs_group = rule("MustRunAs", &[(3_000_000_000, 4_000_000_000), (7, 9)]);
        p.spec.volumes.clear();
    });
    assert_eq!(
        said(&policy, "runAsNonRoot"),
        json!({
            "*": { "securityContext": { "procMount": "Unmasked" } },
            // Kubernetes would mount a token, by a volume that the policy refuses.
            "automountServiceAccountToken": false,
            "securityContext": {
                "fsGroup": 7,
                "runAsUser": 1000,
                "seccompProfile": { "type": "Localhost", "localhostProfile": "x" },
            },
            "annotations": { "container.apparmor.security.beta.kubernetes.io/c": "localhost/y" },
        })
    );
}

#[test]
fn there_is_no_witness_where_there_is_no_claim() {
    let policy = restricted(|_| {});
    for (check, version) in [
        ("hostPorts", Version::Latest),
        ("hostProbesAndHostLifecycle", Version::Minor(33)),
        ("noSuchCheck", Version::Latest),
    ] {
        assert_eq!(mapping::witness(&policy, check, version), None, "{check}");
    }
    let broken = restricted(|p| p.spec.fs_group = rule("MustRunAs", &[]));
    assert_eq!(
        mapping::witness(&broken, "seLinuxOptions", Version::Latest),
        None
    );
    assert_eq!(mapping::plain_pod(&broken), None);
}

/// The oracle is generated from the API of 1.24; a field that it does not know would be gone.
#[test]
fn kubernetes_1_24_knows_every_field_of_every_witness() {
    let mut policies = policies::of_the_cluster();
    policies.extend(policies::of_the_vectors().into_iter().step_by(5));
    let mut pods = 0;
    for policy in &policies {
        for version in [VERSIONS[4], Version::Latest] {
            let controls = mapping::map(policy, version).controls.into_iter();
            for witness in controls.filter_map(|control| control.witness) {
                let known: k8s_psp::api::core::v1::Pod =
                    serde_json::from_value(witness.clone()).expect("a pod of 1.24");
                let again = serde_json::to_value(known).expect("a pod is JSON");
                assert_eq!(again, witness);
                pods += 1;
            }
        }
    }
    assert!(pods > 1000, "{pods}");
}

#[test]
fn reports_carry_the_witnesses() {
    let input =
        b"{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: p}, spec: {
        hostPID: true, volumes: [secret], seLinux: {rule: RunAsAny}, runAsUser: {rule: RunAsAny},
        supplementalGroups: {rule: RunAsAny}, fsGroup: {rule: RunAsAny}}}";
    let read = psp2psa::read(&psp2psa::input::InputFile::new("p.yaml", input.to_vec()));
    let (policies, diagnostics) = psp2psa::map(read, Version::Latest);
    let document = json::document(
        "MapReport",
        &diagnostics,
        json::map(&policies, Version::Latest),
    );
    let report: Value = serde_json::from_str(&json::to_text(&document)).expect("JSON");
    let controls = report["policies"][0]["controls"]
        .as_array()
        .expect("controls");
    for control in controls {
        let enforced = control["verdict"] == Verdict::Enforced.as_str();
        assert_eq!(control["witness"].is_null(), enforced, "{control}");
    }
    let of = |check: &str| controls.iter().find(|control| control["check"] == check);
    let witness = &of("hostNamespaces").expect("the check")["witness"];
    assert_eq!(witness["spec"]["hostPID"], true);
    assert_eq!(witness["metadata"]["name"], "witness-hostnamespaces");
    assert!(json::to_yaml(&document).contains("name: witness-hostnamespaces"));
}

#[test]
fn explanations_of_checks_say_how_to_see_a_witness() {
    let text = explain::explain("hostPorts", psp2psa::CODES).expect("a check");
    for words in [
        "## How to prove it",
        "psp2psa map -f",
        r#"select(.check == "hostPorts")"#,
        "pod-security.kubernetes.io/enforce=baseline",
        "--dry-run=server -n witness -f witness.json",
    ] {
        assert!(text.contains(words), "{words} in:\n{text}");
    }
    let restricted = explain::explain("runAsUser", psp2psa::CODES).expect("a check");
    assert!(restricted.contains("enforce=restricted"));
}
