//! From verdicts to levels, what is in the way of them, and policies without one.

use super::{V1_24, VERSIONS, annotate, level, restricted, rule, strings};
use psp2psa::mapping;
use psp2psa::model::pod::SeLinuxOptions;
use psp2psa::model::psp::{
    APPARMOR_ALLOWED, IdRule, PodSecurityPolicy, SECCOMP_ALLOWED, SECCOMP_DEFAULT, SeLinuxRule,
};
use psp2psa::pss::{self, Level, Verdict, Version};

#[test]
fn the_unchanged_policy_is_restricted_at_every_version() {
    for version in VERSIONS {
        let mapping = mapping::map(&restricted(|_| {}), version);
        assert_eq!(mapping.level, Some(Level::Restricted), "{version}");
        assert_eq!(mapping.strict_level, Some(Level::Privileged), "{version}");
        assert_eq!(mapping.blocked_by, mapping::BlockedBy::default());
        assert_eq!(mapping.summary, "restricted");
    }
}

#[test]
fn controls_are_the_checks_of_the_version_in_evaluation_order() {
    for version in VERSIONS {
        let mapping = mapping::map(&restricted(|_| {}), version);
        let ids: Vec<&str> = mapping.controls.iter().map(|c| c.check).collect();
        let expected: Vec<&str> = pss::controls(version).iter().map(|(c, _)| c.id).collect();
        assert_eq!(ids, expected);
    }
    let latest = mapping::map(&restricted(|_| {}), Version::Latest);
    let overridden = ["hostPathVolumes", "procMount", "seccompProfile_baseline"];
    for id in overridden {
        assert!(latest.controls.iter().any(|control| control.check == id));
    }
}

#[test]
fn a_check_of_baseline_is_in_the_way_of_restricted_too_even_an_overridden_one() {
    let policy = restricted(|p| {
        p.spec.volumes = strings(&["hostPath"]);
        p.spec.required_drop_capabilities.clear();
    });
    let mapping = mapping::map(&policy, V1_24);
    assert_eq!(mapping.level, Some(Level::Privileged));
    assert_eq!(mapping.blocked_by.baseline, ["hostPathVolumes"]);
    assert_eq!(
        mapping.blocked_by.restricted,
        [
            "hostPathVolumes",
            "capabilities_restricted",
            "restrictedVolumes"
        ]
    );
    assert_eq!(
        mapping.summary,
        "privileged, only because of hostPathVolumes (volumes: hostPath)"
    );
}

#[test]
fn the_strict_level_wants_every_check_enforced() {
    let policy = restricted(|p| {
        annotate(p, APPARMOR_ALLOWED, "runtime/default");
        p.spec.se_linux = SeLinuxRule {
            rule: "MustRunAs".to_owned(),
            se_linux_options: Some(SeLinuxOptions::default()),
        };
    });
    let strict = |version| mapping::map(&policy, version).strict_level;
    assert_eq!(strict(Version::Minor(33)), Some(Level::Baseline));
    // From here on probes may name hosts, and no policy has a say in that.
    assert_eq!(strict(Version::Minor(34)), Some(Level::Privileged));
}

#[test]
fn summaries_name_what_is_in_the_way() {
    let summary = |policy: PodSecurityPolicy| mapping::map(&policy, V1_24).summary;
    assert_eq!(
        summary(restricted(|p| p.spec.host_network = true)),
        "privileged, only because of hostNamespaces (hostNetwork: true)"
    );
    assert_eq!(
        summary(restricted(|p| {
            p.spec.host_network = true;
            p.spec.host_pid = true;
            p.spec.allowed_capabilities = strings(&["A", "B", "C", "D", "E", "F"]);
            annotate(p, SECCOMP_ALLOWED, "*");
        })),
        "privileged because of capabilities_baseline (allowedCapabilities: A, B, C, D and 2 more), \
         hostNamespaces (hostNetwork, hostPID: true) and seccompProfile_baseline \
         (seccomp.security.alpha.kubernetes.io/allowedProfileNames: *)"
    );
    assert_eq!(
        summary(restricted(|p| {
            p.spec.run_as_user = rule("RunAsAny", &[]);
            p.spec.volumes = strings(&["nfs"]);
        })),
        "baseline; restricted is blocked by restrictedVolumes and runAsNonRoot"
    );
}

