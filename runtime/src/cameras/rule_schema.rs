//! The form of a rule in the cameras file and in the API. Units and defaults are those of `camera.proto`.

use serde::{Deserialize, Serialize};
use vru_proto::v1;
use vru_proto::v1::rule::Kind;

/// Exactly one of the kinds must be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    id: String,
    #[serde(default)]
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    zone_presence: Option<ZonePresence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dwell: Option<Dwell>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_crossing: Option<LineCrossing>,
}

#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
enum Severity {
    #[default]
    Info,
    Warning,
    Critical,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct ZonePresence {
    zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_seconds: Option<f64>,
    /// From before `min_seconds`.
    #[serde(default)]
    min_frames: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooldown_seconds: Option<f64>,
    #[serde(default)]
    classes: Vec<Class>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct Dwell {
    zone: String,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cooldown_seconds: Option<f64>,
    #[serde(default)]
    classes: Vec<Class>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
struct LineCrossing {
    line: String,
    #[serde(default)]
    direction: Direction,
    #[serde(default)]
    classes: Vec<Class>,
}

#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
enum Direction {
    #[default]
    Both,
    In,
    Out,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
enum Class {
    Pedestrian,
    Cyclist,
    Motorcyclist,
    Car,
    Bus,
    Truck,
}

impl Rule {
    pub(super) fn into_message(self) -> Result<v1::Rule, String> {
        let severity = match self.severity {
            Severity::Info => v1::Severity::Info,
            Severity::Warning => v1::Severity::Warning,
            Severity::Critical => v1::Severity::Critical,
        };
        let kind = match (self.zone_presence, self.dwell, self.line_crossing) {
            (Some(presence), None, None) => Kind::ZonePresence(presence.into_message()),
            (None, Some(dwell), None) => Kind::Dwell(dwell.into_message()),
            (None, None, Some(crossing)) => Kind::LineCrossing(crossing.into_message()),
            _ => return Err(format!("rule `{}`: set exactly one of zone_presence, dwell and line_crossing", self.id)),
        };
        Ok(v1::Rule { id: self.id, severity: severity.into(), kind: Some(kind) })
    }
}

impl ZonePresence {
    fn into_message(self) -> v1::ZonePresence {
        v1::ZonePresence {
            zone_id: self.zone,
            min_frames: self.min_frames,
            classes: classes(self.classes),
            min_seconds: self.min_seconds,
            cooldown_seconds: self.cooldown_seconds,
        }
    }
}

impl Dwell {
    fn into_message(self) -> v1::Dwell {
        v1::Dwell {
            zone_id: self.zone,
            seconds: self.seconds,
            classes: classes(self.classes),
            cooldown_seconds: self.cooldown_seconds,
        }
    }
}

impl LineCrossing {
    fn into_message(self) -> v1::LineCrossing {
        let direction = match self.direction {
            Direction::Both => v1::CrossingDirection::Unspecified,
            Direction::In => v1::CrossingDirection::In,
            Direction::Out => v1::CrossingDirection::Out,
        };
        v1::LineCrossing { line_id: self.line, direction: direction.into(), classes: classes(self.classes) }
    }
}

fn classes(classes: Vec<Class>) -> Vec<i32> {
    classes.into_iter().map(|class| class.into_message().into()).collect()
}

impl Class {
    fn into_message(self) -> v1::RoadUserClass {
        match self {
            Self::Pedestrian => v1::RoadUserClass::Pedestrian,
            Self::Cyclist => v1::RoadUserClass::Cyclist,
            Self::Motorcyclist => v1::RoadUserClass::Motorcyclist,
            Self::Car => v1::RoadUserClass::Car,
            Self::Bus => v1::RoadUserClass::Bus,
            Self::Truck => v1::RoadUserClass::Truck,
        }
    }
}
