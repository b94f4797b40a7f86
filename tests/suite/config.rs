//! The configuration: what it decides, what is wrong with it, what it does not do.

use psp2psa::config::{self, Configuration, Date};
use psp2psa::diag::Diagnostic;
use psp2psa::input::InputFile;
use psp2psa::plan::level::{Confidence, Status};
use psp2psa::plan::{Options, Plan};
use psp2psa::pss::Level;
use psp2psa::pss::admission::Mode;
use serde_json::{Value, json};

use crate::support::{folder, run};

const HEAD: &str = "apiVersion: psp2psa/v1\nkind: Configuration\n";

fn read(rest: &str, today: Option<&str>) -> (Configuration, Vec<Diagnostic>) {
    let file = InputFile::new("psp2psa.yaml", format!("{HEAD}{rest}").into_bytes());
    let today: Option<Date> = today.map(|day| day.parse().expect("a date"));
    config::read(&file, today.as_ref())
}

/// The messages, each with its line and column.
fn said(rest: &str, today: Option<&str>) -> Vec<String> {
    let (_, said) = read(rest, today);
    said.iter()
        .map(|said| {
            let place = said.source.as_ref().expect("a place");
            format!("{}:{}: {}", place.line, place.column, said.message)
        })
        .collect()
}

fn pod(namespace: &str, spec: Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace},
        "spec": {"containers": [{"name": "c", "image": "i"}]}});
    for (key, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][key] = value.clone();
    }
    pod
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

fn plan(objects: &[Value], rest: &str) -> Plan {
    let (configuration, said) = read(rest, Some("2026-12-01"));
    assert!(said.is_empty(), "{said:?}");
    let mut all = psp2psa::Read::default();
    for (at, object) in objects.iter().enumerate() {
        let file = InputFile::new(format!("{at}.json"), object.to_string().into_bytes());
        all.append(psp2psa::read(&file));
    }
    let excluded = configuration.settings.exclusions.iter();
    let excluded = excluded.flat_map(|exclusion| &exclusion.namespaces);
    let options = Options {
        target: configuration.target,
        prefer: psp2psa::plan::Prefer::Stability,
        exclude: excluded.map(|pattern| pattern.text.clone()).collect(),
        settings: configuration.settings,
        ..Options::DEFAULT
    };
    psp2psa::migrate(all, &psp2psa::default_attribution(), &options).0
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.findings
        .iter()
        .map(|finding| finding.code.name)
        .collect()
}

#[test]
fn the_example_of_the_documentation_is_right() {
    let source = include_str!("../../src/config.rs");
    let example: String = source
        .lines()
        .skip_while(|line| *line != "//! ```yaml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", line.strip_prefix("//! ").unwrap_or_default()))
        .collect();
    let rest = example
        .strip_prefix(HEAD)
        .expect("it begins like every configuration");
    let in_readme: String = example
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    assert!(include_str!("../../README.md").contains(&in_readme));
    let (configuration, said) = read(rest, Some("2027-01-31"));
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(
        configuration.settings.overrides[0].enforce,
        Some(Level::Baseline)
    );
    assert_eq!(configuration.settings.accepted[0].code, "one-drags");
}

#[test]
fn an_acceptance_holds_until_the_end_of_its_last_day() {
    let accept = "accept:\n- {finding: one-drags, reason: known, expires: 2027-01-31}\n";
    assert!(said(accept, Some("2027-01-31")).is_empty());
    let over = "4:3: one-drags was accepted until 2027-01-31, and today is 2027-02-01";
    assert_eq!(said(accept, Some("2027-02-01")), [over]);
    assert!(
        read(accept, Some("2027-02-01"))
            .0
            .settings
            .accepted
            .is_empty()
    );
    assert_eq!(
        said(accept, None),
        ["4:3: one-drags is accepted until 2027-01-31, and what day it is was not said"]
    );
}

#[test]
fn a_mistake_has_the_place_of_what_is_wrong() {
    assert_eq!(
        said("targetVersion: 1.29\n", None),
        [
            "3:16: expected latest or v1.N, as in labels, found 1.29, which is no text without quotes"
        ]
    );
    assert_eq!(
        said(
            "overrides:\n- namespaces: [a b]\n  enforce: baseline\n  reason: r\n",
            None
        ),
        [
            "4:16: expected the name of a namespace, in which * stands for any characters, found `a b`"
        ]
    );
    assert_eq!(said("overrides: {}\n", None), ["3:12: expected a list"]);
    assert_eq!(
        said("accept:\n- {finding: one-drags, reason: 7}\n", None),
        ["4:32: expected a reason, found 7, which is no text without quotes"]
    );
    assert_eq!(
        said("overrides:\noverrides:\n", None).len(),
        2,
        "a repeated key is one"
    );
}

