//! Which fields of an object a pod's admission reads.

use super::Target;
use super::merged::CONTAINERS;
use crate::model::gap;

/// Whether what a pod's admission reads stands at this place of an object, or below it.
pub(super) fn matters(target: &Target, way: &[String]) -> bool {
    if gap::says_who_may(&target.kind) {
        return way.first().is_none_or(|step| step != "metadata");
    }
    let mut templates = target.templates().into_iter();
    templates.any(|template| {
        let mut way = way.iter().map(String::as_str);
        let mut keys = template.split('.').filter(|key| !key.is_empty());
        loop {
            match (keys.next(), way.clone().next()) {
                (None, _) => break,
                (Some(_), None) => return true,
                (Some(key), Some(step)) if key == step || step == "*" => way.next(),
                (Some(_), Some(_)) => return false,
            };
        }
        let way: Vec<&str> = way.collect();
        match way.as_slice() {
            [] | ["metadata"] | ["metadata", "annotations"] => true,
            ["metadata", "annotations", key, ..] => {
                ANNOTATIONS.iter().any(|known| key.starts_with(known)) || *key == "*"
            }
            ["metadata", ..] => false,
            ["spec", way @ ..] => matters_to_pods(way),
            _ => false,
        }
    })
}

/// Whether what a pod's admission reads stands at this place of a pod's spec, or below it.
fn matters_to_pods(way: &[&str]) -> bool {
    match way {
        [] | ["*", ..] => true,
        [
            "hostIPC" | "hostNetwork" | "hostPID" | "hostUsers" | "os" | "securityContext",
            ..,
        ] => true,
        ["volumes", _, kind, ..] => !HARMLESS_VOLUMES.contains(kind),
        ["volumes", ..] => true,
        [list, _, field, way @ ..] if CONTAINERS.contains(list) => match (*field, way) {
            ("*" | "securityContext", _) => true,
            ("ports", [_, field, ..]) => matches!(*field, "hostPort" | "*"),
            ("ports", _) => true,
            ("lifecycle" | "livenessProbe" | "readinessProbe" | "startupProbe", way) => {
                !way.iter().any(|step| HARMLESS_OF_PROBES.contains(step))
            }
            _ => false,
        },
        [list, ..] => CONTAINERS.contains(list),
    }
}

/// The steps of a dotted path. Dots within brackets and behind a backslash belong to a step.
/// Upstream: `sigs.k8s.io/kustomize/kyaml/utils` (`SmarterPathSplitter`).
pub(super) fn field_steps(field: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let (mut depth, mut escaped) = (0_u32, false);
    for c in field.chars() {
        let last = steps.len() - 1;
        match c {
            _ if escaped => steps[last].push(c),
            '\\' => {
                escaped = true;
                continue;
            }
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => steps.push(String::new()),
            c => steps[last].push(c),
        }
        escaped = false;
    }
    steps
}

/// Volumes that every level allows.
const HARMLESS_VOLUMES: &[&str] = &[
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "name",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Fields of probes and hooks that no check reads.
const HARMLESS_OF_PROBES: &[&str] = &[
    "command",
    "failureThreshold",
    "initialDelaySeconds",
    "path",
    "periodSeconds",
    "port",
    "scheme",
    "successThreshold",
    "terminationGracePeriodSeconds",
    "timeoutSeconds",
];

/// Annotations that a check reads.
const ANNOTATIONS: &[&str] = &[
    "container.apparmor.security.beta.kubernetes.io",
    "container.seccomp.security.alpha.kubernetes.io",
    "seccomp.security.alpha.kubernetes.io",
];
