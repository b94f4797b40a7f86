//! How grants concern namespaces, and who can make pods there.

use psp2psa::model::role::{Binding, Role, Subject};
use psp2psa::rbac::{Access, Class, Identity, PodCreation};

use super::objects::{
    account, cluster_role, everything, everywhere, group, person, rule, user, uses, within,
};

fn roles() -> Vec<Role> {
    vec![
        cluster_role("use", &[uses(&["a"])]),
        cluster_role("pods", &[rule("create", "", "pods", &[])]),
        cluster_role("deployments", &[rule("create", "apps", "deployments", &[])]),
    ]
}

/// The classes of the chains that reach a namespace.
fn classes(bindings: &[Binding], namespace: &str) -> Vec<Class> {
    let roles = roles();
    let (access, _) = Access::new(&roles, bindings, &["a"]);
    access.reaching(namespace).map(|(class, _)| class).collect()
}

/// The classes of a grant to one subject, everywhere and by a binding in `n`, as seen from `n`.
fn both(subject: Subject) -> [Vec<Class>; 2] {
    let subjects = [subject];
    [
        classes(&[everywhere("b", "use", &subjects)], "n"),
        classes(&[within("n", "b", "use", &subjects)], "n"),
    ]
}

#[test]
fn a_namespaces_own_accounts_are_own_however_they_are_written() {
    for own in [
        account("n", "x"),
        user("system:serviceaccount:n:x"),
        group("system:serviceaccounts:n"),
    ] {
        assert_eq!(both(own.clone()), [[Class::Own], [Class::Own]], "{own:?}");
    }
    let unqualified = [within("n", "b", "use", &[account("", "x")])];
    assert_eq!(classes(&unqualified, "n"), [Class::Own]);
}

#[test]
fn groups_of_everybody_and_workload_controllers_are_everyone_unless_the_namespace_binds_them() {
    for wide in [
        group("system:authenticated"),
        group("system:serviceaccounts"),
        group("system:serviceaccounts:kube-system"),
        account("kube-system", "replicaset-controller"),
        account("kube-system", "statefulset-controller"),
        account("kube-system", "daemon-set-controller"),
        account("kube-system", "job-controller"),
        account("kube-system", "replication-controller"),
        user("system:serviceaccount:kube-system:job-controller"),
        user("system:kube-controller-manager"),
    ] {
        let expected = [[Class::Everyone], [Class::Own]];
        assert_eq!(both(wide.clone()), expected, "{wide:?}");
    }
}

#[test]
fn users_groups_and_kubelets_are_their_own_classes() {
    for person in [
        user("alice"),
        group("devs"),
        group("system:masters"),
        user("system:serviceaccount:n"),
        user("system:serviceaccount:n:x:y"),
    ] {
        assert_eq!(
            both(person.clone()),
            [[Class::People], [Class::People]],
            "{person:?}"
        );
    }
    for node in [group("system:nodes"), user("system:node:worker-1")] {
        assert_eq!(
            both(node.clone()),
            [[Class::Nodes], [Class::Nodes]],
            "{node:?}"
        );
    }
}

#[test]
fn kube_systems_accounts_are_its_own_by_a_binding_there_and_everybodys_cluster_wide() {
    let subjects = [group("system:serviceaccounts:kube-system")];
    let there = [within("kube-system", "b", "use", &subjects)];
    assert_eq!(classes(&there, "kube-system"), [Class::Own]);
    let wide = [everywhere("b", "use", &subjects)];
    assert_eq!(classes(&wide, "kube-system"), [Class::Everyone]);
    let operator = [everywhere(
        "b",
        "use",
        &[account("kube-system", "operator")],
    )];
    assert_eq!(classes(&operator, "kube-system"), [Class::Own]);
    assert!(classes(&operator, "n").is_empty());
}

#[test]
fn accounts_of_other_namespaces_count_where_they_may_create_pods() {
    let cases = [
        (account("m", "x"), account("m", "x"), true),
        (account("m", "x"), user("system:serviceaccount:m:x"), true),
        (account("m", "x"), account("m", "y"), false),
        (account("m", "x"), account("k", "x"), false),
        (account("m", "x"), group("system:serviceaccounts:m"), true),
        (account("m", "x"), group("system:serviceaccounts:k"), false),
        (account("m", "x"), group("system:serviceaccounts"), true),
        (account("m", "x"), group("system:authenticated"), true),
        (account("m", "x"), user("alice"), false),
        (group("system:serviceaccounts:m"), account("m", "y"), true),
        (group("system:serviceaccounts:m"), account("k", "y"), false),
        (
            group("system:serviceaccounts:m"),
            group("system:serviceaccounts:m"),
            true,
        ),
    ];
    for (user, creator, counts) in cases {
        let grants = [
            everywhere("use", "use", std::slice::from_ref(&user)),
            within("n", "use", "use", std::slice::from_ref(&user)),
        ];
        let rights = [
            everywhere("pods", "pods", std::slice::from_ref(&creator)),
            within("n", "pods", "pods", std::slice::from_ref(&creator)),
        ];
        for (grant, right) in grants
            .iter()
            .flat_map(|g| rights.iter().map(move |r| (g, r)))
        {
            let found = classes(&[grant.clone(), right.clone()], "n");
            let expected = if counts {
                vec![Class::Operators]
            } else {
                vec![]
            };
            assert_eq!(found, expected, "{grant:?} {right:?}");
        }
        let elsewhere = within("k", "pods", "pods", std::slice::from_ref(&creator));
        assert!(
            classes(&[grants[0].clone(), elsewhere], "n").is_empty(),
            "{creator:?}"
        );
        let indirect = everywhere("pods", "deployments", std::slice::from_ref(&creator));
        assert!(
            classes(&[grants[0].clone(), indirect], "n").is_empty(),
            "{creator:?}"
        );
    }
}

