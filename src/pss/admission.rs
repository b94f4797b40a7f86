//! The admission layer: what the labels of a namespace mean, and what the plugin answers to a request.
//!
//! Most of the tool needs one function of it: [`policy_of`], from the labels of a namespace to the level and version of
//! each mode. The rest shows that this answer is the plugin's: [`request::respond`] gives the whole response to a
//! request, [`existing`] the warnings about pods that are already there, [`configuration`] the defaults and exemptions
//! of the plugin's configuration file.
//!
//! Nothing here reads a clock or a cluster: what a request depends on is passed in.
//!
//! Upstream: `k8s.io/pod-security-admission/{api,admission}` (1.37).

pub mod configuration;
pub mod existing;
pub mod request;
pub mod response;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::go;
use crate::pss::{InvalidLevel, InvalidVersion, Level, LevelVersion, Version};

/// The level to enforce: pods that violate it are refused.
pub const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
/// The version of the enforced level.
pub const ENFORCE_VERSION: &str = "pod-security.kubernetes.io/enforce-version";
/// The level whose violations are written to the audit log.
pub const AUDIT: &str = "pod-security.kubernetes.io/audit";
/// The version of the audited level.
pub const AUDIT_VERSION: &str = "pod-security.kubernetes.io/audit-version";
/// The level whose violations the client is warned of.
pub const WARN: &str = "pod-security.kubernetes.io/warn";
/// The version of the level warned of.
pub const WARN_VERSION: &str = "pod-security.kubernetes.io/warn-version";

/// The six labels that the plugin reads, in its order. Others with the same prefix mean nothing.
pub const LABELS: [&str; 6] = [
    ENFORCE,
    ENFORCE_VERSION,
    AUDIT,
    AUDIT_VERSION,
    WARN,
    WARN_VERSION,
];

/// What a mode does with a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Refuses the pod.
    Enforce,
    /// Writes it to the audit log.
    Audit,
    /// Warns the client.
    Warn,
}

impl Mode {
    /// All modes, in the plugin's order.
    pub const ALL: [Mode; 3] = [Mode::Enforce, Mode::Audit, Mode::Warn];

    /// The word used in labels, messages and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Enforce => "enforce",
            Mode::Audit => "audit",
            Mode::Warn => "warn",
        }
    }

    /// The label with the mode's level.
    pub fn level_label(self) -> &'static str {
        match self {
            Mode::Enforce => ENFORCE,
            Mode::Audit => AUDIT,
            Mode::Warn => WARN,
        }
    }

    /// The label with the mode's version.
    pub fn version_label(self) -> &'static str {
        match self {
            Mode::Enforce => ENFORCE_VERSION,
            Mode::Audit => AUDIT_VERSION,
            Mode::Warn => WARN_VERSION,
        }
    }
}

/// A level and version for each mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    /// What is refused.
    pub enforce: LevelVersion,
    /// What is audited.
    pub audit: LevelVersion,
    /// What is warned of.
    pub warn: LevelVersion,
}

impl Policy {
    /// `privileged:latest` in all modes: the defaults of a plugin without configuration.
    pub const PRIVILEGED: Policy = {
        let privileged = LevelVersion {
            level: Level::Privileged,
            version: Version::Latest,
        };
        Policy {
            enforce: privileged,
            audit: privileged,
            warn: privileged,
        }
    };

    /// The level and version of a mode.
    pub fn mode(&self, mode: Mode) -> LevelVersion {
        match mode {
            Mode::Enforce => self.enforce,
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
        }
    }

    fn mode_mut(&mut self, mode: Mode) -> &mut LevelVersion {
        match mode {
            Mode::Enforce => &mut self.enforce,
            Mode::Audit => &mut self.audit,
            Mode::Warn => &mut self.warn,
        }
    }

    /// Whether no mode can find a violation.
    pub fn is_privileged(&self) -> bool {
        Mode::ALL
            .into_iter()
            .all(|mode| self.mode(mode).level == Level::Privileged)
    }

    /// Whether two policies find the same violations: versions of `privileged` do not matter.
    pub fn is_equivalent(&self, other: &Policy) -> bool {
        Mode::ALL.into_iter().all(|mode| {
            let (this, that) = (self.mode(mode), other.mode(mode));
            this == that || (this.level == Level::Privileged && that.level == Level::Privileged)
        })
    }
}

/// A label whose value is no level or no version. Displayed in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelError {
    /// The label.
    pub label: &'static str,
    /// Its value.
    pub value: String,
    /// What is wrong with the value.
    pub problem: LabelProblem,
}

/// What is wrong with the value of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelProblem {
    /// It is no level.
    Level(InvalidLevel),
    /// It is no version.
    Version(InvalidVersion),
}

impl fmt::Display for LabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = go::quoted(&self.value);
        write!(
            f,
            "metadata.labels[{}]: Invalid value: {value}: ",
            self.label
        )?;
        match self.problem {
            LabelProblem::Level(problem) => problem.fmt(f),
            LabelProblem::Version(problem) => problem.fmt(f),
        }
    }
}

/// What the labels of a namespace mean, given what they mean when they are absent. The policy is always usable:
///
/// * Level and version labels are independent of one another; a version label alone gives the default level another
///   version.
/// * A label that is present but invalid, or empty, is an error. An invalid `enforce` is restricted (it fails closed),
///   an invalid `audit` or `warn` is privileged (they fail open), an invalid version is `latest`.
/// * Without a `warn` label, warn follows a valid and stricter `enforce` label, and its version too, unless there is a
///   `warn-version` label. A default is never followed, and audit follows nothing.
///
/// Upstream: `PolicyToEvaluate` in `api/helpers.go`.
pub fn policy_of(
    labels: &BTreeMap<String, String>,
    defaults: &Policy,
) -> (Policy, Vec<LabelError>) {
    let mut policy = *defaults;
    let mut errors = Vec::new();
    let mut enforce_is_set = false;
    for mode in Mode::ALL {
        let target = policy.mode_mut(mode);
        let label = mode.level_label();
        if let Some(value) = labels.get(label) {
            match value.parse() {
                Ok(level) => {
                    target.level = level;
                    enforce_is_set |= mode == Mode::Enforce;
                }
                Err(problem) => {
                    target.level = match mode {
                        Mode::Enforce => Level::Restricted,
                        Mode::Audit | Mode::Warn => Level::Privileged,
                    };
                    errors.push(LabelError {
                        label,
                        value: value.clone(),
                        problem: LabelProblem::Level(problem),
                    });
                }
            }
        }
        let label = mode.version_label();
        if let Some(value) = labels.get(label) {
            target.version = value.parse().unwrap_or_else(|problem| {
                errors.push(LabelError {
                    label,
                    value: value.clone(),
                    problem: LabelProblem::Version(problem),
                });
                Version::Latest
            });
        }
    }
    let follows = enforce_is_set && !labels.contains_key(WARN);
    if follows && policy.enforce.level > policy.warn.level {
        policy.warn.level = policy.enforce.level;
        if !labels.contains_key(WARN_VERSION) {
            policy.warn.version = policy.enforce.version;
        }
    }
    (policy, errors)
}

/// Several error texts as one, as upstream's aggregates print: identical texts once, more than one in brackets.
pub fn aggregate<I>(errors: I) -> String
where
    I: IntoIterator<Item: fmt::Display>,
{
    let mut seen = BTreeSet::new();
    let mut texts: Vec<String> = errors.into_iter().map(|error| error.to_string()).collect();
    texts.retain(|text| seen.insert(text.clone()));
    match texts.as_slice() {
        [only] => only.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}
