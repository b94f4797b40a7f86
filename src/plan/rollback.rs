//! Earlier templates of the workloads that are here, and whether one could go back to them.
//!
//! `kubectl rollout undo` takes the template of an old ReplicaSet or of a ControllerRevision. Nothing checks it before
//! its pods are created.

use std::collections::BTreeMap;

use crate::diag::Source;
use crate::model::object::ObjectRef;
use crate::model::workload::{Origin, Workload};
use crate::pss::{LevelVersion, Violation, evaluator};

use super::homes::Home;
use super::ownership::Seccomp;
use super::workloads;

/// An earlier template that the enforced level refuses, although it admits the template of today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollback {
    /// The ReplicaSet or ControllerRevision.
    pub reference: ObjectRef,
    /// Where it stands.
    pub source: Source,
    /// The workload that could be rolled back to it.
    pub owner: ObjectRef,
    /// What the level says of it.
    pub violations: Vec<Violation>,
}

/// The earlier templates of a namespace that its enforce label refuses. Where today's template is refused as well,
/// that is the finding.
pub(super) fn refused(home: &Home, enforced: LevelVersion, seccomp: Seccomp) -> Vec<Rollback> {
    let evaluator = evaluator(enforced.version);
    let refused =
        |workload: &Workload| workloads::refused(&evaluator, workload, enforced.level, seccomp);
    let mut admitted: BTreeMap<ObjectRef, bool> = BTreeMap::new();
    let owners: BTreeMap<(&str, &str), &Workload> = home
        .workloads
        .iter()
        .map(|workload| {
            (
                (workload.kind.as_str(), workload.meta.name.as_str()),
                *workload,
            )
        })
        .collect();
    let sets = home
        .explained
        .iter()
        .filter(|(set, _)| set.kind == "ReplicaSet" && set.origin == Origin::Template)
        .copied();
    let revisions = home.revisions.iter().filter_map(|revision| {
        let reference = revision.meta.controller()?;
        let owner = owners.get(&(reference.kind.as_str(), reference.name.as_str()))?;
        let (wanted, uid) = (&reference.uid, &owner.meta.uid);
        (wanted.is_empty() || uid.is_empty() || wanted == uid).then_some((*revision, *owner))
    });
    sets.chain(revisions)
        .filter_map(|(old, owner)| {
            let violations = refused(old);
            let reference = owner.reference();
            if violations.is_empty()
                || !*admitted
                    .entry(reference.clone())
                    .or_insert_with(|| refused(owner).is_empty())
            {
                return None;
            }
            Some(Rollback {
                reference: old.reference(),
                source: old.source().clone(),
                owner: reference,
                violations,
            })
        })
        .collect()
}
