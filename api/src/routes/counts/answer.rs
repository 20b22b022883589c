//! The answer to a question about counts.

use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::bins::BinLength;
use crate::words::{Direction, RoadUserClass};

/// Counts in bins.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counts {
    pub(super) bin: BinLength,
    /// IANA name, of the site.
    pub(super) time_zone: String,
    /// Each of them has all bins.
    pub(super) series: Vec<Series>,
}

/// The bins of one line or zone, and if asked for of one direction and class.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountSeries)]
pub(super) struct Series {
    pub(super) camera_id: String,
    /// Absent for a zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) line_id: Option<String>,
    /// Absent for a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) zone_id: Option<String>,
    /// Absent for a zone, and if all directions are counted together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) direction: Option<Direction>,
    /// Absent if all classes are counted together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) class: Option<RoadUserClass>,
    /// The session of the file; absent for live video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
    pub(super) bins: Vec<Bin>,
}

/// One bin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountBin)]
pub(super) struct Bin {
    /// With the offset of the site's time zone.
    #[schema(format = DateTime)]
    pub(super) from: String,
    #[schema(format = DateTime)]
    pub(super) to: String,
    /// How long the bin is.
    pub(super) seconds: i64,
    /// For how many seconds of the bin the camera was watched for this line or zone and these classes. If that is less than `seconds`, the
    /// count may be too small.
    pub(super) watched_seconds: f64,
    /// Crossings of the line, or visits of the zone. `null`: nobody looked, so it is not known; 0: somebody looked, and nobody came.
    pub(super) count: Option<i64>,
}
