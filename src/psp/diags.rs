//! What the PodSecurityPolicy engine says of the policies of the input.

use crate::diag::{Code, Diagnostic, Severity};
use crate::model::psp::PodSecurityPolicy;
use crate::psp::admit::broken;
use crate::psp::validation::validate_policy;

/// Every code of this stage, sorted by name.
pub static CODES: &[&Code] = &[&BROKEN_POLICY, &INVALID_POLICY];

static BROKEN_POLICY: Code = Code {
    name: "psp/broken-policy",
    severity: Severity::Warning,
    docs: "\
A policy that the API server accepts, but that the admission plugin cannot use.

A rule such as `MustRunAs` without the ranges or options that it needs makes the plugin skip the whole policy without a
word: it admits no pod. It has no level. Complete the rule, or delete the policy.",
};

static INVALID_POLICY: Code = Code {
    name: "psp/invalid-policy",
    severity: Severity::Error,
    docs: "\
A policy that the API server refuses.

No cluster can hold this policy, so what it was meant to allow, nobody knows: it is left out of every replay, and
namespaces that depend on it get no enforce label. Correct the fields that the message names.",
};

/// The policies that a cluster would refuse, or hold without ever using them.
pub fn diagnose(policies: &[PodSecurityPolicy]) -> Vec<Diagnostic> {
    policies.iter().filter_map(diagnose_one).collect()
}

fn diagnose_one(policy: &PodSecurityPolicy) -> Option<Diagnostic> {
    let source = policy.sources.first()?;
    let errors: Vec<String> = validate_policy(policy)
        .iter()
        .map(ToString::to_string)
        .collect();
    if !errors.is_empty() {
        return Some(Diagnostic::at(
            &INVALID_POLICY,
            source,
            format!(
                "the API server would refuse policy `{}`: {}",
                policy.name,
                errors.join("; ")
            ),
            "correct the policy, or give the tool the built manifests if this is a kustomize patch; it is left out until then",
        ));
    }
    broken(policy).map(|reason| {
        Diagnostic::at(
            &BROKEN_POLICY,
            source,
            format!(
                "the admission plugin cannot use policy `{}`: {reason}",
                policy.name
            ),
            "complete the rule; the policy admits no pod until then",
        )
    })
}
