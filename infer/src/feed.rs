//! The frames of a camera that come on one topic.

use std::fmt;

use vru_proto::{CameraId, v1};
use vru_runtime::kafka::Topics;

/// A camera's live frames, or its frames of files. A camera whose source changes has both for a while. They come on different topics, so
/// two workers may have them: each feed is ordered, tracked, taken over and ended for itself
/// ([why](../../docs/decisions/0051-files-on-a-topic-of-their-own.md)).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feed {
    pub camera: CameraId,
    pub kind: FeedKind,
}

/// What a feed consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeedKind {
    /// Old frames may be dropped for new ones.
    Live,
    /// Every frame is analysed.
    File,
}

impl FeedKind {
    pub fn topic(self, topics: &Topics) -> &str {
        match self {
            Self::Live => topics.of_frames(v1::Delivery::Live),
            Self::File => topics.of_frames(v1::Delivery::EveryFrame),
        }
    }

    pub fn of(delivery: v1::Delivery) -> Self {
        match delivery {
            v1::Delivery::EveryFrame => Self::File,
            v1::Delivery::Live | v1::Delivery::Unspecified => Self::Live,
        }
    }
}

impl Feed {
    /// The feed that a published frame was of.
    pub fn of_published(camera: CameraId, published: &v1::FrameDetections) -> Self {
        Self { camera, kind: FeedKind::of(published.delivery()) }
    }

    /// All feeds that a camera may have.
    pub fn all_of(camera: &CameraId) -> [Self; 2] {
        [FeedKind::Live, FeedKind::File].map(|kind| Self { camera: camera.clone(), kind })
    }

    /// Whether more frames may come however long none has come: the time of a file passes with its frames, and it stands still while its
    /// consumers are slow.
    pub fn waits_for_frames(&self, config: Option<&v1::CameraConfig>) -> bool {
        let is_file = |source: &v1::camera_config::Source| matches!(source, v1::camera_config::Source::File(_));
        self.kind == FeedKind::File && config.and_then(|config| config.source.as_ref()).is_some_and(is_file)
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.camera.fmt(f)
    }
}
