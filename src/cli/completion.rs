//! Completion scripts: for shells, and for kubectl, which completes its plugins by asking a program of theirs.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use clap::builder::PossibleValue;
use clap::{Arg, Command, ValueEnum};
use clap_complete::Shell;

/// What completes the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// A shell.
    Shell(Shell),
    /// kubectl, which completes `kubectl psp2psa` by running `kubectl_complete-psp2psa`.
    Kubectl,
}

impl ValueEnum for For {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            For::Shell(Shell::Bash),
            For::Shell(Shell::Elvish),
            For::Shell(Shell::Fish),
            For::Shell(Shell::PowerShell),
            For::Shell(Shell::Zsh),
            For::Kubectl,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            For::Shell(shell) => shell.to_possible_value(),
            For::Kubectl => Some(
                PossibleValue::new("kubectl")
                    .help("a program to put on the PATH as kubectl_complete-psp2psa"),
            ),
        }
    }
}

/// The script that completes this command.
///
/// # Errors
///
/// None in practice: names of commands and options are valid UTF-8.
pub fn script(target: For, mut command: Command) -> Result<String> {
    match target {
        For::Shell(shell) => {
            let mut script = Vec::new();
            let name = command.get_name().to_owned();
            clap_complete::generate(shell, &mut command, name, &mut script);
            String::from_utf8(script).context("completion script")
        }
        For::Kubectl => {
            command.build();
            Ok(kubectl(&command))
        }
    }
}

/// Lines of candidates and, last, what the shell shall do: `:4` adds no files, `:0` does.
/// Upstream: `kubectl/pkg/cmd/plugin/plugin_completion.go` (1.26), directives as in `spf13/cobra/completions.go`.
fn kubectl(command: &Command) -> String {
    let mut script = String::from(
        "#!/bin/sh\n\
         # Completes `kubectl psp2psa`. Put it on the PATH as kubectl_complete-psp2psa and make it executable.\n\
         command='' previous='' last=''\n\
         for word in \"$@\"; do\n  \
           case \"$last\" in ''|-*) ;; *) [ -n \"$command\" ] || command=$last ;; esac\n  \
           previous=$last last=$word\n\
         done\n\
         candidates() { printf '%s\\n' \"$@\" ':4'; exit; }\n",
    );
    let commands: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    // Nothing that is written here needs quoting: the tests hold names of commands, options and values to that.
    let _ = writeln!(script, "case \"$command\" in");
    let _ = writeln!(
        script,
        "'')\n  case \"$last\" in\n  -*) candidates {} ;;\n  *) candidates {} ;;\n  esac ;;",
        options(command).join(" "),
        commands.join(" ")
    );
    for sub in command.get_subcommands() {
        let _ = writeln!(script, "{})\n  case \"$previous\" in", sub.get_name());
        for arg in sub.get_arguments() {
            let values = values(arg);
            if arg.is_positional() || values.is_empty() {
                continue;
            }
            let _ = writeln!(
                script,
                "  {}) candidates {} ;;",
                spellings(arg).join("|"),
                values.join(" ")
            );
        }
        let _ = writeln!(
            script,
            "  esac\n  case \"$last\" in -*) candidates {} ;; esac",
            options(sub).join(" ")
        );
        let positional: Vec<String> = sub.get_positionals().flat_map(values).collect();
        let _ = match positional.is_empty() {
            true => writeln!(script, "  ;;"),
            false => writeln!(script, "  candidates {} ;;", positional.join(" ")),
        };
    }
    script.push_str("esac\necho ':0'\n");
    script
}

/// Every option of a command, as it is typed.
fn options(command: &Command) -> Vec<String> {
    command
        .get_arguments()
        .filter(|arg| !arg.is_positional())
        .flat_map(spellings)
        .collect()
}

fn spellings(arg: &Arg) -> Vec<String> {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    long.into_iter().chain(short).collect()
}

/// The values that an argument may have, if it may have only some; none for switches.
fn values(arg: &Arg) -> Vec<String> {
    if !arg.get_action().takes_values() {
        return Vec::new();
    }
    arg.get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect()
}
