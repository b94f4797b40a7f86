//! What a pod has to say, or to leave unsaid, for a check to refuse it: for each check and verdict.

use serde_json::{Value, json};

use crate::mapping::witness::plain::usable_id;
use crate::mapping::witness::said::{
    APP_ARMOR, CAPABILITIES, ESCALATION, POD_USER, Place, RUN_AS_NON_ROOT, SECCOMP,
    SECCOMP_ANNOTATION, Said, Slot, Tweak, USER,
};
use crate::mapping::witness::volumes;
use crate::model::pod::VolumeKind;
use crate::model::psp::{PodSecurityPolicy, REFUSED_WITHOUT_ESCALATION, volume_kind};
use crate::pss::{Allowed, Verdict};

/// What tweaks are made of.
#[derive(Clone, Copy)]
pub(super) struct Material<'a> {
    /// The policy.
    pub(super) policy: &'a PodSecurityPolicy,
    /// The least that a pod has to say.
    pub(super) plain: &'a Said,
    /// What a pod says that as few checks as possible refuse.
    pub(super) harmless: &'a Said,
    /// The lists of level baseline.
    pub(super) baseline: &'a Allowed,
    /// The lists of level restricted.
    pub(super) restricted: &'a Allowed,
}

/// Ways to turn a harmless pod into one that the check refuses, the best first. None for a check that the policy
/// enforces.
///
/// What is imposed or unset shows in pods that say nothing of their own about the subject; for the other verdicts a pod
/// says what the policy accepts and the check does not. Where that costs other checks, saying nothing may still do.
pub(super) fn tweaks(material: Material<'_>, check: &str, verdict: Verdict) -> Vec<Tweak> {
    match verdict {
        Verdict::Enforced => Vec::new(),
        Verdict::Imposed | Verdict::Unset => silence(material, check),
        Verdict::Granted => {
            let mut tweaks = escalating(check, said(material, check));
            tweaks.extend(silence(material, check));
            tweaks
        }
        Verdict::Escapable if check == "seccompProfile_restricted" => vec![nameless()],
        Verdict::Escapable | Verdict::Silent | Verdict::Uncontrolled => said(material, check),
    }
}

/// Saying no more about the subject than a pod has to; or no more than that it does without a power which would cost
/// another check.
fn silence(material: Material<'_>, check: &str) -> Vec<Tweak> {
    let slots = silenced(check).iter();
    let plain = slots.map(|slot| (*slot, material.plain.get(*slot).cloned()));
    let mut tweaks = escalating(check, vec![plain.collect()]);
    if check == "capabilities_restricted" {
        let drop = json!({ "drop": [REFUSED_WITHOUT_ESCALATION] });
        tweaks.push(vec![(CAPABILITIES, Some(drop))]);
    }
    tweaks
}

/// The API server refuses some powers beside `allowPrivilegeEscalation: false`, which the harmless pod says, or the
/// policy where the pod says nothing.
fn escalating(check: &str, tweaks: Vec<Tweak>) -> Vec<Tweak> {
    let powers = [
        "privileged",
        "capabilities_baseline",
        "capabilities_restricted",
    ];
    if !powers.contains(&check) {
        return tweaks;
    }
    let ways = [None, Some(None), Some(Some(json!(true)))];
    ways.iter()
        .flat_map(|way| tweaks.iter().map(move |tweak| (tweak, way)))
        .map(|(tweak, way)| {
            let mut tweak = tweak.clone();
            tweak.extend(way.iter().map(|value| (ESCALATION, value.clone())));
            tweak
        })
        .collect()
}

/// What a pod does not say of its own where a policy imposes something or leaves it unset.
fn silenced(check: &str) -> &'static [Slot] {
    match check {
        "appArmorProfile" => &[APP_ARMOR],
        "capabilities_baseline" | "capabilities_restricted" => &[CAPABILITIES],
        "seccompProfile_baseline" | "seccompProfile_restricted" => &[SECCOMP, SECCOMP_ANNOTATION],
        "allowPrivilegeEscalation" => &[ESCALATION],
        "runAsNonRoot" => &[RUN_AS_NON_ROOT],
        "runAsUser" => &[POD_USER],
        // SELinux options that a policy imposes cannot be escaped by saying others.
        _ => &[],
    }
}

