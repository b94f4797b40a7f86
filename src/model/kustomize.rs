//! Which files a kustomization puts into a namespace.
//!
//! Only `namespace`, what is built and the files of patches are read: enough to attribute objects that name no
//! namespace. What a kustomization makes or changes beyond that is named, so that it counts as missing.
//! Upstream: `sigs.k8s.io/kustomize/api/types` (v5), the namespace transformer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::nullable;
use crate::diag::Source;

/// A kustomization file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kustomization {
    /// Where it stands.
    pub source: Source,
    /// Folder of the file, without a trailing `/`; empty for the current folder.
    pub folder: String,
    /// `namespace`; empty means none.
    pub namespace: String,
    /// `resources`, `bases` and the files of patches, as paths relative to the same root as `folder`.
    pub resources: Vec<String>,
    /// What it builds and the input does not show, as phrases: charts, generators, resources elsewhere.
    pub elsewhere: Vec<String>,
    /// Whether it changes what it builds by patches that stand in it, or by transformers.
    pub patches: bool,
}

/// The fields of a kustomization that we read.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Fields {
    #[serde(deserialize_with = "nullable::or_default")]
    namespace: String,
    #[serde(deserialize_with = "nullable::list")]
    resources: Vec<String>,
    #[serde(deserialize_with = "nullable::list")]
    bases: Vec<String>,
    #[serde(deserialize_with = "nullable::list")]
    components: Vec<String>,
    #[serde(deserialize_with = "nullable::list")]
    patches: Vec<PatchEntry>,
    /// Paths, or patches themselves, which are no file's name.
    #[serde(deserialize_with = "nullable::list")]
    patches_strategic_merge: Vec<String>,
    #[serde(rename = "patchesJson6902", deserialize_with = "nullable::list")]
    patches_json: Vec<IgnoredAny>,
    #[serde(deserialize_with = "nullable::list")]
    transformers: Vec<IgnoredAny>,
    #[serde(deserialize_with = "nullable::list")]
    generators: Vec<IgnoredAny>,
    #[serde(deserialize_with = "nullable::list")]
    helm_charts: Vec<IgnoredAny>,
    #[serde(deserialize_with = "nullable::list")]
    helm_chart_inflation_generator: Vec<IgnoredAny>,
}

/// An entry of `patches`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PatchEntry {
    #[serde(deserialize_with = "nullable::or_default")]
    path: String,
    #[serde(deserialize_with = "nullable::or_default")]
    patch: String,
}

impl Kustomization {
    /// A kustomization read at a place.
    pub fn at(source: &Source, fields: Fields) -> Self {
        let folder = parent(&source.file).to_owned();
        let built = || {
            let files = fields.resources.iter().chain(&fields.bases);
            files.chain(&fields.components)
        };
        let strategic = &fields.patches_strategic_merge;
        let resources = built()
            .chain(strategic)
            .chain(fields.patches.iter().map(|patch| &patch.path))
            .filter(|path| !path.is_empty())
            .map(|entry| join(&folder, entry))
            .collect();
        let charts = fields.helm_charts.len() + fields.helm_chart_inflation_generator.len();
        let elsewhere = built()
            .filter(|entry| is_remote(entry))
            .cloned()
            .chain((charts > 0).then(|| "Helm charts".to_owned()))
            .chain((!fields.generators.is_empty()).then(|| "generators".to_owned()))
            .collect();
        Kustomization {
            resources,
            elsewhere,
            patches: !fields.patches_json.is_empty()
                || !fields.transformers.is_empty()
                || fields.patches.iter().any(|patch| !patch.patch.is_empty())
                || strategic.iter().any(|patch| patch.contains('\n')),
            source: source.clone(),
            folder,
            namespace: fields.namespace,
        }
    }
}

/// Whether an entry is fetched rather than read from disk.
/// Upstream: `sigs.k8s.io/kustomize/api/internal/git` (v5, `NewRepoSpecFromURL`), the forms in use.
fn is_remote(entry: &str) -> bool {
    ["://", "?ref=", "git@"]
        .iter()
        .any(|mark| entry.contains(mark))
        || ["github.com/", "gitlab.com/", "bitbucket.org/"]
            .iter()
            .any(|host| entry.starts_with(host))
}

/// For each file or folder that some kustomization builds: the namespaces it is put into.
#[derive(Debug, Default)]
pub struct Overlays {
    namespaces: BTreeMap<String, BTreeSet<String>>,
}

