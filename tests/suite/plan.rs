//! What holds for the plan of any cluster, here of generated small ones.

pub(crate) mod cluster;
mod findings;
mod unlabelled;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use psp2psa::Read;
use psp2psa::check::Question;
use psp2psa::input::InputFile;
use psp2psa::plan::level::Status;
use psp2psa::plan::scope::is_system;
use psp2psa::plan::{Basis, Existing, NamespacePlan, Options, Plan};
use psp2psa::pss::admission::{ENFORCE, Mode};
use psp2psa::pss::{Level, LevelSet, LevelVersion, Version};
use psp2psa::render::json;
use serde_json::{Value, json};

use cluster::{Cluster, any_cluster, any_workload};

/// Small clusters are planned in a millisecond or two.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 128,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn any_options() -> impl Strategy<Value = Options> {
    let target = prop_oneof![
        Just(None),
        (22_u64..=37).prop_map(|minor| Some(Version::Minor(minor)))
    ];
    let existing = prop_oneof![Just(Existing::Keep), Just(Existing::Overwrite)];
    (target, existing, any::<bool>()).prop_map(|(target, existing, complete)| Options {
        target,
        existing,
        complete,
        ..options(Version::Latest)
    })
}

/// What is meant where nothing but the version is chosen, and the input is all there is.
fn options(target: Version) -> Options {
    Options {
        target: Some(target),
        complete: true,
        ..Options::DEFAULT
    }
}

fn read<'a>(objects: impl Iterator<Item = &'a (String, Value)>) -> Read {
    let mut all = Read::default();
    for (file, object) in objects {
        let file = InputFile::new(file.as_str(), object.to_string().into_bytes());
        all.append(psp2psa::read(&file));
    }
    all
}

fn plan(cluster: &Cluster, options: &Options) -> Plan {
    let read = read(cluster.objects.iter());
    psp2psa::migrate(read, &psp2psa::default_attribution(), options).0
}

/// What an invalid policy allowed is unknown, so what was granted is not known to be tight.
#[test]
fn an_invalid_policy_leaves_the_granted_level_unknown() {
    let any = json!({"rule": "RunAsAny"});
    let policy = |name: &str, rule: &str| {
        json!({"apiVersion": "policy/v1beta1", "kind": "PodSecurityPolicy", "metadata": {"name": name}, "spec": {
            "runAsUser": {"rule": rule}, "seLinux": any, "fsGroup": any, "supplementalGroups": any}})
    };
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "r", "namespace": "n"},
        "rules": [{"apiGroups": ["policy"], "resources": ["podsecuritypolicies"], "verbs": ["use"],
                   "resourceNames": ["p", "q"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "n"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "n"}]});
    let level = |rule_of_q: &str| {
        let q = policy("q", rule_of_q);
        let objects = [policy("p", "RunAsAny"), q, role.clone(), binding.clone()];
        let objects = (0..)
            .map(|number| format!("{number}.json"))
            .zip(objects)
            .collect();
        let cluster = Cluster { objects };
        plan(&cluster, &options(Version::Latest)).namespaces[0]
            .granted
            .level
    };
    assert!(level("MustRunAsNonRoot").is_some_and(|level| level > Level::Privileged));
    assert_eq!(level("Nobody"), None);
}

/// The levels that each namespace's workloads all satisfy at a version, as `check` answers it; ended pods left out.
fn satisfied(cluster: &Cluster, version: Version) -> BTreeMap<String, LevelSet> {
    let question = Question {
        level: None,
        version,
        namespace: None,
    };
    let read = read(cluster.objects.iter());
    let (checked, _) = psp2psa::check(read, &psp2psa::default_attribution(), &question);
    let mut all = BTreeMap::new();
    for checked in checked.iter().filter(|checked| !checked.terminated) {
        if let Some(namespace) = checked.namespace {
            let set = all.entry(namespace.to_owned()).or_insert(LevelSet::ALL);
            *set = set.intersection(checked.satisfies);
        }
    }
    all
}

/// The enforce label of a namespace, if the migration writes it.
fn added(namespace: &NamespacePlan) -> Option<LevelVersion> {
    let changes = namespace.labels.before.get(ENFORCE) != namespace.labels.after.get(ENFORCE);
    namespace.labels.in_force(Mode::Enforce).filter(|_| changes)
}

fn counts(namespace: &NamespacePlan) -> bool {
    namespace.workloads.iter().any(|workload| workload.counts)
}

