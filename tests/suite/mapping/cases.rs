//! Real policies, and the answers an engineer would sign.

use super::{V1_24, decode, exposure, restricted, rule, strings, unmapped};
use psp2psa::mapping;
use psp2psa::model::psp::PortRange;
use psp2psa::pss::{Level, Verdict};

#[test]
fn flannel_three_host_paths_become_all_of_them() {
    let flannel = decode(&serde_json::json!({
        "metadata": {"name": "psp.flannel.unprivileged", "annotations": {
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames": "docker/default",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "docker/default",
            "apparmor.security.beta.kubernetes.io/allowedProfileNames": "runtime/default",
            "apparmor.security.beta.kubernetes.io/defaultProfileName": "runtime/default"
        }},
        "spec": {
            "privileged": false,
            "volumes": ["configMap", "secret", "emptyDir", "hostPath"],
            "allowedHostPaths": [
                {"pathPrefix": "/etc/cni/net.d"},
                {"pathPrefix": "/etc/kube-flannel"},
                {"pathPrefix": "/run/flannel"}
            ],
            "readOnlyRootFilesystem": false,
            "runAsUser": {"rule": "RunAsAny"},
            "supplementalGroups": {"rule": "RunAsAny"},
            "fsGroup": {"rule": "RunAsAny"},
            "allowPrivilegeEscalation": false,
            "defaultAllowPrivilegeEscalation": false,
            "allowedCapabilities": ["NET_ADMIN", "NET_RAW"],
            "defaultAddCapabilities": [],
            "requiredDropCapabilities": [],
            "hostPID": false,
            "hostIPC": false,
            "hostNetwork": true,
            "hostPorts": [{"min": 0, "max": 65535}],
            "seLinux": {"rule": "RunAsAny"}
        }
    }));
    let mapping = mapping::map(&flannel, V1_24);
    assert_eq!(mapping.level, Some(Level::Privileged));
    assert_eq!(
        mapping.blocked_by.baseline,
        [
            "capabilities_baseline",
            "hostNamespaces",
            "hostPathVolumes",
            "hostPorts"
        ]
    );
    let lost = unmapped(&flannel);
    assert!(
        lost.contains(
            &"allowedHostPaths: /etc/cni/net.d, /etc/kube-flannel, /run/flannel".to_owned()
        )
    );
    assert!(lost.contains(&"allowedCapabilities: NET_ADMIN, NET_RAW".to_owned()));
    assert!(
        !lost.iter().any(|lost| lost.starts_with("hostPorts")),
        "every port is allowed: {lost:?}"
    );
}

#[test]
fn metallb_speaker_grants_no_privileged_containers() {
    let speaker = restricted(|p| {
        p.annotations.clear();
        p.spec.privileged = true;
        p.spec.allowed_capabilities = strings(&["NET_ADMIN", "NET_RAW", "SYS_ADMIN"]);
        p.spec.host_network = true;
        p.spec.host_ports = vec![PortRange {
            min: 7472,
            max: 7472,
        }];
        p.spec.run_as_user = rule("RunAsAny", &[]);
    });
    let mapping = mapping::map(&speaker, V1_24);
    assert_eq!(
        mapping.blocked_by.baseline,
        ["capabilities_baseline", "hostNamespaces", "hostPorts"]
    );
    let privileged = exposure(&speaker, V1_24, "privileged");
    assert_eq!(privileged.verdict, Verdict::Enforced);
    assert!(privileged.message.starts_with("dead permission"));
}

#[test]
fn an_addon_is_baseline_but_for_net_raw() {
    let addon = restricted(|p| {
        p.annotations.clear();
        p.spec.allow_privilege_escalation = None;
        p.spec.required_drop_capabilities.clear();
        p.spec.allowed_capabilities = strings(&["CHOWN", "NET_RAW"]);
        p.spec.run_as_user = rule("RunAsAny", &[]);
    });
    assert_eq!(
        mapping::map(&addon, V1_24).summary,
        "privileged, only because of capabilities_baseline (allowedCapabilities: NET_RAW)"
    );
}

#[test]
fn a_policy_named_restricted_with_every_volume_is_privileged_and_for_that_alone() {
    let policy = restricted(|p| p.spec.volumes = strings(&["*"]));
    let mapping = mapping::map(&policy, V1_24);
    assert_eq!(mapping.level, Some(Level::Privileged));
    assert_eq!(mapping.blocked_by.baseline, ["hostPathVolumes"]);
    assert_eq!(
        mapping.blocked_by.restricted,
        ["hostPathVolumes", "restrictedVolumes"]
    );
}

#[test]
fn a_policy_named_restricted_without_a_seccomp_list_is_baseline() {
    let policy = restricted(|p| p.annotations.clear());
    let mapping = mapping::map(&policy, V1_24);
    assert_eq!(mapping.level, Some(Level::Baseline));
    assert_eq!(mapping.blocked_by.restricted, ["seccompProfile_restricted"]);
    let exposure = exposure(&policy, V1_24, "seccompProfile_restricted");
    assert!(exposure.message.contains("refused"));
}

#[test]
fn the_once_official_baseline_example_imposes_unconfined() {
    let example = decode(&serde_json::json!({
        "metadata": {"name": "baseline", "annotations": {
            "apparmor.security.beta.kubernetes.io/allowedProfileNames": "runtime/default",
            "apparmor.security.beta.kubernetes.io/defaultProfileName": "runtime/default",
            "seccomp.security.alpha.kubernetes.io/allowedProfileNames":
                "docker/default,runtime/default,unconfined",
            "seccomp.security.alpha.kubernetes.io/defaultProfileName": "unconfined"
        }},
        "spec": {
            "privileged": false,
            "allowedCapabilities": ["CHOWN", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETUID"],
            "volumes": ["configMap", "emptyDir", "projected", "secret", "downwardAPI",
                "persistentVolumeClaim", "awsElasticBlockStore", "nfs"],
            "hostNetwork": false,
            "hostIPC": false,
            "hostPID": false,
            "readOnlyRootFilesystem": false,
            "runAsUser": {"rule": "RunAsAny"},
            "seLinux": {"rule": "RunAsAny"},
            "supplementalGroups": {"rule": "RunAsAny"},
            "fsGroup": {"rule": "RunAsAny"}
        }
    }));
    let mapping = mapping::map(&example, V1_24);
    assert_eq!(mapping.level, Some(Level::Privileged));
    assert_eq!(mapping.blocked_by.baseline, ["seccompProfile_baseline"]);
    assert_eq!(
        exposure(&example, V1_24, "seccompProfile_baseline").verdict,
        Verdict::Imposed
    );
}

#[test]
fn a_range_of_users_without_root_is_baseline_for_want_of_the_flag() {
    let policy = restricted(|p| p.spec.run_as_user = rule("MustRunAs", &[(1, 65535)]));
    let mapping = mapping::map(&policy, V1_24);
    assert_eq!(mapping.level, Some(Level::Baseline));
    assert_eq!(mapping.blocked_by.restricted, ["runAsNonRoot"]);
}
