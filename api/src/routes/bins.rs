//! The bins of a range of time.

use std::time::SystemTime;

use deadpool_postgres::GenericClient;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vru_storage::counts::StoredBins;
use vru_storage::sites::{self, Site};

use crate::http::{Problem, Time};

/// The most stored bins that are read for an answer: more take seconds.
const MOST_STORED: usize = 1_000_000;

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
    fn stored_seconds(self) -> i64 {
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

/// The times of the edges, as the database takes them.
pub(super) fn times(edges: &[Timestamp]) -> Result<Vec<SystemTime>, Problem> {
    let unknown = || Problem::parameter("to", "is no time of this machine's clock");
    edges.iter().map(|&edge| SystemTime::try_from(edge).map_err(|_| unknown())).collect()
}

/// An end of the range, which must be given.
pub(super) fn end(name: &str, given: Option<Time>) -> Result<Timestamp, Problem> {
    let Time(time) = given.ok_or_else(|| missing(name))?;
    let time = Timestamp::try_from(time).ok();
    time.filter(|time| vru_proto::validate::CAPTURE_TIME_US.contains(&time.as_microsecond()))
        .ok_or_else(|| Problem::parameter(name, "is not between the years 2000 and 2200"))
}

pub(super) fn missing(name: &str) -> Problem {
    Problem::parameter(name, "is missing")
}

/// Refuses a question for which too much would have to be read of so many cameras, lines or zones, which `what` names.
pub(super) fn check_stored(
    bin: BinLength,
    (from, to): (Timestamp, Timestamp),
    (number, what): (usize, &str),
) -> Result<(), Problem> {
    let stored = usize::try_from(to.duration_since(from).as_secs() / bin.stored_seconds()).unwrap_or(usize::MAX);
    if number.saturating_mul(stored) <= MOST_STORED {
        return Ok(());
    }
    let problem = format!(
        "asks {number} {what} for more time than can be added up in one answer: ask for less time, or for fewer of them"
    );
    Err(Problem::parameter("to", problem))
}

/// A site and its time zone.
pub(super) async fn site_and_zone<C: GenericClient>(client: &C, site_id: &str) -> Result<(Site, TimeZone), Problem> {
    let site = sites::find(client, site_id).await?.ok_or_else(|| Problem::not_found("site"))?;
    let zone = TimeZone::get(&site.settings.time_zone).map_err(|error| {
        tracing::error!(site = site_id, time_zone = site.settings.time_zone, %error, "the time zone of a site is not known");
        Problem::internal()
    })?;
    Ok((site, zone))
}

/// RFC 3339 in the zone.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> String {
    let (time, offset) = (zone.to_datetime(at), zone.to_offset(at).seconds());
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    format!("{}{sign}{:02}:{:02}", time.strftime("%Y-%m-%dT%H:%M:%S"), minutes / 60, minutes % 60)
}
