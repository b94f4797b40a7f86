//! `runtimeClass`: the default runtime class and the allowed ones. Naming none is always allowed.
//!
//! Upstream: `pkg/security/podsecuritypolicy/provider.go` (v1.24.7).

use crate::go::quoted;
use crate::model::pod::Pod;
use crate::psp::field_error::FieldError;
use crate::psp::provider::Provider;
use crate::psp::strategies::PodControl;

pub(super) const POD: PodControl = PodControl {
    default: Some(default),
    validate,
};

fn default(provider: &Provider<'_>, pod: &mut Pod) {
    let rule = provider.spec.runtime_class.as_ref();
    let default = rule.and_then(|rule| rule.default_runtime_class_name.as_ref());
    if let (None, Some(name)) = (&pod.spec.runtime_class_name, default) {
        pod.spec.runtime_class_name = Some(name.clone());
    }
}

fn validate(provider: &Provider<'_>, pod: &Pod) -> Vec<FieldError> {
    let (Some(rule), Some(name)) = (&provider.spec.runtime_class, &pod.spec.runtime_class_name)
    else {
        return Vec::new();
    };
    let mut allowed = rule.allowed_runtime_class_names.iter();
    if allowed.any(|allowed| allowed == "*" || allowed == name) {
        return Vec::new();
    }
    let field = "spec.runtimeClassName";
    vec![FieldError::invalid(field, quoted(name), "")]
}
