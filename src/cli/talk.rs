//! How the commands that read objects talk. The flags may stand before the command as well.

use clap::{Args, ValueEnum};

/// How the command talks on standard error and in colour.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Talk {
    /// Colour the output (default: auto)
    #[arg(long, value_enum, value_name = "WHEN")]
    pub color: Option<Color>,
    /// Say nothing on standard error but what stops the run
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say on standard error what was passed over, too
    #[arg(short, long)]
    pub verbose: bool,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Talk {
    /// What is meant by the flags before the command and those behind it, which win.
    ///
    /// # Errors
    /// In words, if they contradict, or if the command has nothing to say: then it has no flags either.
    pub(super) fn joined(self, behind: Option<Talk>) -> Result<Talk, &'static str> {
        let given = self.color.is_some() || self.quiet || self.verbose;
        let behind = match behind {
            None if given => return Err("only commands that read objects have -q, -v and --color"),
            None => return Ok(self),
            Some(behind) => behind,
        };
        let joined = Talk {
            color: behind.color.or(self.color),
            quiet: self.quiet || behind.quiet,
            verbose: self.verbose || behind.verbose,
        };
        match joined.quiet && joined.verbose {
            true => Err("-q and -v contradict"),
            false => Ok(joined),
        }
    }
}