#[test]
fn what_is_no_configuration_is_a_mistake() {
    for text in [
        "",
        "a: [",
        "[]",
        "apiVersion: v1\nkind: Configuration\n",
        "apiVersion: psp2psa/v1\nkind: Config\n",
        "apiVersion: psp2psa/v1\nkind: Configuration\n---\napiVersion: psp2psa/v1\nkind: Configuration\n",
        "\u{0}\u{1}",
    ] {
        let file = InputFile::new("c.yaml", text.as_bytes().to_vec());
        let (_, said) = config::read(&file, None);
        assert!(!said.is_empty(), "{text:?}");
        assert!(
            said.iter().all(|said| said.code.name == "config/invalid"),
            "{text:?}"
        );
    }
}

#[test]
fn an_override_is_told_whatever_it_does() {
    let objects = [namespace("shop"), pod("shop", json!({"hostPID": true}))];
    let rule = |level: &str| {
        format!("overrides:\n- {{namespaces: [sh*], enforce: {level}, reason: because so}}\n")
    };
    for (level, code, confidence) in [
        ("privileged", None, Confidence::High),
        ("baseline", Some("override-tighter"), Confidence::Review),
        ("restricted", Some("override-tighter"), Confidence::Review),
    ] {
        let plan = plan(&objects, &rule(level));
        let shop = &plan.namespaces[0];
        assert_eq!(shop.decision.enforce.map(Level::as_str), Some(level));
        assert_eq!(shop.decision.confidence, confidence, "{level}");
        assert!(shop.decision.reasons[0].contains("because so"));
        assert!(shop.decision.brief.contains("because so"));
        let found = codes(&plan)
            .into_iter()
            .find(|code| code.starts_with("override-"));
        assert_eq!(found, code, "{level}");
        assert_eq!(codes(&plan).contains(&"workload-refused"), code.is_some());
    }
}

#[test]
fn the_first_override_that_matches_decides() {
    let objects = [
        namespace("a"),
        namespace("ab"),
        pod("a", json!({})),
        pod("ab", json!({})),
    ];
    let rest = "overrides:
- {namespaces: [a], enforce: privileged, reason: first}
- {namespaces: ['a*'], enforce: restricted, reason: second}
- {namespaces: [ab], enforce: baseline, reason: third}
";
    let plan = plan(&objects, rest);
    let levels: Vec<Option<Level>> = plan
        .namespaces
        .iter()
        .map(|namespace| namespace.decision.enforce)
        .collect();
    assert_eq!(levels, [Some(Level::Privileged), Some(Level::Restricted)]);
    let said: Vec<&str> = plan.said.iter().map(|said| said.message.as_str()).collect();
    assert_eq!(
        said,
        ["`ab` decides for no namespace: an earlier override does, or they are left out"]
    );
}

#[test]
fn an_override_of_audit_and_warn_leaves_enforce_to_the_evidence() {
    let objects = [namespace("shop"), pod("shop", json!({"hostPID": true}))];
    let rest =
        "overrides:\n- {namespaces: [shop], audit: restricted, warn: privileged, reason: quiet}\n";
    let plan = plan(&objects, rest);
    let shop = &plan.namespaces[0];
    let level = |mode| shop.labels.in_force(mode).map(|policy| policy.level);
    assert_eq!(level(Mode::Enforce), Some(Level::Privileged));
    assert_eq!(level(Mode::Audit), Some(Level::Restricted));
    assert_eq!(level(Mode::Warn), Some(Level::Privileged));
    assert!(shop.decision.reasons[0].contains("quiet"));
}

#[test]
fn a_system_namespace_is_tightened_if_it_is_asked_for() {
    let objects = [namespace("kube-public")];
    let rest = "overrides:\n- {namespaces: [kube-public], enforce: restricted, reason: nothing runs there}\n";
    let plan = plan(&objects, rest);
    assert_eq!(plan.namespaces[0].decision.enforce, Some(Level::Restricted));
    assert!(codes(&plan).contains(&"override-tighter"));
}

#[test]
fn nothing_is_overridden_where_nothing_is_written() {
    let labelled = |value: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "twice", "labels": {"team": value}}});
    let objects = [labelled("a"), labelled("b"), namespace("out")];
    let rest = "exclude:
- {namespaces: [out], reason: theirs}
overrides:
- {namespaces: [out, twice], enforce: baseline, reason: ours}
";
    let plan = plan(&objects, rest);
    for namespace in &plan.namespaces {
        assert_eq!(namespace.decision.enforce, None, "{}", namespace.name);
        assert_eq!(namespace.labels.before, namespace.labels.after);
        assert!(namespace.overridden.is_none());
    }
    let out = &plan.namespaces[0];
    assert_eq!(out.decision.status, Status::Excluded);
    assert!(out.decision.reasons[0].contains("theirs"));
}

