//! The Pod Security Standards: what each level forbids at each version, to a pod and through a policy.
//!
//! [`evaluate()`] answers for one pod, [`evaluator`] for many at the same version. The rules stand in [`CHECKS`], one file
//! each under `checks/`; a check has revisions, and a revision begins at a minor version.
//!
//! What namespace labels mean, and what the admission plugin answers to a request, is [`admission`].
//!
//! * No pod is defaulted here: a caller that reads manifests as a cluster would calls
//!   [`crate::model::defaults::apply`] first.
//! * Reasons and details are upstream's, byte for byte: a client of a cluster sees the same text.
//! * Levels are no inclusion: [`satisfies`] returns a set.
//! * This stage knows nothing of authorization or of how PodSecurityPolicy chose and changed pods.
//!
//! Upstream: `k8s.io/pod-security-admission/policy` (master at 1.37 alpha).
//!
//! To add a revision: a function and an entry in the check's file, and `NEWEST` if it is the newest. To add a check: a
//! file named after its id in snake case, a line in `checks.rs`. The tests of that file name what is missing.
//!
//! # Example
//!
//! ```
//! use psp2psa::model::pod::Pod;
//! use psp2psa::pss::{self, Level, Version};
//!
//! let pod: Pod = serde_json::from_str(r#"{"spec": {"hostNetwork": true, "containers": [{"name": "c"}]}}"#)?;
//! let violations = pss::evaluate(Level::Baseline, Version::Latest, &pod);
//! assert_eq!(pss::detail(&violations), "host namespaces (hostNetwork=true)");
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod admission;
mod allowed;
mod check;
mod checks;
mod evaluate;
#[cfg(test)]
mod invented;
mod pod;
mod policy;
mod version;
mod wording;

pub use allowed::{Allowed, allowed};
pub use check::{Check, Exposure, Forbidden, Revision, Verdict, Violation};
pub use checks::{CHECKS, check};
pub use evaluate::{
    Active, Evaluator, active, controls, detail, evaluate, evaluator, message, reason, satisfies,
};
pub use version::{InvalidLevel, InvalidVersion, Level, LevelSet, LevelVersion, NEWEST, Version};
