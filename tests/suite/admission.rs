//! Answers of upstream's admission code: `fixtures/vectors/psa-admission.jsonl`, and rules that those do not reach.

use std::collections::BTreeMap;

use psp2psa::input::diags::DUPLICATE_KEY;
use psp2psa::input::{InputFile, documents};
use psp2psa::model::admission::{self as model, DecodeError};
use psp2psa::model::object::ObjectMeta;
use psp2psa::model::pod::Pod;
use psp2psa::pss::LevelVersion;
use psp2psa::pss::admission::configuration::{self, Configuration};
use psp2psa::pss::admission::existing::{Limits, groups, warnings};
use psp2psa::pss::admission::request::{Cluster, Object, Operation, Request, respond};
use psp2psa::pss::admission::response::Response;
use psp2psa::pss::admission::{
    AUDIT, ENFORCE, ENFORCE_VERSION, LABELS, Mode, Policy, WARN, WARN_VERSION, aggregate, policy_of,
};
use serde::Deserialize;
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../fixtures/vectors/psa-admission.jsonl");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Vector {
    id: String,
    desc: String,
    config: String,
    namespaces: BTreeMap<String, Namespace>,
    pods: Vec<Pod>,
    operation: String,
    group: String,
    #[serde(rename = "version")]
    _version: String,
    resource: String,
    #[serde(rename = "kind")]
    _kind: String,
    name: String,
    namespace: String,
    subresource: String,
    user: String,
    object: Value,
    old_object: Value,
    expect: Expect,
}

#[derive(Default, Deserialize)]
struct Namespace {
    metadata: ObjectMeta,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expect {
    #[serde(default)]
    config_error: String,
    allowed: bool,
    #[serde(default)]
    code: u16,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
    warnings: Option<Vec<String>>,
    audit_annotations: Option<BTreeMap<String, String>>,
}

impl Expect {
    /// Absent lists and maps are empty ones.
    fn normal(mut self) -> Expect {
        self.warnings.get_or_insert_default();
        self.audit_annotations.get_or_insert_default();
        self
    }
}

#[test]
fn every_answer_to_a_request_is_upstreams() {
    let mut disagreements = Vec::new();
    let mut count = 0;
    for line in VECTORS.lines() {
        let vector: Vector = serde_json::from_str(line).unwrap();
        let (id, desc) = (vector.id.clone(), vector.desc.clone());
        let (actual, expected) = answer(vector);
        count += 1;
        if actual != expected {
            disagreements.push(format!("{id} {desc}\n  {actual:?}\nis not\n  {expected:?}"));
        }
    }
    assert!(count > 0, "no vectors");
    assert!(
        disagreements.is_empty(),
        "{} of {count} disagree:\n{}",
        disagreements.len(),
        disagreements.join("\n")
    );
}

fn answer(vector: Vector) -> (Expect, Expect) {
    let expected = vector.expect.normal();
    let configuration = match configuration(&vector.config) {
        Ok(configuration) => configuration,
        Err(config_error) => {
            let actual = Expect {
                config_error,
                ..Expect::default()
            };
            return (actual.normal(), expected);
        }
    };
    let namespaces = vector
        .namespaces
        .into_iter()
        .map(|(name, namespace)| (name, namespace.metadata.labels))
        .collect();
    let object = decoded(&vector.object);
    let old_object = decoded(&vector.old_object);
    let response = respond(
        &Cluster {
            configuration: &configuration,
            namespaces: &namespaces,
            pods: Some(&vector.pods),
            limits: LIMITS,
        },
        &Request {
            operation: match vector.operation.as_str() {
                "CREATE" => Operation::Create,
                "UPDATE" => Operation::Update,
                _ => Operation::Other,
            },
            group: &vector.group,
            resource: &vector.resource,
            subresource: &vector.subresource,
            namespace: &vector.namespace,
            name: &vector.name,
            user: &vector.user,
            object: object.borrowed(),
            old_object: old_object.borrowed(),
        },
    );
    (reported(response), expected)
}

const LIMITS: Limits<'static> = Limits {
    max_pods: Limits::MAX_PODS,
    time_is_over: &|| false,
};

fn reported(response: Response) -> Expect {
    let mut report = Expect {
        allowed: response.refusal.is_none(),
        warnings: Some(response.warnings),
        audit_annotations: Some(
            response
                .audit_annotations
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        ),
        ..Expect::default()
    };
    if let Some(refusal) = response.refusal {
        report.code = refusal.code;
        report.reason = refusal.reason.to_owned();
        report.message = refusal.message;
    }
    report
}

