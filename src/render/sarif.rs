//! SARIF 2.1.0 (OASIS), for services that show results beside the lines of a file.
//!
//! Rules are the checks and the codes of findings, with the text of `explain` as their help. A result without a place
//! in a file, such as one about standard input, names the object alone.

use serde_json::{Map, Value, json};

use crate::plan::findings;
use crate::pss;
use crate::render::escape::visible;
use crate::render::json::v1::{
    CheckReport, Diagnostic, Document, Finding, MigrationReport, Source, Violation, Workload,
};

/// The violations of `check`: errors if a level was asked for, else notes on the next tighter level.
pub fn check(report: &Document<CheckReport>) -> String {
    let body = &report.body;
    let rules: Vec<Rule> = pss::CHECKS.iter().map(|check| Rule::check(check)).collect();
    let mut results = Vec::new();
    for result in &body.results {
        let asked = match (&body.level, result.tightest_level.as_str()) {
            (Some(level), _) => level.as_str(),
            (None, "privileged") => "baseline",
            (None, _) => "restricted",
        };
        let object = Object {
            namespace: result.namespace.as_deref(),
            name: format!("{} {}", result.kind, result.name),
            source: Some(&result.source),
        };
        let level = if body.level.is_some() {
            "error"
        } else {
            "note"
        };
        for violation in &result.violations {
            let text = violates(&object, asked, &body.version, violation);
            results.push(result_of(&rules, &violation.check, level, &text, &object));
        }
    }
    log(report, &rules, results)
}

/// The findings of `migrate`, once for each of their places, and the violations of the levels that the labels name:
/// errors where pods are refused, notes where audit and warn speak.
pub fn migration(report: &Document<MigrationReport>) -> String {
    let body = &report.body;
    let checks = pss::CHECKS.iter().map(|check| Rule::check(check));
    let codes = findings::CODES.iter().map(Rule::finding);
    let rules: Vec<Rule> = codes.chain(checks).collect();
    let mut results = Vec::new();
    for finding in &body.findings {
        results.extend(places(&rules, finding));
    }
    for namespace in &body.namespaces {
        let labels = [
            ("error", &namespace.enforce),
            ("note", &namespace.warn),
            ("note", &namespace.audit),
        ];
        for workload in &namespace.workloads {
            results.extend(violations(&rules, workload, &labels, &body.target_version));
        }
    }
    log(report, &rules, results)
}

/// What an entry of `tool.driver.rules` is made of.
struct Rule {
    id: &'static str,
    title: &'static str,
    level: &'static str,
    docs: &'static str,
}

impl Rule {
    fn check(check: &pss::Check) -> Self {
        Rule {
            id: check.id,
            title: check.title,
            level: "error",
            docs: check.docs,
        }
    }

    fn finding(code: &findings::FindingCode) -> Self {
        Rule {
            id: code.name,
            title: code.title,
            level: level(code.severity.as_str()),
            docs: code.docs,
        }
    }

    fn descriptor(&self) -> Value {
        let docs = self.docs.trim();
        json!({
            "id": self.id,
            "shortDescription": { "text": self.title },
            "fullDescription": { "text": first_paragraph(docs) },
            "help": { "text": docs, "markdown": docs },
            "defaultConfiguration": { "level": self.level },
            "properties": { "tags": ["security", "kubernetes"] },
        })
    }
}

/// The first text of Markdown that is no heading, on one line.
fn first_paragraph(docs: &str) -> String {
    let paragraph = docs
        .lines()
        .skip_while(|line| line.is_empty() || line.starts_with('#'))
        .take_while(|line| !line.is_empty());
    paragraph.collect::<Vec<_>>().join(" ")
}

/// What a result is about.
struct Object<'a> {
    namespace: Option<&'a str>,
    /// Kind and name; empty where the namespace itself is meant.
    name: String,
    source: Option<&'a Source>,
}

impl Object<'_> {
    /// `payments/Deployment api`, `payments`, or nothing for the whole cluster.
    fn path(&self) -> String {
        match (self.namespace, self.name.as_str()) {
            (Some(namespace), "") => namespace.to_owned(),
            (Some(namespace), name) => format!("{namespace}/{name}"),
            (None, name) => name.to_owned(),
        }
    }
}

/// The results of one finding: one for each place, because services show one line for a result.
fn places(rules: &[Rule], finding: &Finding) -> Vec<Value> {
    let text = format!(
        "{}: {}. What to do: {}.",
        finding.title, finding.consequence, finding.remedy
    );
    let result = |object: &Object| {
        let level = level(&finding.severity);
        result_of(rules, &finding.code, level, &text, object)
    };
    if finding.places.is_empty() {
        return vec![result(&Object {
            namespace: None,
            name: String::new(),
            source: None,
        })];
    }
    let objects = finding.places.iter().map(|place| Object {
        namespace: place.namespace.as_deref(),
        name: place.object.clone(),
        source: place.source.as_ref(),
    });
    objects.map(|object| result(&object)).collect()
}

