use super::objects::{permissive, pod, small_pod, texts};
use psp2psa::model::defaults;
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::psp::{self, Candidate};
use serde_json::{Value, json};

fn usable(policies: &[PodSecurityPolicy]) -> Vec<Candidate<'_>> {
    let usable = true;
    let candidate = |policy| Candidate { policy, usable };
    policies.iter().map(candidate).collect()
}

/// What one policy refuses about a pod.
fn refused(policy: &PodSecurityPolicy, raw: &Value) -> Vec<String> {
    match psp::admits(policy, &pod(raw)) {
        Ok(_) => Vec::new(),
        Err(errors) => texts(&errors),
    }
}

#[test]
fn names_order_bytewise() {
    let names = ["psp10", "psp0", "psp.1", "psp", "psp-1"];
    let policies = names.map(|name| permissive(name, json!({})));
    let admission = psp::replay(&pod(&small_pod()), &usable(&policies));
    let tried: Vec<&str> = admission.trials.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(tried, ["psp", "psp-1", "psp.1", "psp0", "psp10"]);
    assert_eq!(admission.admitted.unwrap().policy, "psp");
}

#[test]
fn variants_of_one_name_keep_their_order_and_their_place() {
    let policies = [
        permissive("b", json!({ "readOnlyRootFilesystem": true })),
        permissive("b", json!({})),
        permissive("a", json!({ "readOnlyRootFilesystem": true })),
    ];
    let admission = psp::replay(&pod(&small_pod()), &usable(&policies));
    let tried: Vec<usize> = admission.trials.iter().map(|t| t.candidate).collect();
    assert_eq!(tried, [2, 0, 1]);
    let admitted = admission.admitted.unwrap();
    assert_eq!((admitted.candidate, admitted.mutated), (1, false));
}

#[test]
fn without_a_policy_nothing_is_admitted() {
    let admission = psp::replay(&pod(&small_pod()), &[]);
    assert_eq!(admission.admitted, None);
    assert!(!admission.has_providers());
}

#[test]
fn the_policy_that_admitted_a_pod_is_tried_first_on_update() {
    let policies = [permissive("a", json!({})), permissive("b", json!({}))];
    let mut raw = small_pod();
    raw["metadata"]["annotations"][psp::ANNOTATION] = json!("b");
    let admitted = psp::replay_update(&pod(&raw), &usable(&policies)).admitted;
    assert_eq!(admitted.unwrap().policy, "b");
    let admitted = psp::replay(&pod(&raw), &usable(&policies)).admitted;
    assert_eq!(admitted.unwrap().policy, "a");
}

#[test]
fn an_update_of_bookkeeping_alone_is_ignored() {
    let old = small_pod();
    let mut new = old.clone();
    new["metadata"]["finalizers"] = json!(["f"]);
    new["metadata"]["managedFields"] = json!([{ "manager": "m" }]);
    new["metadata"]["labels"] = json!({});
    assert!(psp::is_ignored(&old, &new));
    new["spec"]["tolerations"] = json!([{ "operator": "Exists" }]);
    assert!(!psp::is_ignored(&old, &new));
}

#[test]
fn a_broken_policy_says_everything_that_is_wrong_once() {
    let broken = permissive(
        "p",
        json!({
            "runAsUser": { "rule": "MustRunAs" },
            "runAsGroup": { "rule": "MayRunAs" },
            "seLinux": { "rule": "MustRunAs" },
            "fsGroup": { "rule": "MustRunAs" },
            "supplementalGroups": { "rule": "MustRunAs" },
        }),
    );
    assert_eq!(
        psp::broken(&broken).unwrap(),
        "[MustRunAs requires at least one range, ranges must be supplied for MayRunAs, MustRunAs requires \
         SELinuxOptions, ranges must be supplied for MustRunAs]"
    );
    let errors = psp::admits(&broken, &pod(&small_pod())).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].kind, psp::ErrorKind::Internal);
}

