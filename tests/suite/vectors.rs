//! Upstream's answers through the whole pipeline, from text to the JSON document: `fixtures/vectors/psa*.jsonl` through
//! `check`, `rbac.jsonl` through `access`.

use std::collections::BTreeMap;

use psp2psa::check::Question;
use psp2psa::diag::Severity;
use psp2psa::input::InputFile;
use psp2psa::pss::{Level, Version};
use psp2psa::rbac::Identity;
use psp2psa::render::json::{self, AccessQuestion, v1};
use serde::Deserialize;
use serde_json::{Value, json};

const PODS: [&str; 2] = [
    include_str!("../../fixtures/vectors/psa.jsonl"),
    include_str!("../../fixtures/vectors/psa-extra.jsonl"),
];
const RBAC: &str = include_str!("../../fixtures/vectors/rbac.jsonl");

#[derive(Deserialize)]
struct PodVector {
    id: String,
    level: String,
    version: String,
    pod: Value,
    #[serde(flatten)]
    answer: Answer,
    defaulted: Option<Answer>,
}

#[derive(Deserialize, Clone)]
struct Answer {
    allowed: bool,
    reason: String,
    detail: String,
    forbidden: Vec<Forbidden>,
}

#[derive(Deserialize, Clone)]
struct Forbidden {
    id: String,
    reason: String,
    detail: String,
}

impl PodVector {
    /// The answer of a cluster, which fills in defaults first.
    fn expected(&self) -> Value {
        let Answer {
            allowed,
            reason,
            detail,
            forbidden,
        } = self.defaulted.as_ref().unwrap_or(&self.answer);
        let message = match allowed {
            true => String::new(),
            false => format!(
                "would violate PodSecurity \"{}:{}\": {detail}",
                self.level, self.version
            ),
        };
        let violations: Vec<Value> = forbidden
            .iter()
            .map(|found| json!({"check": found.id, "reason": found.reason, "detail": found.detail}))
            .collect();
        json!({
            "allowed": allowed, "reason": reason, "detail": detail, "message": message, "violations": violations,
        })
    }
}

/// The part of a result that upstream answers.
fn found(result: &v1::CheckResult) -> Value {
    json!({
        "allowed": result.allowed, "reason": result.reason, "detail": result.detail, "message": result.message,
        "violations": serde_json::to_value(&result.violations).expect("a result is JSON"),
    })
}

fn object(mut value: Value, api_version: &str, kind: &str) -> Value {
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    value
}

/// A file with one object a line.
fn lines(objects: impl IntoIterator<Item = Value>) -> InputFile {
    let text: String = objects
        .into_iter()
        .map(|object| format!("{object}\n"))
        .collect();
    InputFile::new("vectors.json", text.into_bytes())
}

#[test]
fn check_gives_upstreams_answer_for_every_pod_in_the_order_of_the_input() {
    let mut groups: BTreeMap<(String, String), Vec<PodVector>> = BTreeMap::new();
    for line in PODS.iter().flat_map(|text| text.lines()) {
        let vector: PodVector = serde_json::from_str(line).expect("a vector");
        let key = (vector.level.clone(), vector.version.clone());
        groups.entry(key).or_default().push(vector);
    }
    let mut compared = 0;
    for ((level, version), vectors) in &groups {
        let level: Level = level.parse().expect("a level");
        let question = Question {
            level: Some(level),
            version: version.parse().expect("a version"),
            namespace: None,
        };
        let file = lines(
            vectors
                .iter()
                .map(|vector| object(vector.pod.clone(), "v1", "Pod")),
        );
        let read = psp2psa::read(&file);
        let (checked, diagnostics) =
            psp2psa::check(read, &psp2psa::default_attribution(), &question);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let report = json::check(&checked, &question);
        assert_eq!(report.version, *version);
        assert_eq!(report.results.len(), vectors.len());
        for (line, (vector, result)) in vectors.iter().zip(&report.results).enumerate() {
            assert_eq!(found(result), vector.expected(), "{}", vector.id);
            assert_eq!(result.source.line as usize, line + 1, "{}", vector.id);
            let satisfied = result.satisfies.contains(&level.as_str().to_owned());
            assert_eq!(satisfied, result.allowed, "{}", vector.id);
            compared += 1;
        }
    }
    assert!(
        compared >= 1600,
        "only {compared} pods in {} files",
        groups.len()
    );
}

