//! Whose pods in a namespace a grant reaches, and what that says about the namespace.

use std::collections::{BTreeMap, BTreeSet};

use super::edges::Edge;
use super::roles::{PodCreation, Roles};
use super::subject::{KUBE_SYSTEM, SubjectClass};

/// How a grant concerns a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// To the namespace's own service accounts, one or all, or by a binding of the namespace to everybody: the only
    /// evidence of intent.
    Own,
    /// To everybody: all service accounts, all authenticated requesters, or the controllers that create the
    /// pods of workloads. It reaches pods whatever their account.
    Everyone,
    /// To a service account of another namespace that may create pods in this one.
    Operators,
    /// To a user or a group: bare pods only.
    People,
    /// To kubelets: mirror pods only.
    Nodes,
}

/// The grants of policies by the namespaces they concern; members are edges whose role uses policies.
///
/// What holds everywhere is kept once, so the size is that of the bindings.
pub(super) struct Reach<'a> {
    /// Cluster-wide, as seen from a namespace that is not the subject's own.
    wide: Vec<(Class, usize)>,
    /// Bindings in the namespace, and cluster-wide ones to its own accounts.
    local: BTreeMap<&'a str, Vec<(Class, usize)>>,
    /// Cluster-wide ones to accounts that may not create pods everywhere, by the namespace of the account.
    visiting: BTreeMap<&'a str, Vec<usize>>,
    /// Who may create pods, cluster-wide (`None`) and by bindings in a namespace.
    creators: BTreeMap<Option<&'a str>, Creators<'a>>,
}

/// Service accounts that may create pods themselves.
#[derive(Default)]
struct Creators<'a> {
    /// All of the cluster.
    all: bool,
    /// All of these namespaces.
    namespaces: BTreeSet<&'a str>,
    /// By namespace, these.
    accounts: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Reach<'a> {
    pub(super) fn new(edges: &[Edge<'a>], roles: &Roles<'a>) -> Self {
        let mut reach = Reach {
            wide: Vec::new(),
            local: BTreeMap::new(),
            visiting: BTreeMap::new(),
            creators: creators(edges, roles),
        };
        for (at, edge) in edges.iter().enumerate() {
            if !roles.list[edge.role].uses.rules.is_empty() {
                reach.add(at, edge);
            }
        }
        reach
    }

    fn add(&mut self, at: usize, edge: &Edge<'a>) {
        let subject = edge.subject.class();
        if let Some(namespace) = edge.binding.namespace.as_deref() {
            let class = class_in(subject, namespace);
            if class != Class::Operators || self.may_create(subject, namespace) {
                self.local.entry(namespace).or_default().push((class, at));
            }
            return;
        }
        match home(subject) {
            Some(home) => {
                self.local.entry(home).or_default().push((Class::Own, at));
                match self.creators.get(&None) {
                    Some(wide) if wide.include(subject) => self.wide.push((Class::Operators, at)),
                    _ => self.visiting.entry(home).or_default().push(at),
                }
            }
            None => self.wide.push((class_anywhere(subject), at)),
        }
    }

    fn may_create(&self, subject: SubjectClass<'_>, namespace: &str) -> bool {
        [None, Some(namespace)]
            .iter()
            .filter_map(|scope| self.creators.get(scope))
            .any(|creators| creators.include(subject))
    }

    /// The grants that concern every namespace alike. One to an account counts as `Operators` here, although
    /// it is `Own` in the account's namespace.
    pub(super) fn everywhere(&self) -> &[(Class, usize)] {
        &self.wide
    }

    /// The grants that concern this namespace more than others, in the order of class and edge.
    pub(super) fn within(&self, namespace: &str, edges: &[Edge<'a>]) -> Vec<(Class, usize)> {
        let mut within = self.local.get(namespace).cloned().unwrap_or_default();
        if let Some(creators) = self.creators.get(&Some(namespace)) {
            let homes = creators.homes(&self.visiting).into_iter();
            let visitors = homes
                .filter(|home| *home != namespace)
                .filter_map(|home| self.visiting.get(home))
                .flatten()
                .filter(|at| creators.include(edges[**at].subject.class()));
            within.extend(visitors.map(|at| (Class::Operators, *at)));
        }
        within.sort_unstable();
        within
    }
}

impl<'a> Creators<'a> {
    fn add(&mut self, subject: SubjectClass<'a>) {
        match subject {
            SubjectClass::Account { namespace, name } => {
                self.accounts.entry(namespace).or_default().insert(name);
            }
            SubjectClass::AccountsOf(namespace) => {
                self.namespaces.insert(namespace);
            }
            SubjectClass::AllAccounts | SubjectClass::Authenticated => self.all = true,
            SubjectClass::WorkloadController | SubjectClass::Node | SubjectClass::Person => {}
        }
    }

    /// Whether the account, or at least one of the accounts, is among these.
    fn include(&self, subject: SubjectClass<'_>) -> bool {
        match subject {
            SubjectClass::Account { namespace, name } => {
                let named = self.accounts.get(namespace);
                self.all
                    || self.namespaces.contains(namespace)
                    || named.is_some_and(|names| names.contains(name))
            }
            SubjectClass::AccountsOf(namespace) => {
                self.all
                    || self.namespaces.contains(namespace)
                    || self.accounts.contains_key(namespace)
            }
            SubjectClass::AllAccounts
            | SubjectClass::Authenticated
            | SubjectClass::WorkloadController
            | SubjectClass::Node
            | SubjectClass::Person => false,
        }
    }

    /// The namespaces that accounts among these can be of, out of those asked for.
    fn homes(&self, asked: &BTreeMap<&'a str, Vec<usize>>) -> BTreeSet<&'a str> {
        match self.all {
            true => asked.keys().copied().collect(),
            false => {
                let accounts = self.accounts.keys().copied();
                accounts.chain(self.namespaces.iter().copied()).collect()
            }
        }
    }
}

fn creators<'a>(edges: &[Edge<'a>], roles: &Roles<'a>) -> BTreeMap<Option<&'a str>, Creators<'a>> {
    let mut creators: BTreeMap<Option<&str>, Creators<'_>> = BTreeMap::new();
    for edge in edges {
        if roles.list[edge.role].pods == Some(PodCreation::Directly) {
            let scope = edge.binding.namespace.as_deref();
            creators.entry(scope).or_default().add(edge.subject.class());
        }
    }
    creators
}

