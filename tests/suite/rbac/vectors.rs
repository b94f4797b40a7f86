//! The authorizer of Kubernetes 1.24 on generated roles, bindings and questions.

use std::collections::BTreeMap;

use psp2psa::model::role::{AggregationRule, Binding, PolicyRule, Role, RoleRef, Subject};
use psp2psa::rbac::{Access, Identity, POLICY_GROUPS, Request, Requester, Via};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rbac {
    #[serde(default)]
    aggregate: bool,
    roles: Option<Vec<RoleObject>>,
    cluster_roles: Option<Vec<RoleObject>>,
    role_bindings: Option<Vec<BindingObject>>,
    cluster_role_bindings: Option<Vec<BindingObject>>,
}

#[derive(Deserialize)]
struct Meta {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleObject {
    metadata: Meta,
    rules: Option<Vec<PolicyRule>>,
    aggregation_rule: Option<AggregationRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BindingObject {
    metadata: Meta,
    subjects: Option<Vec<Subject>>,
    role_ref: RoleRef,
}

impl Rbac {
    fn roles(&self) -> Vec<Role> {
        let of = |objects: &Option<Vec<RoleObject>>, namespaced: bool| -> Vec<Role> {
            let objects = objects.iter().flatten();
            objects
                .map(|object| Role {
                    namespace: namespaced.then(|| object.metadata.namespace.clone()),
                    name: object.metadata.name.clone(),
                    sources: Vec::new(),
                    labels: object.metadata.labels.clone(),
                    from_cluster: !self.aggregate,
                    rules: object.rules.clone().unwrap_or_default(),
                    aggregation: object.aggregation_rule.clone(),
                    manifest: None,
                })
                .collect()
        };
        [of(&self.cluster_roles, false), of(&self.roles, true)].concat()
    }

    fn bindings(&self) -> Vec<Binding> {
        let of = |objects: &Option<Vec<BindingObject>>, namespaced: bool| -> Vec<Binding> {
            let objects = objects.iter().flatten();
            objects
                .map(|object| Binding {
                    from_cluster: false,
                    namespace: namespaced.then(|| object.metadata.namespace.clone()),
                    name: object.metadata.name.clone(),
                    sources: Vec::new(),
                    subjects: object.subjects.clone().unwrap_or_default(),
                    role_ref: object.role_ref.clone(),
                })
                .collect()
        };
        [
            of(&self.cluster_role_bindings, false),
            of(&self.role_bindings, true),
        ]
        .concat()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    user: String,
    groups: Option<Vec<String>>,
    namespace: String,
    psp: String,
    service_account: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    allowed: bool,
    allowed_policy: bool,
    allowed_extensions: bool,
    allowed_sa: Option<bool>,
    allowed_pod: bool,
}

#[derive(Deserialize)]
struct RbacVector {
    id: String,
    #[serde(flatten)]
    rbac: Rbac,
    queries: Vec<Query>,
    expect: Vec<Expected>,
}

fn vectors<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).expect("a vector"))
        .collect()
}

/// One query, with every answer the vector gives. Of masters upstream's RBAC knows nothing: there ours is yes.
fn answers_agree(id: &str, access: &Access<'_>, query: &Query, expected: &Expected) {
    let who = Identity {
        user: query.user.clone(),
        groups: query.groups.clone().unwrap_or_default(),
    };
    let master = who.groups.iter().any(|group| group == "system:masters");
    let (namespace, policy) = (query.namespace.as_str(), query.psp.as_str());
    let place = format!("{id}: {} in {namespace} on {policy}", who.user);

    let allows = access.allows(&who, namespace, policy);
    assert_eq!(allows.is_some(), expected.allowed || master, "{place}");
    assert_eq!(matches!(allows, Some(Via::Masters)), master, "{place}");
    let by_group = [expected.allowed_policy, expected.allowed_extensions];
    for (group, expected) in POLICY_GROUPS.iter().zip(by_group) {
        let request = Request::use_policy(group, policy);
        let allowed = access.authorizes(&who, namespace, &request).is_some();
        assert_eq!(allowed, expected || master, "{place} in {group}");
    }
    let account = query.service_account.as_deref();
    if let (Some(account), Some(expected)) = (account, expected.allowed_sa) {
        let identity = Identity::account(namespace, account);
        let allowed = access.allows(&identity, namespace, policy).is_some();
        assert_eq!(allowed, expected, "{place} as {account}");
    }
    let pod = access.pod_allows(namespace, account, Some(&who), policy);
    assert_eq!(pod.is_some(), expected.allowed_pod || master, "{place}");
    let by_account = expected.allowed_sa == Some(true);
    let requester = match by_account {
        true => Requester::Account,
        false => Requester::Creator,
    };
    assert!(pod.is_none_or(|pod| pod.requester == requester), "{place}");
}

#[test]
fn every_answer_agrees_with_the_authorizer_but_for_masters() {
    let vectors: Vec<RbacVector> = vectors(include_str!("../../../fixtures/vectors/rbac.jsonl"));
    let mut queries = 0;
    for vector in &vectors {
        let (roles, bindings) = (vector.rbac.roles(), vector.rbac.bindings());
        let policies = ["baseline", "privileged", "psp-1", "restricted"];
        let (access, _) = Access::new(&roles, &bindings, &policies);
        assert_eq!(vector.queries.len(), vector.expect.len());
        for (query, expected) in vector.queries.iter().zip(&vector.expect) {
            answers_agree(&vector.id, &access, query, expected);
            queries += 1;
        }
    }
    assert!(queries >= 2000, "only {queries} queries");
}

#[derive(Deserialize)]
struct User {
    name: String,
    groups: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct PerPolicy {
    name: String,
    authorized: bool,
}

#[derive(Deserialize)]
struct Outcome {
    per_psp: Vec<PerPolicy>,
}

#[derive(Deserialize)]
struct Pod {
    spec: PodSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PodSpec {
    service_account_name: Option<String>,
}

#[derive(Deserialize)]
struct AdmissionVector {
    id: String,
    namespace: String,
    user: User,
    rbac: Rbac,
    pod: Pod,
    expect: Outcome,
}

#[test]
fn pods_are_authorized_for_the_policies_that_admission_authorized() {
    let vectors: Vec<AdmissionVector> =
        vectors(include_str!("../../../fixtures/vectors/psp-e2e.jsonl"));
    let mut compared = 0;
    for vector in &vectors {
        let (roles, bindings) = (vector.rbac.roles(), vector.rbac.bindings());
        let outcomes = &vector.expect.per_psp;
        let policies: Vec<&str> = outcomes.iter().map(|policy| policy.name.as_str()).collect();
        let (access, _) = Access::new(&roles, &bindings, &policies);
        let creator = Identity {
            user: vector.user.name.clone(),
            groups: vector.user.groups.clone().unwrap_or_default(),
        };
        let account = vector.pod.spec.service_account_name.as_deref();
        let usable: Vec<&str> = access
            .pod_policies(&vector.namespace, account, Some(&creator))
            .into_iter()
            .map(|(policy, _)| policy)
            .collect();
        let master = creator.is_master();
        let expected: Vec<&str> = outcomes
            .iter()
            .filter(|policy| policy.authorized || master)
            .map(|policy| policy.name.as_str())
            .collect();
        assert_eq!(usable, expected, "{}", vector.id);
        compared += outcomes.len();
    }
    assert!(compared >= 200, "only {compared} policies");
}
