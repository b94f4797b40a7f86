//! Patches: what they write is what was judged, also when `kubectl kustomize` applies them.
#![expect(
    clippy::disallowed_methods,
    reason = "reads fixtures and writes a kustomization"
)]

use std::path::Path;
use std::process::Command;

use psp2psa::input::{self, InputFile};
use psp2psa::model::decode::{self, Keep, Object};
use psp2psa::model::defaults;
use psp2psa::plan::patches::Proof;
use psp2psa::plan::workloads::{Replay, WorkloadPlan};
use psp2psa::plan::{Options, Plan};
use psp2psa::pss::{self, Level};
use psp2psa::{Read, default_attribution};
use serde_json::{Value, json};

fn files(folder: &str) -> Vec<InputFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<InputFile> = folder
        .read_dir()
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "md"))
        .map(|path| {
            let bytes = std::fs::read(&path).expect("a file");
            InputFile::new(path.to_string_lossy().into_owned(), bytes)
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn plan(files: &[InputFile]) -> Plan {
    let mut read = Read::default();
    for file in files {
        read.append(psp2psa::read(file));
    }
    let options = Options::DEFAULT;
    psp2psa::migrate(read, &default_attribution(), &options).0
}

fn workloads(plan: &Plan) -> impl Iterator<Item = &WorkloadPlan> {
    plan.namespaces
        .iter()
        .flat_map(|namespace| &namespace.workloads)
}

/// Every object of the files that an API server could be given.
fn objects(files: &[InputFile]) -> Vec<Value> {
    files
        .iter()
        .flat_map(|file| input::documents(file).documents)
        .map(|document| document.value().expect("the fixtures are readable"))
        .collect()
}

#[test]
fn a_patch_never_costs_a_level_and_says_what_it_leaves_out() {
    let plan = plan(&files("fixtures/cluster"));
    let mut patched = 0;
    for workload in workloads(&plan) {
        let Some(patch) = workload.patch() else {
            continue;
        };
        patched += 1;
        let written = workload.satisfies;
        assert_eq!(
            written.intersection(patch.satisfies),
            written,
            "{} loses a level by its patch",
            workload.title()
        );
        let Replay::Admitted { changes, .. } = &workload.replay else {
            panic!("only an admitted workload has something to preserve");
        };
        for edit in &patch.edits {
            let is_written = changes.iter().any(|change| change.steps == edit.steps);
            let is_proven = edit.path().ends_with("runAsNonRoot");
            assert!(
                is_written || is_proven,
                "{} of {}",
                edit.path(),
                workload.title()
            );
        }
        assert_eq!(patch.proof, Proof::Accepted, "{}", workload.title());
    }
    assert!(patched > 5, "the fixture cluster has policies that write");
}

/// The proposal for a level, and what the old policies make of it.
fn proposal(story: &str, namespace: &str, level: Level) -> Option<(Vec<String>, Option<Proof>)> {
    let plan = plan(&files(&format!("fixtures/scenarios/{story}/in")));
    let workload = workloads(&plan)
        .find(|workload| workload.reference.namespace.as_deref() == Some(namespace))
        .expect("the story has a workload there");
    let mut proposals = workload.hardening.iter();
    let found = proposals.find(|hardening| hardening.level == level)?;
    let fields = found.edits.iter().map(psp2psa::psp::Change::path).collect();
    Some((fields, found.proof))
}

#[test]
fn hardening_is_proposed_with_what_the_old_policies_make_of_it() {
    let seccomp = vec!["spec.securityContext.seccompProfile".to_owned()];
    // A policy without a list of profiles refuses any; all else that restricted asks for it writes itself.
    let story = "restricted-policy-without-seccomp-list";
    let refused = Some((seccomp.clone(), Some(Proof::Refused)));
    assert_eq!(proposal(story, "plain", Level::Restricted), refused);
    // A policy that writes `unconfined` accepts a pod that says otherwise.
    let story = "seccomp-unconfined-by-default";
    let accepted = Some((seccomp, Some(Proof::Accepted)));
    assert_eq!(proposal(story, "shop", Level::Baseline), accepted);
    // Nothing is proposed beyond what the patch reaches.
    assert_eq!(proposal("mutation-lost", "shop", Level::Restricted), None);
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped has to say so")]
fn kubectl_applies_a_patch_to_the_pod_that_was_judged() {
    if Command::new("kubectl")
        .arg("version")
        .arg("--client")
        .output()
        .is_err()
    {
        eprintln!("skipped: there is no kubectl");
        return;
    }
    let files = files("fixtures/cluster");
    let plan = plan(&files);
    let objects = objects(&files);
    let evaluator = pss::evaluator(plan.target.version);
    let mut applied = 0;
    for workload in workloads(&plan) {
        let Some((patch, object)) = workload
            .patch()
            .and_then(|patch| Some((patch, patch.object.as_ref()?)))
        else {
            continue;
        };
        let base = objects
            .iter()
            .find(|base| {
                base["kind"] == object["kind"]
                    && base["metadata"]["name"] == object["metadata"]["name"]
            })
            .expect("the object that the patch is for");
        let built = kustomize(base, object);
        let file = InputFile::new("built.json", built.to_string().into_bytes());
        let documents = input::documents(&file).documents;
        let Ok(Object::Workload(mut result)) = decode::decode(&documents[0], Keep::Typed) else {
            panic!("kubectl returns the workload");
        };
        defaults::apply(&mut result.pod);
        assert_eq!(
            evaluator.satisfies(&result.pod),
            patch.satisfies,
            "{} as kubectl patches it",
            workload.title()
        );
        applied += 1;
    }
    assert!(applied > 5, "the fixture cluster has templates to patch");
}

/// What `kubectl kustomize` makes of an object and a patch.
fn kustomize(base: &Value, patch: &Value) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, object: &Value| {
        std::fs::write(folder.path().join(name), object.to_string()).expect("a file");
    };
    write("base.yaml", base);
    write("patch.yaml", patch);
    write(
        "kustomization.yaml",
        &json!({ "resources": ["base.yaml"], "patches": [{ "path": "patch.yaml" }] }),
    );
    let output = Command::new("kubectl")
        .arg("kustomize")
        .arg(folder.path())
        .output()
        .expect("kubectl runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let file = InputFile::new("out.yaml", output.stdout);
    let documents = input::documents(&file).documents;
    documents[0].value().expect("kubectl prints an object")
}
