//! The parameters of a query, read with the name of the one that is wrong.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::SystemTime;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use url::form_urlencoded;

use super::Problem;
use super::values::Values;

/// How many values a list has at most.
const MOST_VALUES: usize = 1_000;

/// Names and their values.
pub(crate) struct Pairs(BTreeMap<String, Values>);

/// What is read from a query.
pub(crate) trait Query: Sized {
    fn read(pairs: Pairs) -> Result<Self, Problem>;
}

impl<T: DeserializeOwned> Query for T {
    fn read(pairs: Pairs) -> Result<Self, Problem> {
        pairs.parse()
    }
}

impl Pairs {
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs: BTreeMap<String, Values> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned() {
            // PostgreSQL refuses texts with it.
            if value.contains('\0') {
                return Err(Problem::parameter(&name, "has a zero byte"));
            }
            match pairs.entry(name) {
                Entry::Vacant(vacant) => drop(vacant.insert(Values::new(value))),
                Entry::Occupied(full) if full.get().len() == MOST_VALUES => {
                    return Err(Problem::parameter(full.key(), format!("has more than {MOST_VALUES} values")));
                }
                Entry::Occupied(mut known) => known.get_mut().add(value),
            }
        }
        Ok(Self(pairs))
    }

    /// Those with the names, and the others.
    pub(crate) fn split(self, names: &[&str]) -> (Self, Self) {
        let (named, others) = self.0.into_iter().partition(|(name, _)| names.contains(&name.as_str()));
        (Self(named), Self(others))
    }

    pub(crate) fn parse<T: DeserializeOwned>(self) -> Result<T, Problem> {
        let reader = MapDeserializer::<_, serde::de::value::Error>::new(self.0.into_iter());
        serde_path_to_error::deserialize(reader).map_err(|error| {
            let (path, problem) = (error.path().to_string(), error.into_inner().to_string());
            // Of a list, the path also has the number of the value.
            let name = path.split('[').next().filter(|name| *name != ".").unwrap_or_default();
            Problem::parameter(name, problem)
        })
    }
}

/// Parameters that are neither a page nor narrow a list.
#[derive(Debug)]
pub(crate) struct Parameters<T>(pub(crate) T);

impl<T: Query> Parameters<T> {
    pub(crate) fn read(query: &str) -> Result<Self, Problem> {
        T::read(Pairs::read(Some(query))?).map(Self)
    }
}

impl<T: Query, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

/// A time in a query: RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) SystemTime);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `+` means a space there, and nobody means a space here.
        let text = String::deserialize(deserializer)?.replace(' ', "+");
        let time: Timestamp =
            text.parse().map_err(|_| D::Error::custom("is not a time such as 2027-01-31T00:00:00Z"))?;
        // PostgreSQL knows no earlier and no later ones by far.
        if time < Timestamp::UNIX_EPOCH {
            return Err(D::Error::custom("is before 1970"));
        }
        SystemTime::try_from(time).map(Self).map_err(|_| D::Error::custom("is not a time that this service can keep"))
    }
}

/// An id that the service made, or that a configuration has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if !(1..=128).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(D::Error::custom("is not an id: 1 to 128 letters, digits, dots, underscores and hyphens"));
        }
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        number: Option<u16>,
        time: Option<Time>,
        #[serde(default)]
        words: Vec<Word>,
        flag: Option<bool>,
        #[serde(default)]
        ids: Vec<Id>,
    }

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        One,
        Two,
    }

    fn read(query: &str) -> Result<Wanted, String> {
        let wanted = Pairs::read(Some(query)).and_then(Pairs::parse);
        wanted.map_err(|problem| problem.wrong_field().unwrap_or_default().to_owned())
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (query, name) in [
            ("number=x", "number"),
            ("number=70000", "number"),
            ("number=1&number=2", "number"),
            ("number=%00", "number"),
            ("time=yesterday", "time"),
            ("time=-000001-01-01T00:00:00Z", "time"),
            ("time=1969-12-31T23:59:59Z", "time"),
            ("words=one&words=three", "words"),
            ("words=one,two", "words"),
            ("flag=true&flag=true", "flag"),
            ("time=2027-01-31T00:00:00Z&time=2027-01-31T00:00:00Z", "time"),
            ("words=", "words"),
            ("flag=yes", "flag"),
            ("ids=a&ids=", "ids"),
            ("ids=a'b", "ids"),
            ("colour=red", "colour"),
        ] {
            assert_eq!(read(query).unwrap_err(), name, "{query}");
        }
    }

    #[test]
    fn right_parameters_are_read() {
        let query = "number=7&time=2027-01-31T00:00:00+01:00&words=one&flag=true&words=two&ids=cam-1&ids=b.c";
        let Wanted { number, time, words, flag, ids } = read(query).unwrap();
        let hour = std::time::Duration::from_hours(1);
        let day = Timestamp::from_second(1_801_353_600).unwrap();
        assert_eq!(time.map(|time| time.0 + hour), SystemTime::try_from(day).ok());
        assert_eq!((number, flag, words), (Some(7), Some(true), vec![Word::One, Word::Two]));
        assert_eq!(ids.iter().map(|id| id.0.as_str()).collect::<Vec<_>>(), ["cam-1", "b.c"]);
        let many = |count: usize| "ids=a&".repeat(count);
        assert!(read(&many(1_000)).is_ok());
        assert_eq!(read(&many(1_001)).unwrap_err(), "ids");
        assert!(read("").is_ok());
    }
}
