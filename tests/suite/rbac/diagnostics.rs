//! What each diagnostic says, and when.

use psp2psa::diag::Diagnostic;
use psp2psa::model::role::{Binding, LabelRequirement, Role};
use psp2psa::rbac::{Access, CODES};

use super::objects::{
    account, aggregated, cluster_role, everywhere, labels, role, rule, selectors, subject, to_role,
    user, uses, within,
};

fn said(roles: &[Role], bindings: &[Binding], policies: &[&str]) -> Vec<Diagnostic> {
    Access::new(roles, bindings, policies).1
}

/// Code, place and message of the only diagnostic.
fn only(roles: &[Role], bindings: &[Binding], policies: &[&str]) -> String {
    let diagnostics = said(roles, bindings, policies);
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    let Diagnostic {
        code,
        message,
        source,
        help,
    } = &diagnostics[0];
    assert!(!help.is_empty());
    let source = source.as_ref().expect("a place");
    format!("{source}: {}: {message}", code.name)
}

#[test]
fn codes_are_sorted_distinct_documented_and_of_this_stage() {
    let names: Vec<&str> = CODES.iter().map(|code| code.name).collect();
    insta::assert_debug_snapshot!(names, @r#"
    [
        "rbac/cluster-binding-to-role",
        "rbac/dangling-policy",
        "rbac/dangling-role-ref",
        "rbac/invalid-selector",
        "rbac/rules-lost",
        "rbac/subject-without-namespace",
        "rbac/unknown-role-kind",
        "rbac/unknown-subject-kind",
    ]
    "#);
    assert!(names.is_sorted_by(|one, other| one < other));
    for code in CODES {
        assert!(code.name.starts_with("rbac/"), "{}", code.name);
        assert!(
            code.docs.ends_with('.') || code.docs.ends_with(')'),
            "{}",
            code.name
        );
    }
}

#[test]
fn a_binding_to_a_missing_role_dangles() {
    let bindings = [within("n", "b", "gone", &[user("alice")])];
    insta::assert_snapshot!(only(&[], &bindings, &[]), @"b.yaml:1:1: rbac/dangling-role-ref: RoleBinding `n/b` refers to ClusterRole `gone`, which is not in the input");
    let bindings = [to_role(within("n", "b", "r", &[]))];
    insta::assert_snapshot!(only(&[cluster_role("r", &[])], &bindings, &[]), @"b.yaml:1:1: rbac/dangling-role-ref: RoleBinding `n/b` refers to Role `r`, which is not in the input");
}

#[test]
fn bindings_to_roles_that_every_cluster_has_do_not_dangle() {
    let bindings = [
        everywhere("1", "cluster-admin", &[]),
        within("n", "2", "view", &[]),
        everywhere("3", "system:auth-delegator", &[]),
        to_role(within(
            "kube-system",
            "4",
            "extension-apiserver-authentication-reader",
            &[],
        )),
    ];
    assert!(said(&[], &bindings, &[]).is_empty());
}

#[test]
fn a_role_ref_of_a_kind_that_cannot_be_is_named() {
    let to = [to_role(everywhere("b", "r", &[]))];
    insta::assert_snapshot!(only(&[role("n", "r", &[])], &to, &[]), @"b.yaml:1:1: rbac/cluster-binding-to-role: ClusterRoleBinding `b` refers to Role `r`, expected a ClusterRole");
    let mut odd = within("n", "b", "r", &[]);
    odd.role_ref.kind = "clusterrole".to_owned();
    insta::assert_snapshot!(only(&[cluster_role("r", &[])], &[odd], &[]), @"b.yaml:1:1: rbac/unknown-role-kind: RoleBinding `n/b` refers to a role of kind `clusterrole`, expected Role or ClusterRole");
}

#[test]
fn subjects_that_are_nobody_are_named() {
    let roles = [cluster_role("r", &[])];
    let bindings = [everywhere("b", "r", &[account("", "x")])];
    insta::assert_snapshot!(only(&roles, &bindings, &[]), @"b.yaml:1:1: rbac/subject-without-namespace: ClusterRoleBinding `b` names ServiceAccount `x` without a namespace");
    let bindings = [within("n", "b", "r", &[subject("Robot", "", "x")])];
    insta::assert_snapshot!(only(&roles, &bindings, &[]), @"b.yaml:1:1: rbac/unknown-subject-kind: RoleBinding `n/b` has a subject `x` of kind `Robot`, expected User, Group or ServiceAccount");
}

#[test]
fn a_named_policy_that_is_missing_dangles_if_there_are_policies() {
    let roles = [cluster_role("r", &[uses(&["a", "gone"]), uses(&["gone"])])];
    insta::assert_snapshot!(only(&roles, &[], &["a"]), @"r.yaml:1:1: rbac/dangling-policy: ClusterRole `r` grants the use of policy `gone`, which is not in the input");
    assert!(said(&roles, &[], &[]).is_empty());
    let literal = [role("n", "r", &[uses(&["*"])])];
    insta::assert_snapshot!(only(&literal, &[], &["a"]), @"r.yaml:1:1: rbac/dangling-policy: Role `n/r` grants the use of policy `*`, which is not in the input");
    let about_others = [cluster_role("r", &[rule("*", "*", "*", &["gone"])])];
    assert!(said(&about_others, &[], &["a"]).is_empty());
}

#[test]
fn hand_written_rules_of_an_aggregated_role_are_lost_unless_collected_too() {
    let part = Role {
        labels: labels(&[("to", "all")]),
        ..cluster_role("part", &[uses(&["a"])])
    };
    let all = Role {
        rules: vec![uses(&["a"]), uses(&["b"])],
        ..aggregated("all", &[("to", "all")])
    };
    let roles = [all.clone(), part.clone()];
    insta::assert_snapshot!(only(&roles, &[], &[]), @"all.yaml:1:1: rbac/rules-lost: 1 rule written in ClusterRole `all` will be overwritten, because it has an `aggregationRule`");
    let kept = Role {
        rules: vec![uses(&["a"])],
        ..all.clone()
    };
    assert!(said(&[kept, part.clone()], &[], &[]).is_empty());
    let live = Role {
        from_cluster: true,
        ..all
    };
    assert!(said(&[live, part], &[], &[]).is_empty());
}

#[test]
fn an_invalid_selector_is_named_with_its_problem() {
    let mut all = aggregated("all", &[("to", "all")]);
    selectors(&mut all)[0]
        .match_expressions
        .push(LabelRequirement {
            key: "to".to_owned(),
            operator: "In".to_owned(),
            values: Vec::new(),
        });
    insta::assert_snapshot!(only(&[all], &[], &[]), @"all.yaml:1:1: rbac/invalid-selector: ClusterRole `all` has an invalid selector: operator In needs values");
}
