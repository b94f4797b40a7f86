//! Every workload against the policies, in the order of the input: what the mutating phase of the admission plugin
//! PodSecurityPolicy makes of its pods.
//!
//! The plugin is asked as on creation, with the gate `ProcMountType` on, the volumes that a StatefulSet's
//! controller adds, and the API server's defaults as far as policies see them. Nothing else happens before it: an
//! unset service account stays unset, and no token volume is added. Nothing happens after it either: seccomp annotations and fields are not synchronised.
//!
//! A policy is usable through the service account that the pod names, or through whoever creates the pod. That is the
//! controller that makes the pods of a kind, and for a bare pod the requester, if one is given. Nobody is known to
//! create the pods of other kinds, so there the account alone counts.

mod diags;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::diag::Diagnostic;
use crate::model::claims;
use crate::model::defaults;
use crate::model::psp::PodSecurityPolicy;
use crate::model::workload::{Origin, Workload};
use crate::psp::{self, Admission, Change};
use crate::rbac::{Access, Identity};

pub use diags::CODES;

/// Replays admission for workloads. Policies that the API server refuses take no part, see [`psp::diagnose`].
///
/// `access` must know the policies by name.
pub fn replay(
    workloads: Vec<Workload>,
    policies: &[PodSecurityPolicy],
    access: &Access<'_>,
    question: &Question,
) -> (Vec<Replayed>, Vec<Diagnostic>) {
    let policies: Vec<&PodSecurityPolicy> = policies
        .iter()
        .filter(|policy| psp::validate_policy(policy).is_empty())
        .collect();
    let replayed: Vec<Replayed> = workloads
        .into_par_iter()
        .filter(|workload| question.namespace.is_none() || workload.namespace == question.namespace)
        .map(|workload| replay_one(workload, &policies, access, &question.authorization))
        .collect();
    let diagnostics = match question.authorization {
        Authorization::Assumed => Vec::new(),
        Authorization::Rbac { .. } => diags::doubts(&replayed),
    };
    (replayed, diagnostics)
}

/// What [`replay`] is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// What makes a policy usable.
    pub authorization: Authorization,
    /// Only workloads of this namespace.
    pub namespace: Option<String>,
}

/// What makes a policy usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// Every policy is.
    Assumed,
    /// Roles and bindings.
    Rbac {
        /// Who creates bare pods, if that is known.
        requester: Option<Identity>,
    },
}

/// One workload and what became of its pod.
#[derive(Debug)]
pub struct Replayed {
    /// The workload. Of its pod the typed part is as it was written; [`Workload::whole`] is in [`Replayed::seen`].
    pub workload: Workload,
    /// Who creates the pod, if that is known.
    pub creator: Option<Identity>,
    /// What each policy says, by name.
    pub candidates: Vec<Candidate>,
    /// The policy that admits the pod; `None` if it is refused.
    pub chosen: Option<Chosen>,
    /// What the requester is told, in upstream's words; empty if the pod is admitted.
    pub errors: Vec<String>,
    /// The pod as JSON as the plugin sees it: in the workload's namespace, and with the defaults of
    /// [`defaults::apply_to_json`]. `None` if the workload was read without it.
    pub seen: Option<Value>,
}

/// What one policy says of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Name of the policy.
    pub policy: String,
    /// Why it may be used; `None` if it may not.
    pub via: Option<String>,
    /// Whether it accepts the pod.
    pub valid: bool,
    /// Whether it writes anything, even if it does not accept the result.
    pub mutated: bool,
    /// What it does not accept. Of a policy that cannot be used on any pod, the reason.
    pub errors: Vec<String>,
}

/// The policy that admits a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// Name of the policy.
    pub policy: String,
    /// Whether it writes anything; [`psp::ANNOTATION`] does not count.
    pub mutated: bool,
    /// What it writes, without that annotation.
    pub changes: Vec<Change>,
}

impl Replayed {
    /// The pod as the plugin leaves it, with [`psp::ANNOTATION`]; `None` if it is refused, or was not kept.
    pub fn pod(&self) -> Option<Value> {
        let (chosen, mut pod) = (self.chosen.as_ref()?, self.seen.clone()?);
        psp::apply(&chosen.changes, &mut pod);
        psp::annotate(&chosen.policy, &mut pod);
        Some(pod)
    }
}

/// What the grant says where none is needed.
const ASSUMED: &str = "assumed";

