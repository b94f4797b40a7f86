//! The defaults for namespaces without labels, with the plugin's own rules.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use psp2psa::input::InputFile;
use psp2psa::model::admission::decode;
use psp2psa::plan::level::Status;
use psp2psa::plan::settings::Settings;
use psp2psa::plan::unlabelled::Unlabelled;
use psp2psa::plan::{Options, Plan};
use psp2psa::pss::admission::Mode;
use psp2psa::pss::admission::configuration::{Configuration, understand};
use psp2psa::pss::admission::existing::Limits;
use psp2psa::pss::admission::request::{Cluster as Server, Object, Operation, Request, respond};
use psp2psa::pss::{Level, Version};
use psp2psa::render;
use serde_json::json;

use super::cluster::{Cluster, any_cluster};
use super::{any_options, config, plan, read};

/// The file.
fn written(plan: &Plan) -> String {
    render::admission::configuration(plan).expect("the plan of a whole cluster")
}

/// What the plugin understands of the file.
fn understood(plan: &Plan) -> Configuration {
    let text = written(plan);
    let file = InputFile::new("admission-configuration.yaml", text.clone().into_bytes());
    let chunks = psp2psa::input::chunks(&file);
    let readings = chunks.iter().map(|chunk| chunk.read());
    let documents: Vec<_> = readings.flat_map(|reading| reading.documents).collect();
    assert_eq!(documents.len(), 1, "{text}");
    let document = documents[0].value().expect("YAML");
    assert_eq!(document["kind"], "AdmissionConfiguration");
    let plugin = &document["plugins"][0];
    assert_eq!(plugin["name"], "PodSecurity");
    let written = decode(&plugin["configuration"]).expect("what the plugin reads");
    understand(&written).expect("what the plugin understands")
}

/// With the namespaces of Kubernetes itself, as a server lists them.
fn listed(mut cluster: Cluster) -> Cluster {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "uid": "1"}});
        cluster
            .objects
            .push((format!("server-{name}.json"), namespace));
    }
    cluster
}

/// The pods of these namespaces that the plugin refuses once every label of the plan is there.
fn refused(
    cluster: &Cluster,
    plan: &Plan,
    configuration: &Configuration,
    asked: &BTreeSet<&str>,
) -> Vec<String> {
    let namespaces: BTreeMap<String, BTreeMap<String, String>> = plan
        .namespaces
        .iter()
        .map(|namespace| (namespace.name.clone(), namespace.labels.after.clone()))
        .collect();
    let server = Server {
        configuration,
        namespaces: &namespaces,
        pods: None,
        limits: Limits {
            max_pods: Limits::MAX_PODS,
            time_is_over: &|| false,
        },
    };
    let mut read = read(cluster.objects.iter());
    let (mut workloads, _) = psp2psa::model::take_workloads(
        &mut read.objects,
        &read.unreadable,
        &psp2psa::default_attribution(),
    );
    for workload in &mut workloads {
        psp2psa::model::defaults::apply(&mut workload.pod);
    }
    let pods = workloads.iter().filter_map(|workload| {
        let namespace = workload.namespace.as_deref()?;
        asked
            .contains(namespace)
            .then_some((namespace, &workload.pod))
    });
    pods.filter_map(|(namespace, pod)| {
        let request = Request {
            operation: Operation::Create,
            group: "",
            resource: "pods",
            subresource: "",
            namespace,
            name: "p",
            user: "jane",
            object: Object::Pod(pod),
            old_object: Object::Absent,
        };
        let response = respond(&server, &request);
        response
            .refusal
            .map(|refusal| format!("{namespace}: {refusal:?}"))
    })
    .collect()
}

fn unlabelled(cluster: Cluster, options: &Options) -> (Plan, Unlabelled) {
    let plan = plan(&cluster, options);
    let unlabelled = plan
        .unlabelled
        .clone()
        .expect("the plan of a whole cluster");
    (plan, unlabelled)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_pod_is_refused_where_the_plan_writes_no_enforce_label(
        cluster in any_cluster(), options in any_options(), exclude in any::<bool>(), list in any::<bool>(),
    ) {
        let cluster = if list { listed(cluster) } else { cluster };
        let exclude = if exclude { vec!["sto*".to_owned(), "default".to_owned()] } else { Vec::new() };
        let plan = plan(&cluster, &Options { exclude, ..options });
        let Some(unlabelled) = &plan.unlabelled else {
            // Nothing is known of the cluster.
            prop_assert!(plan.namespaces.is_empty());
            return Ok(());
        };
        let configuration = understood(&plan);
        let open: BTreeSet<&str> = plan
            .namespaces
            .iter()
            .filter(|namespace| namespace.labels.in_force(Mode::Enforce).is_none())
            .map(|namespace| namespace.name.as_str())
            .collect();
        let named: BTreeSet<&str> = unlabelled.uncovered.iter().map(|uncovered| uncovered.namespace.as_str()).collect();
        prop_assert_eq!(&open, &named);
        let refused = refused(&cluster, &plan, &configuration, &open);
        prop_assert!(refused.is_empty(), "{:?}", refused);
        // An exemption switches audit and warn off as well, so there is none without need.
        for name in &configuration.namespaces {
            let namespace = plan.namespaces.iter().find(|namespace| namespace.name == *name);
            let namespace = namespace.expect("a namespace of the plan");
            prop_assert_eq!(namespace.decision.status, Status::Excluded);
            prop_assert!(configuration.defaults.enforce.level > Level::Privileged);
        }
    }
}

