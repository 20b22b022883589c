use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a camera showed in its newest analysed frame. Numbers of classes, kinds and severities are those of the messages
/// (`vru.v1`). A field that another version does not write has its default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LiveCamera {
    /// Who analysed it.
    pub worker: String,
    /// Of a file.
    pub file: bool,
    pub captured_at_us: i64,
    /// When its analysis was done.
    pub analysed_at_us: i64,
    /// Analysed frames a second of capture time, over the last seconds; 0 if there was one frame only.
    pub frame_rate: f64,
    /// Size of the camera's picture.
    pub width: u32,
    pub height: u32,
    /// Confirmed tracks by class; each class that the model can find is there.
    pub objects: BTreeMap<i32, u32>,
    /// The same for each zone of the camera.
    pub zones: BTreeMap<String, BTreeMap<i32, u32>>,
    /// The alerts that go on.
    pub alerts: Vec<LiveAlert>,
}

/// An alert that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LiveAlert {
    pub rule_id: String,
    pub zone_id: String,
    pub kind: i32,
    pub severity: i32,
    pub class: i32,
    pub track_ids: Vec<u64>,
    pub occurrence: u32,
    pub began_at_us: i64,
}

/// A state to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    pub camera: String,
    pub state: LiveCamera,
    /// Whether there is a new frame; otherwise only alerts ended, and the state does not become younger.
    pub new_frame: bool,
}

/// A state that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub state: LiveCamera,
    /// How long ago the newest frame was written, by the clock of the store.
    pub age: Duration,
}

/// A pod of ingest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IngestPod {
    pub name: String,
    pub started_at_us: i64,
    pub version: String,
    /// Frames that it has dropped since it started, by camera and reason.
    pub dropped_frames: BTreeMap<String, BTreeMap<String, u64>>,
}

/// A worker of inference.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Worker {
    pub name: String,
    /// Cameras of which it has analysed a frame within the last minute.
    pub cameras: u64,
    pub started_at_us: i64,
    pub version: String,
    /// Frames that it has not analysed since it started, by reason.
    pub dropped_frames: BTreeMap<String, u64>,
}
