//! Seccomp at restricted: the pod or every container must ask for a profile.
//!
//! Upstream: `policy/check_seccompProfile_restricted.go` (1.37), first in v1.19, where it replaces the baseline check.
//! From v1.25 on Windows pods are exempt; since the baseline check is replaced nonetheless, such a pod may even ask for
//! `Unconfined`.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::checks::seccomp_profile_baseline::{forbidden_profiles, must_not_set};
use crate::pss::pod::{is_windows, offenders, pod_context};
use crate::pss::wording::containers;

pub(super) static CHECK: Check = Check {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    title: "Seccomp",
    fields: &[
        "spec.securityContext.seccompProfile.type",
        "spec.<containers>[*].securityContext.seccompProfile.type",
        "spec.os.name",
    ],
    allowed: "`RuntimeDefault` or `Localhost`; undefined in a container where the pod has one; anything where `os.name` is windows",
    psp_fields: &[
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/allowedProfileNames]",
        "metadata.annotations[seccomp.security.alpha.kubernetes.io/defaultProfileName]",
    ],
    docs: "",
    revisions: &[
        Revision {
            since: 19,
            overrides: &["seccompProfile_baseline"],
            pod: pod_v1_19,
        },
        Revision {
            since: 25,
            overrides: &["seccompProfile_baseline"],
            pod: pod_v1_25,
        },
    ],
};

fn pod_v1_19(pod: &Pod) -> Option<Forbidden> {
    let (explicit, bad) = forbidden_profiles(pod);
    let detail = if !explicit.is_empty() {
        must_not_set(&explicit, bad)
    } else if pod_context(pod).is_some_and(|c| c.seccomp_profile.is_some()) {
        // Not forbidden, so it is one of the allowed ones.
        return None;
    } else {
        let implicit = offenders(pod, |context| {
            context.is_none_or(|c| c.seccomp_profile.is_none())
        });
        if implicit.is_empty() {
            return None;
        }
        format!(
            r#"pod or {} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#,
            containers(&implicit)
        )
    };
    Some(Forbidden {
        reason: "seccompProfile",
        detail,
    })
}

fn pod_v1_25(pod: &Pod) -> Option<Forbidden> {
    if is_windows(pod) {
        return None;
    }
    pod_v1_19(pod)
}
