//! The command line: what was typed, and what it means to the stages.

pub mod completion;
pub mod diags;
mod meaning;
mod talk;
mod values;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::config::Date;
use crate::plan::Aim;
use crate::pss::{Level, Version};
pub use talk::{Color, Talk};
use values::{aim, gibibytes, level, namespace, version};

/// From PodSecurityPolicy to Pod Security Admission, with reasons.
///
/// Reads Kubernetes objects from files, dumps or a pipe, never from a cluster, and answers for every namespace: which
/// PodSecurityPolicies could its pods use, what do its workloads need, which Pod Security Standards level should it
/// enforce, and what breaks. Works without any PodSecurityPolicy in the input, too.
#[derive(Debug, Parser)]
#[command(
    name = "psp2psa",
    version,
    propagate_version = false,
    max_term_width = 100
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened arguments show their own docs")]
    pub talk: Talk,
}

impl Cli {
    /// How to talk, wherever the flags stand.
    ///
    /// # Errors
    /// In words, if they mean nothing here.
    pub fn talk(&mut self) -> Result<Talk, &'static str> {
        let behind = self.command.input_mut().map(|input| input.talk);
        self.talk.joined(behind)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plan the migration: namespaces with labels, a diff and a report
    Migrate(Migrate),
    /// Map policies to levels, with a verdict for each check
    Map(Map),
    /// Show who may use which policy, and through what
    Access(AccessArgs),
    /// Replay PodSecurityPolicy admission for every workload
    ///
    /// Every object with a pod is asked about, in the order of the input, as the plugin was asked when the pod was
    /// created: which policy admits it, and what that policy writes into it. A policy may be used through the service
    /// account that the pod names, or through who creates the pod: the controllers in kube-system for workloads, and
    /// for bare pods whoever --as names. An account that is not named stays unset. Exits with 1 if a pod is refused.
    Admit(Admit),
    /// Judge workloads by the Pod Security Standards
    Check(Check),
    /// Explain a check, a finding or a diagnostic
    Explain(Explain),
    /// Print the JSON Schema of a kind of document
    Schema(Schema),
    /// Print a completion script for a shell, or for kubectl
    Completion {
        /// The shell, or kubectl for the plugin
        #[arg(value_enum, value_name = "SHELL")]
        target: completion::For,
    },
    /// Print the manual page, or that of a command
    Man {
        /// The command
        #[arg(value_name = "COMMAND")]
        name: Option<String>,
    },
}

impl Command {
    /// Where this command's objects come from; `None` if it reads none.
    pub fn input_mut(&mut self) -> Option<&mut Input> {
        match self {
            Command::Migrate(arguments) => Some(&mut arguments.input),
            Command::Map(arguments) => Some(&mut arguments.input),
            Command::Access(arguments) => Some(&mut arguments.input),
            Command::Admit(arguments) => Some(&mut arguments.input),
            Command::Check(arguments) => Some(&mut arguments.input),
            Command::Explain(_)
            | Command::Schema(_)
            | Command::Completion { .. }
            | Command::Man { .. } => None,
        }
    }
}

/// Where the objects come from.
#[derive(Debug, Clone, Args)]
pub struct Input {
    /// Files, folders, patterns or - for standard input; may be given several times. Gzip, zstd and tar are unpacked
    #[arg(short = 'f', long, required = true, num_args = 1.., value_name = "PATH")]
    pub filename: Vec<String>,
    /// Read folders with everything below them
    #[arg(short = 'R', long)]
    pub recursive: bool,
    /// How much a compressed file may unpack to, and a text hold that is read as a whole, in whole GiB (default: 200
    /// times the file's size; 4)
    #[arg(long, value_name = "GIB", value_parser = gibibytes)]
    pub max_unpacked: Option<u64>,
    /// Whether a long read shows how far it is: unless the user wants quiet.
    #[arg(skip = true)]
    pub progress: bool,
    /// Namespace of objects that name none (default: default, unless the input defines several namespaces)
    #[arg(long, value_name = "NAMESPACE", value_parser = namespace)]
    pub default_namespace: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened arguments show their own docs")]
    pub talk: Talk,
}

/// The form of the answer on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table of 80 columns.
    Table,
    /// A table with everything.
    Wide,
    /// JSON, schemaVersion v1.
    Json,
    /// YAML.
    Yaml,
    /// Markdown.
    Markdown,
    /// Only names.
    Name,
}

/// The form of the answer of commands that judge: those of [`Output`], and two for CI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum JudgedOutput {
    /// A table of 80 columns.
    Table,
    /// A table with everything.
    Wide,
    /// JSON, schemaVersion v1.
    Json,
    /// YAML.
    Yaml,
    /// Markdown.
    Markdown,
    /// Only names.
    Name,
    /// SARIF 2.1.0, for services that show results beside the lines of a file.
    Sarif,
    /// JUnit XML, for CI that shows test results.
    Junit,
}

