//! What a search for tracks asks for.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use vru_storage::search::Cameras;
use vru_storage::tracks::TrackFilter;

use crate::http::{Id, Pairs, Problem, Query, Time};
use crate::routes::bins::{BinLength, end, missing};
use crate::routes::text::check_times;
use crate::words::{Direction, RoadUserClass, Word as _, numbers};

/// Longer than any track.
const LONGEST: f64 = 1e9;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TrackFormat)]
pub(super) enum Format {
    Json,
    /// All tracks, at most 100,000, instead of a page. Also asked for by `Accept: application/vnd.apache.parquet`.
    Parquet,
}

/// All that is given must be true of a track.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct TrackQuery {
    /// Only of these cameras. Default: of all.
    #[param(value_type = Option<Vec<String>>)]
    #[serde(default)]
    camera_id: Vec<Id>,
    /// Began at this time or later: RFC 3339. Tracks of the times from a to b and from b to c are together those from a to c.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// Began before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    /// Kinds of road users.
    #[param(value_type = Option<Vec<RoadUserClass>>)]
    #[serde(default)]
    class: Vec<RoadUserClass>,
    /// At least this share of its detections, 0 to 1, has the class of the track.
    #[param(minimum = 0, maximum = 1)]
    min_class_share: Option<f32>,
    /// Was in this zone of its camera.
    zone_id: Option<String>,
    /// Crossed this line of its camera.
    line_id: Option<String>,
    /// Crossed a line in this direction.
    direction: Option<Direction>,
    /// Was seen for at least so many seconds, from the first detection to the last.
    #[param(minimum = 0)]
    min_duration_s: Option<f64>,
    /// Was seen for at most so many seconds.
    #[param(minimum = 0)]
    max_duration_s: Option<f64>,
    /// Also tracks of which the tracker was never sure: most are false detections. Without it they are left out.
    include_unconfirmed: Option<bool>,
}

/// How a list of tracks is given.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatQuery {
    /// Default: JSON, or Parquet if `Accept` names it.
    format: Option<Format>,
}

/// Which tracks are listed, and how.
#[derive(Debug)]
pub(super) struct TrackList {
    pub(super) tracks: TrackQuery,
    pub(super) format: Option<Format>,
}

impl Query for TrackList {
    fn read(pairs: Pairs) -> Result<Self, Problem> {
        let (format, tracks) = pairs.split(&["format"]);
        Ok(Self { format: format.parse::<FormatQuery>()?.format, tracks: tracks.parse()? })
    }
}

/// The bins in which tracks are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct BinQuery {
    #[param(value_type = BinLength, required = true)]
    bin: Option<BinLength>,
}

/// Which tracks are counted, in which bins.
#[derive(Debug)]
pub(super) struct TrackBins {
    pub(super) tracks: TrackQuery,
    pub(super) bin: BinLength,
}

impl Query for TrackBins {
    fn read(pairs: Pairs) -> Result<Self, Problem> {
        let (bin, tracks) = pairs.split(&["bin"]);
        let bin = bin.parse::<BinQuery>()?.bin.ok_or_else(|| missing("bin"))?;
        Ok(Self { bin, tracks: tracks.parse()? })
    }
}

impl TrackQuery {
    /// The range of time, both ends of which must be given.
    pub(super) fn range(&self) -> Result<(Timestamp, Timestamp), Problem> {
        Ok((end("from", self.from)?, end("to", self.to)?))
    }

    pub(super) fn checked(self, site_id: Option<&str>) -> Result<TrackFilter, Problem> {
        let ids = self.camera_id.into_iter().map(|id| id.0).collect();
        check_times(self.from, self.to)?;
        if self.min_class_share.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Err(Problem::parameter("min_class_share", "is not between 0 and 1"));
        }
        let min_duration = duration("min_duration_s", self.min_duration_s)?;
        let max_duration = duration("max_duration_s", self.max_duration_s)?;
        if min_duration.zip(max_duration).is_some_and(|(min, max)| min > max) {
            return Err(Problem::parameter("max_duration_s", "is less than `min_duration_s`"));
        }
        Ok(TrackFilter {
            cameras: Cameras { site_id: site_id.map(str::to_owned), ids },
            from: self.from.map(|time| time.0),
            to: self.to.map(|time| time.0),
            classes: numbers(&self.class),
            min_class_share: self.min_class_share,
            zone_id: self.zone_id,
            line_id: self.line_id,
            direction: self.direction.map(Direction::number),
            min_duration,
            max_duration,
            unconfirmed: self.include_unconfirmed.unwrap_or_default(),
        })
    }
}

fn duration(name: &str, seconds: Option<f64>) -> Result<Option<Duration>, Problem> {
    match seconds {
        None => Ok(None),
        Some(seconds) if (0.0..=LONGEST).contains(&seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
        Some(_) => Err(Problem::parameter(name, format!("is not between 0 and {LONGEST}"))),
    }
}
