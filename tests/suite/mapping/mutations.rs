//! What a policy writes into pods.

use super::{annotate, everything, mutations, restricted, rule};
use psp2psa::model::psp::{APPARMOR_ALLOWED, APPARMOR_DEFAULT, RuntimeClassRule, SECCOMP_DEFAULT};

#[test]
fn a_policy_writes_what_its_rules_say_in_order() {
    assert_eq!(
        mutations(&everything()),
        [
            "supplementalGroups -> spec.securityContext.supplementalGroups = [1]",
            "fsGroup -> spec.securityContext.fsGroup = 2",
            "seLinux -> spec.securityContext.seLinuxOptions = {level: s0:c1}",
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName] -> \
             metadata.annotations[seccomp.security.alpha.kubernetes.io/pod] = runtime/default",
            "runtimeClass.defaultRuntimeClassName -> spec.runtimeClassName = gvisor",
            "runAsUser -> *.runAsUser = 3",
            "runAsGroup -> *.runAsGroup = 4",
            "metadata.annotations[apparmor.security.beta.kubernetes.io/defaultProfileName] -> \
             metadata.annotations[container.apparmor.security.beta.kubernetes.io/*] = runtime/default",
            "defaultAddCapabilities -> *.capabilities.add = [NET_BIND_SERVICE]",
            "requiredDropCapabilities -> *.capabilities.drop = [ALL]",
            "readOnlyRootFilesystem -> *.readOnlyRootFilesystem = true",
            "allowPrivilegeEscalation -> *.allowPrivilegeEscalation = false",
        ]
    );
}

#[test]
fn rules_that_only_look_write_nothing() {
    let policy = restricted(|p| {
        p.annotations.clear();
        let spec = &mut p.spec;
        spec.required_drop_capabilities.clear();
        spec.allow_privilege_escalation = None;
        spec.run_as_user = rule("RunAsAny", &[(1, 2)]);
        spec.run_as_group = Some(rule("MayRunAs", &[(1, 2)]));
        spec.fs_group = rule("MayRunAs", &[(1, 2)]);
        spec.supplemental_groups = rule("MayRunAs", &[(1, 2)]);
        spec.runtime_class = Some(RuntimeClassRule::default());
    });
    assert_eq!(mutations(&policy), Vec::<String>::new());
}

#[test]
fn non_root_writes_the_flag_and_a_default_outranks_the_rule_about_escalation() {
    let policy = restricted(|p| {
        p.annotations.clear();
        p.spec.required_drop_capabilities.clear();
        p.spec.default_allow_privilege_escalation = Some(false);
    });
    assert_eq!(
        mutations(&policy),
        [
            "runAsUser -> *.runAsNonRoot = true",
            "defaultAllowPrivilegeEscalation -> *.allowPrivilegeEscalation = false",
        ]
    );
}

#[test]
fn a_default_that_the_policy_refuses_is_in_no_stored_pod() {
    let policy = restricted(|p| {
        annotate(p, SECCOMP_DEFAULT, "unconfined");
        annotate(p, APPARMOR_ALLOWED, "runtime/default");
        annotate(p, APPARMOR_DEFAULT, "unconfined");
    });
    assert!(
        mutations(&policy)
            .iter()
            .all(|mutation| !mutation.contains("unconfined"))
    );
}
