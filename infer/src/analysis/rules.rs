//! Converts the rules of a camera's configuration.

use vru_proto::v1;
use vru_vision::geometry::{Point, Polygon};
use vru_vision::rules::{Rule, Zone, ZonePresence};

use super::wire::{class_from_wire, severity_from_wire};

/// Frames in a row after which a rule applies, if the rule does not set it.
const DEFAULT_MIN_FRAMES: u32 = 3;

/// The rules of a camera. An invalid rule is skipped with a warning, so that the valid ones still apply.
pub(super) fn rules(config: &v1::CameraConfig) -> Vec<Box<dyn Rule>> {
    config.rules.iter().filter_map(|rule| read_rule(config, rule)).collect()
}

fn read_rule(config: &v1::CameraConfig, rule: &v1::Rule) -> Option<Box<dyn Rule>> {
    let Some(v1::rule::Kind::ZonePresence(presence)) = &rule.kind else {
        tracing::warn!(camera = config.id, rule = rule.id, "rule of unknown kind skipped");
        return None;
    };
    let zone = config.zones.iter().find(|zone| zone.id == presence.zone_id);
    let Some(zone) = zone.and_then(read_zone) else {
        tracing::warn!(
            camera = config.id,
            rule = rule.id,
            zone = presence.zone_id,
            "rule skipped: its zone is missing or invalid"
        );
        return None;
    };
    let min_frames = if presence.min_frames == 0 { DEFAULT_MIN_FRAMES } else { presence.min_frames };
    let classes = presence.classes().filter_map(class_from_wire).collect();
    let severity = severity_from_wire(rule.severity());
    Some(Box::new(ZonePresence::new(rule.id.clone(), severity, zone, min_frames, classes)))
}

/// `None` if the polygon is invalid.
pub(super) fn read_zone(zone: &v1::Zone) -> Option<Zone> {
    let corners = zone.polygon.iter().map(|point| Point { x: point.x, y: point.y }).collect();
    Some(Zone { id: zone.id.clone(), polygon: Polygon::new(corners).ok()? })
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
