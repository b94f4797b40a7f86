//! /proc mount type: the default masks of /proc are required, but for pods with users of their own.
//!
//! Upstream: `policy/check_procMount.go` (1.37). From v1.35 on `hostUsers: false` allows any value here; restricted has
//! a check of its own from that version on, without the exception.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::{contexts, has_own_users};
use crate::pss::wording::{Set, containers, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "procMount",
    level: Level::Baseline,
    title: "/proc Mount Type",
    fields: &[
        "spec.<containers>[*].securityContext.procMount",
        "spec.hostUsers",
    ],
    allowed: "undefined or `Default`; anything where `hostUsers` is false",
    psp_fields: &["spec.allowedProcMountTypes"],
    docs: "",
    revisions: &[
        Revision {
            since: 0,
            overrides: &[],
            pod: pod_v1_0,
        },
        Revision {
            since: 35,
            overrides: &[],
            pod: pod_v1_35,
        },
    ],
};

const ALLOWED: &str = "Default";

pub(super) fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let mut bad = Set::new();
    let mut names = Vec::new();
    for (name, context) in contexts(pod) {
        if let Some(proc_mount) = &context.proc_mount
            && proc_mount != ALLOWED
        {
            bad.insert(proc_mount);
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "procMount",
        detail: format!(
            "{} must not set securityContext.procMount to {}",
            containers(&names),
            quoted_list(bad)
        ),
    })
}

fn pod_v1_35(pod: &Pod) -> Option<Forbidden> {
    if has_own_users(pod) {
        return None;
    }
    pod_v1_0(pod)
}
