//! What holds for any roles and bindings.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use psp2psa::model::role::{
    AggregationRule, Binding, LabelRequirement, LabelSelector, PolicyRule, Role, RoleRef, Subject,
};
use psp2psa::rbac::{
    Access, Class, Identity, POLICY_GROUPS, PodCreation, Request, SubjectClass, permits,
};

use super::objects::{account, group, labels, person, source, strings, subject, user};

const NAMESPACES: [&str; 3] = ["kube-system", "m", "n"];
const POLICIES: [&str; 3] = ["a", "b", "c"];

fn some(items: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(items, 0..=2).prop_map(|items| strings(&items))
}

fn any_rule() -> impl Strategy<Value = PolicyRule> {
    (
        some(&["use", "use", "*", "get", "create"]),
        some(&["policy", "extensions", "*", "", "apps"]),
        some(&[
            "podsecuritypolicies",
            "podsecuritypolicies",
            "*",
            "pods",
            "deployments",
        ]),
        some(&["a", "b", "gone", "*"]),
    )
        .prop_map(
            |(verbs, api_groups, resources, resource_names)| PolicyRule {
                verbs,
                api_groups,
                resources,
                resource_names,
                ..PolicyRule::default()
            },
        )
}

fn any_selector() -> impl Strategy<Value = LabelSelector> {
    let requirement = select(vec![
        ("In", &["1"][..]),
        ("NotIn", &["1"]),
        ("Exists", &[]),
        ("DoesNotExist", &[]),
        ("Other", &[]),
    ]);
    let expression = requirement.prop_map(|(operator, values)| LabelSelector {
        match_expressions: vec![LabelRequirement {
            key: "to".to_owned(),
            operator: operator.to_owned(),
            values: strings(values),
        }],
        ..LabelSelector::default()
    });
    let equal = select(vec!["1", "2"]).prop_map(|value| LabelSelector {
        match_labels: labels(&[("to", value)]),
        ..LabelSelector::default()
    });
    prop_oneof![4 => equal, 2 => expression, 1 => Just(LabelSelector::default())]
}

fn any_role() -> impl Strategy<Value = Role> {
    let aggregation =
        prop::collection::vec(any_selector(), 0..=2).prop_map(|selectors| AggregationRule {
            cluster_role_selectors: selectors,
        });
    (
        prop::option::weighted(0.3, select(NAMESPACES.to_vec())),
        select(vec!["r0", "r1", "r2", "r3"]),
        select(vec![None, Some("1"), Some("2")]),
        prop::bool::weighted(0.2),
        prop::collection::vec(any_rule(), 0..=3),
        prop::option::weighted(0.3, aggregation),
    )
        .prop_map(
            |(namespace, name, label, from_cluster, rules, aggregation)| Role {
                namespace: namespace.map(str::to_owned),
                name: name.to_owned(),
                sources: Vec::new(),
                labels: label
                    .map(|value| labels(&[("to", value)]))
                    .unwrap_or_default(),
                from_cluster,
                rules,
                aggregation: aggregation.filter(|_| namespace.is_none()),
                manifest: None,
            },
        )
}

fn any_subject() -> impl Strategy<Value = Subject> {
    select(vec![
        user("alice"),
        user("system:serviceaccount:n:x"),
        user("system:node:1"),
        user("system:kube-controller-manager"),
        group("devs"),
        group("system:authenticated"),
        group("system:serviceaccounts"),
        group("system:serviceaccounts:kube-system"),
        group("system:serviceaccounts:m"),
        group("system:nodes"),
        account("n", "x"),
        account("m", "x"),
        account("m", "y"),
        account("", "x"),
        account("kube-system", "job-controller"),
        subject("Robot", "", "alice"),
    ])
}

fn any_binding() -> impl Strategy<Value = Binding> {
    (
        prop::option::of(select(NAMESPACES.to_vec())),
        select(vec!["b0", "b1", "b2"]),
        prop_oneof![6 => Just("ClusterRole"), 3 => Just("Role"), 1 => Just("Rolle")],
        prop_oneof![8 => select(vec!["r0", "r1", "r2", "r3"]), 1 => Just("cluster-admin")],
        prop::collection::vec(any_subject(), 0..=3),
    )
        .prop_map(|(namespace, name, kind, role, subjects)| Binding {
            from_cluster: false,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            sources: Vec::new(),
            subjects,
            role_ref: RoleRef {
                kind: kind.to_owned(),
                name: role.to_owned(),
            },
        })
}

