//! The settings of the tracker.

use serde::Deserialize;

/// The settings of the tracker. The defaults are for street cameras with 2 to 30 frames per second. Durations are in seconds of
/// capture time, so that they mean the same at every frame rate.
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
    /// How long a track must have been detected before it is confirmed; 0.15 s by default.
    pub confirm_seconds: f32,
    /// Minimum mean score of a track's detections before it is confirmed; 0.55 by default.
    pub confirm_score: f32,
    /// How long a track without detections is kept; 2 s by default.
    pub max_lost_seconds: f32,
    /// How far boxes are extended on each side before they are compared, as a share of their size, so that the boxes of a fast
    /// road user still overlap from frame to frame; 0.4 by default.
    pub growth: f32,
    /// Minimum IoU of the extended boxes of a detection and the track that it continues; 0.2 by default.
    pub min_overlap: f32,
    /// How much it counts whether a detection looks like the track, 0 (not at all) to 4; 2 by default.
    pub appearance: f32,
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
            confirm_seconds: 0.15,
            confirm_score: 0.55,
            max_lost_seconds: 2.0,
            growth: 0.4,
            min_overlap: 0.2,
            appearance: 2.0,
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
        require((1..=1000).contains(&self.confirm_frames), "confirm_frames", "must be 1 to 1000");
        require((0.0..=60.0).contains(&self.confirm_seconds), "confirm_seconds", "must be 0 to 60");
        require(share(self.confirm_score), "confirm_score", "must be 0 to 1");
        require((0.0..=60.0).contains(&self.max_lost_seconds), "max_lost_seconds", "must be 0 to 60");
        require((0.0..=2.0).contains(&self.growth), "growth", "must be 0 to 2");
        require(share(self.min_overlap) && self.min_overlap > 0.0, "min_overlap", "must be above 0 and at most 1");
        require((0.0..=4.0).contains(&self.appearance), "appearance", "must be 0 to 4");
        require((1..=100_000).contains(&self.max_tracks), "max_tracks", "must be 1 to 100000");
        problems
    }

    pub(super) fn max_lost_us(&self) -> i64 {
        micros(self.max_lost_seconds)
    }
}

/// A duration of the settings in microseconds.
pub(super) fn micros(seconds: f32) -> i64 {
    (f64::from(seconds) * 1e6) as i64
}
