//! What holds for a container: its own value, or else the pod's.
//!
//! Upstream: `pkg/securitycontext/accessors.go` (v1.24.7, the effective accessor). SELinux options are inherited as a
//! whole, never field by field. Everything that is not here (capabilities, privileged, …) is never inherited.

use crate::model::pod::{PodSecurityContext, SeLinuxOptions, SecurityContext};

/// The two security contexts that apply to a container.
#[derive(Clone, Copy)]
pub(crate) struct Effective<'a> {
    /// The pod's.
    pub(crate) pod: Option<&'a PodSecurityContext>,
    /// The container's own.
    pub(crate) container: Option<&'a SecurityContext>,
}

impl<'a> Effective<'a> {
    /// `runAsUser`.
    pub(crate) fn run_as_user(self) -> Option<i64> {
        let own = self.container.and_then(|context| context.run_as_user);
        own.or(self.pod.and_then(|context| context.run_as_user))
    }

    /// `runAsGroup`.
    pub(crate) fn run_as_group(self) -> Option<i64> {
        let own = self.container.and_then(|context| context.run_as_group);
        own.or(self.pod.and_then(|context| context.run_as_group))
    }

    /// `runAsNonRoot`.
    pub(crate) fn run_as_non_root(self) -> Option<bool> {
        let own = self.container.and_then(|context| context.run_as_non_root);
        own.or(self.pod.and_then(|context| context.run_as_non_root))
    }

    /// `seLinuxOptions`.
    pub(crate) fn se_linux_options(self) -> Option<&'a SeLinuxOptions> {
        let own = self.container.and_then(|c| c.se_linux_options.as_ref());
        own.or(self
            .pod
            .and_then(|context| context.se_linux_options.as_ref()))
    }
}
