//! What somebody signs: risks that remain, where more is admitted than today, what the cleanup removes, and what all of
//! it was made of.

use psp2psa::render::json::v1::{Acceptance, InputFile, Place, Source};
use psp2psa::render::{html, markdown};

use super::sample;

/// The lines of the report in Markdown between two headings.
fn section<'t>(text: &'t str, from: &str, to: &str) -> Vec<&'t str> {
    let (_, text) = text.split_once(from).expect("the section begins");
    let (text, _) = text.split_once(to).expect("the section ends");
    text.lines().filter(|line| line.starts_with('|')).collect()
}

#[test]
fn every_finding_of_weight_is_a_row_to_be_accepted_and_those_of_one_code_are_one() {
    let mut document = sample::document(&str::to_owned);
    for namespace in &mut document.body.namespaces {
        namespace.enforce = Some("restricted".to_owned());
    }
    let text = markdown::report(&document);
    let rows = section(&text, "## To be accepted", "\n#");
    let begin = |row: &&str| row.split(" | ").take(2).collect::<Vec<_>>().join(" | ");
    let risks: Vec<String> = rows.iter().skip(2).map(begin).collect();
    assert_eq!(
        risks[..3],
        [
            "| high | DaemonSet node-exporter would be refused",
            "| medium | the owner's enforce label is tighter",
            "| medium | a policy writes fields into pods that nothing will write any more (2 findings)",
        ]
    );
    assert!(!risks.iter().any(|risk| risk.contains("low")), "{risks:?}");
}

#[test]
fn a_namespace_without_a_label_is_a_risk_unless_a_finding_says_so() {
    let mut document = sample::document(&str::to_owned);
    document.body.findings.clear();
    let row = "| no label | namespaces have no enforce label |";
    assert!(markdown::report(&document).contains(row));
    let mut finding = sample::document(&str::to_owned).body.findings.remove(0);
    finding.code = "future-namespaces-open".to_owned();
    let place = finding.places.remove(0);
    finding.places = document
        .body
        .namespaces
        .iter()
        .map(|namespace| Place {
            namespace: Some(namespace.name.clone()),
            ..place.clone()
        })
        .collect();
    document.body.findings.push(finding);
    assert!(!markdown::report(&document).contains(row));
}

#[test]
fn what_the_configuration_accepts_stands_behind_with_its_reason() {
    let mut document = sample::document(&str::to_owned);
    let finding = &mut document.body.findings[0];
    finding.open = false;
    finding.accepted = vec![Acceptance {
        reason: "until the agent is gone".to_owned(),
        expires: Some("2027-01-31".to_owned()),
        source: Source {
            file: "psp2psa.yaml".to_owned(),
            document: 1,
            line: 4,
            column: 3,
        },
    }];
    let text = markdown::report(&document);
    let rows = section(&text, "## To be accepted", "\n#");
    let last = rows.last().expect("there are rows");
    assert!(last.starts_with("| high |"), "{last}");
    assert!(
        last.ends_with("| Accepted: until the agent is gone | psp2psa.yaml:4 | until 2027-01-31 |"),
        "{last}"
    );
}

#[test]
fn what_becomes_possible_is_told_loosest_first_and_follows_from_findings() {
    let mut document = sample::document(&str::to_owned);
    let finding = &mut document.body.findings[0];
    finding.code = "restriction-lost".to_owned();
    finding.evidence = vec![
        "spec.volumes = secret: pods may use no other type of volume".to_owned(),
        "spec.allowedHostPaths = /var/log: pods may mount no other path".to_owned(),
    ];
    let text = markdown::report(&document);
    let rows = section(&text, "### Looser than today", "\n## ");
    let possible = "any path of a node and more types of volume |";
    assert!(
        rows.iter()
            .any(|row| row.contains("| monitoring |") && row.ends_with(possible)),
        "{rows:?}"
    );
    let open = rows.iter().rposition(|row| row.contains("| no label |"));
    let labelled = rows.iter().position(|row| row.ends_with(possible));
    assert!(open < labelled, "{rows:?}");
}

#[test]
fn every_object_that_the_cleanup_speaks_of_is_listed_with_its_fate() {
    let mut document = sample::document(&str::to_owned);
    let cleanup = document.body.cleanup.clone();
    let text = markdown::report(&document);
    let rows = section(&text, "## What 70-cleanup removes", "\n## ");
    let fate = |word: &str| rows.iter().filter(|row| row.contains(word)).count();
    assert_eq!(fate("| deleted |"), cleanup.delete.len());
    assert_eq!(fate("| only its rules are changed |"), cleanup.edit.len());
    assert_eq!(fate("| stays: "), cleanup.left.len());
    let page = html::report(&document);
    for left in &cleanup.left {
        assert!(page.contains(&left.reason), "{}", left.reason);
    }
    assert!(page.contains("1 left as it is<"), "{page}");
    document.body.cleanup.left.extend(cleanup.left);
    assert!(html::report(&document).contains("2 left as they are<"));
}

#[test]
fn files_are_listed_with_their_digests_and_many_are_folded() {
    let mut document = sample::document(&str::to_owned);
    let text = markdown::report(&document);
    assert!(text.contains("| dump.json | 1,234 | ba7816bf8f01cfea |"));
    assert!(text.contains("| broken.gz |  | permission denied |"));
    assert!(text.contains("--exclude-namespace 'kube-"));
    let folded = "<details class=\"item\">\n<summary><h3>Files</h3>";
    assert!(!html::report(&document).contains(folded));
    document.body.input.files = (0..11)
        .map(|number| InputFile {
            name: format!("{number}.yaml"),
            bytes: Some(1),
            sha256: Some("2cf24dba5fb0a30e".to_owned()),
            reason: None,
        })
        .collect();
    let page = html::report(&document);
    assert!(page.contains(folded));
    assert!(page.contains("10.yaml"));
    assert!(!markdown::report(&document).contains("10.yaml"));
}

#[test]
fn a_namespace_in_which_nothing_runs_opens_as_much_at_privileged_as_without_a_label() {
    let looser = |enforce: Option<&str>, workloads: bool| -> Vec<String> {
        let mut document = sample::document(&str::to_owned);
        document.body.findings.clear();
        let namespaces = &mut document.body.namespaces;
        namespaces.retain(|namespace| !namespace.workloads.is_empty());
        namespaces.truncate(1);
        let namespace = &mut document.body.namespaces[0];
        namespace.name = "kube-public".to_owned();
        namespace.enforce = enforce.map(str::to_owned);
        namespace.enforce_after_bypass = None;
        if !workloads {
            namespace.workloads.clear();
        }
        let text = markdown::report(&document);
        let Some((_, text)) = text.split_once("### Looser than today") else {
            return Vec::new();
        };
        let (text, _) = text.split_once("\n#").expect("the section ends");
        let rows = text
            .lines()
            .filter(|line| line.starts_with("| kube-public"));
        rows.map(str::to_owned).collect()
    };
    let row = |level: &str| vec![format!("| kube-public | – | {level} | everything |")];
    assert_eq!(looser(None, false), row("no label"));
    assert_eq!(looser(Some("privileged"), false), row("privileged"));
    assert!(looser(Some("baseline"), false).is_empty());
    assert_ne!(looser(Some("privileged"), true), row("privileged"));
}
