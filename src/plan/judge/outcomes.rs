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
    /// What was said in the first way that refused it.
    pub(super) errors: Vec<String>,
    /// The policy that admitted it in that way, but wrote into it what the API server refuses.
    pub(super) spoiled_by: Option<String>,
}

/// A way in which a pod was admitted.
pub(super) struct Outcome<'c, 'a> {
    pub(super) candidates: &'c [Candidate<'a>],
    pub(super) admitted: Admitted,
    /// The pod as it was stored.
    pub(super) stored: Pod,
    /// The levels that it satisfies then.
    pub(super) levels: LevelSet,
}

impl<'c, 'a> Outcomes<'c, 'a> {
    /// Replays a pod in each way.
    ///
    /// # Errors
    /// What `unknown` says of a way, if it says anything: nobody knows what decided.
    pub(super) fn new(
        pod: &Pod,
        ways: &'c [Vec<Candidate<'a>>],
        evaluator: &Evaluator,
        unknown: impl Fn(Option<&Admitted>) -> Vec<String>,
    ) -> Result<Self, Vec<String>> {
        let mut outcomes = Outcomes {
            admitted: Vec::new(),
            refused: false,
            errors: Vec::new(),
            spoiled_by: None,
        };
        for candidates in ways {
            let admission = psp::replay(pod, candidates);
            let unknown = unknown(admission.admitted.as_ref());
            if !unknown.is_empty() {
                return Err(unknown);
            }
            let errors = admission.errors();
            let errors: Vec<String> = errors
                .map(|(policy, error)| format!("{policy}: {error}"))
                .collect();
            let Some(admitted) = admission.admitted else {
                outcomes.refuse(errors, None);
                continue;
            };
            let stored = psp::stored(&admitted.pod);
            let spoiled = match admitted.mutated {
                true => spoiled(pod, &stored),
                false => Vec::new(),
            };
            match spoiled.is_empty() {
                true => outcomes.admitted.push(Outcome {
                    candidates,
                    admitted,
                    levels: evaluator.satisfies(&stored),
                    stored,
                }),
                false => outcomes.refuse(spoiled, Some(admitted.policy)),
            }
        }
        Ok(outcomes)
    }

    fn refuse(&mut self, errors: Vec<String>, spoiled_by: Option<String>) {
        if !self.refused {
            self.refused = true;
            self.errors = errors;
            self.spoiled_by = spoiled_by;
        }
    }

    /// The way that leaves the pod at the loosest level; `None` if it was refused in every way.
    pub(super) fn loosest(&self) -> Option<&Outcome<'c, 'a>> {
        let admitted = self.admitted.iter();
        admitted.min_by_key(|outcome| outcome.levels.tightest())
    }

    /// The levels that the stored pod satisfies in every way.
    pub(super) fn stored(&self) -> LevelSet {
        let levels = self.admitted.iter().map(|outcome| outcome.levels);
        levels.fold(LevelSet::ALL, LevelSet::intersection)
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

/// What the API server finds wrong with a pod only because of what a policy wrote into it: Linux fields in a pod for
/// Windows, or a privileged container that may not gain privileges.
fn spoiled(pod: &Pod, stored: &Pod) -> Vec<String> {
    let errors = psp::api_errors(stored);
    if errors.is_empty() {
        return Vec::new();
    }
    let before = psp::api_errors(pod);
    let new = errors.into_iter().filter(|error| !before.contains(error));
    new.map(|error| error.to_string()).collect()
}
