//! The controls of a policy: what each writes into a pod and what each accepts.
//!
//! One file per control, with the same two functions: `default` sets what is unset and never overwrites an explicit
//! value, `validate` looks at the pod after all defaults. The tables below are in the order of upstream's
//! validation, `pkg/security/podsecuritypolicy/provider.go` (v1.24.7, `ValidatePod` and `validateContainer`), so that
//! errors come in upstream's order. Writing may follow the same order: what one control writes, only the containers
//! pass reads (`runAsUser` before `runAsNonRoot`, both in [`run_as_user`]; the pod's SELinux options before the
//! containers').

use std::collections::BTreeMap;

use crate::model::pod::{Container, Pod, PodSecurityContext, SecurityContext};
use crate::psp::effective::Effective;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;

pub(crate) mod allow_privilege_escalation;
pub(crate) mod app_armor;
pub(crate) mod capabilities;
pub(crate) mod fs_group;
pub(crate) mod groups;
pub(crate) mod host_namespaces;
pub(crate) mod host_ports;
pub(crate) mod privileged;
pub(crate) mod proc_mount;
pub(crate) mod read_only_root_filesystem;
pub(crate) mod run_as_group;
pub(crate) mod run_as_user;
pub(crate) mod runtime_class;
pub(crate) mod se_linux;
pub(crate) mod seccomp;
pub(crate) mod supplemental_groups;
pub(crate) mod sysctls;
pub(crate) mod volumes;

/// A control over the pod as a whole.
pub(crate) struct PodControl {
    /// What it writes; `None` where it never writes.
    pub(crate) default: Option<fn(&Provider<'_>, &mut Pod)>,
    /// What it does not accept.
    pub(crate) validate: fn(&Provider<'_>, &Pod) -> Vec<FieldError>,
}

/// A control over each container.
pub(crate) struct ContainerControl {
    /// What it writes; `None` where it never writes.
    pub(crate) default: Option<fn(&Provider<'_>, &mut Draft<'_>)>,
    /// What it does not accept.
    pub(crate) validate: fn(&Provider<'_>, &Subject<'_>) -> Vec<FieldError>,
}

static POD: &[PodControl] = &[
    fs_group::POD,
    supplemental_groups::POD,
    seccomp::POD,
    se_linux::POD,
    host_namespaces::POD,
    sysctls::POD,
    volumes::POD,
    runtime_class::POD,
];

static CONTAINER: &[ContainerControl] = &[
    run_as_user::CONTAINER,
    run_as_group::CONTAINER,
    se_linux::CONTAINER,
    app_armor::CONTAINER,
    seccomp::CONTAINER,
    privileged::CONTAINER,
    proc_mount::CONTAINER,
    capabilities::CONTAINER,
    host_ports::CONTAINER,
    read_only_root_filesystem::CONTAINER,
    allow_privilege_escalation::CONTAINER,
];

/// A container that is being defaulted, with the parts of its pod that a control may read or write meanwhile.
pub(crate) struct Draft<'a> {
    /// The pod's own security context, defaulted already.
    pub(crate) pod_context: Option<&'a PodSecurityContext>,
    /// The pod's annotations.
    pub(crate) annotations: &'a mut BTreeMap<String, String>,
    /// The container.
    pub(crate) container: &'a mut Container,
}

impl Draft<'_> {
    /// What holds for the container.
    pub(crate) fn effective(&self) -> Effective<'_> {
        Effective {
            pod: self.pod_context,
            container: self.container.security_context.as_ref(),
        }
    }

    /// The container's own security context, if it has one.
    pub(crate) fn context(&self) -> Option<&SecurityContext> {
        self.container.security_context.as_ref()
    }

    /// The container's own security context, made if absent: only for a control that writes into it.
    pub(crate) fn context_mut(&mut self) -> &mut SecurityContext {
        self.container.security_context.get_or_insert_default()
    }
}

/// A container that is being validated.
pub(crate) struct Subject<'a> {
    /// The whole pod.
    pub(crate) pod: &'a Pod,
    /// The container.
    pub(crate) container: &'a Container,
    /// Its path, for example `spec.containers[0]`.
    pub(crate) path: String,
}

impl<'a> Subject<'a> {
    /// What holds for the container.
    pub(crate) fn effective(&self) -> Effective<'a> {
        Effective {
            pod: self.pod.spec.security_context.as_ref(),
            container: self.context(),
        }
    }

    /// The container's own security context, if it has one.
    pub(crate) fn context(&self) -> Option<&'a SecurityContext> {
        self.container.security_context.as_ref()
    }

    /// Path of a field of the container's security context.
    pub(crate) fn context_path(&self, field: &str) -> String {
        format!("{}.securityContext.{field}", self.path)
    }
}

/// Writes everything that the policy sets where the pod leaves it unset.
pub(crate) fn default(provider: &Provider<'_>, pod: &mut Pod) {
    for write in POD.iter().filter_map(|control| control.default) {
        write(provider, pod);
    }
    let Pod { metadata, spec } = pod;
    let (containers, security_context) = spec.containers_and_context_mut();
    for container in containers {
        let mut draft = Draft {
            pod_context: security_context.as_ref(),
            annotations: &mut metadata.annotations,
            container,
        };
        for write in CONTAINER.iter().filter_map(|control| control.default) {
            write(provider, &mut draft);
        }
    }
}

/// Everything that the policy does not accept about a pod, in upstream's order. Empty means admitted.
pub(crate) fn validate(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for control in POD {
        errors.append(&mut (control.validate)(provider, pod));
    }
    for (list, index, container) in pod.spec.containers_with_place() {
        let subject = Subject {
            pod,
            container,
            path: format!("spec.{list}[{index}]"),
        };
        for control in CONTAINER {
            errors.append(&mut (control.validate)(provider, &subject));
        }
    }
    errors
}
