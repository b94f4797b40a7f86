//! What the reports say where a reader could take it otherwise.

use psp2psa::render::json::v1::{Unlabelled, Usable};
use psp2psa::render::{html, markdown};

use super::sample;

/// The two namespaces of the sample that enforce nothing.
const GUARD: &str = "Do not turn the PodSecurityPolicy plugin off or upgrade to 1.25 while these 2 namespaces have no \
                     enforce label: ci-scratch and legacy. From then on they admit every pod.";

#[test]
fn every_report_warns_of_namespaces_that_nothing_will_protect() {
    let mut document = sample::document(&str::to_owned);
    for text in [
        html::report(&document),
        markdown::report(&document),
        markdown::pull_request(&document),
    ] {
        assert!(text.contains(GUARD), "{text}");
    }
    for namespace in &mut document.body.namespaces {
        namespace.enforce = Some("baseline".to_owned());
    }
    assert!(!html::report(&document).contains("Do not turn"));
}

#[test]
fn a_plan_without_policies_has_no_plugin_to_turn_off() {
    let mut document = sample::document(&str::to_owned);
    document.body.policies.clear();
    document.body.cleanup.delete.clear();
    document.body.cleanup.edit.clear();
    let text = markdown::report(&document);
    for about_policies in [
        "Do not turn",
        "No way back",
        "turn it on again",
        "The old protection",
        "plain pod",
    ] {
        assert!(
            markdown::report(&sample::document(&str::to_owned)).contains(about_policies),
            "{about_policies}"
        );
        assert!(!text.contains(about_policies), "{about_policies}");
    }
}

/// An `admission-configuration.yaml` that enforces this.
fn defaults(enforce: &str) -> Unlabelled {
    Unlabelled {
        api_version: "pod-security.admission.config.k8s.io/v1beta1".to_owned(),
        enforce: enforce.to_owned(),
        audit: "baseline".to_owned(),
        warn: "baseline".to_owned(),
        reasons: Vec::new(),
        aim: "baseline".to_owned(),
        exempt: Vec::new(),
        uncovered: Vec::new(),
    }
}

#[test]
fn turning_the_plugin_off_can_be_undone_and_the_upgrade_cannot() {
    let mut document = sample::document(&str::to_owned);
    document.body.unlabelled = Some(defaults("privileged"));
    let text = markdown::pull_request(&document);
    let places: Vec<usize> = [
        ". <b>Settle what is high</b>",
        ". <b>10-warn-audit</b>",
        ". <b>30-enforce-review</b>",
        ". <b>admission-configuration.yaml</b>",
        ". <b>Turn the PodSecurityPolicy plugin off</b>: From here on, nothing but the labels protects a namespace. The \
         plugin can be turned on again",
        GUARD,
        ". <b>70-cleanup</b>",
        ". <b>Upgrade to 1.25 or newer</b>: No way back",
        "If the PodSecurityPolicy plugin is off already, turn it on again",
        "kubectl apply -k rollback",
    ]
    .iter()
    .map(|step| text.find(step).unwrap_or_else(|| panic!("{step}: {text}")))
    .collect();
    assert!(places.is_sorted());
    assert_eq!(text.matches("The dry run warns of").count(), 1, "{text}");
    assert!(text.contains("As for 30-enforce."), "{text}");
}

#[test]
fn defaults_that_refuse_are_taken_off_before_any_label_goes() {
    let mut document = sample::document(&str::to_owned);
    for (enforce, refuses) in [("privileged", false), ("baseline", true)] {
        document.body.unlabelled = Some(defaults(enforce));
        for text in [
            html::report(&document),
            markdown::report(&document),
            markdown::pull_request(&document),
        ] {
            let back = &text[text.find("The way back").expect("a section")..];
            let labels = back.find("kubectl apply -k rollback").expect("a step");
            let off =
                back.find("If admission-configuration.yaml is on the API servers, take it off");
            assert_eq!(off.is_some(), refuses, "{back}");
            assert!(off.is_none_or(|off| off < labels), "{back}");
        }
    }
}

#[test]
fn a_label_that_is_not_the_proposal_has_no_confidence() {
    let mut document = sample::document(&str::to_owned);
    let namespace = (document.body.namespaces.iter_mut())
        .find(|namespace| namespace.name == "web")
        .expect("it is in the sample");
    namespace.confidence = "high".to_owned();
    namespace.proposed = Some("restricted".to_owned());
    let label = "pod-security.kubernetes.io/enforce".to_owned();
    for (owners, confidence, asks) in [
        ("Restricted", "–", false),
        ("baseline", "–", true),
        ("restricted", "high", false),
    ] {
        let labels = &mut (document.body.namespaces.iter_mut())
            .find(|namespace| namespace.name == "web")
            .expect("it is in the sample")
            .labels;
        labels.before.insert(label.clone(), owners.to_owned());
        labels.after.insert(label.clone(), owners.to_owned());
        let text = markdown::report(&document);
        let row = text.lines().find(|line| line.starts_with("| web |"));
        let cells: Vec<&str> = row.expect("a row").split(" | ").collect();
        assert_eq!(cells[6], confidence, "{cells:?}");
        let asked = "than the evidence: web (baseline, could be restricted)";
        assert_eq!(text.contains(asked), asks, "{owners}: {text}");
    }
}