/// A cluster of the namespaces that every cluster has, and of one that runs something.
fn conclusive(more: &[serde_json::Value]) -> Cluster {
    let pod = |namespace: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace, "uid": "1"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}, "status": {"phase": "Running"}})
    };
    let shop =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "1"}});
    let objects = [pod("default"), pod("shop"), pod("kube-system"), shop];
    let objects = objects.iter().chain(more).enumerate();
    listed(Cluster {
        objects: objects
            .map(|(at, object)| (format!("{at}.json"), object.clone()))
            .collect(),
    })
}

fn options(exclude: &[&str]) -> Options {
    Options {
        target: None,
        basis: psp2psa::plan::Basis::Observed,
        prefer: psp2psa::plan::Prefer::Stability,
        audit: psp2psa::plan::Aim::Next,
        warn: psp2psa::plan::Aim::Next,
        existing: psp2psa::plan::Existing::Keep,
        complete: false,
        only: None,
        exclude: exclude
            .iter()
            .map(|pattern| (*pattern).to_owned())
            .collect(),
        settings: Settings::NONE,
    }
}

#[test]
fn new_namespaces_enforce_baseline_where_every_other_has_a_label() {
    let (plan, unlabelled) = unlabelled(conclusive(&[]), &options(&[]));
    assert_eq!(unlabelled.defaults.enforce.level, Level::Baseline);
    assert_eq!(unlabelled.defaults.warn.level, Level::Restricted);
    assert!(unlabelled.exempt.is_empty());
    assert!(unlabelled.uncovered.is_empty());
    let text = written(&plan);
    assert!(
        text.contains("# The way back: before anything of rollback/ is applied"),
        "{text}"
    );
}

#[test]
fn an_inconclusive_namespace_keeps_the_default_privileged() {
    let empty =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "empty", "uid": "1"}});
    let (plan, unlabelled) = unlabelled(conclusive(&[empty]), &options(&[]));
    assert_eq!(unlabelled.defaults.enforce.level, Level::Privileged);
    assert_eq!(unlabelled.aim, Level::Baseline);
    assert_eq!(unlabelled.uncovered[0].namespace, "empty");
    let text = written(&plan);
    assert!(!text.contains("The way back"), "{text}");
    assert!(unlabelled.exempt.is_empty());
}

#[test]
fn a_namespace_that_is_left_out_is_exempt_from_a_default_that_would_change_it() {
    let number =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "1e3", "uid": "1"}});
    let (plan, unlabelled) = unlabelled(conclusive(&[number]), &options(&["1e*"]));
    assert_eq!(unlabelled.defaults.enforce.level, Level::Baseline);
    let configuration = understood(&plan);
    assert!(
        configuration.namespaces.contains("1e3"),
        "{configuration:?}"
    );
}

#[test]
fn files_do_not_show_which_other_namespaces_there_are() {
    let cluster = Cluster {
        objects: conclusive(&[]).objects.into_iter().take(3).collect(),
    };
    let (_, unlabelled) = unlabelled(cluster, &options(&[]));
    assert_eq!(unlabelled.defaults.enforce.level, Level::Privileged);
    assert!(unlabelled.reasons[0].contains("does not list the namespaces"));
}

#[test]
fn a_plan_for_one_namespace_says_nothing_of_the_cluster() {
    let options = Options {
        only: Some("shop".to_owned()),
        ..options(&[])
    };
    assert!(plan(&conclusive(&[]), &options).unlabelled.is_none());
}

/// The version that the file is written in, and its comment on that.
fn api(more: &[serde_json::Value], target: Option<Version>) -> (String, String) {
    let options = Options {
        target,
        ..options(&[])
    };
    let (plan, _) = unlabelled(conclusive(more), &options);
    let text = written(&plan);
    let field = text.lines().find_map(|line| {
        line.trim()
            .strip_prefix("apiVersion: pod-security.admission.config.k8s.io/")
    });
    (field.expect("a version").to_owned(), text)
}

#[test]
fn the_file_is_one_that_a_server_reads_which_still_has_policies() {
    let node = |kubelet: &str| {
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": kubelet},
        "status": {"nodeInfo": {"kubeletVersion": kubelet}}})
    };
    let policy = json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": "p"},
        "spec": {"seLinux": {"rule": "RunAsAny"}, "runAsUser": {"rule": "RunAsAny"},
            "supplementalGroups": {"rule": "RunAsAny"}, "fsGroup": {"rule": "RunAsAny"}}});
    let at = |minor| Some(Version::Minor(minor));
    for (more, target, version) in [
        (vec![], None, "v1"),
        (vec![], at(25), "v1"),
        (vec![], at(24), "v1beta1"),
        (vec![], Some(Version::Latest), "v1"),
        (vec![node("v1.25.3")], None, "v1"),
        (vec![node("v1.24.17+k3s1")], None, "v1beta1"),
        (vec![node("v1.24.17"), node("v1.26.1")], at(30), "v1beta1"),
        (vec![policy], at(30), "v1beta1"),
    ] {
        assert_eq!(api(&more, target).0, version, "{more:?} {target:?}");
    }
    let (version, text) = api(&[], at(22));
    assert_eq!(version, "v1beta1");
    assert!(text.contains("# v1.22 reads v1alpha1 only"), "{text}");
    assert!(!api(&[], at(23)).1.contains("v1alpha1"));
}
