//! Policies for the tests of several modules: small ones to change, those of the fixtures, and generated ones near the
//! boundaries of the checks.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use psp2psa::input::InputFile;
use psp2psa::model::object::ObjectMeta;
use psp2psa::model::pod::SeLinuxOptions;
use psp2psa::model::psp::{
    APPARMOR_ALLOWED, APPARMOR_DEFAULT, AllowedFlexVolume, AllowedHostPath, IdRange, IdRule,
    PodSecurityPolicy, PortRange, PspSpec, RuntimeClassRule, SECCOMP_ALLOWED, SECCOMP_DEFAULT,
    SeLinuxRule,
};
use psp2psa::psp;
use psp2psa::pss::Version;
use serde_json::Value;

/// Versions at which a revision begins, and their neighbours.
pub(crate) const VERSIONS: [Version; 10] = [
    Version::Minor(0),
    Version::Minor(18),
    Version::Minor(19),
    Version::Minor(22),
    Version::Minor(24),
    Version::Minor(25),
    Version::Minor(31),
    Version::Minor(34),
    Version::Minor(35),
    Version::Latest,
];

/// Owned texts.
pub(crate) fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

/// An id rule with its ranges.
pub(crate) fn rule(rule: &str, ranges: &[(i64, i64)]) -> IdRule {
    IdRule {
        rule: rule.to_owned(),
        ranges: ranges
            .iter()
            .map(|(min, max)| IdRange {
                min: *min,
                max: *max,
            })
            .collect(),
    }
}

/// Writes an annotation.
pub(crate) fn annotate(policy: &mut PodSecurityPolicy, key: &str, value: &str) {
    policy.annotations.insert(key.to_owned(), value.to_owned());
}

/// A policy whose closest level is restricted, changed in one way.
pub(crate) fn restricted(edit: impl FnOnce(&mut PodSecurityPolicy)) -> PodSecurityPolicy {
    let mut policy = PodSecurityPolicy {
        name: "p".to_owned(),
        sources: Vec::new(),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        from_cluster: false,
        spec: PspSpec {
            allow_privilege_escalation: Some(false),
            required_drop_capabilities: strings(&["ALL"]),
            volumes: strings(&["configMap", "emptyDir", "secret"]),
            run_as_user: rule("MustRunAsNonRoot", &[]),
            supplemental_groups: rule("RunAsAny", &[]),
            fs_group: rule("RunAsAny", &[]),
            se_linux: SeLinuxRule {
                rule: "RunAsAny".to_owned(),
                se_linux_options: None,
            },
            ..PspSpec::default()
        },
    };
    annotate(&mut policy, SECCOMP_ALLOWED, "runtime/default");
    annotate(&mut policy, SECCOMP_DEFAULT, "runtime/default");
    edit(&mut policy);
    policy
}

/// A policy from the JSON of its object, read as the decoder does.
pub(crate) fn decode(object: &Value) -> PodSecurityPolicy {
    let metadata: ObjectMeta =
        serde_json::from_value(object["metadata"].clone()).expect("metadata");
    PodSecurityPolicy {
        name: metadata.name,
        sources: Vec::new(),
        labels: metadata.labels,
        annotations: metadata.annotations,
        from_cluster: false,
        spec: serde_json::from_value(object["spec"].clone()).expect("a spec"),
    }
}

/// Upstream's answers to the creation of pods: a file's name and its lines.
pub(crate) const CREATIONS: [(&str, &str); 3] = [
    (
        "psp.jsonl",
        include_str!("../../fixtures/vectors/psp.jsonl"),
    ),
    (
        "psp-cases.jsonl",
        include_str!("../../fixtures/vectors/psp-cases.jsonl"),
    ),
    (
        "psp-e2e.jsonl",
        include_str!("../../fixtures/vectors/psp-e2e.jsonl"),
    ),
];
/// Upstream's answers to updates of pods.
pub(crate) const UPDATES: &str = include_str!("../../fixtures/vectors/psp-update.jsonl");
/// Upstream's validation of policies.
pub(crate) const POLICIES: &str = include_str!("../../fixtures/vectors/psp-valid.jsonl");

