//! Capture times on the calendar.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The date and time in UTC of a time in microseconds since the Unix epoch. A time outside of the years -9999 to 9999 gives the
/// nearest time inside.
pub fn utc(unix_micros: i64) -> DateTime {
    let nearest = if unix_micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    TimeZone::UTC.to_datetime(Timestamp::from_microsecond(unix_micros).unwrap_or(nearest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_far_beyond_the_calendar_give_its_ends() {
        assert_eq!(utc(i64::MAX).year(), 9999);
        assert_eq!(utc(i64::MIN).year(), -9999);
        assert_eq!(utc(-1).to_string(), "1969-12-31T23:59:59.999999");
    }
}