/// A configuration file, or the sentence that refuses it.
fn configuration(text: &str) -> Result<Configuration, String> {
    let written = if text.is_empty() {
        model::PodSecurityConfiguration::default()
    } else {
        decoded_configuration(text)?
    };
    configuration::understand(&written).map_err(aggregate)
}

fn decoded_configuration(text: &str) -> Result<model::PodSecurityConfiguration, String> {
    let file = InputFile::new("configuration.yaml", text.into());
    let reading = documents(&file);
    // A document without a kind is no object to the reader.
    let document = match reading.documents.first() {
        Some(document) => document.value().map_err(|error| error.to_string())?,
        None => Value::Null,
    };
    let written = model::decode(&document).map_err(|error| {
        let sentence = configuration::decode_error(&error);
        match error {
            DecodeError::MissingKind | DecodeError::MissingApiVersion => {
                format!("{sentence} in '{text}'")
            }
            DecodeError::NotAnObject(_)
            | DecodeError::ApiVersion(_)
            | DecodeError::Unregistered { .. }
            | DecodeError::Type { .. }
            | DecodeError::UnknownFields(_) => sentence,
        }
    })?;
    let repeated = reading
        .diagnostics
        .iter()
        .find(|diagnostic| diagnostic.code == &DUPLICATE_KEY);
    match repeated {
        None => Ok(written),
        Some(diagnostic) => {
            let line = diagnostic.source.as_ref().map_or(0, |source| source.line);
            let key = diagnostic.message.split('`').nth(1).unwrap_or_default();
            Err(format!(
                "strict decoding error: yaml: unmarshal errors:\n  line {line}: key \"{key}\" already set in map"
            ))
        }
    }
}

/// An object as the API server's decoder would hand it over.
enum Decoded {
    Absent,
    Namespace(Box<ObjectMeta>),
    Pod(Box<Pod>),
    Template(Option<Box<Pod>>),
    Other(String),
}

impl Decoded {
    fn borrowed(&self) -> Object<'_> {
        match self {
            Decoded::Absent => Object::Absent,
            Decoded::Namespace(metadata) => Object::Namespace(metadata),
            Decoded::Pod(pod) => Object::Pod(pod),
            Decoded::Template(pod) => Object::Template(pod.as_deref()),
            Decoded::Other(kind) => Object::Other(kind),
        }
    }
}