/// The policies of the small cluster.
pub(crate) fn of_the_cluster() -> Vec<PodSecurityPolicy> {
    let text = include_str!("../../fixtures/cluster/policies.yaml");
    let read = psp2psa::read(&InputFile::new("policies.yaml", text.into()));
    let (inventory, _) = psp2psa::assemble(read, &psp2psa::default_attribution());
    inventory.policies
}

/// Every policy of the vectors that the API server accepts, each text once.
pub(crate) fn of_the_vectors() -> Vec<PodSecurityPolicy> {
    let texts = CREATIONS.iter().map(|(_, text)| *text);
    let texts = texts.chain([UPDATES, POLICIES]);
    let mut distinct = BTreeMap::new();
    for line in texts.flat_map(str::lines) {
        let vector: Value = serde_json::from_str(line).expect("a vector");
        let several = vector["psps"].as_array().into_iter().flatten();
        for object in several.chain(vector.get("psp")) {
            let policy = decode(object);
            if psp::validate_policy(&policy).is_empty() {
                let text = format!("{:?} {:?}", policy.annotations, policy.spec);
                distinct.insert(text, policy);
            }
        }
    }
    distinct.into_values().collect()
}

/// Texts from which policies near the boundaries are made.
pub(crate) mod near {
    pub(crate) const CAPABILITIES: [&str; 6] = [
        "NET_BIND_SERVICE",
        "CHOWN",
        "NET_RAW",
        "CAP_SYS_ADMIN",
        "ALL",
        "*",
    ];
    pub(crate) const VOLUMES: [&str; 6] = ["secret", "csi", "nfs", "cephFS", "hostPath", "*"];
    pub(crate) const SECCOMP: [&str; 5] = [
        "runtime/default",
        "docker/default",
        "localhost/x",
        "unconfined",
        "*",
    ];
    pub(crate) const SYSCTLS: [&str; 5] = [
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_rmem",
        "kernel.msg*",
        "*",
    ];
    pub(crate) const RANGES: [(i32, i32); 4] = [(0, 0), (9, 8), (80, 80), (0, 65535)];
}

/// Some of the texts, each at most once.
fn some(of: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(of, 0..=of.len()).prop_map(|items| strings(&items))
}

fn ports() -> impl Strategy<Value = Vec<PortRange>> {
    let all: Vec<PortRange> = near::RANGES
        .iter()
        .map(|(min, max)| PortRange {
            min: *min,
            max: *max,
        })
        .collect();
    proptest::sample::subsequence(all, 0..=near::RANGES.len())
}

prop_compose! {
    fn spec()(
        flags in any::<[bool; 5]>(),
        escalation in any::<(Option<bool>, Option<bool>)>(),
        added in some(&["NET_BIND_SERVICE", "KILL", "SYS_TIME", "CAP_SYS_ADMIN"]),
        allowed_capabilities in some(&near::CAPABILITIES),
        volumes in some(&near::VOLUMES),
        host_ports in ports(),
        sysctls in some(&near::SYSCTLS),
        user in prop_oneof![
            Just(rule("MustRunAsNonRoot", &[])),
            Just(rule("MustRunAs", &[(1, 9)])),
            Just(rule("MustRunAs", &[(1, 9), (0, 0)])),
            Just(rule("MustRunAs", &[(0, 9)])),
            Just(rule("RunAsAny", &[])),
        ],
    ) -> PspSpec {
        let [privileged, host_network, host_pid, unmasked, drop] = flags;
        let nothing = || rule("RunAsAny", &[]);
        PspSpec {
            privileged,
            host_network,
            host_pid,
            allow_privilege_escalation: escalation.0,
            default_allow_privilege_escalation: escalation.1,
            default_add_capabilities: added,
            allowed_capabilities,
            required_drop_capabilities: strings(if drop { &["ALL"] } else { &[] }),
            volumes,
            host_ports,
            allowed_unsafe_sysctls: sysctls,
            allowed_proc_mount_types: strings(if unmasked { &["Unmasked"] } else { &[] }),
            run_as_user: user,
            fs_group: nothing(),
            supplemental_groups: nothing(),
            se_linux: SeLinuxRule {
                rule: "RunAsAny".to_owned(),
                se_linux_options: None,
            },
            ..PspSpec::default()
        }
    }
}

