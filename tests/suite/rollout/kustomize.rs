//! Every stage builds alone, and kubectl builds what we applied and proved.
//!
//! `PSP2PSA_CORPUS=DIR cargo test --test suite real_manifests` builds what every folder of real manifests comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use psp2psa::model::workload::Manifest;
use psp2psa::plan::staging::Unstaged;
use psp2psa::plan::{Existing, Plan, Prefer};
use psp2psa::psp;
use psp2psa::render::Artifact;
use psp2psa::render::manifests;
use serde_json::Value;

use super::busy::busy_cluster;
use super::{Key, PREFERENCES, State, any_options, applied, documents, key, objects, options};
use crate::support::{folder, run, tree, write};

fn files(artifacts: &[Artifact]) -> BTreeMap<String, String> {
    let files = artifacts.iter();
    files
        .map(|artifact| (artifact.path.clone(), artifact.text.clone()))
        .collect()
}

fn by_key(objects: Vec<Value>) -> BTreeMap<Key, Value> {
    let count = objects.len();
    let by_key: BTreeMap<Key, Value> = objects
        .into_iter()
        .map(|object| (key(&object), object))
        .collect();
    assert_eq!(by_key.len(), count, "an object stands twice in a stage");
    by_key
}

/// What kubectl builds of a folder.
fn kustomize(stage: &Path) -> String {
    let output = Command::new("kubectl")
        .arg("kustomize")
        .arg(stage)
        .output()
        .expect("kubectl runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", stage.display());
    String::from_utf8(output.stdout).expect("kubectl prints text")
}

/// What kubectl makes of each stage of a plan is what we make of it. How many folders were built.
fn builds(plan: &Plan) -> usize {
    let artifacts = manifests::stages(plan);
    let place = folder(&[]);
    for artifact in &artifacts {
        write(place.path(), &artifact.path, artifact.text.as_bytes());
    }
    let stages = applied(&files(&artifacts));
    let count = stages.len();
    for (stage, objects) in stages {
        let built = documents(&kustomize(&place.path().join("manifests").join(&stage)));
        let (built, objects) = (by_key(built), by_key(objects));
        assert!(built.keys().eq(objects.keys()), "{stage}");
        for (key, object) in objects {
            assert_eq!(built[&key], object, "{stage}: {key:?}");
        }
    }
    count
}

fn plan(objects: Vec<(String, Value)>, prefer: Prefer) -> Plan {
    let options = options(prefer, Existing::Keep, "v1.24".parse().ok(), true);
    State { objects }.plan(&options)
}

