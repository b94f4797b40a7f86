//! New behaviour that a tighter level asks for: proposed, never made. Whether the program bears it only a trial shows.
//!
//! Only what the author left open is filled in. A template that says the contrary itself (user 0, privilege escalation,
//! an added capability) needs what it says, so no proposal is made for a level that refuses that.

use crate::model::pod::{Pod, Profile};
use crate::psp::{self, Change};
use crate::pss::{Evaluator, Level, Violation};

use super::{APP_ARMOR, Graded, Proof, Replayed, prove};

/// Edits that would get a workload to a tighter level.
#[derive(Debug, Clone, PartialEq)]
pub struct Hardening {
    /// The level.
    pub level: Level,
    /// What has to be written beyond what preserves today's behaviour, as paths in the pod.
    pub edits: Vec<Change>,
    /// What the old policies make of the template with these edits; `None` where none admits it today.
    pub proof: Option<Proof>,
}

/// Proposals for a workload that a policy admits: for each level that its pods do not satisfy as they are stored, or
/// would not without the policy.
pub(in crate::plan) fn hardening(replayed: &Replayed, evaluator: &Evaluator) -> Vec<Hardening> {
    let Replayed { kept, stored, .. } = *replayed;
    propose(kept, stored, evaluator, |hardened, edits| {
        let (proof, stored) = prove(hardened.pod, edits, replayed);
        let levels = hardened.levels;
        // A proposal is made for a level: what the policy still writes may keep the pod from it.
        let reached = |stored: Pod| levels.intersection(evaluator.satisfies(&stored)) == levels;
        Some(match proof {
            Proof::Accepted if !stored.is_some_and(reached) => Proof::StillMutated,
            Proof::Accepted | Proof::OtherPolicy | Proof::StillMutated | Proof::Refused => proof,
        })
    })
}

/// Proposals for a workload of which no policy says anything.
pub(in crate::plan) fn hardening_unreplayed(pod: Graded, evaluator: &Evaluator) -> Vec<Hardening> {
    propose(pod, pod, evaluator, |_, _| None)
}

fn propose(
    kept: Graded,
    stored: Graded,
    evaluator: &Evaluator,
    prove: impl Fn(Graded, &[Change]) -> Option<Proof>,
) -> Vec<Hardening> {
    let satisfied = kept.levels.intersection(stored.levels);
    [Level::Baseline, Level::Restricted]
        .into_iter()
        .filter(|level| !satisfied.contains(*level))
        .filter_map(|level| {
            let hardened = harden(kept.pod, stored.pod, evaluator, level);
            let edits = psp::changes(kept.pod, &hardened);
            if edits.is_empty() {
                return None;
            }
            let hardened = Graded {
                levels: evaluator.satisfies(&hardened),
                pod: &hardened,
            };
            hardened.levels.contains(level).then(|| Hardening {
                level,
                proof: prove(hardened, &edits),
                edits,
            })
        })
        .collect()
}

/// The pod with everything filled in that a level asks for and the pod leaves open.
fn harden(kept: &Pod, stored: &Pod, evaluator: &Evaluator, level: Level) -> Pod {
    let mut pod = kept.clone();
    let mut violations = evaluator.evaluate(level, kept);
    violations.extend(evaluator.evaluate(level, stored));
    let for_windows = kept.spec.os.as_ref().is_some_and(|os| os.name == "windows");
    for Violation { check, .. } in violations {
        match check {
            "runAsNonRoot" => forbid_root(&mut pod),
            // The API server refuses the fields below in a pod for Windows.
            _ if for_windows => {}
            "allowPrivilegeEscalation" => forbid_escalation(&mut pod),
            "appArmorProfile" => confine(&mut pod, stored),
            "capabilities_baseline" => drop_capabilities(&mut pod, stored, &[]),
            "capabilities_restricted" => drop_capabilities(&mut pod, stored, &["ALL"]),
            "seccompProfile_baseline" | "seccompProfile_restricted" => default_seccomp(&mut pod),
            // Nothing else can be had by filling in what is unset.
            _ => {}
        }
    }
    pod
}

fn forbid_escalation(pod: &mut Pod) {
    for container in pod.spec.all_containers_mut() {
        let context = container.security_context.get_or_insert_default();
        context.allow_privilege_escalation.get_or_insert(false);
    }
}

/// Drops these capabilities, and those that the policy adds: an added one that is dropped by name is not added.
fn drop_capabilities(pod: &mut Pod, stored: &Pod, names: &[&str]) {
    for (container, stored) in pod
        .spec
        .all_containers_mut()
        .zip(stored.spec.all_containers())
    {
        let added = stored.security_context.as_ref();
        let added = added.and_then(|context| context.capabilities.as_ref());
        let context = container.security_context.get_or_insert_default();
        let capabilities = context.capabilities.get_or_insert_default();
        let imposed = added.map_or(&[][..], |capabilities| &capabilities.add);
        let imposed = imposed.iter().map(String::as_str);
        for name in names.iter().copied().chain(imposed) {
            let known = |list: &[String]| list.iter().any(|other| other == name);
            if !known(&capabilities.drop) && !known(&capabilities.add) {
                capabilities.drop.push(name.to_owned());
            }
        }
    }
}

/// A container that is known to run as user 0 would not start with the flag.
fn forbid_root(pod: &mut Pod) {
    let inherited = pod.spec.security_context.as_ref();
    let (user, flag) = (
        inherited.and_then(|context| context.run_as_user),
        inherited.and_then(|context| context.run_as_non_root),
    );
    for container in pod.spec.all_containers_mut() {
        let context = container.security_context.get_or_insert_default();
        let root = context.run_as_user.or(user) == Some(0);
        if !root && context.run_as_non_root.or(flag).is_none() {
            context.run_as_non_root = Some(true);
        }
    }
}

/// A profile that was given by annotation must agree with the field, so such a pod is left as it is.
fn default_seccomp(pod: &mut Pod) {
    let annotated = |key: &String| key == "seccomp.security.alpha.kubernetes.io/pod";
    if pod.metadata.annotations.keys().any(annotated) {
        return;
    }
    let context = pod.spec.security_context.get_or_insert_default();
    context.seccomp_profile.get_or_insert_with(|| Profile {
        type_: "RuntimeDefault".to_owned(),
        localhost_profile: None,
    });
}

/// Writes the runtime's AppArmor profile where the policy turns AppArmor off.
fn confine(pod: &mut Pod, stored: &Pod) {
    for (key, value) in &stored.metadata.annotations {
        if key.starts_with(APP_ARMOR) && value == "unconfined" {
            let annotations = &mut pod.metadata.annotations;
            annotations
                .entry(key.clone())
                .or_insert_with(|| "runtime/default".to_owned());
        }
    }
}
