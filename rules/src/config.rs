//! Converts the rules of a camera's configuration.

use vru_proto::v1;
use vru_proto::v1::rule::Kind;
use vru_vision::geometry::{Point, Polygon};
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{Dwell, Line, LineCrossing, Needed, Presence, Rule, RuleKind, Zone};

use crate::wire::{class_from_wire, direction_from_wire, severity_from_wire};

/// How long a road user must be in a zone before presence applies, if the rule does not set it: three frames at 10 frames per second.
const DEFAULT_MIN_SECONDS: f64 = 0.2;
/// How long a track must be outside before its visit ends, if the rule does not set it.
const DEFAULT_COOLDOWN_SECONDS: f64 = 5.0;

/// What a visit of a zone needs, and how long after it another one begins, if nothing else is set, in microseconds.
pub fn default_presence() -> (i64, i64) {
    (micros(DEFAULT_MIN_SECONDS), cooldown(None))
}

/// The rules of a camera. An invalid rule is skipped with a warning, so that the valid ones still apply.
pub fn rules(config: &v1::CameraConfig) -> Vec<Rule> {
    config.rules.iter().filter_map(|rule| read_rule(config, rule)).collect()
}

fn read_rule(config: &v1::CameraConfig, rule: &v1::Rule) -> Option<Rule> {
    let kind = match &rule.kind {
        Some(Kind::ZonePresence(presence)) => zone(config, &presence.zone_id).map(|zone| {
            let needed = match presence.min_frames {
                0 => Needed::Time { us: micros(presence.min_seconds.unwrap_or(DEFAULT_MIN_SECONDS)) },
                frames => Needed::Frames(frames),
            };
            let cooldown_us = cooldown(presence.cooldown_seconds);
            RuleKind::Presence(Presence::new(zone, needed, cooldown_us, &classes(presence.classes())))
        }),
        Some(Kind::Dwell(dwell)) => zone(config, &dwell.zone_id).map(|zone| {
            let cooldown_us = cooldown(dwell.cooldown_seconds);
            RuleKind::Dwell(Dwell::new(zone, micros(dwell.seconds), cooldown_us, &classes(dwell.classes())))
        }),
        Some(Kind::LineCrossing(crossing)) => line(config, &crossing.line_id).map(|line| {
            let direction = direction_from_wire(crossing.direction());
            RuleKind::LineCrossing(LineCrossing::new(line, direction, &classes(crossing.classes())))
        }),
        None => {
            tracing::warn!(camera = config.id, rule = rule.id, "rule of unknown kind skipped");
            return None;
        }
    };
    if kind.is_none() {
        tracing::warn!(camera = config.id, rule = rule.id, "rule skipped: its zone or line is missing or invalid");
    }
    Some(Rule { id: rule.id.clone(), severity: severity_from_wire(rule.severity()), kind: kind? })
}

fn zone(config: &v1::CameraConfig, id: &str) -> Option<Zone> {
    config.zones.iter().find(|zone| zone.id == id).and_then(read_zone)
}

/// `None` if there is no such line, or it is invalid.
pub fn line(config: &v1::CameraConfig, id: &str) -> Option<Line> {
    let line = config.lines.iter().find(|line| line.id == id)?;
    let [from, to] = &line.points[..] else { return None };
    Line::new(line.id.clone(), point(from), point(to)).ok()
}

/// `None` if the polygon is invalid.
pub fn read_zone(zone: &v1::Zone) -> Option<Zone> {
    let corners = zone.polygon.iter().map(point).collect();
    Some(Zone { id: zone.id.clone(), polygon: Polygon::new(corners).ok()? })
}

fn point(point: &v1::Point) -> Point {
    Point { x: point.x, y: point.y }
}

fn classes(classes: impl Iterator<Item = v1::RoadUserClass>) -> Vec<RoadUserClass> {
    classes.filter_map(class_from_wire).collect()
}

fn cooldown(seconds: Option<f64>) -> i64 {
    micros(seconds.unwrap_or(DEFAULT_COOLDOWN_SECONDS))
}

/// Numbers out of range give the nearest number in range.
fn micros(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_its_zone_is_skipped() {
        let point = |x, y| v1::Point { x, y };
        let zone = v1::Zone {
            id: "crossing".to_owned(),
            polygon: vec![point(0.0, 0.0), point(1.0, 0.0), point(1.0, 1.0)],
            ..Default::default()
        };
        let rule = |id: &str, zone: &str| v1::Rule {
            id: id.to_owned(),
            severity: v1::Severity::Warning.into(),
            kind: Some(v1::rule::Kind::ZonePresence(v1::ZonePresence {
                zone_id: zone.to_owned(),
                ..Default::default()
            })),
        };
        let config = v1::CameraConfig {
            zones: vec![zone],
            rules: vec![rule("good", "crossing"), rule("bad", "nowhere")],
            ..Default::default()
        };
        assert_eq!(rules(&config).len(), 1);
    }
}
