//! What findings are made of, beyond what the stories show: numbers, agreement with the admission plugin, versions.

use std::collections::BTreeMap;

use psp2psa::model::object::ObjectMeta;
use psp2psa::model::pod::Pod;
use psp2psa::plan::{Options, Plan};
use psp2psa::pss::Version;
use psp2psa::pss::admission::configuration::Configuration;
use psp2psa::pss::admission::existing::Limits;
use psp2psa::pss::admission::request::{Cluster, Object, Operation, Request, respond};
use psp2psa::pss::admission::{ENFORCE, ENFORCE_VERSION};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{options, read};

fn plan(objects: Vec<Value>, options: &Options) -> Plan {
    let objects: Vec<(String, Value)> = objects
        .into_iter()
        .enumerate()
        .map(|(number, object)| (format!("{number}.json"), object))
        .collect();
    psp2psa::migrate(
        read(objects.iter()),
        &psp2psa::default_attribution(),
        options,
    )
    .0
}

fn namespace(name: &str, labels: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn deployment(namespace: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "api", "namespace": namespace},
        "spec": {"template": {"spec": spec}},
    })
}

fn node(version: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": version},
        "status": {"nodeInfo": {"kubeletVersion": version}},
    })
}

fn containers() -> Value {
    json!([{"name": "c", "image": "i"}])
}

#[test]
fn five_hundred_namespaces_with_one_cause_are_one_finding_with_five_hundred_places() {
    let labels = json!({ENFORCE: "restricted", ENFORCE_VERSION: "v1.30"});
    let objects = (0..500)
        .flat_map(|number| {
            let name = format!("team-{number}");
            let spec = json!({"containers": containers()});
            [namespace(&name, labels.clone()), deployment(&name, spec)]
        })
        .collect();
    let plan = plan(objects, &options(Version::Minor(30)));
    let refused: Vec<_> = plan
        .findings
        .iter()
        .filter(|finding| finding.code.name == "workload-refused")
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].places.len(), 500);
    assert!(refused[0].evidence.len() <= 20, "enough to understand");
    assert!(plan.findings.len() < 10, "one cause, one finding");
}

/// The plugin's answer to the label, without its limits.
fn answer(pods: &[Value], before: &BTreeMap<String, String>, level: &str) -> Vec<String> {
    let metadata = |labels: &BTreeMap<String, String>| ObjectMeta {
        name: "shop".to_owned(),
        labels: labels.clone(),
        ..ObjectMeta::default()
    };
    let mut after = before.clone();
    after.insert(ENFORCE.to_owned(), level.to_owned());
    after.insert(ENFORCE_VERSION.to_owned(), "v1.30".to_owned());
    let pods: Vec<Pod> = pods
        .iter()
        .map(|pod| Pod::deserialize(pod).expect("a pod"))
        .collect();
    let configuration = Configuration::NONE;
    let cluster = Cluster {
        configuration: &configuration,
        namespaces: &BTreeMap::new(),
        pods: Some(&pods),
        limits: Limits {
            max_pods: usize::MAX,
            time_is_over: &|| false,
        },
    };
    let request = Request {
        operation: Operation::Update,
        group: "",
        resource: "namespaces",
        subresource: "",
        namespace: "shop",
        name: "shop",
        user: "",
        object: Object::Namespace(&metadata(&after)),
        old_object: Object::Namespace(&metadata(before)),
    };
    respond(&cluster, &request).warnings
}

