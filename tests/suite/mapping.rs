//! Policies to verdicts and levels: the rules one by one, real cases, the traps, and two properties: no verdict is
//! contradicted by a pod that the real plugin admitted, and a policy that allows more is never called tighter.

mod cases;
mod fields;
mod levels;
mod mutations;
mod order;
mod soundness;
mod traps;
mod unmapped;
mod verdicts_baseline;
mod verdicts_restricted;

use crate::policies::{VERSIONS, annotate, decode, restricted, rule, strings};
use psp2psa::mapping;
use psp2psa::model::pod::SeLinuxOptions;
use psp2psa::model::psp::{
    APPARMOR_DEFAULT, PodSecurityPolicy, RuntimeClassRule, SECCOMP_ALLOWED, SECCOMP_DEFAULT,
    SeLinuxRule,
};
use psp2psa::pss::{Exposure, Level, Version};

/// The version of the last release with policies.
const V1_24: Version = Version::Minor(24);

/// The types of volumes that restricted accepts.
const RESTRICTED_VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

#[track_caller]
fn exposure(policy: &PodSecurityPolicy, version: Version, check: &str) -> Exposure {
    mapping::map(policy, version)
        .controls
        .into_iter()
        .find(|control| control.check == check)
        .expect("the check exists at the version")
        .exposure
}

/// The verdict, the field and the value of a check.
#[track_caller]
fn verdict(policy: &PodSecurityPolicy, version: Version, check: &str) -> String {
    let exposure = exposure(policy, version, check);
    assert!(!exposure.message.is_empty(), "{check}");
    let Exposure {
        verdict,
        field,
        value,
        ..
    } = exposure;
    let field = field
        .replace("spec.", "")
        .replace(
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/",
            "seccomp ",
        )
        .replace(
            "metadata.annotations[apparmor.security.beta.kubernetes.io/",
            "apparmor ",
        )
        .replace(']', "");
    format!("{verdict} {field}: {value}")
}

#[track_caller]
fn level(policy: &PodSecurityPolicy, version: Version) -> Level {
    mapping::map(policy, version)
        .level
        .expect("the policy admits pods")
}

/// The fields that are lost, with their values.
fn unmapped(policy: &PodSecurityPolicy) -> Vec<String> {
    mapping::map(policy, V1_24)
        .unmapped
        .iter()
        .map(|lost| format!("{}: {}", lost.field.replace("spec.", ""), lost.value))
        .collect()
}

fn mutations(policy: &PodSecurityPolicy) -> Vec<String> {
    mapping::map(policy, V1_24)
        .mutations
        .iter()
        .map(|mutation| {
            let path = mutation
                .path
                .replace("spec.containers[*].securityContext", "*");
            format!(
                "{} -> {path} = {}",
                mutation.field.replace("spec.", ""),
                mutation.value
            )
        })
        .collect()
}

#[track_caller]
fn rows(check: &str, version: Version, rows: Vec<(PodSecurityPolicy, &str)>) {
    for (index, (policy, expected)) in rows.into_iter().enumerate() {
        let found = verdict(&policy, version, check);
        assert_eq!(found, expected, "{check} at {version}, row {index}");
    }
}

fn seccomp(allowed: Option<&str>, default: Option<&str>) -> PodSecurityPolicy {
    restricted(|p| {
        p.annotations.clear();
        if let Some(allowed) = allowed {
            annotate(p, SECCOMP_ALLOWED, allowed);
        }
        if let Some(default) = default {
            annotate(p, SECCOMP_DEFAULT, default);
        }
    })
}

fn everything() -> PodSecurityPolicy {
    restricted(|p| {
        annotate(p, APPARMOR_DEFAULT, "runtime/default");
        let spec = &mut p.spec;
        spec.supplemental_groups = rule("MustRunAs", &[(1, 9), (20, 29)]);
        spec.fs_group = rule("MustRunAs", &[(2, 9)]);
        spec.run_as_user = rule("MustRunAs", &[(3, 9)]);
        spec.run_as_group = Some(rule("MustRunAs", &[(4, 9)]));
        spec.se_linux = SeLinuxRule {
            rule: "MustRunAs".to_owned(),
            se_linux_options: Some(SeLinuxOptions {
                level: "s0:c1".to_owned(),
                ..SeLinuxOptions::default()
            }),
        };
        spec.runtime_class = Some(RuntimeClassRule {
            allowed_runtime_class_names: strings(&["gvisor"]),
            default_runtime_class_name: Some("gvisor".to_owned()),
        });
        spec.default_add_capabilities = strings(&["NET_BIND_SERVICE"]);
        spec.read_only_root_filesystem = true;
    })
}
