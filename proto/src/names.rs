//! Names that every stage must spell alike: topics, headers, object keys.

use crate::time::utc;

/// Encoded pictures ([`crate::v1::Frame`]), key = camera id.
pub const TOPIC_FRAMES: &str = "vru.frames";
/// What was found in them ([`crate::v1::FrameDetections`]), key = camera id.
pub const TOPIC_DETECTIONS: &str = "vru.detections";
/// [`crate::v1::Alert`], key = camera id.
pub const TOPIC_ALERTS: &str = "vru.alerts";
/// [`crate::v1::CameraConfig`], compacted, key = camera id.
pub const TOPIC_CAMERAS: &str = "vru.cameras";
/// Records that could not be read, as they came, with the headers below.
pub const TOPIC_DEAD_LETTERS: &str = "vru.dead-letters";

/// W3C trace context.
pub const HEADER_TRACEPARENT: &str = "traceparent";
/// On a dead letter: why it is one.
pub const HEADER_REASON: &str = "vru-reason";
/// On a dead letter: the topic it came from.
pub const HEADER_SOURCE_TOPIC: &str = "vru-source-topic";
/// On a dead letter: the partition it came from, decimal.
pub const HEADER_SOURCE_PARTITION: &str = "vru-source-partition";
/// On a dead letter: its offset there, decimal.
pub const HEADER_SOURCE_OFFSET: &str = "vru-source-offset";

/// gRPC trailer that carries the token to resume from.
pub const METADATA_RESUME_TOKEN: &str = "vru-resume-token";

/// Where the picture of an alert lies in the store's bucket: known to whoever raises the alert, before it is written.
pub fn snapshot_key(captured_at_us: i64, camera: &str, alert_id: &str) -> String {
    format!("snapshots/{}/{camera}/{alert_id}.jpg", utc(captured_at_us).date())
}

/// Where the short video around an alert lies in the store's bucket.
pub fn clip_key(captured_at_us: i64, camera: &str, alert_id: &str) -> String {
    format!("clips/{}/{camera}/{alert_id}.mp4", utc(captured_at_us).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_day_camera_and_alert() {
        assert_eq!(snapshot_key(0, "cam-1", "a-1"), "snapshots/1970-01-01/cam-1/a-1.jpg");
        assert_eq!(clip_key(0, "cam-1", "a-1"), "clips/1970-01-01/cam-1/a-1.mp4");
    }
}
