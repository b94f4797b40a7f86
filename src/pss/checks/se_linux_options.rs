//! SELinux: only the container types, and no user or role.
//!
//! Upstream: `policy/check_seLinuxOptions.go` (1.37). The level is free. v1.31 added a type.

use crate::model::pod::{Pod, SeLinuxOptions};
use crate::model::psp::PodSecurityPolicy;
use crate::pss::Level;
use crate::pss::check::{Check, Exposure, Forbidden, Revision, Verdict};
use crate::pss::pod::{contexts, pod_context};
use crate::pss::wording::{Set, Setters, plural, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "seLinuxOptions",
    level: Level::Baseline,
    title: "SELinux",
    fields: &[
        "spec.securityContext.seLinuxOptions.type",
        "spec.securityContext.seLinuxOptions.user",
        "spec.securityContext.seLinuxOptions.role",
        "spec.<containers>[*].securityContext.seLinuxOptions.type",
        "spec.<containers>[*].securityContext.seLinuxOptions.user",
        "spec.<containers>[*].securityContext.seLinuxOptions.role",
    ],
    allowed: "type undefined, empty, container_t, container_init_t, container_kvm_t or container_engine_t; \
              user and role undefined or empty",
    psp_fields: &["spec.seLinux"],
    docs: r#"## What it forbids

An SELinux type outside the container types, and any SELinux user or role. The level (its
categories) is free.

## Why

The type decides which files and devices a process may touch. `spc_t` and the types of node services
are confined as little as root is. A user or role may lead to such a type.

## Fields

* `spec.securityContext.seLinuxOptions.type`
* `spec.securityContext.seLinuxOptions.user`
* `spec.securityContext.seLinuxOptions.role`
* `spec.<containers>[*].securityContext.seLinuxOptions.type`
* `spec.<containers>[*].securityContext.seLinuxOptions.user`
* `spec.<containers>[*].securityContext.seLinuxOptions.role`

`<containers>` stands for `initContainers`, `containers` and `ephemeralContainers`.

## Allowed values

* `type`: undefined, empty, `container_t`, `container_init_t`, `container_kvm_t`, and from v1.31 on
  `container_engine_t`.
* `user` and `role`: undefined or empty.

## In a PodSecurityPolicy

`spec.seLinux`: with rule `MustRunAs` every pod runs with the user, role and type of
`seLinuxOptions`, so these decide; a forbidden one is imposed on every pod. With `RunAsAny` pods may
set what they like, and pods that set nothing pass.

## Since

v1.0. Revision at v1.31: `container_engine_t` is allowed.

## How to fix

Remove the user, the role and the type; keep the level where volumes depend on it.

Before:

```yaml
securityContext:
  seLinuxOptions:
    type: spc_t
    level: s0:c123,c456
```

After:

```yaml
securityContext:
  seLinuxOptions:
    level: s0:c123,c456
```
"#,
    revisions: &[
        Revision {
            since: 0,
            overrides: &[],
            pod: pod_v1_0,
            policy: policy_v1_0,
        },
        Revision {
            since: 31,
            overrides: &[],
            pod: pod_v1_31,
            policy: policy_v1_31,
        },
    ],
};

const ALLOWED_V1_0: &[&str] = &["", "container_t", "container_init_t", "container_kvm_t"];
const ALLOWED_V1_31: &[&str] = &[
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
];

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    pod_side(pod, ALLOWED_V1_0)
}

fn pod_v1_31(pod: &Pod) -> Option<Forbidden> {
    pod_side(pod, ALLOWED_V1_31)
}

/// Whether the options hold anything that is forbidden.
fn offends(options: &SeLinuxOptions, allowed: &[&str]) -> bool {
    !allowed.contains(&options.type_.as_str())
        || !options.user.is_empty()
        || !options.role.is_empty()
}

fn pod_side(pod: &Pod, allowed: &[&str]) -> Option<Forbidden> {
    let mut setters = Setters::default();
    let mut bad: Vec<&SeLinuxOptions> = Vec::new();
    if let Some(options) = pod_context(pod).and_then(|c| c.se_linux_options.as_ref())
        && offends(options, allowed)
    {
        setters.pod = true;
        bad.push(options);
    }
    for (name, context) in contexts(pod) {
        if let Some(options) = &context.se_linux_options
            && offends(options, allowed)
        {
            setters.containers.push(name);
            bad.push(options);
        }
    }
    if bad.is_empty() {
        return None;
    }
    let types: Set<'_> = bad
        .iter()
        .map(|options| options.type_.as_str())
        .filter(|type_| !allowed.contains(type_))
        .collect();
    let mut parts = Vec::new();
    if !types.is_empty() {
        let word = plural("type", "types", types.len());
        parts.push(format!("{word} {}", quoted_list(types)));
    }
    if bad.iter().any(|options| !options.user.is_empty()) {
        parts.push("user may not be set".to_owned());
    }
    if bad.iter().any(|options| !options.role.is_empty()) {
        parts.push("role may not be set".to_owned());
    }
    Some(Forbidden {
        reason: "seLinuxOptions",
        detail: format!(
            "{} set forbidden securityContext.seLinuxOptions: {}",
            setters.text(),
            parts.join("; ")
        ),
    })
}

fn policy_v1_0(policy: &PodSecurityPolicy) -> Exposure {
    policy_side(policy, ALLOWED_V1_0)
}

fn policy_v1_31(policy: &PodSecurityPolicy) -> Exposure {
    policy_side(policy, ALLOWED_V1_31)
}

fn policy_side(policy: &PodSecurityPolicy, allowed: &[&str]) -> Exposure {
    let rule = &policy.spec.se_linux;
    if rule.rule != "MustRunAs" {
        return Exposure::new(
            Verdict::Silent,
            "spec.seLinux.rule",
            rule.rule.as_str(),
            "pods may set any SELinux options, and those that set none pass",
        );
    }
    let options = rule.se_linux_options.clone().unwrap_or_default();
    let (verdict, message) = if offends(&options, allowed) {
        (
            Verdict::Imposed,
            "every pod runs with these SELinux options",
        )
    } else {
        (
            Verdict::Enforced,
            "every pod runs with these SELinux options, and the check allows them",
        )
    };
    Exposure::new(
        verdict,
        "spec.seLinux.seLinuxOptions",
        options.to_string(),
        message,
    )
}