/// What a pod says where a policy accepts what the check does not.
fn said(material: Material<'_>, check: &str) -> Vec<Tweak> {
    let policy = material.policy;
    let spec = &policy.spec;
    match check {
        "appArmorProfile" => one(APP_ARMOR, json!("unconfined")),
        "capabilities_baseline" => capabilities(material, &[material.baseline], "SYS_ADMIN"),
        "capabilities_restricted" => {
            capabilities(material, &[material.restricted, material.baseline], "CHOWN")
        }
        "hostNamespaces" => [
            (spec.host_network, "hostNetwork"),
            (spec.host_pid, "hostPID"),
            (spec.host_ipc, "hostIPC"),
        ]
        .into_iter()
        .filter(|(granted, _)| *granted)
        .flat_map(|(_, field)| one((Place::Spec, field), json!(true)))
        .collect(),
        "hostPathVolumes" => volume(policy, VolumeKind::HostPath).into_iter().collect(),
        "hostPorts" => host_ports(policy),
        "hostProbesAndHostLifecycle" => one(
            (Place::Container, "livenessProbe"),
            json!({ "tcpSocket": { "host": "127.0.0.1", "port": 80 } }),
        ),
        "privileged" => one((Place::Context, "privileged"), json!(true)),
        "procMount" | "procMount_restricted" => {
            one((Place::Context, "procMount"), json!("Unmasked"))
        }
        "seLinuxOptions" => one(
            (Place::PodContext, "seLinuxOptions"),
            json!({ "type": "spc_t" }),
        ),
        "seccompProfile_baseline" | "seccompProfile_restricted" => vec![unconfined()],
        "sysctls" => sysctls(material),
        "windowsHostProcess" => vec![vec![
            ((Place::Spec, "hostNetwork"), Some(json!(true))),
            (
                (Place::PodContext, "windowsOptions"),
                Some(json!({ "hostProcess": true })),
            ),
        ]],
        "allowPrivilegeEscalation" => one(ESCALATION, json!(true)),
        "restrictedVolumes" => restricted_volumes(material),
        "runAsNonRoot" => vec![vec![
            (RUN_AS_NON_ROOT, None),
            (POD_USER, Some(json!(ORDINARY_USER))),
        ]],
        "runAsUser" => users(policy),
        _ => Vec::new(),
    }
}

/// A user other than root, where any will do.
const ORDINARY_USER: i64 = 1000;

fn one(slot: Slot, value: Value) -> Vec<Tweak> {
    vec![vec![(slot, Some(value))]]
}

fn unconfined() -> Tweak {
    vec![
        (SECCOMP, Some(json!({ "type": "Unconfined" }))),
        (SECCOMP_ANNOTATION, None),
    ]
}

/// An annotation that the server never copies into the field.
fn nameless() -> Tweak {
    vec![
        (SECCOMP, None),
        (SECCOMP_ANNOTATION, Some(json!("localhost/"))),
    ]
}

/// Adds a capability that the first list does not have, preferably one that the others have. `any` is one where the
/// policy allows all.
fn capabilities(material: Material<'_>, lists: &[&Allowed], any: &str) -> Vec<Tweak> {
    let within = |list: &Allowed, item: &str| list.capabilities.is_none_or(|l| l.contains(&item));
    let Some((own, others)) = lists.split_first() else {
        return Vec::new();
    };
    let spec = &material.policy.spec;
    let named = spec.allowed_capabilities.iter();
    let named = named.chain(&spec.default_add_capabilities);
    let beyond = named
        .map(|item| if item == "*" { any } else { item })
        .filter(|item| !within(own, item));
    // One that needs the gain of privileges besides comes last.
    let chosen = beyond.min_by_key(|item| {
        let mild = others.iter().all(|list| within(list, item));
        (*item == REFUSED_WITHOUT_ESCALATION, !mild)
    });
    let adding = |item| vec![(CAPABILITIES, Some(adding(material.harmless, item)))];
    chosen.map(adding).into_iter().collect()
}

