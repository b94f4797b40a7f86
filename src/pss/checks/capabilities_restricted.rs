//! Capabilities at restricted: every container drops all of them and adds at most one.
//!
//! Upstream: `policy/check_capabilities_restricted.go` (1.37), first in v1.22, where it replaces the baseline check. From
//! v1.25 on Windows pods are exempt; since the baseline check is replaced nonetheless, such a pod may add any capability.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::is_windows;
use crate::pss::wording::{Set, containers, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "capabilities_restricted",
    level: Level::Restricted,
    title: "Capabilities",
    fields: &[
        "spec.<containers>[*].securityContext.capabilities.drop",
        "spec.<containers>[*].securityContext.capabilities.add",
        "spec.os.name",
    ],
    allowed: "drop has ALL; add undefined or NET_BIND_SERVICE; anything where `os.name` is windows",
    psp_fields: &[
        "spec.requiredDropCapabilities",
        "spec.allowedCapabilities",
        "spec.defaultAddCapabilities",
    ],
    docs: "",
    revisions: &[
        Revision {
            since: 22,
            overrides: &["capabilities_baseline"],
            pod: pod_v1_22,
        },
        Revision {
            since: 25,
            overrides: &["capabilities_baseline"],
            pod: pod_v1_25,
        },
    ],
};

const REQUIRED_DROP: &str = "ALL";
const ALLOWED: &str = "NET_BIND_SERVICE";

fn pod_v1_22(pod: &Pod) -> Option<Forbidden> {
    let mut missing = Vec::new();
    let mut adding = Vec::new();
    let mut bad = Set::new();
    for container in pod.spec.all_containers() {
        let context = container.security_context.as_ref();
        let Some(capabilities) = context.and_then(|c| c.capabilities.as_ref()) else {
            missing.push(container.name.as_str());
            continue;
        };
        if !capabilities.drop.iter().any(|c| c == REQUIRED_DROP) {
            missing.push(container.name.as_str());
        }
        let mut adds = false;
        for capability in capabilities.add.iter().filter(|c| *c != ALLOWED) {
            adds = true;
            bad.insert(capability.as_str());
        }
        if adds {
            adding.push(container.name.as_str());
        }
    }
    let mut sentences = Vec::new();
    if !missing.is_empty() {
        sentences.push(format!(
            r#"{} must set securityContext.capabilities.drop=["ALL"]"#,
            containers(&missing)
        ));
    }
    if !adding.is_empty() {
        sentences.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers(&adding),
            quoted_list(bad)
        ));
    }
    if sentences.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "unrestricted capabilities",
        detail: sentences.join("; "),
    })
}

fn pod_v1_25(pod: &Pod) -> Option<Forbidden> {
    if is_windows(pod) {
        return None;
    }
    pod_v1_22(pod)
}
