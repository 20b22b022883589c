//! What was seen in a frame.

use std::collections::HashSet;

use prost::Message as _;

use super::{ReadError, capture_time, fail, frame_key, size, time};
use crate::error::InvalidMessage;
use crate::ids::FrameKey;
use crate::v1;

/// Maximum size of the rules' state in a frame's detections.
pub const MAX_RULE_STATE_BYTES: usize = 256 * 1024;

/// Maximum size of the tracker's state in a frame's detections.
pub const MAX_TRACKER_STATE_BYTES: usize = 256 * 1024;
/// The most alerts of one camera that may go on at once.
pub const MAX_OPEN_ALERTS: usize = 4096;
/// The most passages that one frame adds to the counts.
pub const MAX_PASSAGES: usize = 4096;
/// The longest `Counting.max_gap_us`: no tracker keeps a track for longer.
pub const MAX_WATCHED_GAP_US: u32 = 60_000_000;
/// The most lines, and the most zones, that are counted at.
pub const MAX_COUNTED: usize = 1_000;
/// The longest id of a line or a zone in bytes.
const MAX_PLACE_ID: usize = 1_024;
/// Length of `DetectedObject.appearance`.
const APPEARANCE_BYTES: usize = 48;

/// Parses and validates the detections of a frame.
pub fn read_detections(bytes: bytes::Bytes) -> Result<(FrameKey, v1::FrameDetections), ReadError> {
    const NAME: &str = "FrameDetections";
    let detections = v1::FrameDetections::decode(bytes).map_err(|source| ReadError::Parse { message: NAME, source })?;
    let key = frame_key(NAME, detections.frame_id.as_ref())?;
    size(NAME, detections.source_width, detections.source_height)?;
    capture_time(NAME, detections.captured_at_us)?;
    for (field, state, most) in [
        ("rule_state", &detections.rule_state, MAX_RULE_STATE_BYTES),
        ("counting_state", &detections.counting_state, MAX_RULE_STATE_BYTES),
        ("tracker_state", &detections.tracker_state, MAX_TRACKER_STATE_BYTES),
    ] {
        if state.len() > most {
            let problem = format!("has {} bytes, more than {most}", state.len());
            return Err(InvalidMessage::new(NAME, field, problem).into());
        }
    }
    if detections.open_alerts.len() > MAX_OPEN_ALERTS {
        let problem = format!("has {} entries, more than {MAX_OPEN_ALERTS}", detections.open_alerts.len());
        return Err(InvalidMessage::new(NAME, "open_alerts", problem).into());
    }
    for open in &detections.open_alerts {
        open_alert(open)?;
    }
    if let Some(counting) = &detections.counting {
        self::counting(counting)?;
    }
    if detections.passages.len() > MAX_PASSAGES {
        let problem = format!("has {} entries, more than {MAX_PASSAGES}", detections.passages.len());
        return Err(InvalidMessage::new(NAME, "passages", problem).into());
    }
    detections.passages.iter().try_for_each(passage)?;
    let hidden = detections.hidden.iter().flat_map(|hidden| &hidden.regions);
    if !{ hidden }.all(|rect| [rect.left, rect.top, rect.width, rect.height].iter().all(|v| v.is_finite())) {
        return Err(InvalidMessage::new(NAME, "hidden", "has a number that is not finite").into());
    }
    let mut zones = HashSet::new();
    if !detections.zone_ids.iter().all(|zone| !zone.is_empty() && zones.insert(zone.as_str())) {
        return Err(InvalidMessage::new(NAME, "zone_ids", "has an id that is empty or occurs twice").into());
    }
    for object in &detections.objects {
        let Some(rect) = &object.r#box else {
            return Err(InvalidMessage::new(NAME, "objects.box", "is missing").into());
        };
        let boxes = [Some(rect), object.found.as_ref()].into_iter().flatten();
        let sides = boxes.flat_map(|rect| [rect.left, rect.top, rect.width, rect.height]);
        if !sides.chain([object.score]).all(f32::is_finite) {
            return Err(InvalidMessage::new(NAME, "objects", "has a number that is not finite").into());
        }
        if object.ground_position.is_some_and(|ground| !ground.x_m.is_finite() || !ground.y_m.is_finite()) {
            return Err(InvalidMessage::new(NAME, "objects.ground_position", "is not finite").into());
        }
        if i64::try_from(object.track_id).is_err() {
            return Err(InvalidMessage::new(NAME, "objects.track_id", "does not fit in 63 bits").into());
        }
        if !matches!(object.appearance.len(), 0 | APPEARANCE_BYTES) {
            return Err(InvalidMessage::new(NAME, "objects.appearance", "is neither empty nor 48 bytes").into());
        }
        let ascending = object.zones.is_sorted_by(|one, next| one < next);
        if !ascending || object.zones.last().is_some_and(|&last| last as usize >= detections.zone_ids.len()) {
            let problem = "is not a list of ascending indexes of `zone_ids`";
            return Err(InvalidMessage::new(NAME, "objects.zones", problem).into());
        }
    }
    Ok((key, detections))
}

