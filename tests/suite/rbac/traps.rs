//! What a reimplementer gets wrong, one trap a test.

use psp2psa::model::role::{LabelRequirement, PolicyRule, Role};
use psp2psa::rbac::{Access, Identity, Request, Requester, Via};

use super::objects::{
    account, aggregated, cluster_role, everything, everywhere, group, labels, person, role, rule,
    selectors, strings, subject, to_role, usable, user, uses, within,
};

/// What a rule, bound to alice in every namespace, lets her use.
fn by_rule(rule: PolicyRule) -> String {
    let roles = [cluster_role("r", &[rule])];
    let bindings = [everywhere("b", "r", &[user("alice")])];
    usable(&roles, &bindings, &person("alice", &[]), "n")
}

#[test]
fn a_rule_without_names_grants_every_policy_and_one_with_names_only_those() {
    assert_eq!(by_rule(uses(&[])), "abc");
    assert_eq!(by_rule(uses(&["c", "a", "gone"])), "ac");
}

#[test]
fn a_star_among_resource_names_is_a_name() {
    assert_eq!(by_rule(uses(&["*"])), "");
}

#[test]
fn both_api_groups_count_and_no_other() {
    let of = |group| by_rule(rule("use", group, "podsecuritypolicies", &["a"]));
    assert_eq!(of("policy"), "a");
    assert_eq!(of("extensions"), "a");
    assert_eq!(of("*"), "a");
    for other in ["", "policy/v1beta1", "Policy", "apps", "policy*"] {
        assert_eq!(of(other), "", "{other}");
    }
}

#[test]
fn a_star_stands_for_any_verb_or_resource_and_near_misses_for_none() {
    let verb = |verb| by_rule(rule(verb, "policy", "podsecuritypolicies", &["a"]));
    assert_eq!(verb("*"), "a");
    for other in ["USE", "get", "", "u*"] {
        assert_eq!(verb(other), "", "{other}");
    }
    let resource = |resource| by_rule(rule("use", "policy", resource, &["a"]));
    assert_eq!(resource("*"), "a");
    for other in [
        "podsecuritypolicy",
        "psp",
        "PodSecurityPolicies",
        "podsecuritypolicies/use",
        "podsecuritypolicies/*",
        "*/*",
        "*/podsecuritypolicies",
        "",
    ] {
        assert_eq!(resource(other), "", "{other}");
    }
}

#[test]
fn empty_lists_of_verbs_groups_or_resources_match_nothing() {
    let complete = uses(&["a"]);
    let mut verbs = complete.clone();
    verbs.verbs.clear();
    let mut groups = complete.clone();
    groups.api_groups.clear();
    let mut resources = complete.clone();
    resources.resources.clear();
    assert_eq!([verbs, groups, resources].map(by_rule), ["", "", ""]);
    assert_eq!(by_rule(complete), "a");
}

#[test]
fn verb_group_resource_and_name_must_match_in_one_rule() {
    let rules = [
        rule("get", "policy", "podsecuritypolicies", &["a"]),
        rule("use", "apps", "podsecuritypolicies", &["a"]),
        rule("use", "policy", "pods", &["a"]),
        uses(&["b"]),
    ];
    let roles = [cluster_role("r", &rules)];
    let bindings = [everywhere("b", "r", &[user("alice")])];
    assert_eq!(usable(&roles, &bindings, &person("alice", &[]), "n"), "b");
}

#[test]
fn the_namespace_of_the_pod_decides_which_role_bindings_count() {
    let roles = [cluster_role("r", &[uses(&["a"])])];
    let bindings = [within("n", "b", "r", &[user("alice")])];
    let alice = person("alice", &[]);
    assert_eq!(usable(&roles, &bindings, &alice, "n"), "a");
    assert_eq!(usable(&roles, &bindings, &alice, "m"), "");
    assert_eq!(usable(&roles, &bindings, &alice, ""), "");
}

#[test]
fn a_role_is_found_in_the_namespace_of_the_binding_only() {
    let roles = [role("n", "r", &[uses(&["a"])])];
    let alice = person("alice", &[]);
    let here = [to_role(within("n", "b", "r", &[user("alice")]))];
    assert_eq!(usable(&roles, &here, &alice, "n"), "a");
    let there = [to_role(within("m", "b", "r", &[user("alice")]))];
    assert_eq!(usable(&roles, &there, &alice, "m"), "");
    let as_cluster_role = [within("n", "b", "r", &[user("alice")])];
    assert_eq!(usable(&roles, &as_cluster_role, &alice, "n"), "");
}

