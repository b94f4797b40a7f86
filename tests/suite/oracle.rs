//! Our lean structs read what the generated Kubernetes types read.

use k8s_psp::api::policy::v1beta1::{self as policy, PodSecurityPolicySpec};
use psp2psa::model::psp::{IdRule, PspSpec};
use serde_json::Value;

use crate::policies::{CREATIONS, UPDATES};

/// The policies of every vector that holds some.
fn policies() -> Vec<Value> {
    let texts = CREATIONS.iter().map(|(_, text)| *text);
    texts
        .chain([UPDATES])
        .flat_map(str::lines)
        .flat_map(|line| {
            let vector: Value = serde_json::from_str(line).expect("a vector");
            vector["psps"].as_array().cloned().unwrap_or_default()
        })
        .collect()
}

/// Rule and ranges of a group or user strategy, in a form that both sides have.
type Rule = (String, Vec<(i64, i64)>);

fn ours(rule: &IdRule) -> Rule {
    let ranges = rule.ranges.iter().map(|range| (range.min, range.max));
    (rule.rule.clone(), ranges.collect())
}

fn theirs(rule: Option<String>, ranges: Option<Vec<policy::IDRange>>) -> Rule {
    let ranges = ranges.unwrap_or_default();
    (
        rule.unwrap_or_default(),
        ranges.iter().map(|range| (range.min, range.max)).collect(),
    )
}

#[test]
fn a_policy_reads_as_the_generated_type_of_kubernetes_1_24_does() {
    let policies = policies();
    assert!(policies.len() > 1000, "the vectors hold policies");
    for object in policies {
        let lean: PspSpec = serde_json::from_value(object["spec"].clone()).expect("our spec");
        let full: PodSecurityPolicySpec =
            serde_json::from_value(object["spec"].clone()).expect("the generated spec");
        assert_eq!(lean.privileged, full.privileged.unwrap_or_default());
        assert_eq!(lean.host_network, full.host_network.unwrap_or_default());
        assert_eq!(lean.host_pid, full.host_pid.unwrap_or_default());
        assert_eq!(lean.host_ipc, full.host_ipc.unwrap_or_default());
        assert_eq!(
            lean.read_only_root_filesystem,
            full.read_only_root_filesystem.unwrap_or_default()
        );
        assert_eq!(
            lean.allow_privilege_escalation,
            full.allow_privilege_escalation
        );
        assert_eq!(
            lean.default_allow_privilege_escalation,
            full.default_allow_privilege_escalation
        );
        for (lean, full) in [
            (&lean.allowed_capabilities, full.allowed_capabilities),
            (
                &lean.default_add_capabilities,
                full.default_add_capabilities,
            ),
            (
                &lean.required_drop_capabilities,
                full.required_drop_capabilities,
            ),
            (&lean.volumes, full.volumes),
            (&lean.allowed_unsafe_sysctls, full.allowed_unsafe_sysctls),
            (&lean.forbidden_sysctls, full.forbidden_sysctls),
            (
                &lean.allowed_proc_mount_types,
                full.allowed_proc_mount_types,
            ),
        ] {
            assert_eq!(*lean, full.unwrap_or_default());
        }
        let ports = full.host_ports.unwrap_or_default();
        let ports: Vec<_> = ports.iter().map(|range| (range.min, range.max)).collect();
        let lean_ports: Vec<_> = lean
            .host_ports
            .iter()
            .map(|range| (range.min, range.max))
            .collect();
        assert_eq!(lean_ports, ports);
        assert_eq!(
            ours(&lean.run_as_user),
            theirs(Some(full.run_as_user.rule), full.run_as_user.ranges)
        );
        assert_eq!(
            ours(&lean.fs_group),
            theirs(full.fs_group.rule, full.fs_group.ranges)
        );
        assert_eq!(
            ours(&lean.supplemental_groups),
            theirs(
                full.supplemental_groups.rule,
                full.supplemental_groups.ranges
            )
        );
        assert_eq!(
            lean.run_as_group.as_ref().map(ours),
            full.run_as_group
                .map(|rule| theirs(Some(rule.rule), rule.ranges))
        );
        assert_eq!(lean.se_linux.rule, full.se_linux.rule);
        let paths = full.allowed_host_paths.unwrap_or_default();
        let paths: Vec<_> = paths
            .into_iter()
            .map(|path| {
                (
                    path.path_prefix.unwrap_or_default(),
                    path.read_only.unwrap_or_default(),
                )
            })
            .collect();
        let lean_paths: Vec<_> = lean
            .allowed_host_paths
            .iter()
            .map(|path| (path.path_prefix.clone(), path.read_only))
            .collect();
        assert_eq!(lean_paths, paths);
    }
}
