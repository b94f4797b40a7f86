//! Which policies pods of a namespace could use, and who was granted them.

use std::collections::BTreeSet;

use crate::pss::Level;
use crate::rbac::{Class, SubjectClass};

use super::Context;
use super::workloads::WorkloadPlan;

/// The policies that pods of a namespace could use, by who was granted them.
#[derive(Debug, Default)]
pub struct Granted {
    /// The loosest level among the policies granted to the namespace's own accounts and to everybody. `None` if there
    /// is none, or if one of them cannot be judged, so that it could have been a looser one.
    pub level: Option<Level>,
    /// Bindings, accounts and groups of this namespace: evidence of intent.
    pub own: Vec<Usable>,
    /// Everybody who is authenticated, all accounts, the controllers.
    pub everyone: Vec<Usable>,
    /// Accounts of other namespaces that may create pods here.
    pub operators: Vec<Usable>,
    /// Users and groups of users.
    pub people: Vec<Usable>,
    /// Kubelets, through mirror pods.
    pub nodes: Vec<Usable>,
    /// Grants by wildcard, such as cluster-admin's.
    pub wildcard: Vec<Usable>,
    /// Policies that were granted to the namespace itself or to everybody and cannot be judged, as clauses: `policy
    /// old is not in the input`. What they allowed is unknown.
    pub unknown: BTreeSet<String>,
}

impl Granted {
    /// Names of all policies that are usable here by other than a wildcard, sorted.
    pub fn policies(&self) -> BTreeSet<&str> {
        [
            &self.own,
            &self.everyone,
            &self.operators,
            &self.people,
            &self.nodes,
        ]
        .into_iter()
        .flatten()
        .map(|usable| usable.policy.as_str())
        .collect()
    }
}

/// One policy usable through one chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usable {
    /// The policy's name.
    pub policy: String,
    /// The closest level of the policy; `None` if it has none or is not in the input.
    pub level: Option<Level>,
    /// Who may use it, for example `ServiceAccount shop/api`.
    pub subject: String,
    /// The binding, for example `RoleBinding shop/psp`.
    pub binding: String,
    /// The role, for example `ClusterRole psp-restricted`.
    pub role: String,
    /// Whether a workload of the namespace runs as the subject. True for subjects that are no accounts.
    pub used: bool,
}

/// Who could use which policy here.
pub(super) fn granted(context: &Context, name: &str, workloads: &[WorkloadPlan]) -> Granted {
    let accounts: BTreeSet<&str> = workloads
        .iter()
        .map(|workload| workload.service_account.as_str())
        .collect();
    let mut granted = Granted::default();
    for (class, chain) in context.access.reaching(name) {
        let runs_here = match chain.subject.class() {
            SubjectClass::Account {
                namespace,
                name: account,
            } if namespace == name => accounts.contains(account),
            _ => true,
        };
        let list = match (chain.is_wildcard(), class) {
            (true, _) => &mut granted.wildcard,
            (false, Class::Own) => &mut granted.own,
            (false, Class::Everyone) => &mut granted.everyone,
            (false, Class::Operators) => &mut granted.operators,
            (false, Class::People) => &mut granted.people,
            (false, Class::Nodes) => &mut granted.nodes,
        };
        list.extend(
            context
                .access
                .policies_of(&chain)
                .into_iter()
                .map(|policy| Usable {
                    policy: policy.to_owned(),
                    level: match context.judge.unknown().of(policy) {
                        Some(_) => None,
                        None => context.levels.get(policy).copied().flatten(),
                    },
                    subject: chain.subject.to_string(),
                    binding: title(
                        chain.binding.kind(),
                        chain.binding.namespace.as_deref(),
                        &chain.binding.name,
                    ),
                    role: title(
                        chain.role.kind(),
                        chain.role.namespace.as_deref(),
                        &chain.role.name,
                    ),
                    used: runs_here,
                }),
        );
    }
    for list in [
        &mut granted.own,
        &mut granted.everyone,
        &mut granted.operators,
        &mut granted.people,
        &mut granted.nodes,
        &mut granted.wildcard,
    ] {
        list.sort();
        list.dedup();
    }
    granted.unknown = granted
        .own
        .iter()
        .chain(&granted.everyone)
        .filter_map(|usable| context.judge.unknown().of(&usable.policy))
        .collect();
    granted.level = granted
        .own
        .iter()
        .chain(&granted.everyone)
        .filter_map(|usable| usable.level)
        .min()
        .filter(|level| granted.unknown.is_empty() || *level == Level::Privileged);
    granted
}

/// How reports refer to an object.
pub(crate) fn title(kind: &str, namespace: Option<&str>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}