prop_compose! {
    /// Policies near the boundaries of every check, valid or not.
    pub(crate) fn policies()(
        spec in spec(),
        seccomp in some(&near::SECCOMP),
        default in proptest::option::of(proptest::sample::select(&near::SECCOMP[..4])),
        app_armor in proptest::option::of(proptest::sample::select(
            &["", "runtime/default", "runtime/default,unconfined"][..],
        )),
    ) -> PodSecurityPolicy {
        restricted(|policy| {
            policy.spec = spec;
            policy.annotations.clear();
            if !seccomp.is_empty() {
                annotate(policy, SECCOMP_ALLOWED, &seccomp.join(","));
            }
            if let Some(default) = default {
                annotate(policy, SECCOMP_DEFAULT, default);
            }
            if let Some(app_armor) = app_armor {
                annotate(policy, APPARMOR_ALLOWED, app_armor);
            }
        })
    }
}

/// What only odd policies have, on top of [`policies`].
#[derive(Debug, Clone)]
struct Odd {
    se_linux: Option<SeLinuxOptions>,
    ids: [IdRule; 4],
    proc_mounts: Vec<String>,
    drops: Vec<String>,
    runtime_class: Option<RuntimeClassRule>,
    host_paths: Vec<AllowedHostPath>,
    read_only: bool,
    seccomp: Option<(Vec<&'static str>, &'static str)>,
    app_armor: Option<&'static str>,
    forbidden: Vec<String>,
}

/// Rules over ids, some of which write one that no pod can have.
fn ids(rules: &'static [&'static str]) -> impl Strategy<Value = IdRule> {
    const RANGES: &[&[(i64, i64)]] = &[
        &[(0, 0)],
        &[(1, 9)],
        &[(0, 9)],
        &[(3_000_000_000, 4_000_000_000), (0, 0)],
        &[(3_000_000_000, 4_000_000_000), (7, 9)],
        &[(2_147_483_647, 2_147_483_648), (0, 5)],
        &[(3_000_000_000, 4_000_000_000)],
    ];
    (select(rules), select(RANGES)).prop_map(|(name, ranges)| match name {
        "RunAsAny" | "MustRunAsNonRoot" => rule(name, &[]),
        _ => rule(name, ranges),
    })
}

fn se_linux() -> impl Strategy<Value = SeLinuxOptions> {
    let text = |values| select(values).prop_map(str::to_owned);
    (
        text(&["", "container_t", "container_engine_t", "spc_t"][..]),
        text(&["", "", "user_u"][..]),
        text(&["", "", "object_r"][..]),
        text(&["", "s0", "s0:c2,c1"][..]),
    )
        .prop_map(|(type_, user, role, level)| SeLinuxOptions {
            user,
            role,
            type_,
            level,
        })
}

