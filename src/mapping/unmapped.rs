//! What a policy effectively restricts and the closest level does not.
//!
//! Levels know no prefixes, ranges, drivers or names, so a list of such is lost whatever the level; lists that a level has
//! too are lost where the policy's is tighter. Rules that a check of the standards states as they are (`privileged: false`
//! and the like) are not listed: they are what the verdicts are about. A list for something that the policy does not allow
//! at all restricts nothing and is not listed either.

use crate::mapping::admits::MAX_ID;
use crate::model::pod::VolumeKind;
use crate::model::psp::{APPARMOR_ALLOWED, IdRange, IdRule, PodSecurityPolicy, SECCOMP_ALLOWED};
use crate::pss::{self, Allowed, Level, Version};

/// One restriction that is lost at the closest level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmapped {
    /// The path of the policy's field.
    pub field: String,
    /// Its value, as text; `none` where the list is empty.
    pub value: String,
    /// What the policy restricts and the level does not, in a phrase: lowercase first, no full stop.
    pub message: String,
}

/// Everything that the policy restricts and the level at that version does not, so that it is lost with the policy.
pub fn unmapped(policy: &PodSecurityPolicy, level: Level, version: Version) -> Vec<Unmapped> {
    let allowed = pss::allowed(level, version);
    let groups = [
        seccomp(policy, level),
        app_armor(policy, level),
        capabilities(policy, level, &allowed),
        volumes(policy, level, &allowed),
        host_ports(policy),
        se_linux(policy, level),
        ids(policy),
        filesystem(policy),
        host_paths(policy),
        drivers(policy),
        sysctls(policy, level, &allowed),
        runtime_class(policy),
    ];
    groups.into_iter().flatten().collect()
}

fn lost(
    field: impl Into<String>,
    value: impl Into<String>,
    message: impl Into<String>,
) -> Unmapped {
    Unmapped {
        field: field.into(),
        value: value.into(),
        message: message.into(),
    }
}

fn joined<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}

/// Without a list no profile may be named, which is no protection to lose.
fn seccomp(policy: &PodSecurityPolicy, level: Level) -> Vec<Unmapped> {
    let Some(list) = policy.seccomp_allowed().filter(|list| !list.contains(&"*")) else {
        return Vec::new();
    };
    let message = match level {
        Level::Privileged => {
            "every pod must name one of these seccomp profiles; privileged accepts any, and none"
        }
        Level::Baseline => {
            "every pod must name one of these seccomp profiles; baseline accepts any localhost profile, and none"
        }
        Level::Restricted => {
            "only these seccomp profiles may be named; restricted accepts any localhost profile"
        }
    };
    let field = format!("metadata.annotations[{SECCOMP_ALLOWED}]");
    vec![lost(field, joined(list), message)]
}

fn app_armor(policy: &PodSecurityPolicy, level: Level) -> Vec<Unmapped> {
    let Some(list) = policy.apparmor_allowed() else {
        return Vec::new();
    };
    let accepted = match level {
        Level::Privileged => "any",
        Level::Baseline | Level::Restricted => "any localhost profile",
    };
    let message = format!(
        "every container must name one of these AppArmor profiles; {level} accepts {accepted}, and none"
    );
    let field = format!("metadata.annotations[{APPARMOR_ALLOWED}]");
    let list = list.into_iter().filter(|item| !item.is_empty());
    vec![lost(field, joined(list), message)]
}

fn capabilities(policy: &PodSecurityPolicy, level: Level, allowed: &Allowed) -> Vec<Unmapped> {
    let spec = &policy.spec;
    let mut found = Vec::new();
    let mut own: Vec<&str> = spec
        .allowed_capabilities
        .iter()
        .chain(&spec.default_add_capabilities)
        .map(String::as_str)
        .collect();
    own.sort_unstable();
    own.dedup();
    let beyond = match allowed.capabilities {
        None => Some("any".to_owned()),
        Some(names) => {
            let mut beyond = names.iter().filter(|name| !own.contains(name)).peekable();
            beyond.peek().is_some().then(|| joined(beyond))
        }
    };
    if let Some(beyond) = beyond
        && !spec.allowed_capabilities.iter().any(|item| item == "*")
    {
        found.push(lost(
            "spec.allowedCapabilities",
            joined(&own),
            format!("containers may add no other capability; {level} lets them add {beyond}"),
        ));
    }
    if !spec.required_drop_capabilities.is_empty() && !allowed.drop_all {
        found.push(lost(
            "spec.requiredDropCapabilities",
            joined(&spec.required_drop_capabilities),
            format!("every container drops these capabilities; {level} does not demand it"),
        ));
    }
    found
}

