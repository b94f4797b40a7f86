//! What became of a pod in each way in which the policies may really be.

use std::collections::BTreeSet;

use crate::model::object::ObjectRef;
use crate::model::pod::Pod;
use crate::psp::{self, Admitted, Candidate};
use crate::pss::{Evaluator, LevelSet};

/// What became of a pod in each way.
pub(super) struct Outcomes<'c, 'a> {
    /// The ways in which it was admitted.
    admitted: Vec<Outcome<'c, 'a>>,
    /// Whether it was refused in one.
    refused: bool,
    /// What the policies said in the first way that refused it.
    pub(super) errors: Vec<String>,
}

/// A way in which a pod was admitted.
pub(super) struct Outcome<'c, 'a> {
    pub(super) candidates: &'c [Candidate<'a>],
    pub(super) admitted: Admitted,
    /// The pod as it was stored.
    pub(super) stored: Pod,
}

impl<'c, 'a> Outcomes<'c, 'a> {
    /// Replays a pod in each way.
    ///
    /// # Errors
    /// What `unknown` says of a way, if it says anything: nobody knows what decided.
    pub(super) fn new(
        pod: &Pod,
        ways: &'c [Vec<Candidate<'a>>],
        unknown: impl Fn(Option<&Admitted>) -> Vec<String>,
    ) -> Result<Self, Vec<String>> {
        let mut outcomes = Outcomes {
            admitted: Vec::new(),
            refused: false,
            errors: Vec::new(),
        };
        for candidates in ways {
            let admission = psp::replay(pod, candidates);
            let unknown = unknown(admission.admitted.as_ref());
            if !unknown.is_empty() {
                return Err(unknown);
            }
            if admission.admitted.is_none() && !outcomes.refused {
                outcomes.refused = true;
                outcomes.errors = admission
                    .errors()
                    .map(|(policy, error)| format!("{policy}: {error}"))
                    .collect();
            }
            outcomes
                .admitted
                .extend(admission.admitted.map(|admitted| Outcome {
                    candidates,
                    stored: psp::stored(&admitted.pod),
                    admitted,
                }));
        }
        Ok(outcomes)
    }

    /// The way that leaves the pod at the loosest level; `None` if it was refused in every way.
    pub(super) fn loosest(&self, evaluator: &Evaluator) -> Option<&Outcome<'c, 'a>> {
        let mut admitted = self.admitted.iter();
        match admitted.len() {
            0 | 1 => admitted.next(),
            _ => admitted.min_by_key(|outcome| evaluator.satisfies(&outcome.stored).tightest()),
        }
    }

    /// The levels that the stored pod satisfies in every way.
    pub(super) fn stored(&self, evaluator: &Evaluator) -> LevelSet {
        let stored = self.admitted.iter().map(|outcome| &outcome.stored);
        stored
            .map(|pod| evaluator.satisfies(pod))
            .fold(LevelSet::ALL, LevelSet::intersection)
    }

    /// Whether the ways differ in what became of the pod.
    pub(super) fn differ(&self) -> bool {
        let same = |pair: &[Outcome]| {
            pair[0].admitted.policy == pair[1].admitted.policy && pair[0].stored == pair[1].stored
        };
        self.refused || !self.admitted.windows(2).all(same)
    }

    /// Why what became of the pod is not certain, as a sentence. `what` is defined in several ways.
    pub(super) fn doubt(&self, workload: &ObjectRef, what: &[String]) -> String {
        let admitted = self.admitted.iter();
        let policies: BTreeSet<&str> = admitted
            .map(|outcome| outcome.admitted.policy.as_str())
            .collect();
        let policies: Vec<&str> = policies.into_iter().collect();
        let pods = format!("the pods of {} {}", workload.kind, workload.name);
        let open = match self.refused || policies.len() > 1 {
            true => format!("whether {} admits {pods}", policies.join(" or ")),
            false => format!("what is written into {pods}"),
        };
        let are = match what {
            [_] => "is",
            _ => "are",
        };
        format!(
            "{} {are} defined in several ways, and {open} depends on which one is meant: the level holds for each",
            what.join(" and ")
        )
    }
}
