//! Policies, roles and bindings that the input defines in several ways. Only one way of each is in the cluster, so what
//! they allow together is no answer: each combination is tried by itself.

use std::collections::BTreeMap;

use crate::diag::Source;
use crate::model::Inventory;
use crate::model::psp::{
    APPARMOR_ALLOWED, APPARMOR_DEFAULT, PodSecurityPolicy, SECCOMP_ALLOWED, SECCOMP_DEFAULT,
};
use crate::model::role::{Binding, Role};
use crate::psp::Candidate;
use crate::rbac::{POLICY_GROUPS, PodVia, Request, Via, permits};

/// More ways than this are not tried.
const MOST: usize = 64;

/// A kind, namespace and name.
type Key<'a> = (&'static str, Option<&'a str>, &'a str);

/// What the input defines in several ways that differ in what they allow.
pub(super) struct Variants<'a> {
    policies: BTreeMap<&'a str, Vec<&'a PodSecurityPolicy>>,
    roles: BTreeMap<Key<'a>, Vec<&'a Role>>,
    bindings: BTreeMap<Key<'a>, Vec<Bound<'a>>>,
}

/// A binding with the roles that it may mean; none if they are not in the input.
struct Bound<'a> {
    binding: &'a Binding,
    roles: Vec<&'a Role>,
}

impl Bound<'_> {
    /// Whether the role may let somebody use the policy. Rules that are collected from other roles are not looked at.
    fn may_grant(&self, policy: &str) -> bool {
        let mut roles = self.roles.iter();
        self.roles.is_empty()
            || roles.any(|role| role.aggregation.is_some() || grants(role, policy))
    }
}

/// The ways in which the candidates of one pod may really be.
pub(super) struct Ways<'a> {
    /// The candidates in each way.
    pub(super) candidates: Vec<Vec<Candidate<'a>>>,
    /// What is defined in several ways, as phrases with places.
    pub(super) what: Vec<String>,
}

impl<'a> Variants<'a> {
    /// `policies` are those that the API server would accept.
    pub(super) fn new(inventory: &'a Inventory, policies: &[&'a PodSecurityPolicy]) -> Self {
        let roles = inventory.roles.iter().map(|role| (of_role(role), role));
        let bindings = inventory.bindings.iter();
        let bindings = several(
            bindings.map(|binding| (of_binding(binding), binding)),
            |one, other| one.subjects == other.subjects && one.role_ref == other.role_ref,
            |binding| format!("{:?} {:?}", binding.role_ref, binding.subjects),
        );
        let mut named: BTreeMap<Key<'a>, Vec<&'a Role>> = BTreeMap::new();
        if !bindings.is_empty() {
            for (key, role) in roles.clone() {
                named.entry(key).or_default().push(role);
            }
        }
        let bound = |binding: &'a Binding| Bound {
            binding,
            roles: named_by(binding)
                .and_then(|key| named.get(&key))
                .cloned()
                .unwrap_or_default(),
        };
        let bindings = bindings.into_iter();
        Variants {
            policies: several(
                policies
                    .iter()
                    .map(|policy| (policy.name.as_str(), *policy)),
                |one, other| one.spec == other.spec && rules(one).eq(rules(other)),
                |policy| format!("{:?} {:?}", policy.spec, rules(policy).collect::<Vec<_>>()),
            ),
            roles: several(
                roles,
                |one, other| one.rules == other.rules && one.aggregation == other.aggregation,
                |role| format!("{:?} {:?}", role.rules, role.aggregation),
            ),
            bindings: bindings
                .map(|(key, variants)| (key, variants.into_iter().map(bound).collect()))
                .collect(),
        }
    }

    /// The ways in which the candidates of a pod may really be. `usable` tells why the pod may use each.
    pub(super) fn ways(
        &self,
        candidates: Vec<Candidate<'a>>,
        usable: &BTreeMap<&str, PodVia<'a>>,
    ) -> Ways<'a> {
        let mut ways = Ways {
            candidates: vec![candidates],
            what: Vec::new(),
        };
        if self.policies.is_empty() && self.roles.is_empty() && self.bindings.is_empty() {
            return ways;
        }
        let mut roles: BTreeMap<Key<'a>, Vec<&str>> = BTreeMap::new();
        let mut bindings: BTreeMap<Key<'a>, Vec<&str>> = BTreeMap::new();
        for (name, via) in usable {
            if let Some(variants) = self.policies.get(name) {
                let places = variants.iter().map(|variant| &variant.sources);
                let what = defined("PodSecurityPolicy", name, places);
                ways.split(what, variants, |variant, policy| {
                    policy.name != *name || std::ptr::eq(policy, *variant)
                });
            }
            if let Via::Chain(chain) = via.via {
                let (role, binding) = (of_role(chain.role), of_binding(chain.binding));
                if self.roles.contains_key(&role) {
                    roles.entry(role).or_default().push(name);
                }
                if self.bindings.contains_key(&binding) {
                    bindings.entry(binding).or_default().push(name);
                }
            }
        }
        for (key, through) in roles {
            let variants = &self.roles[&key];
            let places = variants.iter().map(|variant| &variant.sources);
            ways.split(defined(key.0, key.2, places), variants, |role, policy| {
                !through.contains(&policy.name.as_str()) || grants(role, &policy.name)
            });
        }
        for (key, through) in bindings {
            let variants = &self.bindings[&key];
            let places = variants.iter().map(|variant| &variant.binding.sources);
            let what = defined(key.0, key.2, places);
            // Which of them names whom is not looked at: the one that is meant may, or may not.
            let meant: Vec<Option<&Bound>> = variants.iter().map(Some).chain([None]).collect();
            ways.split(what, &meant, |bound, policy| {
                let name = policy.name.as_str();
                !through.contains(&name) || bound.is_some_and(|bound| bound.may_grant(name))
            });
        }
        ways
    }
}

