//! Where a patch of a kustomization matters.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::built::{Built, Patched};
use crate::model::attribution::Homes;
use crate::model::gap::{self, Gap, GapKind, Patch};
use crate::model::kustomize::Kustomization;
use crate::model::patch::{Change, Effect};
use crate::model::workload::Workload;

/// A change in each namespace that it concerns. `patch` is one that names itself what it is for, and `names` are the
/// kinds and names of all workloads.
pub(super) fn concerned(
    kustomization: &Kustomization,
    (change, patch): (Change, Option<&Workload>),
    homes: &Homes,
    built: &Built<'_>,
    names: &BTreeSet<(&str, &str)>,
) -> Vec<Gap> {
    let source = patch.map_or(&kustomization.source, |patch| patch.source());
    let gap = |what: &str, kind, namespace: Option<&str>, patch| Gap {
        kind,
        what: what.to_owned(),
        source: source.clone(),
        namespace: namespace.map(str::to_owned),
        selectors: Vec::new(),
        patch,
    };
    if gap::says_who_may(&change.target.kind) {
        let kind = gap::of_grants(&change.target.kind);
        return vec![gap(&change.what, kind, None, None)];
    }
    let mut meant = built.meant(&change.target);
    let own = patch.map_or("", |patch| patch.meta.namespace.as_str());
    let is_own = |patched: &&Patched| {
        let workload = patched.workload;
        workload.meta.namespace == own || workload.namespace.as_deref() == Some(own)
    };
    if !own.is_empty() && meant.iter().any(is_own) {
        meant.retain(is_own);
    }
    let (namespaces, homeless) = placed(kustomization, &meant, homes, built);
    let is_shown = !meant.is_empty() || !namespaces.is_empty();
    if let Some(patch) = patch.filter(|_| !is_shown) {
        return vec![gap::fragment(patch, homes.of_fragment(patch))];
    }
    let is_new = |name: &String| {
        meant.is_empty() || !meant.iter().all(|patched| patched.has_container(name))
    };
    let adds = change.effects.iter().any(|effect| match effect {
        Effect::Sets { perhaps_new, .. } => perhaps_new.iter().any(is_new),
        Effect::Unknown => false,
    });
    let name = (change.target.kind.as_str(), change.target.name.as_str());
    let is_called = names.contains(&name);
    let change = Arc::new(change);
    let gap = |namespace, patched| {
        let patch = Patch {
            change: Arc::clone(&change),
            patched,
        };
        gap(&change.what, GapKind::Fragment, namespace, Some(patch))
    };
    if !is_shown && is_called {
        return vec![gap(None, gap::Patched::Called)];
    }
    let each = namespaces.iter().map(|namespace| Some(*namespace));
    let anywhere = (homeless || !is_shown).then_some(None);
    each.chain(anywhere)
        .map(|namespace| gap(namespace, gap::Patched::Built { homeless, adds }))
        .collect()
}

/// The namespaces in which a kustomization places these of the workloads that it builds, and whether it is not known of
/// some.
fn placed<'p>(
    kustomization: &'p Kustomization,
    meant: &[&'p Patched<'_>],
    homes: &'p Homes,
    built: &Built<'_>,
) -> (BTreeSet<&'p str>, bool) {
    let mut namespaces = homes.of_each_in(kustomization);
    let (moved, mut homeless) = (!namespaces.is_empty(), false);
    for patched in meant {
        let workload = patched.workload;
        let file = &workload.source().file;
        let within = || {
            homes
                .builders(file)
                .any(|folder| built.folders.contains(folder))
        };
        if !workload.meta.namespace.is_empty() || within() {
            match (&workload.namespace, homes.all(file)) {
                (Some(namespace), _) => {
                    namespaces.insert(namespace);
                }
                // Several place it; where this one does, is known.
                (None, _) if moved => {}
                (None, Some(all)) => namespaces.extend(all.iter().map(String::as_str)),
                (None, None) => homeless = true,
            }
        } else if !moved || homes.builders(file).next().is_none() {
            // Where others place it, is another question.
            let fallback = homes.fallback();
            namespaces.extend(fallback);
            homeless |= fallback.is_none();
        }
    }
    (namespaces, homeless)
}
