//! From PodSecurityPolicy (PSP) to Pod Security Admission (PSA): what every namespace should enforce, and why.
//!
//! This page is the architecture. The `psp2psa` binary adds arguments, files and exit codes to what stands here.
//!
//! # Bird's-eye view
//!
//! Text becomes documents, documents become an inventory of typed objects, three engines answer questions about them,
//! a mapping and a plan are made of the answers, and the plan is rendered into files. Nothing else happens: no cluster
//! is contacted, no clock is read, no order of files matters.
//!
//! # The stages
//!
//! In the order data flows; a stage uses only stages above it, which a test enforces.
//!
//! * [`diag`]: diagnostics and places, the vocabulary of everything that speaks of the input.
//! * `go`: texts as Go prints them.
//! * [`input`]: files to documents. The only stage that knows YAML and JSON; `input::walk` is the only one on disk.
//! * [`model`]: documents to objects. The API server's defaults are applied here, once.
//! * `collect`: from files to whatever is made of their documents, see [`Collector`].
//! * [`rbac`]: who may `use` which policy where, through which binding, role and rule.
//! * [`pss`]: the Pod Security Standards: pod × level × version to violations, in upstream's words. It does not know
//!   PodSecurityPolicy admission, only what a policy's text means to a check.
//! * [`psp`]: PodSecurityPolicy admission as Kubernetes 1.24 did it: validation, choice, mutation.
//! * [`mod@check`]: workloads to violations and levels, in the order of the input.
//! * [`mod@admit`]: workloads to the policies that admit them and what these write, in the order of the input.
//! * [`mapping`]: a policy to levels, with a verdict for each check.
//! * [`plan`]: all of it to a decision for each namespace. The only stage that decides.
//! * [`config`]: what a team has decided beforehand, from its configuration file.
//! * [`mod@edit`]: decisions to edits of the user's own files, and their diff.
//! * [`render`]: decisions to manifests, reports and tables.
//!
//! [`read`], [`migrate`], [`map()`], [`check()`], [`admit()`], and [`assemble`] with [`resolve`], are the whole pipeline
//! for one question each; they do no I/O. The edges are `cli` (arguments), `write` (the output
//! folder, and the user's files that are edited), `command` (what each command does) and `main` (the process).
//!
//! # Invariants
//!
//! * The three engines do not know one another. What they agree on is tested, not shared.
//! * Unknown is never a level: it is `None`, a reason, and a finding.
//! * Stages return `(T, Vec<Diagnostic>)`; only the edges return `Result`. One bad document never costs the others.
//! * Only `model` decodes, only `render::json::v1` is serialised. Inner types are free to change.
//! * A finding has a consequence, and its severity follows from nothing else: the rule is at [`plan::findings`].
//! * Nothing in the input is trusted: names become file names only if they are DNS labels, and every output escapes.
//!
//! # Where to start
//!
//! * A new Kubernetes minor changes a check: `pss/checks/`, the file named after the check.
//! * A new finding: `plan/findings/codes.rs` for what it means, `plan/rules.rs` for when it is made.
//! * A new output: a file under `render/`, and an arm in `command`.
//!
//! # Example
//!
//! ```
//! use psp2psa::{input::InputFile, pss::{Level, Version}};
//!
//! let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostPID: true, containers: [{name: c, image: i}]}}";
//! let read = psp2psa::read(&InputFile::new("p.yaml", pod.into()));
//! let question = psp2psa::check::Question { level: Some(Level::Baseline), version: Version::Latest, namespace: None };
//! let (answer, _) = psp2psa::check(read, &psp2psa::default_attribution(), &question);
//! let answers: Vec<_> = answer.iter().collect();
//! assert_eq!(answers[0].violations[0].detail, "hostPID=true");
//! ```

pub mod admit;
pub mod check;
pub mod cli;
mod collect;
pub mod config;
pub mod diag;
pub mod edit;
mod go;
pub mod input;
pub mod mapping;
pub mod model;
pub mod plan;
pub mod psp;
pub mod pss;
pub mod rbac;
pub mod render;
pub mod write;

use admit::{Authorization, Replayed};
pub use collect::{Collector, Interrupted, Read};

use check::{Judge, Judged, Look, Question, Seen};
use diag::{Code, Diagnostic};
use input::{DecodeError, Document, InputFile};
use mapping::Mapping;
use model::Inventory;
use model::attribution::{Attribution, Homes};
use model::decode::{Keep, Object};
use model::psp::PodSecurityPolicy;
use plan::Plan;
use pss::Version;
use rbac::Access;

/// The diagnostic codes of all stages, in the order of the stages.
pub static CODES: &[&[&Code]] = &[
    input::diags::CODES,
    model::diags::CODES,
    rbac::CODES,
    psp::CODES,
    admit::CODES,
    plan::diags::CODES,
    config::diags::CODES,
    edit::diags::CODES,
    write::CODES,
    cli::diags::CODES,
];

/// Reads to keep every object, for every question but [`admit()`] without the JSON of pods.
pub fn keep_typed() -> Collector<'static, Vec<Object>, Object> {
    keep_with(&|document| model::decode::decode(document, Keep::Typed))
}

/// Reads to keep every object, the JSON of pods too.
pub fn keep_whole() -> Collector<'static, Vec<Object>, Object> {
    keep_with(&|document| model::decode::decode(document, Keep::Whole))
}

/// Reads to keep every object, and the text of those that a patch could be for.
pub fn keep_manifests() -> Collector<'static, Vec<Object>, Object> {
    keep_with(&|document| model::decode::decode(document, Keep::Manifests))
}

