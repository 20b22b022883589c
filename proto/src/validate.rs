//! Rules for messages beyond the types of their fields. Each service validates bytes once, where it reads them; all later code relies on
//! it.

mod camera;
mod camera_test;

use std::collections::HashSet;

use prost::Message as _;

use crate::error::InvalidMessage;
use crate::ids::{CameraId, FrameKey};
use crate::v1;
pub use camera::{camera, view};
pub use camera_test::{MAX_SNAPSHOT_BYTES, MAX_TEST_MS, read_camera_test, read_camera_test_report};

/// Maximum width and height of a picture in pixels. Larger sizes are decompression bombs.
pub const MAX_SIDE: u32 = 16_384;
/// Valid capture times, years 2000 to 2200, in microseconds since the Unix epoch. Other times come from a broken clock, and would create
/// partitions of PostgreSQL tables far away.
pub const CAPTURE_TIME_US: std::ops::Range<i64> = 946_684_800_000_000..7_258_118_400_000_000;

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

/// Length of a topic's id in Kafka.
const TOPIC_ID_BYTES: usize = 16;

/// The largest code of a colour matrix: it has eight bits in video.
const MAX_MATRIX: u32 = 255;

fn fail<T>(message: &'static str, field: &'static str, problem: impl Into<String>) -> Result<T, InvalidMessage> {
    Err(InvalidMessage::new(message, field, problem))
}

/// A record that cannot be read as a message.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not protobuf, or another message.
    #[error("the record is not a {message}")]
    Parse {
        message: &'static str,
        #[source]
        source: prost::DecodeError,
    },
    /// The message violates a rule of this module.
    #[error(transparent)]
    Invalid(#[from] InvalidMessage),
}

/// Parses and validates a frame. Its payload shares the memory of `bytes`.
pub fn read_frame(bytes: bytes::Bytes) -> Result<(FrameKey, v1::Frame), ReadError> {
    let frame = v1::Frame::decode(bytes).map_err(|source| ReadError::Parse { message: "Frame", source })?;
    let key = frame_key("Frame", frame.id.as_ref())?;
    size("Frame", frame.width, frame.height)?;
    size("Frame", frame.source_width, frame.source_height)?;
    capture_time("Frame", frame.captured_at_us)?;
    if frame.encoding() == v1::Encoding::Unspecified {
        return Err(InvalidMessage::new("Frame", "encoding", format!("is unknown: {}", frame.encoding)).into());
    }
    match v1::Orientation::try_from(frame.orientation) {
        Ok(v1::Orientation::Unspecified) => {}
        Ok(_) if frame.encoding() != v1::Encoding::Jpeg => {}
        Ok(_) => return Err(InvalidMessage::new("Frame", "orientation", "is stated for a JPEG").into()),
        Err(_) => {
            return Err(
                InvalidMessage::new("Frame", "orientation", format!("is unknown: {}", frame.orientation)).into()
            );
        }
    }
    if let Some(colours) = frame.container_colours {
        let invalid = |problem: String| Err(InvalidMessage::new("Frame", "container_colours", problem).into());
        if frame.encoding() == v1::Encoding::Jpeg {
            return invalid("are stated for a JPEG".to_owned());
        }
        if colours.matrix > MAX_MATRIX {
            return invalid(format!("have an unknown matrix: {}", colours.matrix));
        }
        if v1::ColourRange::try_from(colours.range).is_err() {
            return invalid(format!("have an unknown range: {}", colours.range));
        }
    }
    if frame.payload.is_empty() && !frame.end_of_stream {
        return Err(InvalidMessage::new("Frame", "payload", "is empty").into());
    }
    Ok((key, frame))
}

/// Parses and validates the position of a file.
pub fn read_file_position(bytes: bytes::Bytes) -> Result<(FrameKey, v1::FilePosition), ReadError> {
    const NAME: &str = "FilePosition";
    let position = v1::FilePosition::decode(bytes).map_err(|source| ReadError::Parse { message: NAME, source })?;
    let key = frame_key(NAME, position.frame_id.as_ref())?;
    if position.topic_id.len() != TOPIC_ID_BYTES {
        return Err(InvalidMessage::new(NAME, "topic_id", "is not 16 bytes").into());
    }
    for (field, number) in [("partition", i64::from(position.partition)), ("offset", position.offset)] {
        if number < 0 {
            return Err(InvalidMessage::new(NAME, field, format!("is negative: {number}")).into());
        }
    }
    Ok((key, position))
}

/// The longest text of a [`v1::FileFault`] in bytes.
pub const MAX_FAULT_BYTES: usize = 2_000;

