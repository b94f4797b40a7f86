//! What a template must say itself once no policy writes it.
//!
//! Three classes. *Preserving* edits write what runs today anyway: the replay shows that the policy writes it.
//! *Loosening* ones would write down a weakening (an added capability, no seccomp, privilege escalation): they are
//! reported and never made. *Hardening* ones are new behaviour that a tighter level asks for: proposed, unproven.
//!
//! Every patch is proven: the patched template is judged by the standards and replayed against the old policies. If
//! they refuse it, choose another policy or still write what the patch meant to settle, the patch can only be applied
//! once they are bypassed.

mod hardening;
mod merge;
mod preserving;

use serde_json::Value;

use crate::model::pod::Pod;
use crate::model::workload::{Origin, Workload};
use crate::psp::{self, Candidate, Change, Step};
use crate::pss::{Evaluator, LevelSet};

pub use hardening::Hardening;
pub(super) use hardening::{hardening, hardening_unreplayed};
pub(super) use preserving::preserving;

/// A patch of one workload, with its proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// What it writes, as paths in the pod.
    pub edits: Vec<Change>,
    /// What the policy writes and the patch does not, because it weakens the pod.
    pub loosening: Vec<Change>,
    /// The levels that the patched template satisfies.
    pub satisfies: LevelSet,
    /// What the old policies make of the patched template.
    pub proof: Proof,
    /// The levels that the patched template satisfies as they store it: what they still write may weaken it. Only
    /// `privileged` if they refuse it.
    pub stored: LevelSet,
    /// The strategic merge patch of the object; `None` where there is nothing to write, or where none can be applied:
    /// custom resources have no merge keys, and an object without a name cannot be addressed.
    pub object: Option<Value>,
}

/// What the old policies make of a patched template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The same policy admits it and has nothing more to write of what the patch settles. It may still write something
    /// else.
    Accepted,
    /// Another policy would admit it, which may write other things.
    OtherPolicy,
    /// The same policy still writes what the patch settles; or, of a proposal for a level, what keeps it from the level.
    StillMutated,
    /// They refuse it: it can only be applied once they are bypassed.
    Refused,
}

impl Proof {
    /// Takes back what does not hold where it is not certain which policy admits the template.
    pub(super) fn doubt(&mut self) {
        if *self == Proof::Accepted {
            *self = Proof::OtherPolicy;
        }
    }

    /// The word in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Proof::Accepted => "accepted",
            Proof::OtherPolicy => "otherPolicy",
            Proof::StillMutated => "stillMutated",
            Proof::Refused => "refused",
        }
    }
}

/// A pod, and the levels that it satisfies.
#[derive(Clone, Copy)]
pub(super) struct Graded<'a> {
    pub(super) pod: &'a Pod,
    pub(super) levels: LevelSet,
}

/// What a replay showed of a workload.
pub(super) struct Replayed<'a> {
    /// The pod as the policies saw it.
    pub(super) before: &'a Pod,
    /// The pod as it was stored.
    pub(super) stored: Graded<'a>,
    /// The pod with what preserves what runs today, see [`preserving()`].
    pub(super) kept: Graded<'a>,
    /// The policy that admitted it.
    pub(super) policy: &'a str,
    /// The policies that could have.
    pub(super) candidates: &'a [Candidate<'a>],
}

/// The patch that preserves what runs today; `None` if the policy writes nothing that a template could keep.
pub(super) fn patch(
    workload: &Workload,
    replayed: &Replayed,
    evaluator: &Evaluator,
) -> Option<Patch> {
    let patched = replayed.kept.pod;
    let edits = psp::changes(replayed.before, patched);
    let loosening = psp::changes(patched, replayed.stored.pod)
        .into_iter()
        .filter(|change| !is_seccomp_annotation(change))
        .filter(|change| change.after.is_some())
        .collect::<Vec<_>>();
    if edits.is_empty() && loosening.is_empty() {
        return None;
    }
    let applicable = !edits.is_empty()
        && matches!(workload.origin, Origin::Template | Origin::Pod)
        && !workload.meta.name.is_empty();
    let (proof, stored) = prove(patched, &edits, replayed);
    Some(Patch {
        satisfies: replayed.kept.levels,
        proof,
        stored: stored.map_or(LevelSet::PRIVILEGED, |stored| evaluator.satisfies(&stored)),
        object: applicable.then(|| merge::strategic_merge(workload, patched, &edits)),
        edits,
        loosening,
    })
}

/// Prefix of the annotations that name a container's AppArmor profile.
pub(super) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

fn is_seccomp_annotation(change: &Change) -> bool {
    matches!(change.steps.last(), Some(Step::Key(key)) if key.contains("seccomp.security.alpha"))
}

/// Replays the patched template against the old policies: the proof, and the pod as they store it.
fn prove(patched: &Pod, edits: &[Change], replayed: &Replayed) -> (Proof, Option<Pod>) {
    let admission = psp::replay(patched, replayed.candidates);
    let Some(admitted) = admission.admitted else {
        return (Proof::Refused, None);
    };
    let stored = psp::stored(&admitted.pod);
    let again = psp::changes(patched, &stored);
    let settled = |change: &Change| edits.iter().any(|edit| edit.steps == change.steps);
    let proof = match admitted.policy == replayed.policy {
        false => Proof::OtherPolicy,
        true if again.iter().any(settled) => Proof::StillMutated,
        true => Proof::Accepted,
    };
    (proof, Some(stored))
}
