//! Rules for messages beyond the types of their fields. Each service validates bytes once, where it reads them; all later code relies on
//! it.

use std::collections::HashSet;

use prost::Message as _;

use crate::error::InvalidMessage;
use crate::ids::{CameraId, FrameKey};
use crate::pull_source;
use crate::v1;

/// Maximum width and height of a picture in pixels. Larger sizes are decompression bombs.
pub const MAX_SIDE: u32 = 16_384;
/// Valid capture times, years 2000 to 2200, in microseconds since the Unix epoch. Other times come from a broken clock, and would create
/// partitions of PostgreSQL tables far away.
pub const CAPTURE_TIME_US: std::ops::Range<i64> = 946_684_800_000_000..7_258_118_400_000_000;

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
    if frame.payload.is_empty() && !frame.end_of_stream {
        return Err(InvalidMessage::new("Frame", "payload", "is empty").into());
    }
    Ok((key, frame))
}

/// Parses and validates the detections of a frame.
pub fn read_detections(bytes: bytes::Bytes) -> Result<(FrameKey, v1::FrameDetections), ReadError> {
    const NAME: &str = "FrameDetections";
    let detections = v1::FrameDetections::decode(bytes).map_err(|source| ReadError::Parse { message: NAME, source })?;
    let key = frame_key(NAME, detections.frame_id.as_ref())?;
    size(NAME, detections.source_width, detections.source_height)?;
    capture_time(NAME, detections.captured_at_us)?;
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
        let ascending = object.zones.is_sorted_by(|one, next| one < next);
        if !ascending || object.zones.last().is_some_and(|&last| last as usize >= detections.zone_ids.len()) {
            let problem = "is not a list of ascending indexes of `zone_ids`";
            return Err(InvalidMessage::new(NAME, "objects.zones", problem).into());
        }
    }
    Ok((key, detections))
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

/// Validates a camera's configuration from any source.
pub fn camera(config: &v1::CameraConfig) -> Result<CameraId, InvalidMessage> {
    const NAME: &str = "CameraConfig";
    let id: CameraId = config.id.parse()?;
    match &config.source {
        None => return fail(NAME, "source", "is missing: set one of pull, push and file"),
        Some(v1::camera_config::Source::Pull(pull)) => {
            credentials(pull.credentials.as_ref())?;
            pull_source::check(pull)?;
        }
        Some(v1::camera_config::Source::Push(push)) => {
            push_path(&push.path)?;
            match (credentials(push.credentials.as_ref())?, push.allow_anonymous) {
                (true, true) => {
                    let problem = "is set together with credentials: remove one of them";
                    return fail(NAME, "push.allow_anonymous", problem);
                }
                (false, false) => {
                    let problem = "are missing: set username and password, or allow_anonymous to let anyone publish";
                    return fail(NAME, "push.credentials", problem);
                }
                _ => {}
            }
        }
        Some(v1::camera_config::Source::File(file)) => {
            if file.path.is_empty() {
                return fail(NAME, "file.path", "is empty");
            }
            if i64::try_from(file.session).is_err() {
                return fail(NAME, "file.session", "does not fit in 63 bits");
            }
        }
    }
    if let Some(output) = &config.output {
        if !(output.max_fps.is_finite() && (0.0..=240.0).contains(&output.max_fps)) {
            return fail(NAME, "output.max_fps", "is not between 0 and 240");
        }
        if output.jpeg_quality > 100 {
            return fail(NAME, "output.jpeg_quality", "is not between 0 and 100");
        }
    }
    let mut zones = HashSet::new();
    for zone in &config.zones {
        if zone.id.is_empty() || !zones.insert(zone.id.as_str()) {
            return fail(NAME, "zones.id", format!("is empty or used twice: `{}`", zone.id));
        }
        if zone.polygon.len() < 3 || zone.polygon.len() > 1_000 {
            return fail(
                NAME,
                "zones.polygon",
                format!("of `{}` has {} corners, not 3 to 1000", zone.id, zone.polygon.len()),
            );
        }
        if !zone.polygon.iter().all(|p| (0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y)) {
            return fail(
                NAME,
                "zones.polygon",
                format!("of `{}` has a corner outside of 0 to 1 (fractions of the picture)", zone.id),
            );
        }
    }
    let mut rules = HashSet::new();
    for rule in &config.rules {
        if rule.id.is_empty() || !rules.insert(rule.id.as_str()) {
            return fail(NAME, "rules.id", format!("is empty or used twice: `{}`", rule.id));
        }
        match &rule.kind {
            None => return fail(NAME, "rules.kind", format!("of `{}` is missing", rule.id)),
            Some(v1::rule::Kind::ZonePresence(presence)) => {
                if !zones.contains(presence.zone_id.as_str()) {
                    return fail(
                        NAME,
                        "rules.zone_id",
                        format!("of `{}` names a zone that does not exist: `{}`", rule.id, presence.zone_id),
                    );
                }
            }
        }
    }
    Ok(id)
}

/// Whether a camera has credentials. Credentials that cannot log anyone in are an error, because a reader that ignored them would leave
/// the camera open. References are resolved where the camera runs, not here.
fn credentials(given: Option<&v1::Credentials>) -> Result<bool, InvalidMessage> {
    const NAME: &str = "Credentials";
    let Some(v1::Credentials { username, password }) = given else { return Ok(false) };
    for (field, text) in [("username", username), ("password", password)] {
        if text.is_empty() {
            return fail(NAME, field, "is empty: set both username and password, or neither");
        }
        if ["env:", "file:"].contains(&text.as_str()) {
            return fail(NAME, field, "is a reference without a name: write env:NAME or file:PATH");
        }
        if text.len() > 1_024 || text.chars().any(char::is_control) {
            return fail(NAME, field, "is longer than 1024 bytes or has a control character");
        }
    }
    Ok(true)
}

/// The characters that cannot be in a path of a URL, and the forms that clients write differently, are refused. Such a camera could
/// never be reached.
fn push_path(path: &str) -> Result<(), InvalidMessage> {
    let field = "push.path";
    if path.starts_with('/') || path.ends_with('/') || path.contains("//") {
        return fail("CameraConfig", field, "has a slash at an end or two in a row");
    }
    if path.len() > 512 || path.chars().any(|c| c.is_control() || matches!(c, '?' | '#' | '%' | '\\')) {
        return fail("CameraConfig", field, "is longer than 512 bytes or has a control character or one of ? # % \\");
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return fail("CameraConfig", field, "has a segment `.` or `..`, which clients remove");
    }
    Ok(())
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
    if CAPTURE_TIME_US.contains(&micros) {
        return Ok(());
    }
    fail(message, "captured_at_us", format!("is outside of the years 2000 to 2200: {micros}"))
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
    fn a_ground_position_is_finite() {
        let ground = |x_m| v1::DetectedObject {
            ground_position: Some(v1::GroundPosition { x_m, y_m: 0.0 }),
            ..Default::default()
        };
        assert_eq!(problem(&detections(ground(1.0))), None);
        assert!(problem(&detections(ground(f64::NAN))).is_some_and(|why| why.contains("ground_position")));
    }
}
