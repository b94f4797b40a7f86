//! `migrate`: the one command that writes, into a folder of its own and, if asked, into the user's files.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use psp2psa::cli::{FailOn, JudgedOutput, Migrate};
use psp2psa::config::{self, Configuration};
use psp2psa::diag::{self, Diagnostic, Severity};
use psp2psa::edit;
use psp2psa::edit::files::{self, Asked, Edits};
use psp2psa::input;
use psp2psa::input::digest::Taken;
use psp2psa::input::walk::{self, Entry, Limits, Listing, Recursion};
use psp2psa::model::provenance::File;
use psp2psa::plan::versions::Plugin;
use psp2psa::plan::{self, Plan, findings};
use psp2psa::pss::admission::Mode;
use psp2psa::render::json::v1::MigrationReport;
use psp2psa::render::{self, json, junit, markdown, sarif, text};
use psp2psa::write::{self, Foreign, Replacement};

use super::reading::{Digests, list, read_listed};
use super::{Answer, names, printed};

/// The folder that is written if none is named.
const OUTPUT_DIR: &str = "psa-migration";

/// Plans, writes what the arguments ask for, and says what was decided.
pub(super) fn migrate(arguments: &Migrate) -> Result<Answer> {
    if arguments.dry_run && arguments.output != JudgedOutput::Table {
        bail!("--dry-run prints a diff: leave out -o");
    }
    if arguments.in_place && arguments.force && arguments.output_dir.is_none() {
        bail!("--force is about the folder, which --in-place writes only if --output-dir names it");
    }
    let (plan, edits, mut diagnostics) = planned(arguments)?;
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
    let report = json::document("MigrationReport", &diagnostics, json::migration(&plan));
    let folder = target(arguments);
    let mut written = Vec::new();
    if let Some(folder) = folder {
        let foreign = match arguments.force {
            true => Foreign::Keep,
            false => Foreign::Refuse,
        };
        let artifacts = render::artifacts(&plan, edits.diff());
        written = write::write(folder, &artifacts, &report, foreign)?;
    }
    if arguments.in_place {
        replace(&edits)?;
    }
    let text = match arguments.output {
        JudgedOutput::Table => {
            let mut out = text::migrate(&report.body, text::Fit::Terminal);
            out.push_str(&unread(&diagnostics));
            if let Some(folder) = folder {
                out.push_str(&next_steps(&plan, &report.body, folder));
                out.push_str(&last_steps(&plan, folder));
            }
            if arguments.in_place {
                out.push_str(&render::edits::summary(&edits));
            }
            out
        }
        JudgedOutput::Wide => text::migrate(&report.body, text::Fit::Wide),
        JudgedOutput::Json => json::to_text(&report),
        JudgedOutput::Yaml => json::to_yaml(&report),
        JudgedOutput::Markdown => {
            let whole = match folder {
                Some(_) => markdown::Whole::Written,
                None => markdown::Whole::NotWritten,
            };
            markdown::summary(&report, whole)
        }
        JudgedOutput::Name => names(
            plan.namespaces
                .iter()
                .map(|namespace| ("namespace", &namespace.name)),
        ),
        JudgedOutput::Sarif => sarif::migration(&report),
        JudgedOutput::Junit => junit::migration(&report, failing),
    };
    if arguments.in_place && arguments.output == JudgedOutput::Table {
        // The summary has just said what is left, with the lines to write.
        let is_left = |said: &Diagnostic| edit::diags::CODES.contains(&said.code);
        diagnostics.retain(|said| !is_left(said) || said.code == &edit::diags::ORDER);
    }
    // What the run found in its folder is no part of a report on the input.
    diagnostics.extend(written);
    let answer = answer(text, diagnostics);
    // The program is about to end, and the system takes millions of small pieces of memory back faster than it could.
    std::mem::forget((plan, report));
    Ok(answer)
}

/// The folder to write, if there is to be one.
fn target(arguments: &Migrate) -> Option<&Path> {
    match (&arguments.output_dir, arguments.in_place) {
        (Some(folder), _) => Some(folder),
        (None, true) => None,
        (None, false) => Some(Path::new(OUTPUT_DIR)),
    }
}

/// Whether the message says of this very folder that it was passed over.
fn is_own_output(said: &Diagnostic, folder: &Path) -> bool {
    let is_same = |name: &str| match (Path::new(name).canonicalize(), folder.canonicalize()) {
        (Ok(named), Ok(folder)) => named == folder,
        _ => false,
    };
    let name = said.source.as_ref().map(|source| &*source.file);
    said.code.name == input::diags::OWN_OUTPUT.name && name.is_some_and(is_same)
}