#[test]
fn an_invalid_label_is_shown_and_counted_as_what_the_server_makes_of_it() {
    let mut document = sample::document(&str::to_owned);
    let label = "pod-security.kubernetes.io/enforce".to_owned();
    let mut text_with = |before: &str, after: &str| {
        let namespace = (document.body.namespaces.iter_mut())
            .find(|namespace| namespace.name == "web")
            .expect("it is in the sample");
        namespace.proposed = Some("baseline".to_owned());
        namespace.labels.before = [(label.clone(), before.to_owned())].into();
        namespace.labels.after = [(label.clone(), after.to_owned())].into();
        (html::report(&document), markdown::report(&document))
    };
    let counted = |text: &str| {
        let mut rows = text.lines();
        let row = rows.find(|line| line.starts_with("| restricted | "));
        row.expect("a row of the levels").to_owned()
    };
    let valid = counted(&text_with("restricted", "restricted").1);
    let (page, text) = text_with("Baseline", "Baseline");
    assert_eq!(counted(&text), valid);
    assert!(!text.contains("| invalid label"), "{text}");
    let shown = r#"restricted (invalid label "Baseline")"#;
    assert!(
        text.contains(&format!("| web | planned | {shown} | {shown} |")),
        "{text}"
    );
    assert!(page.contains(&shown.replace('"', "&quot;")));
    let kept = "Goes on enforcing restricted: the owner's label \"Baseline\" is no level, and the API server reads it as \
                restricted:latest. The plan would propose baseline, which is looser.";
    assert!(text.contains(kept), "{text}");
    let replaced =
        "Will enforce baseline instead of restricted: the owner's label \"Baseline\" is no level";
    assert!(text_with("Baseline", "baseline").1.contains(replaced));
    let owners = "Goes on enforcing privileged, as its owner has set it. The plan would propose baseline, which is tighter.";
    assert!(text_with("privileged", "privileged").1.contains(owners));
}

#[test]
fn an_inconclusive_namespace_keeps_the_label_that_it_has_and_no_word_denies_it() {
    let mut document = sample::document(&str::to_owned);
    let namespace = (document.body.namespaces.iter_mut())
        .find(|namespace| namespace.status == "inconclusive")
        .expect("it is in the sample");
    let label = "pod-security.kubernetes.io/enforce".to_owned();
    namespace.enforce = Some("baseline".to_owned());
    (namespace.labels.before).insert(label.clone(), "baseline".to_owned());
    namespace.labels.after.insert(label, "baseline".to_owned());
    let row = format!(
        "| {} | inconclusive | baseline | baseline |",
        namespace.name
    );
    let text = markdown::report(&document);
    assert!(text.contains(&row), "{text}");
    assert!(text.contains("so none is written, and the owner's stays if there is one"));
    let summary = markdown::summary(&document, markdown::Whole::Written);
    assert!(
        summary.contains("**No new enforce label, because"),
        "{summary}"
    );
}

#[test]
fn pods_that_have_ended_are_no_workloads() {
    let mut document = sample::document(&str::to_owned);
    let namespace = (document.body.namespaces.iter_mut())
        .find(|namespace| namespace.name == "shop")
        .expect("it is in the sample");
    for workload in &mut namespace.workloads {
        workload.counts = false;
    }
    let ended = namespace.workloads.len();
    let text = markdown::report(&document);
    let section = &text[text.find("<b>shop</b>").expect("a section")..];
    let section = &section[..section.find("<b>web</b>").expect("the next")];
    let words = format!("0 workloads and {ended} that have ended");
    assert!(section.contains(&words), "{section}");
    assert!(!section.contains(" refuses "), "{section}");
}

#[test]
fn a_way_to_many_policies_is_one_row() {
    let mut document = sample::document(&str::to_owned);
    let namespace = (document.body.namespaces.iter_mut())
        .find(|namespace| namespace.name == "shop")
        .expect("it is in the sample");
    let usable = |policy: &str| Usable {
        policy: policy.to_owned(),
        level: Some("privileged".to_owned()),
        subject: "Group ops".to_owned(),
        binding: "ClusterRoleBinding ops".to_owned(),
        role: "ClusterRole ops".to_owned(),
        used: true,
    };
    namespace.granted.wildcard = vec![usable("privileged"), usable("restricted")];
    let text = markdown::report(&document);
    assert!(text.contains("Wildcards: all 2 policies"), "{text}");
    let row = "| Group ops | ClusterRoleBinding ops | ClusterRole ops | privileged (privileged), restricted (privileged) |";
    assert!(text.contains(row), "{text}");
}

#[test]
fn rules_that_the_server_may_not_have_are_a_warning() {
    let mut document = sample::document(&str::to_owned);
    let warning = "a server of 1.24 or older applies the newest rules that it knows";
    assert!(html::report(&document).contains(warning));
    document.body.rules_version = "v1.24".to_owned();
    assert!(!html::report(&document).contains(warning));
}
