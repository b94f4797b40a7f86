//! Roles as the authorizer finds them: by kind, namespace and name, with their rules in force.

use std::collections::{BTreeMap, BTreeSet};

use super::aggregate;
use super::rule::{self, Request, RuleAt};
use crate::diag::Diagnostic;
use crate::model::role::{Binding, Role};

/// Workloads whose controllers create pods from a template: API group and resource, `extensions` as served
/// up to 1.15.
const POD_MAKERS: [(&str, &str); 10] = [
    ("", "replicationcontrollers"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("extensions", "daemonsets"),
    ("extensions", "deployments"),
    ("extensions", "replicasets"),
];

/// How somebody gets a pod into a namespace. The first is preferred where both are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodCreation {
    /// By creating the pod: their own policies count.
    Directly,
    /// By creating a workload: the controller's policies count, and the pod's account's, not their own.
    ThroughWorkload,
}

/// A role that a binding can refer to. Variants of one role are united.
pub(super) struct Bound<'a> {
    /// The first variant.
    pub(super) role: &'a Role,
    /// The distinct rules in force, in the order of variants and text.
    pub(super) rules: Vec<RuleAt<'a>>,
    /// Those that let somebody `use` policies.
    pub(super) uses: Uses<'a>,
    /// Whether it lets somebody make pods.
    pub(super) pods: Option<PodCreation>,
}

/// The rules of one role about policies, as positions in [`Bound::rules`].
#[derive(Default)]
pub(super) struct Uses<'a> {
    pub(super) rules: Vec<usize>,
    /// The first rule for every policy.
    every: Option<usize>,
    /// The first rule for each policy that some rule names.
    named: BTreeMap<&'a str, usize>,
}

impl<'a> Uses<'a> {
    /// The policies that some rule names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.named.keys().copied()
    }

    /// The first rule that lets somebody use the policy.
    pub(super) fn first(&self, policy: &str) -> Option<usize> {
        let named = self.named.get(policy).copied();
        match (self.every, named) {
            (Some(every), Some(named)) => Some(every.min(named)),
            (every, named) => every.or(named),
        }
    }
}

/// All roles: of the input sorted by kind (cluster roles first), namespace and name, then the implied ones.
pub(super) struct Roles<'a> {
    pub(super) list: Vec<Bound<'a>>,
    by_name: BTreeMap<(Option<&'a str>, &'a str), usize>,
}

impl<'a> Roles<'a> {
    /// Unites variants and fills in aggregated rules.
    ///
    /// `implied` are roles that the input lacks and every cluster has. They collect from the input and from
    /// one another; the roles of the input collect from the input alone, so that what they grant does not
    /// depend on which implied role somebody binds.
    pub(super) fn new(
        input: impl Iterator<Item = &'a Role>,
        implied: &[&'a Role],
    ) -> (Self, Vec<Diagnostic>) {
        let mut roles: Vec<&Role> = input.collect();
        roles.sort_by_key(|role| {
            (
                &role.namespace,
                &role.name,
                &role.sources,
                &role.rules,
                &role.labels,
            )
        });
        let (rules, diagnostics) = aggregate::rules_in_force(&roles);
        let mut with_rules: Vec<(&Role, Vec<RuleAt<'_>>)> =
            roles.iter().copied().zip(rules).collect();
        if !implied.is_empty() {
            roles.extend(implied);
            let (rules, _) = aggregate::rules_in_force(&roles);
            let all = roles.into_iter().zip(rules);
            with_rules.extend(all.skip(with_rules.len()));
        }
        let list: Vec<Bound<'_>> = with_rules
            .chunk_by(|(one, _), (other, _)| key(one) == key(other))
            .map(|variants| {
                let rules = variants.iter().flat_map(|(_, rules)| rules).copied();
                bound(variants[0].0, rules.collect())
            })
            .collect();
        let numbered = list.iter().enumerate();
        let by_name = numbered.map(|(at, bound)| (key(bound.role), at)).collect();
        (Roles { list, by_name }, diagnostics)
    }

    /// The role that a binding refers to. A ClusterRoleBinding to a Role refers to nothing.
    pub(super) fn referred(&self, binding: &Binding) -> Option<usize> {
        let namespace = match binding.role_ref.kind.as_str() {
            "ClusterRole" => None,
            "Role" => Some(binding.namespace.as_deref()?),
            _ => return None,
        };
        let key = (namespace, binding.role_ref.name.as_str());
        self.by_name.get(&key).copied()
    }
}

/// What a binding refers to a role by.
fn key(role: &Role) -> (Option<&str>, &str) {
    (role.namespace.as_deref(), &role.name)
}

fn bound<'a>(role: &'a Role, mut rules: Vec<RuleAt<'a>>) -> Bound<'a> {
    let mut seen = BTreeSet::new();
    rules.retain(|rule| seen.insert(rule.rule));
    Bound {
        role,
        uses: uses(&rules),
        pods: pod_creation(&rules),
        rules,
    }
}

fn uses<'a>(rules: &[RuleAt<'a>]) -> Uses<'a> {
    let mut uses = Uses::default();
    for (at, RuleAt { rule, .. }) in rules.iter().enumerate() {
        if !rule::uses_policies(rule) {
            continue;
        }
        uses.rules.push(at);
        if rule.resource_names.is_empty() {
            uses.every.get_or_insert(at);
        }
        for name in &rule.resource_names {
            uses.named.entry(name).or_insert(at);
        }
    }
    uses
}

fn pod_creation(rules: &[RuleAt<'_>]) -> Option<PodCreation> {
    let permitted = |request: Request<'_>| rules.iter().any(|at| rule::permits(at.rule, &request));
    if permitted(Request::create("", "pods")) {
        return Some(PodCreation::Directly);
    }
    POD_MAKERS
        .iter()
        .any(|(group, resource)| permitted(Request::create(group, resource)))
        .then_some(PodCreation::ThroughWorkload)
}
