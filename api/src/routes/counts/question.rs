//! What is asked for, from the query of the request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{Problem, Time};
use crate::routes::bins::{BinLength, end, missing};
use crate::words::{Direction, RoadUserClass, Word as _};

const LONGEST_VALUE: usize = 1_024;

/// What gets a series of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CountGrouping)]
pub(super) enum Grouping {
    Direction,
    Class,
}

/// Which video was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CountedVideo)]
pub(super) enum Video {
    #[default]
    Live,
    /// Files, each session of a file with series of its own.
    File,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CountFormat)]
pub(super) enum Format {
    #[default]
    Json,
    /// RFC 4180. A count that is not known is an empty field.
    Csv,
    /// One row for each bin. A count that is not known is null. Also asked for by `Accept: application/vnd.apache.parquet`.
    Parquet,
    /// RFC 7946: one feature for each bin, where the camera is, else where the site is, else without a geometry. Also asked for by
    /// `Accept: application/geo+json`.
    GeoJson,
}

/// The parameters of the call.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CountQuery {
    /// Begin of the first bin, RFC 3339.
    #[param(value_type = String, required = true, format = DateTime, example = "2026-11-02T00:00:00+01:00")]
    from: Option<Time>,
    /// End of the last bin.
    #[param(value_type = String, required = true, format = DateTime, example = "2026-11-03T00:00:00+01:00")]
    to: Option<Time>,
    #[param(value_type = BinLength, required = true)]
    bin: Option<BinLength>,
    /// Only these cameras. Default: all cameras of the site.
    #[param(value_type = Option<Vec<String>>)]
    #[serde(default)]
    camera_id: Vec<String>,
    /// Only these lines, and the zones that `zone_id` names.
    #[param(value_type = Option<Vec<String>>)]
    #[serde(default)]
    line_id: Vec<String>,
    /// Only these zones, and the lines that `line_id` names.
    #[param(value_type = Option<Vec<String>>)]
    #[serde(default)]
    zone_id: Vec<String>,
    /// Only this direction, which excludes zones.
    direction: Option<Direction>,
    /// Only these classes. Default: all.
    #[param(value_type = Option<Vec<RoadUserClass>>)]
    #[serde(default)]
    class: Vec<RoadUserClass>,
    /// Each direction, each class, or both for itself. Default: all together.
    #[param(value_type = Option<Vec<Grouping>>)]
    #[serde(default)]
    group_by: Vec<Grouping>,
    /// Default: live video.
    video: Option<Video>,
    /// Default: JSON, or Parquet or GeoJSON if `Accept` names it.
    format: Option<Format>,
}

/// What is asked for, checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) bin: BinLength,
    pub(super) cameras: Vec<String>,
    pub(super) lines: Vec<String>,
    pub(super) zones: Vec<String>,
    pub(super) direction: Option<Direction>,
    pub(super) classes: Vec<RoadUserClass>,
    pub(super) by_direction: bool,
    pub(super) by_class: bool,
    pub(super) video: Video,
    pub(super) format: Format,
    /// The question says the format.
    pub(super) chosen_format: bool,
}

impl CountQuery {
    pub(super) fn checked(self) -> Result<Question, Problem> {
        let by = |grouping| self.group_by.contains(&grouping);
        let (by_direction, by_class) = (by(Grouping::Direction), by(Grouping::Class));
        let question = Question {
            from: end("from", self.from)?,
            to: end("to", self.to)?,
            bin: self.bin.ok_or_else(|| missing("bin"))?,
            cameras: each_once("camera_id", self.camera_id)?,
            lines: each_once("line_id", self.line_id)?,
            zones: each_once("zone_id", self.zone_id)?,
            direction: self.direction,
            classes: self.class,
            by_direction,
            by_class,
            video: self.video.unwrap_or_default(),
            format: self.format.unwrap_or_default(),
            chosen_format: self.format.is_some(),
        };
        if question.direction.is_some() && !question.zones.is_empty() {
            return Err(Problem::parameter("direction", "is of a line, but `zone_id` asks for zones"));
        }
        Ok(question)
    }
}

impl Question {
    /// Of passages to count: 0 is that of zones.
    pub(super) fn directions(&self) -> Vec<i16> {
        self.direction.map_or_else(|| vec![0, 1, 2], |direction| vec![direction.number()])
    }

    /// The classes to count.
    pub(super) fn wanted_classes(&self) -> Vec<RoadUserClass> {
        if self.classes.is_empty() { RoadUserClass::ALL.to_vec() } else { self.classes.clone() }
    }
}

fn each_once(name: &str, values: Vec<String>) -> Result<Vec<String>, Problem> {
    let mut known: Vec<String> = Vec::new();
    for value in values {
        if value.is_empty() || value.len() > LONGEST_VALUE {
            return Err(Problem::parameter(
                name,
                format!("has a value that is empty or longer than {LONGEST_VALUE} bytes"),
            ));
        }
        if !known.contains(&value) {
            known.push(value);
        }
    }
    Ok(known)
}
