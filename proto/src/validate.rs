//! Rules for messages beyond the types of their fields. Each service validates bytes once, where it reads them; all later code relies on
//! it.

mod camera;
mod camera_test;
mod detections;

use prost::Message as _;

use crate::error::InvalidMessage;
use crate::ids::{CameraId, FrameKey};
use crate::v1;
pub use camera::{camera, view};
pub use camera_test::{
    MAX_SNAPSHOT_BYTES, MAX_SNAPSHOT_SIDE, MAX_TEST_MS, read_camera_test, read_camera_test_picture,
    read_camera_test_report,
};
pub use detections::{
    MAX_COUNTED, MAX_OPEN_ALERTS, MAX_PASSAGES, MAX_RULE_STATE_BYTES, MAX_TRACKER_STATE_BYTES, MAX_WATCHED_GAP_US,
    is_place_id, read_detections,
};

/// Maximum width and height of a picture in pixels. Larger sizes are decompression bombs.
pub const MAX_SIDE: u32 = 16_384;
/// Valid capture times, years 2000 to 2200, in microseconds since the Unix epoch. Other times come from a broken clock, and would create
/// partitions of PostgreSQL tables far away.
pub const CAPTURE_TIME_US: std::ops::Range<i64> = 946_684_800_000_000..7_258_118_400_000_000;

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
    if i64::try_from(position.expected_frames).is_err() {
        return Err(InvalidMessage::new(NAME, "expected_frames", "does not fit in 63 bits").into());
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
    if fault.is_final && fault.is_damage {
        return Err(InvalidMessage::new(NAME, "is_damage", "is set beside `is_final`").into());
    }
    Ok(fault)
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

    #[test]
    fn a_position_of_a_file_names_a_frame_a_topic_and_a_place() {
        let frame_id = Some(v1::FrameId { camera_id: "cam".to_owned(), session: 1, sequence: 9 });
        let valid = v1::FilePosition {
            frame_id,
            end_of_stream: true,
            topic_id: vec![0; 16],
            partition: 0,
            offset: 0,
            expected_frames: 0,
        };
        let problem = |position: &v1::FilePosition| {
            read_file_position(position.encode_to_vec().into()).err().map(|error| error.to_string())
        };
        assert_eq!(problem(&valid), None);
        let nameless = v1::FilePosition { frame_id: None, ..valid.clone() };
        let without_topic = v1::FilePosition { topic_id: vec![0; 15], ..valid.clone() };
        let no_partition = v1::FilePosition { partition: -1, ..valid.clone() };
        let endless = v1::FilePosition { expected_frames: 1 << 63, ..valid.clone() };
        let nowhere = v1::FilePosition { offset: -1, ..valid };
        for (position, field) in [
            (nameless, "id"),
            (without_topic, "topic_id"),
            (no_partition, "partition"),
            (nowhere, "offset"),
            (endless, "expected_frames"),
        ] {
            assert!(problem(&position).is_some_and(|why| why.contains(field)), "{position:?}");
        }
        assert!(read_file_position("no position".into()).is_err());
    }
}
