//! The rollout, simulated: the stages are applied one by one to the input, and after each one the engines are asked
//! whether everything that ran before would still be admitted, by a policy that may be used and by the label in force.
//!
//! `PSP2PSA_LONG=1 cargo test --test suite rollout` runs it long.

mod busy;
mod kustomize;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use psp2psa::input::{self, InputFile};
use psp2psa::model::decode::Keep;
use psp2psa::model::pod::Pod;
use psp2psa::model::workload::{Origin, Workload};
use psp2psa::model::{claims, defaults};
use psp2psa::plan::labels::Stage;
use psp2psa::plan::workloads::Replay;
use psp2psa::plan::{Existing, Options, Plan, Prefer};
use psp2psa::psp;
use psp2psa::pss;
use psp2psa::pss::admission::{Mode, Policy, policy_of};
use psp2psa::pss::{Level, LevelSet, Version};
use psp2psa::rbac::Identity;
use psp2psa::render::manifests;
use psp2psa::{Read, default_attribution};
use serde_json::{Value, json};

use busy::busy_cluster;

use crate::plan::cluster::{Cluster, any_cluster};
use crate::support::{fixture, tree};
use crate::witness::{amount, config};

/// Kind, namespace and name.
pub(crate) type Key = (String, String, String);

pub(crate) fn key(object: &Value) -> Key {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    (
        text(&object["kind"]),
        text(&metadata["namespace"]),
        text(&metadata["name"]),
    )
}

fn documents(text: &str) -> Vec<Value> {
    let file = InputFile::new("stage.yaml", text.as_bytes().to_vec());
    input::documents(&file)
        .documents
        .iter()
        .map(|document| document.value().expect("what we write is readable"))
        .collect()
}

/// What is applied by each stage, in order: the objects of its kustomization, patched. Files by their paths.
pub(crate) fn applied(files: &BTreeMap<String, String>) -> BTreeMap<String, Vec<Value>> {
    let mut stages = BTreeMap::new();
    for (path, text) in files {
        let Some(folder) = path
            .strip_prefix("manifests/")
            .and_then(|path| path.strip_suffix("/kustomization.yaml"))
        else {
            continue;
        };
        let kustomization = &documents(text)[0];
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let read = |file: &Value| {
            let file = file.as_str().expect("a path");
            documents(&files[&format!("manifests/{folder}/{file}")])
        };
        let mut objects: Vec<Value> = list(&kustomization["resources"])
            .iter()
            .flat_map(read)
            .collect();
        for patch in list(&kustomization["patches"]) {
            for patch in read(&patch["path"]) {
                let mut targets = objects
                    .iter_mut()
                    .filter(|object| key(object) == key(&patch));
                let target = targets.next().expect("the stage has what it patches");
                merge(target, &patch);
            }
        }
        stages.insert(folder.to_owned(), objects);
    }
    stages
}