#[test]
fn a_template_is_judged_as_the_pod_that_is_made_of_it() {
    let version: Version = "v1.25".parse().expect("a version");
    let question = Question {
        level: Some(Level::Restricted),
        version,
        namespace: None,
    };
    let pods: Vec<Value> = PODS[0]
        .lines()
        .take(300)
        .map(|line| {
            serde_json::from_str::<PodVector>(line)
                .expect("a vector")
                .pod
        })
        .collect();
    let answers = |objects: Vec<Value>| -> Vec<Value> {
        let read = psp2psa::read(&lines(objects));
        let (checked, _) = psp2psa::check(read, &psp2psa::default_attribution(), &question);
        let report = json::check(&checked, &question);
        report.results.iter().map(found).collect()
    };
    let bare = answers(
        pods.iter()
            .map(|pod| object(pod.clone(), "v1", "Pod"))
            .collect(),
    );
    assert_eq!(bare.len(), 300);
    type Wrap = fn(Value) -> Value;
    let in_spec: Wrap = |pod| json!({"spec": {"template": pod}});
    let in_job: Wrap = |pod| json!({"spec": {"jobTemplate": {"spec": {"template": pod}}}});
    let at_top: Wrap = |pod| json!({"template": pod});
    let wrappers = [
        ("apps/v1", "Deployment", in_spec),
        ("extensions/v1beta1", "DaemonSet", in_spec),
        ("batch/v1beta1", "CronJob", in_job),
        ("v1", "PodTemplate", at_top),
    ];
    for (api_version, kind, wrap) in wrappers {
        let wrapped = pods
            .iter()
            .map(|pod| object(wrap(pod.clone()), api_version, kind))
            .collect();
        assert_eq!(answers(wrapped), bare, "{kind}");
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RbacVector {
    id: String,
    aggregate: bool,
    roles: Option<Vec<Value>>,
    cluster_roles: Option<Vec<Value>>,
    role_bindings: Option<Vec<Value>>,
    cluster_role_bindings: Option<Vec<Value>>,
    queries: Vec<Query>,
    expect: Vec<Expected>,
}

#[derive(Deserialize)]
struct Query {
    user: String,
    groups: Option<Vec<String>>,
    namespace: String,
    psp: String,
}

#[derive(Deserialize)]
struct Expected {
    allowed: bool,
}

impl RbacVector {
    /// The objects as they stand in files; from a cluster, where the aggregation controller has done its work.
    fn objects(&self) -> Vec<Value> {
        let kinds = [
            ("Role", &self.roles),
            ("ClusterRole", &self.cluster_roles),
            ("RoleBinding", &self.role_bindings),
            ("ClusterRoleBinding", &self.cluster_role_bindings),
        ];
        kinds
            .into_iter()
            .flat_map(|(kind, objects)| objects.iter().flatten().map(move |object| (kind, object)))
            .map(|(kind, found)| {
                let mut object = object(found.clone(), "rbac.authorization.k8s.io/v1", kind);
                if !self.aggregate {
                    object["metadata"]["uid"] = "c0ffee".into();
                }
                object
            })
            .collect()
    }
}

#[test]
fn access_gives_upstreams_answer_but_for_masters() {
    let mut compared = 0;
    for line in RBAC.lines() {
        let vector: RbacVector = serde_json::from_str(line).expect("a vector");
        let read = psp2psa::read(&lines(vector.objects()));
        let attribution = psp2psa::default_attribution();
        let (inventory, diagnostics) = psp2psa::assemble(read, &attribution);
        let errors = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.code.severity == Severity::Error);
        assert_eq!(errors.count(), 0, "{}: {diagnostics:?}", vector.id);
        let (access, _) = psp2psa::resolve(&inventory);
        assert_eq!(vector.queries.len(), vector.expect.len());
        for (query, expected) in vector.queries.iter().zip(&vector.expect) {
            let who = Identity {
                user: query.user.clone(),
                groups: query.groups.clone().unwrap_or_default(),
            };
            // Upstream's vectors are pure RBAC; the API server lets masters do everything.
            let master = who.groups.iter().any(|group| group == "system:masters");
            let question = AccessQuestion {
                namespace: Some(&query.namespace),
                policy: Some(&query.psp),
                who: Some(who),
                default_namespace: &attribution.default_namespace,
            };
            let report = json::access(&access, &question);
            let place = format!(
                "{}: {} in {} on {}",
                vector.id, query.user, query.namespace, query.psp
            );
            assert_eq!(report.allowed, Some(expected.allowed || master), "{place}");
            let via = report.via.unwrap_or_default();
            assert_eq!(via.is_string(), expected.allowed || master, "{place}");
            // The grants that are listed are the ones that the answer rests on, if the input has the policy or names it.
            if !report.grants.is_empty() {
                assert_eq!(report.allowed, Some(true), "{place}");
            }
            compared += 1;
        }
    }
    assert!(compared >= 2000, "only {compared} questions");
}
