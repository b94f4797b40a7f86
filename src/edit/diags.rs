//! Every diagnostic of this stage: what is left to a person.

use crate::diag::{Code, Severity};

/// A namespace that several documents define.
pub static DEFINED_TWICE: Code = Code {
    name: "edit/defined-twice",
    severity: Severity::Warning,
    docs: "\
The input defines the same namespace in several places, as a base and its overlays do.

**Why it matters.** Which of the definitions is applied, and in which order, the files do not tell. Labels in one of \
them may be taken away by another. So neither `--in-place` nor `migration.diff` touches any.

**What to do.** Write the lines into the definition that is applied last, or remove the other ones.
",
};

/// A place in a file that cannot be edited.
pub static NOT_EDITABLE: Code = Code {
    name: "edit/not-editable",
    severity: Severity::Warning,
    docs: "\
The object stands where a text cannot be spliced in safely: on standard input, in a compressed file, behind a symbolic \
link that leads out of the paths given, in a value that an anchor or merge key shares with others, or in a form that is \
not edited, such as a block scalar. The message names the form, and the line where it stands.

**Why it matters.** The change is missing from the edited files and from `migration.diff`.

**What to do.** Write the lines by hand. With an anchor, write the value out first.
",
};

/// A file that cannot be edited as a whole.
pub static NOT_IN_PLACE: Code = Code {
    name: "edit/not-in-place",
    severity: Severity::Note,
    docs: "\
The object stands in something that is never edited: on standard input, in a compressed file or an archive, in UTF-16, \
behind a symbolic link that leads out of the paths given. With `--in-place` and `--dry-run`, which ask for edits, this \
is the warning `edit/not-editable`.

**Why it matters.** The change is missing from `migration.diff`. The folders under `manifests/` have it.

**What to do.** Nothing, if the plan is applied from its folder. To edit files, give the tool the plain ones.
",
};

/// A namespace that the input does not define.
pub static NO_MANIFEST: Code = Code {
    name: "edit/no-manifest",
    severity: Severity::Note,
    docs: "\
The input shows objects in the namespace, but no Namespace object, so there is no file to edit.

**Why it matters.** The labels are missing from the edited files and from `migration.diff`. The folders under \
`manifests/` have them: a Namespace object with nothing but name and labels.

**What to do.** Apply these, or write the lines where the namespace is really made: a chart, `CreateNamespace` of Argo \
CD, a Terraform module.
",
};

/// An edit that turned out to mean something else.
pub static REFUSED: Code = Code {
    name: "edit/refused",
    severity: Severity::Warning,
    docs: "\
The edit was made, the result was read again, and some object was not what it should have been. So it was thrown away.

**Why it matters.** The change is missing from the edited files and from `migration.diff`. The cause is nearly always \
an anchor whose value other objects use as well.

**What to do.** Write the lines by hand.
",
};

/// Labels and patches that have to be applied one after the other.
pub static ORDER: Code = Code {
    name: "edit/order",
    severity: Severity::Warning,
    docs: "\
An enforce label and the patches that get workloads to its level are in one change.

**Why it matters.** Applied at once or labels first, new pods of these workloads are refused until their templates are \
patched and every rollout has finished. What applies a repository, a controller or `kubectl apply -f`, keeps no order \
between a namespace and its workloads.

**What to do.** Apply the files of the workloads first, and wait until every rollout has finished. Then apply those of \
the namespaces. In a repository that a controller applies, make two commits of it.
",
};

/// An enforce label that a person should look at first.
pub static REVIEW: Code = Code {
    name: "edit/review",
    severity: Severity::Note,
    docs: "\
The confidence of an enforce label is `review`: it follows from evidence that may not show everything.

**Why it matters.** An enforce label refuses pods. So only enforce labels of high confidence are written into the \
user's files; audit and warn labels, which refuse nothing, always are.

**What to do.** Read what the report says of the namespace, watch warnings and audit events, then write the lines or \
apply `manifests/30-enforce-review`.
",
};

/// All codes of this stage, sorted by name.
pub static CODES: &[&Code] = &[
    &DEFINED_TWICE,
    &NO_MANIFEST,
    &NOT_EDITABLE,
    &NOT_IN_PLACE,
    &ORDER,
    &REFUSED,
    &REVIEW,
];