/// Roles and bindings, each with a place of its own.
fn any_input() -> impl Strategy<Value = (Vec<Role>, Vec<Binding>)> {
    let roles = prop::collection::vec(any_role(), 0..=6);
    let bindings = prop::collection::vec(any_binding(), 0..=6);
    (roles, bindings).prop_map(|(mut roles, mut bindings)| {
        for (at, role) in roles.iter_mut().enumerate() {
            role.sources = vec![source(&format!("role-{at}.yaml"))];
        }
        for (at, binding) in bindings.iter_mut().enumerate() {
            binding.sources = vec![source(&format!("binding-{at}.yaml"))];
        }
        (roles, bindings)
    })
}

/// Everybody whom some subject may mean, and somebody whom none does.
fn everybody() -> Vec<Identity> {
    let authenticated = |mut who: Identity| {
        who.groups.push("system:authenticated".to_owned());
        who
    };
    let mut everybody = vec![
        person("alice", &["devs", "system:authenticated"]),
        person("bob", &[]),
        person("system:node:1", &["system:nodes", "system:authenticated"]),
        person("system:kube-controller-manager", &["system:authenticated"]),
        Identity::controller("Job").expect("a workload"),
    ];
    for (namespace, name) in [("n", "x"), ("m", "x"), ("m", "y"), ("kube-system", "x")] {
        everybody.push(Identity::account(namespace, name));
        everybody.push(authenticated(Identity::account(namespace, name)));
    }
    everybody
}

/// The authorizer once more, in the plainest way: every binding, every subject, every rule.
mod plain {
    use super::*;

    pub(super) fn allows(
        input: &(Vec<Role>, Vec<Binding>),
        who: &Identity,
        namespace: &str,
        request: &Request<'_>,
    ) -> bool {
        let (roles, bindings) = input;
        let rules = rules_in_force(roles);
        bindings.iter().any(|binding| {
            let here = binding
                .namespace
                .as_deref()
                .is_none_or(|of| of == namespace);
            let applies = binding
                .subjects
                .iter()
                .any(|s| is(who, s, &binding.namespace));
            let permits = || {
                let mut referred = roles
                    .iter()
                    .zip(&rules)
                    .filter(|(role, _)| refers(binding, role));
                referred.any(|(_, rules)| rules.iter().any(|rule| permits(rule, request)))
            };
            let admin =
                binding.role_ref.kind == "ClusterRole" && binding.role_ref.name == "cluster-admin";
            here && applies && (admin || permits())
        })
    }

    fn refers(binding: &Binding, role: &Role) -> bool {
        let namespace = match binding.role_ref.kind.as_str() {
            "ClusterRole" => &None,
            "Role" if binding.namespace.is_some() => &binding.namespace,
            _ => return false,
        };
        role.namespace == *namespace && role.name == binding.role_ref.name
    }

    fn is(who: &Identity, subject: &Subject, namespace: &Option<String>) -> bool {
        match subject.kind.as_str() {
            "User" => who.user == subject.name,
            "Group" => who.groups.contains(&subject.name),
            "ServiceAccount" => {
                let of = match subject.namespace.as_str() {
                    "" => namespace.as_deref().unwrap_or_default(),
                    own => own,
                };
                let user = format!("system:serviceaccount:{of}:{}", subject.name);
                !of.is_empty() && who.user == user
            }
            _ => false,
        }
    }