#[test]
fn a_finding_counts_as_long_as_one_of_its_places_is_not_accepted() {
    let objects: Vec<Value> = ["a", "b"]
        .into_iter()
        .flat_map(|name| [namespace(name), pod(name, json!({"hostPID": true}))])
        .collect();
    let rest = |accepted: &str| {
        format!(
            "overrides:\n- {{namespaces: [a, b], enforce: baseline, reason: soon}}\n\
             accept:\n- {{finding: override-tighter, namespaces: [{accepted}], reason: known}}\n"
        )
    };
    for (accepted, open) in [("a", true), ("'*'", false), ("a, b", false)] {
        let plan = plan(&objects, &rest(accepted));
        let finding = plan
            .findings
            .iter()
            .find(|finding| finding.code.name == "override-tighter")
            .expect("an override that refuses pods");
        assert_eq!(finding.places.len(), 2);
        assert_eq!(plan.is_open(finding), open, "{accepted}");
        assert_eq!(plan.accepted[&finding.id].by[0].reason, "known");
    }
}

#[test]
fn an_acceptance_that_changes_nothing_is_told() {
    let objects: Vec<Value> = ["a", "b"]
        .into_iter()
        .flat_map(|name| [namespace(name), pod(name, json!({"hostPID": true}))])
        .collect();
    let told = |entries: &[&str]| -> Vec<String> {
        let mut rest =
            "overrides:\n- {namespaces: [a, b], enforce: baseline, reason: soon}\naccept:\n"
                .to_owned();
        for namespaces in entries {
            let entry = format!(
                "- {{finding: override-tighter, namespaces: {namespaces}, reason: known}}\n"
            );
            rest.push_str(&entry);
        }
        let plan = plan(&objects, &rest);
        let line = |said: &Diagnostic| said.source.as_ref().expect("a place").line;
        plan.said
            .iter()
            .map(|said| format!("{}: {}", line(said), said.message))
            .collect()
    };
    let idle = "the acceptance of override-tighter has no effect";
    let partial = format!(
        "6: {idle}: every finding that it names has other places as well, and still counts"
    );
    assert_eq!(told(&["[a]"]), [partial]);
    let repeated = format!("7: {idle}: earlier entries accept everything that it names");
    assert_eq!(told(&["[a, b]", "[a]"]), [repeated]);
    // Together they accept what neither does alone.
    assert_eq!(told(&["[a]", "[b]"]), [""; 0]);
}

const POD: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
    "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}}"#;

#[test]
fn the_configuration_that_is_here_is_used_and_one_that_is_named_wins() {
    let of = |level: &str| {
        format!("{HEAD}overrides:\n- {{namespaces: [shop], enforce: {level}, reason: r}}\n")
    };
    let (here, other) = (of("restricted"), of("baseline"));
    let folder = folder(&[
        ("psp2psa.yaml", &here),
        ("other.yaml", &other),
        ("in/pod.json", POD),
    ]);
    let enforce = |args: &[&str]| {
        let args = [&["migrate", "-f", "in", "-o", "json"], args].concat();
        run(folder.path(), &args).expect(0).json()["namespaces"][0]["enforce"].clone()
    };
    assert_eq!(enforce(&[]), "restricted");
    assert_eq!(enforce(&["--config", "other.yaml"]), "baseline");
}

#[test]
fn a_configuration_that_is_missing_or_wrong_stops_the_run() {
    let folder = folder(&[("bad.yaml", "kind: x\n"), ("in/pod.json", POD)]);
    for config in ["missing.yaml", "bad.yaml", "in", "-"] {
        let args = ["migrate", "-q", "-f", "in", "--config", config];
        let run = run(folder.path(), &args).expect(2);
        assert!(run.stderr.contains("error: "), "{config}");
        assert!(run.stdout.is_empty());
        assert!(!folder.path().join("psa-migration").exists());
    }
    let args = ["migrate", "-f", "in", "--today", "tomorrow"];
    assert!(
        run(folder.path(), &args)
            .expect(2)
            .stderr
            .contains("such as 2027-01-31")
    );
}

#[test]
fn a_configuration_among_the_manifests_is_no_workload() {
    let here = format!("{HEAD}targetVersion: v1.25\n");
    let folder = folder(&[("in/psp2psa.yaml", &here), ("in/pod.json", POD)]);
    let report = run(folder.path(), &["migrate", "-f", "in", "-o", "json"])
        .expect(0)
        .json();
    let said = &report["diagnostics"];
    assert_eq!(said[0]["code"], "input/other-kinds", "{said}");
    assert_eq!(
        report["targetVersion"], "v1.37",
        "it is used only where the command is run"
    );
}