/// Parses and validates what is wrong with a file.
pub fn read_file_fault(bytes: bytes::Bytes) -> Result<v1::FileFault, ReadError> {
    const NAME: &str = "FileFault";
    let fault = v1::FileFault::decode(bytes).map_err(|source| ReadError::Parse { message: NAME, source })?;
    if fault.camera_id.parse::<CameraId>().is_err() {
        return Err(InvalidMessage::new(NAME, "camera_id", "is no id of a camera").into());
    }
    if i64::try_from(fault.session).is_err() {
        return Err(InvalidMessage::new(NAME, "session", "does not fit in 63 bits").into());
    }
    // PostgreSQL refuses texts with a zero byte.
    if fault.text.is_empty() || fault.text.len() > MAX_FAULT_BYTES || fault.text.contains('\0') {
        let problem = format!("has {} bytes, not 1 to {MAX_FAULT_BYTES}, or a zero byte", fault.text.len());
        return Err(InvalidMessage::new(NAME, "text", problem).into());
    }
    Ok(fault)
}

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
        if ![rect.left, rect.top, rect.width, rect.height, object.score].iter().all(|v| v.is_finite()) {
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

/// Parses and validates an alert.
pub fn read_alert(bytes: bytes::Bytes) -> Result<(FrameKey, v1::Alert), ReadError> {
    let alert = v1::Alert::decode(bytes).map_err(|source| ReadError::Parse { message: "Alert", source })?;
    let key = frame_key("Alert", alert.frame_id.as_ref())?;
    capture_time("Alert", alert.captured_at_us)?;
    if alert.id.is_empty() || alert.id.len() > 128 || !alert.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return Err(InvalidMessage::new("Alert", "id", "is not 1 to 128 letters, digits and hyphens").into());
    }
    if alert.camera_id != key.camera.as_str() {
        return Err(InvalidMessage::new("Alert", "camera_id", "differs from `frame_id.camera_id`").into());
    }
    if alert.began_at_us != 0 {
        time("Alert", "began_at_us", alert.began_at_us)?;
    }
    if alert.ended_at_us != 0 || alert.is_end() {
        time("Alert", "ended_at_us", alert.ended_at_us)?;
    }
    Ok((key, alert))
}

/// Parses and validates a camera's configuration. `key` is the key of the record, which must equal the camera's id.
pub fn read_camera(key: &[u8], bytes: &[u8]) -> Result<(CameraId, v1::CameraConfig), ReadError> {
    let config =
        v1::CameraConfig::decode(bytes).map_err(|source| ReadError::Parse { message: "CameraConfig", source })?;
    if config.id.as_bytes() != key {
        return Err(InvalidMessage::new("CameraConfig", "id", "differs from the record's key").into());
    }
    let id = camera(&config)?;
    Ok((id, config))
}

fn frame_key(message: &'static str, id: Option<&v1::FrameId>) -> Result<FrameKey, InvalidMessage> {
    match id {
        Some(id) => FrameKey::try_from(id),
        None => fail(message, "id", "is missing"),
    }
}

fn size(message: &'static str, width: u32, height: u32) -> Result<(), InvalidMessage> {
    if (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) {
        return Ok(());
    }
    fail(message, "width", format!("× height is {width}×{height}, not 1 to {MAX_SIDE} each"))
}

fn capture_time(message: &'static str, micros: i64) -> Result<(), InvalidMessage> {
    time(message, "captured_at_us", micros)
}

fn time(message: &'static str, field: &'static str, micros: i64) -> Result<(), InvalidMessage> {
    if CAPTURE_TIME_US.contains(&micros) {
        return Ok(());
    }
    fail(message, field, format!("is outside of the years 2000 to 2200: {micros}"))
}

#[cfg(test)]
mod tests {
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
    fn a_position_of_a_file_names_a_frame_a_topic_and_a_place() {
        let frame_id = Some(v1::FrameId { camera_id: "cam".to_owned(), session: 1, sequence: 9 });
        let valid = v1::FilePosition { frame_id, end_of_stream: true, topic_id: vec![0; 16], partition: 0, offset: 0 };
        let problem = |position: &v1::FilePosition| {
            read_file_position(position.encode_to_vec().into()).err().map(|error| error.to_string())
        };
        assert_eq!(problem(&valid), None);
        let nameless = v1::FilePosition { frame_id: None, ..valid.clone() };
        let without_topic = v1::FilePosition { topic_id: vec![0; 15], ..valid.clone() };
        let no_partition = v1::FilePosition { partition: -1, ..valid.clone() };
        let nowhere = v1::FilePosition { offset: -1, ..valid };
        for (position, field) in
            [(nameless, "id"), (without_topic, "topic_id"), (no_partition, "partition"), (nowhere, "offset")]
        {
            assert!(problem(&position).is_some_and(|why| why.contains(field)), "{position:?}");
        }
        assert!(read_file_position("no position".into()).is_err());
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
