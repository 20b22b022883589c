//! Names that all stages share: topics, headers, object keys.

use crate::time::utc;

/// Encoded pictures of live cameras ([`crate::v1::Frame`]), key = camera id.
pub const TOPIC_FRAMES: &str = "vru.frames";
/// Encoded pictures of files ([`crate::v1::Frame`]), key = camera id.
pub const TOPIC_FILE_FRAMES: &str = "vru.file-frames";
/// How far files are published ([`crate::v1::FilePosition`]), compacted, key = [`file_position_key`], and what is wrong with them
/// ([`crate::v1::FileFault`]), key = [`file_fault_key`], all in the partition [`FILE_POSITIONS_PARTITION`].
pub const TOPIC_FILE_POSITIONS: &str = "vru.file-positions";
/// So that a key stays in its partition when somebody adds partitions.
pub const FILE_POSITIONS_PARTITION: i32 = 0;
/// Results of analysed frames ([`crate::v1::FrameDetections`]), key = camera id.
pub const TOPIC_DETECTIONS: &str = "vru.detections";
/// Alerts ([`crate::v1::Alert`]), key = camera id.
pub const TOPIC_ALERTS: &str = "vru.alerts";
/// Camera configurations ([`crate::v1::CameraConfig`]), compacted, key = camera id.
pub const TOPIC_CAMERAS: &str = "vru.cameras";
/// Cameras that ingest tries once ([`crate::v1::CameraTest`]), key = id of the test.
pub const TOPIC_CAMERA_TESTS: &str = "vru.camera-tests";
/// Pictures of these cameras on their way to inference, which blurs them ([`crate::v1::CameraTestPicture`]), key = id of the test.
pub const TOPIC_CAMERA_TEST_PICTURES: &str = "vru.camera-test-pictures";
/// What came of it ([`crate::v1::CameraTestReport`]), key = id of the test.
pub const TOPIC_CAMERA_TEST_REPORTS: &str = "vru.camera-test-reports";
/// Records that could not be read, unchanged unless they are too large, with the headers below.
pub const TOPIC_DEAD_LETTERS: &str = "vru.dead-letters";

/// W3C trace context.
pub const HEADER_TRACEPARENT: &str = "traceparent";
/// On a dead letter: why the record could not be read.
pub const HEADER_REASON: &str = "vru-reason";
/// On a dead letter: the topic of the record.
pub const HEADER_SOURCE_TOPIC: &str = "vru-source-topic";
/// On a dead letter: the partition of the record, decimal.
pub const HEADER_SOURCE_PARTITION: &str = "vru-source-partition";
/// On a dead letter: the offset of the record, decimal.
pub const HEADER_SOURCE_OFFSET: &str = "vru-source-offset";

/// On a dead letter whose payload was cut because Kafka does not accept it whole: the size of the record's payload in bytes, decimal.
pub const HEADER_ORIGINAL_BYTES: &str = "vru-original-bytes";
/// On such a dead letter: SHA-256 of the record's whole payload, hexadecimal.
pub const HEADER_ORIGINAL_SHA256: &str = "vru-original-sha256";

/// gRPC trailer with the token to resume from.
pub const METADATA_RESUME_TOKEN: &str = "vru-resume-token";

/// The key of an alert's picture in the S3 bucket. Inference puts it into the alert before the sink writes the object.
pub fn snapshot_key(captured_at_us: i64, camera: &str, alert_id: &str) -> String {
    format!("snapshots/{}/{camera}/{alert_id}.jpg", utc(captured_at_us).date())
}

/// The key of the short video around an alert in the S3 bucket.
pub fn clip_key(captured_at_us: i64, camera: &str, alert_id: &str) -> String {
    format!("clips/{}/{camera}/{alert_id}.mp4", utc(captured_at_us).date())
}

/// The key of a file's position. No camera id contains a slash.
pub fn file_position_key(camera: &str, session: u64) -> String {
    format!("{camera}/{session}")
}

/// The end of the key of [`crate::v1::FileFault`].
const FAULT: &str = "/fault";

/// The key of what is wrong with a file, on the topic of positions.
pub fn file_fault_key(camera: &str, session: u64) -> String {
    format!("{}{FAULT}", file_position_key(camera, session))
}

/// Tells it from the key of a position.
pub fn is_file_fault_key(key: &[u8]) -> bool {
    key.ends_with(FAULT.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_contain_day_camera_and_alert() {
        assert_eq!(snapshot_key(0, "cam-1", "a-1"), "snapshots/1970-01-01/cam-1/a-1.jpg");
        assert_eq!(clip_key(0, "cam-1", "a-1"), "clips/1970-01-01/cam-1/a-1.mp4");
    }
}
