//! Seccomp: the profile of the pod and of each container, by annotation or by field.
//!
//! The policy knows profiles by their annotation names, and writes the pod's annotation even where the pod says the
//! same by its field; so a pod that uses only the field is mutated by every policy. The field itself is written when
//! the pod is stored, see [`crate::psp::seccomp_sync`].
//! A list without `*` makes the *pod-level* profile mandatory, even if every container has its own.
//!
//! Upstream: `pkg/security/podsecuritypolicy/seccomp/strategy.go`, `pkg/api/pod/util.go` (v1.24.7).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::pod::{Pod, Profile};
use crate::model::psp::{PodSecurityPolicy, SECCOMP_ALLOWED};
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, PodControl, Subject};

pub(super) const POD: PodControl = PodControl {
    default: Some(default),
    validate: validate_pod,
};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    // Containers inherit the pod's profile.
    default: None,
    validate: validate_container,
};

/// Annotation of a pod: its seccomp profile.
pub(crate) const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// Annotation of a pod, followed by a container's name: that container's seccomp profile.
pub(crate) const CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";

const UNCONFINED: &str = "unconfined";
const RUNTIME_DEFAULT: &str = "runtime/default";
/// The old name of [`RUNTIME_DEFAULT`]: in a list, each allows the other as well.
const DOCKER_DEFAULT: &str = "docker/default";
const LOCALHOST: &str = "localhost/";

/// What a policy's two annotations say.
pub(crate) struct Profiles<'a> {
    default: Option<&'a str>,
    /// The list contains `*`.
    any: bool,
    /// The other items of the list. An absent list has none, an empty annotation has one: `""`.
    allowed: BTreeSet<&'a str>,
    /// The list as written.
    text: &'a str,
}

impl<'a> Profiles<'a> {
    /// Reads the annotations.
    pub(crate) fn of(policy: &'a PodSecurityPolicy) -> Self {
        let list = policy.annotations.get(SECCOMP_ALLOWED).map(String::as_str);
        let mut allowed: BTreeSet<&str> = list.into_iter().flat_map(|l| l.split(',')).collect();
        let any = allowed.remove("*");
        if allowed.contains(DOCKER_DEFAULT) || allowed.contains(RUNTIME_DEFAULT) {
            allowed.extend([DOCKER_DEFAULT, RUNTIME_DEFAULT]);
        }
        Profiles {
            default: policy.seccomp_default(),
            any,
            allowed,
            text: list.unwrap_or_default(),
        }
    }

    fn validate(&self, annotation: &str, profile: &str) -> Vec<FieldError> {
        if self.any || self.allowed.contains(profile) {
            return Vec::new();
        }
        let detail = match (self.allowed.is_empty(), profile) {
            (true, "") => return Vec::new(),
            (true, _) => "seccomp may not be set".to_owned(),
            (false, _) => format!(
                "{profile} is not an allowed seccomp profile. Valid values are {}",
                self.text
            ),
        };
        let field = format!("pod.metadata.annotations[{annotation}]");
        vec![FieldError::forbidden(field, detail)]
    }
}

fn default(provider: &Provider<'_>, pod: &mut Pod) {
    let profile = match pod_field(pod) {
        Some(field) => annotation_for(field),
        None => provider.seccomp.default.unwrap_or_default().to_owned(),
    };
    let annotations = &mut pod.metadata.annotations;
    if !profile.is_empty() && non_empty(annotations, POD_ANNOTATION).is_none() {
        annotations.insert(POD_ANNOTATION.to_owned(), profile);
    }
}

fn validate_pod(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let profile = match non_empty(&pod.metadata.annotations, POD_ANNOTATION) {
        Some(annotation) => annotation.to_owned(),
        None => pod_field(pod).map(annotation_for).unwrap_or_default(),
    };
    provider.seccomp.validate(POD_ANNOTATION, &profile)
}

fn validate_container(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let annotation = format!("{CONTAINER_ANNOTATION}{}", subject.container.name);
    let annotations = &subject.pod.metadata.annotations;
    let own_field = subject.context().and_then(|c| c.seccomp_profile.as_ref());
    let profile = if let Some(field) = own_field {
        annotation_for(field)
    } else if let Some(own) = annotations.get(&annotation) {
        own.clone()
    } else if let Some(field) = pod_field(subject.pod) {
        annotation_for(field)
    } else {
        annotations.get(POD_ANNOTATION).cloned().unwrap_or_default()
    };
    provider.seccomp.validate(&annotation, &profile)
}

/// The annotation's name for a profile given by field; empty where there is none.
pub(crate) fn annotation_for(field: &Profile) -> String {
    match (field.type_.as_str(), &field.localhost_profile) {
        ("Unconfined", _) => UNCONFINED.to_owned(),
        ("RuntimeDefault", _) => RUNTIME_DEFAULT.to_owned(),
        ("Localhost", Some(path)) => format!("{LOCALHOST}{path}"),
        _ => String::new(),
    }
}

/// The field for a profile given by annotation, where there is one.
pub(crate) fn field_for(annotation: &str) -> Option<Profile> {
    let of_type = |type_: &str| Profile {
        type_: type_.to_owned(),
        localhost_profile: None,
    };
    match annotation {
        UNCONFINED => Some(of_type("Unconfined")),
        RUNTIME_DEFAULT | DOCKER_DEFAULT => Some(of_type("RuntimeDefault")),
        _ => {
            let path = annotation.strip_prefix(LOCALHOST)?;
            (!path.is_empty()).then(|| Profile {
                localhost_profile: Some(path.to_owned()),
                ..of_type("Localhost")
            })
        }
    }
}

fn pod_field(pod: &Pod) -> Option<&Profile> {
    let context = pod.spec.security_context.as_ref()?;
    context.seccomp_profile.as_ref()
}

fn non_empty<'a>(annotations: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    let value = annotations.get(key)?;
    (!value.is_empty()).then_some(value)
}