fn generated(count: usize) -> Vec<Plan> {
    let mut runner = TestRunner::deterministic();
    let strategy = (busy_cluster(), any_options());
    (0..count)
        .map(|_| {
            let (cluster, options) = strategy.new_tree(&mut runner).expect("a sample").current();
            let state = State {
                objects: cluster.objects,
            };
            state.plan(&options)
        })
        .collect()
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped has to say so")]
fn kubectl_builds_what_the_stages_were_proven_to_be() {
    let version = ["version", "--client"];
    if Command::new("kubectl").args(version).output().is_err() {
        eprintln!("skipped: there is no kubectl");
        return;
    }
    let stories = [
        "cluster",
        "scenarios/mutation-lost/in",
        "scenarios/restricted-policy-without-seccomp-list/in",
        "scenarios/seccomp-unconfined-by-default/in",
    ];
    let mut built = 0;
    for story in stories {
        for prefer in PREFERENCES {
            built += builds(&plan(objects(story), prefer));
        }
    }
    assert!(built > 20, "only {built} stages");
    let patched = |plan: &Plan| {
        let mut workloads = plan
            .namespaces
            .iter()
            .flat_map(|namespace| &namespace.workloads);
        workloads.any(|workload| workload.staged.is_some())
    };
    let plans = generated(60).into_iter().filter(patched);
    let built: usize = plans.take(8).map(|plan| builds(&plan)).sum();
    assert!(built > 20, "only {built} stages of generated clusters");
}

/// What a stage leaves of a workload is the object with exactly the edits that were proven.
#[test]
fn a_stage_makes_exactly_the_edits_of_the_patch() {
    let mut seen = 0;
    for plan in generated(400) {
        let stages = applied(&files(&manifests::stages(&plan)));
        for workload in plan
            .namespaces
            .iter()
            .flat_map(|namespace| &namespace.workloads)
        {
            let (Some(staged), Some(patch)) = (&workload.staged, workload.patch()) else {
                continue;
            };
            let mut expected = Manifest::object(&staged.manifest);
            let mut pod = &mut expected;
            for step in staged.pod_path.split('.').filter(|step| !step.is_empty()) {
                pod = &mut pod[step];
            }
            psp::apply(&patch.edits, pod);
            let namespace = workload.reference.namespace.as_deref();
            expected["metadata"]["namespace"] = namespace.expect("it is staged").into();
            let objects = &stages[staged.stage.folder()];
            let found = objects.iter().find(|object| key(object) == key(&expected));
            assert_eq!(found, Some(&expected), "{}", workload.title());
            seen += 1;
        }
    }
    assert!(seen > 30, "only {seen} workloads were patched");
}

/// The rollback and the cleanup are folders to build, too.
#[test]
fn every_folder_that_real_manifests_come_to_builds() {
    let Some(corpus) = std::env::var_os("PSP2PSA_CORPUS") else {
        return;
    };
    let mut built = 0;
    for entry in Path::new(&corpus).read_dir().expect("a directory") {
        let manifests = entry.expect("an entry").path();
        if !manifests.is_dir() {
            continue;
        }
        let place = folder(&[]);
        let manifests = manifests.to_string_lossy();
        let run = run(
            place.path(),
            &["migrate", "-R", "-f", &manifests, "--output-dir", "out"],
        );
        assert!(
            matches!(run.code, Some(0 | 1 | 3)),
            "{manifests}: {}",
            run.stderr
        );
        for kustomization in tree(place.path()).into_keys() {
            let Some(stage) = kustomization.strip_suffix("/kustomization.yaml") else {
                continue;
            };
            kustomize(&place.path().join(stage));
            built += 1;
        }
    }
    assert!(built > 20, "only {built} folders");
}

/// kustomize replaces the containers of API versions that it does not know, so these are written with their patch.
#[test]
fn objects_of_old_api_versions_are_written_as_patched() {
    let mut objects = objects("scenarios/mutation-lost/in");
    for (_, object) in &mut objects {
        if object["kind"] == "Deployment" {
            object["apiVersion"] = "extensions/v1beta1".into();
        }
    }
    let plan = plan(objects, Prefer::Stability);
    let files = files(&manifests::stages(&plan));
    let kustomization = &documents(&files["manifests/20-workloads/kustomization.yaml"])[0];
    assert!(kustomization["patches"].is_null());
    let written = &files["manifests/20-workloads/shop/deployment-api.yaml"];
    assert!(written.starts_with("# Policy restricted writes these fields"));
    let container = &documents(written)[0]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.example.com/app:1");
    assert_eq!(container["securityContext"]["runAsNonRoot"], true);
}

/// Of variants nobody knows which one is applied, and an object of a controller is written by that.
#[test]
fn what_nobody_can_patch_is_in_no_stage() {
    let policies = objects("scenarios/mutation-lost/in");
    let mut variant = policies.clone();
    let mut copy = |change: &dyn Fn(&mut Value)| {
        let api = policies.iter().find(|(_, object)| {
            object["kind"] == "Deployment" && object["metadata"]["namespace"] == "shop"
        });
        let (_, mut api) = api.expect("the story has it").clone();
        change(&mut api);
        variant.push((format!("more-{}.json", variant.len()), api));
    };
    copy(&|api| api["spec"]["replicas"] = 3.into());
    copy(&|api| {
        api["metadata"]["name"] = "owned".into();
        api["metadata"]["ownerReferences"] = serde_json::json!([
            {"apiVersion": "example.com/v1", "kind": "App", "name": "a", "uid": "u", "controller": true}
        ]);
    });
    let plan = plan(variant, Prefer::Security);
    let shop = plan
        .namespaces
        .iter()
        .find(|namespace| namespace.name == "shop");
    let shop = shop.expect("the story has it");
    assert!(shop.workloads.len() == 3 && shop.workloads.iter().all(|w| w.patch().is_some()));
    let why: Vec<_> = shop.workloads.iter().map(|it| it.unstaged).collect();
    let variants = Some(Unstaged::Variants);
    assert_eq!(why, [variants, variants, Some(Unstaged::Unpatchable)]);
    assert!(shop.workloads.iter().all(|it| it.staged.is_none()));
    let names: BTreeSet<String> = files(&manifests::stages(&plan)).into_keys().collect();
    assert!(!names.iter().any(|name| name.contains("20-workloads/shop")));
}