/// The capabilities of the harmless pod with one more.
fn adding(harmless: &Said, item: &str) -> Value {
    let capabilities = harmless.get(CAPABILITIES);
    let drop = capabilities.and_then(|capabilities| capabilities["drop"].as_array());
    let drop: Vec<&Value> = drop.into_iter().flatten().filter(|d| *d != item).collect();
    if drop.is_empty() {
        return json!({ "add": [item] });
    }
    json!({ "add": [item], "drop": drop })
}

/// Claims the first port of the first range that holds one.
fn host_ports(policy: &PodSecurityPolicy) -> Vec<Tweak> {
    let mut ranges = policy.spec.host_ports.iter();
    let port = ranges.find_map(|range| {
        let (min, max) = (range.min.max(1), range.max.min(65535));
        (min <= max).then_some(min)
    });
    port.map(|port| {
        let ports = json!([{ "containerPort": port, "hostPort": port }]);
        vec![((Place::Container, "ports"), Some(ports))]
    })
    .into_iter()
    .collect()
}

/// Sets the first sysctl that the list of level baseline does not have.
fn sysctls(material: Material<'_>) -> Vec<Tweak> {
    let list = material.baseline.sysctls.as_deref().unwrap_or_default();
    let mut unsafe_ = material.policy.spec.allowed_unsafe_sysctls.iter();
    let item = unsafe_.find(|item| !list.contains(&item.as_str()));
    item.map(|item| {
        let sysctls = json!([{ "name": covered_sysctl(item), "value": "1" }]);
        vec![((Place::PodContext, "sysctls"), Some(sysctls))]
    })
    .into_iter()
    .collect()
}

/// Sysctls that no version allows, to be named where a policy allows all that begin like them.
const UNSAFE_SYSCTLS: &[&str] = &[
    "kernel.msgmax",
    "kernel.shmmax",
    "kernel.sem",
    "net.core.somaxconn",
    "net.ipv4.conf.all.forwarding",
    "net.ipv6.conf.all.forwarding",
    "fs.mqueue.msg_max",
];

/// A sysctl that an item of a policy's list allows and no version of the check does.
fn covered_sysctl(item: &str) -> String {
    let Some(prefix) = item.strip_suffix('*') else {
        return item.to_owned();
    };
    let mut known = UNSAFE_SYSCTLS.iter();
    known
        .find(|name| name.starts_with(prefix))
        .map_or_else(|| format!("{prefix}x"), |name| (*name).to_owned())
}

/// A volume of a type that level restricted does not allow, preferably one that baseline does.
fn restricted_volumes(material: Material<'_>) -> Vec<Tweak> {
    let allowed = material.restricted.volumes.as_deref().unwrap_or_default();
    let named = material.policy.spec.volumes.iter();
    let kinds = named.filter_map(|item| match item.as_str() {
        "*" => Some(VolumeKind::Nfs),
        item => volume_kind(item),
    });
    let beyond = kinds.filter(|kind| !allowed.contains(kind));
    let chosen = beyond.min_by_key(|kind| *kind == VolumeKind::HostPath);
    let volume = chosen.and_then(|kind| volume(material.policy, kind));
    volume.into_iter().collect()
}

fn volume(policy: &PodSecurityPolicy, kind: VolumeKind) -> Option<Tweak> {
    let mut volume = json!({ "name": "v" });
    volume[kind.field()] = volumes::source(&policy.spec, kind)?;
    Some(vec![((Place::Spec, "volumes"), Some(json!([volume])))])
}

/// User 0, for the container where the policy allows it, else for the pod, which every container overrides.
fn users(policy: &PodSecurityPolicy) -> Vec<Tweak> {
    let rule = &policy.spec.run_as_user;
    let other = match rule.rule.as_str() {
        "MustRunAs" => usable_id(&rule.ranges),
        _ => Some(ORDINARY_USER),
    };
    let root = (POD_USER, Some(json!(0)));
    // A policy does not insist on another user than root where the container names one.
    let overridden = vec![
        root.clone(),
        (USER, other.map(|user| json!(user))),
        (RUN_AS_NON_ROOT, Some(json!(true))),
    ];
    vec![vec![root], overridden]
}