/// `migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened arguments show their own docs")]
    pub input: Input,
    /// Folder to write (default: psa-migration; with --in-place none)
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// Edit the files that were read: labels of namespaces, and patches that change nothing that runs today
    ///
    /// Text is only spliced in: comments, order, quotes, indentation and line ends stay, so that `git diff` shows the
    /// intended lines and nothing else. Enforce labels that should be reviewed first are left out. Whatever cannot be
    /// edited is told, with the lines to write.
    #[arg(long)]
    pub in_place: bool,
    /// Print the diff of what --in-place would do, and write nothing
    #[arg(long, conflicts_with_all = ["output_dir", "force"])]
    pub dry_run: bool,
    /// Replace the folder even if it holds files that are not ours (those stay)
    #[arg(long)]
    pub force: bool,
    /// Version to pin labels to, v1.N or latest (default: the oldest kubelet, else the newest known)
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub target_version: Option<Version>,
    /// What the enforce level follows from: what workloads need, what policies granted, or the looser of both
    #[arg(long, value_enum, default_value = "observed")]
    pub basis: BasisArg,
    /// What comes first where templates lack what policies write: stability (the level they satisfy as they are) or
    /// security (the tighter level that patches reach, so patches before labels)
    #[arg(long, value_enum, default_value = "stability")]
    pub prefer: PreferArg,
    /// Audit level: next (one step tighter than what is enforced) or a level (default: next)
    #[arg(long, value_name = "LEVEL", value_parser = aim)]
    pub audit: Option<Aim>,
    /// Warn level: next (one step tighter than what is enforced) or a level (default: next)
    #[arg(long, value_name = "LEVEL", value_parser = aim)]
    pub warn: Option<Aim>,
    /// Replace pod-security labels that are there already
    #[arg(long)]
    pub overwrite: bool,
    /// Vouch that the input shows everything that runs in its namespaces
    #[arg(long)]
    pub complete: bool,
    /// Plan only this namespace
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Leave this namespace as it is; * stands for any characters; may be given several times
    #[arg(long, value_name = "NAMESPACE")]
    pub exclude_namespace: Vec<String>,
    /// Configuration: overrides, exclusions, target version, accepted findings (default: psp2psa.yaml, if it is here)
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// What day it is, such as 2027-01-31: acceptances of the configuration that end before are over
    #[arg(long, value_name = "DATE")]
    pub today: Option<Date>,
    /// Exit with 1 if there is a finding of this severity or worse
    #[arg(long, value_enum, default_value = "never", value_name = "SEVERITY")]
    pub fail_on: FailOn,
    /// Form of the answer on standard output
    #[arg(short, long, value_enum, default_value = "table")]
    pub output: JudgedOutput,
}

/// `map`.
#[derive(Debug, Args)]
pub struct Map {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened arguments show their own docs")]
    pub input: Input,
    /// Version of the standards, v1.N or latest
    #[arg(long, value_name = "VERSION", default_value = "latest", value_parser = version)]
    pub version: Version,
    /// Form of the answer
    #[arg(short, long, value_enum, default_value = "table")]
    pub output: Output,
}

/// `access`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened arguments show their own docs")]
    pub input: Input,
    /// Only grants that hold in this namespace
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Only grants of this policy
    #[arg(long, value_name = "NAME")]
    pub psp: Option<String>,
    /// Ask whether this user may use the policy (--psp) in the namespace (-n)
    #[arg(long = "as", value_name = "USER")]
    pub as_user: Option<String>,
    /// Group of that user; may be given several times; none is added
    #[arg(long, value_name = "GROUP", requires = "as_user")]
    pub as_group: Vec<String>,
    /// Form of the answer
    #[arg(short, long, value_enum, default_value = "table")]
    pub output: Output,
}

/// `admit`.
#[derive(Debug, Args)]
pub struct Admit {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened arguments show their own docs")]
    pub input: Input,
    /// Only objects of this namespace
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Count every policy as usable, whatever roles and bindings say
    #[arg(long, conflicts_with_all = ["as_user", "as_group"])]
    pub assume_authorized: bool,
    /// User who creates bare pods
    #[arg(long = "as", value_name = "USER")]
    pub as_user: Option<String>,
    /// Group of that user; may be given several times; none is added
    #[arg(long, value_name = "GROUP", requires = "as_user")]
    pub as_group: Vec<String>,
    /// Print what the policies change in the pods that they admit, instead of a table
    #[arg(long)]
    pub diff: bool,
    /// Form of the answer; yaml prints the pods that are admitted, as the policies leave them, and name those refused
    #[arg(short, long, value_enum, default_value = "table")]
    pub output: Output,
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened arguments show their own docs")]
    pub input: Input,
    /// Level to judge by; without it every workload's tightest level is told, with what stands in the way
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub level: Option<Level>,
    /// Version of the standards, v1.N or latest
    #[arg(long, value_name = "VERSION", default_value = "latest", value_parser = version)]
    pub version: Version,
    /// Only objects of this namespace
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Form of the answer
    #[arg(short, long, value_enum, default_value = "table")]
    pub output: JudgedOutput,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// Id of a check (hostPorts), code of a finding (one-drags) or of a diagnostic (input/template); none lists all
    #[arg(value_name = "CHECK|CODE")]
    pub name: Option<String>,
}

/// `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Kind of document (CheckReport), or the command that writes it (check); none lists all
    #[arg(value_name = "KIND")]
    pub kind: Option<String>,
}

/// `--basis`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BasisArg {
    /// What the workloads need.
    Observed,
    /// What the policies granted.
    Granted,
    /// The looser of the two.
    Both,
}

/// `--prefer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PreferArg {
    /// The level that every workload satisfies as it is written.
    Stability,
    /// The tighter level that patches reach.
    Security,
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// High findings.
    High,
    /// High and medium findings.
    Medium,
    /// High, medium and low findings.
    Low,
    /// No finding.
    Never,
}

/// The command under the name that it was called by: as a plugin, `kubectl psp2psa`.
pub fn command(program: &str) -> clap::Command {
    let command = Cli::command();
    if program == "kubectl-psp2psa" {
        command
            .bin_name("kubectl psp2psa")
            .display_name("kubectl psp2psa")
    } else {
        command
    }
}
