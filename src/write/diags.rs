//! Every diagnostic of this edge: what happened to files of the user's in the output folder.

use std::path::PathBuf;

use crate::diag::{Code, Diagnostic, Severity};

use super::named;

/// A file in the output folder that was replaced although it was not as we wrote it.
pub(super) static REPLACED: Code = Code {
    name: "write/replaced",
    severity: Severity::Warning,
    docs: "\
A file in the output folder had the name of one that `migrate` writes, and was edited since or written by somebody else. \
With `--force` it was replaced.

**Why it matters.** What was changed by hand is gone from the folder.

**What to do.** Take the old text from version control, if it is still wanted. Files with other names always stay. What \
should last belongs into the configuration (`psp2psa.yaml`), or into a kustomization of its own on top of the folder.
",
};

/// What is left of the folder that made way.
pub(super) static LEFTOVER: Code = Code {
    name: "write/leftover",
    severity: Severity::Warning,
    docs: "\
The output folder was replaced, but the old one could not be removed wholly, so it still stands beside it.

**Why it matters.** Nothing reads it; it only takes up space.

**What to do.** Remove the folder. A read-only folder has to be made writable first.
",
};

/// All codes of this stage, sorted by name.
pub static CODES: &[&Code] = &[&LEFTOVER, &REPLACED];

pub(super) fn replaced(paths: &[PathBuf]) -> Diagnostic {
    Diagnostic {
        code: &REPLACED,
        message: format!(
            "with --force, what somebody had written or edited in the output folder was replaced: {}",
            named(paths)
        ),
        source: None,
        help: "take it from version control if it is still wanted".to_owned(),
    }
}

pub(super) fn leftover(folder: &std::path::Path) -> Diagnostic {
    Diagnostic {
        code: &LEFTOVER,
        message: format!(
            "the old output folder could not be removed wholly: {}",
            folder.display()
        ),
        source: None,
        help: "remove it".to_owned(),
    }
}