#[test]
fn ephemeral_containers_are_defaulted_and_validated_like_others() {
    let policy = permissive(
        "p",
        json!({ "readOnlyRootFilesystem": true, "privileged": false }),
    );
    let mut raw = small_pod();
    raw["spec"]["ephemeralContainers"] =
        json!([{ "name": "e", "securityContext": { "privileged": true } }]);
    assert_eq!(
        refused(&policy, &raw),
        [
            "spec.ephemeralContainers[0].securityContext.privileged: Invalid value: true: Privileged containers are \
          not allowed"
        ]
    );
    raw["spec"]["ephemeralContainers"][0]["securityContext"] = json!({});
    let admitted = psp::admits(&policy, &pod(&raw)).unwrap();
    let context = admitted.spec.ephemeral_containers[0]
        .security_context
        .clone();
    assert_eq!(context.unwrap().read_only_root_filesystem, Some(true));
}

#[test]
fn host_path_prefixes_lose_one_slash_and_nothing_else() {
    let policy = |prefix| {
        permissive(
            "p",
            json!({ "allowedHostPaths": [{ "pathPrefix": prefix }] }),
        )
    };
    let admitted = |prefix, path| {
        let mut raw = small_pod();
        raw["spec"]["volumes"] = json!([{ "name": "v", "hostPath": { "path": path } }]);
        refused(&policy(prefix), &raw).is_empty()
    };
    for (prefix, path) in [
        ("/foo", "/foo/"),
        ("/foo/", "/foo"),
        ("/foo", "/foo/a"),
        ("/", "/x"),
    ] {
        assert!(admitted(prefix, path), "{prefix} admits {path}");
    }
    for (prefix, path) in [
        ("/foo", "/foobar"),
        ("/foo", "//foo"),
        ("/foo//", "/foo"),
        ("/", "x"),
    ] {
        assert!(!admitted(prefix, path), "{prefix} does not admit {path}");
    }
}

#[test]
fn read_only_host_paths_bind_every_mount_of_the_volume() {
    let policy = permissive(
        "p",
        json!({ "allowedHostPaths": [{ "pathPrefix": "/a", "readOnly": true }, { "pathPrefix": "/a/b" }] }),
    );
    let mut raw = small_pod();
    raw["spec"]["volumes"] = json!([
        { "name": "v", "hostPath": { "path": "/a/c" } },
        { "name": "w", "hostPath": { "path": "/a/b" } },
    ]);
    assert_eq!(refused(&policy, &raw), [""; 0]);
    raw["spec"]["initContainers"] = json!([{ "name": "i", "volumeMounts": [{ "name": "v" }] }]);
    raw["spec"]["containers"][0]["volumeMounts"] =
        json!([{ "name": "w" }, { "name": "v", "readOnly": true }, { "name": "v" }]);
    assert_eq!(
        refused(&policy, &raw),
        [
            "spec.initContainers[0].volumeMounts[0].readOnly: Invalid value: false: must be read-only",
            "spec.containers[0].volumeMounts[2].readOnly: Invalid value: false: must be read-only",
        ]
    );
}

#[test]
fn several_sources_count_as_the_first_that_upstream_looks_for() {
    let policy = permissive("p", json!({ "volumes": ["emptyDir", "cephFS"] }));
    let mut raw = small_pod();
    raw["spec"]["volumes"] = json!([
        { "name": "a", "emptyDir": {}, "secret": {} },
        { "name": "b", "emptyDir": {}, "hostPath": { "path": "/" } },
        { "name": "c", "cephfs": {} },
        { "name": "d", "newInLaterReleases": {} },
    ]);
    assert_eq!(
        refused(&policy, &raw),
        [
            "spec.volumes[1]: Invalid value: \"hostPath\": hostPath volumes are not allowed to be used",
            "spec.volumes[3]: Invalid value: \"\": unknown volume type for volume: d",
        ]
    );
}

