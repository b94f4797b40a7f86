//! Which files a kustomization puts into a namespace.
//!
//! Only `namespace`, what is built and the files of patches are read: enough to attribute objects that name no
//! namespace.
//! Upstream: `sigs.k8s.io/kustomize/api/types` (v5), the namespace transformer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::nullable;
use crate::diag::Source;

/// A kustomization file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kustomization {
    /// Folder of the file, without a trailing `/`; empty for the current folder.
    pub folder: String,
    /// `namespace`; empty means none.
    pub namespace: String,
    /// `resources`, `bases` and the files of patches, as paths relative to the same root as `folder`.
    pub resources: Vec<String>,
}

/// The fields of a kustomization that we read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    #[serde(deserialize_with = "nullable::or_default")]
    namespace: String,
    #[serde(deserialize_with = "nullable::list")]
    resources: Vec<String>,
    #[serde(deserialize_with = "nullable::list")]
    bases: Vec<String>,
    #[serde(deserialize_with = "nullable::list")]
    patches: Vec<PatchEntry>,
    /// Paths, or patches themselves, which are no file's name.
    #[serde(rename = "patchesStrategicMerge", deserialize_with = "nullable::list")]
    patches_strategic_merge: Vec<String>,
}

/// An entry of `patches`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PatchEntry {
    #[serde(deserialize_with = "nullable::or_default")]
    path: String,
}

impl Kustomization {
    /// A kustomization read at a place.
    pub fn at(source: &Source, fields: Fields) -> Self {
        let folder = parent(&source.file).to_owned();
        let resources = fields
            .resources
            .iter()
            .chain(&fields.bases)
            .chain(&fields.patches_strategic_merge)
            .chain(fields.patches.iter().map(|patch| &patch.path))
            .filter(|path| !path.is_empty())
            .map(|entry| join(&folder, entry))
            .collect();
        Kustomization {
            folder,
            namespace: fields.namespace,
            resources,
        }
    }
}

/// For each file or folder that some kustomization builds: the namespaces it is put into.
///
/// More than one namespace means that the files are a base for several overlays, so that nothing can be said.
#[derive(Debug, Default)]
pub struct Overlays {
    namespaces: BTreeMap<String, BTreeSet<String>>,
}

impl Overlays {
    /// Follows `resources` from every kustomization that sets a namespace. A nested kustomization's own namespace
    /// is overruled by the outer one, as kustomize does.
    pub fn new(kustomizations: &[Kustomization]) -> Self {
        let by_folder: BTreeMap<&str, &Kustomization> = kustomizations
            .iter()
            .map(|kustomization| (kustomization.folder.as_str(), kustomization))
            .collect();
        let mut overlays = Overlays::default();
        for outer in kustomizations.iter().filter(|k| !k.namespace.is_empty()) {
            let mut open = vec![outer];
            let mut seen = BTreeSet::new();
            while let Some(kustomization) = open.pop() {
                if !seen.insert(&kustomization.folder) {
                    continue;
                }
                for resource in &kustomization.resources {
                    overlays
                        .namespaces
                        .entry(resource.clone())
                        .or_default()
                        .insert(outer.namespace.clone());
                    open.extend(by_folder.get(resource.as_str()));
                }
            }
        }
        overlays
    }

    /// The one namespace that objects of this file are put into, if exactly one.
    pub fn namespace_of(&self, file: &str) -> Option<&str> {
        let namespaces = self.namespaces.get(file)?;
        match namespaces.len() {
            1 => namespaces.first().map(String::as_str),
            _ => None,
        }
    }
}

fn parent(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins lexically, so that `a/overlay` and `../base` give `a/base`.
fn join(folder: &str, entry: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in entry.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "" | "..")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if folder.is_empty() {
        joined.trim_start_matches('/').to_owned()
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kustomization(folder: &str, namespace: &str, resources: &[&str]) -> Kustomization {
        Kustomization {
            folder: folder.to_owned(),
            namespace: namespace.to_owned(),
            resources: resources.iter().map(|entry| join(folder, entry)).collect(),
        }
    }

    #[test]
    fn an_overlay_puts_its_base_into_its_namespace() {
        let overlays = Overlays::new(&[
            kustomization("apps/base", "", &["deployment.yaml"]),
            kustomization("apps/prod", "shop", &["../base", "./extra.yaml"]),
        ]);
        assert_eq!(
            overlays.namespace_of("apps/base/deployment.yaml"),
            Some("shop")
        );
        assert_eq!(overlays.namespace_of("apps/prod/extra.yaml"), Some("shop"));
        assert_eq!(overlays.namespace_of("apps/prod/other.yaml"), None);
    }

    #[test]
    fn a_base_of_two_overlays_belongs_to_neither() {
        let overlays = Overlays::new(&[
            kustomization("base", "", &["a.yaml"]),
            kustomization("one", "one", &["../base"]),
            kustomization("two", "two", &["../base"]),
        ]);
        assert_eq!(overlays.namespace_of("base/a.yaml"), None);
    }

    #[test]
    fn kustomizations_that_include_each_other_end() {
        let overlays = Overlays::new(&[
            kustomization("a", "x", &["../b"]),
            kustomization("b", "", &["../a", "c.yaml"]),
        ]);
        assert_eq!(overlays.namespace_of("b/c.yaml"), Some("x"));
    }
}