prop_compose! {
    fn odd()(
        se_linux in proptest::option::of(se_linux()),
        ids in [
            ids(&["RunAsAny", "MustRunAsNonRoot", "MustRunAs"]),
            ids(&["RunAsAny", "MustRunAs", "MayRunAs"]),
            ids(&["RunAsAny", "RunAsAny", "MustRunAs", "MayRunAs"]),
            ids(&["RunAsAny", "RunAsAny", "MustRunAs", "MayRunAs"]),
        ],
        proc_mounts in some(&["Default", "Unmasked"]),
        drops in some(&["ALL", "KILL", "NET_RAW"]),
        runtime_class in proptest::option::of(proptest::option::of(Just("gvisor".to_owned()))),
        host_paths in subsequence(vec![("/var/log/", true), ("/", false), ("relative", false)], 0..=3),
        read_only in any::<bool>(),
        seccomp in proptest::option::of((
            subsequence(&["localhost/", "docker/default", "localhost/x", "unconfined"][..], 1..=4),
            select(&["localhost/", "runtime/default", "localhost/x", "unconfined"][..]),
        )),
        app_armor in proptest::option::of(select(&["runtime/default", "localhost/x", "unconfined"][..])),
        forbidden in some(&["net.ipv4.tcp_syncookies", "kernel.shm*", "net.core.*"]),
    ) -> Odd {
        Odd {
            se_linux,
            ids,
            proc_mounts,
            drops,
            runtime_class: runtime_class.map(|default| RuntimeClassRule {
                allowed_runtime_class_names: strings(&["kata", "gvisor"]),
                default_runtime_class_name: default,
            }),
            host_paths: host_paths
                .into_iter()
                .map(|(prefix, read_only)| AllowedHostPath {
                    path_prefix: prefix.to_owned(),
                    read_only,
                })
                .collect(),
            read_only,
            seccomp,
            app_armor,
            forbidden,
        }
    }
}

/// Policies near the boundaries of every check, that the API server accepts, with everything that makes a policy odd.
pub(crate) fn valid_policies() -> impl Strategy<Value = PodSecurityPolicy> {
    (policies(), proptest::option::of(odd()))
        .prop_map(|(mut policy, odd)| {
            if let Some(odd) = odd {
                make_odd(&mut policy, odd);
            }
            make_valid(&mut policy.spec);
            policy
        })
        .prop_filter("the API server accepts it", |policy| {
            psp::validate_policy(policy).is_empty()
        })
}

fn make_odd(policy: &mut PodSecurityPolicy, odd: Odd) {
    let spec = &mut policy.spec;
    if let Some(options) = odd.se_linux {
        spec.se_linux = SeLinuxRule {
            rule: "MustRunAs".to_owned(),
            se_linux_options: Some(options),
        };
    }
    let [user, group, fs_group, groups] = odd.ids;
    spec.run_as_user = user;
    spec.run_as_group = Some(group);
    spec.fs_group = fs_group;
    spec.supplemental_groups = groups;
    spec.allowed_proc_mount_types = odd.proc_mounts;
    spec.required_drop_capabilities = odd.drops;
    spec.runtime_class = odd.runtime_class;
    spec.allowed_host_paths = odd.host_paths;
    spec.volumes.push("flexVolume".to_owned());
    spec.allowed_flex_volumes = vec![AllowedFlexVolume {
        driver: "example.com/lvm".to_owned(),
    }];
    spec.read_only_root_filesystem = odd.read_only;
    spec.forbidden_sysctls = odd.forbidden;
    if let Some((list, default)) = odd.seccomp {
        annotate(policy, SECCOMP_ALLOWED, &list.join(","));
        annotate(policy, SECCOMP_DEFAULT, default);
    }
    if let Some(default) = odd.app_armor {
        annotate(policy, APPARMOR_DEFAULT, default);
    }
}

/// Removes what the API server would refuse most often.
fn make_valid(spec: &mut PspSpec) {
    if spec.allowed_capabilities.iter().any(|item| item == "*") {
        spec.required_drop_capabilities.clear();
    }
    let (allowed, added) = (&spec.allowed_capabilities, &spec.default_add_capabilities);
    spec.required_drop_capabilities
        .retain(|item| !allowed.contains(item) && !added.contains(item));
    if !spec.allows_privilege_escalation() {
        spec.default_allow_privilege_escalation = None;
    }
    if spec.allowed_unsafe_sysctls.iter().any(|item| item == "*") {
        spec.allowed_unsafe_sysctls = strings(&["*"]);
        spec.forbidden_sysctls.clear();
    }
    let allowed = &spec.allowed_unsafe_sysctls;
    spec.forbidden_sysctls
        .retain(|item| !allowed.contains(item));
}
