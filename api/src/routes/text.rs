//! Texts that people write, as several routes check them, and times as all of them show them.

use std::time::SystemTime;

use jiff::Timestamp;

use crate::http::Problem;

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

/// RFC 3339, UTC.
pub(super) fn time(time: SystemTime) -> String {
    Timestamp::try_from(time).unwrap_or_default().to_string()
}
