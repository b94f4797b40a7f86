//! Where objects belong that name no namespace: the only place that decides it.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::Object;
use super::diags;
use super::kustomize::{Kustomization, Overlaid, Overlays};
use super::namespace::Namespace;
use super::object::ObjectRef;
use super::role::{Binding, Subject};
use super::workload::Workload;
use crate::diag::{Diagnostic, Source};
use crate::input::Unreadable;

/// How objects that name no namespace are attributed.
#[derive(Debug, Clone)]
pub struct Attribution {
    /// The namespace of objects that name none.
    pub default_namespace: String,
    /// Whether the user chose it: then it holds even if the input defines several namespaces.
    pub chosen: bool,
}

impl Default for Attribution {
    /// What holds if the user chose nothing.
    fn default() -> Self {
        Attribution {
            default_namespace: "default".to_owned(),
            chosen: false,
        }
    }
}

/// The name of a Namespace that could not be read.
pub(super) fn unread_namespace(document: &Unreadable) -> Option<&str> {
    match document.kind_hint.as_deref() {
        Some("Namespace") => document.name_hint.as_deref(),
        _ => None,
    }
}

/// Where objects belong that do not say so.
pub(crate) struct Homes {
    overlays: Overlays,
    /// By folder of a kustomization that sets the namespace, the accounts that it builds: names and namespaces as written.
    accounts: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Where objects belong that no kustomization places.
    fallback: Option<String>,
    /// Where objects belong that kustomizations place in several namespaces.
    chosen: Option<String>,
}

impl Homes {
    pub(crate) fn new(
        objects: &[Object],
        unreadable: &[Unreadable],
        attribution: &Attribution,
    ) -> Self {
        let nameless = unreadable
            .iter()
            .filter(|document| document.kind_hint.as_deref() == Some("Namespace"))
            .filter(|document| document.name_hint.is_none())
            .count();
        let kustomizations: Vec<_> = objects
            .iter()
            .filter_map(|object| match object {
                Object::Kustomization(kustomization) => Some(kustomization.clone()),
                _ => None,
            })
            .collect();
        let overlays = Overlays::new(&kustomizations);
        let declared: BTreeSet<&str> = objects
            .iter()
            .filter_map(|object| match object {
                Object::Namespace(namespace) => {
                    let source = namespace.sources.first();
                    let renamed = source.and_then(|source| overlays.only(&source.file));
                    Some(renamed.unwrap_or(&namespace.name))
                }
                _ => None,
            })
            .chain(unreadable.iter().filter_map(unread_namespace))
            .collect();
        let mut accounts: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
        for object in objects {
            let Object::ServiceAccount(account) = object else {
                continue;
            };
            let sources = account.sources.iter();
            for builder in sources.flat_map(|source| overlays.builders(&source.file)) {
                let known = (account.name.clone(), account.namespace.clone());
                let accounts = accounts.entry(builder.to_owned()).or_default();
                accounts.insert(known);
            }
        }
        Homes {
            accounts,
            chosen: (attribution.chosen).then(|| attribution.default_namespace.clone()),
            fallback: (attribution.chosen || declared.len() + nameless < 2)
                .then(|| attribution.default_namespace.clone()),
            overlays,
        }
    }

    /// Gives a Namespace the name that its kustomization gives it.
    ///
    /// Upstream: `sigs.k8s.io/kustomize/api/internal/konfig/builtinpluginconsts` (v5, `namespaceFieldSpecs`).
    pub(super) fn rename(&self, namespace: &mut Namespace) {
        let source = namespace.sources.first();
        let Some(name) = source.and_then(|source| self.overlays.only(&source.file)) else {
            return;
        };
        name.clone_into(&mut namespace.name);
        if let Some(written) = namespace.manifest.pointer_mut("/metadata/name") {
            *written = name.into();
        }
    }