impl<'a> Ways<'a> {
    /// Whether there are more than are tried.
    pub(super) fn are_too_many(&self) -> bool {
        self.candidates.len() > MOST
    }

    /// What there is to say then, as clauses.
    pub(super) fn too_many(&self) -> Vec<String> {
        let what = self.what.iter();
        what.map(|what| format!("{what} is defined in several ways, and too many with others"))
            .collect()
    }

    /// Splits each way into one for each variant, with the candidates that it leaves.
    fn split<V>(
        &mut self,
        what: String,
        variants: &[V],
        leaves: impl Fn(&V, &PodSecurityPolicy) -> bool,
    ) {
        if self.are_too_many() {
            return;
        }
        let mut split: Vec<Vec<Candidate<'a>>> = Vec::new();
        for way in &self.candidates {
            for variant in variants {
                let left = way.iter().filter(|one| leaves(variant, one.policy));
                let left: Vec<Candidate<'a>> = left.copied().collect();
                if !split.iter().any(|other| are_same(other, &left)) {
                    split.push(left);
                }
                if split.len() > MOST {
                    break;
                }
            }
        }
        if split.len() > self.candidates.len() {
            self.what.push(what);
        }
        self.candidates = split;
    }
}

fn are_same(one: &[Candidate], other: &[Candidate]) -> bool {
    let same = |(one, other): (&Candidate, &Candidate)| std::ptr::eq(one.policy, other.policy);
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// What is defined in several ways, with places.
fn defined<'s>(kind: &str, name: &str, places: impl Iterator<Item = &'s Vec<Source>>) -> String {
    let places: Vec<String> = places
        .filter_map(|sources| sources.first())
        .map(ToString::to_string)
        .collect();
    format!("{kind} {name} (at {})", places.join(" and "))
}

/// The objects of which there are several that differ, in the order of what they say: which file says what must not
/// matter.
fn several<K: Ord, T: Copy>(
    objects: impl Iterator<Item = (K, T)>,
    same: impl Fn(T, T) -> bool,
    says: impl Fn(T) -> String,
) -> BTreeMap<K, Vec<T>> {
    let mut by_key: BTreeMap<K, Vec<T>> = BTreeMap::new();
    for (key, object) in objects {
        by_key.entry(key).or_default().push(object);
    }
    by_key.retain(|_, variants| variants.windows(2).any(|pair| !same(pair[0], pair[1])));
    for variants in by_key.values_mut() {
        variants.sort_by_cached_key(|variant| says(*variant));
    }
    by_key
}

const RULES: [&str; 4] = [
    APPARMOR_ALLOWED,
    APPARMOR_DEFAULT,
    SECCOMP_ALLOWED,
    SECCOMP_DEFAULT,
];

/// The annotations that are rules.
fn rules(policy: &PodSecurityPolicy) -> impl Iterator<Item = (&String, &String)> {
    let annotations = policy.annotations.iter();
    annotations.filter(|(key, _)| RULES.contains(&key.as_str()))
}

fn of_role(role: &Role) -> Key<'_> {
    (role.kind(), role.namespace.as_deref(), &role.name)
}

fn of_binding(binding: &Binding) -> Key<'_> {
    (binding.kind(), binding.namespace.as_deref(), &binding.name)
}

/// The role that a binding names, if it is of a kind that there is.
fn named_by(binding: &Binding) -> Option<Key<'_>> {
    let name = binding.role_ref.name.as_str();
    match binding.role_ref.kind.as_str() {
        "ClusterRole" => Some(("ClusterRole", None, name)),
        "Role" => Some(("Role", binding.namespace.as_deref(), name)),
        _ => None,
    }
}

/// Whether the role's own rules let somebody use the policy.
fn grants(role: &Role, policy: &str) -> bool {
    let requests = POLICY_GROUPS.map(|group| Request::use_policy(group, policy));
    let mut rules = role.rules.iter();
    rules.any(|rule| requests.iter().any(|request| permits(rule, request)))
}
