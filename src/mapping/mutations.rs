//! What a policy writes into pods that leave a field out.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` and its strategies (v1.24), in their order. A default that the
//! policy's own rules then refuse is in no stored pod, so it is left out here.

use crate::model::psp::{APPARMOR_DEFAULT, IdRule, PodSecurityPolicy, SECCOMP_DEFAULT};

/// One field that a policy writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The path of the policy's field that makes it do so.
    pub field: String,
    /// The path in the pod. `spec.containers[*]` stands for init containers too, and the `*` of an annotation for the name
    /// of each container.
    pub path: &'static str,
    /// What is written, as text.
    pub value: String,
}

/// Everything that the policy writes.
pub(super) fn mutations(policy: &PodSecurityPolicy) -> Vec<Mutation> {
    let mut mutations = of_the_pod(policy);
    mutations.extend(of_the_containers(policy));
    mutations
}

fn mutation(field: impl Into<String>, path: &'static str, value: impl ToString) -> Mutation {
    Mutation {
        field: field.into(),
        path,
        value: value.to_string(),
    }
}

fn of_the_pod(policy: &PodSecurityPolicy) -> Vec<Mutation> {
    let spec = &policy.spec;
    let mut found = Vec::new();
    if let Some(id) = first_id(&spec.supplemental_groups) {
        found.push(mutation(
            "spec.supplementalGroups",
            "spec.securityContext.supplementalGroups",
            format!("[{id}]"),
        ));
    }
    if let Some(id) = first_id(&spec.fs_group) {
        found.push(mutation("spec.fsGroup", "spec.securityContext.fsGroup", id));
    }
    if spec.se_linux.rule == "MustRunAs"
        && let Some(options) = &spec.se_linux.se_linux_options
    {
        found.push(mutation(
            "spec.seLinux",
            "spec.securityContext.seLinuxOptions",
            options,
        ));
    }
    // The server copies it into the pod's field when it stores the pod.
    if let Some(default) = policy.seccomp_default()
        && policy.seccomp_admits(default)
    {
        found.push(mutation(
            format!("metadata.annotations[{SECCOMP_DEFAULT}]"),
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]",
            default,
        ));
    }
    let runtime_class = spec.runtime_class.as_ref();
    if let Some(name) = runtime_class.and_then(|rule| rule.default_runtime_class_name.as_ref()) {
        found.push(mutation(
            "spec.runtimeClass.defaultRuntimeClassName",
            "spec.runtimeClassName",
            name,
        ));
    }
    found
}

fn of_the_containers(policy: &PodSecurityPolicy) -> Vec<Mutation> {
    let spec = &policy.spec;
    let mut found = Vec::new();
    if let Some(id) = first_id(&spec.run_as_user) {
        found.push(mutation(
            "spec.runAsUser",
            "spec.containers[*].securityContext.runAsUser",
            id,
        ));
    }
    if let Some(id) = spec.run_as_group.as_ref().and_then(first_id) {
        found.push(mutation(
            "spec.runAsGroup",
            "spec.containers[*].securityContext.runAsGroup",
            id,
        ));
    }
    if let Some(default) = policy.apparmor_default()
        && policy
            .apparmor_allowed()
            .is_none_or(|list| list.contains(&default))
    {
        found.push(mutation(
            format!("metadata.annotations[{APPARMOR_DEFAULT}]"),
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]",
            default,
        ));
    }
    if spec.run_as_user.rule == "MustRunAsNonRoot" {
        found.push(mutation(
            "spec.runAsUser",
            "spec.containers[*].securityContext.runAsNonRoot",
            true,
        ));
    }
    let (add, drop) = (
        &spec.default_add_capabilities,
        &spec.required_drop_capabilities,
    );
    if !add.is_empty() {
        found.push(mutation(
            "spec.defaultAddCapabilities",
            "spec.containers[*].securityContext.capabilities.add",
            format!("[{}]", add.join(", ")),
        ));
    }
    if !drop.is_empty() {
        found.push(mutation(
            "spec.requiredDropCapabilities",
            "spec.containers[*].securityContext.capabilities.drop",
            format!("[{}]", drop.join(", ")),
        ));
    }
    if spec.read_only_root_filesystem {
        found.push(mutation(
            "spec.readOnlyRootFilesystem",
            "spec.containers[*].securityContext.readOnlyRootFilesystem",
            true,
        ));
    }
    found.extend(escalation(policy));
    found
}

/// The id that a rule writes; only `MustRunAs` writes one.
fn first_id(rule: &IdRule) -> Option<i64> {
    let range = rule.ranges.first()?;
    (rule.rule == "MustRunAs").then_some(range.min)
}

/// The default comes first; without one a policy that forbids escalation writes that.
fn escalation(policy: &PodSecurityPolicy) -> Option<Mutation> {
    let allows = policy.spec.allows_privilege_escalation();
    let (field, value) = match policy.spec.default_allow_privilege_escalation {
        Some(true) if allows => ("spec.defaultAllowPrivilegeEscalation", true),
        Some(false) => ("spec.defaultAllowPrivilegeEscalation", false),
        None if !allows => ("spec.allowPrivilegeEscalation", false),
        Some(true) | None => return None,
    };
    Some(mutation(
        field,
        "spec.containers[*].securityContext.allowPrivilegeEscalation",
        value,
    ))
}
