//! Findings about the cluster as a whole.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::plan::PolicyPlan;
use crate::plan::findings::{Draft, Findings, Place};
use crate::plan::granted::title;
use crate::rbac::{Access, Class};

/// Findings about the cluster.
pub(in crate::plan) fn cluster(
    access: &Access,
    policies: &[PolicyPlan],
    said: &[Diagnostic],
    unread_grants: bool,
    findings: &mut Findings,
) {
    open_to_everybody(access, policies, findings);
    // A grant may well be among what the input lacks.
    if !unread_grants {
        granted_to_nobody(access, policies, said, findings);
    }
    dangling(said, findings);
}

fn open_to_everybody(access: &Access, policies: &[PolicyPlan], findings: &mut Findings) {
    let known: BTreeSet<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
    let wide = access
        .everywhere()
        .filter(|(class, chain)| *class == Class::Everyone && !chain.is_wildcard());
    for (_, chain) in wide {
        let binding = chain.binding;
        for policy in access
            .policies_of(&chain)
            .into_iter()
            .filter(|policy| known.contains(policy))
        {
            findings.add(
                Draft {
                    code: "open-to-everybody",
                    title: format!("policy {policy} is open to {}", chain.subject),
                    evidence: vec![chain.to_string()],
                    consequence: "the grant says nothing of what any single namespace needs; levels follow from the workloads"
                        .to_owned(),
                    remedy: "nothing for the migration; delete the grant with the policy once the plugin is off"
                        .to_owned(),
                },
                Place {
                    namespace: None,
                    object: title(binding.kind(), binding.namespace.as_deref(), &binding.name),
                    source: binding.sources.first().cloned(),
                },
            );
        }
    }
}

fn granted_to_nobody(
    access: &Access,
    policies: &[PolicyPlan],
    said: &[Diagnostic],
    findings: &mut Findings,
) {
    let dangling: Vec<String> = said
        .iter()
        .filter(|diagnostic| diagnostic.code.name == "rbac/dangling-role-ref")
        .map(|diagnostic| {
            format!(
                "it could be granted by what is missing: {}",
                diagnostic.message
            )
        })
        .collect();
    let granted: BTreeSet<&str> = access
        .grants()
        .iter()
        .filter(|grant| !grant.chain.is_wildcard())
        .map(|grant| grant.policy)
        .collect();
    for policy in policies
        .iter()
        .filter(|policy| !granted.contains(policy.name.as_str()))
    {
        findings.add(
            Draft {
                code: "granted-to-nobody",
                title: format!("no binding of the input lets anybody use policy {}", policy.name),
                evidence: dangling.clone(),
                consequence: "if the input has every binding, the policy has no effect, and nothing has to replace it".to_owned(),
                remedy: "delete it with the others, once the plugin is off".to_owned(),
            },
            Place {
                namespace: None,
                object: format!("PodSecurityPolicy {}", policy.name),
                source: policy.source.clone(),
            },
        );
    }
}

/// References to what does not exist, as the RBAC stage found them.
fn dangling(said: &[Diagnostic], findings: &mut Findings) {
    for diagnostic in said {
        let (code, consequence, remedy) = match diagnostic.code.name {
            "rbac/dangling-role-ref" => (
                "dangling-role",
                "the binding grants nothing; if the role was only left out, the plan misses its grants",
                "add the role to the input, or delete the binding",
            ),
            "rbac/dangling-policy" => (
                "dangling-policy",
                "the rule grants nothing for that name; if the policy was only left out, the plan misses it",
                "add the policy to the input, or take its name out of the rule",
            ),
            _ => continue,
        };
        findings.add(
            Draft {
                code,
                title: diagnostic.message.clone(),
                evidence: Vec::new(),
                consequence: consequence.to_owned(),
                remedy: remedy.to_owned(),
            },
            Place {
                namespace: None,
                object: String::new(),
                source: diagnostic.source.clone(),
            },
        );
    }
}
