//! A serde deserializer over the node tree, as strict about types as Go: a boolean is a boolean, nothing is coerced.
//!
//! Errors carry the field path and the node, so that messages can say where and what.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::tree::{NodeId, Tree, Value};

/// A node to decode.
#[derive(Clone, Copy)]
pub(super) struct NodeRef<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    pub(super) node: NodeId,
}

/// What does not fit, and where.
#[derive(Debug)]
pub(super) struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    message: String,
    node: Option<NodeId>,
    /// From the innermost step to the outermost.
    path: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Error {
    fn new(message: String, node: NodeId) -> Self {
        Error(Box::new(Details {
            message,
            node: Some(node),
            path: Vec::new(),
        }))
    }

    pub(super) fn message(&self) -> &str {
        &self.0.message
    }

    /// The node at fault; none if the visitor of the root complained.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.0.node
    }

    /// The field path, as `spec.containers[0].image`.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            match step {
                Step::Key(key) if key.is_empty() || key.contains(['.', '[', ']', '/']) => {
                    path.push_str(&format!("[{key:?}]"));
                }
                Step::Key(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    fn within(mut self, step: Step, node: NodeId) -> Self {
        self.0.path.push(step);
        self.0.node.get_or_insert(node);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Error(Box::new(Details {
            message: message.to_string(),
            node: None,
            path: Vec::new(),
        }))
    }
}

impl<'t> NodeRef<'t, '_> {
    fn value(&self) -> &'t Value<'_> {
        self.tree.value(self.node)
    }

    fn mismatch(&self, expected: &str) -> Error {
        Error::new(
            format!("expected {expected}, found {}", self.found()),
            self.node,
        )
    }

    /// The node in words.
    fn found(&self) -> String {
        match self.value() {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Int(value) => format!("the number {value}"),
            Value::Uint(value) => format!("the number {value}"),
            Value::Float(_) => format!("the number {}", self.tree.source(self.node)),
            Value::Text(text) => {
                let mut short: String = text.chars().take(60).collect();
                if short.len() < text.len() {
                    short.push('…');
                }
                format!("the string {short:?}")
            }
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "an object".to_owned(),
        }
    }

    fn integer(&self, min: i128, max: i128) -> Result<i128, Error> {
        let value = match self.value() {
            Value::Int(value) => i128::from(*value),
            Value::Uint(value) => i128::from(*value),
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => {
                return Err(self.mismatch("an integer"));
            }
        };
        if (min..=max).contains(&value) {
            Ok(value)
        } else {
            Err(self.mismatch(&format!("an integer from {min} to {max}")))
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.integer(<$type>::MIN.into(), <$type>::MAX.into())?;
            visitor.$visit(value as $type)
        })*
    };
}

impl<'de> Deserializer<'de> for NodeRef<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visitor.visit_i64(*value),
            Value::Uint(value) => visitor.visit_u64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Bool(value) = self.value() else {
            return Err(self.mismatch("a boolean"));
        };
        visitor.visit_bool(*value)
    }

    integers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value() {
            Value::Int(value) => visitor.visit_f64(*value as f64),
            Value::Uint(value) => visitor.visit_f64(*value as f64),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                Err(self.mismatch("a number"))
            }
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Text(text) = self.value() else {
            return Err(self.mismatch("a string"));
        };
        visitor.visit_str(text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Null = self.value() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::List(_) = self.value() else {
            return Err(self.mismatch("a list"));
        };
        visitor.visit_seq(Items {
            list: self,
            next: 0,
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Map(_) = self.value() else {
            return Err(self.mismatch("an object"));
        };
        visitor.visit_map(Entries {
            tree: self.tree,
            rest: self.tree.entries(self.node),
            value: None,
        })
    }

    /// Never from a list: Go knows no positional structs.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    /// Skips the node without looking into it.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Value::Text(text) = self.value() else {
            return Err(self.mismatch("a string"));
        };
        let name: StrDeserializer<'_, Error> = text.as_ref().into_deserializer();
        visitor.visit_enum(name)
    }

    forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

struct Items<'t, 'a> {
    list: NodeRef<'t, 'a>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let tree = self.list.tree;
        let Some(node) = tree.items(self.list.node).get(self.next).copied() else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        seed.deserialize(NodeRef { tree, node })
            .map(Some)
            .map_err(|error| error.within(Step::Index(index), node))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.list.tree.items(self.list.node).len() - self.next)
    }
}

struct Entries<'t, 'a, I> {
    tree: &'t Tree<'a>,
    rest: I,
    value: Option<(NodeId, NodeId)>,
}

impl<'de, I: Iterator<Item = (NodeId, NodeId)>> MapAccess<'de> for Entries<'_, '_, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.value = self.rest.next();
        match self.value {
            Some((node, _)) => seed
                .deserialize(NodeRef {
                    tree: self.tree,
                    node,
                })
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, node) = self.value.expect("serde asks for a value after its key");
        seed.deserialize(NodeRef {
            tree: self.tree,
            node,
        })
        .map_err(|error| {
            let name = self.tree.text(key).unwrap_or_default();
            error.within(Step::Key(name.to_owned()), node)
        })
    }
}
