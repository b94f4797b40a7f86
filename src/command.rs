//! What each command does: its files are read, the library is asked once, and the answer takes the form asked for.

mod migrate;
mod progress;
mod reading;

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use psp2psa::Collector;
use psp2psa::admit::{self, Authorization};
use psp2psa::check::{Judge, Look, Question, Seen};
use psp2psa::cli::{
    self, AccessArgs, Admit, Check, Command, JudgedOutput, Map, Output, completion,
};
use psp2psa::diag::Diagnostic;
use psp2psa::model::Inventory;
use psp2psa::model::decode::Keep;
use psp2psa::rbac::Identity;
use psp2psa::render::{self, explain, json, junit, markdown, sarif, text};
use reading::{read, read_into, read_keeping};

/// Writes an answer to standard output.
type Print = Box<dyn FnOnce(&mut dyn Write) -> io::Result<()>>;

/// What a command has to say.
pub(crate) struct Answer {
    /// For standard output.
    pub(crate) print: Print,
    /// For standard error.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether the answer is one that scripts should notice: a violation, a "no", a finding.
    pub(crate) negative: bool,
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

/// Runs one command; `program` is the name it was called by.
///
/// # Errors
///
/// What keeps it from answering at all: a path that is not there, a folder that cannot be written.
pub(crate) fn run(command: &Command, program: &str) -> Result<Answer> {
    match command {
        Command::Migrate(arguments) => migrate::migrate(arguments),
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
    let attribution = arguments.input.attribution();
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
    diagnostics.extend(unmatched(arguments, &inventory));
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

/// Warnings about a namespace and a policy that nothing in the input speaks of.
fn unmatched(arguments: &AccessArgs, inventory: &Inventory) -> Vec<Diagnostic> {
    let mut said = Vec::new();
    if let Some(name) = &arguments.psp
        && !inventory.policies.iter().any(|policy| policy.name == *name)
    {
        let what = "no such policy is in the input";
        said.push(cli::diags::no_match("--psp", name, what));
    }
    let Some(name) = arguments.namespace.as_deref() else {
        return said;
    };
    let accounts = inventory.service_accounts.iter();
    let subjects = inventory.bindings.iter().flat_map(|of| &of.subjects);
    let is_known = inventory.namespaces.iter().any(|of| of.name == name)
        || (inventory.workloads.iter()).any(|of| of.namespace.as_deref() == Some(name))
        || (inventory.bindings.iter()).any(|of| of.namespace.as_deref() == Some(name))
        || (inventory.roles.iter()).any(|of| of.namespace.as_deref() == Some(name))
        || accounts.into_iter().any(|of| of.namespace == name)
        || subjects.into_iter().any(|of| of.namespace == name);
    if !is_known {
        let what = "nothing in the input is in this namespace or speaks of it, so only grants for every namespace hold";
        said.push(cli::diags::no_match("--namespace", name, what));
    }
    said
}

/// A warning if a namespace was named and nothing was judged.
fn nothing_judged(namespace: Option<&str>, is_empty: bool) -> Option<Diagnostic> {
    let what = "the input holds no workload of this namespace, so nothing is judged";
    namespace
        .filter(|_| is_empty)
        .map(|name| cli::diags::no_match("--namespace", name, what))
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
    let (replayed, mut diagnostics) =
        psp2psa::admit(read, &arguments.input.attribution(), &question);
    let namespace = arguments.namespace.as_deref();
    diagnostics.extend(nothing_judged(namespace, replayed.is_empty()));
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
        is_unknown: |look| matches!(look, Look::Unknown),
        put: Seen::add,
        append: Seen::append,
    };
    let read = read_into(&arguments.input, &collector)?;
    let (judged, mut diagnostics) = psp2psa::checked(judge, read, &arguments.input.attribution());
    let namespace = arguments.namespace.as_deref();
    let is_empty = judged.iter().next().is_none();
    diagnostics.extend(nothing_judged(namespace, is_empty));
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
                .map(|checked| workload_name(checked.kind, &checked.name.to_string()))
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
