//! API validation of a policy: what a live cluster cannot hold.
//!
//! The order of errors and their odd paths (`defaultAddCapabilities` without `spec`,
//! `spec.allowedCSIDrivers.allowedCSIDriver[0]`) are upstream's. Not validated, there and here: `hostPorts`, the names
//! of capabilities, the contents of SELinux options.
//!
//! Upstream: `pkg/apis/policy/validation/validation.go` (v1.24.7).

use std::collections::BTreeSet;

use crate::go::quoted;
use crate::model::pod::VolumeKind;
use crate::model::psp::{IdRule, PodSecurityPolicy, PspSpec, RuntimeClassRule};
use crate::psp::field_error::FieldError;
use crate::psp::go_format;
use crate::psp::strategies::volumes;
use crate::psp::syntax;

mod metadata;
mod sysctls;

/// Everything that the API server finds wrong with a policy. Empty means valid.
///
/// A valid policy may still be unusable, see [`broken`](crate::psp::broken).
pub fn validate_policy(policy: &PodSecurityPolicy) -> Vec<FieldError> {
    let spec = &policy.spec;
    let mut errors = metadata::validate(policy);
    errors.extend(rule("spec.runAsUser", &spec.run_as_user, USER_RULES));
    if let Some(group) = &spec.run_as_group {
        errors.extend(run_as_group(group));
    }
    errors.extend(enumeration(
        "spec.seLinux.rule",
        &spec.se_linux.rule,
        SE_LINUX_RULES,
    ));
    errors.extend(rule(
        "spec.supplementalGroups",
        &spec.supplemental_groups,
        GROUP_RULES,
    ));
    errors.extend(rule("spec.fsGroup", &spec.fs_group, GROUP_RULES));
    errors.extend(volume_names(&spec.volumes));
    errors.extend(capabilities(spec));
    errors.extend(privilege_escalation(spec));
    for (index, proc_mount) in spec.allowed_proc_mount_types.iter().enumerate() {
        let field = format!("spec.allowedProcMountTypes[{index}]");
        errors.extend(enumeration(&field, proc_mount, PROC_MOUNTS));
    }
    errors.extend(host_paths(spec));
    errors.extend(drivers(spec));
    errors.extend(sysctls::validate(spec));
    if let Some(rule) = &spec.runtime_class {
        errors.extend(runtime_class(rule));
    }
    errors
}

const USER_RULES: &[&str] = &["MustRunAs", "MustRunAsNonRoot", "RunAsAny"];
const GROUP_RULES: &[&str] = &["MayRunAs", "MustRunAs", "RunAsAny"];
const SE_LINUX_RULES: &[&str] = &["MustRunAs", "RunAsAny"];
/// The group rules in the order in which `runAsGroup` lists them.
const RUN_AS_GROUP_RULES: &[&str] = &["MustRunAs", "RunAsAny", "MayRunAs"];
/// The values of `procMount`.
pub(crate) const PROC_MOUNTS: &[&str] = &["Default", "Unmasked"];

/// A value that must be one of several.
pub(crate) fn enumeration(field: &str, value: &str, supported: &[&str]) -> Option<FieldError> {
    (!supported.contains(&value)).then(|| FieldError::not_supported(field, value, supported))
}

fn rule(field: &str, rule: &IdRule, supported: &[&str]) -> Vec<FieldError> {
    let unknown = enumeration(&format!("{field}.rule"), &rule.rule, supported);
    unknown.into_iter().chain(ranges(field, rule)).collect()
}

fn ranges(field: &str, rule: &IdRule) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, range) in rule.ranges.iter().enumerate() {
        let field = format!("{field}.ranges[{index}]");
        for (wrong, bound, value, detail) in [
            (range.min < 0, "min", range.min, "min cannot be negative"),
            (range.max < 0, "max", range.max, "max cannot be negative"),
            (
                range.min > range.max,
                "min",
                range.min,
                "min cannot be greater than max",
            ),
        ] {
            if wrong {
                let field = format!("{field}.{bound}");
                errors.push(FieldError::invalid(field, value.to_string(), detail));
            }
        }
    }
    errors
}

