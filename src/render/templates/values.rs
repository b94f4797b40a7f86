//! Views as the engine looks at them: a tree whose names of fields are those of the structs and not copies of them.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};

use super::Escape;

/// A view, or a part of one.
pub(super) enum Node {
    /// An absent value.
    Nothing,
    Bool(bool),
    Number(u64),
    Text(Box<str>),
    List(Vec<Node>),
    Fields(Vec<(Cow<'static, str>, Node)>),
}

/// The tree of a view.
pub(super) fn node(view: &(impl Serialize + ?Sized)) -> Node {
    view.serialize(Nodes)
        .expect("views are made of structs, lists, texts, natural numbers and truth values")
}

impl Node {
    /// A field, which every view has that a template asks for it.
    pub(super) fn field(&self, name: &str) -> &Node {
        let fields = match self {
            Node::Fields(fields) => fields.as_slice(),
            _ => &[],
        };
        let found = fields.iter().find(|(field, _)| field == name);
        &found
            .expect("the views have every field that a template names, whatever their values are")
            .1
    }

    /// What `if` and `with` ask.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Node::Nothing => false,
            Node::Bool(is_true) => *is_true,
            Node::Number(number) => *number != 0,
            Node::Text(text) => !text.is_empty(),
            Node::List(items) => !items.is_empty(),
            Node::Fields(fields) => !fields.is_empty(),
        }
    }

    /// What `each` goes through.
    pub(super) fn items(&self) -> &[Node] {
        match self {
            Node::List(items) => items,
            Node::Nothing | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Fields(_) => {
                &[]
            }
        }
    }

    /// Appends a text or a number.
    pub(super) fn write(&self, out: &mut String, escape: Escape) {
        match self {
            Node::Text(text) => escape(text, out),
            Node::Number(number) => out.push_str(&number.to_string()),
            Node::Nothing | Node::Bool(_) | Node::List(_) | Node::Fields(_) => {}
        }
    }
}

/// Makes [`Node`]s. Of what `serde` knows it takes what views are made of.
struct Nodes;

type Refused = Impossible<Node, fmt::Error>;
type Made = Result<Node, fmt::Error>;

/// Methods for the kinds of values that no view has.
macro_rules! refuse {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method(self, $(_: $argument),*) -> Made {
            Err(fmt::Error)
        }
    )*};
}

impl Serializer for Nodes {
    type Ok = Node;
    type Error = fmt::Error;
    type SerializeSeq = Items;
    type SerializeTuple = Refused;
    type SerializeTupleStruct = Refused;
    type SerializeTupleVariant = Refused;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Refused;

    fn serialize_bool(self, value: bool) -> Made {
        Ok(Node::Bool(value))
    }

    fn serialize_u8(self, value: u8) -> Made {
        Ok(Node::Number(value.into()))
    }

    fn serialize_u16(self, value: u16) -> Made {
        Ok(Node::Number(value.into()))
    }

    fn serialize_u32(self, value: u32) -> Made {
        Ok(Node::Number(value.into()))
    }

    fn serialize_u64(self, value: u64) -> Made {
        Ok(Node::Number(value))
    }

    fn serialize_str(self, value: &str) -> Made {
        Ok(Node::Text(value.into()))
    }

    fn serialize_none(self) -> Made {
        Ok(Node::Nothing)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Made {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Made {
        Ok(Node::Nothing)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Made {
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items, fmt::Error> {
        Ok(Items(Vec::with_capacity(length.unwrap_or_default())))
    }

    /// A struct into which another one is flattened comes as a map.
    fn serialize_map(self, length: Option<usize>) -> Result<Fields, fmt::Error> {
        Ok(Fields(Vec::with_capacity(length.unwrap_or(32)), None))
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Fields, fmt::Error> {
        Ok(Fields(Vec::with_capacity(length), None))
    }

    refuse! {
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_f32(f32)
        serialize_f64(f64)
        serialize_char(char)
        serialize_bytes(&[u8])
        serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Made {
        Err(fmt::Error)
    }

    fn serialize_tuple(self, _: usize) -> Result<Refused, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Refused, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Refused, fmt::Error> {
        Err(fmt::Error)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Refused, fmt::Error> {
        Err(fmt::Error)
    }
}

/// The items of a list.
struct Items(Vec<Node>);

impl SerializeSeq for Items {
    type Ok = Node;
    type Error = fmt::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), fmt::Error> {
        self.0.push(item.serialize(Nodes)?);
        Ok(())
    }

    fn end(self) -> Made {
        Ok(Node::List(self.0))
    }
}

/// The fields of a struct, and the name of the one to come.
struct Fields(Vec<(Cow<'static, str>, Node)>, Option<Box<str>>);

impl SerializeStruct for Fields {
    type Ok = Node;
    type Error = fmt::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), fmt::Error> {
        self.0.push((Cow::Borrowed(name), value.serialize(Nodes)?));
        Ok(())
    }

    fn end(self) -> Made {
        Ok(Node::Fields(self.0))
    }
}

impl SerializeMap for Fields {
    type Ok = Node;
    type Error = fmt::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, name: &T) -> Result<(), fmt::Error> {
        let Node::Text(name) = name.serialize(Nodes)? else {
            return Err(fmt::Error);
        };
        self.1 = Some(name);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), fmt::Error> {
        let name = self.1.take().ok_or(fmt::Error)?;
        self.0
            .push((Cow::Owned(name.into()), value.serialize(Nodes)?));
        Ok(())
    }

    fn end(self) -> Made {
        Ok(Node::Fields(self.0))
    }
}
