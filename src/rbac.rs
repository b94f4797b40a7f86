//! Who may `use` which policy where, and through which binding, role and rule.
//!
//! The stage reads roles and bindings and answers as the RBAC authorizer of 1.24 would, aggregation included.
//! [`Access::allows`] is the question the admission plugin asks, [`Access::pod_allows`] how it asks on behalf
//! of a pod, [`Access::grants`] the list of all answers that are yes, and [`Access::reaching`] what concerns
//! one namespace and how. Questions about other verbs and resources are [`Access::authorizes`] and
//! [`Access::who_can`].
//!
//! Other authorizers are not modelled: ABAC and webhooks may allow more, and the node authorizer never allows
//! a policy. Where upstream's order is that of a cache, ours is by binding, subject and rule, so the order of
//! the input never matters.
//!
//! Upstream: `plugin/pkg/auth/authorizer/rbac/rbac.go`, `pkg/registry/rbac/validation/rule.go` and
//! `plugin/pkg/admission/security/podsecuritypolicy/admission.go` (v1.24).
//!
//! # Example
//!
//! ```
//! use psp2psa::input::InputFile;
//! use psp2psa::rbac::Identity;
//!
//! let rbac = r#"
//! apiVersion: rbac.authorization.k8s.io/v1
//! kind: Role
//! metadata: {name: r, namespace: shop}
//! rules: [{apiGroups: [policy], resources: [podsecuritypolicies], verbs: [use], resourceNames: [tight]}]
//! ---
//! apiVersion: rbac.authorization.k8s.io/v1
//! kind: RoleBinding
//! metadata: {name: b, namespace: shop}
//! roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
//! subjects: [{kind: ServiceAccount, name: api}]
//! "#;
//! let read = psp2psa::read(&InputFile::new("rbac.yaml", rbac.into()));
//! let (inventory, _) = psp2psa::assemble(read, &psp2psa::default_attribution());
//! let (access, _) = psp2psa::resolve(&inventory);
//! let api = Identity::account("shop", "api");
//! assert!(access.allows(&api, "shop", "tight").is_some());
//! assert!(access.allows(&api, "shop", "loose").is_none());
//! ```

mod aggregate;
mod bootstrap;
mod chain;
mod diags;
mod edges;
mod reach;
mod roles;
mod rule;
mod subject;

use std::collections::BTreeSet;

use crate::diag::{self, Diagnostic};
use crate::model::role::{Binding, Role};

pub use bootstrap::is_bootstrap;
pub use chain::{Chain, Grant, PodVia, Requester, Via};
pub use diags::CODES;
pub use reach::Class;
pub use roles::PodCreation;
pub use rule::{POLICY_GROUPS, Request, RuleAt, Without, permits, without_policies};
pub use subject::{Identity, Subject, SubjectClass, SubjectKind};

use edges::{Edge, Index};
use reach::Reach;
use roles::Roles;

/// What the roles and bindings of the input allow, ready to be asked.
///
/// It borrows the objects it was made from. Its size is that of the input: grants are spelled out only when
/// they are asked for.
pub struct Access<'a> {
    /// The policies of the input, sorted.
    policies: Vec<&'a str>,
    roles: Roles<'a>,
    /// Sorted by binding (cluster-wide ones first), role and subject; the order of first matches.
    edges: Vec<Edge<'a>>,
    /// Edges by scope and subject.
    by_subject: Index<'a>,
    /// The same for edges whose role uses policies.
    users: Index<'a>,
    reach: Reach<'a>,
}

impl<'a> Access<'a> {
    /// Resolves roles and bindings. `policies` are the names of those in the input, which rules without
    /// `resourceNames` grant.
    ///
    /// Several objects of one kind, namespace and name are variants whose rules and subjects are united.
    pub fn new(
        roles: &'a [Role],
        bindings: &'a [Binding],
        policies: &[&'a str],
    ) -> (Self, Vec<Diagnostic>) {
        let policies: BTreeSet<&str> = policies.iter().copied().collect();
        let named = roles
            .iter()
            .flat_map(|role| diags::dangling_policies(role, &policies));
        let mut diagnostics: Vec<Diagnostic> = named.collect();

        let implied = bootstrap::missing(roles, bindings);
        let (roles, said) = Roles::new(roles.iter(), &implied);
        diagnostics.extend(said);
        let (edges, said) = edges::resolve(bindings, &roles);
        diagnostics.extend(said);
        diag::sort(&mut diagnostics);

        let uses = |edge: &Edge<'_>| !roles.list[edge.role].uses.rules.is_empty();
        let access = Access {
            policies: policies.into_iter().collect(),
            by_subject: Index::new(&edges, |_| true),
            users: Index::new(&edges, uses),
            reach: Reach::new(&edges, &roles),
            roles,
            edges,
        };
        (access, diagnostics)
    }

    /// Whether somebody may `use` a policy in a namespace, under either API group, and why.
    ///
    /// The policy need not be in the input. The namespace is the pod's.
    pub fn allows(&self, who: &Identity, namespace: &str, policy: &str) -> Option<Via<'a>> {
        if who.is_master() {
            return Some(Via::Masters);
        }
        self.first_use(&self.users.applying(who, namespace), policy)
    }