/// A strategic merge as far as our patches need it: objects by member, containers by name, everything else replaced.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, patch) in patch {
                match target.get_mut(name) {
                    Some(target) => merge(target, patch),
                    None => {
                        target.insert(name.clone(), patch.clone());
                    }
                }
            }
        }
        (Value::Array(target), Value::Array(patch))
            if patch.iter().all(|item| item["name"].is_string()) =>
        {
            for patch in patch {
                let mut items = target.iter_mut();
                match items.find(|item| item["name"] == patch["name"]) {
                    Some(item) => merge(item, patch),
                    None => panic!("a patch adds no container"),
                }
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// A cluster as far as the input shows it.
struct State {
    objects: Vec<(String, Value)>,
}

impl State {
    /// Applies objects: those that are there are replaced in place, others are added.
    fn apply(&mut self, stage: &str, objects: &[Value]) {
        for object in objects {
            let key = key(object);
            let same = |other: &Value| {
                let (kind, namespace, name) = self::key(other);
                let here = namespace == key.1 || namespace.is_empty();
                (kind, name) == (key.0.clone(), key.2.clone()) && here
            };
            let mut found = false;
            for (_, other) in self.objects.iter_mut().filter(|(_, other)| same(other)) {
                // What only the cluster writes stays.
                let (uid, status) = (other["metadata"]["uid"].clone(), other["status"].clone());
                *other = object.clone();
                for (field, value) in [("/metadata/uid", uid), ("/status", status)] {
                    if !value.is_null() {
                        let (parent, last) = field.rsplit_once('/').expect("a path");
                        let parent = other.pointer_mut(parent).expect("an object");
                        parent[last] = value;
                    }
                }
                found = true;
            }
            if !found {
                let file = format!("{stage}-{}.json", self.objects.len());
                self.objects.push((file, object.clone()));
            }
        }
    }

    fn read(&self, keep: Keep) -> Read {
        let mut all = Read::default();
        for (file, object) in &self.objects {
            let file = InputFile::new(file.as_str(), object.to_string().into_bytes());
            all.append(psp2psa::read_keeping(&file, keep));
        }
        all
    }

    /// Whether a node is of 1.25 or newer, so that the API server has no plugin.
    fn is_beyond_policies(&self) -> bool {
        let (inventory, _) = psp2psa::assemble(self.read(Keep::Typed), &default_attribution());
        let mut nodes = inventory.nodes.iter();
        nodes.any(|node| node.kubelet_minor.is_some_and(|minor| minor >= 25))
    }

    fn plan(&self, options: &Options) -> Plan {
        psp2psa::migrate(self.read(Keep::Manifests), &default_attribution(), options).0
    }

    /// Every workload with a namespace, and why its pods would not be created; empty if they would.
    fn refusals(&self, plugin: bool) -> BTreeMap<Key, String> {
        let (inventory, _) = psp2psa::assemble(self.read(Keep::Typed), &default_attribution());
        let (access, _) = psp2psa::resolve(&inventory);
        let mut refusals: BTreeMap<Key, String> = BTreeMap::new();
        for workload in &inventory.workloads {
            let Some(namespace) = workload.namespace.as_deref() else {
                continue;
            };
            if workload.terminated() {
                continue;
            }
            let tokenless = inventory.service_accounts.iter().any(|account| {
                account.automount_token == Some(false)
                    && account.namespace == namespace
                    && account.name == account_of(workload)
            });
            let mut pod = as_created(workload, tokenless);
            let mut why = String::new();
            if plugin {
                let creator = Identity::controller(&workload.kind)
                    .filter(|_| workload.origin == Origin::Template);
                let account = account_of(workload);
                let usable: BTreeSet<&str> = access
                    .pod_policies(namespace, Some(&account), creator.as_ref())
                    .into_iter()
                    .map(|(policy, _)| policy)
                    .collect();
                let candidates: Vec<psp::Candidate> = inventory
                    .policies
                    .iter()
                    .filter(|policy| psp::validate_policy(policy).is_empty())
                    .map(|policy| psp::Candidate {
                        policy,
                        usable: usable.contains(policy.name.as_str()),
                    })
                    .collect();
                match psp::replay(&pod, &candidates).admitted {
                    Some(admitted) => {
                        let stored = psp::stored(&admitted.pod);
                        let known = psp::api_errors(&pod);
                        let errors = psp::api_errors(&stored);
                        if errors.iter().any(|error| !known.contains(error)) {
                            why = "the API server refuses what a policy wrote into it".to_owned();
                        }
                        pod = stored;
                    }
                    None => why = "no policy admits it".to_owned(),
                }
            }
            let labels = inventory
                .namespaces
                .iter()
                .find(|known| known.name == namespace)
                .map(|known| known.labels.clone())
                .unwrap_or_default();
            let enforced = policy_of(&labels, &Policy::PRIVILEGED)
                .0
                .mode(Mode::Enforce);
            let violations = pss::evaluate(enforced.level, enforced.version, &pod);
            if !violations.is_empty() {
                why = pss::message(enforced, &violations);
            }
            let key = (
                workload.kind.clone(),
                namespace.to_owned(),
                workload.meta.name.clone(),
            );
            let known = refusals.entry(key).or_default();
            if known.is_empty() {
                *known = why;
            }
        }
        refusals
    }
}

fn account_of(workload: &Workload) -> String {
    match workload.pod.spec.account() {
        "" => "default".to_owned(),
        account => account.to_owned(),
    }
}

/// The pod with what the API server and the ServiceAccount plugin write before policies see it.
fn as_created(workload: &Workload, tokenless: bool) -> Pod {
    let mut pod = workload.pod.clone();
    defaults::apply(&mut pod);
    claims::apply(workload, &mut pod);
    pod.spec.service_account_name = account_of(workload);
    pod.spec.service_account = account_of(workload);
    let automount = pod.spec.automount_service_account_token;
    if automount.unwrap_or(!tokenless) {
        let volume = json!({
            "name": "kube-api-access-x",
            "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]},
        });
        let volume = serde_json::from_value(volume).expect("a volume");
        pod.spec.volumes.push(volume);
    }
    pod
}

/// Applies the stages of the plan one by one; says what each of them stops.
fn stopped(objects: Vec<(String, Value)>, options: &Options) -> Vec<String> {
    stopped_without(objects, options, "", Pace::Settled)
}

/// When the labels of a namespace that waits for nothing but the bypass are tightened.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    /// With the stage.
    Settled,
    /// At once, as the plan says of some.
    AtOnce,
}

/// The same with one stage left out.
fn stopped_without(
    objects: Vec<(String, Value)>,
    options: &Options,
    left_out: &str,
    pace: Pace,
) -> Vec<String> {
    let mut state = State { objects };
    let plan = state.plan(options);
    let plugin = !plan.policies.is_empty() && !state.is_beyond_policies();
    let written: BTreeMap<String, String> = manifests::stages(&plan)
        .into_iter()
        .map(|artifact| (artifact.path, artifact.text))
        .collect();
    let watched: BTreeSet<Key> = plan
        .namespaces
        .iter()
        .flat_map(|namespace| &namespace.workloads)
        .map(|workload| {
            let reference = &workload.reference;
            (
                reference.kind.clone(),
                reference.namespace.clone().unwrap_or_default(),
                reference.name.clone(),
            )
        })
        .collect();
    let before = state.refusals(plugin);
    let mut wrong = Vec::new();
    let hasty: BTreeSet<&str> = plan
        .namespaces
        .iter()
        .filter(|namespace| {
            let mut reasons = namespace.decision.reasons.iter();
            reasons.any(|reason| reason.contains("at once 60-enforce"))
        })
        .map(|namespace| namespace.name.as_str())
        .collect();
    let stages = applied(&written);
    let mut tightened: Vec<Value> = Vec::new();
    for (_, objects) in stages.iter().filter(|(stage, _)| stage.starts_with("60-")) {
        let mut objects = objects.clone();
        objects.retain(|object| hasty.contains(key(object).2.as_str()));
        tightened.extend(objects);
    }
    for (stage, objects) in stages {
        if stage == left_out {
            continue;
        }
        state.apply(&stage, &objects);
        if stage == "40-bypass" && pace == Pace::AtOnce {
            state.apply(&stage, &tightened);
        }
        let restarted: BTreeSet<Key> = match stage.ends_with("-workloads") {
            true => objects.iter().map(key).collect(),
            false => BTreeSet::new(),
        };
        for (key, why) in state.refusals(plugin) {
            let ran = before.get(&key).is_some_and(String::is_empty);
            if ran && watched.contains(&key) && !why.is_empty() {
                wrong.push(format!("{stage} stops {key:?}: {why}"));
            }
            // What was refused before runs all the same, until it is restarted.
            if restarted.contains(&key) && !ran && !why.is_empty() {
                wrong.push(format!("{stage} restarts {key:?} in vain: {why}"));
            }
        }
    }
    let told = told(&plan);
    // Once the plugin is off, nothing changes any more: the labels alone decide.
    for (key, why) in state.refusals(false) {
        let ran = before.get(&key).is_some_and(String::is_empty);
        if ran && watched.contains(&key) && !told.contains(&key) && !why.is_empty() {
            wrong.push(format!("turning the plugin off stops {key:?}: {why}"));
        }
    }
    wrong
}

/// Workloads whose patch no stage applies, or of which nobody knows for certain what policies write into them, and which
/// the plan says that a label refuses as they are written.
fn told(plan: &Plan) -> BTreeSet<Key> {
    let refused = plan
        .findings
        .iter()
        .filter(|finding| finding.code.name == "workload-refused");
    let places: BTreeSet<(Option<&str>, &str)> = refused
        .flat_map(|finding| &finding.places)
        .map(|place| (place.namespace.as_deref(), place.object.as_str()))
        .collect();
    let namespaces = plan.namespaces.iter();
    namespaces
        .flat_map(|namespace| &namespace.workloads)
        .filter(|workload| {
            workload.unstaged.is_some()
                || !workload.doubts.is_empty()
                || matches!(workload.replay, Replay::Unknown { .. })
        })
        .map(|workload| &workload.reference)
        .filter(|reference| {
            let object = format!("{} {}", reference.kind, reference.name);
            places.contains(&(reference.namespace.as_deref(), object.as_str()))
        })
        .map(|reference| {
            let namespace = reference.namespace.clone().unwrap_or_default();
            (reference.kind.clone(), namespace, reference.name.clone())
        })
        .collect()
}

fn options(prefer: Prefer, existing: Existing, target: Option<Version>, complete: bool) -> Options {
    Options {
        target,
        prefer,
        existing,
        complete,
        ..Options::DEFAULT
    }
}

const PREFERENCES: [Prefer; 2] = [Prefer::Stability, Prefer::Security];

/// The objects of a folder of fixtures.
fn objects(folder: &str) -> Vec<(String, Value)> {
    let mut objects = Vec::new();
    for (path, bytes) in tree(&fixture(folder)) {
        let file = InputFile::new(path.as_str(), bytes);
        for (at, document) in input::documents(&file).documents.iter().enumerate() {
            if let Ok(object) = document.value() {
                objects.push((format!("{path}-{at}.json"), object));
            }
        }
    }
    objects
}

#[test]
fn no_stage_of_any_story_stops_what_runs() {
    let mut wrong = Vec::new();
    for story in fixture("scenarios")
        .read_dir()
        .expect("the fixtures are readable")
    {
        let name = story.expect("a story").file_name();
        let name = name.to_string_lossy();
        for prefer in PREFERENCES {
            let objects = objects(&format!("scenarios/{name}/in"));
            let options = options(prefer, Existing::Keep, "v1.24".parse().ok(), true);
            let found = stopped(objects, &options);
            wrong.extend(
                found
                    .iter()
                    .map(|line| format!("{name} ({prefer:?}): {line}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the simulation shows depends on the order: without an earlier stage a later one stops something.
#[test]
fn a_stage_that_is_left_out_is_noticed() {
    for (story, prefer, left_out, stops) in [
        (
            "seccomp-unconfined-by-default",
            Prefer::Stability,
            "40-bypass",
            "60-enforce stops",
        ),
        (
            "prefer-security",
            Prefer::Security,
            "20-workloads",
            "turning the plugin off stops",
        ),
    ] {
        let objects = objects(&format!("scenarios/{story}/in"));
        let options = options(prefer, Existing::Keep, "v1.24".parse().ok(), true);
        let wrong = stopped_without(objects, &options, left_out, Pace::Settled);
        let first = wrong
            .first()
            .unwrap_or_else(|| panic!("{story} stops nothing"));
        assert!(first.starts_with(stops), "{story}: {first}");
    }
}

#[test]
fn no_stage_of_the_fixture_cluster_stops_what_runs() {
    for prefer in PREFERENCES {
        let options = options(prefer, Existing::Keep, None, false);
        let wrong = stopped(objects("cluster"), &options);
        assert!(wrong.is_empty(), "{prefer:?}: {}", wrong.join("\n"));
    }
}

fn any_options() -> impl Strategy<Value = Options> {
    let versions = ["v1.18", "v1.22", "v1.24", "v1.29", "latest"];
    let existing = vec![Existing::Keep, Existing::Keep, Existing::Overwrite];
    (
        select(PREFERENCES.to_vec()),
        select(existing),
        select(versions.to_vec()),
        any::<bool>(),
    )
        .prop_map(|(prefer, existing, version, complete)| {
            options(prefer, existing, version.parse().ok(), complete)
        })
}

proptest! {
    #![proptest_config(config(amount(192, 20_000)))]

    #[test]
    fn no_stage_of_a_busy_cluster_stops_what_runs(
        cluster in busy_cluster(), options in any_options(),
    ) {
        let Cluster { objects } = cluster;
        let wrong = stopped(objects, &options);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn no_stage_of_a_generated_cluster_stops_what_runs(
        cluster in any_cluster(), options in any_options(),
    ) {
        let Cluster { objects } = cluster;
        let wrong = stopped(objects, &options);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// What says that a plan has a bypass.
const BYPASS: &str = "manifests/40-bypass/kustomization.yaml";

/// Who may use the bypass where, once it is applied, but for those who could make such a policy themselves.
fn open(mut state: State, options: &Options) -> Vec<String> {
    let plan = state.plan(options);
    let written: BTreeMap<String, String> = manifests::stages(&plan)
        .into_iter()
        .map(|artifact| (artifact.path, artifact.text))
        .collect();
    for (stage, objects) in applied(&written) {
        state.apply(&stage, &objects);
    }
    let Some(bypass) = plan
        .bypass
        .as_ref()
        .filter(|_| written.contains_key(BYPASS))
    else {
        return Vec::new();
    };
    let (inventory, _) = psp2psa::assemble(state.read(Keep::Typed), &default_attribution());
    let (access, _) = psp2psa::resolve(&inventory);
    let mut open = Vec::new();
    for namespace in &plan.namespaces {
        let name = namespace.name.as_str();
        let accounts = ["default", "builder"].map(|account| Identity::account(name, account));
        let controllers = ["Deployment", "DaemonSet"].map(Identity::controller);
        let who = accounts
            .into_iter()
            .chain(controllers.into_iter().flatten());
        let usable = who.filter(|who| access.allows(who, name, bypass).is_some());
        if namespace.bypassed {
            let labels = &namespace.labels;
            let enforced = labels.enforced_later().or(labels.in_force(Mode::Enforce));
            if enforced.is_none_or(|enforced| enforced.level == Level::Privileged) {
                open.push(format!("{name} is bypassed, and nothing protects it"));
            }
        } else {
            open.extend(usable.map(|who| format!("{} may use the bypass in {name}", who.user)));
        }
    }
    open
}

#[test]
fn the_bypass_of_no_story_opens_what_no_label_protects() {
    let mut wrong = Vec::new();
    for story in [
        "bypass-that-would-open-the-cluster",
        "bypass-that-administrators-may-use",
        "seccomp-unconfined-by-default",
    ] {
        for prefer in PREFERENCES {
            let objects = objects(&format!("scenarios/{story}/in"));
            let options = options(prefer, Existing::Keep, "v1.24".parse().ok(), true);
            wrong.extend(open(State { objects }, &options));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(config(amount(128, 20_000)))]

    #[test]
    fn no_bypass_opens_what_no_label_protects(
        cluster in busy_cluster(), options in any_options(),
    ) {
        let Cluster { objects } = cluster;
        let wrong = open(State { objects }, &options);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

proptest! {
    #![proptest_config(config(amount(128, 20_000)))]

    /// So no namespace has to be open longer than it takes to apply its label.
    #[test]
    fn labels_that_wait_for_the_bypass_only_stop_nothing_right_after_it(
        cluster in busy_cluster(), options in any_options(),
    ) {
        let Cluster { objects } = cluster;
        let wrong = stopped_without(objects, &options, "", Pace::AtOnce);
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// Clusters that never come to a stage would show nothing.
#[test]
fn generated_clusters_come_to_every_stage() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..900 {
        let strategy = (busy_cluster(), any_options());
        let (cluster, options) = strategy.new_tree(&mut runner).expect("a sample").current();
        let state = State {
            objects: cluster.objects,
        };
        let plan = state.plan(&options);
        for namespace in &plan.namespaces {
            let mut reasons = namespace.decision.reasons.iter();
            if reasons.any(|reason| reason.contains("at once 60-enforce")) {
                *seen.entry("tightened at once").or_default() += 1;
            }
            for stage in namespace.steps() {
                *seen.entry(stage.folder()).or_default() += 1;
            }
            let patched = namespace.workloads.iter().filter(|workload| {
                let patch = workload
                    .patch()
                    .map_or(LevelSet::PRIVILEGED, |patch| patch.satisfies);
                workload.stage() == Some(Stage::Workloads) && patch != workload.satisfies
            });
            if patched.count() > 0 && options.prefer == Prefer::Security {
                *seen.entry("patched for a tighter level").or_default() += 1;
            }
        }
    }
    // Patches that policies refuse are too rare here; the stories have them.
    let mut stages = Stage::ALL.to_vec();
    stages.retain(|stage| *stage != Stage::LateWorkloads);
    let folders = stages.into_iter().map(Stage::folder);
    let others = ["patched for a tighter level", "tightened at once"];
    for what in folders.chain(others) {
        let times = seen.get(what).copied().unwrap_or(0);
        assert!(times >= 3, "{what} came {times} times in {seen:#?}");
    }
}
