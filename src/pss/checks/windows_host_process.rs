//! HostProcess: no Windows container may run as a process of its node.
//!
//! Upstream: `policy/check_windowsHostProcess.go` (1.37).

use crate::model::pod::{Pod, WindowsOptions};
use crate::pss::Level;
use crate::pss::check::{Check, Forbidden, Revision};
use crate::pss::pod::{offenders, pod_context};
use crate::pss::wording::Setters;

pub(super) static CHECK: Check = Check {
    id: "windowsHostProcess",
    level: Level::Baseline,
    title: "HostProcess",
    fields: &[
        "spec.securityContext.windowsOptions.hostProcess",
        "spec.<containers>[*].securityContext.windowsOptions.hostProcess",
    ],
    allowed: "undefined or false",
    psp_fields: &["spec.hostNetwork"],
    docs: "",
    revisions: &[Revision {
        since: 0,
        overrides: &[],
        pod: pod_v1_0,
    }],
};

fn pod_v1_0(pod: &Pod) -> Option<Forbidden> {
    let setters = Setters {
        pod: pod_context(pod).is_some_and(|c| is_host_process(c.windows_options.as_ref())),
        containers: offenders(pod, |context| {
            context.is_some_and(|c| is_host_process(c.windows_options.as_ref()))
        }),
    };
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "hostProcess",
        detail: format!(
            "{} must not set securityContext.windowsOptions.hostProcess=true",
            setters.text()
        ),
    })
}

fn is_host_process(options: Option<&WindowsOptions>) -> bool {
    options.is_some_and(|options| options.host_process == Some(true))
}
