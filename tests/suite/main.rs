//! One test binary. Each module says what belongs there.

/// The admission layer against upstream's answers.
mod admission;
/// The import table, purity and docs of the source tree.
mod architecture;
/// Fixtures of every check and revision, complete both ways.
mod checks;
/// The Pod Security Standards engine against upstream's answers.
mod conformance;
/// The YAML reader against Go's answers, and the input formats.
mod input;
/// Policies to verdicts and levels.
mod mapping;
/// Policies for the tests of several modules; no tests of its own.
mod policies;
/// The policy engine against upstream's answers.
mod psp;
/// Grants against upstream's answers.
mod rbac;
/// Witnesses of verdicts, and the proof that what is enforced has none.
mod witness;
