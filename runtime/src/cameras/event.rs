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
    /// Follows the cameras of each reading of the file; follows all cameras that the topic held at the start ([`Share::All`]);
    /// precedes the cameras of each new assignment ([`Share::Group`]).
    ///
    /// [`Share::All`]: super::Share::All
    /// [`Share::Group`]: super::Share::Group
    CaughtUp,
}
