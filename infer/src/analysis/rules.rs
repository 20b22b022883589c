//! A camera's configuration as rules.

use vru_proto::v1;
use vru_vision::geometry::{Point, Polygon};
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{Rule, Severity, Zone, ZonePresence};

/// Frames in a row, where a rule does not say.
const DEFAULT_MIN_FRAMES: u32 = 3;

/// The rules of a camera. One that makes no sense is left out with a warning: a camera is watched by the rules that do.
pub fn rules(config: &v1::CameraConfig) -> Vec<Box<dyn Rule>> {
    config.rules.iter().filter_map(|rule| read_rule(config, rule)).collect()
}

fn read_rule(config: &v1::CameraConfig, rule: &v1::Rule) -> Option<Box<dyn Rule>> {
    let Some(v1::rule::Kind::ZonePresence(presence)) = &rule.kind else {
        tracing::warn!(camera = config.id, rule = rule.id, "rule of an unknown kind left out");
        return None;
    };
    let zone = config.zones.iter().find(|zone| zone.id == presence.zone_id);
    let Some(zone) = zone.and_then(read_zone) else {
        tracing::warn!(
            camera = config.id,
            rule = rule.id,
            zone = presence.zone_id,
            "rule without a usable zone left out"
        );
        return None;
    };
    let min_frames = if presence.min_frames == 0 { DEFAULT_MIN_FRAMES } else { presence.min_frames };
    let classes = presence.classes().filter_map(class_from_wire).collect();
    let severity = severity_from_wire(rule.severity());
    Some(Box::new(ZonePresence::new(rule.id.clone(), severity, zone, min_frames, classes)))
}

fn read_zone(zone: &v1::Zone) -> Option<Zone> {
    let corners = zone.polygon.iter().map(|point| Point { x: point.x, y: point.y }).collect();
    Some(Zone { id: zone.id.clone(), polygon: Polygon::new(corners).ok()? })
}

fn severity_from_wire(severity: v1::Severity) -> Severity {
    match severity {
        v1::Severity::Critical => Severity::Critical,
        v1::Severity::Warning => Severity::Warning,
        v1::Severity::Info | v1::Severity::Unspecified => Severity::Info,
    }
}

/// As it is spelt on the wire.
pub fn severity_to_wire(severity: Severity) -> v1::Severity {
    match severity {
        Severity::Critical => v1::Severity::Critical,
        Severity::Warning => v1::Severity::Warning,
        Severity::Info => v1::Severity::Info,
    }
}

/// None for a class that this version does not know.
pub fn class_from_wire(class: v1::RoadUserClass) -> Option<RoadUserClass> {
    Some(match class {
        v1::RoadUserClass::Pedestrian => RoadUserClass::Pedestrian,
        v1::RoadUserClass::Cyclist => RoadUserClass::Cyclist,
        v1::RoadUserClass::Motorcyclist => RoadUserClass::Motorcyclist,
        v1::RoadUserClass::Car => RoadUserClass::Car,
        v1::RoadUserClass::Bus => RoadUserClass::Bus,
        v1::RoadUserClass::Truck => RoadUserClass::Truck,
        v1::RoadUserClass::Unspecified => return None,
    })
}

/// As it is spelt on the wire.
pub fn class_to_wire(class: RoadUserClass) -> v1::RoadUserClass {
    match class {
        RoadUserClass::Pedestrian => v1::RoadUserClass::Pedestrian,
        RoadUserClass::Cyclist => v1::RoadUserClass::Cyclist,
        RoadUserClass::Motorcyclist => v1::RoadUserClass::Motorcyclist,
        RoadUserClass::Car => v1::RoadUserClass::Car,
        RoadUserClass::Bus => v1::RoadUserClass::Bus,
        RoadUserClass::Truck => v1::RoadUserClass::Truck,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_survive_the_wire() {
        for class in RoadUserClass::ALL {
            assert_eq!(class_from_wire(class_to_wire(class)), Some(class));
        }
    }

    #[test]
    fn a_rule_without_its_zone_is_left_out() {
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