/// The namespace whose own accounts the subject is. All accounts of kube-system include the controllers, so
/// cluster-wide they are everybody's.
pub(super) fn home<'a>(subject: SubjectClass<'a>) -> Option<&'a str> {
    match subject {
        SubjectClass::Account { namespace, .. } => Some(namespace),
        SubjectClass::AccountsOf(namespace) => (namespace != KUBE_SYSTEM).then_some(namespace),
        SubjectClass::AllAccounts
        | SubjectClass::Authenticated
        | SubjectClass::WorkloadController
        | SubjectClass::Node
        | SubjectClass::Person => None,
    }
}

/// The class of a binding in the namespace. Whoever binds everybody here means the pods of this namespace.
fn class_in(subject: SubjectClass<'_>, namespace: &str) -> Class {
    match subject {
        SubjectClass::Account { namespace: of, .. } | SubjectClass::AccountsOf(of)
            if of == namespace =>
        {
            Class::Own
        }
        _ => match class_anywhere(subject) {
            Class::Everyone => Class::Own,
            class => class,
        },
    }
}

/// The class in a namespace that is not the subject's own.
fn class_anywhere(subject: SubjectClass<'_>) -> Class {
    match subject {
        SubjectClass::AccountsOf(KUBE_SYSTEM)
        | SubjectClass::AllAccounts
        | SubjectClass::Authenticated
        | SubjectClass::WorkloadController => Class::Everyone,
        SubjectClass::Account { .. } | SubjectClass::AccountsOf(_) => Class::Operators,
        SubjectClass::Node => Class::Nodes,
        SubjectClass::Person => Class::People,
    }
}
