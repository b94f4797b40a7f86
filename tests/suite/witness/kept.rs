//! The ValidatingAdmissionPolicies of the finding `restriction-lost` say of a pod what the PodSecurityPolicy says that
//! they stand for, field by field; an evaluator of their language is the judge.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::pods::{self, Edit};
use super::{amount, config, fate};
use crate::policies;
use cel::{Context, Program};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use psp2psa::input::InputFile;
use psp2psa::mapping;
use psp2psa::model::defaults;
use psp2psa::model::pod::Pod;
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::plan::{self, Options};
use psp2psa::psp::{self, Candidate};
use serde::Deserialize as _;
use serde_json::{Value, json};

/// How many pods are made of one policy's.
const PODS: usize = 12;

/// A field of the policy, and how often its expression accepted and refused a pod.
type Seen = BTreeMap<String, (u32, u32)>;

/// A value as the API server gives it to expressions: whole numbers are `int`, and what is empty is left out.
fn cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(it) => cel::Value::Bool(*it),
        Value::Number(it) => cel::Value::Int(it.as_i64().expect("a whole number")),
        Value::String(it) => it.as_str().into(),
        Value::Array(items) => items.iter().map(cel).collect::<Vec<_>>().into(),
        Value::Object(fields) => {
            let is_there =
                |value: &Value| !value.is_null() && *value != json!([]) && *value != json!("");
            let fields = fields.iter().filter(|(_, value)| is_there(value));
            map(fields.map(|(name, value)| (name.clone(), cel(value))))
        }
    }
}

fn map(fields: impl Iterator<Item = (String, cel::Value)>) -> cel::Value {
    let map = fields.map(|(name, value)| (name.into(), value)).collect();
    cel::Value::Map(cel::objects::Map { map: Arc::new(map) })
}

fn compile(expression: &Value) -> Program {
    let expression = expression.as_str().expect("an expression");
    Program::compile(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
}

fn evaluate(program: &Program, context: &Context<'_, '_>) -> cel::Value {
    program
        .execute(context)
        .unwrap_or_else(|error| panic!("{error} in {:?}", program.expression()))
}

/// An admission policy, ready to judge.
struct Keeping {
    conditions: Vec<Program>,
    variables: Vec<(String, Program)>,
    /// Each with the field of the policy that it is about.
    validations: Vec<(String, Program)>,
}

impl Keeping {
    fn new(object: &Value) -> Self {
        let spec = &object["spec"];
        let list = |key: &str| spec[key].as_array().into_iter().flatten();
        let text = |object: &Value, key: &str| object[key].as_str().expect("a text").to_owned();
        Keeping {
            conditions: list("matchConditions")
                .map(|condition| compile(&condition["expression"]))
                .collect(),
            variables: list("variables")
                .map(|variable| (text(variable, "name"), compile(&variable["expression"])))
                .collect(),
            validations: list("validations")
                .map(|validation| {
                    let message = text(validation, "message");
                    let field = message.split(' ').nth(1).expect("a field").to_owned();
                    (field, compile(&validation["expression"]))
                })
                .collect(),
        }
    }

    /// What it sees of the creation of a pod.
    fn context(&self, namespace: &str, pod: &Value) -> Context<'static, 'static> {
        let mut context = Context::default();
        context.add_variable_from_value("object", cel(pod));
        context.add_variable_from_value("request", cel(&json!({"namespace": namespace})));
        let variables = self
            .variables
            .iter()
            .map(|(name, program)| (name.clone(), evaluate(program, &context)));
        let variables = map(variables);
        context.add_variable_from_value("variables", variables);
        context
    }

    fn is_about(&self, namespace: &str, pod: &Value) -> bool {
        let context = self.context(namespace, pod);
        let holds = |program| evaluate(program, &context) == cel::Value::Bool(true);
        self.conditions.iter().all(holds)
    }

    /// The fields of the policy, and whether the pod is accepted by what is said of them.
    fn judge(&self, pod: &Value) -> Vec<(&str, bool)> {
        let context = self.context("shop", pod);
        self.validations
            .iter()
            .map(|(field, program)| {
                (
                    field.as_str(),
                    evaluate(program, &context) == cel::Value::Bool(true),
                )
            })
            .collect()
    }
}

/// The admission policy that the plan gives for a policy under which a pod runs in a namespace without labels.
fn kept(policy: &PodSecurityPolicy) -> Option<Keeping> {
    let mut pod = mapping::plain_pod(policy)?;
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("plain");
    pod["metadata"]["namespace"] = json!("shop");
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "use"},
        "rules": [{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"],
                   "resourceNames": [policy.name]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "use"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "use"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:serviceaccounts"}],
    });
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [role, binding, pod]});
    let read = psp2psa::read(&InputFile::new(
        "cluster.json",
        list.to_string().into_bytes(),
    ));
    let (mut inventory, _) = psp2psa::assemble(read, &psp2psa::default_attribution());
    inventory.policies = vec![policy.clone()];
    let (access, said) = psp2psa::resolve(&inventory);
    let plan = plan::plan(&inventory, &access, &said, &Options::DEFAULT);
    let finding = plan
        .findings
        .iter()
        .find(|finding| finding.code.name == "restriction-lost")?;
    finding.manifests.first().map(Keeping::new)
}

