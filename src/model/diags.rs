//! What the model says of the input.

use crate::diag::{Code, Diagnostic, Severity, Source};

use super::object::ObjectRef;

/// Every code of this stage, sorted by name.
pub static CODES: &[&Code] = &[
    &CONTRADICTING_NAMESPACE,
    &FRAGMENT,
    &INVALID_NAME,
    &NOT_JUDGED,
    &UNATTRIBUTED,
    &VARIANTS,
];

static CONTRADICTING_NAMESPACE: Code = Code {
    name: "model/contradicting-namespace",
    severity: Severity::Warning,
    docs: "\
The input defines one namespace several times, with different labels or annotations.

Which definition the cluster ends up with depends on the order of application, so no labels are planned for it.
Merge the definitions, or give the tool only the files that are really applied.",
};

static FRAGMENT: Code = Code {
    name: "model/fragment",
    severity: Severity::Note,
    docs:
        "\
A workload without a pod template, with a container that has no image, or in a file that a kustomization patches with.

Such an object could not run, or is not what runs. It is not judged: a patch that sets what a level asks for, or takes it
away, says nothing without what it is applied to. (`check` and `admit` pass over only what is a patch beyond doubt, see
`model/not-judged`, and judge everything else as it is written.) Build the kustomization first
(`kubectl kustomize DIR | psp2psa … -f -`) to have the result judged.",
};

static INVALID_NAME: Code = Code {
    name: "model/invalid-name",
    severity: Severity::Error,
    docs: "\
A namespace whose name the API server refuses.

Names of namespaces are DNS labels: at most 63 lower-case letters, digits and `-`, starting and ending with a letter
or digit. Nothing is planned for it.",
};

static NOT_JUDGED: Code = Code {
    name: "model/not-judged",
    severity: Severity::Warning,
    docs: "\
The input holds workloads without a pod template, or with one that has no metadata and no container with an image.

No pod can be made of such an object, so it is neither judged nor replayed. Usually it is the patch of a kustomization:
build that first (`kubectl kustomize DIR | psp2psa … -f -`) to have the result judged.",
};

static UNATTRIBUTED: Code = Code {
    name: "model/unattributed",
    severity: Severity::Warning,
    docs: "\
An object without a namespace, in an input that defines several namespaces.

The object could belong to any of them, so the tool does not guess: the evidence of every namespace it could belong to
is partial. Set `metadata.namespace`, add the kustomization that sets it, or name the namespace with
`--default-namespace`.",
};

static VARIANTS: Code = Code {
    name: "model/variants",
    severity: Severity::Warning,
    docs: "\
The same object stands in the input several times, with different content.

All variants are kept: grants are united, every variant of a workload counts. Usually the files of several
environments were read together; read one environment at a time.",
};

pub(super) fn contradicting_namespace(name: &str, sources: &[Source]) -> Option<Diagnostic> {
    let (first, rest) = sources.split_first()?;
    Some(Diagnostic::at(
        &CONTRADICTING_NAMESPACE,
        first,
        format!(
            "namespace `{name}` is defined differently elsewhere, at {}",
            places(rest)
        ),
        "keep one definition; no enforce label is planned for it",
    ))
}

pub(super) fn fragment(object: &ObjectRef, source: &Source) -> Diagnostic {
    Diagnostic::at(
        &FRAGMENT,
        source,
        format!("`{object}` is no complete workload and is not judged"),
        "if it is a kustomize patch, give the tool the built manifests",
    )
}

/// Workloads that are passed over, with their places; one diagnostic, because a repository may hold many.
pub(crate) fn not_judged(partial: &mut [(Source, String)]) -> Option<Diagnostic> {
    partial.sort();
    let (source, first) = partial.first()?;
    let message = match partial.len() {
        1 => format!("`{first}` has no complete pod template and is not judged"),
        many => format!(
            "{many} workloads have no complete pod template and are not judged, such as `{first}`"
        ),
    };
    Some(Diagnostic::at(
        &NOT_JUDGED,
        source,
        message,
        "if these are kustomize patches, give the tool the built manifests",
    ))
}

pub(super) fn invalid_name(name: &str, source: &Source) -> Diagnostic {
    Diagnostic::at(
        &INVALID_NAME,
        source,
        format!(
            "`{}` is not a valid name of a namespace",
            name.escape_debug()
        ),
        "use at most 63 lower-case letters, digits and `-`",
    )
}

pub(super) fn unattributed(object: &ObjectRef, source: &Source) -> Diagnostic {
    Diagnostic::at(
        &UNATTRIBUTED,
        source,
        format!("`{object}` names no namespace, and the input defines several"),
        "set metadata.namespace, add its kustomization, or use --default-namespace",
    )
}

pub(super) fn variants(object: &ObjectRef, sources: &[Source]) -> Option<Diagnostic> {
    let (first, rest) = sources.split_first()?;
    Some(Diagnostic::at(
        &VARIANTS,
        first,
        format!(
            "`{object}` stands in the input with different content, also at {}",
            places(rest)
        ),
        "all variants count; read one environment at a time if that is not meant",
    ))
}

fn places(sources: &[Source]) -> String {
    let shown: Vec<String> = sources.iter().take(3).map(Source::to_string).collect();
    match sources.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
