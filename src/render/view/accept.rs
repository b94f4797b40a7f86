//! What remains when the plan is carried out as it is: a table to decide on and to sign.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::plan::findings::CODES;
use crate::render::json::v1::{Finding, Namespace};

use super::Index;
use super::anchors::Anchors;
use super::settled::Settled;
use super::words::{self, Tag};

/// Namespaces that a row names.
const NAMED: usize = 5;
/// Consequences that a row tells.
const CONSEQUENCES: usize = 3;
/// The code of findings about namespaces without an enforce label.
const OPEN: &str = "future-namespaces-open";

/// One row.
#[derive(Serialize)]
pub(super) struct Risk<'a> {
    /// The class of the style sheet that `tag` is of.
    class: &'static str,
    tag: Tag<'a>,
    risk: &'a str,
    /// Of the first finding; empty if none is meant.
    href: String,
    /// `9 findings`; empty unless there are several.
    findings: String,
    /// How many namespaces, in words.
    namespaces: String,
    names: Vec<NamespaceLink<'a>>,
    /// How many names are left out, as a phrase; empty if none.
    more: String,
    /// What happens if nothing is done.
    otherwise: String,
    /// What the configuration decides; empty if that is still to be done.
    decision: String,
    /// Where it says so.
    who: String,
    /// Until when.
    date: String,
}

/// A link to a namespace.
#[derive(Serialize)]
pub(super) struct NamespaceLink<'a> {
    pub(super) name: &'a str,
    pub(super) href: String,
}

/// The risks, worst first, and behind them those that the configuration accepts. A finding that is no risk of high or
/// medium severity is left out, as is what the plan settles itself, and findings of one code are one row.
pub(super) fn risks<'a>(index: &Index<'a>) -> Vec<Risk<'a>> {
    let settled = Settled::new(index.report);
    let mut groups: BTreeMap<(bool, u8, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in &index.report.findings {
        let rank = words::tag(&finding.severity, words::SEVERITY).rank;
        let remains = settled.remaining(finding).next().is_some();
        if remains && matches!(finding.severity.as_str(), "high" | "medium") {
            let key = (!finding.open, rank, finding.code.as_str());
            groups.entry(key).or_default().push(finding);
        }
    }
    let (mut risks, mut accepted) = (Vec::new(), Vec::new());
    for findings in groups.values() {
        let row = of_findings(findings, &settled, index);
        match findings[0].open {
            true => risks.push(row),
            false => accepted.push(row),
        }
    }
    risks.extend(unlabelled(index));
    risks.extend(reviewed(index));
    risks.extend(accepted);
    risks
}

fn of_findings<'a>(findings: &[&'a Finding], settled: &Settled<'a>, index: &Index<'a>) -> Risk<'a> {
    let first = findings[0];
    let places = || {
        let findings = findings.iter();
        findings.flat_map(|finding| settled.remaining(finding))
    };
    let names: BTreeSet<&str> = places()
        .filter_map(|place| place.namespace.as_deref())
        .collect();
    let everywhere = places().any(|place| place.namespace.is_none());
    let otherwise: BTreeSet<&str> = findings
        .iter()
        .map(|finding| finding.consequence.as_str())
        .collect();
    let otherwise: Vec<String> = otherwise.into_iter().map(str::to_owned).collect();
    let title = CODES.iter().find(|code| code.name == first.code);
    let by = || findings.iter().flat_map(|finding| &finding.accepted);
    let some = match first.open {
        true => "Accepted in some places: ",
        false => "Accepted: ",
    };
    Risk {
        class: "severity",
        tag: words::tag(&first.severity, words::SEVERITY),
        risk: match (findings, title) {
            ([_, _, ..], Some(code)) => code.title,
            _ => &first.title,
        },
        href: index.anchors.findings.href(&first.id),
        findings: match findings.len() {
            1 => String::new(),
            many => words::count(many, "finding", "findings"),
        },
        namespaces: match (everywhere, names.len()) {
            (true, 0) => "the whole cluster".to_owned(),
            (true, many) => format!(
                "the cluster, and {}",
                words::count(many, "namespace", "namespaces")
            ),
            (false, many) => words::count(many, "namespace", "namespaces"),
        },
        more: words::more(names.len(), NAMED),
        names: links(names, &index.anchors),
        otherwise: words::some(&otherwise, CONSEQUENCES),
        decision: match each(by().map(|by| by.reason.clone())) {
            reasons if reasons.is_empty() => String::new(),
            reasons => format!("{some}{reasons}"),
        },
        who: each(by().map(|by| words::place(Some(&by.source)))),
        date: each(
            by().filter_map(|by| by.expires.as_ref())
                .map(|day| format!("until {day}")),
        ),
    }
}