#[test]
fn a_cluster_role_binding_to_a_role_grants_nothing() {
    let roles = [
        role("n", "r", &[uses(&["a"])]),
        cluster_role("r", &[uses(&["b"])]),
    ];
    let bindings = [to_role(everywhere("b", "r", &[user("alice")]))];
    assert_eq!(usable(&roles, &bindings, &person("alice", &[]), "n"), "");
}

#[test]
fn a_binding_to_a_missing_role_does_not_hinder_the_others() {
    let roles = [cluster_role("r", &[uses(&["a"])])];
    let bindings = [
        everywhere("b1", "gone", &[user("alice")]),
        everywhere("b2", "r", &[user("alice")]),
    ];
    assert_eq!(usable(&roles, &bindings, &person("alice", &[]), "n"), "a");
}

#[test]
fn an_account_may_be_named_as_a_user() {
    let roles = [cluster_role("r", &[uses(&["a"])])];
    let bindings = [everywhere("b", "r", &[user("system:serviceaccount:m:x")])];
    let who = Identity::account("m", "x");
    assert_eq!(usable(&roles, &bindings, &who, "n"), "a");
}

#[test]
fn an_account_without_namespace_is_of_the_bindings_namespace_or_of_none() {
    let roles = [cluster_role("r", &[uses(&["a"])])];
    let here = [within("n", "b", "r", &[account("", "x")])];
    assert_eq!(
        usable(&roles, &here, &Identity::account("n", "x"), "n"),
        "a"
    );
    assert_eq!(usable(&roles, &here, &Identity::account("m", "x"), "n"), "");
    let wide = [everywhere("b", "r", &[account("", "x")])];
    for who in [
        Identity::account("n", "x"),
        person("system:serviceaccount::x", &[]),
    ] {
        assert_eq!(usable(&roles, &wide, &who, "n"), "", "{who:?}");
    }
}

#[test]
fn a_name_is_not_a_group_and_unknown_kinds_are_nobody() {
    let roles = [cluster_role("r", &[uses(&["a"])])];
    let who = person("devs", &["alice"]);
    let bindings = [everywhere(
        "b",
        "r",
        &[
            user("alice"),
            group("devs"),
            subject("Robot", "", "devs"),
            subject("user", "", "devs"),
            subject("", "", "devs"),
        ],
    )];
    assert_eq!(usable(&roles, &bindings, &who, "n"), "");
}

#[test]
fn an_account_is_in_two_groups_and_not_authenticated() {
    let roles = [cluster_role("r", &[uses(&["a"])])];
    let who = Identity::account("n", "x");
    let through = |name: &str| {
        let bindings = [everywhere("b", "r", &[group(name)])];
        usable(&roles, &bindings, &who, "n")
    };
    assert_eq!(through("system:serviceaccounts"), "a");
    assert_eq!(through("system:serviceaccounts:n"), "a");
    assert_eq!(through("system:serviceaccounts:m"), "");
    assert_eq!(through("system:authenticated"), "");
}

#[test]
fn a_controller_is_authenticated_and_an_account_of_kube_system() {
    let roles = [cluster_role("r", &[uses(&["a"])])];
    let who = Identity::controller("Deployment").expect("its pods are a ReplicaSet's");
    assert_eq!(
        who.user,
        "system:serviceaccount:kube-system:replicaset-controller"
    );
    let granted = [
        group("system:authenticated"),
        group("system:serviceaccounts"),
        group("system:serviceaccounts:kube-system"),
        account("kube-system", "replicaset-controller"),
    ];
    for subject in granted {
        let bindings = [everywhere("b", "r", std::slice::from_ref(&subject))];
        assert_eq!(usable(&roles, &bindings, &who, "n"), "a", "{subject:?}");
    }
    let of = |kind| Identity::controller(kind).map(|who| who.user);
    let prefix = "system:serviceaccount:kube-system:";
    let expected = [
        ("ReplicaSet", "replicaset-controller"),
        ("StatefulSet", "statefulset-controller"),
        ("DaemonSet", "daemon-set-controller"),
        ("Job", "job-controller"),
        ("CronJob", "job-controller"),
        ("ReplicationController", "replication-controller"),
    ];
    for (kind, name) in expected {
        assert_eq!(of(kind), Some(format!("{prefix}{name}")));
    }
    assert_eq!(of("Pod"), None);
    assert_eq!(of("PodTemplate"), None);
}

