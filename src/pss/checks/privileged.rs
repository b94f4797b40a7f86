//! Privileged containers: no container may switch off most of its isolation.
//!
//! Upstream: `policy/check_privileged.go` (1.37).

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::offenders;
use crate::pss::wording::containers;

pub(super) static CHECK: Check = Check {
    id: "privileged",
    level: Level::Baseline,
    title: "Privileged Containers",
    fields: &["spec.<containers>[*].securityContext.privileged"],
    allowed: "undefined or false",
    psp_fields: &["spec.privileged", "spec.allowPrivilegeEscalation"],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
    }],
};

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let names = offenders(pod, |context| {
        context.is_some_and(|c| c.privileged == Some(true))
    });
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "privileged",
        detail: format!(
            "{} must not set securityContext.privileged=true",
            containers(&names)
        ),
    })
}