/// The different texts.
fn each(texts: impl Iterator<Item = String>) -> String {
    let texts: BTreeSet<String> = texts.collect();
    texts.into_iter().collect::<Vec<_>>().join("; ")
}

/// Namespaces without an enforce label of which no finding speaks.
fn unlabelled<'a>(index: &Index<'a>) -> Option<Risk<'a>> {
    let told: BTreeSet<&str> = index
        .report
        .findings
        .iter()
        .filter(|finding| finding.code == OPEN)
        .flat_map(|finding| &finding.places)
        .filter_map(|place| place.namespace.as_deref())
        .collect();
    let is_open = |namespace: &Namespace| {
        namespace.enforce.is_none() && !told.contains(namespace.name.as_str())
    };
    let otherwise = match index.report.policies.is_empty() {
        true => "they admit every pod",
        false => "once the PodSecurityPolicy plugin is off, they admit every pod",
    };
    of_namespaces(index, is_open).map(|row| Risk {
        class: "level",
        tag: words::level(None, "no label"),
        risk: "namespaces have no enforce label",
        otherwise: otherwise.to_owned(),
        ..row
    })
}

/// Enforce labels that a person should look at first.
fn reviewed<'a>(index: &Index<'a>) -> Option<Risk<'a>> {
    let is_reviewed = |namespace: &Namespace| {
        let mut steps = namespace.steps.iter();
        steps.any(|step| step.ends_with("-enforce-review"))
    };
    of_namespaces(index, is_reviewed).map(|row| Risk {
        class: "confidence",
        tag: words::tag("review", words::CONFIDENCE),
        risk: "enforce labels that a person should look at before they are applied",
        otherwise: "they may refuse pods that the input does not show".to_owned(),
        ..row
    })
}

/// A row about these namespaces, still without words; `None` if there are none.
fn of_namespaces<'a>(index: &Index<'a>, is_meant: impl Fn(&Namespace) -> bool) -> Option<Risk<'a>> {
    let namespaces = index.report.namespaces.iter();
    let names: BTreeSet<&str> = namespaces
        .filter(|namespace| is_meant(namespace))
        .map(|namespace| namespace.name.as_str())
        .collect();
    (!names.is_empty()).then(|| Risk {
        class: "",
        tag: words::level(None, ""),
        risk: "",
        href: String::new(),
        findings: String::new(),
        namespaces: words::count(names.len(), "namespace", "namespaces"),
        more: words::more(names.len(), NAMED),
        names: links(names, &index.anchors),
        otherwise: String::new(),
        decision: String::new(),
        who: String::new(),
        date: String::new(),
    })
}

fn links<'a>(names: BTreeSet<&'a str>, anchors: &Anchors) -> Vec<NamespaceLink<'a>> {
    let names = names.into_iter().take(NAMED);
    names.map(|name| link(name, anchors)).collect()
}

/// A link to the namespace of this name.
pub(super) fn link<'a>(name: &'a str, anchors: &Anchors) -> NamespaceLink<'a> {
    NamespaceLink {
        name,
        href: anchors.namespaces.href(name),
    }
}