fn counting(counting: &v1::Counting) -> Result<(), InvalidMessage> {
    const NAME: &str = "Counting";
    for (field, ids) in [("line_ids", &counting.line_ids), ("zone_ids", &counting.zone_ids)] {
        if ids.len() > MAX_COUNTED {
            return fail(NAME, field, format!("has {} entries, more than {MAX_COUNTED}", ids.len()));
        }
        let mut seen = HashSet::new();
        if !ids.iter().all(|id| is_place_id(id) && seen.insert(id)) {
            return fail(NAME, field, "has an id that is empty, too long, has a zero byte, or occurs twice");
        }
    }
    let classes = &counting.classes;
    if !classes.is_sorted_by(|one, next| one < next) || classes.iter().any(|class| !CLASS_NUMBERS.contains(class)) {
        return fail(NAME, "classes", "is not a list of ascending numbers from 1 to 63");
    }
    if counting.max_gap_us > MAX_WATCHED_GAP_US {
        return fail(NAME, "max_gap_us", format!("is {}, more than {MAX_WATCHED_GAP_US}", counting.max_gap_us));
    }
    Ok(())
}

/// Numbers of classes that rows are made for, also for a class that this version does not know.
const CLASS_NUMBERS: std::ops::Range<i32> = 1..64;

/// Whether a line or zone with this id can be counted at.
pub fn is_place_id(id: &str) -> bool {
    (1..=MAX_PLACE_ID).contains(&id.len()) && !id.contains('\0')
}

fn passage(passage: &v1::Passage) -> Result<(), InvalidMessage> {
    const NAME: &str = "Passage";
    let valid = match (passage.line_id.as_str(), passage.zone_id.as_str(), passage.direction()) {
        (line, "", v1::CrossingDirection::In | v1::CrossingDirection::Out) => is_place_id(line),
        ("", zone, v1::CrossingDirection::Unspecified) => is_place_id(zone),
        _ => false,
    };
    if !valid {
        return fail(NAME, "line_id", "and `zone_id` do not name one place, or `direction` does not fit to it");
    }
    if !CLASS_NUMBERS.contains(&passage.class) {
        return fail(NAME, "class", format!("is not a number from 1 to 63: {}", passage.class));
    }
    if i64::try_from(passage.track_id).is_err() || i64::try_from(passage.session).is_err() {
        return fail(NAME, "track_id", "or `session` does not fit in 63 bits");
    }
    if i32::try_from(passage.occurrence).is_err() {
        return fail(NAME, "occurrence", "does not fit in 31 bits");
    }
    time(NAME, "at_us", passage.at_us)
}

