//! psp2psa: from PodSecurityPolicy to Pod Security Admission.

pub mod diag;
pub mod input;
pub mod mapping;
pub mod model;
pub mod psp;
pub mod pss;
pub mod rbac;