    /// Passes over all roles until nothing changes.
    fn rules_in_force(roles: &[Role]) -> Vec<Vec<PolicyRule>> {
        let collected: Vec<Option<&AggregationRule>> = roles
            .iter()
            .map(|role| role.aggregation.as_ref().filter(|_| !role.from_cluster))
            .map(|aggregation| aggregation.filter(|aggregation| valid(aggregation)))
            .collect();
        let mut rules: Vec<Vec<PolicyRule>> = roles
            .iter()
            .zip(&collected)
            .map(|(role, collected)| match collected {
                Some(_) => Vec::new(),
                None => role.rules.clone(),
            })
            .collect();
        loop {
            let before = rules.clone();
            for (at, aggregation) in collected.iter().enumerate() {
                let Some(aggregation) = aggregation else {
                    continue;
                };
                for (from, role) in roles.iter().enumerate() {
                    let picked = aggregation
                        .cluster_role_selectors
                        .iter()
                        .any(|s| picks(s, role));
                    if picked && role.namespace.is_none() && role.name != roles[at].name {
                        for rule in rules[from].clone() {
                            if !rules[at].contains(&rule) {
                                rules[at].push(rule);
                            }
                        }
                    }
                }
            }
            if rules == before {
                return rules;
            }
        }
    }

    fn valid(aggregation: &AggregationRule) -> bool {
        let mut selectors = aggregation.cluster_role_selectors.iter();
        selectors.all(|s| s.match_expressions.iter().all(|e| e.operator != "Other"))
    }

    fn picks(selector: &LabelSelector, role: &Role) -> bool {
        let equal = selector.match_labels.iter();
        let value = role.labels.get("to").map(String::as_str);
        equal
            .clone()
            .all(|(key, value)| role.labels.get(key) == Some(value))
            && selector
                .match_expressions
                .iter()
                .all(|e| match e.operator.as_str() {
                    "In" => value == Some("1"),
                    "NotIn" => value != Some("1"),
                    "Exists" => value.is_some(),
                    _ => value.is_none(),
                })
    }
}