/// The levels that stored pods satisfy, of those that a policy admits.
fn stored(namespace: &NamespacePlan) -> LevelSet {
    namespace
        .workloads
        .iter()
        .filter(|workload| workload.counts)
        .filter_map(psp2psa::plan::workloads::WorkloadPlan::satisfies_stored)
        .fold(LevelSet::ALL, LevelSet::intersection)
}

/// Properties of clusters that never come would show nothing.
#[test]
fn generated_clusters_come_to_every_decision() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..300 {
        let mut sample = |strategy: BoxedStrategy<(Cluster, Options)>| {
            let tree = strategy.new_tree(&mut runner).expect("a sample");
            tree.current()
        };
        let (cluster, options) = sample((any_cluster(), any_options()).boxed());
        let plan = plan(&cluster, &options);
        for namespace in plan.namespaces.iter().filter(|n| !is_system(&n.name)) {
            let (status, confidence) = (namespace.decision.status, namespace.decision.confidence);
            let mut count = |what: String| *seen.entry(what).or_insert(0) += 1;
            if let Some(level) = added(namespace).map(|policy| policy.level) {
                count(format!("{level} is added, {}", confidence.as_str()));
                if stored(namespace).tightest() < level_of_templates(namespace) {
                    count("policies make pods looser than their templates".to_owned());
                }
            }
            if status == Status::Inconclusive && counts(namespace) {
                count("withheld although something runs".to_owned());
            }
        }
        for finding in &plan.findings {
            *seen.entry(finding.code.name.to_owned()).or_insert(0) += 1;
        }
    }
    let expected = [
        "privileged is added, high",
        "baseline is added, high",
        "baseline is added, review",
        "restricted is added, high",
        "restricted is added, review",
        "policies make pods looser than their templates",
        "withheld although something runs",
        "label-conflict",
        "label-invalid",
        "mutation-lost",
        "one-drags",
        "psp-refuses",
        "restriction-lost",
        "unseen-workloads",
        "workload-refused",
    ];
    for what in expected {
        let times = seen.get(what).copied().unwrap_or(0);
        assert!(times >= 3, "{what} came {times} times in {seen:#?}");
    }
}

