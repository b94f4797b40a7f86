//! Whom a bypass would reach besides the namespaces that it is bound in, and whether it may be planned.
//!
//! A rule without `resourceNames` allows the use of every policy, so of a bypass as soon as there is one, wherever the
//! binding of the rule holds. A bypass permits everything and is tried first: what such a rule reaches is as open as
//! what is bypassed, and no label of ours comes with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::rbac::{Access, Chain, Class, Identity, Request, Subject, SubjectClass, SubjectKind};

/// Who could use a bypass outside the namespaces that it is bound in.
#[derive(Debug, Default)]
pub(super) struct Reach<'a> {
    /// Grants that would open namespaces: whoever has them could do more than today.
    pub(super) opens: Grants<'a>,
    /// Grants to administrators, who could make and use such a policy today.
    pub(super) administrators: Grants<'a>,
}

/// By kind, namespace and name of the binding, and by subject.
type Grants<'a> = BTreeMap<(&'a str, Option<&'a str>, &'a str, Subject<'a>), Beyond<'a>>;

/// A grant of every policy that holds where nothing is bypassed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Beyond<'a> {
    /// Through what.
    pub(super) chain: Chain<'a>,
    /// The namespaces that it reaches and that are not bypassed; `None` for all.
    pub(super) namespaces: Option<BTreeSet<&'a str>>,
}

/// Who could use a bypass outside these namespaces.
///
/// The rule: a bypass may be planned only if nobody comes by more than they have. A grant of every policy takes nothing
/// away from that if
///
/// * it holds in bypassed namespaces only; or
/// * it is a kubelet's: it admits mirror pods, and static pods run without them, too; or
/// * it is one account's, user's or group's of people, and RBAC lets them create policies as well. Then they could make
///   such a policy today, and use it through the same grant. That is what cluster administrators are.
///
/// Every other grant opens something: pods come by it although nobody else than their author acted (an account without
/// other rights), or it is that of a group whose members nobody meant one by one (all accounts, those of a namespace,
/// everybody, the controllers that create the pods of all workloads), however much the group may do.
pub(super) fn reach<'a>(
    access: &Access<'a>,
    namespaces: impl Iterator<Item = &'a str>,
    bypassed: &BTreeSet<&str>,
) -> Reach<'a> {
    let mut reach = Reach::default();
    if bypassed.is_empty() {
        return reach;
    }
    for (class, chain) in access.everywhere() {
        reach.add(access, class, chain, None);
    }
    for namespace in namespaces.filter(|name| !bypassed.contains(name)) {
        for (class, chain) in access.within(namespace) {
            reach.add(access, class, chain, Some(namespace));
        }
    }
    reach
}

impl<'a> Reach<'a> {
    fn add(
        &mut self,
        access: &Access<'a>,
        class: Class,
        chain: Chain<'a>,
        namespace: Option<&'a str>,
    ) {
        if chain.by_name()
            || class == Class::Nodes
            || identity(&chain).is_some_and(|who| who.is_master())
        {
            return;
        }
        let list = match is_administrator(access, &chain) {
            true => &mut self.administrators,
            false => &mut self.opens,
        };
        let binding = chain.binding;
        let key = (
            binding.kind(),
            binding.namespace.as_deref(),
            binding.name.as_str(),
            chain.subject,
        );
        let beyond = list.entry(key).or_insert(Beyond {
            chain,
            namespaces: Some(BTreeSet::new()),
        });
        match (&mut beyond.namespaces, namespace) {
            (Some(namespaces), Some(namespace)) => {
                namespaces.insert(namespace);
            }
            (_, None) => beyond.namespaces = None,
            (None, Some(_)) => {}
        }
    }
}

/// Whether somebody in particular has the grant, who may create policies, too.
fn is_administrator(access: &Access, chain: &Chain) -> bool {
    let create = Request {
        verb: "create",
        group: "policy",
        resource: "podsecuritypolicies",
        name: "",
    };
    identity(chain).is_some_and(|who| access.authorizes(&who, "", &create).is_some())
}

/// The somebody in particular whom a grant names, as a requester; `None` for accounts and requesters by the group.
fn identity(chain: &Chain) -> Option<Identity> {
    let subject = chain.subject;
    match subject.class() {
        SubjectClass::Account { namespace, name } => Some(Identity::account(namespace, name)),
        SubjectClass::Person => Some(match subject.kind {
            SubjectKind::Group => Identity {
                user: String::new(),
                groups: vec![subject.name.to_owned()],
            },
            SubjectKind::User | SubjectKind::ServiceAccount => Identity {
                user: subject.name.to_owned(),
                groups: Vec::new(),
            },
        }),
        SubjectClass::AccountsOf(_)
        | SubjectClass::AllAccounts
        | SubjectClass::Authenticated
        | SubjectClass::WorkloadController
        | SubjectClass::Node => None,
    }
}