    /// Gives the accounts that a binding names the namespaces that its kustomization gives them: always that named
    /// `default`, and those that it builds itself. Others stay as they are written.
    ///
    /// Upstream: `sigs.k8s.io/kustomize/api/filters/namespace` (v5, `roleBindingHack`) and `filters/nameref`.
    pub(super) fn redirect(&self, binding: &mut Binding) {
        let Some(source) = binding.sources.first() else {
            return;
        };
        let Some(namespace) = self.overlays.only(&source.file) else {
            return;
        };
        let builders = || self.overlays.builders(&source.file);
        let is_built = |subject: &Subject| {
            let mut built = builders().filter_map(|builder| self.accounts.get(builder));
            built.any(|accounts| {
                let from = (subject.name.clone(), String::new());
                let same_name = accounts.range(from..).take_while(|it| it.0 == subject.name);
                let mut written = same_name.map(|(_, written)| written.as_str());
                written.any(|written| match subject.namespace.as_str() {
                    "" => true,
                    "default" if written.is_empty() => true,
                    named => named == written,
                })
            })
        };
        for subject in &mut binding.subjects {
            if subject.kind == "ServiceAccount" && (subject.name == "default" || is_built(subject))
            {
                namespace.clone_into(&mut subject.namespace);
            }
        }
    }

    /// The namespace of an object that names none, read at this place.
    pub(crate) fn of(&self, source: &Source) -> Option<String> {
        match self.overlays.of(&source.file) {
            Overlaid::Into(namespace) => Some(namespace.to_owned()),
            Overlaid::Ambiguous => self.chosen.clone(),
            Overlaid::Nowhere => self.fallback.clone(),
        }
    }

    /// The one namespace of everything that a kustomization builds.
    pub(super) fn of_all_in(&self, kustomization: &Kustomization) -> Option<String> {
        match self.overlays.of(&kustomization.folder) {
            Overlaid::Into(namespace) => Some(namespace.to_owned()),
            Overlaid::Ambiguous => None,
            Overlaid::Nowhere => {
                Some(kustomization.namespace.clone()).filter(|namespace| !namespace.is_empty())
            }
        }
    }

    /// Every namespace that what a kustomization builds is put into; empty if each object says so itself.
    pub(super) fn of_each_in<'a>(&'a self, kustomization: &'a Kustomization) -> BTreeSet<&'a str> {
        match self.overlays.all(&kustomization.folder) {
            Some(namespaces) => namespaces.iter().map(String::as_str).collect(),
            None => {
                let own = kustomization.namespace.as_str();
                BTreeSet::from_iter((!own.is_empty()).then_some(own))
            }
        }
    }

    /// The namespace of objects that name none and that no kustomization places.
    pub(super) fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// The namespaces that kustomizations put the objects of this file into; `None` if none does.
    pub(super) fn all(&self, file: &str) -> Option<&BTreeSet<String>> {
        self.overlays.all(file)
    }

    /// The folders of the outermost kustomizations that put this file into a namespace.
    pub(super) fn builders(&self, file: &str) -> impl Iterator<Item = &str> {
        self.overlays.builders(file)
    }

    /// The namespace of a part of a workload, if nothing tells what it is a part of.
    pub(super) fn of_fragment(&self, fragment: &Workload) -> Option<String> {
        let source = fragment.source();
        let own = || Some(fragment.meta.namespace.clone()).filter(|own| !own.is_empty());
        self.overlaid(source)
            .or_else(own)
            .or_else(|| self.of(source))
    }

    /// The namespace that a kustomization puts every object of this file into.
    pub(crate) fn overlaid(&self, source: &Source) -> Option<String> {
        self.overlays.only(&source.file).map(str::to_owned)
    }

    /// Replaces an empty namespace; false, with a diagnostic, if the input does not tell which.
    pub(crate) fn settle(
        &self,
        kind: &str,
        name: &str,
        namespace: &mut Option<String>,
        sources: &[Source],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        let Some(source) = sources.first() else {
            return true;
        };
        let Some(written) = namespace.as_mut() else {
            return true;
        };
        // The namespace of a kustomization wins over the one in its resources.
        match self.overlays.of(&source.file) {
            Overlaid::Into(overlaid) => {
                overlaid.clone_into(written);
                return true;
            }
            Overlaid::Ambiguous => {}
            Overlaid::Nowhere if written.is_empty() => {}
            Overlaid::Nowhere => return true,
        }
        match self.of(source) {
            Some(home) => {
                *namespace = Some(home);
                true
            }
            None => {
                let object = ObjectRef {
                    kind: kind.to_owned(),
                    namespace: None,
                    name: name.to_owned(),
                };
                diagnostics.push(diags::unattributed(&object, source));
                false
            }
        }
    }
}
