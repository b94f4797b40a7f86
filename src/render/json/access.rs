//! The document of `access`.

use serde_json::Value;

use crate::rbac;
use crate::render::json::v1;

/// What `access` is asked.
pub struct AccessQuestion<'a> {
    /// Only grants that hold in this namespace.
    pub namespace: Option<&'a str>,
    /// Only grants of this policy.
    pub policy: Option<&'a str>,
    /// Whether this identity may use the policy in the namespace.
    pub who: Option<rbac::Identity>,
    /// The namespace meant where none is given.
    pub default_namespace: &'a str,
}

/// The answer of `access`: the grants that were asked for, and with an identity whether one of them is its own.
pub fn access(access: &rbac::Access, question: &AccessQuestion) -> v1::AccessReport {
    let asked = |grant: &&rbac::Grant| {
        question.policy.is_none_or(|policy| policy == grant.policy)
            && question
                .namespace
                .is_none_or(|namespace| grant.chain.namespace().is_none_or(|of| of == namespace))
    };
    let answer = question.who.as_ref().map(|who| {
        let namespace = question.namespace.unwrap_or(question.default_namespace);
        access.allows(who, namespace, question.policy.unwrap_or_default())
    });
    let applies = |grant: &&rbac::Grant| {
        question
            .who
            .as_ref()
            .is_none_or(|who| grant.chain.subject.applies_to(who))
    };
    v1::AccessReport {
        grants: access
            .grants()
            .iter()
            .filter(asked)
            .filter(applies)
            .map(grant)
            .collect(),
        allowed: answer.as_ref().map(Option::is_some),
        via: answer.map(|via| via.map_or(Value::Null, |via| Value::String(via.to_string()))),
    }
}

/// One grant.
fn grant(grant: &rbac::Grant) -> v1::Grant {
    let chain = &grant.chain;
    let reference = |kind: &str, namespace: Option<&str>, name: &str| v1::Reference {
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
    };
    let (binding, role) = (chain.binding, chain.role);
    let rule = chain.rule.rule;
    v1::Grant {
        policy: grant.policy.to_owned(),
        subject: reference(
            chain.subject.kind.as_str(),
            chain.subject.namespace,
            chain.subject.name,
        ),
        namespace: chain.namespace().map(str::to_owned),
        binding: reference(binding.kind(), binding.namespace.as_deref(), &binding.name),
        role: reference(role.kind(), role.namespace.as_deref(), &role.name),
        rule: v1::Rule {
            index: chain.rule.index,
            api_groups: rule.api_groups.clone(),
            resources: rule.resources.clone(),
            verbs: rule.verbs.clone(),
            resource_names: rule.resource_names.clone(),
        },
        by_name: chain.by_name(),
    }
}