fn open_alert(open: &v1::OpenAlert) -> Result<(), InvalidMessage> {
    const NAME: &str = "OpenAlert";
    for (field, us) in
        [("captured_at_us", open.captured_at_us), ("began_at_us", open.began_at_us), ("seen_at_us", open.seen_at_us)]
    {
        time(NAME, field, us)?;
    }
    let Some(rect) = &open.r#box else { return fail(NAME, "box", "is missing") };
    if ![rect.left, rect.top, rect.width, rect.height].iter().all(|edge| edge.is_finite()) {
        return fail(NAME, "box", "has a number that is not finite");
    }
    if open.track_ids.is_empty() || open.track_ids.iter().any(|&id| i64::try_from(id).is_err()) {
        return fail(NAME, "track_ids", "is empty or has an id that does not fit in 63 bits");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::CAPTURE_TIME_US;
    use super::*;

    fn detections(object: v1::DetectedObject) -> v1::FrameDetections {
        let frame_id = Some(v1::FrameId { camera_id: "cam".to_owned(), session: 1, sequence: 0 });
        let zone_ids = vec!["a".to_owned(), "b".to_owned()];
        let objects = vec![v1::DetectedObject { r#box: Some(v1::Box::default()), ..object }];
        let captured_at_us = CAPTURE_TIME_US.start;
        v1::FrameDetections {
            frame_id,
            captured_at_us,
            source_width: 1,
            source_height: 1,
            zone_ids,
            objects,
            ..Default::default()
        }
    }

    fn problem(message: &v1::FrameDetections) -> Option<String> {
        read_detections(message.encode_to_vec().into()).err().map(|error| error.to_string())
    }

    #[test]
    fn zones_of_an_object_are_ascending_indexes_of_the_messages_zones() {
        let zones = |zones: &[u32]| detections(v1::DetectedObject { zones: zones.to_vec(), ..Default::default() });
        for valid in [&[][..], &[1], &[0, 1]] {
            assert_eq!(problem(&zones(valid)), None, "{valid:?}");
        }
        for invalid in [&[2][..], &[1, 0], &[0, 0], &[u32::MAX]] {
            assert!(problem(&zones(invalid)).is_some_and(|why| why.contains("objects.zones")), "{invalid:?}");
        }
        for ids in [["a", "a"], ["a", ""]] {
            let message = v1::FrameDetections { zone_ids: ids.map(str::to_owned).to_vec(), ..zones(&[]) };
            assert!(problem(&message).is_some_and(|why| why.contains("zone_ids")), "{ids:?}");
        }
    }

    #[test]
    fn passages_name_one_place_and_what_fits_to_it() {
        let line = v1::Passage {
            line_id: "l".to_owned(),
            direction: v1::CrossingDirection::In.into(),
            class: v1::RoadUserClass::Cyclist.into(),
            at_us: CAPTURE_TIME_US.start,
            ..Default::default()
        };
        let zone = v1::Passage { line_id: String::new(), zone_id: "z".to_owned(), direction: 0, ..line.clone() };
        let of = |passage| v1::FrameDetections { passages: vec![passage], ..detections(v1::DetectedObject::default()) };
        for valid in [&line, &zone] {
            assert_eq!(problem(&of(valid.clone())), None, "{valid:?}");
        }
        for invalid in [
            v1::Passage { zone_id: "z".to_owned(), ..line.clone() },
            v1::Passage { line_id: String::new(), ..line.clone() },
            v1::Passage { direction: 0, ..line.clone() },
            v1::Passage { direction: 7, ..line.clone() },
            v1::Passage { direction: 1, ..zone.clone() },
            v1::Passage { zone_id: "z\0".to_owned(), ..zone.clone() },
            v1::Passage { class: 0, ..zone.clone() },
            v1::Passage { class: 64, ..zone.clone() },
            v1::Passage { at_us: 0, ..zone.clone() },
            v1::Passage { track_id: u64::MAX, ..zone.clone() },
            v1::Passage { session: u64::MAX, ..zone.clone() },
            v1::Passage { occurrence: u32::MAX, ..zone },
        ] {
            assert!(problem(&of(invalid.clone())).is_some_and(|why| why.contains("Passage")), "{invalid:?}");
        }
        let many = v1::FrameDetections { passages: vec![line; MAX_PASSAGES + 1], ..of(v1::Passage::default()) };
        assert!(problem(&many).is_some_and(|why| why.contains("passages")));
    }

    #[test]
    fn what_is_counted_is_named_once() {
        let of =
            |counting| v1::FrameDetections { counting: Some(counting), ..detections(v1::DetectedObject::default()) };
        let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
        let valid = v1::Counting { line_ids: ids(&["a"]), zone_ids: ids(&["a"]), classes: vec![1, 6], max_gap_us: 1 };
        assert_eq!(problem(&of(valid.clone())), None);
        for invalid in [
            v1::Counting { line_ids: ids(&["a", "a"]), ..valid.clone() },
            v1::Counting { zone_ids: ids(&[""]), ..valid.clone() },
            v1::Counting { zone_ids: (0..2_000).map(|n| n.to_string()).collect(), ..valid.clone() },
            v1::Counting { classes: vec![2, 1], ..valid.clone() },
            v1::Counting { classes: vec![0], ..valid.clone() },
            v1::Counting { max_gap_us: u32::MAX, ..valid },
        ] {
            assert!(problem(&of(invalid.clone())).is_some_and(|why| why.contains("Counting")), "{invalid:?}");
        }
    }

    #[test]
    fn a_ground_position_is_finite() {
        let ground = |x_m| v1::DetectedObject {
            ground_position: Some(v1::GroundPosition { x_m, y_m: 0.0 }),
            ..Default::default()
        };
        assert_eq!(problem(&detections(ground(1.0))), None);
        assert!(problem(&detections(ground(f64::NAN))).is_some_and(|why| why.contains("ground_position")));
    }
}
