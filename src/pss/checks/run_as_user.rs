//! Running as non-root user: nothing may ask for user id 0.
//!
//! Upstream: `policy/check_runAsUser.go` (1.37), first in v1.23. The pod's own 0 offends even where every container
//! overrides it. From v1.35 on pods with users of their own are exempt.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::{has_own_users, offenders, pod_context};
use crate::pss::wording::Setters;

pub(super) static CHECK: Check = Check {
    id: "runAsUser",
    level: Level::Restricted,
    title: "Running as Non-root user",
    fields: &[
        "spec.securityContext.runAsUser",
        "spec.<containers>[*].securityContext.runAsUser",
        "spec.hostUsers",
    ],
    allowed: "undefined or not 0; anything where `hostUsers` is false",
    psp_fields: &["spec.runAsUser"],
    docs: "",
    revisions: &[
        Revision {
            since: 23,
            overrides: &[],
            pod: pod_v1_23,
        },
        Revision {
            since: 35,
            overrides: &[],
            pod: pod_v1_35,
        },
    ],
};

fn pod_v1_23(pod: &Pod) -> Option<Forbidden> {
    let setters = Setters {
        pod: pod_context(pod).and_then(|c| c.run_as_user) == Some(0),
        containers: offenders(pod, |context| {
            context.and_then(|c| c.run_as_user) == Some(0)
        }),
    };
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "runAsUser=0",
        detail: format!("{} must not set runAsUser=0", setters.text()),
    })
}

fn pod_v1_35(pod: &Pod) -> Option<Forbidden> {
    if has_own_users(pod) {
        return None;
    }
    pod_v1_23(pod)
}
