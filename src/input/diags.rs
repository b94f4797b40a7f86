//! Every diagnostic of this stage: what the reader could not read, or read with a doubt.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic, Severity, Source};

use super::DecodeError;
use super::text;
use super::tree::builder::{Outcome, Repeated};

/// Text that is neither YAML nor JSON.
pub static SYNTAX: Code = Code {
    name: "input/syntax",
    severity: Severity::Error,
    docs: "\
The document is not valid YAML or JSON at the place named, so `kubectl` would refuse it as well.

**Why it matters.** Whatever the document describes is missing from the answer. If it is a policy, a grant or a \
workload, the plan of its namespace is incomplete. The other documents of the file are read all the same.

**What to do.** Fix the line. YAML is indented with blanks only; a value that contains `: ` or starts with one of \
`@ % * & ! | > { [` and a backtick has to be quoted.
",
};

/// A document that a template engine has still to fill in.
pub static TEMPLATE: Code = Code {
    name: "input/template",
    severity: Severity::Error,
    docs: "\
The document is a template (Helm, Jinja or ytt), not an object: its fields get their values when it is rendered.

**Why it matters.** Nothing certain can be said about an unrendered template. If it is a workload, what its namespace \
needs is not fully known.

**What to do.** Render it and feed the result: `helm template RELEASE CHART | psp2psa check -f -`, \
`ytt -f DIR`, or the dump of a cluster in which it is installed.
",
};

/// Bytes that are not text.
pub static BINARY: Code = Code {
    name: "input/binary",
    severity: Severity::Error,
    docs: "\
The file is not text: it holds NUL bytes, or bytes that are not UTF-8.

**Why it matters.** Kubernetes reads UTF-8 only, so no object can come from these bytes.

**What to do.** Unpack archives first, convert Latin-1 files to UTF-8, and leave binary files out.
",
};

/// A mapping key that is written twice.
pub static DUPLICATE_KEY: Code = Code {
    name: "input/duplicate-key",
    severity: Severity::Warning,
    docs: "\
A mapping has the same key twice. The last one counts, as for `kubectl`; `kubectl` with server-side validation refuses \
the object. In JSON, two mappings are put together, as the API server does. JSON is looked through only where a key \
that is read stands twice: then all of the object's are told.

**Why it matters.** The value that a reader of the file sees first has no effect. A second `securityContext` silently \
replaces the first.

**What to do.** Merge the two entries. If one comes from a merge key (`<<`), write the merge key first: keys after it \
override it, keys before it are overridden.
",
};

/// Nesting beyond the limit.
pub static TOO_DEEP: Code = Code {
    name: "input/too-deep",
    severity: Severity::Error,
    docs: "\
The document nests lists and mappings deeper than any Kubernetes object does.

**Why it matters.** It is not read, so that hostile input cannot exhaust the stack.

**What to do.** Leave the file out, or look for unbalanced brackets.
",
};

/// A file or document beyond the size limits.
pub static TOO_LARGE: Code = Code {
    name: "input/too-large",
    severity: Severity::Error,
    docs: "\
A file or a single document exceeds the size that is read at once, or a compressed file unpacks to far more than it holds.

**Why it matters.** It is not read, so that memory stays bounded.

**What to do.** Split the dump, for example by namespace. One object a line (`kubectl get -o json | jq -c '.items[]'`) \
can be read at any size.
",
};

/// Aliases that expand without reasonable bound.
pub static ALIAS_BOMB: Code = Code {
    name: "input/alias-bomb",
    severity: Severity::Error,
    docs: "\
The YAML aliases (`*name`) of the document expand to an unreasonable amount of data, or an anchor contains itself.

**Why it matters.** `kubectl` refuses such documents, and so do we, before they cost memory or time.

**What to do.** Write the repeated parts out.
",
};

/// A document that is not a Kubernetes object.
pub static NOT_AN_OBJECT: Code = Code {
    name: "input/not-an-object",
    severity: Severity::Note,
    docs: "\
The document is valid, but not a Kubernetes object: it is not a mapping, or has no `kind`.

**Why it matters.** It is passed over. Helm values and configuration files often stand beside manifests, so this is \
rarely a mistake.

**What to do.** Nothing, unless the document is meant to be an object: then give it `apiVersion` and `kind`.
",
};

/// A file in a directory that cannot be read.
pub static UNREADABLE_FILE: Code = Code {
    name: "input/unreadable-file",
    severity: Severity::Error,
    docs: "\
A file could not be read from disk or unpacked: permissions, a broken link, a truncated or damaged gzip file.

**Why it matters.** Its objects are missing from the answer.

**What to do.** Fix the file, or leave it out.
",
};

