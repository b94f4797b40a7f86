//! The `psp2psa` command: arguments in, files read, one call of the library, answer out, exit code.
//!
//! It is long because every command is here: what its arguments ask, and in which forms it answers.

mod progress;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::FromArgMatches;
use psp2psa::admit::{self, Authorization};
use psp2psa::check::{Judge, Question, Seen};
use psp2psa::cli::{
    self, AccessArgs, Admit, Check, Cli, Color, Command, FailOn, Input, JudgedOutput, Map, Migrate,
    Output, completion,
};
use psp2psa::config::{self, Configuration};
use psp2psa::diag::{self, Diagnostic, Severity};
use psp2psa::edit::files::{self, Edits};
use psp2psa::input::walk::{self, Entry, Limits, Listing, Opened, Recursion};
use psp2psa::model::attribution::Attribution;
use psp2psa::model::decode::Keep;
use psp2psa::plan::findings;
use psp2psa::plan::{self, Aim, Existing, Plan};
use psp2psa::rbac::Identity;
use psp2psa::render::{self, explain, json, junit, markdown, sarif, text};
use psp2psa::write::{self, Foreign, Replacement};
use psp2psa::{Collector, Interrupted, Read};
use rayon::prelude::*;

/// Writes an answer to standard output.
type Print = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()>>;

/// What a command has to say.
struct Answer {
    /// For standard output.
    print: Print,
    /// For standard error.
    diagnostics: Vec<Diagnostic>,
    /// Whether the answer is one that scripts should notice: a violation, a "no", a finding.
    negative: bool,
}

impl Answer {
    fn plain(text: String) -> Self {
        Answer {
            print: printed(text),
            diagnostics: Vec::new(),
            negative: false,
        }
    }
}

