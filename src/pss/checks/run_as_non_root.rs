//! Running as non-root: the pod or every container must ask for it.
//!
//! Upstream: `policy/check_runAsNonRoot.go` (1.37). A user id does not matter here. The pod's own `false` offends even
//! where every container says true. From v1.35 on pods with users of their own are exempt.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::{has_own_users, offenders, pod_context};
use crate::pss::wording::{Setters, containers};

pub(super) static CHECK: Check = Check {
    id: "runAsNonRoot",
    level: Level::Restricted,
    title: "Running as Non-root",
    fields: &[
        "spec.securityContext.runAsNonRoot",
        "spec.<containers>[*].securityContext.runAsNonRoot",
        "spec.hostUsers",
    ],
    allowed: "true; undefined in a container where the pod says true; anything where `hostUsers` is false",
    psp_fields: &["spec.runAsUser.rule"],
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

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let pod_value = pod_context(pod).and_then(|c| c.run_as_non_root);
    let explicit = Setters {
        pod: pod_value == Some(false),
        containers: offenders(pod, |context| {
            context.and_then(|c| c.run_as_non_root) == Some(false)
        }),
    };
    let detail = if !explicit.is_empty() {
        format!(
            "{} must not set securityContext.runAsNonRoot=false",
            explicit.text()
        )
    } else if pod_value == Some(true) {
        return None;
    } else {
        let implicit = offenders(pod, |context| {
            context.and_then(|c| c.run_as_non_root).is_none()
        });
        if implicit.is_empty() {
            return None;
        }
        format!(
            "pod or {} must set securityContext.runAsNonRoot=true",
            containers(&implicit)
        )
    };
    Some(Forbidden {
        reason: "runAsNonRoot != true",
        detail,
    })
}

fn pod_v1_35(pod: &Pod) -> Option<Forbidden> {
    if has_own_users(pod) {
        return None;
    }
    pod_v1_0(pod)
}