/// A symbolic link that leads out of the directory that was asked for.
pub static OUTSIDE_LINK: Code = Code {
    name: "input/outside-link",
    severity: Severity::Warning,
    docs: "\
A symbolic link in a directory leads to a file outside it. Such links are not followed.

**Why it matters.** What the link points to was not asked for, and may belong to somebody else.

**What to do.** Name the link itself, or its target, with `-f`.
",
};

/// A folder that an earlier run wrote.
pub static OWN_OUTPUT: Code = Code {
    name: "input/own-output",
    severity: Severity::Note,
    docs: "\
A folder below the one that was asked for holds the output of an earlier run (`report.json` of kind
`MigrationReport`). It is passed over.

**Why it matters.** Read as input, the labels that the plan proposes would count as the owner's.

**What to do.** Nothing. Name the folder itself with `-f` if it is really meant.
",
};

/// A folder that holds nothing to read.
pub static EMPTY_FOLDER: Code = Code {
    name: "input/empty-folder",
    severity: Severity::Warning,
    docs: "\
A folder that was named with `-f` holds no file that is read: no `.yaml`, `.yml` or `.json` file, packed or not. Folders \
in it are read with `-R` only, and `migrate`'s own output and hidden folders never.

**Why it matters.** The answer says nothing about what the folder was named for.

**What to do.** Add `-R` if the files stand in folders below, or name the right folder. A file of any name is read if it \
is named itself.
",
};

/// Objects of kinds that nothing follows from.
pub static OTHER_KINDS: Code = Code {
    name: "input/other-kinds",
    severity: Severity::Note,
    docs: "\
The input holds objects that were passed over, because nothing follows from their kind: neither pods nor permissions, \
such as ConfigMaps, Services, or custom resources without a pod template.

**Why it matters.** Only in that a workload of a kind that is not known would be among them.

**What to do.** Nothing, unless one of the kinds makes pods: then feed the pods or the workloads that it makes as well.
",
};

/// Files in a folder that are not read.
pub static OTHER_FILES: Code = Code {
    name: "input/other-files",
    severity: Severity::Note,
    docs: "\
A folder that was named with `-f` holds files that are not read, because of their names, or folders, because `-R` was \
not given.

**Why it matters.** `kubectl apply -f` passes over the same ones, so this is rarely a mistake.

**What to do.** Nothing, or name such a file itself: a file of any name is read then. `-R` reads folders too.
",
};

/// A key that begins with a blank that is none.
pub static ODD_BLANK: Code = Code {
    name: "input/odd-blank",
    severity: Severity::Warning,
    docs: "\
A key begins with a no-break space (U+00A0) or another blank that YAML takes for a letter.

**Why it matters.** It looks like indentation and is part of the name, so the field is unknown and ignored.

**What to do.** Replace it by ordinary blanks; it usually comes from copying out of a web page.
",
};

/// A field whose value has the wrong type.
pub static TYPE: Code = Code {
    name: "input/type",
    severity: Severity::Error,
    docs: "\
A field holds a value of a type that the API server does not accept there, such as a quoted `\"true\"` for a boolean.

**Why it matters.** The API server refuses the whole object, so nothing is concluded from it.

**What to do.** Correct the value. Unquoted `yes`, `on`, `y` are booleans in YAML, `0644` is an octal number, and a \
name that looks like one of these has to be quoted.
",
};

/// All codes of this stage, sorted by name.
pub static CODES: &[&Code] = &[
    &ALIAS_BOMB,
    &BINARY,
    &DUPLICATE_KEY,
    &EMPTY_FOLDER,
    &NOT_AN_OBJECT,
    &ODD_BLANK,
    &OTHER_FILES,
    &OTHER_KINDS,
    &OUTSIDE_LINK,
    &OWN_OUTPUT,
    &SYNTAX,
    &TEMPLATE,
    &TOO_DEEP,
    &TOO_LARGE,
    &TYPE,
    &UNREADABLE_FILE,
];

/// The diagnostic for a document that is no object.
pub fn not_an_object(source: &Source, what: &str) -> Diagnostic {
    Diagnostic::at(&NOT_AN_OBJECT, source, format!("the document {what}"), "")
}

/// The diagnostic for a field that cannot be decoded.
pub fn wrong_type(error: &DecodeError) -> Diagnostic {
    Diagnostic::at(
        error.code,
        &error.source,
        error.to_string(),
        "the API server would refuse the whole object; correct the value",
    )
}