#[test]
fn what_is_said_of_existing_pods_is_what_the_plugin_answers_to_the_label() {
    let pod = |name: String, spec: Value| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "uid": name},
            "spec": spec,
        })
    };
    // More than upstream looks at.
    let mut pods: Vec<Value> = (0..3100)
        .map(|number| pod(format!("web-{number}"), json!({"containers": containers()})))
        .collect();
    pods.push(pod(
        "host".to_owned(),
        json!({"hostNetwork": true, "hostPID": true, "containers": containers()}),
    ));
    pods.push(pod(
        "done".to_owned(),
        json!({"hostNetwork": true, "hostPID": true, "containers": containers()}),
    ));
    for before in [
        json!({}),
        json!({ENFORCE: "baseline", ENFORCE_VERSION: "v1.30"}),
        json!({ENFORCE: "restricted", ENFORCE_VERSION: "v1.30"}),
    ] {
        let mut objects = pods.clone();
        objects.push(namespace("shop", before.clone()));
        let plan = plan(objects, &options(Version::Minor(30)));
        let labels = BTreeMap::deserialize(&before).expect("labels");
        for level in ["baseline", "restricted"] {
            let said = plan.namespaces[0]
                .relabellings
                .iter()
                .find(|relabelling| relabelling.enforce.level.as_str() == level)
                .map(|relabelling| relabelling.warnings.clone())
                .unwrap_or_default();
            assert_eq!(said, answer(&pods, &labels, level), "{before} to {level}");
        }
    }
}

/// The versions that a preview shows for a workload with a sysctl that is safe from v1.29 on, and a probe host that is
/// forbidden from v1.34 on.
fn previewed(nodes: &[&str], target: Option<Version>) -> Vec<String> {
    let container =
        json!({"name": "c", "image": "i", "livenessProbe": {"httpGet": {"port": 80, "host": "h"}}});
    let sysctl = json!({"sysctls": [{"name": "net.ipv4.tcp_keepalive_time", "value": "1"}]});
    let mut objects = vec![
        namespace("probes", json!({})),
        deployment("probes", json!({"containers": [container]})),
        namespace("sysctls", json!({})),
        deployment(
            "sysctls",
            json!({"securityContext": sysctl, "containers": containers()}),
        ),
    ];
    objects.extend(nodes.iter().map(|version| node(version)));
    let options = Options {
        target,
        ..options(Version::Latest)
    };
    let plan = plan(objects, &options);
    let mut titles: Vec<String> = plan
        .findings
        .into_iter()
        .filter(|finding| finding.code.name == "other-version-refuses")
        .map(|finding| finding.title)
        .collect();
    titles.sort();
    titles
}

#[test]
fn earlier_versions_matter_only_if_the_api_server_can_be_that_old() {
    let later = "baseline refuses more from v1.34 on: hostProbesAndHostLifecycle";
    let earlier = "baseline refuses more on API servers as old as v1.27: sysctls";
    let chosen = Some(Version::Minor(30));
    assert_eq!(previewed(&[], chosen), [later, earlier]);
    assert_eq!(previewed(&["v1.30.1"], None), [later]);
    // An API server is never older than a kubelet.
    assert_eq!(previewed(&["v1.25.1", "v1.29.0"], chosen), [later]);
    // Where it is known to be older, the level is one that holds there as well.
    assert_eq!(previewed(&["v1.28.0"], chosen), [later]);
}

#[test]
fn latest_is_said_to_be_the_newest_version_that_is_known() {
    let plan = plan(
        vec![namespace("shop", json!({}))],
        &options(Version::Latest),
    );
    assert!(
        plan.target.reason.contains("v1.37"),
        "{}",
        plan.target.reason
    );
}

#[test]
fn what_overwriting_an_invalid_label_does_is_said_of_each_namespace() {
    let hardened = json!({"containers": [{"name": "c", "image": "i", "securityContext": {
        "allowPrivilegeEscalation": false, "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }}]});
    let objects = vec![
        namespace("aa", json!({ENFORCE: "high"})),
        deployment("aa", hardened),
        namespace("bb", json!({ENFORCE: "high"})),
        deployment(
            "bb",
            json!({"hostNetwork": true, "containers": containers()}),
        ),
    ];
    let plan = plan(objects, &options(Version::Minor(24)));
    let mut findings = plan.findings.iter();
    let finding = findings
        .find(|finding| finding.code.name == "label-invalid")
        .unwrap();
    let says = |line: &str| finding.evidence.iter().any(|evidence| evidence == line);
    assert!(
        says("aa: --overwrite would write restricted"),
        "{:?}",
        finding.evidence
    );
    let looser = "bb: --overwrite would write privileged, which is looser than what is in force";
    assert!(says(looser), "{:?}", finding.evidence);
}
