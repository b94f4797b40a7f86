//! Subjects paired with the roles they are bound to.

use std::collections::BTreeMap;

use super::roles::Roles;
use super::subject::{self, Identity, Inert, Key, Subject};
use super::{bootstrap, diags};
use crate::diag::Diagnostic;
use crate::model::role::Binding;

/// One subject of one binding that applies and whose role exists.
pub(super) struct Edge<'a> {
    pub(super) binding: &'a Binding,
    /// Position in [`Roles::list`].
    pub(super) role: usize,
    pub(super) subject: Subject<'a>,
}

/// Pairs every binding with its role and each of its subjects.
pub(super) fn resolve<'a>(
    bindings: &'a [Binding],
    roles: &Roles<'a>,
) -> (Vec<Edge<'a>>, Vec<Diagnostic>) {
    let mut sorted: Vec<&Binding> = bindings.iter().collect();
    sorted.sort_by_key(|binding| {
        (
            &binding.namespace,
            &binding.name,
            &binding.sources,
            &binding.role_ref,
            &binding.subjects,
        )
    });
    let mut edges = Vec::new();
    let mut diagnostics = Vec::new();
    for binding in sorted {
        let role = roles.referred(binding);
        if role.is_none() && !bootstrap::exists(binding) {
            diagnostics.push(diags::unresolved(binding));
        }
        for subject in &binding.subjects {
            match (subject::read(binding, subject), role) {
                (Ok(subject), Some(role)) => edges.push(Edge {
                    binding,
                    role,
                    subject,
                }),
                (Ok(_), None) => {}
                (Err(Inert::UnknownKind), _) => {
                    diagnostics.push(diags::unknown_subject_kind(binding, subject));
                }
                (Err(Inert::NoNamespace), _) => {
                    diagnostics.push(diags::subject_without_namespace(binding, subject));
                }
            }
        }
    }
    fn order<'a>(edge: &Edge<'a>) -> (&'a Option<String>, &'a str, usize, Subject<'a>) {
        let binding = edge.binding;
        (&binding.namespace, &binding.name, edge.role, edge.subject)
    }
    edges.sort_by_key(order);
    edges.dedup_by_key(|edge| order(edge));
    (edges, diagnostics)
}

/// Edges by scope (`None` is cluster-wide) and by what the authorizer compares.
pub(super) struct Index<'a>(BTreeMap<(Option<&'a str>, Key<'a>), Vec<usize>>);

impl<'a> Index<'a> {
    pub(super) fn new(edges: &[Edge<'a>], wanted: impl Fn(&Edge<'a>) -> bool) -> Self {
        let mut index: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (at, edge) in edges.iter().enumerate().filter(|(_, edge)| wanted(edge)) {
            let key = (edge.binding.namespace.as_deref(), edge.subject.key());
            index.entry(key).or_default().push(at);
        }
        Index(index)
    }

    /// The edges that apply to somebody in a namespace, in order. Outside namespaces only cluster-wide ones do.
    pub(super) fn applying(&self, who: &Identity, namespace: &str) -> Vec<usize> {
        let scope = (!namespace.is_empty()).then_some(Some(namespace));
        let mut edges: Vec<usize> = std::iter::once(None)
            .chain(scope)
            .flat_map(|scope| who.keys().map(move |key| (scope, key)))
            .filter_map(|key| self.0.get(&key))
            .flatten()
            .copied()
            .collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