fn replay_one(
    mut workload: Workload,
    policies: &[&PodSecurityPolicy],
    access: &Access<'_>,
    authorization: &Authorization,
) -> Replayed {
    let mut pod = workload.pod.clone();
    claims::apply(&workload, &mut pod);
    defaults::apply(&mut pod);
    let (creator, vias) = match authorization {
        Authorization::Assumed => (None, vec![Some(ASSUMED.to_owned()); policies.len()]),
        Authorization::Rbac { requester } => {
            let creator = creator(&workload, requester.as_ref());
            let vias = vias(&workload, creator.as_ref(), policies, access);
            (creator, vias)
        }
    };
    let candidates: Vec<psp::Candidate> = policies
        .iter()
        .zip(&vias)
        .map(|(policy, via)| psp::Candidate {
            policy,
            usable: via.is_some(),
        })
        .collect();
    let admission = psp::replay(&pod, &candidates);
    Replayed {
        errors: admission.told(&pod_name(&workload)),
        candidates: said(&admission, vias),
        chosen: admission.admitted.map(|admitted| Chosen {
            changes: psp::changes(&pod, &admitted.pod),
            policy: admitted.policy,
            mutated: admitted.mutated,
        }),
        seen: workload.whole.take().map(|whole| seen(whole, &workload)),
        creator,
        workload,
    }
}

/// Why each policy may be used.
///
/// Where the namespace is not known, only what holds in every namespace counts.
fn vias(
    workload: &Workload,
    creator: Option<&Identity>,
    policies: &[&PodSecurityPolicy],
    access: &Access<'_>,
) -> Vec<Option<String>> {
    let namespace = workload.namespace.as_deref().unwrap_or_default();
    let account = workload.pod.spec.account();
    let usable = access.pod_policies(namespace, Some(account), creator);
    let via = |policy: &&PodSecurityPolicy| {
        let at = usable.binary_search_by_key(&policy.name.as_str(), |(name, _)| name);
        Some(usable[at.ok()?].1.via.to_string())
    };
    policies.iter().map(via).collect()
}

/// What each policy says, in the order in which they are tried.
fn said(admission: &Admission, mut vias: Vec<Option<String>>) -> Vec<Candidate> {
    let trials = admission.trials.iter();
    trials
        .map(|trial| Candidate {
            policy: trial.name.clone(),
            via: vias[trial.candidate].take(),
            valid: trial.is_valid(),
            mutated: trial.mutated,
            errors: match &trial.provider_error {
                Some(reason) => vec![reason.clone()],
                None => trial.errors.iter().map(ToString::to_string).collect(),
            },
        })
        .collect()
}

/// Who creates the pods of a workload, as far as that is known.
///
/// A pod that a controller owns was made by it, whoever asks about it now.
fn creator(workload: &Workload, requester: Option<&Identity>) -> Option<Identity> {
    match workload.origin {
        Origin::Convention(_) => None,
        Origin::Pod | Origin::Fragment if workload.kind == "Pod" => {
            match workload.meta.controller() {
                Some(owner) => Identity::owner(owner),
                None => requester.cloned(),
            }
        }
        Origin::Pod | Origin::Fragment | Origin::Template => Identity::controller(&workload.kind),
    }
}

/// The name of a pod in the plugin's messages. Controllers let the server make one of theirs.
///
/// Upstream: `extractResourceName` in `k8s.io/apiserver/pkg/admission/errors.go` (v0.24).
fn pod_name(workload: &Workload) -> String {
    let meta = &workload.meta;
    let name = match workload.kind.as_str() {
        _ if meta.name.is_empty() => meta.generate_name.clone(),
        "Pod" => meta.name.clone(),
        _ => format!("{}-", meta.name),
    };
    match name.as_str() {
        "" => "Unknown".to_owned(),
        _ => name,
    }
}

/// The pod as the plugin sees it. A template says nothing of the namespace, and a bare pod need not.
fn seen(mut pod: Value, workload: &Workload) -> Value {
    claims::apply_to_json(workload, &mut pod);
    defaults::apply_to_json(&mut pod);
    let namespace = workload.namespace.as_deref();
    if let (Some(namespace), Some(members)) = (namespace, pod.as_object_mut()) {
        let metadata = members.entry("metadata").or_insert(Value::Null);
        if metadata.is_null() {
            *metadata = json!({});
        }
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }
    pod
}
