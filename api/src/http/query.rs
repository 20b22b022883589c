//! The parameters of a query, read with the name of the one that is wrong.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use url::form_urlencoded;

use super::Problem;

/// How many words or ids a list in a parameter has at most.
const MOST_WORDS: usize = 100;

/// Names and values, each name once.
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(super) fn read(query: Option<&str>) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned() {
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Problem::parameter(&name, "is given twice"));
            }
            // PostgreSQL refuses texts with it.
            if value.contains('\0') {
                return Err(Problem::parameter(&name, "has a zero byte"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Those with the names, and the others.
    pub(super) fn split(self, names: &[&str]) -> (Self, Self) {
        let (named, others) = self.0.into_iter().partition(|(name, _)| names.contains(&name.as_str()));
        (Self(named), Self(others))
    }

    pub(super) fn parse<T: DeserializeOwned>(self) -> Result<T, Problem> {
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.0).finish();
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(reader).map_err(|error| {
            let name = error.path().to_string();
            Problem::parameter(if name == "." { "" } else { &name }, error.into_inner().to_string())
        })
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

/// Several words in a query, with commas.
#[derive(Debug, Clone)]
pub(crate) struct Words<T>(pub(crate) Vec<T>);

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let words: Vec<&str> = text.split(',').collect();
        if words.len() > MOST_WORDS {
            return Err(D::Error::custom(format!("has {} words, more than {MOST_WORDS}", words.len())));
        }
        let read = |word: &str| T::deserialize(StrDeserializer::<D::Error>::new(word));
        words.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

/// Several ids in a query, with commas.
pub(crate) type Ids = Words<Id>;

/// An id that the service made, or that a configuration has.
#[derive(Debug, Clone)]
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
        words: Option<Words<Word>>,
        flag: Option<bool>,
        ids: Option<Ids>,
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
            ("words=one,three", "words"),
            ("words=", "words"),
            ("flag=yes", "flag"),
            ("ids=a,,b", "ids"),
            ("ids=a'b", "ids"),
            ("colour=red", "colour"),
        ] {
            assert_eq!(read(query).unwrap_err(), name, "{query}");
        }
    }

    #[test]
    fn right_parameters_are_read() {
        let query = "number=7&time=2027-01-31T00:00:00+01:00&words=one,two&flag=true&ids=cam-1,b.c";
        let Wanted { number, time, words, flag, ids } = read(query).unwrap();
        let hour = std::time::Duration::from_hours(1);
        let day = Timestamp::from_second(1_801_353_600).unwrap();
        assert_eq!(time.map(|time| time.0 + hour), SystemTime::try_from(day).ok());
        assert_eq!((number, flag, words.map(|words| words.0)), (Some(7), Some(true), Some(vec![Word::One, Word::Two])));
        assert_eq!(ids.map(|ids| ids.0.len()), Some(2));
        assert!(read("").is_ok());
    }
}
