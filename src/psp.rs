//! What the admission plugin PodSecurityPolicy did to pods, with the semantics of Kubernetes v1.21 to v1.24.
//!
//! [`replay`] answers which of several policies admitted a pod and what it wrote into it, [`replay_update`] whether a
//! stored pod could still be updated, [`admits`] what one policy alone says. [`stored`] is what became of an admitted
//! pod on its way to storage, and [`api_errors()`] whether it got there at all. [`validate_policy`] and [`broken`] say
//! which policies a live cluster cannot hold, or holds without ever using them. [`changes()`] lists what was written.
//!
//! Everything is pure, and knows nothing of RBAC: who may use which policy is part of the input
//! ([`Candidate::usable`]). Pods are given as the plugin saw them, that is after [`crate::model::defaults::apply`].
//!
//! Upstream: `pkg/security/podsecuritypolicy/`, `plugin/pkg/admission/security/podsecuritypolicy/admission.go` and
//! `pkg/apis/policy/validation/validation.go` (v1.24.7). Checked against answers of that code, see
//! `fixtures/vectors/psp*.jsonl`.
//!
//! # Example
//!
//! ```
//! use psp2psa::input::InputFile;
//! use psp2psa::model::pod::Pod;
//! use psp2psa::psp;
//!
//! let policy = r#"
//! apiVersion: policy/v1beta1
//! kind: PodSecurityPolicy
//! metadata: {name: numbered}
//! spec:
//!   runAsUser: {rule: MustRunAs, ranges: [{min: 1000, max: 2000}]}
//!   seLinux: {rule: RunAsAny}
//!   fsGroup: {rule: RunAsAny}
//!   supplementalGroups: {rule: RunAsAny}
//! "#;
//! let read = psp2psa::read(&InputFile::new("policy.yaml", policy.into()));
//! let (inventory, _) = psp2psa::assemble(read, &psp2psa::default_attribution());
//! let pod: Pod = serde_json::from_str(r#"{"spec": {"containers": [{"name": "c"}]}}"#)?;
//! let admitted = psp::admits(&inventory.policies[0], &pod);
//! let user = |pod: &Pod| pod.spec.containers[0].security_context.as_ref()?.run_as_user;
//! assert_eq!(admitted.as_ref().map(user), Ok(Some(1000)));
//! # Ok::<(), serde_json::Error>(())
//! ```

mod admit;
mod update;

mod strategies;

mod effective;
mod provider;

mod seccomp_sync;

mod api_errors;
mod validation;

mod changes;
mod diags;

mod field_error;
mod go_format;
mod syntax;

pub use admit::{Admission, Admitted, Candidate, Trial, admits, broken, replay};
pub use api_errors::api_errors;
pub use changes::{Change, Step, annotate, apply, changes};
pub use diags::{CODES, diagnose};
pub use field_error::{ErrorKind, FieldError};
pub use seccomp_sync::{stored, sync_seccomp};
pub(crate) use strategies::seccomp::CONTAINER_ANNOTATION;
pub use update::{is_ignored, replay_update};
pub use validation::validate_policy;

/// Annotation of an admitted pod: the policy that admitted it.
///
/// It is always written and never counts as a mutation, so the pods of this module do not carry it unless the input
/// did. Only [`replay_update`] reads it, to try that policy first.
pub const ANNOTATION: &str = "kubernetes.io/psp";
