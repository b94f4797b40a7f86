//! What a policy restricts and its closest level does not.

use super::{RESTRICTED_VOLUMES, V1_24, annotate, everything, restricted, rule, strings, unmapped};
use psp2psa::mapping;
use psp2psa::model::psp::{
    AllowedCsiDriver, AllowedFlexVolume, AllowedHostPath, PodSecurityPolicy, PortRange,
    RuntimeClassRule, SECCOMP_ALLOWED,
};

#[test]
fn the_unchanged_policy_loses_its_lists() {
    assert_eq!(
        unmapped(&restricted(|_| {})),
        [
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]: runtime/default",
            "allowedCapabilities: none",
            "volumes: configMap, emptyDir, secret",
        ]
    );
    let lost = mapping::map(&restricted(|_| {}), V1_24).unmapped;
    assert_eq!(
        lost[1].message,
        "containers may add no other capability; restricted lets them add NET_BIND_SERVICE"
    );
    assert_eq!(
        lost[2].message,
        "pods may use no other type of volume; restricted accepts csi, downwardAPI, ephemeral, \
         persistentVolumeClaim, projected too"
    );
}

#[test]
fn a_policy_as_open_as_its_level_loses_nothing() {
    let policy = restricted(|p| {
        p.annotations.clear();
        p.spec.allowed_capabilities = strings(&["NET_BIND_SERVICE"]);
        p.spec.volumes = strings(&RESTRICTED_VOLUMES);
        annotate(p, SECCOMP_ALLOWED, "runtime/default");
    });
    assert_eq!(
        unmapped(&policy),
        [
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]: runtime/default"
        ]
    );
    let open = restricted(|p| {
        annotate(p, SECCOMP_ALLOWED, "*");
        p.spec.required_drop_capabilities.clear();
        p.spec.allowed_capabilities = strings(&["*"]);
        p.spec.volumes = strings(&["*"]);
        p.spec.host_ports = vec![
            PortRange {
                min: 30000,
                max: 70000,
            },
            PortRange { min: 0, max: 29999 },
        ];
        p.spec.run_as_group = Some(rule("MustRunAs", &[(0, i64::from(i32::MAX))]));
        p.spec.allowed_unsafe_sysctls = strings(&["*"]);
        p.spec.runtime_class = Some(RuntimeClassRule {
            allowed_runtime_class_names: strings(&["*"]),
            default_runtime_class_name: None,
        });
        p.spec.allowed_host_paths = vec![AllowedHostPath {
            path_prefix: "/".to_owned(),
            read_only: false,
        }];
    });
    assert_eq!(unmapped(&open), Vec::<String>::new());
}

#[test]
fn ranges_names_and_options_are_lost_at_every_level() {
    let lost = unmapped(&everything());
    for expected in [
        "seLinux.seLinuxOptions: {level: s0:c1}",
        "runAsUser.ranges: 3-9",
        "runAsGroup.ranges: 4-9",
        "supplementalGroups.ranges: 1-9, 20-29",
        "fsGroup.ranges: 2-9",
        "readOnlyRootFilesystem: true",
        "runtimeClass.allowedRuntimeClassNames: gvisor",
    ] {
        assert!(
            lost.iter().any(|lost| lost == expected),
            "{expected}: {lost:?}"
        );
    }
}

#[test]
fn lists_for_what_is_not_allowed_anyway_restrict_nothing() {
    let with = |volumes: &[&str]| {
        restricted(|p| {
            p.spec.volumes = strings(volumes);
            p.spec.allowed_host_paths = vec![
                AllowedHostPath {
                    path_prefix: "/var/log".to_owned(),
                    read_only: true,
                },
                AllowedHostPath {
                    path_prefix: "/run".to_owned(),
                    read_only: false,
                },
            ];
            p.spec.allowed_flex_volumes = vec![AllowedFlexVolume {
                driver: "a/b".to_owned(),
            }];
            p.spec.allowed_csi_drivers = vec![AllowedCsiDriver {
                name: "c.d".to_owned(),
            }];
        })
    };
    let about = |policy: &PodSecurityPolicy| -> Vec<String> {
        let mut lost = unmapped(policy);
        lost.retain(|lost| lost.starts_with("allowed") && !lost.contains("Capabilities"));
        lost
    };
    assert_eq!(about(&with(&["secret"])), Vec::<String>::new());
    assert_eq!(
        about(&with(&["hostPath"])),
        ["allowedHostPaths: /var/log (read-only), /run"]
    );
    assert_eq!(about(&with(&["flexVolume"])), ["allowedFlexVolumes: a/b"]);
    assert_eq!(about(&with(&["csi"])), ["allowedCSIDrivers: c.d"]);
    assert_eq!(
        about(&with(&["*"])),
        [
            "allowedHostPaths: /var/log (read-only), /run",
            "allowedFlexVolumes: a/b",
            "allowedCSIDrivers: c.d",
        ]
    );
    let all_for_reading = restricted(|p| {
        p.spec.volumes = strings(&["hostPath"]);
        p.spec.allowed_host_paths = vec![AllowedHostPath {
            path_prefix: "/".to_owned(),
            read_only: true,
        }];
    });
    assert_eq!(about(&all_for_reading), ["allowedHostPaths: / (read-only)"]);
}

#[test]
fn only_lists_that_are_tighter_than_the_level_are_lost() {
    let about = |field: &str, policy: &PodSecurityPolicy| -> Vec<String> {
        let mut lost = unmapped(policy);
        lost.retain(|lost| lost.starts_with(field));
        lost
    };
    let drops = |p: &mut PodSecurityPolicy| p.spec.run_as_user = rule("RunAsAny", &[]);
    assert_eq!(
        about("requiredDrop", &restricted(drops)),
        ["requiredDropCapabilities: ALL"],
        "baseline demands no drop"
    );
    assert_eq!(
        about("requiredDrop", &restricted(|_| {})),
        Vec::<String>::new()
    );
    let ports = |min, max| restricted(|p| p.spec.host_ports = vec![PortRange { min, max }]);
    assert_eq!(about("hostPorts", &ports(80, 90)), ["hostPorts: 80-90"]);
    assert_eq!(about("hostPorts", &ports(0, 0)), Vec::<String>::new());
    let sysctls = |unsafe_: &[&str], forbidden: &[&str]| {
        restricted(|p| {
            p.spec.allowed_unsafe_sysctls = strings(unsafe_);
            p.spec.forbidden_sysctls = strings(forbidden);
        })
    };
    for (policy, field, lost) in [
        (sysctls(&["kernel.msg*"], &[]), "allowedUnsafe", 1),
        (sysctls(&["*"], &[]), "allowedUnsafe", 0),
        (sysctls(&[], &[]), "allowedUnsafe", 0),
        (sysctls(&[], &["kernel.shm_rmid_forced"]), "forbidden", 1),
        (sysctls(&[], &["net.ipv4.*"]), "forbidden", 1),
        (sysctls(&[], &["*"]), "forbidden", 1),
        // Refused without being named.
        (sysctls(&[], &["kernel.msgmax"]), "forbidden", 0),
    ] {
        assert_eq!(about(field, &policy).len(), lost, "{:?}", policy.spec);
    }
}
