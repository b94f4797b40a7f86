//! /proc mount type at restricted: the default masks of /proc are required of every pod.
//!
//! Upstream: `policy/check_procMount_restricted.go` (1.37). In v1.35 the baseline check began to spare pods with users
//! of their own; this twin appeared at the same version and replaces it, so that restricted stays as it was.

use crate::pss::Level;
use crate::pss::check::{Check, Revision};
use crate::pss::checks::proc_mount;

pub(super) static CHECK: Check = Check {
    id: "procMount_restricted",
    level: Level::Restricted,
    title: "/proc Mount Type",
    fields: &["spec.<containers>[*].securityContext.procMount"],
    allowed: "undefined or `Default`",
    psp_fields: &["spec.allowedProcMountTypes"],
    docs: "",
    revisions: &[Revision {
        since: 35,
        overrides: &["procMount"],
        pod: proc_mount::pod_v1_0,
    }],
};
