//! Which versions of the JSON documents exist, and how the inner types become them.

mod access;
mod admit;
mod migration;
pub mod schema;
mod shown;
pub mod v1;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use crate::check::{Checked, Judged, Question};
use crate::diag;
use crate::mapping::Mapping;
use crate::model::psp::PodSecurityPolicy;
use crate::psp;
use crate::pss::{self, Level, LevelSet, Version};

pub use access::{AccessQuestion, access};
pub use admit::admit;
pub use migration::migration;
use shown::Shown;

/// Wraps a document's body.
pub fn document<T: serde::Serialize>(
    kind: &'static str,
    diagnostics: &[diag::Diagnostic],
    body: T,
) -> v1::Document<T> {
    v1::Document {
        schema_version: "v1",
        kind,
        tool: v1::Tool {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        diagnostics: diagnostics.iter().map(diagnostic).collect(),
        body,
    }
}

/// A document as text, ending in a line feed. Characters that a terminal obeys, or that nobody sees, are escaped.
pub fn to_text<T: serde::Serialize>(document: &T) -> String {
    let mut bytes = Vec::new();
    write(document, &mut bytes).expect("nothing can fail in memory");
    String::from_utf8(bytes).expect("JSON is made of texts")
}

/// Writes a document as text, little by little: it may be large.
///
/// # Errors
/// If it cannot be written.
pub fn write<T: serde::Serialize>(document: &T, out: &mut dyn Write) -> io::Result<()> {
    // The pieces are many and small: each would be a call that the compiler cannot see through.
    let mut out = BufWriter::new(out);
    let mut json = serde_json::Serializer::with_formatter(&mut out, Shown::default());
    document.serialize(&mut json)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A document as YAML.
pub fn to_yaml<T: serde::Serialize>(document: &T) -> String {
    let value = serde_json::to_value(document)
        .expect("the documents have string keys and no failing Serialize");
    crate::render::manifests::yaml(&value)
}

fn diagnostic(diagnostic: &diag::Diagnostic) -> v1::Diagnostic {
    v1::Diagnostic {
        code: diagnostic.code.name.to_owned(),
        severity: diagnostic.code.severity.as_str().to_owned(),
        message: diagnostic.message.clone(),
        source: diagnostic.source.as_ref().map(source),
        help: diagnostic.help.clone(),
    }
}

/// A place in the input.
fn source(source: &diag::Source) -> v1::Source {
    v1::Source {
        file: source.file.to_string(),
        document: source.document,
        line: source.line,
        column: source.column,
    }
}

/// The violations of one pod.
fn violations(violations: &[pss::Violation]) -> Vec<v1::Violation> {
    violations
        .iter()
        .map(|violation| v1::Violation {
            check: violation.check.to_owned(),
            reason: violation.reason.to_owned(),
            detail: violation.detail.clone(),
        })
        .collect()
}

/// What a policy wrote into a pod.
fn changes(changes: &[psp::Change]) -> Vec<v1::Change> {
    changes
        .iter()
        .map(|change| v1::Change {
            path: change.path(),
            before: change.before.clone(),
            after: change.after.clone(),
        })
        .collect()
}

/// The levels of a set, loosest first.
fn levels(set: LevelSet) -> Vec<String> {
    set.iter().map(level).collect()
}

fn level(level: Level) -> String {
    level.as_str().to_owned()
}

/// The answer of `check`.
pub fn check(judged: &Judged, question: &Question) -> v1::CheckReport {
    let mut namespaces: BTreeMap<&str, LevelSet> = BTreeMap::new();
    for checked in judged.iter() {
        if let Some(namespace) = checked.namespace {
            let set = namespaces.entry(namespace).or_insert(LevelSet::ALL);
            *set = set.intersection(checked.satisfies);
        }
    }
    v1::CheckReport {
        version: question.version.to_string(),
        rules_version: question.version.effective().to_string(),
        level: question.level.map(level),
        results: judged
            .iter()
            .map(|checked| result(&checked, question))
            .collect(),
        namespaces: namespaces
            .into_iter()
            .map(|(name, set)| v1::CheckNamespace {
                name: name.to_owned(),
                tightest_level: level(set.tightest()),
            })
            .collect(),
    }
}

fn result(checked: &Checked<'_>, question: &Question) -> v1::CheckResult {
    let found = checked.violations;
    let asked = pss::LevelVersion {
        level: checked.level,
        version: question.version,
    };
    v1::CheckResult {
        kind: checked.kind.to_owned(),
        api_version: checked.api_version.to_owned(),
        namespace: checked.namespace.map(str::to_owned),
        name: checked.name.to_string(),
        source: source(&checked.source),
        allowed: question.level.is_none() || found.is_empty(),
        reason: pss::reason(found),
        detail: pss::detail(found),
        message: pss::message(asked, found),
        violations: violations(found),
        satisfies: levels(checked.satisfies),
        tightest_level: level(checked.satisfies.tightest()),
    }
}

/// The answer of `map`.
pub fn map(policies: &[(PodSecurityPolicy, Mapping)], version: Version) -> v1::MapReport {
    v1::MapReport {
        version: version.to_string(),
        rules_version: version.effective().to_string(),
        policies: policies
            .iter()
            .map(|(object, mapping)| policy(&object.name, object.sources.first(), mapping))
            .collect(),
    }
}

/// One policy and its mapping.
fn policy(name: &str, place: Option<&diag::Source>, mapping: &Mapping) -> v1::Policy {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    v1::Policy {
        name: name.to_owned(),
        source: place.map(source),
        level: mapping.level.map(level),
        strict_level: mapping.strict_level.map(level),
        summary: mapping.summary.clone(),
        blocked_by: v1::BlockedBy {
            baseline: ids(&mapping.blocked_by.baseline),
            restricted: ids(&mapping.blocked_by.restricted),
        },
        controls: mapping
            .controls
            .iter()
            .map(|control| v1::Control {
                check: control.check.to_owned(),
                level: level(control.level),
                verdict: control.exposure.verdict.as_str().to_owned(),
                field: control.exposure.field.clone(),
                value: control.exposure.value.clone(),
                message: control.exposure.message.clone(),
                witness: control.witness.clone(),
            })
            .collect(),
        mutations: mapping
            .mutations
            .iter()
            .map(|mutation| v1::Mutation {
                field: mutation.field.clone(),
                path: mutation.path.to_owned(),
                value: mutation.value.clone(),
            })
            .collect(),
        unmapped: mapping
            .unmapped
            .iter()
            .map(|unmapped| v1::Unmapped {
                field: unmapped.field.clone(),
                value: unmapped.value.clone(),
                message: unmapped.message.clone(),
            })
            .collect(),
    }
}