#[test]
fn a_seccomp_field_without_a_path_is_no_profile() {
    let mut raw = small_pod();
    raw["spec"]["securityContext"] = json!({ "seccompProfile": { "type": "Localhost" } });
    let admitted = psp::admits(&permissive("p", json!({})), &pod(&raw)).unwrap();
    assert_eq!(admitted.metadata.annotations.len(), 0);
    raw["spec"]["securityContext"]["seccompProfile"]["localhostProfile"] = json!("a.json");
    let admitted = psp::admits(&permissive("p", json!({})), &pod(&raw)).unwrap();
    assert_eq!(
        admitted.metadata.annotations["seccomp.security.alpha.kubernetes.io/pod"],
        "localhost/a.json"
    );
}

#[test]
fn storage_makes_seccomp_annotations_and_fields_agree() {
    let mut raw = small_pod();
    raw["metadata"]["annotations"] = json!({
        "seccomp.security.alpha.kubernetes.io/pod": "docker/default",
        "container.seccomp.security.alpha.kubernetes.io/i": "localhost/",
    });
    let localhost = json!({ "seccompProfile": { "type": "Localhost" } });
    raw["spec"]["initContainers"] =
        json!([{ "name": "i" }, { "name": "j" }, { "name": "k", "securityContext": localhost }]);
    raw["spec"]["containers"][0]["securityContext"] =
        json!({ "seccompProfile": { "type": "Unconfined" } });
    let before = pod(&raw);
    let stored = psp::stored(&before);
    let written: Vec<(String, Option<Value>)> = psp::changes(&before, &stored)
        .into_iter()
        .map(|change| (change.path(), change.after))
        .collect();
    assert_eq!(
        written,
        [
            (
                "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]".to_owned(),
                Some(json!("unconfined"))
            ),
            (
                "spec.securityContext.seccompProfile".to_owned(),
                Some(json!({ "type": "RuntimeDefault" }))
            ),
        ]
    );
}

#[test]
fn changes_name_each_field_that_was_written() {
    let policy = permissive(
        "p",
        json!({
            "allowPrivilegeEscalation": false,
            "requiredDropCapabilities": ["ALL"],
            "allowedCapabilities": ["KILL"],
            "seLinux": { "rule": "MustRunAs", "seLinuxOptions": {} },
            "runAsUser": { "rule": "MustRunAsNonRoot" },
            "runtimeClass": { "allowedRuntimeClassNames": ["*"], "defaultRuntimeClassName": "r" },
        }),
    );
    let mut raw = small_pod();
    raw["spec"]["containers"][0]["securityContext"] =
        json!({ "capabilities": { "drop": ["KILL", "KILL"] } });
    let before = pod(&raw);
    let after = psp::admits(&policy, &before).unwrap();
    let changes = psp::changes(&before, &after);
    let written: Vec<(String, Option<&Value>)> = changes
        .iter()
        .map(|change| (change.path(), change.after.as_ref()))
        .collect();
    let container = "spec.containers[0].securityContext";
    assert_eq!(
        written,
        [
            ("spec.runtimeClassName".to_owned(), Some(&json!("r"))),
            (
                "spec.securityContext.seLinuxOptions".to_owned(),
                Some(&json!({}))
            ),
            (format!("{container}.runAsNonRoot"), Some(&json!(true))),
            (
                format!("{container}.capabilities.drop"),
                Some(&json!(["ALL", "KILL"]))
            ),
            (
                format!("{container}.allowPrivilegeEscalation"),
                Some(&json!(false))
            ),
        ]
    );
    psp::apply(&changes, &mut raw);
    assert_eq!(pod(&raw), after);
    assert_eq!(raw["spec"]["containers"][0]["image"], "i");
}

#[test]
fn changes_apply_where_objects_are_null_or_missing() {
    let policy = permissive("p", json!({ "readOnlyRootFilesystem": true }));
    let mut raw = json!({ "spec": { "containers": [null, { "securityContext": null }] } });
    let before = pod(&raw);
    let after = psp::admits(&policy, &before).unwrap();
    psp::apply(&psp::changes(&before, &after), &mut raw);
    assert_eq!(pod(&raw), after);
}

