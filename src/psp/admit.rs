//! Creation: which policy admits a pod.
//!
//! Every policy is tried on a fresh copy of the pod: it writes, then it validates. Among those that accept and may be
//! used, the first by name that wrote nothing wins, or else the first by name. One policy must accept the whole pod.
//!
//! Upstream: `plugin/pkg/admission/security/podsecuritypolicy/admission.go` (v1.24.7, `computeSecurityContext`).

use crate::go::quoted;
use crate::model::pod::Pod;
use crate::model::psp::PodSecurityPolicy;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies;

/// A policy that exists in the cluster, and whether the pod's requester or service account may use it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The policy.
    pub policy: &'a PodSecurityPolicy,
    /// Whether any of the identities that count may `use` it in the pod's namespace.
    pub usable: bool,
}

/// What admission made of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The outcome, if the pod was admitted.
    pub admitted: Option<Admitted>,
    /// What each policy said, in the order in which they were tried, also of those after the one that was chosen.
    pub trials: Vec<Trial>,
}

/// The policy that was chosen and the pod it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// Name of the policy.
    pub policy: String,
    /// Position of the policy among the candidates as given: several may have the same name.
    pub candidate: usize,
    /// Whether the policy wrote anything.
    pub mutated: bool,
    /// The pod with everything that the policy wrote, but without [`crate::psp::ANNOTATION`].
    pub pod: Pod,
}

/// What one policy said of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Name of the policy.
    pub name: String,
    /// Position of the policy among the candidates as given.
    pub candidate: usize,
    /// As in [`Candidate::usable`].
    pub usable: bool,
    /// Whether the policy wrote anything, even if it did not accept the result.
    pub mutated: bool,
    /// What it does not accept; empty for a broken policy too.
    pub errors: Vec<FieldError>,
    /// Why the policy cannot be used on any pod, see [`broken`].
    pub provider_error: Option<String>,
}

impl Trial {
    /// Whether the policy accepts the pod.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty() && self.provider_error.is_none()
    }
}

impl Admission {
    /// The errors that are told to the requester: those of the policies that could have been used, in the order in
    /// which policies were tried.
    ///
    /// There may be none although the pod was refused.
    pub fn errors(&self) -> impl Iterator<Item = (&str, &FieldError)> {
        let refused = self.admitted.is_none();
        self.trials
            .iter()
            .filter(move |trial| refused && trial.usable)
            .flat_map(|trial| trial.errors.iter().map(|error| (&*trial.name, error)))
    }

    /// What a refused requester is told in upstream's words, by policy; empty if the pod was admitted.
    ///
    /// `name` is that of the pod, as far as the server knows it.
    pub fn told(&self, name: &str) -> Vec<String> {
        let errors: Vec<String> = self
            .errors()
            .map(|(policy, error)| format!("{policy}: {error}"))
            .collect();
        if self.admitted.is_some() || !errors.is_empty() {
            errors
        } else if self.has_providers() {
            vec![format!(
                "pods {} is forbidden: PodSecurityPolicy: unable to admit pod: []",
                quoted(name)
            )]
        } else {
            vec!["no providers available to validate pod request".to_owned()]
        }
    }

    /// Whether there was any policy to try: none at all, or only broken ones, refuse every pod.
    pub fn has_providers(&self) -> bool {
        let mut trials = self.trials.iter();
        trials.any(|trial| trial.provider_error.is_none())
    }
}

/// Admits a pod at its creation, or refuses it.
///
/// Policies are tried in bytewise order of their names, several of one name in the order given.
pub fn replay(pod: &Pod, candidates: &[Candidate<'_>]) -> Admission {
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|index| &candidates[*index].policy.name);
    let mut first_mutated = None;
    let mut first_unmutated = None;
    let mut trials = Vec::with_capacity(order.len());
    for index in order {
        let (trial, outcome) = attempt(pod, index, candidates[index]);
        if let (Some(pod), true) = (outcome, trial.usable) {
            let first = match trial.mutated {
                true => &mut first_mutated,
                false => &mut first_unmutated,
            };
            first.get_or_insert(Admitted {
                policy: trial.name.clone(),
                candidate: index,
                mutated: trial.mutated,
                pod,
            });
        }
        trials.push(trial);
    }
    Admission {
        admitted: first_unmutated.or(first_mutated),
        trials,
    }
}

/// What one policy says of a pod, and the pod as it would leave it if it accepts it.
pub(crate) fn attempt(
    pod: &Pod,
    candidate: usize,
    Candidate { policy, usable }: Candidate<'_>,
) -> (Trial, Option<Pod>) {
    let mut trial = Trial {
        name: policy.name.clone(),
        candidate,
        usable,
        mutated: false,
        errors: Vec::new(),
        provider_error: None,
    };
    let provider = match Provider::new(policy) {
        Ok(provider) => provider,
        Err(error) => {
            trial.provider_error = Some(error);
            return (trial, None);
        }
    };
    let mut copy = pod.clone();
    strategies::default(&provider, &mut copy);
    trial.mutated = copy != *pod;
    trial.errors = strategies::validate(&provider, &copy);
    let outcome = trial.errors.is_empty().then_some(copy);
    (trial, outcome)
}

/// What one policy alone says of a pod, whoever may use it: the pod as it would be admitted, or the errors.
///
/// A broken policy gives a single error of kind [`crate::psp::ErrorKind::Internal`].
pub fn admits(policy: &PodSecurityPolicy, pod: &Pod) -> Result<Pod, Vec<FieldError>> {
    let provider =
        Provider::new(policy).map_err(|error| vec![FieldError::internal("spec", error)])?;
    let mut copy = pod.clone();
    strategies::default(&provider, &mut copy);
    let errors = strategies::validate(&provider, &copy);
    if errors.is_empty() {
        Ok(copy)
    } else {
        Err(errors)
    }
}

/// Why a policy cannot be used on any pod: a rule is unknown, or `MustRunAs` or `MayRunAs` lacks what it requires.
///
/// Most such policies pass [`validate_policy`](crate::psp::validate_policy), and admission skips them silently.
pub fn broken(policy: &PodSecurityPolicy) -> Option<String> {
    Provider::new(policy).err()
}