/// The tightest level that the templates allow.
fn level_of_templates(namespace: &NamespacePlan) -> Level {
    namespace
        .needed
        .map_or(Level::Restricted, LevelSet::tightest)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_label_that_is_added_refuses_nothing_that_runs(
        cluster in any_cluster(), options in any_options(),
    ) {
        for namespace in &plan(&cluster, &options).namespaces {
            if let Some(enforced) = added(namespace) {
                let needs = satisfied(&cluster, enforced.version);
                let needs = needs.get(&namespace.name).copied().unwrap_or(LevelSet::ALL);
                prop_assert!(needs.contains(enforced.level), "{}: {enforced}", namespace.name);
            }
        }
    }

    #[test]
    fn a_label_that_is_added_admits_the_pods_that_the_policies_make(
        cluster in any_cluster(), options in any_options(),
    ) {
        for namespace in &plan(&cluster, &options).namespaces {
            if let Some(enforced) = added(namespace) {
                prop_assert!(stored(namespace).contains(enforced.level), "{}: {enforced}", namespace.name);
            }
        }
    }

    #[test]
    fn privileged_is_never_withheld(cluster in any_cluster(), options in any_options()) {
        let plan = plan(&cluster, &options);
        for namespace in plan.namespaces.iter().filter(|namespace| counts(namespace)) {
            let written = satisfied(&cluster, plan.target.version);
            let needs = written[&namespace.name].intersection(stored(namespace));
            let labels = namespace.labels.before.contains_key("pod-security.kubernetes.io/enforce-version");
            if needs.tightest() == Level::Privileged && !labels {
                prop_assert_eq!(namespace.decision.enforce, Some(Level::Privileged), "{}", namespace.name);
                prop_assert_eq!(namespace.decision.status, Status::Planned);
            }
        }
    }

    #[test]
    fn labels_of_the_owner_stay_without_overwrite(cluster in any_cluster(), options in any_options()) {
        for namespace in &plan(&cluster, &options).namespaces {
            let (before, after) = (&namespace.labels.before, &namespace.labels.after);
            prop_assert!(before.keys().all(|label| after.contains_key(label)), "{}", namespace.name);
            if options.existing == Existing::Keep {
                for (label, value) in before {
                    prop_assert_eq!(after.get(label), Some(value), "{}: {}", namespace.name, label);
                }
            } else if let Some(decided) = namespace.decision.enforce {
                let enforced = namespace.labels.in_force(Mode::Enforce).map(|policy| policy.level);
                prop_assert_eq!(enforced, Some(decided), "{}", namespace.name);
            }
        }
    }

    #[test]
    fn audit_and_warn_are_never_looser_than_what_is_enforced(
        cluster in any_cluster(), options in any_options(),
    ) {
        for namespace in &plan(&cluster, &options).namespaces {
            let level = |mode| namespace.labels.in_force(mode).map(|policy| policy.level);
            let enforced = level(Mode::Enforce).unwrap_or(Level::Privileged);
            for mode in [Mode::Audit, Mode::Warn] {
                let owners = namespace.labels.before.contains_key(mode.level_label());
                if !owners || options.existing == Existing::Overwrite {
                    let system = is_system(&namespace.name);
                    prop_assert!(system || level(mode) >= Some(enforced), "{}", namespace.name);
                }
            }
        }
    }

    #[test]
    fn one_more_workload_never_makes_a_level_tighter(
        cluster in any_cluster(), options in any_options(), more in any_workload(),
    ) {
        let mut grown = cluster.clone();
        grown.objects.push(("zz-more.json".to_owned(), more));
        let before = plan(&cluster, &options);
        let after = plan(&grown, &options);
        prop_assume!(before.target.version == after.target.version);
        for namespace in before.namespaces.iter().filter(|namespace| counts(namespace)) {
            let grown = after.namespaces.iter().find(|grown| grown.name == namespace.name);
            let grown = grown.expect("a namespace does not vanish");
            if let (Some(before), Some(after)) = (namespace.decision.enforce, grown.decision.enforce) {
                prop_assert!(after <= before, "{}: {before} to {after}", namespace.name);
            }
        }
    }

    #[test]
    fn system_namespaces_are_privileged_in_all_modes(cluster in any_cluster(), options in any_options()) {
        for namespace in plan(&cluster, &options).namespaces.iter().filter(|n| is_system(&n.name)) {
            prop_assert_eq!(namespace.decision.enforce, Some(Level::Privileged));
            for mode in [Mode::Enforce, Mode::Audit, Mode::Warn] {
                let owners = namespace.labels.before.contains_key(mode.level_label());
                if !owners || options.existing == Existing::Overwrite {
                    let level = namespace.labels.in_force(mode).map(|policy| policy.level);
                    prop_assert_eq!(level, Some(Level::Privileged));
                }
            }
        }
    }

    #[test]
    fn every_decision_has_its_reasons(cluster in any_cluster(), options in any_options()) {
        let plan = plan(&cluster, &options);
        let ids: BTreeSet<&str> = plan.findings.iter().map(|finding| finding.id.as_str()).collect();
        prop_assert_eq!(ids.len(), plan.findings.len());
        for namespace in &plan.namespaces {
            let decision = &namespace.decision;
            prop_assert!(!decision.brief.is_empty(), "{}", namespace.name);
            prop_assert!(!decision.reasons.is_empty(), "{}", namespace.name);
            prop_assert!(decision.reasons.iter().all(|reason| reason.len() > 10));
            prop_assert_eq!(decision.enforce.is_none(), decision.status == Status::Inconclusive);
            prop_assert!(namespace.findings.iter().all(|id| ids.contains(id.as_str())));
        }
    }

    #[test]
    fn the_order_of_objects_never_decides(cluster in any_cluster(), options in any_options()) {
        let report = |read| {
            let (plan, diagnostics) = psp2psa::migrate(read, &psp2psa::default_attribution(), &options);
            json::to_text(&json::document("MigrationReport", &diagnostics, json::migration(&plan)))
        };
        let forward = report(read(cluster.objects.iter()));
        let backward = report(read(cluster.objects.iter().rev()));
        prop_assert_eq!(forward, backward);
    }

    #[test]
    fn the_looser_of_both_bases_refuses_nothing_that_observed_admits(
        cluster in any_cluster(), options in any_options(),
    ) {
        let both = Options { basis: Basis::Both, ..options.clone() };
        let observed = plan(&cluster, &options);
        for (both, observed) in plan(&cluster, &both).namespaces.iter().zip(&observed.namespaces) {
            if let (Some(both), Some(observed)) = (both.decision.enforce, observed.decision.enforce) {
                prop_assert!(both <= observed);
            }
        }
    }
}
