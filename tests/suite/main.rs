//! One test binary. Each module says what belongs there.

/// The admission layer against upstream's answers.
mod admission;
/// Replays of admission through the whole pipeline.
mod admit;
/// The import table, purity and docs of the source tree.
mod architecture;
/// The HTML report in a real browser.
mod browser;
/// Fixtures of every check and revision, complete both ways.
mod checks;
/// What goes with the policies, and that nothing else does.
mod cleanup;
/// The command line: help, exit codes, streams, the output folder.
mod cli;
/// The configuration: what it decides, what is wrong with it, what it does not do.
mod config;
/// The Pod Security Standards engine against upstream's answers.
mod conformance;
/// Edits of the user's own files: styles, generated texts, git, interrupted runs.
mod edit;
/// Full disks, kills in the middle, input that changes, readers that are gone.
mod faults;
/// Fixtures changed at random, for the same targets as the fuzzer.
mod fuzz;
/// What the report proposes beyond today's behaviour.
mod hardening;
/// Hostile names, values and numbers of objects, end to end.
mod hostile;
/// The YAML reader against Go's answers, and the input formats.
mod input;
/// The JSON documents, declared a second time.
mod json;
/// The forms for CI: SARIF and JUnit.
mod judged;
/// What kustomizations change without its being applied.
mod kustomized;
/// Policies to verdicts and levels.
mod mapping;
/// Our structs against the generated Kubernetes types.
mod oracle;
/// What strangers install: workflows, archives, the plugin, the image, the hooks.
mod packaging;
/// Patches against kubectl and the engines.
mod patches;
/// What holds for the plan of any cluster.
mod plan;
/// Policies for the tests of several modules; no tests of its own.
mod policies;
/// What a report was made of: digests of its files.
mod provenance;
/// The policy engine against upstream's answers.
mod psp;
/// Grants against upstream's answers.
mod rbac;
/// The README shows what the commands print.
mod readme;
/// The HTML and Markdown reports: hostile texts, links, sizes.
mod report;
/// The stages applied one by one, with the engines watching.
mod rollout;
/// Whole runs of the binary, compared byte for byte.
mod scenarios;
/// JSON Schemas: current, and every document is of one.
mod schema;
/// The same bytes from the same input, and output that is input again.
mod stability;
/// The harness over the real binary.
mod support;
/// Upstream's answers through the whole pipeline, from text to JSON.
mod vectors;
/// Witnesses of verdicts, and the proof that what is enforced has none.
mod witness;
