//! The `psp2psa` command: arguments in, one command run, its answer out, an exit code.

mod command;

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anstream::AutoStream;
use clap::FromArgMatches;
use psp2psa::cli::{self, Cli, Color};
use psp2psa::diag::Severity;
use psp2psa::render::text;

fn main() -> ExitCode {
    let program = std::env::args_os()
        .next()
        .and_then(|path| Some(Path::new(&path).file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_default();
    let arguments = cli::command(&program)
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let mut cli = match arguments {
        Ok(cli) => cli,
        // Help and the version are answers, too.
        Err(said) => {
            return match said.print() {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => unsaid(error),
                _ => ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2)),
            };
        }
    };
    let talk = match cli.talk() {
        Ok(talk) => talk,
        Err(problem) => return fail(&anyhow::anyhow!(problem)),
    };
    if let Some(input) = cli.command.input_mut() {
        input.progress = !talk.quiet;
    }
    choose_color(talk.color.unwrap_or(Color::Auto));
    match command::run(&cli.command, &program) {
        Ok(answer) => {
            let least = match (talk.quiet, talk.verbose) {
                (true, _) => None,
                (false, true) => Some(Severity::Note),
                (false, false) => Some(Severity::Warning),
            };
            if let Some(least) = least {
                let said = text::diagnostics(&answer.diagnostics, least);
                // If standard error is closed there is nobody to tell.
                let _ = anstream::stderr().write_all(said.as_bytes());
            }
            let unreadable = answer
                .diagnostics
                .iter()
                .any(|diagnostic| diagnostic.code.severity == Severity::Error);
            match print(answer.print) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => unsaid(error),
                // A reader that has seen enough, such as `head`, is no error.
                _ => match (answer.negative, unreadable) {
                    (true, _) => ExitCode::from(1),
                    (false, true) => ExitCode::from(3),
                    (false, false) => ExitCode::SUCCESS,
                },
            }
        }
        Err(error) => fail(&error),
    }
}

/// Prints in few writes, with colours where they are wanted. Taking colours out splits lines, and standard output hands on
/// each line as it comes.
fn print(answer: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let choice = AutoStream::choice(&io::stdout());
    let mut buffered = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let raw: &mut dyn Write = &mut buffered;
    let mut out = AutoStream::new(raw, choice);
    answer(&mut out)?;
    out.flush()
}

/// The answer did not reach its reader. What a command writes was written before.
fn unsaid(error: io::Error) -> ExitCode {
    fail(&anyhow::Error::from(error).context("the answer cannot be written to standard output"))
}

fn fail(error: &anyhow::Error) -> ExitCode {
    let message = format!("error: {error:#}");
    let _ = writeln!(anstream::stderr(), "{}", text::visible(&message));
    ExitCode::from(2)
}

fn choose_color(color: Color) {
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}
