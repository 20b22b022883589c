use std::sync::Arc;

use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;

/// A change of the camera configuration.
#[derive(Debug, Clone)]
pub enum CameraEvent {
    /// The camera is new or its configuration changed. The camera is enabled: a disabled one is sent as `Remove`.
    Upsert(CameraId, Arc<CameraConfig>),
    /// The camera was removed or disabled, or Kafka assigned it to another member of the group.
    Remove(CameraId),
    /// Every camera that the source held was sent, in its last version: after each reading of a file; after each reading of the topic,
    /// or of the member's partitions of it, to its end. It is read again after each change of the assignment.
    CaughtUp,
}
