//! Pods of which only the names are decoded: most pods of a cluster differ in nothing else.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::diag::Source;
use crate::input::Document;

/// A pod of which only the names were looked at.
pub struct Glance<'d> {
    /// Namespace as written; empty if absent.
    pub namespace: Cow<'d, str>,
    /// The name people know it by.
    pub name: Cow<'d, str>,
    /// Whether it has run to completion.
    pub terminated: bool,
    /// Where it stands.
    pub source: &'d Source,
    /// Texts of the object that decide about everything else in it that the model knows, but for its labels and what
    /// only a cluster sets.
    pub rest: Vec<Cow<'d, str>>,
}

/// Looks at a pod in JSON without decoding it. `None` if it is anything else, or anything about it is unusual: then it
/// has to be decoded.
pub fn glance<'d>(document: &'d Document<'d>) -> Option<Glance<'d>> {
    if document.kind != "Pod" || document.api_version != "v1" {
        return None;
    }
    let wire: Wire<'d> = document.decode_tentatively()?;
    let metadata = wire.metadata;
    let mut rest = vec![Cow::Borrowed(wire.spec.get())];
    rest.extend(
        metadata
            .owner_references
            .map(|raw| Cow::Borrowed(raw.get())),
    );
    rest.extend(metadata.annotations.kept);
    let name = match (metadata.name.is_empty(), metadata.generate_name.is_empty()) {
        (true, false) => Cow::Owned(format!("{}*", metadata.generate_name)),
        (false, _) | (true, true) => metadata.name,
    };
    Some(Glance {
        namespace: metadata.namespace,
        name,
        terminated: matches!(&*wire.status.phase, "Succeeded" | "Failed"),
        source: &document.source,
        rest,
    })
}

#[derive(Deserialize)]
struct Wire<'d> {
    #[serde(borrow)]
    metadata: Meta<'d>,
    #[serde(borrow)]
    spec: &'d RawValue,
    #[serde(borrow, default)]
    status: Status<'d>,
}

/// Every field that [`super::object::ObjectMeta`] has, so that nothing passes here which is refused there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'d> {
    #[serde(borrow, default)]
    name: Cow<'d, str>,
    #[serde(borrow, default)]
    generate_name: Cow<'d, str>,
    #[serde(borrow, default)]
    namespace: Cow<'d, str>,
    #[serde(borrow, default, rename = "labels")]
    _labels: Strings<'d, Nothing>,
    #[serde(borrow, default)]
    annotations: Strings<'d, Kubernetes>,
    #[serde(borrow, default, rename = "uid")]
    _uid: Cow<'d, str>,
    #[serde(borrow, default, rename = "resourceVersion")]
    _resource_version: Cow<'d, str>,
    #[serde(borrow, default)]
    owner_references: Option<&'d RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status<'d> {
    #[serde(borrow)]
    phase: Cow<'d, str>,
}

/// A map of strings of which some are kept, keys and values in turn.
struct Strings<'d, W> {
    kept: Vec<Cow<'d, str>>,
    wanted: PhantomData<W>,
}

/// Which keys are kept.
trait Wanted {
    fn is_wanted(key: &str) -> bool;
}

/// No key.
struct Nothing;

/// Keys of Kubernetes' own: every annotation that a check or a policy looks at is one.
struct Kubernetes;

impl Wanted for Nothing {
    fn is_wanted(_: &str) -> bool {
        false
    }
}

impl Wanted for Kubernetes {
    fn is_wanted(key: &str) -> bool {
        key.contains("kubernetes.io/")
    }
}

impl<W> Default for Strings<'_, W> {
    fn default() -> Self {
        Strings {
            kept: Vec::new(),
            wanted: PhantomData,
        }
    }
}

impl<'de: 'd, 'd, W: Wanted> Deserialize<'de> for Strings<'d, W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StringsVisitor(PhantomData))
    }
}

struct StringsVisitor<'d, W>(PhantomData<(&'d (), W)>);

#[derive(Deserialize)]
struct Text<'d>(#[serde(borrow)] Cow<'d, str>);

impl<'de: 'd, 'd, W: Wanted> Visitor<'de> for StringsVisitor<'d, W> {
    type Value = Strings<'d, W>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut strings = Strings::default();
        while let Some((Text(key), Text(value))) = map.next_entry::<Text<'de>, Text<'de>>()? {
            if W::is_wanted(&key) {
                strings.kept.extend([key, value]);
            }
        }
        Ok(strings)
    }
}
