//! Namespaces: a row of the table and a section each.

use serde::Serialize;

use crate::pss::Level;
use crate::render::json::v1::{Namespace, Preview};
use crate::render::view::Index;

use super::findings::{self, FindingLink};
use super::gaps::Gaps;
use super::grants::{self, ClassView};
use super::graph::{self, Graph};
use super::labels::{self, Line};
use super::obstacles::{self, Obstacle};
use super::strip::{self, Stop};
use super::words::{self, Tag};
use super::workloads::{self, Columns, WorkloadView};

/// One namespace, in the table of all.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    id: String,
    name: &'a str,
    status: Tag<'a>,
    /// A dash where the enforce label is not the proposal.
    confidence: Tag<'a>,
    /// The enforce label as the owner has it.
    before: Tag<'a>,
    enforce: Tag<'a>,
    audit: Tag<'a>,
    warn: Tag<'a>,
    /// Those that have not ended.
    workload_count: usize,
    /// Why, in a few words.
    brief: &'a str,
}

/// One namespace, in full, or several of which the same is to be said.
#[derive(Serialize)]
pub(in crate::render) struct Section<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    /// ` and 15 more`; empty if there are none.
    more_names: String,
    /// All of them, if there are several.
    members: Vec<Member<'a>>,
    /// Where its Namespace object stands.
    place: String,
    /// What happens to the enforce label, in one sentence.
    decision: String,
    reasons: &'a [String],
    evidence: String,
    #[serde(flatten)]
    gaps: Gaps<'a>,
    needed: Tag<'a>,
    needed_stored: Tag<'a>,
    /// Only where patches are planned.
    needed_with_patches: Option<Tag<'a>>,
    granted_own: Tag<'a>,
    granted_everyone: Tag<'a>,
    grants: Vec<ClassView<'a>>,
    graph: Option<Graph>,
    labels: Vec<Line>,
    /// Folders of the stages, as a list of words.
    steps: String,
    obstacles: Vec<Obstacle<'a>>,
    workload_words: String,
    #[serde(flatten)]
    columns: Columns,
    workloads: Vec<WorkloadView<'a>>,
    /// How many workloads are shown without details; empty if none.
    without_details: String,
    finding_words: String,
    findings: Vec<FindingLink<'a>>,
    strip: Vec<Stop<'a>>,
    preview: Vec<PreviewView<'a>>,
    /// Versions at which nothing differs, as one sentence; empty if there is none.
    preview_same: String,
    existing: Vec<ExistingView<'a>>,
}

/// One of several namespaces that share a section.
#[derive(Serialize)]
struct Member<'a> {
    /// Empty for the first, whose id is that of the section.
    id: String,
    name: &'a str,
}

/// What differs at another version.
#[derive(Serialize)]
struct PreviewView<'a> {
    version: &'a str,
    changes: Vec<ChangeView<'a>>,
}

/// A workload that another version judges differently.
#[derive(Serialize)]
struct ChangeView<'a> {
    workload: &'a str,
    verdict: &'static str,
    checks: String,
}

/// The rows of the table.
pub(super) fn rows<'a>(index: &'a Index) -> Vec<Row<'a>> {
    index
        .report
        .namespaces
        .iter()
        .enumerate()
        .map(|(position, namespace)| row(namespace, index.anchors.namespaces.id(position)))
        .collect()
}

fn row(namespace: &Namespace, id: String) -> Row<'_> {
    Row {
        id,
        name: &namespace.name,
        status: words::tag(&namespace.status, words::STATUS),
        confidence: labels::confidence(namespace),
        before: labels::before(namespace),
        enforce: labels::enforced(namespace),
        audit: words::level(namespace.audit.as_deref(), "none"),
        warn: words::level(namespace.warn.as_deref(), "none"),
        workload_count: obstacles::counting(&namespace.workloads).count(),
        brief: &namespace.brief,
    }
}

/// What the API server would say of the pods that are here.
#[derive(Serialize)]
struct ExistingView<'a> {
    /// `restricted:v1.30`.
    label: String,
    warnings: &'a [String],
}

impl<'a> Section<'a> {
    /// Words everything that is known of the namespaces at these positions. The same is to be said of all.
    pub(super) fn new(index: &'a Index, positions: &[usize]) -> Self {
        let position = positions[0];
        let namespace = &index.report.namespaces[position];
        let findings = findings::links(&namespace.findings, &index.titles, &index.anchors);
        let columns = workloads::columns(index.report, &namespace.workloads);
        let (preview, preview_same) = preview(&namespace.preview);
        let (workloads, without_details) = workloads::all(
            &namespace.workloads,
            columns,
            index.detailed,
            &index.anchors,
        );
        Section {
            row: row(namespace, index.anchors.namespaces.id(position)),
            more_names: match positions.len() - 1 {
                0 => String::new(),
                more => format!(" and {} more", words::number(more)),
            },
            members: members(index, positions),
            place: match positions.len() {
                1 => words::place(namespace.source.as_ref()),
                _ => String::new(),
            },
            decision: decision(namespace),
            reasons: &namespace.reasons,
            evidence: evidence(&namespace.evidence),
            gaps: index.gaps.of(&namespace.missing),
            needed: words::level(namespace.needed.as_deref(), "unknown"),
            needed_stored: words::level(namespace.needed_stored.as_deref(), "unknown"),
            needed_with_patches: namespace
                .needed_with_patches
                .as_deref()
                .map(|level| words::level(Some(level), "")),
            granted_own: grants::level(&namespace.granted.own),
            granted_everyone: grants::level(&namespace.granted.everyone),
            grants: grants::classes(&namespace.granted, &index.anchors, &index.shared),
            graph: match positions {
                [_] => graph::of_namespace(index.report, namespace),
                _ => None,
            },
            labels: labels::diff(&namespace.labels),
            steps: words::and(&namespace.steps),
            obstacles: obstacles::obstacles(&namespace.workloads),
            workload_words: obstacles::count(&namespace.workloads),
            columns,
            workloads,
            without_details,
            finding_words: words::count(namespace.findings.len(), "finding", "findings"),
            findings,
            strip: strip::strip(&namespace.preview, &index.report.target_version),
            preview,
            preview_same,
            existing: namespace
                .existing_pods
                .iter()
                .map(|existing| ExistingView {
                    label: format!("{}:{}", existing.level, existing.version),
                    warnings: &existing.warnings,
                })
                .collect(),
        }
    }
}