fn volumes(policy: &PodSecurityPolicy, level: Level, allowed: &Allowed) -> Vec<Unmapped> {
    let beyond: Vec<VolumeKind> = VolumeKind::ALL
        .iter()
        .copied()
        // Younger than any policy.
        .filter(|kind| *kind != VolumeKind::Image)
        .filter(|kind| {
            let accepts = allowed.volumes.as_ref();
            accepts.is_none_or(|kinds| kinds.contains(kind))
        })
        .filter(|kind| policy.spec.volume_item(*kind).is_none())
        .collect();
    if beyond.is_empty() {
        return Vec::new();
    }
    let beyond = match level {
        Level::Privileged => "every type".to_owned(),
        Level::Baseline => "every type but hostPath".to_owned(),
        Level::Restricted => format!("{} too", joined(beyond.into_iter().map(VolumeKind::field))),
    };
    vec![lost(
        "spec.volumes",
        joined(&policy.spec.volumes),
        format!("pods may use no other type of volume; {level} accepts {beyond}"),
    )]
}

/// A policy without usable ranges is as strict as baseline, and its verdict says so.
fn host_ports(policy: &PodSecurityPolicy) -> Vec<Unmapped> {
    let ranges = &policy.spec.host_ports;
    let spans = ranges.iter().map(|r| (i64::from(r.min), i64::from(r.max)));
    let spans: Vec<(i64, i64)> = spans
        .filter(|(min, max)| (*min).max(1) <= (*max).min(65535))
        .collect();
    if spans.is_empty() || covers(spans, 1, 65535) {
        return Vec::new();
    }
    vec![lost(
        "spec.hostPorts",
        joined(ranges),
        "containers may claim no other port of the node; where a level accepts one, it accepts all",
    )]
}

fn se_linux(policy: &PodSecurityPolicy, level: Level) -> Vec<Unmapped> {
    let rule = &policy.spec.se_linux;
    let Some(options) = rule
        .se_linux_options
        .as_ref()
        .filter(|_| rule.rule == "MustRunAs")
    else {
        return Vec::new();
    };
    let accepted = match level {
        Level::Privileged => "any",
        Level::Baseline | Level::Restricted => "any level and several types, and none",
    };
    vec![lost(
        "spec.seLinux.seLinuxOptions",
        options.to_string(),
        format!("every pod runs with these SELinux options; {level} accepts {accepted}"),
    )]
}

/// Ranges that hold every id restrict nothing. Nor do those of a rule that does not look at them.
fn ids(policy: &PodSecurityPolicy) -> Vec<Unmapped> {
    let spec = &policy.spec;
    let rules: [(&str, Option<&IdRule>, &str); 4] = [
        ("spec.runAsUser.ranges", Some(&spec.run_as_user), "users"),
        (
            "spec.runAsGroup.ranges",
            spec.run_as_group.as_ref(),
            "groups",
        ),
        (
            "spec.supplementalGroups.ranges",
            Some(&spec.supplemental_groups),
            "supplemental groups",
        ),
        (
            "spec.fsGroup.ranges",
            Some(&spec.fs_group),
            "file system groups",
        ),
    ];
    let span = |range: &IdRange| (range.min, range.max);
    rules
        .into_iter()
        .filter_map(|(field, rule, what)| Some((field, rule?, what)))
        .filter(|(_, rule, _)| rule.rule == "MustRunAs" || rule.rule == "MayRunAs")
        .filter(|(_, rule, _)| !covers(rule.ranges.iter().map(span).collect(), 0, MAX_ID))
        .map(|(field, rule, what)| {
            lost(
                field,
                joined(&rule.ranges),
                format!("pods may have no other {what}; no level knows ranges"),
            )
        })
        .collect()
}

fn filesystem(policy: &PodSecurityPolicy) -> Vec<Unmapped> {
    if !policy.spec.read_only_root_filesystem {
        return Vec::new();
    }
    vec![lost(
        "spec.readOnlyRootFilesystem",
        "true",
        "no container can write to its image; no level demands that",
    )]
}

/// The prefix `/` matches every path.
fn host_paths(policy: &PodSecurityPolicy) -> Vec<Unmapped> {
    let paths = &policy.spec.allowed_host_paths;
    let all = paths
        .iter()
        .any(|path| path.path_prefix == "/" && !path.read_only);
    if paths.is_empty() || all || policy.spec.volume_item(VolumeKind::HostPath).is_none() {
        return Vec::new();
    }
    let texts = paths.iter().map(|path| {
        let suffix = if path.read_only { " (read-only)" } else { "" };
        format!("{}{suffix}", path.path_prefix)
    });
    vec![lost(
        "spec.allowedHostPaths",
        joined(texts),
        "pods may mount no other path of the node; where a level accepts one, it accepts all, and for writing",
    )]
}