fn run_as_group(rule: &IdRule) -> Vec<FieldError> {
    let field = "spec.runAsGroup";
    let wrong_ranges = |detail| {
        // Upstream prints an absent list as nil; the model does not tell it from an empty one.
        let value = go_format::ranges_in_full(&rule.ranges);
        vec![FieldError::invalid(
            format!("{field}.ranges"),
            value,
            detail,
        )]
    };
    match (rule.rule.as_str(), rule.ranges.is_empty()) {
        ("RunAsAny", true) => Vec::new(),
        ("RunAsAny", false) => wrong_ranges("Ranges must be empty"),
        ("MustRunAs" | "MayRunAs", true) => wrong_ranges("must provide at least one range"),
        ("MustRunAs" | "MayRunAs", false) => ranges(field, rule),
        (unknown, _) => {
            let field = format!("{field}.rule");
            vec![FieldError::not_supported(
                field,
                unknown,
                RUN_AS_GROUP_RULES,
            )]
        }
    }
}

fn volume_names(names: &[String]) -> Vec<FieldError> {
    let known = VolumeKind::ALL.iter();
    let mut supported: Vec<&str> = known
        .filter_map(|kind| volumes::name_in_policy(*kind))
        .chain(["*"])
        .collect();
    supported.sort_unstable();
    names
        .iter()
        .filter_map(|name| enumeration("spec.volumes", name, &supported))
        .collect()
}

fn capabilities(spec: &PspSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let required = &spec.required_drop_capabilities;
    if !required.is_empty() && spec.allowed_capabilities.iter().any(|cap| cap == "*") {
        errors.push(FieldError::invalid(
            "requiredDropCapabilities",
            go_format::strings("core.Capability", required),
            "must be empty when all capabilities are allowed by a wildcard",
        ));
    }
    let required: BTreeSet<&String> = required.iter().collect();
    for (field, list) in [
        ("defaultAddCapabilities", &spec.default_add_capabilities),
        ("allowedCapabilities", &spec.allowed_capabilities),
    ] {
        for cap in list.iter().filter(|cap| required.contains(cap)) {
            let detail = format!("capability is listed in {field} and requiredDropCapabilities");
            errors.push(FieldError::invalid(field, quoted(cap), detail));
        }
    }
    errors
}

fn privilege_escalation(spec: &PspSpec) -> Option<FieldError> {
    let default = spec.default_allow_privilege_escalation == Some(true);
    (default && !spec.allows_privilege_escalation()).then(|| {
        FieldError::invalid(
            "spec.defaultAllowPrivilegeEscalation",
            "true",
            "Cannot set DefaultAllowPrivilegeEscalation to true without also setting AllowPrivilegeEscalation to true",
        )
    })
}

fn host_paths(spec: &PspSpec) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, path) in spec.allowed_host_paths.iter().enumerate() {
        let field = format!("spec.allowedHostPaths[{index}]");
        if path.path_prefix.is_empty() {
            errors.push(FieldError::required(field, "is required"));
            // Upstream stops looking at the list here.
            break;
        }
        errors.extend(syntax::no_backsteps(&path.path_prefix, &field));
    }
    errors
}

fn drivers(spec: &PspSpec) -> Vec<FieldError> {
    let flex = spec.allowed_flex_volumes.iter().enumerate();
    let flex = flex
        .filter(|(_, volume)| volume.driver.is_empty())
        .map(|(index, _)| {
            let field = format!("spec.allowedFlexVolumes.allowedFlexVolumes[{index}].driver");
            FieldError::required(field, "must specify a driver")
        });
    let csi = spec.allowed_csi_drivers.iter().enumerate();
    let csi = csi.flat_map(|(index, driver)| {
        let field = format!("spec.allowedCSIDrivers.allowedCSIDriver[{index}].name");
        syntax::csi_driver_name(&driver.name, &field)
    });
    flex.chain(csi).collect()
}

fn runtime_class(rule: &RuntimeClassRule) -> Vec<FieldError> {
    let field = "spec.runtimeClass";
    let list = format!("{field}.allowedRuntimeClassNames");
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, name) in rule.allowed_runtime_class_names.iter().enumerate() {
        let item = format!("{list}[{index}]");
        if name != "*" {
            errors.extend(syntax::runtime_class_name(name, &item));
        }
        if !seen.insert(name.as_str()) {
            errors.push(FieldError::duplicate(item, name));
        }
    }
    if let Some(default) = &rule.default_runtime_class_name {
        let field = format!("{field}.defaultRuntimeClassName");
        errors.extend(syntax::runtime_class_name(default, &field));
        if !seen.contains(default.as_str()) && !seen.contains("*") {
            let detail = format!("default {} must be allowed", quoted(default));
            errors.push(FieldError::required(list.clone(), detail));
        }
    }
    if seen.contains("*") && rule.allowed_runtime_class_names.len() > 1 {
        errors.push(FieldError::invalid(
            list,
            go_format::strings("string", &rule.allowed_runtime_class_names),
            "if '*' is present, must not specify other RuntimeClass names",
        ));
    }
    errors
}