/// Whether an error about a pod comes of this field of the policy.
fn concerns(field: &str, error: &psp::FieldError) -> bool {
    let at = error.field.as_str();
    let is_volume = at.starts_with("spec.volumes[");
    match field {
        "spec.allowedCapabilities" => at.ends_with("capabilities.add"),
        "spec.requiredDropCapabilities" => at.ends_with("capabilities.drop"),
        "spec.readOnlyRootFilesystem" => at.ends_with("readOnlyRootFilesystem"),
        "spec.hostPorts" => at.ends_with("hostPort"),
        "spec.volumes" => is_volume && at.ends_with(']'),
        // A path that is allowed for reading only is refused where it is mounted.
        "spec.allowedHostPaths" => {
            is_volume && at.contains(".hostPath") || at.ends_with("].readOnly")
        }
        "spec.allowedFlexVolumes" => is_volume && at.ends_with("].driver"),
        "spec.allowedCSIDrivers" => is_volume && at.ends_with(".csi.driver"),
        "spec.runtimeClass.allowedRuntimeClassNames" => at == "spec.runtimeClassName",
        "spec.runAsUser.ranges" => at.ends_with("runAsUser"),
        "spec.runAsGroup.ranges" => {
            at.ends_with("ontainers[0].securityContext")
                || at.ends_with("ontainers[1].securityContext")
        }
        "spec.supplementalGroups.ranges" => at.contains("supplementalGroups"),
        "spec.fsGroup.ranges" => at.contains("fsGroup"),
        other => panic!("no pod's field is known for {other}"),
    }
}

fn compare(
    policy: &PodSecurityPolicy,
    changes: &[(Index, Vec<Edit>)],
    seen: &mut Seen,
) -> Result<(), TestCaseError> {
    let Some(keeping) = kept(policy) else {
        return Ok(());
    };
    let mapping = mapping::map(policy, psp2psa::pss::Version::Latest);
    let mut bases: Vec<Value> = mapping
        .controls
        .iter()
        .filter_map(|control| control.witness.clone())
        .collect();
    bases.extend(mapping::plain_pod(policy));
    for (base, edits) in changes {
        let mut pod = base.get(&bases).clone();
        // What the policy writes, the pod says itself, so that it is judged as it is.
        if let Ok(fate) = fate(policy, &pod) {
            psp::apply(&psp::changes(&fate.written, &fate.stored), &mut pod);
        }
        edits.iter().for_each(|edit| pods::apply(&mut pod, edit));
        let Ok(mut written) = Pod::deserialize(&pod) else {
            continue;
        };
        defaults::apply(&mut written);
        if !psp::api_errors(&written).is_empty() {
            continue;
        }
        let candidate = Candidate {
            policy,
            usable: true,
        };
        let admission = psp::replay_update(&written, &[candidate]);
        let trial = &admission.trials[0];
        if trial.mutated || trial.provider_error.is_some() {
            continue;
        }
        for (field, accepts) in keeping.judge(&pod) {
            let errors: Vec<_> = trial
                .errors
                .iter()
                .filter(|error| concerns(field, error))
                .collect();
            prop_assert_eq!(
                accepts,
                errors.is_empty(),
                "{}: {:?} of {} by {:?}",
                field,
                errors,
                pod,
                policy.spec
            );
            let (accepted, refused) = seen.entry(field.to_owned()).or_default();
            *(if accepts { accepted } else { refused }) += 1;
        }
    }
    Ok(())
}

#[test]
fn what_is_kept_of_a_policy_is_what_the_policy_says() {
    let seen = RefCell::new(Seen::new());
    let strategy = (policies::valid_policies(), pods::changes(PODS));
    TestRunner::new(config(amount(300, 30_000)))
        .run(&strategy, |(policy, changes)| {
            compare(&policy, &changes, &mut seen.borrow_mut())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    let seen = seen.into_inner();
    let fields: BTreeSet<&str> = seen
        .iter()
        .filter(|(_, (accepted, refused))| *accepted > 0 && *refused > 0)
        .map(|(field, _)| field.as_str())
        .collect();
    // A policy writes what it requires to be dropped, and a file system that is not said to be read-only, before it looks.
    assert!(fields.len() >= 9, "{seen:?}");
}

#[test]
fn pods_of_another_policy_are_not_judged() {
    let text = include_bytes!("../../../fixtures/scenarios/several-policies/in/cluster.yaml");
    let read = psp2psa::read(&InputFile::new("cluster.yaml", text.to_vec()));
    let (plan, _) = psp2psa::migrate(read, &psp2psa::default_attribution(), &Options::DEFAULT);
    let keeping = plan
        .findings
        .iter()
        .flat_map(|finding| &finding.manifests)
        .find(|object| object["metadata"]["name"] == "psp-no-host-privileged")
        .expect("an admission policy");
    let keeping = Keeping::new(keeping);
    let is_about = |namespace: &str, account: Value| {
        let pod = json!({"spec": {"serviceAccountName": account, "containers": [{"name": "c"}]}});
        keeping.is_about(namespace, &pod)
    };
    assert!(is_about("shop", json!("api")));
    assert!(!is_about("shop", json!("agent")));
    assert!(!is_about("shop", Value::Null), "the mirror of a static pod");
    assert!(
        is_about("tools", json!("whoever")),
        "what is refused runs under no policy"
    );
    let names = plan.findings.iter().flat_map(|finding| &finding.manifests);
    let names: Vec<&Value> = names.map(|object| &object["metadata"]["name"]).collect();
    assert!(
        names.contains(&&json!("psp-with.host-privileged")),
        "{names:?}"
    );
}
