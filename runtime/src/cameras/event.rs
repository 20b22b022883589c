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
    /// Its position among the other events:
    /// - from a file: after the cameras of each reading;
    /// - from the topic with [`Share::All`]: after all cameras that the topic held at the start;
    /// - from the topic with [`Share::Group`]: before the cameras of each new assignment.
    ///
    /// [`Share::All`]: super::Share::All
    /// [`Share::Group`]: super::Share::Group
    CaughtUp,
}
