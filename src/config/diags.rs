//! What there is to say about a configuration.

use crate::diag::{Code, Diagnostic, Severity, Source};
use crate::plan::settings::Acceptance;

use super::Date;

/// Every code of this stage, sorted by name.
pub static CODES: &[&Code] = &[&EXPIRED, &FLAG_WINS, &INVALID, &UNDATED];

static EXPIRED: Code = Code {
    name: "config/expired",
    severity: Severity::Warning,
    docs: "\
The last day on which a finding was accepted is over.

The finding counts again for `--fail-on`. Settle it, or look at the reason again and set a new date.",
};

static FLAG_WINS: Code = Code {
    name: "config/flag-wins",
    severity: Severity::Note,
    docs: "\
A flag says something else than the configuration, and the flag wins.

`--target-version`, `--audit` and `--warn` are for this run, the configuration is for every run. Leave out the one that
is not meant.",
};

/// Something that is not understood.
pub(super) static INVALID: Code = Code {
    name: "config/invalid",
    severity: Severity::Error,
    docs: "\
The configuration has a field or a value that is not understood, or lacks one that is needed.

Nothing is done until it is right, because a decision that is passed over would be missed by nobody. The message says
what was expected. A configuration begins with `apiVersion: psp2psa/v1` and `kind: Configuration`; it may have
`targetVersion`, `exclude`, `overrides` and `accept`.",
};

static UNDATED: Code = Code {
    name: "config/undated",
    severity: Severity::Warning,
    docs: "\
A finding is accepted until a date, and it is not known what day it is.

The same input gives the same output on every day, so no clock is read. Say what day it is with `--today`, for example
`--today \"$(date +%F)\"`. Without it the acceptance holds.",
};

/// A mistake.
pub(super) fn invalid(source: &Source, message: impl Into<String>) -> Diagnostic {
    Diagnostic::at(&INVALID, source, message, "")
}

pub(super) fn expired(acceptance: &Acceptance, expires: &str, today: &Date) -> Diagnostic {
    Diagnostic::at(
        &EXPIRED,
        &acceptance.source,
        format!(
            "{} was accepted until {expires}, and today is {today}",
            acceptance.code
        ),
        "settle the finding, or look at the reason again and set a new date",
    )
}

pub(super) fn undated(acceptance: &Acceptance, expires: &str) -> Diagnostic {
    Diagnostic::at(
        &UNDATED,
        &acceptance.source,
        format!(
            "{} is accepted until {expires}, and what day it is was not said",
            acceptance.code
        ),
        "add --today \"$(date +%F)\"; without it the acceptance holds",
    )
}

/// A flag that wins over a field of the configuration.
pub fn flag_wins(flag: &str, field: &str, source: &Source) -> Diagnostic {
    Diagnostic::at(&FLAG_WINS, source, format!("{flag} wins over {field}"), "")
}
