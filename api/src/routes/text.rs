//! Texts that people write, as several routes check them, and times as all of them show them.

use std::time::SystemTime;

use jiff::Timestamp;

use crate::http::{Problem, Time};

const LONGEST_NAME: usize = 200;

/// A name for people to read.
pub(super) fn check_display_name(field: &str, name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) || name.trim().is_empty() {
        return Err(Problem::field(field, format!("has {length} characters, not 1 to {LONGEST_NAME}")));
    }
    if name.chars().any(char::is_control) {
        return Err(Problem::field(field, "has a control character"));
    }
    Ok(())
}

/// What people write about something: lines of text.
pub(super) fn check_lines(field: &str, text: &str, longest: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    if length > longest {
        return Err(Problem::field(field, format!("has {length} characters, more than {longest}")));
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\n' && letter != '\t') {
        return Err(Problem::field(field, "has a control character"));
    }
    Ok(())
}

/// RFC 3339, UTC.
pub(super) fn time(time: SystemTime) -> String {
    Timestamp::try_from(time).unwrap_or_default().to_string()
}

/// Microseconds since 1970, as PostgreSQL keeps them.
pub(super) fn micros(time: SystemTime) -> i64 {
    Timestamp::try_from(time).unwrap_or_default().as_microsecond()
}

/// `None` for a text that [`micros`] does not make of what is stored: PostgreSQL refuses times that are too early.
pub(super) fn from_micros(text: &str) -> Option<SystemTime> {
    let micros = text.parse().ok().filter(|&micros: &i64| micros >= 0)?;
    SystemTime::try_from(Timestamp::from_microsecond(micros).ok()?).ok()
}

/// The times of a search, from the first on and before the second.
pub(super) fn check_times(from: Option<Time>, to: Option<Time>) -> Result<(), Problem> {
    if from.zip(to).is_some_and(|(from, to)| from.0 >= to.0) {
        return Err(Problem::parameter("to", "is not after `from`"));
    }
    Ok(())
}
