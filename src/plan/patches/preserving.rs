//! What a policy writes into pods, as far as it weakens nothing.

use crate::model::pod::{Pod, PodSecurityContext, Profile, SecurityContext};
use crate::pss::{Evaluator, LevelSet};

use super::APP_ARMOR;

/// The stored pod without what weakens it and without what storage adds for old readers.
///
/// Whatever is left is preserving unless it costs a level that the pod satisfies as written: then it is left out, too,
/// one field of all containers at a time. With the levels that the pod satisfies then.
pub(in crate::plan) fn preserving(
    before: &Pod,
    stored: &Pod,
    evaluator: &Evaluator,
) -> (Pod, LevelSet) {
    let patched = without_weakening(before, stored);
    let written = evaluator.satisfies(before);
    let levels = evaluator.satisfies(&patched);
    let keeps = |levels: LevelSet| written.intersection(levels) == written;
    if keeps(levels) {
        return (patched, levels);
    }
    let mut kept = (before.clone(), written);
    let mut copy = |copy: &dyn Fn(&mut Pod)| {
        let mut more = kept.0.clone();
        copy(&mut more);
        let levels = evaluator.satisfies(&more);
        if keeps(levels) {
            kept = (more, levels);
        }
    };
    let Pod { metadata, spec } = &patched;
    copy(&|to| to.metadata.annotations.clone_from(&metadata.annotations));
    copy(&|to| {
        let name = &mut to.spec.runtime_class_name;
        name.clone_from(&spec.runtime_class_name);
    });
    for field in POD_FIELDS {
        copy(&|to| {
            if let Some(from) = &spec.security_context {
                field(to.spec.security_context.get_or_insert_default(), from);
            }
        });
    }
    for field in CONTAINER_FIELDS {
        copy(&|to| {
            for (to, from) in to.spec.all_containers_mut().zip(spec.all_containers()) {
                if let Some(from) = &from.security_context {
                    field(to.security_context.get_or_insert_default(), from);
                }
            }
        });
    }
    kept
}

/// The fields of a pod's security context that a policy writes, each to be copied from another.
const POD_FIELDS: &[fn(&mut PodSecurityContext, &PodSecurityContext)] = &[
    |to, from| to.fs_group = from.fs_group,
    |to, from| to.supplemental_groups.clone_from(&from.supplemental_groups),
    |to, from| to.se_linux_options.clone_from(&from.se_linux_options),
    |to, from| to.seccomp_profile.clone_from(&from.seccomp_profile),
];

/// The same of a container's.
const CONTAINER_FIELDS: &[fn(&mut SecurityContext, &SecurityContext)] = &[
    |to, from| to.run_as_user = from.run_as_user,
    |to, from| to.run_as_group = from.run_as_group,
    |to, from| to.run_as_non_root = from.run_as_non_root,
    |to, from| to.seccomp_profile.clone_from(&from.seccomp_profile),
    |to, from| to.capabilities.clone_from(&from.capabilities),
    |to, from| to.read_only_root_filesystem = from.read_only_root_filesystem,
    |to, from| to.allow_privilege_escalation = from.allow_privilege_escalation,
];

/// The stored pod without unconfined profiles, added capabilities and allowed privilege escalation, and with the flag
/// that a known uid proves.
fn without_weakening(before: &Pod, stored: &Pod) -> Pod {
    let mut patched = stored.clone();
    patched.metadata.annotations = before.metadata.annotations.clone();
    patched.metadata.annotations.extend(
        stored
            .metadata
            .annotations
            .iter()
            .filter(|(key, value)| key.starts_with(APP_ARMOR) && *value != "unconfined")
            .map(|(key, value)| (key.clone(), value.clone())),
    );
    let unconfined = |profile: &Option<Profile>| {
        profile
            .as_ref()
            .is_some_and(|profile| profile.type_ == "Unconfined")
    };
    if let Some(context) = &mut patched.spec.security_context {
        let written = before.spec.security_context.as_ref();
        if unconfined(&context.seccomp_profile) {
            context.seccomp_profile = written.and_then(|c| c.seccomp_profile.clone());
        }
    }
    let user = patched
        .spec
        .security_context
        .as_ref()
        .and_then(|c| c.run_as_user);
    let flag = patched
        .spec
        .security_context
        .as_ref()
        .and_then(|c| c.run_as_non_root);
    let written = before.spec.all_containers();
    for (container, written) in patched.spec.all_containers_mut().zip(written) {
        // A uid that is known and not 0 proves what the flag only claims.
        let own = container.security_context.as_ref();
        let uid = own.and_then(|own| own.run_as_user).or(user);
        let claimed = own.and_then(|own| own.run_as_non_root).or(flag);
        if uid.is_some_and(|uid| uid != 0) && claimed.is_none() {
            let context = container.security_context.get_or_insert_default();
            context.run_as_non_root = Some(true);
        }
        let Some(context) = &mut container.security_context else {
            continue;
        };
        let empty = SecurityContext::default();
        let written = written.security_context.as_ref().unwrap_or(&empty);
        if unconfined(&context.seccomp_profile) {
            context.seccomp_profile.clone_from(&written.seccomp_profile);
        }
        if context.allow_privilege_escalation == Some(true) {
            context.allow_privilege_escalation = written.allow_privilege_escalation;
        }
        if let Some(capabilities) = &mut context.capabilities {
            capabilities.add = written
                .capabilities
                .as_ref()
                .map_or_else(Vec::new, |c| c.add.clone());
        }
    }
    patched
}