fn decoded(object: &Value) -> Decoded {
    if object.is_null() {
        return Decoded::Absent;
    }
    let pod = |value: &Value| Box::new(Pod::deserialize(value).expect("a pod"));
    let template = |pointer| {
        let template = object.pointer(pointer);
        Decoded::Template(Some(template.map(pod).unwrap_or_default()))
    };
    let text = |key| object[key].as_str().expect("a text");
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    match (api_version, kind) {
        ("v1", "Namespace") => {
            let metadata = ObjectMeta::deserialize(&object["metadata"]).expect("metadata");
            Decoded::Namespace(Box::new(metadata))
        }
        ("v1", "Pod") => Decoded::Pod(pod(object)),
        ("v1", "PodTemplate") => template("/template"),
        ("v1", "ReplicationController") => {
            Decoded::Template(object.pointer("/spec/template").map(pod))
        }
        ("apps/v1", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
        | ("batch/v1", "Job") => template("/spec/template"),
        ("batch/v1", "CronJob") => template("/spec/jobTemplate/spec/template"),
        _ => {
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            Decoded::Other(format!("{group}/{version}, Kind={kind}"))
        }
    }
}

fn level(text: &str) -> LevelVersion {
    let (level, version) = text.split_once(':').expect("level:version");
    LevelVersion {
        level: level.parse().expect("a level"),
        version: version.parse().expect("a version"),
    }
}

fn policy(enforce: &str, audit: &str, warn: &str) -> Policy {
    Policy {
        enforce: level(enforce),
        audit: level(audit),
        warn: level(warn),
    }
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// What labels mean where nothing is configured, as `enforce audit warn`.
#[track_caller]
fn check_labels(pairs: &[(&str, &str)], expected: &str) {
    check_labels_over(&Policy::PRIVILEGED, pairs, expected);
}

#[track_caller]
fn check_labels_over(defaults: &Policy, pairs: &[(&str, &str)], expected: &str) {
    let (policy, _) = policy_of(&labels(pairs), defaults);
    let words: Vec<String> = Mode::ALL
        .into_iter()
        .map(|mode| policy.mode(mode).to_string())
        .collect();
    assert_eq!(words.join(" "), expected, "{pairs:?}");
}

#[test]
fn warn_follows_a_stricter_enforce_label_and_its_version() {
    check_labels(
        &[(ENFORCE, "baseline"), (ENFORCE_VERSION, "v1.20")],
        "baseline:v1.20 privileged:latest baseline:v1.20",
    );
    check_labels(
        &[
            (ENFORCE, "baseline"),
            (ENFORCE_VERSION, "v1.20"),
            (WARN_VERSION, "v1.7"),
        ],
        "baseline:v1.20 privileged:latest baseline:v1.7",
    );
    check_labels(
        &[
            (ENFORCE, "baseline"),
            (ENFORCE_VERSION, "v1.20"),
            (WARN_VERSION, "x"),
        ],
        "baseline:v1.20 privileged:latest baseline:latest",
    );
}

#[test]
fn warn_follows_neither_where_it_is_labelled_nor_a_default_nor_a_mistake() {
    check_labels(
        &[(ENFORCE, "restricted"), (WARN, "privileged")],
        "restricted:latest privileged:latest privileged:latest",
    );
    check_labels(
        &[(ENFORCE, "restricted"), (WARN, "x")],
        "restricted:latest privileged:latest privileged:latest",
    );
    check_labels(
        &[(ENFORCE, "x")],
        "restricted:latest privileged:latest privileged:latest",
    );
    let defaults = policy("restricted:v1.20", "privileged:latest", "baseline:v1.7");
    check_labels_over(
        &defaults,
        &[(ENFORCE_VERSION, "v1.25")],
        "restricted:v1.25 privileged:latest baseline:v1.7",
    );
    check_labels_over(
        &defaults,
        &[(ENFORCE, "baseline")],
        "baseline:v1.20 privileged:latest baseline:v1.7",
    );
}

#[test]
fn invalid_enforce_fails_closed_and_invalid_audit_and_warn_fail_open() {
    let defaults = policy("baseline:v1.20", "baseline:v1.20", "baseline:v1.20");
    let invalid: Vec<(&str, &str)> = LABELS.iter().map(|label| (*label, "")).collect();
    check_labels_over(
        &defaults,
        &invalid,
        "restricted:latest privileged:latest privileged:latest",
    );
    let (_, errors) = policy_of(&labels(&invalid), &defaults);
    let wrong: Vec<&str> = errors.iter().map(|error| error.label).collect();
    assert_eq!(wrong, LABELS);
}

#[test]
fn a_version_label_alone_gives_the_default_level_another_version() {
    check_labels_over(
        &policy("baseline:v1.20", "restricted:v1.20", "restricted:v1.20"),
        &[(ENFORCE_VERSION, "v1.25")],
        "baseline:v1.25 restricted:v1.20 restricted:v1.20",
    );
}

#[test]
fn other_labels_of_the_same_prefix_mean_nothing() {
    let (policy, errors) = policy_of(
        &labels(&[("pod-security.kubernetes.io/enforced", "x")]),
        &Policy::PRIVILEGED,
    );
    assert_eq!((policy, errors), (Policy::PRIVILEGED, Vec::new()));
}

#[test]
fn label_values_are_quoted_as_go_does() {
    let (_, errors) = policy_of(&labels(&[(AUDIT, "a\u{a0}\"")]), &Policy::PRIVILEGED);
    assert_eq!(
        aggregate(errors),
        r#"metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: "a\u00a0\"": must be one of privileged, baseline, restricted"#
    );
}

#[test]
fn equal_errors_are_said_once_and_several_stand_in_brackets() {
    assert_eq!(aggregate(["a", "a"]), "a");
    assert_eq!(aggregate(["a", "b", "a"]), "[a, b]");
}

#[test]
fn versions_of_privileged_make_no_difference() {
    let old = policy("privileged:v1.20", "baseline:v1.20", "privileged:latest");
    let same = policy("privileged:latest", "baseline:v1.20", "privileged:v1.1");
    let other = policy("privileged:latest", "baseline:latest", "privileged:v1.1");
    assert!(old.is_equivalent(&same));
    assert!(!old.is_equivalent(&other));
    assert!(!old.is_privileged());
}

#[test]
fn existing_pods_are_grouped_by_reasons_whatever_their_order() {
    let mut pods = vec![
        ("web-2", "privileged".to_owned()),
        ("fine", String::new()),
        ("web-10", "privileged".to_owned()),
        ("db", "hostPort".to_owned()),
        ("web-3", "privileged".to_owned()),
    ];
    let lines = [
        "existing pods in namespace \"n\" violate the new PodSecurity enforce level \"baseline:v1.30\"",
        "db: hostPort",
        "web-10 (and 2 other pods): privileged",
    ];
    let enforce = level("baseline:v1.30");
    assert_eq!(warnings("n", enforce, &groups(pods.clone())), lines);
    pods.reverse();
    assert_eq!(warnings("n", enforce, &groups(pods)), lines);
    let fine = groups([("fine", String::new())]);
    assert_eq!(warnings("n", enforce, &fine), Vec::<String>::new());
}

/// What a namespace draws when it is first labelled `enforce: baseline`.
fn warned(configuration: &Configuration, pods: Option<&[Pod]>, limits: Limits<'_>) -> Vec<String> {
    let old = ObjectMeta {
        name: "n".to_owned(),
        ..ObjectMeta::default()
    };
    let new = ObjectMeta {
        labels: labels(&[(ENFORCE, "baseline")]),
        ..old.clone()
    };
    let namespaces = BTreeMap::new();
    let cluster = Cluster {
        configuration,
        namespaces: &namespaces,
        pods,
        limits,
    };
    let request = Request {
        operation: Operation::Update,
        group: "",
        resource: "namespaces",
        subresource: "",
        namespace: "n",
        name: "n",
        user: "u",
        object: Object::Namespace(&new),
        old_object: Object::Namespace(&old),
    };
    respond(&cluster, &request).warnings
}

/// A privileged pod of a controller; `controller` is its uid.
fn replica(name: &str, controller: &str) -> Pod {
    Pod::deserialize(json!({
        "metadata": {"name": name, "ownerReferences": [{"uid": controller, "controller": true}]},
        "spec": {
            "runtimeClassName": "kata",
            "containers": [{"name": "c", "securityContext": {"privileged": true}}],
        },
    }))
    .expect("a pod")
}

#[test]
fn one_pod_of_each_controller_is_looked_at_before_other_replicas() {
    let pods = [
        replica("a-1", "a"),
        replica("a-2", "a"),
        replica("b-1", "b"),
    ];
    let limits = Limits {
        max_pods: 2,
        ..LIMITS
    };
    assert_eq!(
        warned(&Configuration::NONE, Some(&pods), limits),
        [
            "new PodSecurity enforce level only checked against the first 2 of 3 existing pods",
            "existing pods in namespace \"n\" violate the new PodSecurity enforce level \"baseline:latest\"",
            "a-1 (and 1 other pod): privileged",
        ]
    );
}

#[test]
fn the_pod_at_which_time_runs_out_still_counts() {
    let pods = [replica("a-1", "a"), replica("b-1", "b")];
    let limits = Limits {
        time_is_over: &|| true,
        ..LIMITS
    };
    let warnings = warned(&Configuration::NONE, Some(&pods), limits);
    assert_eq!(warnings[2..], ["a-1: privileged"]);
}

#[test]
fn existing_pods_of_an_exempt_runtime_class_are_not_looked_at() {
    let configuration = Configuration {
        runtime_classes: ["kata".to_owned()].into(),
        ..Configuration::NONE
    };
    let pods = [replica("a-1", "a")];
    assert_eq!(
        warned(&configuration, Some(&pods), LIMITS),
        Vec::<String>::new()
    );
}

#[test]
fn pods_that_cannot_be_listed_draw_one_warning() {
    assert_eq!(
        warned(&Configuration::NONE, None, LIMITS),
        ["failed to list pods while checking new PodSecurity enforce level"]
    );
}

/// The answer to creating an object of `pods` or `deployments` in a namespace that enforces, audits and warns.
fn created(resource: &str, object: Object<'_>) -> Response {
    let namespaces = BTreeMap::from([(
        "n".to_owned(),
        labels(&[(ENFORCE, "baseline"), (AUDIT, "baseline")]),
    )]);
    let cluster = Cluster {
        configuration: &Configuration::NONE,
        namespaces: &namespaces,
        pods: None,
        limits: LIMITS,
    };
    let request = Request {
        operation: Operation::Create,
        group: "",
        resource,
        subresource: "",
        namespace: "n",
        name: "",
        user: "u",
        object,
        old_object: Object::Absent,
    };
    respond(&cluster, &request)
}

#[test]
fn an_unreadable_pod_is_refused_and_an_unreadable_controller_is_not() {
    let pod = reported(created("pods", Object::Unreadable("why")));
    assert_eq!((pod.code, pod.reason.as_str()), (400, "BadRequest"));
    assert_eq!(pod.message, "failed to decode object");
    let controller = created("replicationcontrollers", Object::Unreadable("why"));
    assert_eq!(controller.refusal, None);
    for response in [pod, reported(controller)] {
        let annotations = response.audit_annotations.unwrap();
        assert_eq!(annotations["error"], "failed to decode object: why");
    }
}

#[test]
fn the_refusal_of_a_pod_without_a_name_names_the_resource_only() {
    let pod = replica("", "a");
    let refused = reported(created("pods", Object::Pod(&pod)));
    assert_eq!(
        refused.message,
        "pods is forbidden: violates PodSecurity \"baseline:latest\": privileged (container \"c\" must not set \
         securityContext.privileged=true)"
    );
    assert_eq!(refused.warnings, Some(Vec::new()));
    assert!(
        refused
            .audit_annotations
            .unwrap()
            .contains_key("audit-violations")
    );
}

/// The sentence that refuses a configuration with these fields besides `apiVersion` and `kind`.
#[track_caller]
fn check_refused(fields: Value, expected: &str) {
    let mut document = json!({
        "apiVersion": "pod-security.admission.config.k8s.io/v1",
        "kind": "PodSecurityConfiguration",
    });
    for (key, value) in fields.as_object().expect("fields") {
        document[key] = value.clone();
    }
    let error = match model::decode(&document) {
        Err(error) => configuration::decode_error(&error),
        Ok(written) => aggregate(configuration::understand(&written).expect_err("a mistake")),
    };
    assert_eq!(error, expected);
}

#[test]
fn a_configuration_is_refused_in_the_words_of_upstream() {
    check_refused(
        json!({"Defaults": {}, "defaults": {"Enforce": "x"}}),
        r#"strict decoding error: unknown field "Defaults", unknown field "defaults.Enforce""#,
    );
    check_refused(
        json!({"defaults": 5}),
        "json: cannot unmarshal number into Go struct field PodSecurityConfiguration.defaults of type \
         v1.PodSecurityDefaults",
    );
    check_refused(
        json!({"exemptions": {"usernames": "u"}}),
        "json: cannot unmarshal string into Go struct field PodSecurityExemptions.exemptions.usernames of type \
         []string",
    );
    check_refused(
        json!({"kind": ["PodSecurityConfiguration"]}),
        "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go struct field .kind of type \
         string",
    );
    check_refused(
        json!({"apiVersion": "a/b/c"}),
        "unexpected GroupVersion string: a/b/c",
    );
    check_refused(json!({"kind": null}), "Object 'Kind' is missing");
    check_refused(
        json!({"apiVersion": "a/"}),
        "Object 'apiVersion' is missing",
    );
    check_refused(
        json!({"apiVersion": "pod-security.admission.config.k8s.io/v2"}),
        "no kind \"PodSecurityConfiguration\" is registered for version \
         \"pod-security.admission.config.k8s.io/v2\" in scheme \
         \"k8s.io/pod-security-admission/admission/api/scheme/scheme.go:31\"",
    );
    check_refused(
        json!({"defaults": {"warn": "x", "enforce-version": "1"}, "exemptions": {"usernames": [""]}}),
        "[enforce-version: must be \"latest\" or \"v1.x\", warn: must be one of privileged, baseline, restricted]",
    );
    check_refused(
        json!({"exemptions": {"usernames": ["u", null, "u"], "namespaces": ["a", "b", "a"]}}),
        "[exemptions.namespaces[2]: Duplicate value: \"a\", exemptions.usernames[1]: Required value, \
         exemptions.usernames[2]: Duplicate value: \"u\"]",
    );
}

#[test]
fn exempt_namespaces_are_dns_labels_of_at_most_63_bytes() {
    check_refused(
        json!({"exemptions": {"namespaces": ["-a"]}}),
        "exemptions.namespaces[0]: Invalid value: \"-a\": a lowercase RFC 1123 label must consist of lower case \
         alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
         '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    );
    let long = "a".repeat(64);
    check_refused(
        json!({"exemptions": {"namespaces": [long, &long[1..]]}}),
        &format!(
            "exemptions.namespaces[0]: Invalid value: \"{long}\": must be no more than 63 characters"
        ),
    );
}

#[test]
fn empty_and_absent_defaults_are_privileged_and_latest() {
    let document = json!({
        "apiVersion": "pod-security.admission.config.k8s.io/v1beta1",
        "kind": "PodSecurityConfiguration",
        "defaults": {"enforce": "", "audit": "baseline", "audit-version": "", "warn-version": "v1.20"},
        "exemptions": null,
    });
    let understood = configuration::understand(&model::decode(&document).unwrap()).unwrap();
    assert_eq!(
        understood,
        Configuration {
            defaults: policy("privileged:latest", "baseline:latest", "privileged:v1.20"),
            ..Configuration::NONE
        }
    );
}
