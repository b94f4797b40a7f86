//! From a policy to levels: a verdict for each check, the closest level and what stands in the way of tighter ones, what
//! the policy writes into pods, and what it restricts that no level does.
//!
//! The question is always about pods as Kubernetes 1.24 would store them under this policy alone. The verdict on a
//! single check stands in the check's own file (see [`crate::pss::Check`]); here the verdicts meet.
//!
//! A policy that admits no pod has no level, rather than all of them.
//!
//! # Example
//!
//! ```
//! use psp2psa::input::InputFile;
//! use psp2psa::pss::{Level, Version};
//!
//! let policy = r#"
//! apiVersion: policy/v1beta1
//! kind: PodSecurityPolicy
//! metadata: {name: plain}
//! spec:
//!   runAsUser: {rule: MustRunAsNonRoot}
//!   seLinux: {rule: RunAsAny}
//!   fsGroup: {rule: RunAsAny}
//!   supplementalGroups: {rule: RunAsAny}
//! "#;
//! let (policies, _) = psp2psa::map(psp2psa::read(&InputFile::new("p.yaml", policy.into())), Version::Latest);
//! let (_, mapping) = &policies[0];
//! assert_eq!(mapping.level, Some(Level::Baseline));
//! assert!(!mapping.blocked_by.restricted.contains(&"runAsNonRoot"));
//! ```

mod admits;
mod mutations;
mod unmapped;
mod witness;

use serde_json::Value;

use crate::model::psp::PodSecurityPolicy;
use crate::pss::{self, Exposure, Level, Verdict, Version};

pub use mutations::Mutation;
pub use unmapped::{Unmapped, unmapped};
pub use witness::{plain_pod, unavoidable, witness};

/// What a policy amounts to at a version of the standards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The closest level: the tightest one such that no verdict of it or of a looser level blocks it. `None` where the
    /// policy admits no pod.
    pub level: Option<Level>,
    /// The tightest level such that all verdicts of it and of looser levels are [`Verdict::Enforced`].
    pub strict_level: Option<Level>,
    /// Why there is no level; empty where there is one. A phrase without a full stop.
    pub no_level: String,
    /// The checks in the way of levels tighter than `level`.
    pub blocked_by: BlockedBy,
    /// Every check that exists at the version, in evaluation order, those included that another replaces.
    pub controls: Vec<Control>,
    /// What the policy writes into pods, in the order of upstream's mutation.
    pub mutations: Vec<Mutation>,
    /// What the policy effectively restricts and the closest level does not, in a fixed order.
    pub unmapped: Vec<Unmapped>,
    /// All of it in one sentence, without a full stop.
    pub summary: String,
}

/// The ids of the checks in the way of a level, in evaluation order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlockedBy {
    /// Of baseline.
    pub baseline: Vec<&'static str>,
    /// Of restricted: those in the way of baseline, and its own.
    pub restricted: Vec<&'static str>,
}

/// The verdict of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// The check's id.
    pub check: &'static str,
    /// The check's own level.
    pub level: Level,
    /// The verdict, and what it rests on.
    pub exposure: Exposure,
    /// A pod that the policy admits and the check refuses; see [`witness()`].
    pub witness: Option<Value>,
}

/// Maps a policy at a version.
pub fn map(policy: &PodSecurityPolicy, version: Version) -> Mapping {
    let mut controls: Vec<Control> = pss::controls(version)
        .into_iter()
        .map(|(check, revision)| Control {
            check: check.id,
            level: check.level,
            exposure: (revision.policy)(policy),
            witness: None,
        })
        .collect();
    if let Some(reason) = admits::nothing(policy) {
        for control in &mut controls {
            control.exposure.verdict = Verdict::Enforced;
            control.exposure.message = format!("no pod is admitted: {reason}");
        }
        return Mapping {
            level: None,
            strict_level: None,
            summary: format!("no level, because the policy admits no pod: {reason}"),
            no_level: reason,
            blocked_by: BlockedBy::default(),
            controls,
            mutations: Vec::new(),
            unmapped: Vec::new(),
        };
    }
    if let Some(ground) = witness::ground(policy, version) {
        for control in &mut controls {
            let verdict = control.exposure.verdict;
            control.witness = ground.witness(control.check, control.level, verdict);
        }
    }
    let level = tightest(&controls, |verdict| !verdict.blocks());
    Mapping {
        level: Some(level),
        strict_level: Some(tightest(&controls, |verdict| verdict == Verdict::Enforced)),
        no_level: String::new(),
        blocked_by: BlockedBy {
            baseline: blocking(&controls, Level::Baseline)
                .map(|control| control.check)
                .collect(),
            restricted: blocking(&controls, Level::Restricted)
                .map(|control| control.check)
                .collect(),
        },
        mutations: mutations::mutations(policy),
        unmapped: unmapped(policy, level, version),
        summary: summary(level, &controls),
        controls,
    }
}

/// The tightest level such that every check of it and of looser levels is fine.
fn tightest(controls: &[Control], fine: impl Fn(Verdict) -> bool) -> Level {
    let mut tightest = Level::Privileged;
    for level in [Level::Baseline, Level::Restricted] {
        let mut own = controls.iter().filter(|control| control.level == level);
        if !own.all(|control| fine(control.exposure.verdict)) {
            break;
        }
        tightest = level;
    }
    tightest
}

/// The controls in the way of a level.
fn blocking(controls: &[Control], level: Level) -> impl Iterator<Item = &Control> {
    controls
        .iter()
        .filter(move |control| control.level <= level && control.exposure.verdict.blocks())
}

fn summary(level: Level, controls: &[Control]) -> String {
    match level {
        Level::Restricted => "restricted".to_owned(),
        Level::Baseline => {
            let ids: Vec<String> = blocking(controls, Level::Restricted)
                .map(|control| control.check.to_owned())
                .collect();
            format!("baseline; restricted is blocked by {}", enumeration(&ids))
        }
        Level::Privileged => {
            let causes: Vec<String> = blocking(controls, Level::Baseline).map(cause).collect();
            let only = if causes.len() == 1 { ", only" } else { "" };
            format!("privileged{only} because of {}", enumeration(&causes))
        }
    }
}

/// A check with the field and value that put it in the way: `hostNamespaces (hostNetwork: true)`.
fn cause(control: &Control) -> String {
    let exposure = &control.exposure;
    let field = exposure
        .field
        .replace("spec.", "")
        .replace("metadata.annotations[", "")
        .replace(']', "");
    format!(
        "{} ({field}: {})",
        control.check,
        shortened(&exposure.value)
    )
}

/// The first items of a long list.
fn shortened(value: &str) -> String {
    /// How many items a sentence bears.
    const SHOWN: usize = 4;
    let items: Vec<&str> = value.split(", ").collect();
    if items.len() <= SHOWN {
        return value.to_owned();
    }
    format!(
        "{} and {} more",
        items[..SHOWN].join(", "),
        items.len() - SHOWN
    )
}

/// `a`, `a and b`, `a, b and c`.
fn enumeration(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
