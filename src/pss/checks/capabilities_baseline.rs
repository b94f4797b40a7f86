//! Capabilities: none beyond the container runtimes' default set.
//!
//! Upstream: `policy/check_capabilities_baseline.go` (1.37). Names are compared byte for byte: `ALL`, lower case and the
//! prefix `CAP_` are all refused. `NET_RAW` is not in the list, although runtimes grant it by default.

use crate::model::pod::Pod;
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::contexts;
use crate::pss::wording::{Set, containers, quoted_list};

pub(super) static CHECK: Check = Check {
    id: "capabilities_baseline",
    level: Level::Baseline,
    title: "Capabilities",
    fields: &["spec.<containers>[*].securityContext.capabilities.add"],
    allowed: "undefined, or any of AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID, SETPCAP, SETUID, SYS_CHROOT",
    psp_fields: &["spec.allowedCapabilities", "spec.defaultAddCapabilities"],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
    }],
};

const ALLOWED: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let mut bad = Set::new();
    let mut names = Vec::new();
    for (name, context) in contexts(pod) {
        let add = context.capabilities.iter().flat_map(|c| &c.add);
        let mut offends = false;
        for capability in add.filter(|c| !ALLOWED.contains(&c.as_str())) {
            offends = true;
            bad.insert(capability.as_str());
        }
        if offends {
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "non-default capabilities",
        detail: format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers(&names),
            quoted_list(bad)
        ),
    })
}
