//! The settings of the tracker.

use serde::Deserialize;

/// The settings of the tracker. The defaults are for street cameras with 5 to 30 frames per second.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrackerConfig {
    /// Detections with at least this score are associated first and can continue a lost track; 0.5 by default.
    pub high_score: f32,
    /// Detections with at least this score can continue a track that was detected in the previous frame; 0.1 by default.
    pub low_score: f32,
    /// Detections with at least this score can start a track; 0.55 by default.
    pub new_track_score: f32,
    /// Number of frames with a detection before a track is confirmed; 3 by default.
    pub confirm_frames: u32,
    /// Minimum mean score of a track's detections before it is confirmed; 0.55 by default.
    pub confirm_score: f32,
    /// How long a track without detections is kept, in microseconds; 2 s by default.
    pub max_lost_us: i64,
    /// How far boxes are extended on each side before they are compared, as a share of their size, so that the boxes of a fast
    /// road user still overlap from frame to frame; 0.4 by default.
    pub growth: f32,
    /// Minimum IoU of the extended boxes of a detection and the track that it continues; 0.2 by default.
    pub min_overlap: f32,
    /// Maximum number of tracks, including lost ones; 2000 by default.
    pub max_tracks: usize,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            high_score: 0.5,
            low_score: 0.1,
            new_track_score: 0.55,
            confirm_frames: 3,
            confirm_score: 0.55,
            max_lost_us: 2_000_000,
            growth: 0.4,
            min_overlap: 0.2,
            max_tracks: 2000,
        }
    }
}

impl TrackerConfig {
    /// Every invalid value, as field and message; empty if the settings are valid.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let share = |value: f32| value.is_finite() && (0.0..=1.0).contains(&value);
        let mut problems = Vec::new();
        let mut require = |holds: bool, field, message| {
            if !holds {
                problems.push((field, message));
            }
        };
        require(share(self.high_score), "high_score", "must be 0 to 1");
        require(share(self.low_score), "low_score", "must be 0 to 1");
        require(self.low_score <= self.high_score, "low_score", "must not be above high_score");
        require(share(self.new_track_score), "new_track_score", "must be 0 to 1");
        require(self.confirm_frames > 0, "confirm_frames", "must be 1 or more");
        require(share(self.confirm_score), "confirm_score", "must be 0 to 1");
        require(self.max_lost_us >= 0, "max_lost_us", "must not be negative");
        require(self.growth.is_finite() && (0.0..=2.0).contains(&self.growth), "growth", "must be 0 to 2");
        require(share(self.min_overlap) && self.min_overlap > 0.0, "min_overlap", "must be above 0 and at most 1");
        require(self.max_tracks > 0, "max_tracks", "must be 1 or more");
        problems
    }
}