    /// Whether a pod in the namespace may use the policy: through the service account it runs as, or through
    /// whoever creates it.
    ///
    /// An account that is unset (`None` or empty) does not count; neither does an unknown creator.
    pub fn pod_allows(
        &self,
        namespace: &str,
        account: Option<&str>,
        creator: Option<&Identity>,
        policy: &str,
    ) -> Option<PodVia<'a>> {
        PodAccess::new(self, namespace, account, creator).allows(policy)
    }

    /// The policies of the input that such a pod may use, by name. See [`Access::pod_allows`].
    pub fn pod_policies(
        &self,
        namespace: &str,
        account: Option<&str>,
        creator: Option<&Identity>,
    ) -> Vec<(&'a str, PodVia<'a>)> {
        let pod = PodAccess::new(self, namespace, account, creator);
        let policies = self.policies.iter();
        policies
            .filter_map(|policy| Some((*policy, pod.allows(policy)?)))
            .collect()
    }

    /// The policies that rules name and the input lacks.
    pub fn missing_policies(&self) -> impl Iterator<Item = &'a str> {
        let roles = self.roles.list.iter();
        let named: BTreeSet<&'a str> = roles.flat_map(|role| role.uses.names()).collect();
        let is_missing = |name: &&'a str| self.policies.binary_search(name).is_err();
        named.into_iter().filter(is_missing)
    }

    /// Every grant, sorted by policy, then by binding, role, subject and rule.
    pub fn grants(&self) -> Vec<Grant<'a>> {
        let chains = (0..self.edges.len()).flat_map(|edge| self.uses(edge));
        let mut grants: Vec<Grant<'a>> = chains
            .flat_map(|chain| {
                let policies = self.policies_of(&chain).into_iter();
                policies.map(move |policy| Grant { policy, chain })
            })
            .collect();
        grants.sort_by_key(|grant| grant.policy);
        grants
    }

    /// The policies that the rule of a chain is about, sorted: those it names, whether the input has them or
    /// not, else all of the input.
    pub fn policies_of(&self, chain: &Chain<'a>) -> Vec<&'a str> {
        let named = &chain.rule.rule.resource_names;
        if named.is_empty() {
            return self.policies.clone();
        }
        let names: BTreeSet<&str> = named.iter().map(String::as_str).collect();
        names.into_iter().collect()
    }

    /// The chains through which pods of the namespace may come by policies, and how each concerns it.
    ///
    /// Chains to accounts of other namespaces are left out where RBAC does not let these create pods here:
    /// nothing comes of them. Those particular to the namespace come first.
    pub fn reaching(&self, namespace: &str) -> impl Iterator<Item = (Class, Chain<'a>)> {
        let elsewhere = self.everywhere_edges().filter(|(_, edge)| {
            let subject = self.edges[*edge].subject.class();
            reach::home(subject) != Some(namespace)
        });
        let edges: Vec<(Class, usize)> = self
            .reach
            .within(namespace, &self.edges)
            .into_iter()
            .chain(elsewhere)
            .collect();
        self.classed(edges)
    }

    /// The part of [`Access::reaching`] that is particular to the namespace: bindings there, cluster-wide ones
    /// to its own accounts, and cluster-wide ones to accounts that may create pods here but not everywhere.
    pub fn within(&self, namespace: &str) -> impl Iterator<Item = (Class, Chain<'a>)> {
        self.classed(self.reach.within(namespace, &self.edges))
    }

    /// The part of [`Access::reaching`] that every namespace has in common.
    ///
    /// A chain to an account that may create pods everywhere counts as `Operators` here; in the account's own
    /// namespace it is `Own`, and [`Access::within`] says so.
    pub fn everywhere(&self) -> impl Iterator<Item = (Class, Chain<'a>)> {
        self.classed(self.everywhere_edges().collect())
    }

    /// Whether somebody may do something in a namespace (empty for what is outside any), and why.
    pub fn authorizes(
        &self,
        who: &Identity,
        namespace: &str,
        request: &Request<'_>,
    ) -> Option<Via<'a>> {
        if who.is_master() {
            return Some(Via::Masters);
        }
        let edges = self.by_subject.applying(who, namespace).into_iter();
        edges
            .flat_map(|edge| self.chains(edge))
            .find(|chain| permits(chain.rule.rule, request))
            .map(Via::Chain)
    }

    /// Whether and how somebody may make pods in a namespace.
    pub fn can_create_pods(&self, who: &Identity, namespace: &str) -> Option<PodCreation> {
        if who.is_master() {
            return Some(PodCreation::Directly);
        }
        let edges = self.by_subject.applying(who, namespace).into_iter();
        edges
            .filter_map(|edge| self.roles.list[self.edges[edge].role].pods)
            .min()
    }

    /// All chains that permit the verb on the resource, cluster-wide or in the binding's namespace, perhaps
    /// only under the `resourceNames` of the rule.
    ///
    /// A binding in namespace N counts for the Namespace object N itself, except for creating it.
    pub fn who_can(&self, verb: &str, group: &str, resource: &str) -> Vec<Chain<'a>> {
        let roles = self.roles.list.iter();
        let permitted: Vec<Vec<usize>> = roles
            .map(|role| {
                let rules = role.rules.iter().enumerate();
                rules
                    .filter(|(_, at)| rule::reaches(at.rule, verb, group, resource))
                    .map(|(index, _)| index)
                    .collect()
            })
            .collect();
        let edges = self.edges.iter();
        edges
            .flat_map(|edge| {
                let rules = permitted[edge.role].iter();
                rules.map(|rule| self.chain(edge, *rule))
            })
            .collect()
    }

    /// The first of these edges through which the policy may be used.
    fn first_use(&self, edges: &[usize], policy: &str) -> Option<Via<'a>> {
        edges.iter().find_map(|edge| {
            let edge = &self.edges[*edge];
            let rule = self.roles.list[edge.role].uses.first(policy)?;
            Some(Via::Chain(self.chain(edge, rule)))
        })
    }

    fn everywhere_edges(&self) -> impl Iterator<Item = (Class, usize)> {
        self.reach.everywhere().iter().copied()
    }

    fn classed(&self, edges: Vec<(Class, usize)>) -> impl Iterator<Item = (Class, Chain<'a>)> {
        edges
            .into_iter()
            .flat_map(|(class, edge)| self.uses(edge).map(move |chain| (class, chain)))
    }

    /// The chains of an edge that let somebody use policies.
    fn uses(&self, edge: usize) -> impl Iterator<Item = Chain<'a>> {
        let edge = &self.edges[edge];
        let rules = self.roles.list[edge.role].uses.rules.iter();
        rules.map(move |rule| self.chain(edge, *rule))
    }

    fn chains(&self, edge: usize) -> impl Iterator<Item = Chain<'a>> {
        let edge = &self.edges[edge];
        let rules = 0..self.roles.list[edge.role].rules.len();
        rules.map(move |rule| self.chain(edge, rule))
    }

    fn chain(&self, edge: &Edge<'a>, rule: usize) -> Chain<'a> {
        let role = &self.roles.list[edge.role];
        Chain {
            subject: edge.subject,
            binding: edge.binding,
            role: role.role,
            rule: role.rules[rule],
        }
    }
}