#[test]
fn a_pod_is_authorized_by_its_account_or_its_creator_and_the_account_comes_first() {
    let roles = [
        cluster_role("of-a", &[uses(&["a"])]),
        cluster_role("of-b", &[uses(&["b"])]),
    ];
    let bindings = [
        within("n", "1", "of-a", &[account("n", "x")]),
        within("n", "2", "of-a", &[user("alice")]),
        within("n", "3", "of-b", &[user("alice")]),
    ];
    let (access, _) = Access::new(&roles, &bindings, &["a", "b"]);
    let alice = person("alice", &[]);
    let by = |account, creator, policy| {
        let via = access.pod_allows("n", account, creator, policy)?;
        Some(via.requester)
    };
    assert_eq!(by(Some("x"), Some(&alice), "a"), Some(Requester::Account));
    assert_eq!(by(Some("x"), Some(&alice), "b"), Some(Requester::Creator));
    assert_eq!(by(Some("x"), None, "b"), None);
    assert_eq!(by(None, Some(&alice), "a"), Some(Requester::Creator));
    assert_eq!(by(Some(""), None, "a"), None);
    assert_eq!(by(None, None, "a"), None);
    let policies = access.pod_policies("n", Some("x"), Some(&alice));
    let found: Vec<_> = policies
        .iter()
        .map(|(p, via)| (*p, via.requester))
        .collect();
    assert_eq!(
        found,
        [("a", Requester::Account), ("b", Requester::Creator)]
    );
}

#[test]
fn masters_are_always_allowed_and_the_reason_says_so() {
    let (access, _) = Access::new(&[], &[], &["a"]);
    let master = person("root", &["system:masters"]);
    let via = access.allows(&master, "n", "a").expect("a master");
    assert_eq!(via, Via::Masters);
    assert_eq!(via.to_string(), "membership of Group \"system:masters\"");
    let request = Request::create("", "namespaces");
    assert_eq!(access.authorizes(&master, "", &request), Some(Via::Masters));
    let pod = access.pod_allows("n", Some("x"), Some(&master), "a");
    assert_eq!(pod.map(|pod| pod.requester), Some(Requester::Creator));
    assert_eq!(
        access.allows(&person("system:masters", &[]), "n", "a"),
        None
    );
}