/// Everything that can be asked, as text.
fn everything_said(roles: &[Role], bindings: &[Binding]) -> Vec<String> {
    let (access, diagnostics) = Access::new(roles, bindings, &POLICIES);
    let mut said: Vec<String> = diagnostics.iter().map(|d| format!("{d:?}")).collect();
    said.extend(access.grants().iter().map(|grant| format!("{grant:?}")));
    for namespace in NAMESPACES {
        said.extend(access.reaching(namespace).map(|reach| format!("{reach:?}")));
        for who in everybody() {
            let policies = POLICIES.iter();
            said.extend(policies.map(|p| format!("{:?}", access.allows(&who, namespace, p))));
            said.push(format!("{:?}", access.can_create_pods(&who, namespace)));
        }
    }
    let who = access.who_can("create", "", "pods").into_iter();
    said.extend(who.map(|chain| format!("{chain:?}")));
    said
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_answer_is_that_of_a_plain_reading(input in any_input()) {
        let (access, _) = Access::new(&input.0, &input.1, &POLICIES);
        for who in everybody() {
            for namespace in NAMESPACES {
                for policy in ["a", "b", "c", "gone", "*"] {
                    let expected = POLICY_GROUPS
                        .map(|group| Request::use_policy(group, policy))
                        .iter()
                        .any(|request| plain::allows(&input, &who, namespace, request));
                    let found = access.allows(&who, namespace, policy).is_some();
                    prop_assert_eq!(found, expected, "{} {} {}", who.user, namespace, policy);
                }
                let pods = Request::create("", "pods");
                let expected = plain::allows(&input, &who, namespace, &pods);
                let authorized = access.authorizes(&who, namespace, &pods).is_some();
                let creates = access.can_create_pods(&who, namespace);
                prop_assert_eq!(authorized, expected);
                prop_assert_eq!(creates == Some(PodCreation::Directly), expected);
                let listed = access.who_can("create", "", "pods").into_iter().any(|chain| {
                    chain.namespace().is_none_or(|of| of == namespace)
                        && chain.subject.applies_to(&who)
                });
                prop_assert_eq!(listed, expected);
            }
        }
    }

    #[test]
    fn a_policy_is_allowed_where_and_only_where_a_grant_explains_it(input in any_input()) {
        let (access, _) = Access::new(&input.0, &input.1, &POLICIES);
        let grants = access.grants();
        for who in everybody() {
            for namespace in NAMESPACES {
                let granted: BTreeSet<&str> = grants
                    .iter()
                    .filter(|grant| grant.chain.namespace().is_none_or(|of| of == namespace))
                    .filter(|grant| grant.chain.subject.applies_to(&who))
                    .map(|grant| grant.policy)
                    .collect();
                for policy in ["a", "b", "c", "gone", "*"] {
                    let allowed = access.allows(&who, namespace, policy).is_some();
                    let in_input = POLICIES.contains(&policy);
                    // A rule for every policy also allows one that the input lacks.
                    prop_assert!(!granted.contains(policy) || allowed);
                    prop_assert!(granted.contains(policy) || !allowed || !in_input);
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_input_changes_nothing(
        (input, shuffled) in any_input().prop_flat_map(|(roles, bindings)| {
            let shuffled = (Just(roles.clone()).prop_shuffle(), Just(bindings.clone()).prop_shuffle());
            (Just((roles, bindings)), shuffled)
        })
    ) {
        prop_assert_eq!(
            everything_said(&input.0, &input.1),
            everything_said(&shuffled.0, &shuffled.1)
        );
    }

    #[test]
    fn whatever_a_pod_may_use_reaches_its_namespace(input in any_input()) {
        let (access, _) = Access::new(&input.0, &input.1, &POLICIES);
        for namespace in NAMESPACES {
            let reaching = |classes: &[Class], who: &Identity, policy: &str| {
                access.reaching(namespace).any(|(class, chain)| {
                    classes.contains(&class)
                        && chain.subject.applies_to(who)
                        && access.policies_of(&chain).contains(&policy)
                })
            };
            for policy in POLICIES {
                let uses = |who: &Identity| access.allows(who, namespace, policy).is_some();
                let own = Identity::account(namespace, "x");
                let controller = Identity::controller("Job").expect("a workload");
                let alice = person("alice", &["devs"]);
                let node = person("system:node:1", &["system:nodes"]);
                let everyone = [Class::Own, Class::Everyone];
                prop_assert_eq!(uses(&own), reaching(&everyone, &own, policy));
                prop_assert_eq!(uses(&controller), reaching(&everyone, &controller, policy));
                prop_assert_eq!(uses(&alice), reaching(&[Class::People], &alice, policy));
                prop_assert_eq!(uses(&node), reaching(&[Class::Nodes], &node, policy));
                for of in ["n", "m"].into_iter().filter(|of| *of != namespace) {
                    let mut operator = Identity::account(of, "x");
                    operator.groups.push("system:authenticated".to_owned());
                    let may = access.can_create_pods(&operator, namespace);
                    let creates = may == Some(PodCreation::Directly);
                    let classes = [Class::Own, Class::Everyone, Class::Operators];
                    prop_assert!(!creates || uses(&operator) == reaching(&classes, &operator, policy));
                }
            }
        }
    }

    #[test]
    fn operators_may_create_pods_and_what_reaches_a_namespace_is_said_once(input in any_input()) {
        let (access, _) = Access::new(&input.0, &input.1, &POLICIES);
        for namespace in NAMESPACES {
            let mut seen = BTreeSet::new();
            for (class, chain) in access.reaching(namespace) {
                let repeated = !seen.insert(format!("{chain:?}"));
                prop_assert!(!repeated, "{}", chain);
                prop_assert!(chain.namespace().is_none_or(|of| of == namespace));
                if class != Class::Operators {
                    continue;
                }
                let accounts = match chain.subject.class() {
                    SubjectClass::Account { namespace, name } => vec![(namespace, name)],
                    SubjectClass::AccountsOf(of) => vec![(of, "x"), (of, "y")],
                    other => panic!("{other:?} is no operator"),
                };
                let creates = accounts.iter().any(|(of, name)| {
                    let mut who = Identity::account(of, name);
                    who.groups.push("system:authenticated".to_owned());
                    access.can_create_pods(&who, namespace) == Some(PodCreation::Directly)
                });
                prop_assert!(creates, "{}", chain);
            }
            let parts: BTreeSet<String> = access
                .within(namespace)
                .chain(access.everywhere())
                .map(|(_, chain)| format!("{chain:?}"))
                .collect();
            prop_assert_eq!(seen, parts);
        }
    }
}
