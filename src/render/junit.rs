//! JUnit's XML, for CI that shows test results: a suite for every namespace, a case for every workload or namespace.
//!
//! There is no standard; the form is the one that Jenkins and GitLab read: `testsuites`, `testsuite` with counts,
//! `testcase` with `classname`, `name`, `file` and `line`, and in it `failure` or `error`.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::findings::Severity;
use crate::render::escape;
use crate::render::json::v1::{
    CheckReport, CheckResult, Diagnostic, Document, Finding, MigrationReport, Source,
};

/// The answer of `check`: a case for every workload, which fails if the level that was asked for refuses it.
pub fn check(report: &Document<CheckReport>) -> String {
    let mut suites: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for result in &report.body.results {
        let namespace = result.namespace.as_deref().unwrap_or_default();
        suites.entry(namespace).or_default().push(workload(result));
    }
    text("psp2psa check", suites, &report.diagnostics)
}

/// The plan of `migrate`: a case for every namespace, which fails if it has a finding of one of these severities.
/// Findings about the whole cluster are a case of their own.
pub fn migration(report: &Document<MigrationReport>, failing: &[Severity]) -> String {
    let mut said: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    let fails = |finding: &&Finding| {
        failing
            .iter()
            .any(|severity| severity.as_str() == finding.severity && finding.open)
    };
    for finding in report.body.findings.iter().filter(fails) {
        let mut namespaces: BTreeSet<&str> = finding
            .places
            .iter()
            .map(|place| place.namespace.as_deref().unwrap_or_default())
            .collect();
        if namespaces.is_empty() {
            namespaces.insert("");
        }
        for namespace in namespaces {
            said.entry(namespace).or_default().push(finding);
        }
    }
    let failure = |name: &str| said.get(name).map(|found| findings(found));
    let mut suites: BTreeMap<&str, Vec<Case>> = BTreeMap::new();
    for namespace in &report.body.namespaces {
        suites.entry(&namespace.name).or_default().push(Case {
            name: namespace.name.clone(),
            source: namespace.source.as_ref(),
            outcome: match failure(&namespace.name) {
                Some(failure) => Outcome::Failed(failure),
                None => Outcome::Passed(namespace.brief.clone()),
            },
        });
    }
    if let Some(failure) = failure("") {
        suites.entry("").or_default().push(Case {
            name: "the cluster".to_owned(),
            source: None,
            outcome: Outcome::Failed(failure),
        });
    }
    text("psp2psa migrate", suites, &report.diagnostics)
}

/// One `testcase`.
struct Case<'a> {
    name: String,
    source: Option<&'a Source>,
    outcome: Outcome,
}

/// How a case ended.
enum Outcome {
    /// With what there is to say.
    Passed(String),
    /// It was judged, and the answer is no.
    Failed(Failure),
    /// It could not be judged.
    Unread(Failure),
}

/// What is said of a case that did not pass.
struct Failure {
    /// One line.
    message: String,
    /// A word for the kind of failure.
    kind: String,
    /// Everything, a line each.
    lines: Vec<String>,
}

fn workload(result: &CheckResult) -> Case<'_> {
    let outcome = match result.allowed {
        true => Outcome::Passed(format!("satisfies {}", result.tightest_level)),
        false => Outcome::Failed(Failure {
            message: result.message.clone(),
            kind: "PodSecurity".to_owned(),
            lines: result
                .violations
                .iter()
                .map(|violation| {
                    format!(
                        "{}: {} ({})",
                        violation.check, violation.reason, violation.detail
                    )
                })
                .collect(),
        }),
    };
    Case {
        name: format!("{} {}", result.kind, result.name),
        source: Some(&result.source),
        outcome,
    }
}

fn findings(found: &[&Finding]) -> Failure {
    let lines = |finding: &&Finding| {
        format!(
            "{}: {}: {}. What to do: {}",
            finding.severity, finding.title, finding.consequence, finding.remedy
        )
    };
    Failure {
        message: found
            .iter()
            .map(|finding| finding.title.as_str())
            .collect::<Vec<_>>()
            .join("; "),
        kind: found
            .first()
            .map_or_else(String::new, |finding| finding.code.clone()),
        lines: found.iter().map(lines).collect(),
    }
}

/// What could not be read: it must not look like success.
fn unread(diagnostic: &Diagnostic) -> Case<'_> {
    let code = &diagnostic.code;
    Case {
        name: match &diagnostic.source {
            Some(at) => format!("{code} at {}:{}:{}", at.file, at.line, at.column),
            None => code.clone(),
        },
        source: diagnostic.source.as_ref(),
        outcome: Outcome::Unread(Failure {
            message: diagnostic.message.clone(),
            kind: code.clone(),
            lines: vec![diagnostic.message.clone(), diagnostic.help.clone()],
        }),
    }
}

fn text(name: &str, suites: BTreeMap<&str, Vec<Case>>, diagnostics: &[Diagnostic]) -> String {
    let mut all: Vec<(&str, Vec<Case>)> = suites
        .into_iter()
        .map(|(namespace, cases)| match namespace {
            "" => ("(no namespace)", cases),
            namespace => (namespace, cases),
        })
        .collect();
    let unread: Vec<Case> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == "error")
        .map(unread)
        .collect();
    if !unread.is_empty() {
        all.push(("(input)", unread));
    }
    let counts = counts(all.iter().flat_map(|(_, cases)| cases));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out += &format!("<testsuites name=\"{}\" {counts}>\n", xml(name));
    for (suite, cases) in &all {
        let counts = self::counts(cases.iter());
        out += &format!("  <testsuite name=\"{}\" {counts}>\n", xml(suite));
        for case in cases {
            out += &self::case(suite, case);
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case<'a>>) -> String {
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match case.outcome {
            Outcome::Passed(_) => {}
            Outcome::Failed(_) => failures += 1,
            Outcome::Unread(_) => errors += 1,
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\"")
}

fn case(suite: &str, case: &Case) -> String {
    let place = case.source.map_or_else(String::new, |source| {
        format!(" file=\"{}\" line=\"{}\"", xml(&source.file), source.line)
    });
    let head = format!(
        "classname=\"{}\" name=\"{}\"{place}",
        xml(suite),
        xml(&case.name)
    );
    let inner = match &case.outcome {
        Outcome::Passed(text) => format!("      <system-out>{}</system-out>\n", xml(text)),
        Outcome::Failed(failure) => element("failure", failure),
        Outcome::Unread(failure) => element("error", failure),
    };
    format!("    <testcase {head}>\n{inner}    </testcase>\n")
}

fn element(name: &str, failure: &Failure) -> String {
    let lines: Vec<String> = failure.lines.iter().map(|line| xml(line)).collect();
    format!(
        "      <{name} message=\"{}\" type=\"{}\">{}</{name}>\n",
        xml(&failure.message),
        xml(&failure.kind),
        lines.join("\n")
    )
}

/// Text for XML 1.0. Most control characters are no characters of XML, not even as references, so those and whatever
/// hides or reorders text are written out.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in escape::visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
