//! The rules for the restricted checks, one test each.

use super::{V1_24, restricted, rows, rule, seccomp, strings};
use psp2psa::model::psp::PodSecurityPolicy;
use psp2psa::pss::Version;

#[test]
fn seccomp_at_restricted_wants_a_list_of_named_profiles() {
    rows(
        "seccompProfile_restricted",
        V1_24,
        vec![
            (
                seccomp(None, None),
                "unset seccomp allowedProfileNames: absent",
            ),
            (
                seccomp(Some("docker/default"), None),
                "enforced seccomp allowedProfileNames: docker/default",
            ),
            (
                seccomp(Some("runtime/default,localhost/x"), Some("docker/default")),
                "enforced seccomp allowedProfileNames: runtime/default,localhost/x",
            ),
            (
                seccomp(Some("*"), Some("runtime/default")),
                "granted seccomp allowedProfileNames: *",
            ),
            (
                seccomp(Some("*"), Some("unconfined")),
                "imposed seccomp defaultProfileName: unconfined",
            ),
            (
                // Such an annotation never becomes a field.
                seccomp(Some("localhost/"), Some("localhost/")),
                "unset seccomp allowedProfileNames: localhost/",
            ),
            (
                seccomp(Some("localhost/,docker/default"), Some("runtime/default")),
                "escapable seccomp allowedProfileNames: localhost/,docker/default",
            ),
            (
                seccomp(Some("localhost/,runtime/default"), None),
                "unset seccomp allowedProfileNames: localhost/,runtime/default",
            ),
        ],
    );
}

#[test]
fn escalation_depends_on_what_is_written_and_what_is_defaulted() {
    let with = |allow, default| {
        restricted(|p| {
            p.spec.allow_privilege_escalation = allow;
            p.spec.default_allow_privilege_escalation = default;
        })
    };
    for version in [Version::Minor(8), Version::Latest] {
        rows(
            "allowPrivilegeEscalation",
            version,
            vec![
                (
                    with(Some(false), None),
                    "enforced allowPrivilegeEscalation: false",
                ),
                (
                    with(Some(false), Some(false)),
                    "enforced allowPrivilegeEscalation: false",
                ),
                (with(None, None), "unset allowPrivilegeEscalation: absent"),
                (
                    with(None, Some(false)),
                    "escapable allowPrivilegeEscalation: absent",
                ),
                (
                    with(None, Some(true)),
                    "imposed defaultAllowPrivilegeEscalation: true",
                ),
                (
                    with(Some(true), None),
                    "granted allowPrivilegeEscalation: true",
                ),
                (
                    with(Some(true), Some(false)),
                    "granted allowPrivilegeEscalation: true",
                ),
                (
                    with(Some(true), Some(true)),
                    "imposed defaultAllowPrivilegeEscalation: true",
                ),
            ],
        );
    }
}

#[test]
fn capabilities_at_restricted_want_the_literal_drop() {
    let with = |drops: &[&str], allowed: &[&str], added: &[&str]| {
        restricted(|p| {
            p.spec.required_drop_capabilities = strings(drops);
            p.spec.allowed_capabilities = strings(allowed);
            p.spec.default_add_capabilities = strings(added);
        })
    };
    rows(
        "capabilities_restricted",
        Version::Latest,
        vec![
            (
                with(
                    &["KILL", "ALL"],
                    &["NET_BIND_SERVICE"],
                    &["NET_BIND_SERVICE"],
                ),
                "enforced requiredDropCapabilities: KILL, ALL",
            ),
            (
                with(&[], &[], &[]),
                "unset requiredDropCapabilities: absent",
            ),
            (
                with(&["all"], &[], &[]),
                "unset requiredDropCapabilities: all",
            ),
            (
                with(&[], &["CHOWN"], &[]),
                "granted allowedCapabilities: CHOWN",
            ),
            (with(&[], &["*"], &[]), "granted allowedCapabilities: *"),
            (
                with(&["ALL"], &["CHOWN"], &["KILL"]),
                "imposed defaultAddCapabilities: KILL",
            ),
        ],
    );
}

fn user(name: &str, ranges: &[(i64, i64)]) -> PodSecurityPolicy {
    restricted(|p| p.spec.run_as_user = rule(name, ranges))
}

#[test]
fn no_rule_about_users_guarantees_the_flag() {
    for version in [V1_24, Version::Minor(35)] {
        rows(
            "runAsNonRoot",
            version,
            vec![
                (
                    user("MustRunAsNonRoot", &[]),
                    "escapable runAsUser.rule: MustRunAsNonRoot",
                ),
                (
                    user("MustRunAs", &[(1, 65535)]),
                    "unset runAsUser.rule: MustRunAs",
                ),
                (user("RunAsAny", &[]), "unset runAsUser.rule: RunAsAny"),
            ],
        );
    }
}

#[test]
fn user_zero_is_imposed_by_the_first_range_and_granted_by_any() {
    for version in [Version::Minor(23), Version::Minor(35)] {
        rows(
            "runAsUser",
            version,
            vec![
                (
                    user("MustRunAs", &[(0, 9)]),
                    "imposed runAsUser.ranges: 0-9",
                ),
                (
                    user("MustRunAs", &[(1, 9), (0, 0)]),
                    "granted runAsUser.ranges: 1-9, 0-0",
                ),
                (
                    user("MustRunAs", &[(1, 9)]),
                    "escapable runAsUser.ranges: 1-9",
                ),
                (
                    user("MustRunAsNonRoot", &[]),
                    "escapable runAsUser.rule: MustRunAsNonRoot",
                ),
                (user("RunAsAny", &[]), "silent runAsUser.rule: RunAsAny"),
            ],
        );
    }
}
