//! The values of one parameter of a query, for serde. A list has its name once for each of its values.

use std::vec;

use serde::de::value::{Error, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// What one name was given, at least once.
#[derive(Debug)]
pub(super) struct Values(Vec<String>);

impl Values {
    pub(super) fn new(first: String) -> Self {
        Self(vec![first])
    }

    pub(super) fn add(&mut self, value: String) {
        self.0.push(value);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn one(mut self) -> Result<String, Error> {
        if self.0.len() > 1 {
            return Err(Error::custom("is given twice"));
        }
        self.0.pop().ok_or_else(|| Error::custom("is missing"))
    }
}

impl IntoDeserializer<'_> for Values {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident $what:literal),* $(,)?) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.one()?.parse().map_err(|_| Error::custom(concat!("is not ", $what)))?;
            visitor.$visit(value)
        })*
    };
}

impl<'de> Deserializer<'de> for Values {
    type Error = Error;

    parsed! {
        deserialize_bool visit_bool "true or false",
        deserialize_u8 visit_u8 "a number from 0 to 255",
        deserialize_u16 visit_u16 "a number from 0 to 65535",
        deserialize_u32 visit_u32 "a whole number that is not negative, or is too large",
        deserialize_u64 visit_u64 "a whole number that is not negative, or is too large",
        deserialize_i32 visit_i32 "a whole number, or is too large",
        deserialize_i64 visit_i64 "a whole number, or is too large",
        deserialize_f32 visit_f32 "a number",
        deserialize_f64 visit_f64 "a number",
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.one()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let each: Vec<Self> = self.0.into_iter().map(Self::new).collect();
        SeqDeserializer::<vec::IntoIter<Self>, Error>::new(each.into_iter()).deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let word: serde::de::value::StringDeserializer<Error> = self.one()?.into_deserializer();
        word.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 u128 i128 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}