/// Both identities of a pod, looked up once.
struct PodAccess<'p, 'a> {
    access: &'p Access<'a>,
    account: Vec<usize>,
    creator: Vec<usize>,
    creator_is_master: bool,
}

impl<'p, 'a> PodAccess<'p, 'a> {
    fn new(
        access: &'p Access<'a>,
        namespace: &str,
        account: Option<&str>,
        creator: Option<&Identity>,
    ) -> Self {
        let account = account
            .filter(|name| !name.is_empty())
            .map(|name| Identity::account(namespace, name));
        let edges = |who: Option<&Identity>| {
            who.map(|who| access.users.applying(who, namespace))
                .unwrap_or_default()
        };
        PodAccess {
            access,
            account: edges(account.as_ref()),
            creator: edges(creator),
            creator_is_master: creator.is_some_and(Identity::is_master),
        }
    }

    /// The account is asked first, as upstream does.
    fn allows(&self, policy: &str) -> Option<PodVia<'a>> {
        let account = self.access.first_use(&self.account, policy);
        let creator = || match self.creator_is_master {
            true => Some(Via::Masters),
            false => self.access.first_use(&self.creator, policy),
        };
        let by = |requester| move |via| PodVia { requester, via };
        account
            .map(by(Requester::Account))
            .or_else(|| creator().map(by(Requester::Creator)))
    }
}
