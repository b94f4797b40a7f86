//! What stops us: sentences of the opening page.

use crate::pss::{Level, Version};
use crate::render::json::v1::{Document, MigrationReport, Namespace};

use super::labels;
use super::words;

/// Namespaces that a sentence names.
const NAMED: usize = 5;
/// Errors that a sentence names, and characters of each.
const ERRORS: usize = 3;
const CLAUSE: usize = 80;

/// What has to happen first, with so many findings and namespaces.
pub(super) fn verdict(high: usize, inconclusive: usize) -> String {
    let mut sentences = Vec::new();
    if high > 0 {
        sentences.push(format!(
            "{} to be settled first.",
            words::count(high, "high finding has", "high findings have")
        ));
    }
    if inconclusive > 0 {
        sentences.push(format!(
            "{} no new enforce label until the input shows more.",
            words::count(
                inconclusive,
                "inconclusive namespace gets",
                "inconclusive namespaces get"
            ),
        ));
    }
    match sentences.is_empty() {
        true => "No high finding, no inconclusive namespace.".to_owned(),
        false => sentences.join(" "),
    }
}

/// The errors, as far as a line bears: the first clause of each.
pub(super) fn errors(document: &Document<MigrationReport>) -> String {
    let diagnostics = document.diagnostics.iter();
    let errors: Vec<String> = diagnostics
        .filter(|diagnostic| diagnostic.severity == "error")
        .map(|diagnostic| {
            let clause = diagnostic.message.split(": ").next();
            words::shorten(&clause.unwrap_or_default().replace('`', ""), CLAUSE)
        })
        .collect();
    match errors.len() {
        0 => String::new(),
        many => format!(
            "{} in the input: {}",
            words::count(many, "error", "errors"),
            words::some(&errors, ERRORS)
        ),
    }
}

/// Labels of owners that stay although they are looser than the evidence: somebody has to decide. What is tighter
/// refuses nothing, or is a finding.
pub(super) fn kept(report: &MigrationReport) -> String {
    let names: Vec<String> = report
        .namespaces
        .iter()
        .filter_map(|namespace| {
            let owners: Level = labels::enforced_before(namespace)?.parse().ok()?;
            let proposed: Level = namespace.proposed.as_deref()?.parse().ok()?;
            let stays = labels::enforced_after(namespace) == Some(owners.as_str());
            let name = words::shorten(&namespace.name, 63);
            (stays && owners < proposed).then(|| format!("{name} ({owners}, could be {proposed})"))
        })
        .collect();
    match names.len() {
        0 => String::new(),
        many => format!(
            "{} {} than the evidence: {}",
            words::count(many, "owner's label stays", "owners' labels stay"),
            if many == 1 {
                "and is looser"
            } else {
                "and are looser"
            },
            words::some(&names, NAMED)
        ),
    }
}

/// A server that still has policies knows no newer rules than those of 1.24, and takes its newest for newer labels. Of
/// privileged there are no rules.
pub(super) fn rules(report: &MigrationReport) -> String {
    const LAST: Version = Version::Minor(24);
    let judged: Option<Version> = report.rules_version.parse().ok();
    let mut namespaces = report.namespaces.iter();
    let refuses = namespaces.any(|namespace| {
        let later = namespace.enforce_after_bypass.as_deref();
        let level = later.or(namespace.enforce.as_deref());
        level.is_some_and(|level| level != Level::Privileged.as_str())
    });
    let ruled = refuses && !report.policies.is_empty();
    match judged.filter(|judged| *judged > LAST && ruled) {
        None => String::new(),
        Some(_) => format!(
            "Labels are pinned to {}. Until the upgrade, a server of 1.24 or older applies the newest rules that it \
             knows; where that differs, a namespace says so under Other versions.",
            report.target_version
        ),
    }
}

/// Labels that a person should look at first, as a phrase; empty if there are none.
pub(super) fn review(report: &MigrationReport) -> String {
    let reviewed = |step: &&String| step.ends_with("-enforce-review");
    let labels = |namespace: &Namespace| namespace.steps.iter().filter(reviewed).count();
    let names: Vec<String> = report
        .namespaces
        .iter()
        .filter(|namespace| labels(namespace) > 0)
        .map(|namespace| words::shorten(&namespace.name, 63))
        .collect();
    match report.namespaces.iter().map(labels).sum() {
        0 => String::new(),
        many => format!(
            "A person should look at {} before {} applied: {}",
            words::count(many, "enforce label", "enforce labels"),
            if many == 1 { "it is" } else { "they are" },
            words::some(&names, NAMED)
        ),
    }
}
