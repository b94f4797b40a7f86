//! `defaultAddCapabilities`, `requiredDropCapabilities` and `allowedCapabilities`.
//!
//! Capabilities are plain strings: dropping `ALL` neither removes a default addition other than one named `ALL`, nor
//! satisfies a required drop of another name. `*` is special in the allowed list only, where it disables every other
//! test, required drops included.
//!
//! Upstream: `pkg/security/podsecuritypolicy/capabilities/capabilities.go` (v1.24.7).

use std::collections::BTreeSet;

use crate::go::quoted;
use crate::model::pod::Capabilities;
use crate::psp::field_error::FieldError;
use crate::psp::go_format;
use crate::psp::provider::Provider;
use crate::psp::strategies::{ContainerControl, Draft, Subject};

pub(super) const CONTAINER: ContainerControl = ContainerControl {
    default: Some(default),
    validate,
};

fn default(provider: &Provider<'_>, draft: &mut Draft<'_>) {
    let policy = provider.spec;
    let own = draft.context().and_then(|c| c.capabilities.as_ref());
    let (own_add, own_drop) = own.map_or_else(Default::default, |c| (set(&c.add), set(&c.drop)));
    let default_add = set(&policy.default_add_capabilities);
    let mut add: BTreeSet<&str> = default_add.difference(&own_drop).copied().collect();
    add.extend(&own_add);
    let mut drop = set(&policy.required_drop_capabilities);
    drop.extend(&own_drop);
    // Both grow only, so equal sizes mean equal sets. Only then do the lists keep their order and repetitions.
    if add.len() == own_add.len() && drop.len() == own_drop.len() {
        return;
    }
    let list = |set: BTreeSet<&str>| set.into_iter().map(str::to_owned).collect();
    let (add, drop) = (list(add), list(drop));
    draft.context_mut().capabilities = Some(Capabilities { add, drop });
}

fn validate(provider: &Provider<'_>, subject: &Subject<'_>) -> Vec<FieldError> {
    let policy = provider.spec;
    let field = subject.context_path("capabilities");
    let own = subject.context().and_then(|c| c.capabilities.as_ref());
    let Some(own) = own else {
        if policy.default_add_capabilities.is_empty()
            && policy.required_drop_capabilities.is_empty()
        {
            return Vec::new();
        }
        let detail = "required capabilities are not set on the securityContext";
        return vec![FieldError::invalid(field, go_format::NULL, detail)];
    };
    if policy.allowed_capabilities.iter().any(|cap| cap == "*") {
        return Vec::new();
    }
    let added = (own.add.iter())
        .filter(|cap| !provider.addable_capabilities.contains(cap.as_str()))
        .map(|cap| {
            let detail = "capability may not be added";
            FieldError::invalid(format!("{field}.add"), quoted(cap), detail)
        });
    let own_drop = set(&own.drop);
    let kept = (policy.required_drop_capabilities.iter())
        .filter(|cap| !own_drop.contains(cap.as_str()))
        .map(|cap| {
            let value = go_format::strings("core.Capability", &own.drop);
            let detail = format!("{cap} is required to be dropped but was not found");
            FieldError::invalid(format!("{field}.drop"), value, detail)
        });
    added.chain(kept).collect()
}

fn set(list: &[String]) -> BTreeSet<&str> {
    list.iter().map(String::as_str).collect()
}