#[track_caller]
fn admits_nothing(policy: &PodSecurityPolicy, words: &str) {
    let mapping = mapping::map(policy, V1_24);
    assert_eq!(
        (mapping.level, mapping.strict_level),
        (None, None),
        "{words}"
    );
    assert!(mapping.no_level.contains(words), "{}", mapping.no_level);
    assert!(mapping.summary.starts_with("no level, because"));
    assert!(
        mapping
            .controls
            .iter()
            .all(|control| control.exposure.verdict == Verdict::Enforced)
    );
    assert_eq!(mapping.mutations, []);
    assert_eq!(mapping.unmapped, []);
}

#[test]
fn broken_policies_have_no_level() {
    type Edit = fn(&mut PodSecurityPolicy);
    let cases: [(Edit, &str); 9] = [
        (
            |p| p.spec.run_as_user = rule("MustRunAs", &[]),
            "runAsUser is MustRunAs without a range",
        ),
        (
            |p| p.spec.run_as_group = Some(rule("MayRunAs", &[])),
            "runAsGroup is MayRunAs without a range",
        ),
        (
            |p| p.spec.fs_group = rule("MustRunAs", &[]),
            "fsGroup is MustRunAs without a range",
        ),
        (
            |p| p.spec.supplemental_groups = rule("MayRunAs", &[]),
            "supplementalGroups is MayRunAs without a range",
        ),
        (
            |p| p.spec.fs_group = rule("MustRunAsNonRoot", &[]),
            "fsGroup has no rule",
        ),
        (
            |p| p.spec.run_as_user = rule("MayRunAs", &[(1, 2)]),
            "runAsUser has no rule",
        ),
        (
            |p| p.spec.run_as_user = IdRule::default(),
            "runAsUser has no rule",
        ),
        (
            |p| p.spec.se_linux.rule = "MustRunAs".to_owned(),
            "seLinux is MustRunAs without options",
        ),
        (
            |p| p.spec.se_linux.rule = "Any".to_owned(),
            "seLinux has no rule",
        ),
    ];
    for (edit, words) in cases {
        admits_nothing(&restricted(edit), words);
    }
}

#[test]
fn policies_that_contradict_themselves_have_no_level() {
    admits_nothing(
        &restricted(|p| annotate(p, APPARMOR_ALLOWED, "")),
        "AppArmor profiles is present and empty",
    );
    admits_nothing(
        &restricted(|p| {
            p.annotations.clear();
            annotate(p, SECCOMP_DEFAULT, "runtime/default");
        }),
        "are given runtime/default",
    );
    admits_nothing(
        &restricted(|p| {
            annotate(p, SECCOMP_ALLOWED, "");
            annotate(p, SECCOMP_DEFAULT, "unconfined");
        }),
        "are given unconfined",
    );
    admits_nothing(
        &restricted(|p| {
            p.spec.run_as_user = rule("MustRunAs", &[(3_000_000_000, 4_000_000_000)]);
        }),
        "its ranges hold none that exists",
    );
}

#[test]
fn optional_rules_and_odd_ranges_do_not_break_a_policy() {
    for policy in [
        restricted(|p| p.spec.run_as_group = None),
        restricted(|p| p.spec.run_as_group = Some(rule("RunAsAny", &[]))),
        restricted(|p| {
            p.spec.se_linux = SeLinuxRule {
                rule: "MustRunAs".to_owned(),
                se_linux_options: Some(SeLinuxOptions::default()),
            };
        }),
        // No pod needs a group, so that no group can be had does not matter.
        restricted(|p| p.spec.fs_group = rule("MayRunAs", &[(3_000_000_000, 4_000_000_000)])),
        restricted(|p| annotate(p, APPARMOR_ALLOWED, "runtime/default,")),
        // Pods have to name the profile themselves.
        restricted(|p| annotate(p, SECCOMP_DEFAULT, "unconfined")),
    ] {
        assert_eq!(level(&policy, V1_24), Level::Restricted);
    }
}
