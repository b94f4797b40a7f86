//! Every workload against the standards, in the order of the input.
//!
//! A dump of a cluster has a hundred thousand pods and a few hundred different answers. So a pod is judged as soon as it
//! is read and then forgotten: of each one its name and place are kept, and which answer it got.

mod memory;
mod rows;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::diag::{Diagnostic, Source};
use crate::input::DecodeError;
use crate::model;
use crate::model::attribution::Homes;
use crate::model::decode::Object;
use crate::model::glance::Glance;
use crate::model::pod::Pod;
use crate::model::workload::Workload;
use memory::{Known, TOKEN_VOLUME, essence, hash, masked};
use rows::{Row, Rows};

use crate::pss::{self, Evaluator, Level, LevelSet, Version, Violation};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The level to judge by; `None` asks for the tightest level of each.
    pub level: Option<Level>,
    /// The version.
    pub version: Version,
    /// Only workloads of this namespace.
    pub namespace: Option<String>,
}

/// One workload and what the standards say of it.
#[derive(Debug)]
pub struct Checked<'a> {
    /// Kind as written.
    pub kind: &'a str,
    /// `apiVersion` as written.
    pub api_version: &'a str,
    /// The namespace it belongs to; `None` if the input does not tell.
    pub namespace: Option<&'a str>,
    /// The name people know it by.
    pub name: Name<'a>,
    /// Where it stands.
    pub source: Source,
    /// Whether it is a pod that has run to completion.
    pub terminated: bool,
    /// The level whose violations these are: the one asked for, else the next one tighter than what it satisfies.
    pub level: Level,
    /// Empty if the level admits it.
    pub violations: &'a [Violation],
    /// Levels that it satisfies.
    pub satisfies: LevelSet,
}

/// A name in two parts: how many begin, and how this one goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a>(pub &'a str, pub &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Name(stem, rest) = self;
        write!(f, "{stem}{rest}")
    }
}

/// Judges workloads, copies and nameless ones included, with the defaults that the API server would fill in.
///
/// The pod of a template is judged as the pod that will be made of it.
#[derive(Debug)]
pub struct Judge {
    evaluator: Evaluator,
    question: Question,
    known: RwLock<Known>,
}

/// What was made of one object.
pub enum Look {
    /// A workload.
    Judged(Judgement),
    /// An object that may decide where workloads without a namespace belong.
    Other(Object),
    /// A workload without a complete template, with its place.
    Partial(Source, String),
    /// Neither.
    Nothing,
    /// An object of a kind that nobody asks for.
    Unknown,
}

/// A workload that was judged.
pub struct Judgement {
    row: Row,
    /// Its name, without the stem of its group if it has that.
    name: String,
}

/// What a workload does not share with others.
struct Individual<'a> {
    kind: Cow<'a, str>,
    api_version: Cow<'a, str>,
    namespace: Option<Cow<'a, str>>,
    name: String,
    terminated: bool,
    source: &'a Source,
}

/// What was made of objects so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// Objects that decide where workloads without a namespace belong.
    others: Vec<Object>,
    /// Workloads that are not judged.
    partial: Vec<(Source, String)>,
    rows: Vec<Rows>,
}

/// The answers for all workloads.
#[derive(Debug)]
pub struct Judged {
    groups: Vec<Group>,
    rows: Vec<Rows>,
    namespace: Option<String>,
}

/// What many workloads have in common.
#[derive(Debug, Clone)]
struct Group {
    kind: String,
    api_version: String,
    namespace: Option<String>,
    file: Arc<str>,
    terminated: bool,
    verdict: Arc<Verdict>,
    /// How the name of its first workload begins, see `stem` in `check::memory`. Of other names that begin with it only the rest
    /// is kept.
    stem: String,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Verdict {
    level: Level,
    violations: Vec<Violation>,
    satisfies: LevelSet,
}

impl Judge {
    /// A judge for one question.
    pub fn new(question: &Question) -> Self {
        Judge {
            evaluator: pss::evaluator(question.version),
            question: question.clone(),
            known: RwLock::default(),
        }
    }

    /// Judges an object if it is a workload.
    pub fn look(&self, object: Object) -> Look {
        match object {
            Object::Workload(workload) if workload.is_partial() => {
                Look::Partial(workload.source().clone(), workload.title())
            }
            Object::Workload(workload) => Look::Judged(self.judge(*workload).0),
            Object::Namespace(_) | Object::Kustomization(_) => Look::Other(object),
            Object::Policy(_)
            | Object::Role(_)
            | Object::Binding(_)
            | Object::ServiceAccount(_)
            | Object::Node(_)
            | Object::Transformer(_)
            | Object::Operation(_)
            | Object::Gaps(_)
            | Object::Revision(_) => Look::Nothing,
            Object::Other => Look::Unknown,
        }
    }

    /// Judges a pod at a glance if one like it was judged before; the others are decoded.
    pub fn look_at(
        &self,
        glance: &Glance<'_>,
        decode: impl FnOnce() -> Result<Object, DecodeError>,
    ) -> Result<Look, DecodeError> {
        let key = masked(&glance.rest);
        let key_hash = hash(&key);
        let known = self.known().glanced.find(key_hash, &key);
        if let Some(verdict) = known {
            let one = Individual {
                kind: Cow::Borrowed("Pod"),
                api_version: Cow::Borrowed("v1"),
                namespace: Some(Cow::Borrowed(&glance.namespace)),
                name: glance.name.to_string(),
                terminated: glance.terminated,
                source: glance.source,
            };
            return Ok(Look::Judged(self.row(one, verdict)));
        }
        match decode()? {
            Object::Workload(workload) => {
                let (row, verdict) = self.judge(*workload);
                // What is masked must not matter to the answer.
                let told = |violation: &Violation| violation.detail.contains(TOKEN_VOLUME);
                if !verdict.violations.iter().any(told) {
                    self.learn().glanced.remember(key_hash, key, verdict);
                }
                Ok(Look::Judged(row))
            }
            object => Ok(self.look(object)),
        }
    }

