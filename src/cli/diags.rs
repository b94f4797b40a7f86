//! What there is to say about arguments that the input does not answer to.

use crate::diag::{Code, Diagnostic, Severity};

/// All codes of this stage, sorted by name.
pub static CODES: &[&Code] = &[&NO_MATCH];

static NO_MATCH: Code = Code {
    name: "cli/no-match",
    severity: Severity::Warning,
    docs: "\
A flag that selects, such as `--namespace` or `--psp`, names something that is not in the input.

**Why it matters.** An answer about nothing looks like an answer that nothing is wrong. The exit code is that of such an \
answer, because a namespace may be empty for good reasons.

**What to do.** Check the spelling, or give the tool the files in which it stands.
",
};

/// The flag names nothing of the input.
pub fn no_match(flag: &str, value: &str, what: &str) -> Diagnostic {
    Diagnostic {
        code: &NO_MATCH,
        message: format!("{flag} `{value}`: {what}"),
        source: None,
        help: "check the spelling, or give the tool the files that it stands in".to_owned(),
    }
}