#[test]
fn defaulting_fills_what_admission_sees() {
    let mut seen = pod(&json!({
        "spec": {
            "hostNetwork": true,
            "serviceAccount": "s",
            "containers": [{ "ports": [{ "containerPort": 80 }, { "containerPort": 81, "hostPort": 82 }] }],
            "volumes": [
                { "name": "v" },
                { "name": "w", "projected": { "sources": [{ "downwardAPI": { "items": [
                    { "path": "namespace", "fieldRef": { "fieldPath": "metadata.namespace" } },
                ] } }] } },
            ],
        },
    }));
    defaults::apply(&mut seen);
    let spec = &seen.spec;
    assert_eq!(spec.service_account_name, "s");
    assert!(spec.security_context.is_some());
    let ports: Vec<i32> = spec.containers[0]
        .ports
        .iter()
        .map(|p| p.host_port)
        .collect();
    assert_eq!(ports, [80, 82]);
    let policy = permissive("p", json!({ "volumes": ["emptyDir", "secret"] }));
    assert_eq!(psp::admits(&policy, &seen).err(), None);
}

#[test]
fn values_in_messages_are_quoted_as_go_quotes() {
    let policy = permissive("p", json!({ "allowedCapabilities": [] }));
    let mut raw = small_pod();
    raw["spec"]["containers"][0]["securityContext"] =
        json!({ "capabilities": { "add": ["a\"\u{0}\u{a0}é"] } });
    assert_eq!(
        refused(&policy, &raw),
        [
            r#"spec.containers[0].securityContext.capabilities.add: Invalid value: "a\"\x00\u00a0é": capability may not be added"#
        ]
    );
}

#[test]
fn secret_allows_only_what_the_api_server_mounts_for_service_accounts() {
    let policy = permissive("p", json!({ "volumes": ["secret"] }));
    let admitted = |sources: Value| {
        let mut raw = small_pod();
        raw["spec"]["volumes"] = json!([{ "name": "v", "projected": { "sources": sources } }]);
        refused(&policy, &raw).is_empty()
    };
    let namespace = |path, version, field| {
        let reference = json!({ "apiVersion": version, "fieldPath": field });
        json!({ "downwardAPI": { "items": [{ "path": path, "fieldRef": reference }] } })
    };
    let token = json!({ "serviceAccountToken": { "path": "token", "expirationSeconds": 3607 } });
    let roots = json!({ "configMap": { "name": "kube-root-ca.crt" } });
    let own = namespace("namespace", "v1", "metadata.namespace");
    for good in [
        json!([]),
        json!([token, roots, own]),
        json!([{ "downwardAPI": {} }]),
        json!([{ "serviceAccountToken": { "path": "token" }, "secret": { "name": "s" } }]),
    ] {
        assert!(admitted(good.clone()), "{good}");
    }
    for bad in [
        json!({}),
        json!({ "secret": { "name": "s" } }),
        json!({ "serviceAccountToken": { "path": "other" } }),
        json!({ "serviceAccountToken": { "path": "token", "audience": "vault" } }),
        json!({ "configMap": { "name": "other" } }),
        namespace("other", "v1", "metadata.namespace"),
        namespace("namespace", "v2", "metadata.namespace"),
        namespace("namespace", "v1", "metadata.name"),
        json!({ "downwardAPI": { "items": [{ "path": "namespace" }] } }),
    ] {
        assert!(!admitted(json!([token, bad])), "{bad}");
    }
}

#[test]
fn the_default_for_privilege_escalation_wins_even_where_it_is_refused_then() {
    let policy = permissive(
        "p",
        json!({ "allowPrivilegeEscalation": false, "defaultAllowPrivilegeEscalation": true }),
    );
    assert_eq!(
        refused(&policy, &small_pod()),
        [
            "spec.containers[0].securityContext.allowPrivilegeEscalation: Invalid value: true: Allowing privilege \
          escalation for containers is not allowed"
        ]
    );
}
