//! Which files a kustomization puts into a namespace.
//!
//! Only `namespace`, what is built and what patches it are read: enough to attribute objects that name no namespace.
//! What a kustomization makes or changes beyond that is named, so that it counts as missing, see [`super::patch`]. It is
//! long because all that is read of a kustomization stands here. Upstream: `sigs.k8s.io/kustomize/api/types` (v5).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::gap;
use super::nullable;
use super::patch::{self, Change, Target};
use crate::diag::Source;
use crate::input::{self, InputFile};

/// A kustomization file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kustomization {
    /// Where it stands.
    pub source: Source,
    /// Folder of the file, without a trailing `/`; empty for the current folder.
    pub folder: String,
    /// `namespace`; empty means none.
    pub namespace: String,
    /// `resources`, `bases` and `components`, as paths relative to the same root as `folder`.
    pub resources: Vec<String>,
    /// What it builds and the input does not show, as phrases: charts, generators, resources elsewhere.
    pub elsewhere: Vec<String>,
    /// `components`, likewise: they change what this kustomization builds.
    pub components: Vec<String>,
    /// What it changes of what it builds, as far as that stands in it.
    pub changes: Vec<Change>,
    /// The files of what else changes it.
    pub files: Vec<Reference>,
}

/// A file that a kustomization names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The file, relative to the same root as [`Kustomization::folder`].
    pub path: String,
    /// What it is for.
    pub role: Role,
}

/// What a kustomization takes a file for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A patch; of these objects, if it says so.
    Patch(Option<Target>),
    /// Settings of a transformer.
    Transformer,
}

impl Role {
    /// Whether it can change pods.
    pub(super) fn changes_pods(&self) -> bool {
        match self {
            Role::Patch(Some(target)) => !gap::makes_no_pods(&target.kind),
            Role::Patch(None) | Role::Transformer => true,
        }
    }
}

/// An object that sets up a transformer of kustomize's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transformer {
    /// Where it stands.
    pub source: Source,
    /// What it changes.
    pub changes: Vec<Change>,
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
    patches_json: Vec<PatchEntry>,
    /// Paths, or objects as text.
    #[serde(deserialize_with = "nullable::list")]
    transformers: Vec<String>,
    #[serde(deserialize_with = "nullable::list")]
    replacements: Vec<Replacement>,
    common_annotations: Value,
    #[serde(deserialize_with = "nullable::list")]
    generators: Vec<IgnoredAny>,
    #[serde(deserialize_with = "nullable::list")]
    helm_charts: Vec<IgnoredAny>,
    #[serde(deserialize_with = "nullable::list")]
    helm_chart_inflation_generator: Vec<IgnoredAny>,
}

/// An entry of `patches` or `patchesJson6902`, or the settings of a transformer that patches.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PatchEntry {
    #[serde(deserialize_with = "nullable::or_default")]
    path: String,
    #[serde(deserialize_with = "nullable::or_default")]
    patch: String,
    target: Option<Target>,
}

impl PatchEntry {
    fn target(&self) -> Target {
        self.target.clone().unwrap_or_default()
    }
}

/// An entry of `replacements`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Replacement {
    #[serde(deserialize_with = "nullable::or_default")]
    path: String,
    #[serde(deserialize_with = "nullable::list")]
    targets: Vec<Replaced>,
}

/// An entry of `replacements[*].targets`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Replaced {
    #[serde(deserialize_with = "nullable::or_default")]
    select: Target,
    #[serde(deserialize_with = "nullable::list")]
    field_paths: Vec<String>,
}

impl Kustomization {
    /// A kustomization read at a place.
    pub fn at(source: &Source, fields: Fields) -> Self {
        let folder = parent(&source.file).to_owned();
        let built = || {
            let files = fields.resources.iter().chain(&fields.bases);
            files.chain(&fields.components)
        };
        let named = built().filter(|path| !path.is_empty());
        let resources = named.map(|entry| join(&folder, entry)).collect();
        let charts = fields.helm_charts.len() + fields.helm_chart_inflation_generator.len();
        let elsewhere = built()
            .filter(|entry| is_remote(entry))
            .cloned()
            .chain((charts > 0).then(|| "Helm charts".to_owned()))
            .chain((!fields.generators.is_empty()).then(|| "generators".to_owned()))
            .collect();
        let components = fields.components.iter();
        Kustomization {
            resources,
            elsewhere,
            components: components.map(|entry| join(&folder, entry)).collect(),
            changes: fields.changes(&source.file),
            files: fields.files(&folder),
            source: source.clone(),
            folder,
            namespace: fields.namespace,
        }
    }

    /// The files of its patches.
    pub(super) fn patches(&self) -> impl Iterator<Item = &str> {
        let patches = self.files.iter();
        let patches = patches.filter(|file| matches!(file.role, Role::Patch(_)));
        patches.map(|file| file.path.as_str())
    }
}

