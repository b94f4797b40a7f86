//! The answer of `admit` for people: tables, the pods as YAML, and what the policies change as a diff.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::admit::Replayed;
use crate::render::diff::unified;
use crate::render::json::v1::{AdmitReport, AdmitResult};
use crate::render::manifests::yaml;
use crate::render::markdown;
use crate::render::text::table::{Table, styled};
use crate::render::text::{Fit, visible};
use crate::render::view::words::count;

/// One line a workload.
pub fn table(report: &AdmitReport, fit: Fit) -> String {
    let mut table = Table::new(match fit {
        Fit::Terminal => &[
            "NAMESPACE",
            "WORKLOAD",
            "OK",
            "POLICY",
            "WRITES, OR WHY NOT",
        ],
        Fit::Wide => &[
            "NAMESPACE",
            "WORKLOAD",
            "OK",
            "POLICY",
            "VIA",
            "WRITES, OR WHY NOT",
        ],
    });
    for result in &report.results {
        let mut row = cells(result);
        if fit == Fit::Wide {
            row.push(via(result).unwrap_or_default().to_owned());
        }
        row.push(why(result, fit));
        let dash = |cell: String| match cell.as_str() {
            "" => "-".to_owned(),
            _ => cell,
        };
        table.row(row.into_iter().map(dash).collect());
    }
    let total = report.results.len();
    let refused = report.results.iter().filter(|r| !r.admitted).count();
    let changed = report.results.iter().filter(|r| r.mutated).count();
    let mut out = table.print(fit);
    let _ = writeln!(
        out,
        "\n{refused} of {} {} refused, and {changed} {} changed by the policy that admits {}",
        count(total, "workload", "workloads"),
        verb(refused),
        verb(changed),
        if changed == 1 { "it" } else { "them" }
    );
    out
}

/// The same as a Markdown table.
pub fn markdown(report: &AdmitReport) -> String {
    let rows = report.results.iter().map(|result| {
        let mut row = cells(result);
        row.push(why(result, Fit::Wide));
        row
    });
    let head = [
        "Namespace",
        "Workload",
        "Admitted",
        "Policy",
        "Writes, or why not",
    ];
    markdown::table(&head, rows)
}

/// The admitted pods as the policies leave them, as a stream of YAML documents.
///
/// A comment says where each pod comes from; of a refused one there is only the comment.
pub fn pods(report: &AdmitReport) -> String {
    let mut out = String::new();
    for result in &report.results {
        let source = &result.source;
        let place = format!(
            "{} at {}:{}:{}",
            title(result),
            source.file,
            source.line,
            source.column
        );
        match &result.pod {
            Some(pod) => {
                let _ = writeln!(out, "---\n# {}", visible(&place));
                out.push_str(&yaml(pod));
            }
            None => {
                let why = result.errors.join("; ");
                let _ = writeln!(out, "# {}", visible(&format!("{place} is refused: {why}")));
            }
        }
    }
    out
}

/// What policies change in the pods that they admit, as a unified diff from what they see to what they leave.
///
/// Pods that policies leave alone are not shown: of them, only the annotation with the policy's name is new.
pub fn diff(replayed: &[Replayed]) -> String {
    let mut out = String::new();
    for one in replayed {
        let mutated = one.chosen.as_ref().is_some_and(|chosen| chosen.mutated);
        if let (true, Some(before), Some(after)) = (mutated, &one.seen, one.pod()) {
            let workload = &one.workload;
            let place = workload.namespace.iter().map(String::as_str);
            let name = workload.meta.display_name();
            let place: Vec<&str> = place
                .chain([workload.kind.as_str(), name.as_str()])
                .collect();
            let path = format!("{}.yaml", place.join("/"));
            let text = unified(
                &yaml(before),
                &yaml(&after),
                &format!("a/{path}"),
                &format!("b/{path}"),
            );
            out.extend(text.split_inclusive('\n').map(painted));
        }
    }
    out
}

/// A line of a diff in colour.
fn painted(line: &str) -> String {
    let text = visible(line.strip_suffix('\n').unwrap_or(line));
    let style = match line.as_bytes().first() {
        _ if line.starts_with("--- ") || line.starts_with("+++ ") => Style::new().bold(),
        Some(b'+') => AnsiColor::Green.on_default(),
        Some(b'-') => AnsiColor::Red.on_default(),
        Some(b'@') => AnsiColor::Cyan.on_default(),
        _ => return format!("{text}\n"),
    };
    format!("{}\n", styled(style, &text))
}

/// Namespace, workload, verdict and policy; empty where there is none.
fn cells(result: &AdmitResult) -> Vec<String> {
    let verdict = match result.admitted {
        true => "yes",
        false => "no",
    };
    vec![
        result.namespace.clone().unwrap_or_default(),
        format!("{}/{}", result.kind, result.name),
        verdict.to_owned(),
        result.policy.clone().unwrap_or_default(),
    ]
}

/// Through what the policy that admits a pod may be used.
fn via(result: &AdmitResult) -> Option<&str> {
    let policy = result.policy.as_ref()?;
    let mut candidates = result.candidates.iter();
    let chosen = candidates.find(|c| c.policy == *policy && c.valid)?;
    chosen.via.as_deref()
}

fn verb(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// What the policy writes, or why the pod is refused; on a terminal only as much as one sees there.
fn why(result: &AdmitResult, fit: Fit) -> String {
    let unusable = result.candidates.iter().all(|c| c.via.is_none());
    match (result.admitted, fit) {
        (false, Fit::Terminal) if unusable && !result.candidates.is_empty() => {
            "may use no policy".to_owned()
        }
        (false, _) => result.errors.join("; "),
        (true, _) if result.changes.is_empty() => "nothing".to_owned(),
        (true, Fit::Wide) => {
            let paths = result.changes.iter().map(|change| change.path.as_str());
            paths.collect::<Vec<_>>().join(", ")
        }
        (true, Fit::Terminal) => {
            let fields = result.changes.iter().map(|change| field(&change.path));
            let distinct: BTreeSet<&str> = fields.collect();
            distinct.into_iter().collect::<Vec<_>>().join(", ")
        }
    }
}

/// The last part of a path, which says enough about a change.
fn field(path: &str) -> &str {
    let field = path.rsplit("securityContext.").next().unwrap_or(path);
    let field = field.strip_prefix("metadata.").unwrap_or(field);
    field.strip_prefix("spec.").unwrap_or(field)
}

fn title(result: &AdmitResult) -> String {
    match &result.namespace {
        Some(namespace) => format!("{} {namespace}/{}", result.kind, result.name),
        None => format!("{} {}", result.kind, result.name),
    }
}
