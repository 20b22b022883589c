//! What a record of the alerts' topic is.

use crate::v1::{Alert, AlertKind, AlertState, CrossingDirection, EndReason, RoadUserClass};

impl Alert {
    /// Whether it says that the situation of an alert is over. The alert itself was raised by an earlier record with the same id.
    pub fn is_end(&self) -> bool {
        self.state() == AlertState::Ended
    }

    /// Whether it is one crossing of a line: a count, which needs nobody's attention.
    pub fn is_crossing(&self) -> bool {
        self.kind() == AlertKind::LineCrossing
    }

    /// The key of its clip, whether or not its pictures are blurred; empty if it has none.
    pub fn stored_clip_key(&self) -> &str {
        if self.clip_key.is_empty() { &self.blurred_clip_key } else { &self.clip_key }
    }

    /// Whether it raises an alert for somebody's attention.
    pub fn is_raised(&self) -> bool {
        !self.is_end() && !self.is_crossing()
    }
}

impl CrossingDirection {
    /// The word for texts, labels and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "unknown",
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

impl RoadUserClass {
    /// The word for texts, labels and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "unknown",
            Self::Pedestrian => "pedestrian",
            Self::Cyclist => "cyclist",
            Self::Motorcyclist => "motorcyclist",
            Self::Car => "car",
            Self::Bus => "bus",
            Self::Truck => "truck",
        }
    }
}

impl AlertKind {
    /// The word for texts and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unspecified | Self::Presence => "presence",
            Self::Dwell => "dwell",
            Self::LineCrossing => "line crossing",
        }
    }
}

impl EndReason {
    /// The word for texts and JSON; empty if it is not known.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "",
            Self::Left => "left",
            Self::TrackLost => "track lost",
            Self::RuleChanged => "rule changed",
            Self::CameraRemoved => "camera removed",
            Self::CameraSilent => "camera silent",
            Self::SessionEnded => "session ended",
            Self::StreamEnded => "stream ended",
            Self::ProgramStopped => "program stopped",
        }
    }
}