#[test]
fn the_reason_names_binding_role_and_subject() {
    let roles = [
        cluster_role("r", &[uses(&["a"])]),
        role("n", "r", &[uses(&["b"])]),
    ];
    let bindings = [
        everywhere("wide", "r", &[group("devs")]),
        to_role(within("n", "here", "r", &[account("", "x")])),
    ];
    let (access, _) = Access::new(&roles, &bindings, &["a", "b"]);
    let via = |who: &Identity, policy| access.allows(who, "n", policy).map(|via| via.to_string());
    assert_eq!(
        via(&person("eve", &["devs"]), "a").as_deref(),
        Some(r#"ClusterRoleBinding "wide" of ClusterRole "r" to Group "devs""#)
    );
    assert_eq!(
        via(&Identity::account("n", "x"), "b").as_deref(),
        Some(r#"RoleBinding "n/here" of Role "r" to ServiceAccount "n/x""#)
    );
}

#[test]
fn aggregation_replaces_written_rules_by_those_of_any_selector() {
    let mut all = aggregated("all", &[("to", "all"), ("also", "all")]);
    all.rules = vec![uses(&["c"])];
    let first = Role {
        labels: labels(&[("to", "all")]),
        ..cluster_role("first", &[uses(&["a"])])
    };
    let second = Role {
        labels: labels(&[("also", "all")]),
        ..cluster_role("second", &[uses(&["b"])])
    };
    let other = Role {
        labels: labels(&[("to", "others")]),
        ..cluster_role("other", &[uses(&["c"])])
    };
    let bindings = [everywhere("b", "all", &[user("alice")])];
    let roles = [all, first, second, other];
    assert_eq!(usable(&roles, &bindings, &person("alice", &[]), "n"), "ab");
}

#[test]
fn an_aggregated_role_from_a_cluster_is_taken_as_it_stands() {
    let all = Role {
        from_cluster: true,
        rules: vec![uses(&["c"])],
        ..aggregated("all", &[("to", "all")])
    };
    let part = Role {
        labels: labels(&[("to", "all")]),
        ..cluster_role("part", &[uses(&["a"])])
    };
    let bindings = [everywhere("b", "all", &[user("alice")])];
    assert_eq!(
        usable(&[all, part], &bindings, &person("alice", &[]), "n"),
        "c"
    );
}

#[test]
fn aggregation_is_transitive_and_ends_on_cycles() {
    let ring = |name, from, to| Role {
        labels: labels(&[("to", to)]),
        rules: vec![uses(&["c"])],
        ..aggregated(name, &[("to", from)])
    };
    let part = Role {
        labels: labels(&[("to", "x")]),
        ..cluster_role("part", &[uses(&["a"])])
    };
    let roles = [
        ring("x", "x", "y"),
        ring("y", "y", "z"),
        ring("z", "z", "x"),
        part,
    ];
    for name in ["x", "y", "z"] {
        let bindings = [everywhere("b", name, &[user("alice")])];
        assert_eq!(
            usable(&roles, &bindings, &person("alice", &[]), "n"),
            "a",
            "{name}"
        );
    }
}

#[test]
fn an_empty_selector_takes_every_other_cluster_role_and_no_role() {
    let mut all = aggregated("all", &[]);
    selectors(&mut all).push(Default::default());
    all.rules = vec![uses(&["c"])];
    let roles = [
        all,
        cluster_role("part", &[uses(&["a"])]),
        role("n", "local", &[uses(&["b"])]),
    ];
    let bindings = [everywhere("b", "all", &[user("alice")])];
    assert_eq!(usable(&roles, &bindings, &person("alice", &[]), "n"), "a");
}

#[test]
fn a_role_with_an_invalid_selector_keeps_its_written_rules() {
    let mut all = aggregated("all", &[("to", "all")]);
    all.rules = vec![uses(&["c"])];
    selectors(&mut all)[0]
        .match_expressions
        .push(LabelRequirement {
            key: "to".to_owned(),
            operator: "Equals".to_owned(),
            values: strings(&["all"]),
        });
    let part = Role {
        labels: labels(&[("to", "all")]),
        ..cluster_role("part", &[uses(&["a"])])
    };
    let bindings = [everywhere("b", "all", &[user("alice")])];
    assert_eq!(
        usable(&[all, part], &bindings, &person("alice", &[]), "n"),
        "c"
    );
}

#[test]
fn a_collected_rule_says_where_it_is_written() {
    let part = Role {
        labels: labels(&[("to", "all")]),
        ..cluster_role("part", &[everything(), uses(&["a", "*"])])
    };
    let roles = [aggregated("all", &[("to", "all")]), part];
    let bindings = [everywhere("b", "all", &[user("alice")])];
    let (access, _) = Access::new(&roles, &bindings, &["a"]);
    let grants = access.grants();
    let found: Vec<_> = grants
        .iter()
        .map(|grant| {
            let at = grant.chain.rule;
            (
                grant.policy,
                grant.chain.role.name.as_str(),
                at.role.name.as_str(),
                at.to_string(),
            )
        })
        .collect();
    let wild = r#"verbs: ["*"], apiGroups: ["*"], resources: ["*"]"#.to_owned();
    let named = "verbs: [use], apiGroups: [policy], resources: [podsecuritypolicies], \
                 resourceNames: [a, \"*\"]";
    let expected = [
        ("*", "all", "part", named.to_owned()),
        ("a", "all", "part", wild),
        ("a", "all", "part", named.to_owned()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn cluster_admin_exists_without_being_in_the_input() {
    let bindings = [within("n", "b", "cluster-admin", &[user("alice")])];
    let alice = person("alice", &[]);
    assert_eq!(usable(&[], &bindings, &alice, "n"), "abc");
    assert_eq!(usable(&[], &bindings, &alice, "m"), "");
    let own = [cluster_role("cluster-admin", &[uses(&["a"])])];
    assert_eq!(usable(&own, &bindings, &alice, "n"), "a");
}

#[test]
fn admin_edit_and_view_grant_no_policy_unless_the_input_adds_to_them() {
    let added = Role {
        labels: labels(&[("rbac.authorization.k8s.io/aggregate-to-view", "true")]),
        ..cluster_role("psp", &[uses(&["a"])])
    };
    for name in ["admin", "edit", "view"] {
        let bindings = [within("n", "b", name, &[user("alice")])];
        let alice = person("alice", &[]);
        assert_eq!(usable(&[], &bindings, &alice, "n"), "", "{name}");
        let roles = std::slice::from_ref(&added);
        assert_eq!(usable(roles, &bindings, &alice, "n"), "a", "{name}");
    }
}

#[test]
fn what_a_role_collects_does_not_depend_on_which_implied_role_is_bound() {
    let mut all = aggregated("all", &[]);
    let aggregation = all.aggregation.as_mut().expect("set");
    aggregation.cluster_role_selectors.push(Default::default());
    let roles = [all];
    let bindings = [
        everywhere("1", "all", &[user("alice")]),
        everywhere("2", "cluster-admin", &[user("bob")]),
    ];
    assert_eq!(usable(&roles, &bindings, &person("alice", &[]), "n"), "");
    assert_eq!(usable(&roles, &bindings, &person("bob", &[]), "n"), "abc");
}

#[test]
fn variants_of_a_role_or_binding_are_united() {
    let roles = [
        cluster_role("r", &[uses(&["a"])]),
        cluster_role("r", &[uses(&["a"]), uses(&["b"])]),
    ];
    let bindings = [
        everywhere("b", "r", &[user("alice")]),
        everywhere("b", "r", &[user("bob"), user("alice")]),
    ];
    for name in ["alice", "bob"] {
        assert_eq!(
            usable(&roles, &bindings, &person(name, &[]), "n"),
            "ab",
            "{name}"
        );
    }
    let (access, _) = Access::new(&roles, &bindings, &["a", "b"]);
    assert_eq!(access.grants().len(), 4);
}

#[test]
fn grants_list_every_policy_of_the_input_for_a_rule_without_names() {
    let roles = [
        cluster_role("every", &[uses(&[])]),
        cluster_role("named", &[uses(&["gone", "a", "a"])]),
    ];
    let bindings = [
        within("n", "2", "named", &[account("", "x")]),
        everywhere("1", "every", &[user("system:serviceaccount:n:x")]),
    ];
    let (access, _) = Access::new(&roles, &bindings, &["b", "a"]);
    let grants = access.grants();
    let found: Vec<_> = grants
        .iter()
        .map(|grant| {
            let chain = grant.chain;
            (
                grant.policy,
                chain.namespace(),
                chain.by_name(),
                chain.subject.to_string(),
            )
        })
        .collect();
    let as_user = "User \"system:serviceaccount:n:x\"".to_owned();
    let as_account = "ServiceAccount \"n/x\"".to_owned();
    let expected = [
        ("a", None, false, as_user.clone()),
        ("a", Some("n"), true, as_account.clone()),
        ("b", None, false, as_user),
        ("gone", Some("n"), true, as_account),
    ];
    assert_eq!(found, expected);
    let classes = grants.iter().map(|grant| grant.chain.subject.class());
    assert_eq!(classes.collect::<std::collections::BTreeSet<_>>().len(), 1);
}

#[test]
fn a_subresource_may_be_reached_by_a_star_before_it() {
    let request = |resource| Request {
        verb: "create",
        group: "",
        resource,
        name: "x",
    };
    let allowed = |pattern: &str, resource| {
        let roles = [cluster_role("r", &[rule("create", "", pattern, &[])])];
        let bindings = [everywhere("b", "r", &[user("alice")])];
        let (access, _) = Access::new(&roles, &bindings, &[]);
        let alice = person("alice", &[]);
        access.authorizes(&alice, "n", &request(resource)).is_some()
    };
    assert!(allowed("*/exec", "pods/exec"));
    assert!(allowed("pods/exec", "pods/exec"));
    assert!(allowed("*", "pods/exec"));
    assert!(!allowed("pods", "pods/exec"));
    assert!(!allowed("pods/*", "pods/exec"));
    assert!(!allowed("*/exec", "pods"));
    assert!(!allowed("*/exec", "pods/execute"));
}
