//! The rules in force of every role, with those of aggregated roles collected.
//!
//! The authorizer reads `rules` only; a controller fills them in for a role with an `aggregationRule`. A role
//! that comes from a cluster has been filled in, so it is taken as it stands. For a manifest the result is the
//! least fixpoint: what is written in an aggregated role is overwritten, and rules that would only keep each
//! other alive on a cycle (which upstream may or may not drop, depending on who comes first) are dropped.
//!
//! Upstream: `pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go` (v1.24).

use std::collections::{BTreeMap, BTreeSet};

use super::diags;
use super::rule::{self, RuleAt};
use crate::diag::Diagnostic;
use crate::model::role::{LabelSelector, PolicyRule, Role};
use crate::model::selector;

/// The rules in force, role by role in the order given, and what there is to say about lost ones.
///
/// A rule keeps the place where it is written. The cost is what the cluster would store: the selected roles of every
/// role, and each rule once for every role that comes to hold it.
pub(super) fn rules_in_force<'a>(roles: &[&'a Role]) -> (Vec<Vec<RuleAt<'a>>>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let collected: Vec<bool> = roles
        .iter()
        .map(|role| is_collected(role, &mut diagnostics))
        .collect();
    let written = Written::new(roles);
    let edges = Edges::new(roles, &collected);

    // Every entry is a rule that has just reached a selection; it is passed on the first time only.
    let mut held: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); roles.len()];
    let mut passed: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); edges.members.len()];
    let mut arriving: Vec<(usize, usize)> = Vec::new();
    for (role, selections) in edges.selections.iter().enumerate() {
        if !collected[role] {
            let rules = written.of(role);
            arriving.extend(rules.flat_map(|rule| selections.iter().map(move |to| (*to, rule))));
        }
    }
    while let Some((selection, rule)) = arriving.pop() {
        if !passed[selection].insert(rule) {
            continue;
        }
        for role in &edges.members[selection] {
            if held[*role].insert(rule) {
                arriving.extend(edges.selections[*role].iter().map(|to| (*to, rule)));
            }
        }
    }

    let rules = roles.iter().enumerate().map(|(at, role)| {
        if !collected[at] {
            return written.of(at).map(|rule| written.rules[rule]).collect();
        }
        let rules: Vec<RuleAt<'a>> = held[at].iter().map(|rule| written.rules[*rule]).collect();
        let kept: BTreeSet<&PolicyRule> = rules.iter().map(|rule| rule.rule).collect();
        let lost = role.rules.iter().filter(|rule| !kept.contains(rule));
        diagnostics.extend(diags::rules_lost(role, lost.count()));
        rules
    });
    (rules.collect(), diagnostics)
}

/// Whether the role's rules are to be collected here. Upstream fails over an invalid selector and leaves the
/// role as it is.
fn is_collected(role: &Role, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let Some(aggregation) = role.aggregation.as_ref().filter(|_| !role.from_cluster) else {
        return false;
    };
    let mut selectors = aggregation.cluster_role_selectors.iter();
    let problem = selectors.find_map(selector::problem);
    let valid = problem.is_none();
    diagnostics.extend(problem.map(|problem| diags::invalid_selector(role, &problem)));
    valid && role.namespace.is_none()
}

/// Every rule of the input under a number.
struct Written<'a> {
    rules: Vec<RuleAt<'a>>,
    /// Where the rules of each role begin, and at last where they end.
    starts: Vec<usize>,
}

impl<'a> Written<'a> {
    fn new(roles: &[&'a Role]) -> Self {
        let mut written = Written {
            rules: Vec::new(),
            starts: vec![0],
        };
        for role in roles {
            written.rules.extend(rule::written(role));
            written.starts.push(written.rules.len());
        }
        written
    }

    fn of(&self, role: usize) -> std::ops::Range<usize> {
        self.starts[role]..self.starts[role + 1]
    }
}

/// Which roles collect from which. Roles that select the same ones share a selection, because in a cluster where all
/// select all there are as many edges as pairs, and every rule would go along each of them.
struct Edges {
    /// For every role, the selections that it is in.
    selections: Vec<Vec<usize>>,
    /// For every selection, the collected roles that made it.
    members: Vec<Vec<usize>>,
}

impl Edges {
    fn new(roles: &[&Role], collected: &[bool]) -> Self {
        let labelled = Labelled::new(roles);
        let mut makers: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (at, role) in roles.iter().enumerate() {
            let Some(aggregation) = role.aggregation.as_ref().filter(|_| collected[at]) else {
                continue;
            };
            let mut sources: Vec<usize> = aggregation
                .cluster_role_selectors
                .iter()
                .flat_map(|selector| labelled.select(selector, roles))
                // What a role holds it may select, too: that adds nothing, and lets it share its selection.
                .filter(|source| *source == at || roles[*source].name != role.name)
                .collect();
            sources.sort_unstable();
            sources.dedup();
            makers.entry(sources).or_default().push(at);
        }
        let mut edges = Edges {
            selections: vec![Vec::new(); roles.len()],
            members: Vec::with_capacity(makers.len()),
        };
        for (selection, (sources, members)) in makers.into_iter().enumerate() {
            for source in sources {
                edges.selections[source].push(selection);
            }
            edges.members.push(members);
        }
        edges
    }
}

/// Cluster roles by label, so that the usual selector does not look at all of them.
struct Labelled<'a> {
    all: Vec<usize>,
    by_label: BTreeMap<(&'a str, &'a str), Vec<usize>>,
}

impl<'a> Labelled<'a> {
    fn new(roles: &[&'a Role]) -> Self {
        let mut labelled = Labelled {
            all: Vec::new(),
            by_label: BTreeMap::new(),
        };
        for (at, role) in roles.iter().enumerate() {
            if role.namespace.is_some() {
                continue;
            }
            labelled.all.push(at);
            for (key, value) in &role.labels {
                let label = (key.as_str(), value.as_str());
                labelled.by_label.entry(label).or_default().push(at);
            }
        }
        labelled
    }

    /// The roles that the selector picks.
    fn select(&self, wanted: &LabelSelector, roles: &[&Role]) -> Vec<usize> {
        let candidates = match wanted.match_labels.iter().next() {
            Some((key, value)) => self.by_label.get(&(key.as_str(), value.as_str())),
            None => Some(&self.all),
        };
        let picked = |at: &&usize| selector::matches(wanted, &roles[**at].labels);
        let candidates = candidates.into_iter().flatten();
        candidates.filter(picked).copied().collect()
    }
}