    fn judge(&self, workload: Workload) -> (Judgement, Arc<Verdict>) {
        let source = workload.source().clone();
        let terminated = workload.terminated();
        let name = workload.meta.display_name();
        let pod = essence(workload.pod);
        let pod_hash = hash(&pod);
        let known = self.known().pods.find(pod_hash, &pod);
        // Two threads may judge the same pod at once; both find the same.
        let verdict = known.unwrap_or_else(|| {
            let verdict = self.verdict(&pod);
            let mut known = self.learn();
            let verdict = known.share(verdict);
            known.pods.remember(pod_hash, pod, Arc::clone(&verdict));
            verdict
        });
        let one = Individual {
            kind: Cow::Owned(workload.kind),
            api_version: Cow::Owned(workload.api_version),
            namespace: workload.namespace.map(Cow::Owned),
            name,
            terminated,
            source: &source,
        };
        (self.row(one, Arc::clone(&verdict)), verdict)
    }

    fn row(&self, one: Individual<'_>, verdict: Arc<Verdict>) -> Judgement {
        let (document, line, column) = (one.source.document, one.source.line, one.source.column);
        let group = Known::key(&one, &verdict);
        let known = self.known().group(group, &one, &verdict);
        let (group, stem) = known.unwrap_or_else(|| self.learn().add(group, &one, verdict));
        let mut name = one.name;
        name.drain(..stem);
        Judgement {
            row: Row {
                group,
                stemmed: stem > 0,
                document,
                line,
                column,
            },
            name,
        }
    }

    fn verdict(&self, pod: &Pod) -> Verdict {
        let satisfies = self.evaluator.satisfies(pod);
        let level = self.question.level.unwrap_or(match satisfies.tightest() {
            Level::Privileged => Level::Baseline,
            Level::Baseline | Level::Restricted => Level::Restricted,
        });
        Verdict {
            level,
            violations: self.evaluator.evaluate(level, pod),
            satisfies,
        }
    }

    // Whoever panicked has only added something, and it is complete or absent.

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answers, each workload attributed to its namespace.
    pub(crate) fn finish(self, mut seen: Seen, homes: &Homes) -> (Judged, Vec<Diagnostic>) {
        let known = self
            .known
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut judged = Judged {
            groups: known.groups,
            rows: seen.rows,
            namespace: None,
        };
        let mut settled: Vec<Option<Option<String>>> = vec![None; judged.groups.len()];
        let mut diagnostics = Vec::new();
        for (row, name) in judged.rows() {
            if matches!(settled[row.group as usize], Some(Some(_))) {
                continue;
            }
            let checked = judged.checked(row, name);
            let mut namespace = checked.namespace.map(str::to_owned);
            let known = homes.settle(
                checked.kind,
                &checked.name.to_string(),
                &mut namespace,
                std::slice::from_ref(&checked.source),
                &mut diagnostics,
            );
            settled[row.group as usize] = Some(namespace.filter(|_| known));
        }
        for (group, namespace) in judged.groups.iter_mut().zip(settled) {
            group.namespace = namespace.flatten();
        }
        judged.namespace = self.question.namespace;
        diagnostics.extend(model::diags::not_judged(&mut seen.partial));
        (judged, diagnostics)
    }
}

impl Seen {
    /// Appends what was seen later.
    pub fn append(&mut self, mut later: Seen) {
        self.others.append(&mut later.others);
        self.rows.append(&mut later.rows);
        self.partial.append(&mut later.partial);
    }

    /// Objects that decide where workloads without a namespace belong.
    pub(crate) fn others(&self) -> &[Object] {
        &self.others
    }

    /// Adds what was made of an object.
    pub fn add(&mut self, look: Look) {
        match look {
            Look::Judged(Judgement { row, name }) => {
                if self.rows.is_empty() {
                    self.rows.push(Rows::default());
                }
                let last = self.rows.len() - 1;
                self.rows[last].push(row, &name);
            }
            Look::Other(object) => self.others.push(object),
            Look::Partial(source, title) => self.partial.push((source, title)),
            Look::Nothing | Look::Unknown => {}
        }
    }
}

impl Judged {
    /// Every workload that was asked about, in the order of the input.
    pub fn iter(&self) -> impl Iterator<Item = Checked<'_>> {
        self.rows()
            .map(|(row, name)| self.checked(row, name))
            .filter(|checked| {
                self.namespace.is_none() || checked.namespace == self.namespace.as_deref()
            })
    }

    fn rows(&self) -> impl Iterator<Item = (Row, &str)> {
        self.rows.iter().flat_map(Rows::iter)
    }

    fn checked<'a>(&'a self, row: Row, rest: &'a str) -> Checked<'a> {
        let group = &self.groups[row.group as usize];
        let stem = match row.stemmed {
            true => group.stem.as_str(),
            false => "",
        };
        Checked {
            kind: &group.kind,
            api_version: &group.api_version,
            namespace: group.namespace.as_deref(),
            name: Name(stem, rest),
            source: Source {
                file: Arc::clone(&group.file),
                document: row.document,
                line: row.line,
                column: row.column,
            },
            terminated: group.terminated,
            level: group.verdict.level,
            violations: &group.verdict.violations,
            satisfies: group.verdict.satisfies,
        }
    }
}