fn keep_with(
    make: &'static (dyn Fn(&Document<'_>) -> Result<Object, DecodeError> + Sync),
) -> Collector<'static, Vec<Object>, Object> {
    Collector {
        make,
        is_unknown: |object| matches!(object, Object::Other),
        put: |objects, object| match object {
            // A dump may hold millions of objects that nobody asks for.
            Object::Other => {}
            wanted => objects.push(wanted),
        },
        append: |objects, mut later| objects.append(&mut later),
    }
}

/// What a judge makes of a document.
pub fn look(judge: &Judge, document: &Document<'_>) -> Result<Look, DecodeError> {
    let decode = || model::decode::decode(document, Keep::Typed);
    match model::glance::glance(document) {
        Some(glance) => judge.look_at(&glance, decode),
        None => Ok(judge.look(decode()?)),
    }
}

/// Reads and decodes one file, on all cores, for every question but [`admit()`].
pub fn read(file: &InputFile) -> Read {
    keep_typed().read(file)
}

/// Reads and decodes one file, on all cores. [`admit()`] shows only pods that were kept whole.
pub fn read_keeping(file: &InputFile, keep: Keep) -> Read {
    match keep {
        Keep::Typed => keep_typed(),
        Keep::Whole => keep_whole(),
        Keep::Manifests => keep_manifests(),
    }
    .read(file)
}

/// The attribution of objects without a namespace, if nothing was chosen.
pub fn default_attribution() -> Attribution {
    Attribution::default()
}

/// Plans the migration of everything that was read.
pub fn migrate(
    read: Read,
    attribution: &Attribution,
    options: &plan::Options,
) -> (Plan, Vec<Diagnostic>) {
    let (inventory, mut diagnostics) = assemble(read, attribution);
    let (access, said) = resolve(&inventory);
    let plan = plan::plan(&inventory, &access, &said, options);
    diagnostics.extend(said);
    diagnostics.extend(psp::diagnose(&inventory.policies));
    diagnostics.extend(plan.said.iter().cloned());
    diag::sort(&mut diagnostics);
    (plan, diagnostics)
}

/// Maps every policy that was read, variants side by side, sorted by name.
pub fn map(read: Read, version: Version) -> (Vec<(PodSecurityPolicy, Mapping)>, Vec<Diagnostic>) {
    let (inventory, mut diagnostics) = assemble(read, &default_attribution());
    diagnostics.extend(psp::diagnose(&inventory.policies));
    diag::sort(&mut diagnostics);
    let policies = inventory
        .policies
        .into_iter()
        .map(|policy| {
            let mapping = mapping::map(&policy, version);
            (policy, mapping)
        })
        .collect();
    (policies, diagnostics)
}

/// Puts roles, bindings and policies together, so that [`Access`] can be asked. See [`resolve`].
pub fn assemble(read: Read, attribution: &Attribution) -> (Inventory, Vec<Diagnostic>) {
    let (inventory, said) = model::assemble(read.objects, &read.unreadable, attribution);
    let mut diagnostics = read.diagnostics;
    diagnostics.extend(said);
    diag::sort(&mut diagnostics);
    (inventory, diagnostics)
}

/// Resolves the roles and bindings of an inventory.
pub fn resolve(inventory: &Inventory) -> (Access<'_>, Vec<Diagnostic>) {
    let policies: Vec<&str> = inventory
        .policies
        .iter()
        .map(|policy| policy.name.as_str())
        .collect();
    Access::new(&inventory.roles, &inventory.bindings, &policies)
}

/// Judges every workload in the order of the input, copies and nameless ones included, with the defaults that the API
/// server would fill in.
pub fn check(
    read: Read,
    attribution: &Attribution,
    question: &Question,
) -> (Judged, Vec<Diagnostic>) {
    let judge = Judge::new(question);
    let mut seen = Seen::default();
    for object in read.objects {
        seen.add(judge.look(object));
    }
    let read = Read {
        objects: seen,
        unreadable: read.unreadable,
        diagnostics: read.diagnostics,
        passed_over: read.passed_over,
    };
    checked(judge, read, attribution)
}

/// The answers of a judge that has looked at every object as it was read.
pub fn checked(
    judge: Judge,
    read: Read<Seen>,
    attribution: &Attribution,
) -> (Judged, Vec<Diagnostic>) {
    let homes = Homes::new(read.objects.others(), &read.unreadable, attribution);
    let (judged, said) = judge.finish(read.objects, &homes);
    let mut diagnostics = read.diagnostics;
    diagnostics.extend(said);
    diag::sort(&mut diagnostics);
    (judged, diagnostics)
}

/// Replays the admission of every workload in the order of the input, copies and nameless ones included, by the
/// policies, roles and bindings that were read with them.
pub fn admit(
    mut read: Read,
    attribution: &Attribution,
    question: &admit::Question,
) -> (Vec<Replayed>, Vec<Diagnostic>) {
    let (workloads, unattributed) =
        model::take_workloads(&mut read.objects, &read.unreadable, attribution);
    let (inventory, mut diagnostics) = assemble(read, attribution);
    diagnostics.extend(unattributed);
    diagnostics.extend(psp::diagnose(&inventory.policies));
    let (access, said) = resolve(&inventory);
    if question.authorization != Authorization::Assumed {
        diagnostics.extend(said);
    }
    let (replayed, said) = admit::replay(workloads, &inventory.policies, &access, question);
    diagnostics.extend(said);
    diag::sort(&mut diagnostics);
    (replayed, diagnostics)
}
