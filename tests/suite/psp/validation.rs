use super::objects::{permissive, policy, texts};
use psp2psa::psp;
use serde_json::{Value, json};

#[test]
fn metadata_is_validated_like_that_of_any_object() {
    let mut object = json!({
        "metadata": {
            "name": "x".repeat(254),
            "labels": { "-": "v", "a/b/c": "", "k": "-" },
            "annotations": { "UPPER.example/Key": "any value", "/k": "" },
        },
        "spec": permissive_spec(),
    });
    let errors = texts(&psp::validate_policy(&policy(object.clone())));
    let starts: Vec<&str> = errors
        .iter()
        .map(|e| e.split(" (e.g.").next().unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            format!(
                "metadata.name: Invalid value: \"{}\": must be no more than 253 characters",
                "x".repeat(254)
            )
            .as_str(),
            "metadata.labels: Invalid value: \"-\": name part must consist of alphanumeric characters, '-', '_' or \
             '.', and must start and end with an alphanumeric character",
            "metadata.labels: Invalid value: \"a/b/c\": a qualified name must consist of alphanumeric characters, \
             '-', '_' or '.', and must start and end with an alphanumeric character",
            "metadata.labels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric \
             characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            "metadata.annotations: Invalid value: \"/k\": prefix part must be non-empty",
        ]
    );
    object["metadata"] = json!({ "name": "" , "annotations": { "k": "x".repeat(256 * 1024) } });
    assert_eq!(
        texts(&psp::validate_policy(&policy(object))),
        [
            "metadata.name: Required value: name or generateName is required",
            "metadata.annotations: Too long: must have at most 262144 bytes",
        ]
    );
}

fn permissive_spec() -> Value {
    let any = json!({ "rule": "RunAsAny" });
    json!({ "seLinux": any, "runAsUser": any, "supplementalGroups": any, "fsGroup": any })
}

/// The errors of a policy with these sysctl lists.
fn sysctl_errors(allowed: Value, forbidden: Value) -> Vec<String> {
    let lists = json!({ "allowedUnsafeSysctls": allowed, "forbiddenSysctls": forbidden });
    texts(&psp::validate_policy(&permissive("p", lists)))
}

#[test]
fn sysctl_patterns_are_matched_to_the_letter() {
    for good in [
        "a", "*", "a*", "a.b", "a.b*", "a.*", "a-_b.c", "a_*", "9", "a.b-*",
    ] {
        assert_eq!(sysctl_errors(json!([good]), json!([])), [""; 0], "{good}");
    }
    for bad in [
        "a/b", "A", "a.", ".a", "a..b", "**", "*a", "a*.b", "-a", "a-", "a-.b", "_*", "a\n",
    ] {
        let errors = sysctl_errors(json!([bad]), json!([]));
        assert!(
            errors.len() == 1 && errors[0].contains("match regex"),
            "{bad:?}: {errors:?}"
        );
    }
    assert_eq!(sysctl_errors(json!(["a".repeat(253)]), json!([])), [""; 0]);
    assert_eq!(sysctl_errors(json!(["a".repeat(254)]), json!([])).len(), 1);
}

#[test]
fn overlapping_sysctls_blame_the_narrower_side() {
    for (allowed, forbidden, blamed) in [
        ("a.b*", "a*", Some("spec.allowedUnsafeSysctls[0]")),
        ("a*", "a.b*", Some("spec.forbiddenSysctls[0]")),
        ("a*", "a.b", Some("spec.forbiddenSysctls[0]")),
        ("a.b", "a*", Some("spec.allowedUnsafeSysctls[0]")),
        ("a", "a", Some("spec.allowedUnsafeSysctls[0]")),
        ("a*", "a*", Some("spec.allowedUnsafeSysctls[0]")),
        ("a", "b", None),
        ("a.*", "b*", None),
    ] {
        let errors = sysctl_errors(json!([allowed]), json!([forbidden]));
        let fields: Vec<&str> = errors
            .iter()
            .map(|e| e.split(':').next().unwrap())
            .collect();
        let expected: Vec<&str> = blamed.into_iter().collect();
        assert_eq!(fields, expected, "{allowed} against {forbidden}");
    }
}

#[test]
fn overlaps_of_long_lists_are_not_all_listed() {
    let list: Vec<String> = (0..2000).map(|index| format!("a{index}*")).collect();
    assert_eq!(sysctl_errors(json!(list), json!(["b", "a*"])).len(), 1000);
}
