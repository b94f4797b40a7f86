//! What there is to say about the settings of a plan.

use crate::diag::{Code, Diagnostic, Severity};
use crate::pss::Version;

use super::settings::{Acceptance, Pattern};

/// Every code of this stage, sorted by name.
pub static CODES: &[&Code] = &[&NEWER_VERSION, &UNKNOWN_NAMESPACE, &UNUSED];

static NEWER_VERSION: Code = Code {
    name: "plan/newer-version",
    severity: Severity::Warning,
    docs: "\
Labels are pinned to a version that is newer than every version whose rules are known here.

The plan follows the newest rules that are known. If a check changes between that version and the one in the labels, \
the API server refuses pods that the plan calls allowed. Choose a version that is known, or look for a newer psp2psa.",
};

static UNKNOWN_NAMESPACE: Code = Code {
    name: "plan/unknown-namespace",
    severity: Severity::Warning,
    docs: "\
The namespace that the plan was asked for is not in the input.

Neither a Namespace of that name nor anything in one was read, so the plan is empty. Check the spelling, or give the
tool the files that the namespace stands in.",
};

static UNUSED: Code = Code {
    name: "plan/unused-setting",
    severity: Severity::Warning,
    docs: "\
A setting has no effect: `--exclude-namespace`, or an entry of the configuration.

Nothing in the input matches it, or an earlier entry decides already. A setting that once had an effect may hide that
the thing it was made for is gone, or misspelt. Correct it or take it out.",
};

/// `--namespace` names none of these.
pub(super) fn unknown_namespace(namespace: &str, names: &[&str]) -> Diagnostic {
    let near: Vec<&str> = names
        .iter()
        .filter(|name| name.starts_with(namespace) || namespace.starts_with(*name))
        .take(3)
        .copied()
        .collect();
    Diagnostic {
        code: &UNKNOWN_NAMESPACE,
        message: format!(
            "namespace `{namespace}` is not in the input, so there is nothing to plan"
        ),
        source: None,
        help: match near.as_slice() {
            [] => "check the spelling, or give the tool the files that it stands in".to_owned(),
            near => format!("did you mean {}?", near.join(" or ")),
        },
    }
}

/// The target version is beyond what is known.
pub(super) fn newer_version(version: Version) -> Diagnostic {
    let rules = version.effective();
    Diagnostic {
        code: &NEWER_VERSION,
        message: format!(
            "labels are pinned to {version}, but the newest version known here is {rules}, whose rules are used"
        ),
        source: None,
        help: format!("choose {rules} or older, or look for a newer psp2psa"),
    }
}

/// `--exclude-namespace` that matches nothing.
pub(super) fn unused_flag(pattern: &str) -> Diagnostic {
    Diagnostic {
        code: &UNUSED,
        message: format!("--exclude-namespace `{pattern}` is no namespace of the input"),
        source: None,
        help: "check the spelling, or leave it out".to_owned(),
    }
}

/// A pattern of the configuration that does nothing.
pub(super) fn unused(pattern: &Pattern, why: &str) -> Diagnostic {
    Diagnostic::at(
        &UNUSED,
        &pattern.source,
        format!("`{}` {why}", pattern.text),
        "correct it, or take it out",
    )
}

/// An acceptance without findings.
pub(super) fn nothing_to_accept(acceptance: &Acceptance) -> Diagnostic {
    Diagnostic::at(
        &UNUSED,
        &acceptance.source,
        format!("there is no finding {} to accept", acceptance.code),
        "take the entry out: what it accepted is gone",
    )
}