/// The plan, what it changes in the files that were read, and everything there is to say about the input.
fn planned(arguments: &Migrate) -> Result<(Plan, Edits, Vec<Diagnostic>)> {
    let (configuration, file, said) = configuration(arguments)?;
    let options = arguments.options(configuration);
    let mut listing = list(&arguments.input)?;
    if let Some(folder) = target(arguments) {
        // What the last run left where this one writes is no news: otherwise only the first run would be silent.
        listing
            .diagnostics
            .retain(|said| !is_own_output(said, folder));
    }
    let entries = on_disk(&listing);
    let mut read = read_listed(
        listing,
        &arguments.input,
        &psp2psa::keep_manifests(),
        Digests::Taken,
    );
    read.provenance.today = arguments.today.as_ref().map(ToString::to_string);
    if let Some(file) = file {
        read.provenance.configuration = Some(file.name.to_string());
        read.provenance.files.push(file);
    }
    let (plan, mut diagnostics) = psp2psa::migrate(read, &arguments.input.attribution(), &options);
    let edits = files::edits(&plan, |name| match entries.get(name) {
        Some(entry) => walk::again(entry),
        None if name == "-" => Err("it was read from standard input".to_owned()),
        None => Err("it is in an archive".to_owned()),
    });
    let asked = match arguments.in_place || arguments.dry_run {
        true => Asked::Edits,
        false => Asked::Plan,
    };
    diagnostics.extend(edits.diagnostics(asked));
    // The stages of a folder keep the order by themselves.
    if arguments.in_place || arguments.dry_run {
        diagnostics.extend(edit::order(&plan));
    }
    diagnostics.extend(said);
    diag::sort(&mut diagnostics);
    Ok((plan, edits, diagnostics))
}

/// The configuration that was named, or the one that is here, with what the flags leave of it, and its file.
fn configuration(arguments: &Migrate) -> Result<(Configuration, Option<File>, Vec<Diagnostic>)> {
    let path = match &arguments.config {
        Some(path) => path.clone(),
        // A link that leads nowhere was meant for a configuration, too.
        None if Path::new(config::FILE).symlink_metadata().is_ok() => config::FILE.to_owned(),
        None if arguments.today.is_some() => {
            bail!(
                "--today is about acceptances of a configuration, and there is no {}: name it with --config",
                config::FILE
            )
        }
        None => return Ok((Configuration::default(), None, Vec::new())),
    };
    if Path::new(&path).is_dir() {
        bail!("{path} is a folder, but a configuration is a file");
    }
    let listing = walk::list(std::slice::from_ref(&path), Recursion::Off, io::empty())?;
    let [entry] = <[_; 1]>::try_from(listing.entries)
        .map_err(|_| anyhow::anyhow!("{path} is no file that holds a configuration"))?;
    let name = Arc::clone(&entry.name);
    let taken = Taken::default();
    let read = walk::read_through(entry, Limits::default(), |source| taken.of(source));
    let (mut configuration, mut said) = match read {
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
    let digest = taken.found();
    let file = File {
        name,
        digest: digest.ok_or_else(|| "it was not read to its end".to_owned()),
    };
    Ok((configuration, Some(file), said))
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

/// That the plan may miss something; empty if everything could be read. Said here, because `-q` leaves the errors out.
fn unread(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter();
    let errors = errors.filter(|said| said.code.severity == Severity::Error);
    match errors.count() {
        0 => String::new(),
        1 => "part of the input could not be read (1 error): the plan may miss something\n"
            .to_owned(),
        many => format!(
            "part of the input could not be read ({many} errors): the plan may miss something\n"
        ),
    }
}

/// What to do with the folder that was written.
fn next_steps(plan: &Plan, report: &MigrationReport, folder: &Path) -> String {
    let folder = text::visible(&folder.display().to_string());
    let stages: BTreeSet<_> = plan
        .namespaces
        .iter()
        .flat_map(plan::NamespacePlan::steps)
        .collect();
    if stages.is_empty() {
        return format!("\nwrote {folder}; read {folder}/report.html: no label has to change\n");
    }
    let mut out =
        format!("\nwrote {folder}; read {folder}/report.html, then apply in this order:\n");
    match render::to_settle(report) {
        0 => {}
        1 => out.push_str("  first settle the high finding: the report says how\n"),
        many => out.push_str(&format!(
            "  first settle the {many} high findings: the report says how\n"
        )),
    }
    for stage in stages {
        out.push_str(&format!(
            "  kubectl apply -k {}/manifests/{}\n",
            text::shell_word(&folder),
            stage.folder()
        ));
    }
    if plan.unlabelled.is_some() {
        out.push_str(&format!(
            "then give every API server {folder}/{}\n",
            render::admission::FILE
        ));
    }
    out
}

/// What to mind and to read before anything of PodSecurityPolicy is removed. The commands of that are not printed here,
/// so that nobody runs them with the others.
fn last_steps(plan: &Plan, folder: &Path) -> String {
    if plan.cleanup.is_empty() {
        return String::new();
    }
    let folder = text::visible(&folder.display().to_string());
    let read = format!("read {folder}/{}/README.md\n", render::cleanup::FOLDER);
    if Plugin::of(plan.kubelets.keys()) == Plugin::Gone {
        return format!("for what is left of PodSecurityPolicy, {read}");
    }
    let open = plan.namespaces.iter();
    let open = open.filter(|namespace| namespace.labels.in_force(Mode::Enforce).is_none());
    let guard = match open.count() {
        0 => String::new(),
        1 => "do not turn the PSP plugin off while 1 namespace has no enforce label\n".to_owned(),
        many => format!(
            "do not turn the PSP plugin off while {many} namespaces have no enforce label\n"
        ),
    };
    format!("{guard}once the PSP plugin is off, {read}")
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
