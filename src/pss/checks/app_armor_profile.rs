//! AppArmor: no pod may switch off or replace the default profile.
//!
//! Upstream: `policy/check_appArmorProfile.go` (1.37). The fields and every annotation with the prefix are read at all
//! versions; the suffix of an annotation need not name a container. Windows pods are not exempt.

use std::ops::Bound;

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::{contexts, pod_context};
use crate::pss::wording::{Set, Setters, go_quoted, plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "appArmorProfile",
    level: Level::Baseline,
    title: "AppArmor",
    fields: &[
        "spec.securityContext.appArmorProfile.type",
        "spec.<containers>[*].securityContext.appArmorProfile.type",
        "metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]",
    ],
    allowed: "undefined, `RuntimeDefault` or `Localhost`; annotations empty, `runtime/default` or `localhost/*`",
    psp_fields: &[
        "metadata.annotations[apparmor.security.beta.kubernetes.io/allowedProfileNames]",
        "metadata.annotations[apparmor.security.beta.kubernetes.io/defaultProfileName]",
    ],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
    }],
};

const ALLOWED_TYPES: &[&str] = &["RuntimeDefault", "Localhost"];
const ANNOTATION_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Whether the value of an annotation is allowed. Empty means unset.
fn allowed_annotation(value: &str) -> bool {
    value.is_empty() || value == "runtime/default" || value.starts_with("localhost/")
}

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let mut types = Set::new();
    let mut setters = Setters::default();
    if let Some(profile) = pod_context(pod).and_then(|c| c.app_armor_profile.as_ref())
        && !ALLOWED_TYPES.contains(&profile.type_.as_str())
    {
        setters.pod = true;
        types.insert(&profile.type_);
    }
    for (name, context) in contexts(pod) {
        if let Some(profile) = &context.app_armor_profile
            && !ALLOWED_TYPES.contains(&profile.type_.as_str())
        {
            setters.containers.push(name);
            types.insert(&profile.type_);
        }
    }
    let mut annotations: Vec<String> = pod
        .metadata
        .annotations
        .range::<str, _>((Bound::Included(ANNOTATION_PREFIX), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(ANNOTATION_PREFIX))
        .filter(|(_, value)| !allowed_annotation(value))
        .map(|(key, value)| format!("{key}={}", go_quoted(value)))
        .collect();
    // Not the order of the keys: the text after a key takes part.
    annotations.sort();
    let values: Vec<&str> = types
        .into_iter()
        .chain(annotations.iter().map(String::as_str))
        .collect();
    if values.is_empty() {
        return None;
    }
    let mut who: Vec<String> = Vec::new();
    if !setters.is_empty() {
        who.push(setters.text());
    }
    if !annotations.is_empty() {
        who.push(plural("annotation", "annotations", annotations.len()).to_owned());
    }
    Some(Forbidden {
        reason: plural(
            "forbidden AppArmor profile",
            "forbidden AppArmor profiles",
            values.len(),
        ),
        detail: format!(
            "{} must not set AppArmor profile type to {}",
            who.join(" and "),
            quoted_list(&values)
        ),
    })
}