/// Where the kustomizations of the input put a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlaid<'a> {
    /// No kustomization with a namespace builds it.
    Nowhere,
    /// Every kustomization that builds it puts it here.
    Into(&'a str),
    /// It is a base for several, so nothing can be said.
    Ambiguous,
}

impl Overlays {
    /// Follows `resources` from every kustomization that sets a namespace. A nested kustomization's own namespace
    /// is overruled by the outer one, as kustomize does.
    pub fn new(kustomizations: &[Kustomization]) -> Self {
        let by_folder: BTreeMap<&str, &Kustomization> = kustomizations
            .iter()
            .map(|kustomization| (kustomization.folder.as_str(), kustomization))
            .collect();
        let naming = || kustomizations.iter().filter(|k| !k.namespace.is_empty());
        let built: Vec<_> = naming().map(|outer| built_by(outer, &by_folder)).collect();
        let overruled: BTreeSet<&str> = built
            .iter()
            .flat_map(|built| built.folders.clone())
            .collect();
        let mut overlays = Overlays::default();
        for (outer, built) in naming().zip(&built) {
            if overruled.contains(outer.folder.as_str()) {
                continue;
            }
            for entry in &built.entries {
                let namespaces = overlays.namespaces.entry((*entry).to_owned());
                namespaces.or_default().insert(outer.namespace.clone());
            }
        }
        overlays
    }

    /// Where objects of this file are put.
    pub fn of(&self, file: &str) -> Overlaid<'_> {
        let Some(namespaces) = self.namespaces.get(file) else {
            return Overlaid::Nowhere;
        };
        match namespaces.first() {
            Some(only) if namespaces.len() == 1 => Overlaid::Into(only),
            _ => Overlaid::Ambiguous,
        }
    }
}

/// What a kustomization builds.
struct Built<'a> {
    /// Files and folders.
    entries: BTreeSet<&'a str>,
    /// Folders of other kustomizations among them.
    folders: BTreeSet<&'a str>,
}

fn built_by<'a>(
    outer: &'a Kustomization,
    by_folder: &BTreeMap<&str, &'a Kustomization>,
) -> Built<'a> {
    let mut built = Built {
        entries: BTreeSet::new(),
        folders: BTreeSet::new(),
    };
    let mut open = vec![outer];
    while let Some(kustomization) = open.pop() {
        for entry in &kustomization.resources {
            built.entries.insert(entry);
            if let Some(nested) = by_folder.get(entry.as_str())
                && nested.folder != outer.folder
                && built.folders.insert(&nested.folder)
            {
                open.push(nested);
            }
        }
    }
    built
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
            source: Source {
                file: folder.into(),
                document: 1,
                line: 1,
                column: 1,
            },
            folder: folder.to_owned(),
            namespace: namespace.to_owned(),
            resources: resources.iter().map(|entry| join(folder, entry)).collect(),
            elsewhere: Vec::new(),
            patches: false,
        }
    }

    #[test]
    fn an_overlay_puts_its_base_into_its_namespace() {
        let overlays = Overlays::new(&[
            kustomization("apps/base", "", &["deployment.yaml"]),
            kustomization("apps/prod", "shop", &["../base", "./extra.yaml"]),
        ]);
        let of = |file| overlays.of(file);
        assert_eq!(of("apps/base/deployment.yaml"), Overlaid::Into("shop"));
        assert_eq!(of("apps/prod/extra.yaml"), Overlaid::Into("shop"));
        assert_eq!(of("apps/prod/other.yaml"), Overlaid::Nowhere);
    }

    #[test]
    fn a_base_of_two_overlays_belongs_to_neither() {
        let overlays = Overlays::new(&[
            kustomization("base", "", &["a.yaml"]),
            kustomization("one", "one", &["../base"]),
            kustomization("two", "two", &["../base"]),
        ]);
        assert_eq!(overlays.of("base/a.yaml"), Overlaid::Ambiguous);
    }

    #[test]
    fn the_namespace_of_an_overlay_overrules_that_of_its_base() {
        let overlays = Overlays::new(&[
            kustomization("base", "prod", &["a.yaml"]),
            kustomization("staging", "staging", &["../base"]),
        ]);
        assert_eq!(overlays.of("base/a.yaml"), Overlaid::Into("staging"));
    }

    #[test]
    fn kustomizations_that_include_each_other_end() {
        let overlays = Overlays::new(&[
            kustomization("a", "x", &["../b"]),
            kustomization("b", "", &["../a", "c.yaml"]),
        ]);
        assert_eq!(overlays.of("b/c.yaml"), Overlaid::Into("x"));
    }
}