/// What a workload violates of the levels in force, every check once, at the first level that it violates.
fn violations(
    rules: &[Rule],
    workload: &Workload,
    labels: &[(&str, &Option<String>)],
    version: &str,
) -> Vec<Value> {
    let object = Object {
        namespace: workload.namespace.as_deref(),
        name: format!("{} {}", workload.kind, workload.name),
        source: Some(&workload.source),
    };
    let mut said: Vec<&str> = Vec::new();
    let mut results = Vec::new();
    for (severity, asked) in labels {
        let Some(asked) = asked else { continue };
        for violation in workload.violations.get(asked).into_iter().flatten() {
            if !said.contains(&violation.check.as_str()) {
                said.push(&violation.check);
                let text = violates(&object, asked, version, violation);
                results.push(result_of(rules, &violation.check, severity, &text, &object));
            }
        }
    }
    results
}

fn violates(object: &Object, level: &str, version: &str, violation: &Violation) -> String {
    let (path, reason) = (object.path(), &violation.reason);
    match violation.detail.as_str() {
        "" => format!("{path} violates {level}:{version}: {reason}"),
        detail => format!("{path} violates {level}:{version}: {reason} ({detail})"),
    }
}

fn result_of(rules: &[Rule], rule: &str, level: &str, text: &str, object: &Object) -> Value {
    let mut result = json!({
        "ruleId": rule,
        "level": level,
        "message": { "text": message(text) },
        "partialFingerprints": { "object/v1": visible(&format!("{rule} {}", object.path())) },
    });
    if let Some(index) = rules.iter().position(|known| known.id == rule) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(location) = location(object) {
        result["locations"] = json!([location]);
    }
    result
}

/// Where a result is shown; `None` where there is nothing to name.
fn location(object: &Object) -> Option<Value> {
    let mut location = Map::new();
    if let Some(place) = object.source.and_then(physical) {
        location.insert("physicalLocation".to_owned(), place);
    }
    let path = object.path();
    if !path.is_empty() {
        let logical = json!([{ "fullyQualifiedName": visible(&path), "kind": "resource" }]);
        location.insert("logicalLocations".to_owned(), logical);
    }
    (!location.is_empty()).then_some(Value::Object(location))
}

fn physical(source: &Source) -> Option<Value> {
    Some(json!({
        "artifactLocation": { "uri": uri(&source.file)? },
        "region": { "startLine": source.line.max(1), "startColumn": source.column.max(1) },
    }))
}

/// A path as a URI reference (RFC 3986): relative to where the tool ran, or with the scheme `file`. `None` for standard
/// input. A colon is encoded as well, since a first segment that has one reads as a scheme.
fn uri(path: &str) -> Option<String> {
    if path == "-" {
        return None;
    }
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.strip_prefix("./").unwrap_or(path).bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(uri)
}

/// A plain text message: braces would be placeholders (SARIF 3.11.5), and `[text](target)` a link (3.11.6).
fn message(text: &str) -> String {
    visible(text)
        .replace('{', "{{")
        .replace('}', "}}")
        .replace("](", "] (")
}

/// The level of a finding, by the word for its severity.
fn level(severity: &str) -> &'static str {
    match severity {
        "high" => "error",
        "medium" => "warning",
        _ => "note",
    }
}

/// A whole log with one run.
fn log<T: serde::Serialize>(report: &Document<T>, rules: &[Rule], results: Vec<Value>) -> String {
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == "error";
    let notifications: Vec<Value> = report.diagnostics.iter().map(notification).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "semanticVersion": report.tool.version,
                "rules": rules.iter().map(Rule::descriptor).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": !report.diagnostics.iter().any(is_error),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    crate::render::json::to_text(&log)
}

/// What is said of the input. The words for severity are the same.
fn notification(diagnostic: &Diagnostic) -> Value {
    let text = match diagnostic.help.as_str() {
        "" => diagnostic.message.clone(),
        help => format!("{}; {help}", diagnostic.message),
    };
    let mut notification = json!({
        "descriptor": { "id": diagnostic.code },
        "level": diagnostic.severity,
        "message": { "text": message(&text) },
    });
    if let Some(place) = diagnostic.source.as_ref().and_then(physical) {
        notification["locations"] = json!([{ "physicalLocation": place }]);
    }
    notification
}
