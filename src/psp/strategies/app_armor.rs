//! AppArmor: the profile of each container, by annotation only.
//!
//! An absent list allows everything, an empty one nothing: once there is a list, a container must have a profile.
//! There is no wildcard.
//!
//! Upstream: `pkg/security/podsecuritypolicy/apparmor/strategy.go` (v1.24.7).

use std::collections::BTreeSet;

use crate::go::quoted;
use crate::model::psp::{APPARMOR_ALLOWED, PodSecurityPolicy};
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Draft, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: Some(default),
    validate,
};

/// Annotation of a pod, followed by a container's name: that container's AppArmor profile.
pub(crate) const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

/// What a policy's two annotations say.
pub(crate) struct Profiles<'a> {
    default: Option<&'a str>,
    allowed: Option<Allowed<'a>>,
}

struct Allowed<'a> {
    profiles: BTreeSet<&'a str>,
    /// The list as written.
    text: &'a str,
}

impl<'a> Profiles<'a> {
    /// Reads the annotations.
    pub(crate) fn of(policy: &'a PodSecurityPolicy) -> Self {
        Profiles {
            default: policy.apparmor_default(),
            allowed: policy
                .annotations
                .get(APPARMOR_ALLOWED)
                .map(|text| Allowed {
                    profiles: text.split(',').collect(),
                    text,
                }),
        }
    }
}

fn default(provider: &Provider<'_>, draft: &mut Draft<'_>) {
    if let Some(profile) = provider.app_armor.default {
        let key = format!("{ANNOTATION}{}", draft.container.name);
        let value = draft.annotations.entry(key).or_default();
        if value.is_empty() {
            profile.clone_into(value);
        }
    }
}

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let Some(allowed) = &provider.app_armor.allowed else {
        return Vec::new();
    };
    let key = format!("{ANNOTATION}{}", subject.container.name);
    let profile = subject.pod.metadata.annotations.get(&key);
    let detail = match profile.map(String::as_str).unwrap_or_default() {
        "" => "AppArmor profile must be set".to_owned(),
        profile if allowed.profiles.contains(profile) => return Vec::new(),
        profile => format!(
            "{profile} is not an allowed profile. Allowed values: {}",
            quoted(allowed.text)
        ),
    };
    let field = format!("pod.metadata.annotations[{key}]");
    vec![FieldError::forbidden(field, detail)]
}
