//! AppArmor: no pod may switch off or replace the default profile.
//!
//! Upstream: `policy/check_appArmorProfile.go` (1.37). The fields and every annotation with the prefix are read at
//! all versions; the suffix of an annotation need not name a container. Windows pods are not exempt.

use std::ops::Bound;

use crate::go;
use crate::model::pod::Pod;
use crate::model::psp::{APPARMOR_ALLOWED, APPARMOR_DEFAULT, PodSecurityPolicy};
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{contexts, pod_context};
use crate::pss::policy::{ABSENT, annotation};
use crate::pss::wording::{Set, Setters, joined, plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "appArmorProfile",
    level: Level::Baseline,
    title: "AppArmor",
    fields: &[
        "spec.securityContext.appArmorProfile.type",
        "spec.<containers>[*].securityContext.appArmorProfile.type",
        "metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]",
    ],
    allowed: "undefined, `RuntimeDefault` or `Localhost`; annotations empty, `runtime/default` or \
              `localhost/*`",
    psp_fields: &[
        "metadata.annotations[apparmor.security.beta.kubernetes.io/allowedProfileNames]",
        "metadata.annotations[apparmor.security.beta.kubernetes.io/defaultProfileName]",
    ],
    docs: r#"## What it forbids

An AppArmor profile of type `Unconfined`, or of any type but the two allowed ones, on the pod or on
a container. The deprecated annotations are judged too: every annotation whose key starts with
`container.apparmor.security.beta.kubernetes.io/`, whether or not a container of that name exists.

## Why

AppArmor is the last line of defence on nodes that use it: it keeps a process that broke out of its
namespaces away from files and kernel interfaces. A pod that turns it off removes that line for
itself.

## Fields

* `spec.securityContext.appArmorProfile.type`
* `spec.<containers>[*].securityContext.appArmorProfile.type`
* `metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

* Fields: undefined, `RuntimeDefault` or `Localhost`. A profile that is present without a type is
  refused.
* Annotations: undefined, empty, `runtime/default`, or anything that starts with `localhost/`.

## In a PodSecurityPolicy

* `metadata.annotations[apparmor.security.beta.kubernetes.io/allowedProfileNames]` is a comma list
  without wildcards. Absent means that pods may name any profile; empty means that no pod at all is
  admitted. Where there is a list, pods must name a profile: a trailing comma does not allow them to
  name none.
* `metadata.annotations[apparmor.security.beta.kubernetes.io/defaultProfileName]` is written into
  containers that name none. With `unconfined` the policy itself makes pods fail this check.

## Since

v1.0. One revision. Clusters before Kubernetes 1.30 judged annotations only; later ones judge the
fields too, at every version.

## How to fix

Remove the profile, or ask for the runtime's own.

Before:

```yaml
metadata:
  annotations:
    container.apparmor.security.beta.kubernetes.io/app: unconfined
spec:
  containers:
  - name: app
```

After:

```yaml
spec:
  containers:
  - name: app
    securityContext:
      appArmorProfile:
        # On nodes before 1.30: the annotation, with runtime/default.
        type: RuntimeDefault
```
"#,
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
        policy: policy_v1_0,
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
        .map(|(key, value)| format!("{key}={}", go::quoted(value)))
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

/// Upstream of the policy's rules: `pkg/security/podsecuritypolicy/apparmor` (v1.24).
fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    let list = policy.apparmor_allowed();
    let listed = |profile: &str| list.as_ref().is_none_or(|list| list.contains(&profile));
    if let Some(default) = policy.apparmor_default()
        && !allowed_annotation(default)
        && listed(default)
    {
        return Exposure::new(
            Verdict::Imposed,
            annotation(APPARMOR_DEFAULT),
            default,
            format!("containers that name no AppArmor profile are given {default}"),
        );
    }
    let field = annotation(APPARMOR_ALLOWED);
    let Some(list) = list else {
        return Exposure::new(
            Verdict::Silent,
            field,
            ABSENT,
            "there is no list of AppArmor profiles: pods may name any, and those that name none pass",
        );
    };
    let bad: Vec<&str> = list
        .iter()
        .copied()
        .filter(|item| !allowed_annotation(item))
        .collect();
    if !bad.is_empty() {
        let bad = joined(&bad);
        let message = format!("containers may ask for the AppArmor profile {bad}");
        return Exposure::new(Verdict::Granted, field, bad, message);
    }
    Exposure::new(
        Verdict::Enforced,
        field,
        list.join(","),
        "every container must name an AppArmor profile of the list, and the check allows them all",
    )
}
