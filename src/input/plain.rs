//! JSON to values without a tree, where nothing has to be settled that only the tree can settle.
//!
//! Whole objects are kept of namespaces, roles and workloads. Most of what a cluster prints of them is what servers
//! wrote into them (`managedFields`, `status`) and is passed over here, so that it costs no memory.

use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The way to a field from the root of an object.
pub type Way = &'static [&'static str];

/// The value of a JSON text without the fields that are left out. `None` if it takes the tree to tell what it means:
/// keys are repeated, a number is not a whole one, or it is no JSON.
pub(super) fn plain(text: &str, left_out: &[Way]) -> Option<Value> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Plain(left_out.to_vec()).deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(value)
}

/// Takes fields out of a value that was made in another way.
pub(super) fn leave_out(value: &mut Value, left_out: &[Way]) {
    for way in left_out {
        let Some((last, outer)) = way.split_last() else {
            continue;
        };
        let mut object = Some(&mut *value);
        for key in outer {
            object = object.and_then(|value| value.get_mut(*key));
        }
        if let Some(fields) = object.and_then(Value::as_object_mut) {
            fields.remove(*last);
        }
    }
}

/// Makes a value of which the fields at the end of these ways are left out.
struct Plain(Vec<Way>);

impl Plain {
    /// What is left out of a field; `None` if that is all of it.
    fn of_field(&self, key: &str) -> Option<Plain> {
        let mut inner = Vec::new();
        for way in &self.0 {
            match way {
                [last] if *last == key => return None,
                [first, rest @ ..] if *first == key => inner.push(rest),
                _ => {}
            }
        }
        Some(Plain(inner))
    }
}

impl<'de> DeserializeSeed<'de> for Plain {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plain {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value without fractions")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Plain(Vec::new()))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let repeated = match self.of_field(&key) {
                Some(inner) => {
                    let value = entries.next_value_seed(inner)?;
                    fields.insert(key, value).is_some()
                }
                None => {
                    entries.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if repeated {
                return Err(A::Error::custom("a repeated key"));
            }
        }
        Ok(Value::Object(fields))
    }
}
