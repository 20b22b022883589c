//! The bins of a range of time.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_storage::counts::StoredBins;

use crate::http::Problem;

/// How long a bin is. Hours and days are those of the site's time zone: a day has 23 or 25 hours when the clocks change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) enum BinLength {
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "15m")]
    Quarter,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "1d")]
    Day,
}

impl BinLength {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::FiveMinutes => "5m",
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The stored bins that it is made of.
    pub(super) fn stored(self) -> StoredBins {
        match self {
            Self::Minute | Self::FiveMinutes => StoredBins::Minutes,
            Self::Quarter | Self::Hour | Self::Day => StoredBins::Quarters,
        }
    }

    /// The length of a stored bin.
    pub(super) fn stored_seconds(self) -> i64 {
        match self.stored() {
            StoredBins::Minutes => 60,
            StoredBins::Quarters => 900,
        }
    }

    /// Whether a bin begins at this time.
    fn is_edge(self, at: Timestamp, zone: &TimeZone) -> bool {
        let whole = |seconds: i64| at.subsec_nanosecond() == 0 && at.as_second() % seconds == 0;
        match self {
            Self::Minute => whole(60),
            Self::FiveMinutes => whole(300),
            Self::Quarter => whole(900),
            Self::Hour => whole(900) && (zone.to_datetime(at).minute() == 0 || changes_at(at, zone)),
            Self::Day => whole(900) && begin_of(zone.to_datetime(at).date(), zone) == Some(at),
        }
    }

    /// When the bin after the one that begins at this time begins.
    fn next(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let minutes = |minutes: i64| at.checked_add(SignedDuration::from_mins(minutes)).ok();
        match self {
            Self::Minute => minutes(1),
            Self::FiveMinutes => minutes(5),
            Self::Quarter => minutes(15),
            Self::Hour => {
                let end = minutes(60 - i64::from(zone.to_datetime(at).minute()))?;
                // Some clocks change by half an hour.
                let change = zone.following(at).next().map(|change| change.timestamp());
                Some(change.filter(|change| *change < end).unwrap_or(end))
            }
            Self::Day => begin_of(zone.to_datetime(at).date().tomorrow().ok()?, zone),
        }
    }
}

/// Midnight, or the first moment after it where the clocks skip midnight.
fn begin_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

fn changes_at(at: Timestamp, zone: &TimeZone) -> bool {
    let before = at.checked_sub(SignedDuration::from_secs(1)).ok();
    before.and_then(|before| zone.following(before).next()).is_some_and(|change| change.timestamp() == at)
}

/// The begin of each bin and the end of the last one; both ends must be those of bins, and at most `most` bins.
pub(super) fn edges(
    length: BinLength,
    (from, to): (Timestamp, Timestamp),
    zone: &TimeZone,
    most: usize,
) -> Result<Vec<Timestamp>, Problem> {
    let not_aligned = |name: &str| {
        let where_days_are = match length {
            BinLength::Hour | BinLength::Day => " in the time zone of the site",
            _ => "",
        };
        Problem::parameter(name, format!("is not a time at which a bin of {} begins{where_days_are}", length.word()))
    };
    if !length.is_edge(from, zone) {
        return Err(not_aligned("from"));
    }
    if to <= from {
        return Err(Problem::parameter("to", "is not after `from`"));
    }
    let mut edges = vec![from];
    let mut at = from;
    while at < to {
        at = length.next(at, zone).ok_or_else(|| not_aligned("to"))?;
        edges.push(at);
        if edges.len() > most + 1 {
            let problem = format!("is more than {most} bins after `from`: ask for less time, or for longer bins");
            return Err(Problem::parameter("to", problem));
        }
    }
    if at == to { Ok(edges) } else { Err(not_aligned("to")) }
}