#[test]
fn an_account_that_creates_pods_everywhere_is_an_operator_but_own_at_home() {
    let x = [account("m", "x")];
    let bindings = [everywhere("use", "use", &x), everywhere("pods", "pods", &x)];
    assert_eq!(classes(&bindings, "n"), [Class::Operators]);
    assert_eq!(classes(&bindings, "m"), [Class::Own]);
    let roles = roles();
    let (access, _) = Access::new(&roles, &bindings, &["a"]);
    let common: Vec<_> = access.everywhere().map(|(class, _)| class).collect();
    assert_eq!(common, [Class::Operators]);
    assert_eq!(access.within("n").count(), 0);
    assert_eq!(
        access
            .within("m")
            .map(|(class, _)| class)
            .collect::<Vec<_>>(),
        [Class::Own]
    );
}

#[test]
fn what_is_particular_to_a_namespace_comes_before_what_is_common() {
    let bindings = [
        everywhere("1", "use", &[group("devs"), account("n", "x")]),
        within(
            "n",
            "2",
            "use",
            &[user("alice"), group("system:serviceaccounts")],
        ),
        within("m", "3", "use", &[user("bob")]),
    ];
    let expected = [Class::Own, Class::Own, Class::People, Class::People];
    assert_eq!(classes(&bindings, "n"), expected);
    assert_eq!(classes(&bindings, "m"), [Class::People, Class::People]);
    assert_eq!(classes(&bindings, "new"), [Class::People]);
}

#[test]
fn a_rule_for_every_policy_that_does_not_say_so_is_a_wildcard() {
    let wild = |rule| {
        let roles = [cluster_role("r", &[rule])];
        let bindings = [everywhere("b", "r", &[user("alice")])];
        let (access, _) = Access::new(&roles, &bindings, &["a"]);
        let flags: Vec<bool> = access.reaching("n").map(|(_, c)| c.is_wildcard()).collect();
        assert_eq!(flags.len(), 1);
        flags[0]
    };
    assert!(wild(everything()));
    assert!(wild(rule("*", "policy", "podsecuritypolicies", &[])));
    assert!(wild(rule("use", "policy", "*", &[])));
    assert!(!wild(rule("use", "*", "podsecuritypolicies", &[])));
    assert!(!wild(rule("*", "*", "*", &["a"])));
    assert!(!wild(uses(&["*"])));
    assert!(!wild(uses(&[])));
}

#[test]
fn pods_are_made_directly_or_through_a_workload() {
    let made = |rule| {
        let roles = [cluster_role("r", &[rule])];
        let bindings = [within("n", "b", "r", &[account("", "x")])];
        let (access, _) = Access::new(&roles, &bindings, &[]);
        let x = Identity::account("n", "x");
        assert_eq!(access.can_create_pods(&x, "m"), None);
        access.can_create_pods(&x, "n")
    };
    assert_eq!(
        made(rule("create", "", "pods", &[])),
        Some(PodCreation::Directly)
    );
    assert_eq!(made(everything()), Some(PodCreation::Directly));
    for (group, resource) in [
        ("", "replicationcontrollers"),
        ("apps", "deployments"),
        ("extensions", "daemonsets"),
        ("batch", "cronjobs"),
        ("batch", "*"),
    ] {
        let through = made(rule("create", group, resource, &[]));
        assert_eq!(
            through,
            Some(PodCreation::ThroughWorkload),
            "{group} {resource}"
        );
    }
    for nothing in [
        rule("create", "", "pods", &["p"]),
        rule("create", "", "pods/exec", &[]),
        rule("get", "", "pods", &[]),
        rule("create", "apps", "pods", &[]),
        rule("create", "", "deployments", &[]),
    ] {
        assert_eq!(made(nothing.clone()), None, "{nothing:?}");
    }
}

#[test]
fn edit_and_admin_make_pods_without_being_in_the_input() {
    for (name, expected) in [
        ("admin", Some(PodCreation::Directly)),
        ("edit", Some(PodCreation::Directly)),
        ("view", None),
    ] {
        let bindings = [within("n", "b", name, &[user("alice")])];
        let (access, _) = Access::new(&[], &bindings, &[]);
        let found = access.can_create_pods(&person("alice", &[]), "n");
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn who_can_lists_scope_and_names() {
    let roles = [
        cluster_role("all", &[rule("patch", "", "namespaces", &[])]),
        cluster_role("one", &[rule("*", "", "namespaces", &["n"])]),
        cluster_role("none", &[rule("patch", "", "pods", &[])]),
        cluster_role("admins", &[everything()]),
    ];
    let bindings = [
        everywhere("1", "all", &[user("alice")]),
        everywhere("2", "one", &[user("bob")]),
        everywhere("3", "none", &[user("carol")]),
        within("n", "4", "admins", &[account("", "x")]),
    ];
    let (access, _) = Access::new(&roles, &bindings, &[]);
    let who = |verb| -> Vec<(String, Option<&str>, bool)> {
        let chains = access.who_can(verb, "", "namespaces").into_iter();
        chains
            .map(|chain| {
                (
                    chain.subject.to_string(),
                    chain.namespace(),
                    chain.by_name(),
                )
            })
            .collect()
    };
    let alice = ("User \"alice\"".to_owned(), None, false);
    let bob = ("User \"bob\"".to_owned(), None, true);
    let x = ("ServiceAccount \"n/x\"".to_owned(), Some("n"), false);
    assert_eq!(who("patch"), [alice, bob.clone(), x.clone()]);
    assert_eq!(who("update"), [bob, x.clone()]);
    assert_eq!(who("create"), [x]);
}