impl Fields {
    /// What it changes, as far as that stands in it. `place` is what to call it.
    fn changes(&self, place: &str) -> Vec<Change> {
        let mut changes = Vec::new();
        let texts = self.patches_strategic_merge.iter();
        for text in texts.filter(|text| is_text(text)) {
            changes.append(&mut patch::inline(text, &Target::default(), place));
        }
        for entry in self.patches.iter().chain(&self.patches_json) {
            if !entry.patch.is_empty() {
                changes.append(&mut patch::inline(&entry.patch, &entry.target(), place));
            }
        }
        for text in self.transformers.iter().filter(|text| is_text(text)) {
            changes.append(&mut transformers(text, place));
        }
        for replacement in &self.replacements {
            if !replacement.path.is_empty() {
                let what = format!("what {} replaces", replacement.path);
                changes.push(Change::unknown(what, Target::default()));
            }
            for target in &replacement.targets {
                let fields = target.field_paths.iter();
                let fields =
                    fields.filter_map(|field| patch::replacement(field, &target.select, place));
                changes.extend(fields);
            }
        }
        if self.common_annotations.is_object() {
            changes.push(patch::annotated(&self.common_annotations, place));
        }
        changes
    }

    /// The files of what else changes it, each once.
    fn files(&self, folder: &str) -> Vec<Reference> {
        let entries = self.patches.iter().chain(&self.patches_json);
        let named = entries.filter(|entry| !entry.path.is_empty());
        let is_path = |entry: &&String| !is_text(entry) && !entry.is_empty();
        let strategic = self.patches_strategic_merge.iter().filter(is_path);
        let transformers = self.transformers.iter().filter(|entry| !is_text(entry));
        let files: BTreeSet<Reference> = named
            .map(|entry| Reference {
                path: join(folder, &entry.path),
                role: Role::Patch(entry.target.as_ref().map(Target::plain)),
            })
            .chain(strategic.map(|path| Reference {
                path: join(folder, path),
                role: Role::Patch(None),
            }))
            .chain(transformers.map(|path| Reference {
                path: join(folder, path),
                role: Role::Transformer,
            }))
            .collect();
        files.into_iter().collect()
    }
}

/// Whether an entry is itself what other entries name the file of.
fn is_text(entry: &str) -> bool {
    entry.contains('\n')
}

/// The transformers that stand in a text.
fn transformers(text: &str, place: &str) -> Vec<Change> {
    let file = InputFile::new(place, text.as_bytes().to_vec());
    let reading = input::documents(&file);
    let unknown = || Change::unknown(format!("what {place} transforms"), Target::default());
    let documents = reading.documents.iter().map(|document| {
        let value = document.value().unwrap_or_default();
        transformer(&value, place)
    });
    let mut changes: Vec<Change> = documents.flatten().collect();
    if !reading.unreadable.is_empty() || reading.documents.is_empty() {
        changes.push(unknown());
    }
    changes
}

/// Transformers of kustomize's own that change nothing a pod's admission reads.
const HARMLESS: &[&str] = &[
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "ReplicaCountTransformer",
    "SuffixTransformer",
];

/// What a transformer changes. `place` is what to call the kustomization or file that sets it up.
pub(super) fn transformer(settings: &Value, place: &str) -> Vec<Change> {
    let text = |key: &str| {
        settings
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if api_version == BUILTIN && HARMLESS.contains(&kind) {
        return Vec::new();
    }
    match PatchEntry::deserialize(settings) {
        Ok(entry)
            if api_version == BUILTIN && kind == "PatchTransformer" && !entry.patch.is_empty() =>
        {
            patch::inline(&entry.patch, &entry.target(), place)
        }
        Ok(_) | Err(_) => {
            let what = format!("what {kind} of {place} transforms");
            vec![Change::unknown(what, Target::default())]
        }
    }
}

/// `apiVersion` of kustomize's own transformers and generators.
pub(super) const BUILTIN: &str = "builtin";

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
    /// The folders of the kustomizations that do.
    builders: BTreeMap<String, BTreeSet<String>>,
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
                let builders = overlays.builders.entry((*entry).to_owned());
                builders.or_default().insert(outer.folder.clone());
            }
        }
        overlays
    }

    /// The folders of the outermost kustomizations that put this file into a namespace.
    pub(super) fn builders(&self, file: &str) -> impl Iterator<Item = &str> {
        let builders = self.builders.get(file).into_iter().flatten();
        builders.map(String::as_str)
    }

    /// The namespaces that the objects of this file or folder are put into; `None` if no kustomization says so.
    pub(super) fn all(&self, path: &str) -> Option<&BTreeSet<String>> {
        self.namespaces.get(path)
    }

    /// The one namespace that the objects of this file are put into.
    pub(super) fn only(&self, file: &str) -> Option<&str> {
        match self.of(file) {
            Overlaid::Into(namespace) => Some(namespace),
            Overlaid::Ambiguous | Overlaid::Nowhere => None,
        }
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
pub(super) struct Built<'a> {
    /// Files, those of patches included, and folders.
    pub(super) entries: BTreeSet<&'a str>,
    /// Folders of other kustomizations among them.
    folders: BTreeSet<&'a str>,
}

/// Follows `resources` from one kustomization.
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
        built.entries.extend(kustomization.patches());
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
            components: Vec::new(),
            changes: Vec::new(),
            files: Vec::new(),
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
