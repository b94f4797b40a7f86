//! What a plan is asked for.

use crate::pss::{Level, Version};

use super::settings::Settings;

/// What was meant on the command line.
#[derive(Debug, Clone)]
pub struct Options {
    /// The version to pin labels to; `None` asks the nodes.
    pub target: Option<Version>,
    /// What the enforce level follows from.
    pub basis: Basis,
    /// Whether patches come before the labels, for the sake of a tighter level.
    pub prefer: Prefer,
    /// How the audit level is chosen.
    pub audit: Aim,
    /// How the warn level is chosen.
    pub warn: Aim,
    /// Whose labels win.
    pub existing: Existing,
    /// Whether the user vouches that the input shows everything that runs.
    pub complete: bool,
    /// Plan only this namespace.
    pub only: Option<String>,
    /// Leave these namespaces as they are; `*` stands for any characters.
    pub exclude: Vec<String>,
    /// What was decided beforehand.
    pub settings: Settings,
}

impl Options {
    /// What the command line means without a flag.
    pub const DEFAULT: Options = Options {
        target: None,
        basis: Basis::Observed,
        prefer: Prefer::Stability,
        audit: Aim::Next,
        warn: Aim::Next,
        existing: Existing::Keep,
        complete: false,
        only: None,
        exclude: Vec::new(),
        settings: Settings::NONE,
    };
}

impl Default for Options {
    fn default() -> Self {
        Options::DEFAULT
    }
}

/// What the enforce level follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// What the workloads need.
    Observed,
    /// What the policies granted.
    Granted,
    /// The looser of the two.
    Both,
}

impl Basis {
    /// The word on the command line and in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Basis::Observed => "observed",
            Basis::Granted => "granted",
            Basis::Both => "both",
        }
    }
}

/// What is put first where templates lack what the policies write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    /// The level that every workload satisfies as it is written.
    Stability,
    /// The tighter level that workloads reach with the patches that preserve what runs today. It is safe only once
    /// these are rolled out.
    Security,
}

impl Prefer {
    /// The word on the command line and in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Prefer::Stability => "stability",
            Prefer::Security => "security",
        }
    }
}

/// How an audit or warn level is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// One step tighter than what is enforced.
    Next,
    /// This level.
    Level(Level),
}

/// Whose labels win where a namespace has pod-security labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The owner's are kept as they are.
    Keep,
    /// Ours replace them.
    Overwrite,
}