/// The note about objects that were passed over, if there were any.
pub fn passed_over(kinds: &BTreeMap<String, u64>) -> Option<Diagnostic> {
    const SHOWN: usize = 10;
    let mut sorted: Vec<(&String, &u64)> = kinds.iter().collect();
    sorted.sort_by_key(|(kind, count)| (Reverse(*count), *kind));
    let mut parts: Vec<String> = sorted
        .iter()
        .take(SHOWN)
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let rest = sorted.get(SHOWN..).unwrap_or_default();
    if !rest.is_empty() {
        let objects: u64 = rest.iter().map(|(_, count)| *count).sum();
        parts.push(format!("{objects} of {} other kinds", rest.len()));
    }
    (!parts.is_empty()).then(|| Diagnostic {
        code: &OTHER_KINDS,
        message: format!(
            "objects that nothing follows from are passed over: {}",
            parts.join(", ")
        ),
        source: None,
        help: String::new(),
    })
}

/// What a folder holds that is not read.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    /// Files that are read, whether or not they were read before.
    pub(super) read: usize,
    /// Files with other names.
    pub(super) files: usize,
    /// Folders, without hidden ones.
    pub(super) folders: usize,
}

/// What there is to say about a folder that was named, if there is anything.
pub(super) fn skipped(source: &Source, skipped: &Skipped) -> Option<Diagnostic> {
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(one.to_owned()),
        _ => Some(format!("{count} {many}")),
    };
    let parts = [
        count(
            skipped.files,
            "1 file with another name",
            "files with other names",
        ),
        count(skipped.folders, "1 folder", "folders"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let parts = parts.join(" and ");
    let help = match skipped.folders {
        0 => "a file of any name is read if it is named itself",
        _ => "-R reads the folders in it, too",
    };
    match (skipped.read, parts.as_str()) {
        (0, "") => Some(Diagnostic::at(
            &EMPTY_FOLDER,
            source,
            "nothing to read in this folder; expected .yaml, .yml or .json files",
            "name the folder or the file that is meant",
        )),
        (0, parts) => Some(Diagnostic::at(
            &EMPTY_FOLDER,
            source,
            format!("nothing to read in this folder, which holds {parts}"),
            help,
        )),
        (_, "") => None,
        (_, parts) => Some(Diagnostic::at(
            &OTHER_FILES,
            source,
            format!("passed over in this folder: {parts}"),
            help,
        )),
    }
}

/// The diagnostics for keys of a document that stand twice.
pub(super) fn duplicate_keys(repeated: &[Repeated], document: &Source) -> Vec<Diagnostic> {
    repeated
        .iter()
        .map(|repeated| {
            let source = Source {
                line: repeated.again.line,
                column: repeated.again.column,
                ..document.clone()
            };
            duplicate_key(repeated, &source)
        })
        .collect()
}

fn duplicate_key(repeated: &Repeated, source: &Source) -> Diagnostic {
    let Repeated {
        key,
        first,
        again,
        outcome,
    } = repeated;
    // Whole objects stand on one line in JSON.
    let (unit, first, again) = match first.line == again.line {
        true => ("column", first.column, again.column),
        false => ("line", first.line, again.line),
    };
    let message = match outcome {
        Outcome::Merged => {
            format!(
                "the merge key (`<<`) on {unit} {again} overrides the key `{key}` of {unit} {first}"
            )
        }
        Outcome::Replaced => {
            format!(
                "the key `{key}` stands twice: {unit} {again} counts, {unit} {first} is ignored"
            )
        }
        Outcome::Joined => format!(
            "the key `{key}` stands twice: what {unit} {again} holds is added to what {unit} {first} holds"
        ),
    };
    let help = match outcome {
        Outcome::Merged => "write the merge key before the keys that are to win over it",
        Outcome::Replaced => "remove one of the two",
        Outcome::Joined => "write them as one",
    };
    Diagnostic::at(&DUPLICATE_KEY, source, message, help)
}

/// The diagnostic for a key that begins with a blank which is none to YAML.
pub(super) fn odd_blank(key: &str, source: &Source) -> Option<Diagnostic> {
    let blank = key.chars().next().filter(|c| text::is_odd_blank(*c))?;
    let message = format!(
        "the key {key:?} begins with U+{:04X} {}, which YAML takes for a letter",
        blank as u32,
        text::name_of(blank)
    );
    Some(Diagnostic::at(
        &ODD_BLANK,
        source,
        message,
        "replace it by ordinary blanks",
    ))
}