/// The namespaces of a section, if there are several.
fn members<'a>(index: &'a Index, positions: &[usize]) -> Vec<Member<'a>> {
    let [_, _, ..] = positions else {
        return Vec::new();
    };
    positions
        .iter()
        .enumerate()
        .map(|(order, position)| Member {
            id: match order {
                0 => String::new(),
                _ => index.anchors.namespaces.id(*position),
            },
            name: &index.report.namespaces[*position].name,
        })
        .collect()
}

/// What happens to the enforce label.
fn decision(namespace: &Namespace) -> String {
    let before = labels::enforced_before(namespace);
    let after = labels::enforced_after(namespace);
    let invalid = invalid(namespace);
    let mut sentence = match (namespace.status.as_str(), before, after) {
        ("excluded", _, _) => "Left out of the plan: nothing is changed here.".to_owned(),
        ("inconclusive", None, None) if namespace.evidence == "complete" => {
            "No enforce label is written, because nothing tells which level it should be."
                .to_owned()
        }
        ("inconclusive", None, None) => {
            "No enforce label is written, because what the input does not show could change it."
                .to_owned()
        }
        (_, None, None) => "No enforce label is written.".to_owned(),
        (_, None, Some(after)) => format!("Will enforce {after}; no level is enforced today."),
        (_, Some(before), Some(after)) => {
            let was = labels::level_before(namespace).unwrap_or(before);
            match (before == after, invalid.is_empty()) {
                (true, true) => format!("Goes on enforcing {after}, as its owner has set it."),
                (true, false) => format!("Goes on enforcing {was}: {invalid}."),
                (false, true) => format!("Will enforce {after} instead of {before}."),
                (false, false) => format!("Will enforce {after} instead of {was}: {invalid}."),
            }
        }
        (_, Some(before), None) => format!("The enforce label {before} is removed."),
    };
    if let Some(later) = &namespace.enforce_after_bypass {
        sentence.push_str(&format!(" Behind the bypass, it will enforce {later}."));
    }
    match namespace.proposed.as_deref() {
        Some(proposed) if after != Some(proposed) => {
            let stays = labels::in_force(&namespace.labels.after).map(|policy| policy.level);
            let compared = match (stays, proposed.parse::<Level>()) {
                (Some(stays), Ok(proposed)) if proposed < stays => ", which is looser",
                (Some(stays), Ok(proposed)) if proposed > stays => ", which is tighter",
                _ => "",
            };
            sentence.push_str(&format!(" The plan would propose {proposed}{compared}."));
        }
        _ => {}
    }
    sentence
}

/// What the owner's enforce label means although it is no level; empty if it is one, or there is none.
fn invalid(namespace: &Namespace) -> String {
    let labels = &namespace.labels.before;
    match (labels::enforced_before(namespace), labels::in_force(labels)) {
        (Some(label), Some(policy)) if label != policy.level.as_str() => format!(
            "the owner's label {} is no level, and the API server reads it as {policy}",
            labels::quoted(label)
        ),
        _ => String::new(),
    }
}

fn evidence(completeness: &str) -> String {
    match completeness {
        "complete" => {
            "complete: listed from a cluster, or vouched for with --complete; a kind of workload that was not listed would \
             be missing here"
                .to_owned()
        }
        "partial" => "partial: the input shows some workloads, and there may be more".to_owned(),
        "none" => "none: the input shows no workload of this namespace".to_owned(),
        other => other.to_owned(),
    }
}

/// The versions that differ, and one sentence for those that do not.
fn preview(previews: &[Preview]) -> (Vec<PreviewView<'_>>, String) {
    let (same, different): (Vec<&Preview>, Vec<&Preview>) = previews
        .iter()
        .partition(|preview| preview.changed.is_empty());
    let same: Vec<String> = same.iter().map(|preview| preview.version.clone()).collect();
    let views = different
        .into_iter()
        .map(|preview| PreviewView {
            version: &preview.version,
            changes: preview
                .changed
                .iter()
                .map(|changed| ChangeView {
                    workload: &changed.workload,
                    verdict: match changed.refused {
                        true => "would be refused",
                        false => "would be admitted",
                    },
                    checks: words::and(&changed.checks),
                })
                .collect(),
        })
        .collect();
    let sentence = match same.is_empty() {
        true => String::new(),
        false => format!("Nothing differs at {}.", words::and(&same)),
    };
    (views, sentence)
}
