//! Why something is allowed: the way from a subject to a rule.

use std::fmt;

use super::rule::{self, RuleAt};
use super::subject::Subject;
use crate::model::role::{Binding, Role};

/// How one subject of a binding comes by one rule.
///
/// Displayed as the sentence fragment that upstream gives as reason, with namespaces before names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chain<'a> {
    /// To whom.
    pub subject: Subject<'a>,
    /// The binding.
    pub binding: &'a Binding,
    /// The role it refers to. `sources` is empty if the role is one that every cluster has.
    pub role: &'a Role,
    /// The rule, which stands in another role if this one is aggregated.
    pub rule: RuleAt<'a>,
}

/// A subject may `use` a policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grant<'a> {
    /// The policy, which the input need not have if the rule names it.
    pub policy: &'a str,
    /// Through what.
    pub chain: Chain<'a>,
}

/// Why a request is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Via<'a> {
    /// By membership of `system:masters`, whatever the roles say.
    Masters,
    /// By a binding.
    Chain(Chain<'a>),
}

/// In whose name a pod may use a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requester {
    /// The service account that the pod runs as.
    Account,
    /// Who creates the pod.
    Creator,
}

/// Why a pod may use a policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PodVia<'a> {
    /// Who was allowed.
    pub requester: Requester,
    /// Why.
    pub via: Via<'a>,
}

impl<'a> Chain<'a> {
    /// Where it holds; `None` is everywhere.
    pub fn namespace(&self) -> Option<&'a str> {
        self.binding.namespace.as_deref()
    }

    /// Whether the rule names what it grants, rather than granting all there is.
    pub fn by_name(&self) -> bool {
        !self.rule.rule.resource_names.is_empty()
    }

    /// Whether the rule grants by a wildcard, as cluster administrators' rules do.
    pub fn is_wildcard(&self) -> bool {
        rule::is_wildcard(self.rule.rule)
    }
}

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (binding, role) = (self.binding, self.role);
        write!(f, "{} \"", binding.kind())?;
        if let Some(namespace) = &binding.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}\" of {} \"{}\"", binding.name, role.kind(), role.name)?;
        write!(f, " to {}", self.subject)
    }
}

impl fmt::Display for Via<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Via::Masters => f.write_str("membership of Group \"system:masters\""),
            Via::Chain(chain) => chain.fmt(f),
        }
    }
}
