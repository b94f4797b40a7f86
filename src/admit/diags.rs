//! What the replay says of what the input does not tell.

use crate::diag::{Code, Diagnostic, Severity};

use super::Replayed;

/// Every code of this stage, sorted by name.
pub static CODES: &[&Code] = &[&ACCOUNT_UNSET, &CREATOR_UNKNOWN, &NAMESPACE_UNKNOWN];

static ACCOUNT_UNSET: Code = Code {
    name: "admit/account-unset",
    severity: Severity::Warning,
    docs: "\
A workload that names no service account is refused, while a policy that it may not use would accept it.

`admit` answers for the policies alone, so an account that is not named stays unset, and only who creates the pods
counts. In a cluster another plugin names the account `default` before, and what is granted to it counts as well; so
`migrate` replays it. Write `serviceAccountName: default` to see that answer here.",
};

static CREATOR_UNKNOWN: Code = Code {
    name: "admit/creator-unknown",
    severity: Severity::Warning,
    docs: "\
A workload is refused, while a policy that it may not use would accept it, and nobody is known to create its pods.

Who creates a pod may use policies in its name, and so may its service account. Of a bare pod the input does not tell
who creates it, so only the account counts: name somebody with `--as`, and their groups with `--as-group`. Pods of
custom resources are created by an operator that the input does not tell; there the account alone counts.",
};

static NAMESPACE_UNKNOWN: Code = Code {
    name: "admit/namespace-unknown",
    severity: Severity::Warning,
    docs: "\
A workload whose namespace is not known.

Bindings in its namespace could let it use more policies, so what is said of it holds only as far as cluster-wide grants
go. Set `metadata.namespace`, add the kustomization that sets it, or name the namespace with `--default-namespace`.",
};

/// What could make an answer another one. One diagnostic a code, because it is usually the same for many workloads.
pub(super) fn doubts(replayed: &[Replayed]) -> Vec<Diagnostic> {
    let wanting = |one: &&Replayed| {
        let mut candidates = one.candidates.iter();
        one.chosen.is_none() && candidates.any(|policy| policy.valid && policy.via.is_none())
    };
    let refused = || replayed.iter().filter(wanting);
    let rules = [
        (
            &ACCOUNT_UNSET,
            about(refused().filter(|one| one.workload.pod.spec.account().is_empty())),
            "refused for want of a grant, but without a service account, so only the creator of the pods counts",
            "write serviceAccountName; a cluster would set it to `default`",
        ),
        (
            &CREATOR_UNKNOWN,
            about(refused().filter(|one| one.creator.is_none())),
            "refused for want of a grant, but nobody is known to create the pods, so only the service account counts",
            "name who creates bare pods with --as, and their groups with --as-group",
        ),
        (
            &NAMESPACE_UNKNOWN,
            about(
                replayed
                    .iter()
                    .filter(|one| one.workload.namespace.is_none()),
            ),
            "no namespace is known, so only cluster-wide grants count",
            "set metadata.namespace, add its kustomization, or use --default-namespace",
        ),
    ];
    let said = rules
        .into_iter()
        .filter_map(|(code, about, message, help)| {
            let (first, names) = about?;
            let source = first.workload.source();
            Some(Diagnostic::at(
                code,
                source,
                format!("{names}: {message}"),
                help,
            ))
        });
    said.collect()
}

/// The first of some workloads, and how all of them are named; `None` if there is none.
fn about<'a>(mut some: impl Iterator<Item = &'a Replayed>) -> Option<(&'a Replayed, String)> {
    let first = some.next()?;
    let name = first.workload.reference();
    let names = match some.count() {
        0 => format!("`{name}`"),
        more => format!("`{name}` and {more} more"),
    };
    Some((first, names))
}
