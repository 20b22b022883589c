//! A section of the configuration that consists of two structs with their keys on one level, such as the connection of a database and
//! what a sink adds to it.
//!
//! Such a section reads its keys by hand: serde's `flatten` does not work with `deny_unknown_fields`, and its errors do not name the
//! wrong key.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};

pub trait FlatSection: Default {
    /// All keys of the section, for the message about an unknown one.
    const KEYS: &'static [&'static str];

    /// Reads the value of `key` from `map`; if the section has no such key, reads nothing and returns false.
    fn read<'de, M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<bool, M::Error>;
}

/// Reads a section; keys that are missing keep their defaults.
pub fn deserialize<'de, S: FlatSection, D: Deserializer<'de>>(deserializer: D) -> Result<S, D::Error> {
    deserializer.deserialize_map(SectionVisitor(PhantomData))
}

struct SectionVisitor<S>(PhantomData<S>);

impl<'de, S: FlatSection> Visitor<'de> for SectionVisitor<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<S, M::Error> {
        let mut section = S::default();
        while let Some(key) = map.next_key::<String>()? {
            if !section.read(&key, &mut map)? {
                return Err(M::Error::unknown_field(&key, S::KEYS));
            }
        }
        Ok(section)
    }
}