fn drivers(policy: &PodSecurityPolicy) -> Vec<Unmapped> {
    let spec = &policy.spec;
    let mut found = Vec::new();
    let flex: Vec<&str> = spec
        .allowed_flex_volumes
        .iter()
        .map(|flex| flex.driver.as_str())
        .collect();
    if !flex.is_empty() && spec.volume_item(VolumeKind::FlexVolume).is_some() {
        found.push(lost(
            "spec.allowedFlexVolumes",
            joined(flex),
            "pods may use no other flex driver; no level knows drivers",
        ));
    }
    let csi: Vec<&str> = spec
        .allowed_csi_drivers
        .iter()
        .map(|csi| csi.name.as_str())
        .collect();
    if !csi.is_empty() && spec.volume_item(VolumeKind::Csi).is_some() {
        found.push(lost(
            "spec.allowedCSIDrivers",
            joined(csi),
            "pods may use no other inline CSI driver; no level knows drivers",
        ));
    }
    found
}

/// Only lists that somebody wrote: that a policy by itself allows no unsafe sysctl is what the verdict is about.
fn sysctls(policy: &PodSecurityPolicy, level: Level, allowed: &Allowed) -> Vec<Unmapped> {
    let spec = &policy.spec;
    // What policies allow by themselves is the list of the first version.
    let safe = pss::allowed(Level::Baseline, Version::Minor(0))
        .sysctls
        .unwrap_or_default();
    let permitted =
        |name: &str| safe.contains(&name) || matches(&spec.allowed_unsafe_sysctls, name);
    let mut found = Vec::new();
    let tighter = match &allowed.sysctls {
        None => !spec.allowed_unsafe_sysctls.iter().any(|item| item == "*"),
        Some(names) => !names.iter().all(|name| permitted(name)),
    };
    if tighter && !spec.allowed_unsafe_sysctls.is_empty() {
        found.push(lost(
            "spec.allowedUnsafeSysctls",
            joined(&spec.allowed_unsafe_sysctls),
            format!("pods may set no other unsafe sysctl; {level} accepts more"),
        ));
    }
    if safe
        .iter()
        .any(|name| matches(&spec.forbidden_sysctls, name))
    {
        found.push(lost(
            "spec.forbiddenSysctls",
            joined(&spec.forbidden_sysctls),
            format!("pods may not set these sysctls; {level} accepts the safe ones among them"),
        ));
    }
    found
}

/// Whether a list of sysctls, some of them prefixes, has the name.
fn matches(list: &[String], name: &str) -> bool {
    list.iter().any(|item| match item.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => item == name,
    })
}

fn runtime_class(policy: &PodSecurityPolicy) -> Vec<Unmapped> {
    let Some(rule) = &policy.spec.runtime_class else {
        return Vec::new();
    };
    let names = &rule.allowed_runtime_class_names;
    if names.iter().any(|name| name == "*") {
        return Vec::new();
    }
    vec![lost(
        "spec.runtimeClass.allowedRuntimeClassNames",
        joined(names),
        "pods may name no other runtime class; no level knows runtime classes",
    )]
}

/// Whether the spans together hold every number from `first` to `last`. Spans that hold none do no harm.
fn covers(mut spans: Vec<(i64, i64)>, first: i64, last: i64) -> bool {
    spans.sort_unstable();
    let mut next = first;
    for (min, max) in spans {
        if min > next {
            return false;
        }
        if max >= last {
            return true;
        }
        next = next.max(max.saturating_add(1));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn spans_cover_together_whatever_their_order() {
        for (spans, covered) in [
            (vec![(0, 9)], true),
            (vec![(5, 9), (0, 4)], true),
            (vec![(0, 7), (2, 3), (8, 100)], true),
            (vec![], false),
            (vec![(1, 9)], false),
            (vec![(0, 4), (6, 9)], false),
            (vec![(0, 8)], false),
            (vec![(0, 4), (9, 5), (5, 9)], true),
            (vec![(9, 0)], false),
            (vec![(i64::MIN, i64::MAX)], true),
        ] {
            assert_eq!(covers(spans.clone(), 0, 9), covered, "{spans:?}");
        }
    }
}
