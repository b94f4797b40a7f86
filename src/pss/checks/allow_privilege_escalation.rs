//! Privilege escalation: every container must give up gaining privileges.
//!
//! Upstream: `policy/check_allowPrivilegeEscalation.go` (1.37), first in v1.8. There is no such field for the whole pod.
//! From v1.25 on Windows pods are exempt.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::{is_windows, offenders};
use crate::pss::wording::containers;

pub(super) static CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    title: "Privilege Escalation",
    fields: &[
        "spec.<containers>[*].securityContext.allowPrivilegeEscalation",
        "spec.os.name",
    ],
    allowed: "false; anything where `os.name` is windows",
    psp_fields: &[
        "spec.allowPrivilegeEscalation",
        "spec.defaultAllowPrivilegeEscalation",
    ],
    docs: "",
    revisions: &[
        Revision {
            since: 8,
            overrides: &[],
            pod: pod_v1_8,
        },
        Revision {
            since: 25,
            overrides: &[],
            pod: pod_v1_25,
        },
    ],
};

fn pod_v1_8(pod: &Pod) -> Option<Forbidden> {
    let names = offenders(pod, |context| {
        context.and_then(|c| c.allow_privilege_escalation) != Some(false)
    });
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "allowPrivilegeEscalation != false",
        detail: format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            containers(&names)
        ),
    })
}

fn pod_v1_25(pod: &Pod) -> Option<Forbidden> {
    if is_windows(pod) {
        return None;
    }
    pod_v1_8(pod)
}
