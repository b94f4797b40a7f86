//! Policies that pods may have used and that cannot be replayed.
//!
//! What such a policy wrote is not known, so where it could have decided, nothing follows for a pod as it is stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Inventory;
use crate::model::gap::GapKind;
use crate::model::psp::PodSecurityPolicy;
use crate::psp::Admitted;
use crate::rbac::{Access, Identity};

/// Whether the input has every policy that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Listed {
    /// It is a dump of a cluster, or the user vouches for it: what it lacks does not exist.
    All,
    /// It is a set of files.
    Some,
}

/// Who asks for the use of a policy.
pub(super) struct Requester<'r> {
    pub(super) namespace: &'r str,
    pub(super) account: &'r str,
    pub(super) creator: Option<&'r Identity>,
}

/// The policies that cannot be replayed.
pub(in crate::plan) struct Unknown<'a> {
    access: &'a Access<'a>,
    /// By name, with the reason as the end of a clause.
    named: BTreeMap<&'a str, &'static str>,
    /// Policies that could not be read, as far as they are to be recognised.
    unread: Vec<&'a str>,
    /// Names that are granted and belong to no policy.
    dangling: BTreeSet<&'a str>,
    /// Whether the input shows no binding at all, so that nobody knows who uses what.
    without_bindings: bool,
}

impl<'a> Unknown<'a> {
    pub(super) fn new(
        inventory: &'a Inventory,
        access: &'a Access<'a>,
        invalid: &[&'a PodSecurityPolicy],
        listed: Listed,
    ) -> Self {
        let gaps = inventory.gaps.iter();
        let unread: Vec<&str> = gaps
            .filter(|gap| gap.kind == GapKind::Policy)
            .map(|gap| gap.what.as_str())
            .collect();
        let refused = invalid.iter().map(|policy| policy.name.as_str());
        let mut named: BTreeMap<&str, &'static str> = refused
            .map(|name| (name, "is one that the API server would refuse"))
            .collect();
        let mut dangling = BTreeSet::new();
        let missing = access.missing_policies();
        match (inventory.policies.is_empty(), unread.is_empty(), listed) {
            // Nothing speaks of policies any more but roles that were left behind.
            (true, true, _) => {}
            (_, true, Listed::All) => dangling.extend(missing),
            (_, false, _) | (false, true, Listed::Some) => {
                named.extend(missing.map(|name| (name, "is not in the input")));
            }
        }
        Unknown {
            access,
            named,
            unread,
            dangling,
            without_bindings: inventory.bindings.is_empty(),
        }
    }

    /// Whether no policy was unreadable.
    pub(super) fn is_read(&self) -> bool {
        self.unread.is_empty()
    }

    /// What there is to say of a policy that cannot be replayed, as a clause; `None` of others.
    pub(in crate::plan) fn of(&self, policy: &str) -> Option<String> {
        let why = self.named.get(policy)?;
        Some(format!("policy {policy} {why}"))
    }

    /// The policies that could have admitted a pod otherwise than those that are known, as clauses.
    ///
    /// The first by name that writes nothing wins, so where a known one writes nothing, no other one writes anything;
    /// and after one that writes, no other one that writes is asked.
    pub(super) fn deciding(
        &self,
        requester: &Requester,
        admitted: Option<&Admitted>,
    ) -> Vec<String> {
        let could = |name: &str| {
            admitted.is_none_or(|known| {
                known.policy == name || (known.mutated && name < known.policy.as_str())
            })
        };
        let named = self
            .named
            .keys()
            .filter(|name| could(name) && self.is_usable(requester, name));
        let mut clauses: Vec<String> = named.filter_map(|name| self.of(name)).collect();
        let could_be_any = admitted.is_none_or(|known| known.mutated);
        // No policy has an empty name, so this asks for the grants of all policies.
        if could_be_any
            && !self.unread.is_empty()
            && (self.without_bindings || self.is_usable(requester, ""))
        {
            let unread = self.unread.iter();
            clauses.extend(unread.map(|what| format!("{what} could not be read")));
        }
        clauses
    }

    /// The policies that a pod may use and that the input does not have, although it has all there are; as sentences.
    pub(super) fn missing(&self, requester: &Requester) -> Vec<String> {
        let dangling = self.dangling.iter();
        dangling
            .filter(|name| self.is_usable(requester, name))
            .map(|name| {
                format!(
                    "no policy admits pods of account {}: policy {name}, which it may use, is not in the input",
                    requester.account
                )
            })
            .collect()
    }

    fn is_usable(&self, requester: &Requester, policy: &str) -> bool {
        let Requester {
            namespace,
            account,
            creator,
        } = requester;
        let via = self
            .access
            .pod_allows(namespace, Some(account), *creator, policy);
        via.is_some()
    }
}
