//! Settings of the tracker.

use serde::Deserialize;

use super::association::{Rows, Stage};

/// Settings of the tracker; the defaults suit cameras of 5 to 30 frames a second that look at a street.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrackerConfig {
    /// Detections from this score on are assigned first and may bring back a lost track; 0.5 by default.
    pub high_score: f32,
    /// Detections from this score on may continue a track that was just seen; 0.1 by default.
    pub low_score: f32,
    /// Detections from this score on may start a track; 0.55 by default.
    pub new_track_score: f32,
    /// Frames in which a track must be seen before it is confirmed; 3 by default.
    pub confirm_frames: u32,
    /// Mean score of a track's detections from which on it is confirmed; 0.55 by default.
    pub confirm_score: f32,
    /// How long a track may be out of sight and still come back, microseconds; 2 s by default.
    pub max_lost_us: i64,
    /// How much boxes are grown on each side before they are compared, as a share of their size: what moves far between two
    /// frames still overlaps; 0.4 by default.
    pub growth: f32,
    /// Least overlap (IoU of the grown boxes) of a detection and the track it continues; 0.2 by default.
    pub min_overlap: f32,
    /// Most tracks at a time, those out of sight included; 2000 by default.
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

// A weak detection is often a part of a road user or of its neighbour, so it must lie closer.
const WEAK_MIN_OVERLAP: f32 = 0.45;
// What is new has no known speed yet.
const TENTATIVE_MIN_OVERLAP: f32 = 0.25;

impl TrackerConfig {
    /// Every problem of the values, as field and message; empty when they are fit for use.
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

    /// The stages of the association, in order.
    pub(super) fn stages(&self) -> [Stage; 3] {
        let strong = self.high_score..f32::INFINITY;
        [
            Stage {
                rows: Rows::Established,
                scores: strong.clone(),
                growth: self.growth,
                min_overlap: self.min_overlap,
            },
            Stage {
                rows: Rows::EstablishedInSight,
                scores: self.low_score..self.high_score,
                growth: self.growth / 2.0,
                min_overlap: WEAK_MIN_OVERLAP,
            },
            Stage {
                rows: Rows::Tentative,
                scores: strong,
                growth: self.growth,
                min_overlap: TENTATIVE_MIN_OVERLAP.max(self.min_overlap),
            },
        ]
    }
}