fn printed(text: String) -> Print {
    Box::new(move |out| out.write_all(text.as_bytes()))
}

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
    if let Some(input) = cli.command.input_mut() {
        input.progress = !cli.talk.quiet;
    }
    choose_color(cli.talk.color);
    match run(&cli.command, &program) {
        Ok(answer) => {
            let least = match (cli.talk.quiet, cli.talk.verbose) {
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
            match (answer.print)(&mut anstream::stdout()) {
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

/// The answer did not reach its reader. What a command writes was written before.
fn unsaid(error: io::Error) -> ExitCode {
    fail(&anyhow::Error::from(error).context("the answer can not be written to standard output"))
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

fn run(command: &Command, program: &str) -> Result<Answer> {
    match command {
        Command::Migrate(arguments) => migrate(arguments),
        Command::Map(arguments) => map(arguments),
        Command::Access(arguments) => access(arguments),
        Command::Admit(arguments) => admit(arguments),
        Command::Check(arguments) => check(arguments),
        Command::Explain(arguments) => explain(arguments.name.as_deref()),
        Command::Schema(arguments) => schema(arguments.kind.as_deref()),
        Command::Completion { target } => Ok(Answer::plain(completion::script(
            *target,
            cli::command(program),
        )?)),
        Command::Man { name } => manual(cli::command(program), name.as_deref()),
    }
}

/// The manual page of the program, or of one of its commands.
fn manual(mut command: clap::Command, name: Option<&str>) -> Result<Answer> {
    command.build();
    let page = match name {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => found.clone(),
            None => bail!("there is no command {name}; psp2psa --help lists all"),
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    Ok(Answer::plain(
        String::from_utf8(text).context("manual page")?,
    ))
}

/// Reads everything that the arguments name.
fn read(input: &Input) -> Result<Read> {
    read_keeping(input, Keep::Typed)
}

fn read_keeping(input: &Input, keep: Keep) -> Result<Read> {
    match keep {
        Keep::Typed => read_into(input, &psp2psa::keep_typed()),
        Keep::Whole => read_into(input, &psp2psa::keep_whole()),
        Keep::Manifests => read_into(input, &psp2psa::keep_manifests()),
    }
}

fn read_into<T: Default + Send, M>(
    input: &Input,
    collector: &Collector<'_, T, M>,
) -> Result<Read<T>> {
    Ok(read_listed(list(input)?, input, collector))
}

fn list(input: &Input) -> Result<Listing> {
    let recursion = match input.recursive {
        true => Recursion::On,
        false => Recursion::Off,
    };
    Ok(walk::list(&input.filename, recursion, io::stdin().lock())?)
}

fn limits(input: &Input) -> Limits {
    Limits {
        unpacked: input.max_unpacked.map(|gibibytes| gibibytes << 30),
    }
}

fn read_listed<T: Default + Send, M>(
    listing: Listing,
    input: &Input,
    collector: &Collector<'_, T, M>,
) -> Read<T> {
    let limits = limits(input);
    let bar = match input.progress {
        true => progress::reading(listing.entries.iter().map(Entry::size).sum()),
        false => progress::nothing(),
    };
    let parts: Vec<Read<T>> = listing
        .entries
        .into_par_iter()
        .map(|entry| {
            let size = entry.size();
            let read = read_entry(entry, limits, collector);
            bar.inc(size);
            read
        })
        .collect();
    bar.finish_and_clear();
    let mut all = collector.merge(parts);
    all.diagnostics.extend(listing.diagnostics);
    all
}

fn read_entry<T: Default + Send, M>(
    entry: Entry,
    limits: Limits,
    collector: &Collector<'_, T, M>,
) -> Read<T> {
    let failed = |diagnostic| Read {
        diagnostics: vec![diagnostic],
        ..Read::default()
    };
    let whole = |entry| match walk::read_within(entry, limits) {
        Ok(file) => collector.read(&file),
        Err(diagnostic) => failed(diagnostic),
    };
    match walk::open(&entry, limits) {
        Ok(Opened::Whole) => whole(entry),
        Ok(Opened::Parts(stream)) => match collector.read_parts(stream) {
            Ok(read) => read,
            Err(Interrupted::Failed(error)) => failed(walk::unreadable(&entry.name, &error)),
            Err(Interrupted::Restart(_)) => whole(entry),
        },
        Ok(Opened::Archive(archive)) => {
            let mut parts = Vec::new();
            let read = archive.each(|member| {
                parts.push(match member {
                    Ok(file) => collector.read(&file),
                    Err(diagnostic) => failed(diagnostic),
                });
            });
            let broken = read.map_err(|error| failed(walk::unreadable(&entry.name, &error)));
            parts.extend(broken.err());
            collector.merge(parts)
        }
        Err(diagnostic) => failed(diagnostic),
    }
}

fn attribution(input: &Input) -> Attribution {
    match &input.default_namespace {
        Some(namespace) => Attribution {
            default_namespace: namespace.clone(),
            chosen: true,
        },
        None => psp2psa::default_attribution(),
    }
}

/// The configuration that was named, or the one that is here, with what the flags leave of it.
fn configuration(arguments: &Migrate) -> Result<(Configuration, Vec<Diagnostic>)> {
    let path = match &arguments.config {
        Some(path) => path.clone(),
        None if Path::new(config::FILE).is_file() => config::FILE.to_owned(),
        None => return Ok((Configuration::default(), Vec::new())),
    };
    let listing = walk::list(std::slice::from_ref(&path), Recursion::Off, io::empty())?;
    let [entry] = <[_; 1]>::try_from(listing.entries)
        .map_err(|_| anyhow::anyhow!("{path} is no file that holds a configuration"))?;
    let (mut configuration, mut said) = match walk::read(entry) {
        Ok(file) => config::read(&file, arguments.today.as_ref()),
        Err(diagnostic) => (Configuration::default(), vec![diagnostic]),
    };
    let mistakes = said
        .iter()
        .filter(|said| said.code.severity == Severity::Error)
        .count();
    if mistakes > 0 {
        diag::sort(&mut said);
        // Every mistake is told, even if nothing else is to be: it is what stops the run.
        let text = text::diagnostics(&said, Severity::Error);
        let _ = anstream::stderr().write_all(text.as_bytes());
        let words = if mistakes == 1 {
            "a mistake"
        } else {
            "mistakes"
        };
        bail!("{path} has {words}; nothing was done");
    }
    let settings = &mut configuration.settings;
    if arguments.target_version.is_some()
        && let Some(source) = settings.target.take()
    {
        let flag = config::diags::flag_wins("--target-version", "targetVersion", &source);
        said.push(flag);
    }
    for rule in &mut settings.overrides {
        let flags = [
            (
                "--audit",
                "audit",
                arguments.audit.is_some(),
                &mut rule.audit,
            ),
            ("--warn", "warn", arguments.warn.is_some(), &mut rule.warn),
        ];
        for (flag, field, is_given, level) in flags {
            if is_given && level.take().is_some() {
                said.push(config::diags::flag_wins(flag, field, &rule.source));
            }
        }
    }
    Ok((configuration, said))
}

fn migrate(arguments: &Migrate) -> Result<Answer> {
    if arguments.dry_run && arguments.output != JudgedOutput::Table {
        bail!("--dry-run prints a diff: leave out -o");
    }
    if arguments.in_place && arguments.force && arguments.output_dir.is_none() {
        bail!("--force is about the folder, which --in-place writes only if --output-dir names it");
    }
    let (plan, edits, diagnostics) = planned(arguments)?;
    let failing = failing(arguments.fail_on);
    let answer = |text: String, diagnostics: Vec<Diagnostic>| Answer {
        print: printed(text),
        negative: plan
            .findings
            .iter()
            .any(|finding| failing.contains(&finding.severity) && plan.is_open(finding)),
        diagnostics,
    };
    if arguments.dry_run {
        return Ok(answer(edits.diff(), diagnostics));
    }
    let folder = match (&arguments.output_dir, arguments.in_place) {
        (Some(folder), _) => Some(folder.as_path()),
        (None, true) => None,
        (None, false) => Some(Path::new(OUTPUT_DIR)),
    };
    if let Some(folder) = folder {
        let foreign = match arguments.force {
            true => Foreign::Keep,
            false => Foreign::Refuse,
        };
        let artifacts = render::artifacts(&plan, &diagnostics, edits.diff());
        write::write(folder, &artifacts, foreign)?;
    }
    if arguments.in_place {
        replace(&edits)?;
    }
    let report = json::document("MigrationReport", &diagnostics, json::migration(&plan));
    let text = match arguments.output {
        JudgedOutput::Table => {
            let mut out = text::migrate(&report.body, text::Fit::Terminal);
            if let Some(folder) = folder {
                out.push_str(&next_steps(&plan, folder));
                out.push_str(&last_step(&plan, folder));
            }
            if arguments.in_place {
                out.push_str(&render::edits::summary(&edits));
            }
            out
        }
        JudgedOutput::Wide => text::migrate(&report.body, text::Fit::Wide),
        JudgedOutput::Json => json::to_text(&report),
        JudgedOutput::Yaml => json::to_yaml(&report),
        JudgedOutput::Markdown => markdown::summary(&report),
        JudgedOutput::Name => names(
            plan.namespaces
                .iter()
                .map(|namespace| ("namespace", &namespace.name)),
        ),
        JudgedOutput::Sarif => sarif::migration(&report),
        JudgedOutput::Junit => junit::migration(&report, failing),
    };
    Ok(answer(text, diagnostics))
}

/// The folder that is written if none is named.
const OUTPUT_DIR: &str = "psa-migration";

/// The plan, what it changes in the files that were read, and everything there is to say about the input.
fn planned(arguments: &Migrate) -> Result<(Plan, Edits, Vec<Diagnostic>)> {
    let (configuration, said) = configuration(arguments)?;
    let excluded = configuration.settings.exclusions.iter();
    let excluded = excluded.flat_map(|exclusion| &exclusion.namespaces);
    let options = plan::Options {
        target: arguments.target_version.or(configuration.target),
        basis: arguments.basis.into(),
        prefer: arguments.prefer.into(),
        audit: arguments.audit.unwrap_or(Aim::Next),
        warn: arguments.warn.unwrap_or(Aim::Next),
        existing: match arguments.overwrite {
            true => Existing::Overwrite,
            false => Existing::Keep,
        },
        complete: arguments.complete,
        only: arguments.namespace.clone(),
        exclude: arguments
            .exclude_namespace
            .iter()
            .chain(excluded.map(|pattern| &pattern.text))
            .cloned()
            .collect(),
        settings: configuration.settings,
    };
    let listing = list(&arguments.input)?;
    let entries = on_disk(&listing);
    let read = read_listed(listing, &arguments.input, &psp2psa::keep_manifests());
    let (plan, mut diagnostics) = psp2psa::migrate(read, &attribution(&arguments.input), &options);
    let edits = files::edits(&plan, |name| match entries.get(name) {
        Some(entry) => walk::again(entry),
        None if name == "-" => Err("it was read from standard input".to_owned()),
        None => Err("it is in an archive".to_owned()),
    });
    // A plan that is only written has the labels to review in its folders.
    let least = match arguments.in_place || arguments.dry_run {
        true => Severity::Note,
        false => Severity::Warning,
    };
    diagnostics.extend(edits.diagnostics(least));
    diagnostics.extend(said);
    diag::sort(&mut diagnostics);
    Ok((plan, edits, diagnostics))
}

/// The files that can be read again, by name.
fn on_disk(listing: &Listing) -> BTreeMap<Arc<str>, Entry> {
    let entries = listing.entries.iter().filter(|entry| &*entry.name != "-");
    entries
        .map(|entry| (Arc::clone(&entry.name), entry.clone()))
        .collect()
}

/// Writes the edits into the user's files.
fn replace(edits: &Edits) -> Result<()> {
    let files = edits.files.iter().map(|edit| Replacement {
        path: edit.original.path.clone(),
        old: edit.original.file.bytes.clone(),
        new: edit.new_bytes(),
    });
    write::replace(&files.collect::<Vec<_>>())
}

/// What to do with the folder that was written.
fn next_steps(plan: &Plan, folder: &Path) -> String {
    let folder = text::visible(&folder.display().to_string());
    let stages: std::collections::BTreeSet<_> = plan
        .namespaces
        .iter()
        .flat_map(plan::NamespacePlan::steps)
        .collect();
    if stages.is_empty() {
        return format!("\nwrote {folder}; read {folder}/report.html: no label has to change\n");
    }
    let mut out =
        format!("\nwrote {folder}; read {folder}/report.html, then apply in this order:\n");
    for stage in stages {
        out.push_str(&format!(
            "  kubectl apply -k {}/manifests/{}\n",
            shell_word(&folder),
            stage.folder()
        ));
    }
    out
}

/// What to read before anything of PodSecurityPolicy is removed. Its commands are not printed here, so that nobody runs
/// them with the others.
fn last_step(plan: &Plan, folder: &Path) -> String {
    if plan.cleanup.is_empty() {
        return String::new();
    }
    let folder = text::visible(&folder.display().to_string());
    format!(
        "once the PSP plugin is off, read {folder}/{}/README.md\n",
        render::cleanup::FOLDER
    )
}

/// The text as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// The severities that `--fail-on` names.
fn failing(least: FailOn) -> &'static [findings::Severity] {
    let all = &findings::Severity::ALL;
    match least {
        FailOn::High => &all[..1],
        FailOn::Medium => &all[..2],
        FailOn::Low => &all[..3],
        FailOn::Never => &[],
    }
}

fn map(arguments: &Map) -> Result<Answer> {
    let (policies, diagnostics) = psp2psa::map(read(&arguments.input)?, arguments.version);
    let report = json::document(
        "MapReport",
        &diagnostics,
        json::map(&policies, arguments.version),
    );
    let text = match arguments.output {
        Output::Table => text::map(&report.body, text::Fit::Terminal),
        Output::Wide => text::map(&report.body, text::Fit::Wide),
        Output::Json => json::to_text(&report),
        Output::Yaml => json::to_yaml(&report),
        Output::Markdown => markdown::map(&report.body),
        Output::Name => names(
            policies
                .iter()
                .map(|(policy, _)| ("podsecuritypolicy", &policy.name)),
        ),
    };
    Ok(Answer {
        print: printed(text),
        diagnostics,
        negative: false,
    })
}

fn access(arguments: &AccessArgs) -> Result<Answer> {
    let attribution = attribution(&arguments.input);
    let read = read(&arguments.input)?;
    let roles_unread = read.unreadable.iter().any(|document| {
        let kind = document.kind_hint.as_deref();
        kind.is_none_or(|kind| kind.contains("Role") || kind == "List")
    }) || read
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.code.name == "input/unreadable-file");
    let (inventory, mut diagnostics) = psp2psa::assemble(read, &attribution);
    let (access, said) = psp2psa::resolve(&inventory);
    diagnostics.extend(said);
    let question = json::AccessQuestion {
        namespace: arguments.namespace.as_deref(),
        policy: arguments.psp.as_deref(),
        who: identity(arguments.as_user.as_ref(), &arguments.as_group),
        default_namespace: &attribution.default_namespace,
    };
    if question.who.is_some() && question.policy.is_none() {
        bail!("--as asks for one policy: name it with --psp");
    }
    let body = json::access(&access, &question);
    let negative = body.allowed == Some(false);
    let report = json::document("AccessReport", &diagnostics, body);
    let text = match arguments.output {
        Output::Table => text::access(&report.body, text::Fit::Terminal),
        Output::Wide => text::access(&report.body, text::Fit::Wide),
        Output::Json => json::to_text(&report),
        Output::Yaml => json::to_yaml(&report),
        Output::Markdown => markdown::access(&report.body),
        Output::Name => names(
            report
                .body
                .grants
                .iter()
                .map(|grant| ("podsecuritypolicy", &grant.policy)),
        ),
    };
    Ok(Answer {
        print: printed(text),
        // A "no" that rests on roles or bindings which could not be read is no answer.
        negative: negative && !roles_unread,
        diagnostics,
    })
}

fn admit(arguments: &Admit) -> Result<Answer> {
    if arguments.diff && arguments.output != Output::Table {
        bail!("--diff is an answer of its own: leave out -o");
    }
    let question = admit::Question {
        authorization: match arguments.assume_authorized {
            true => Authorization::Assumed,
            false => Authorization::Rbac {
                requester: identity(arguments.as_user.as_ref(), &arguments.as_group),
            },
        },
        namespace: arguments.namespace.clone(),
    };
    let keep = match arguments.output {
        Output::Json | Output::Yaml => Keep::Whole,
        Output::Table if arguments.diff => Keep::Whole,
        Output::Table | Output::Wide | Output::Markdown | Output::Name => Keep::Typed,
    };
    let read = read_keeping(&arguments.input, keep)?;
    let (replayed, diagnostics) = psp2psa::admit(read, &attribution(&arguments.input), &question);
    let refused = || replayed.iter().filter(|one| one.chosen.is_none());
    let negative = refused().next().is_some();
    let text = match arguments.output {
        Output::Table if arguments.diff => render::admit::diff(&replayed),
        Output::Table => render::admit::table(&json::admit(replayed), text::Fit::Terminal),
        Output::Wide => render::admit::table(&json::admit(replayed), text::Fit::Wide),
        Output::Json => json::to_text(&json::document(
            "AdmitReport",
            &diagnostics,
            json::admit(replayed),
        )),
        Output::Yaml => render::admit::pods(&json::admit(replayed)),
        Output::Markdown => render::admit::markdown(&json::admit(replayed)),
        Output::Name => refused()
            .map(|one| workload_name(&one.workload.kind, &one.workload.meta.display_name()))
            .collect(),
    };
    Ok(Answer {
        print: printed(text),
        diagnostics,
        negative,
    })
}

/// Who is named by `--as` and `--as-group`; groups are literal.
fn identity(user: Option<&String>, groups: &[String]) -> Option<Identity> {
    user.map(|user| Identity {
        user: user.clone(),
        groups: groups.to_vec(),
    })
}

fn check(arguments: &Check) -> Result<Answer> {
    let question = Question {
        level: arguments.level,
        version: arguments.version,
        namespace: arguments.namespace.clone(),
    };
    let judge = Judge::new(&question);
    let collector = Collector {
        make: &|document| psp2psa::look(&judge, document),
        put: Seen::add,
        append: Seen::append,
    };
    let read = read_into(&arguments.input, &collector)?;
    let (judged, diagnostics) = psp2psa::checked(judge, read, &attribution(&arguments.input));
    let negative =
        question.level.is_some() && judged.iter().any(|checked| !checked.violations.is_empty());
    let output = arguments.output;
    let said = match output {
        JudgedOutput::Table | JudgedOutput::Wide | JudgedOutput::Name => Vec::new(),
        JudgedOutput::Json
        | JudgedOutput::Yaml
        | JudgedOutput::Markdown
        | JudgedOutput::Sarif
        | JudgedOutput::Junit => diagnostics.clone(),
    };
    let print: Print = Box::new(move |out| {
        let report = || json::document("CheckReport", &said, json::check(&judged, &question));
        let text = match output {
            JudgedOutput::Table => {
                return text::check(out, &judged, &question, text::Fit::Terminal);
            }
            JudgedOutput::Wide => return text::check(out, &judged, &question, text::Fit::Wide),
            JudgedOutput::Json => json::to_text(&report()),
            JudgedOutput::Yaml => json::to_yaml(&report()),
            JudgedOutput::Markdown => markdown::check(&report().body),
            JudgedOutput::Name => judged
                .iter()
                .filter(|checked| !checked.violations.is_empty())
                .map(|checked| workload_name(checked.kind, checked.name))
                .collect(),
            JudgedOutput::Sarif => sarif::check(&report()),
            JudgedOutput::Junit => junit::check(&report()),
        };
        out.write_all(text.as_bytes())
    });
    Ok(Answer {
        print,
        diagnostics,
        negative,
    })
}

/// A workload as `kubectl -o name` prints it.
fn workload_name(kind: &str, name: &str) -> String {
    let kind = text::visible(&kind.to_lowercase());
    format!("{kind}/{}\n", text::visible(name))
}

fn explain(name: Option<&str>) -> Result<Answer> {
    let Some(name) = name else {
        return Ok(Answer::plain(explain::list(psp2psa::CODES)));
    };
    match explain::explain(name, psp2psa::CODES) {
        Some(explanation) => Ok(Answer::plain(explanation)),
        None => {
            let similar = explain::similar(name, psp2psa::CODES);
            let hint = match similar.as_slice() {
                [] => "psp2psa explain lists everything".to_owned(),
                names => format!("did you mean {}?", names.join(" or ")),
            };
            bail!("`{name}` is no check, finding or diagnostic; {hint}")
        }
    }
}

fn schema(kind: Option<&str>) -> Result<Answer> {
    let Some(kind) = kind else {
        return Ok(Answer::plain(json::schema::list()));
    };
    match json::schema::schema(kind) {
        Some(schema) => Ok(Answer::plain(schema)),
        None => {
            let kinds = json::schema::KINDS.map(|(kind, _)| kind);
            bail!(
                "`{kind}` is no kind of document; they are {}",
                kinds.join(", ")
            )
        }
    }
}

/// `kind/name` lines as `kubectl -o name` prints them, each once.
fn names<'a>(items: impl Iterator<Item = (&'static str, &'a String)>) -> String {
    let lines: std::collections::BTreeSet<String> = items
        .map(|(kind, name)| format!("{kind}/{}\n", text::visible(name)))
        .collect();
    lines.into_iter().collect()
}
