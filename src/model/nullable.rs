//! Reading as the API server does: `null` is absent, a `null` list element is a zero element, a `null` map value is `""`.
//!
//! These are `deserialize_with` functions for the model's structs. Upstream: `sigs.k8s.io/json` as used by
//! kube-apiserver; measured in `fixtures/vectors/yaml`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `null` reads as the default value.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A list in which `null` elements are zero elements; a `null` list is empty.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(optional_list(deserializer)?.unwrap_or_default())
}

/// A list whose absence means something else than emptiness.
pub(crate) fn optional_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    let list: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
    Ok(list.map(|items| items.into_iter().map(Option::unwrap_or_default).collect()))
}

/// A map of strings in which `null` values are `""`; a `null` map is empty. One with a repeated key is refused, as fields
/// are, so that the document is looked through.
pub(crate) fn map<'de, D>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    let map: Option<Strings> = Option::deserialize(deserializer)?;
    Ok(map.map_or_else(BTreeMap::new, |Strings(map)| map))
}

struct Strings(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StringsVisitor)
    }
}

struct StringsVisitor;

impl<'de> Visitor<'de> for StringsVisitor {
    type Value = Strings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Strings, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = access.next_entry::<String, Option<String>>()? {
            if map.insert(key, value.unwrap_or_default()).is_some() {
                return Err(A::Error::custom("a repeated key"));
            }
        }
        Ok(Strings(map))
    }
}
