//! `seLinux`: the SELinux context of the pod and of its containers.
//!
//! `MustRunAs` writes the policy's options into a pod that has none, even if they are empty; containers inherit them
//! and are written to never. Options are inherited as a whole. In the level, the order of categories does not matter.
//!
//! Upstream: `pkg/security/podsecuritypolicy/selinux/{mustrunas,runasany}.go` (v1.24.7).

use crate::go::quoted;
use crate::model::pod::{Pod, SeLinuxOptions};
use crate::model::psp::SeLinuxRule;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, PodControl, Subject};

pub(super) const POD: PodControl = PodControl {
    default: Some(default),
    validate: validate_pod,
};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    // Upstream fills containers too, but by then the pod has options, which containers inherit.
    default: None,
    validate: validate_container,
};

/// The options of `MustRunAs`, or `None` for `RunAsAny`; the error says why the rule makes no sense.
pub(crate) fn parse(rule: &SeLinuxRule) -> Result<Option<&SeLinuxOptions>, String> {
    match (rule.rule.as_str(), &rule.se_linux_options) {
        ("RunAsAny", _) => Ok(None),
        ("MustRunAs", Some(options)) => Ok(Some(options)),
        ("MustRunAs", None) => Err("MustRunAs requires SELinuxOptions".to_owned()),
        (rule, _) => Err(format!("Unrecognized SELinuxContext strategy type {rule}")),
    }
}

fn default(provider: &Provider<'_>, pod: &mut Pod) {
    if let Some(options) = provider.se_linux {
        let context = pod.spec.security_context.get_or_insert_default();
        context
            .se_linux_options
            .get_or_insert_with(|| options.clone());
    }
}

fn validate_pod(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let context = pod.spec.security_context.as_ref();
    let actual = context.and_then(|context| context.se_linux_options.as_ref());
    validate(provider, "spec.securityContext.seLinuxOptions", actual)
}

fn validate_container(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let actual = subject.effective().se_linux_options();
    validate(provider, &subject.context_path("seLinuxOptions"), actual)
}

fn validate(
    provider: &Provider<'_>,
    field: &str,
    actual: Option<&SeLinuxOptions>,
) -> Vec<FieldError> {
    let Some(expected) = provider.se_linux else {
        return Vec::new();
    };
    let Some(actual) = actual else {
        return vec![FieldError::required(field, "")];
    };
    let same_level = equal_levels(&expected.level, &actual.level);
    [
        ("level", same_level, &expected.level, &actual.level),
        (
            "role",
            expected.role == actual.role,
            &expected.role,
            &actual.role,
        ),
        (
            "type",
            expected.type_ == actual.type_,
            &expected.type_,
            &actual.type_,
        ),
        (
            "user",
            expected.user == actual.user,
            &expected.user,
            &actual.user,
        ),
    ]
    .into_iter()
    .filter(|(_, same, _, _)| !same)
    .map(|(name, _, expected, actual)| {
        let detail = format!("must be {expected}");
        FieldError::invalid(format!("{field}.{name}"), quoted(actual), detail)
    })
    .collect()
}

/// Whether two levels mean the same: equal, or the same sensitivity with the same categories in another order.
fn equal_levels(expected: &str, actual: &str) -> bool {
    fn sorted(categories: &str) -> Vec<&str> {
        let mut categories: Vec<&str> = categories.split(',').collect();
        categories.sort_unstable();
        categories
    }
    match (expected.split_once(':'), actual.split_once(':')) {
        (Some(expected), Some(actual)) => {
            expected.0 == actual.0 && sorted(expected.1) == sorted(actual.1)
        }
        _ => expected == actual,
    }
}
