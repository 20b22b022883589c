//! Tracking: which road user of this frame is which of the last.
//!
//! One [`Tracker`] per session of a camera, fed in the order of capture. Each track has a constant-velocity Kalman filter;
//! strong detections are assigned to the predicted boxes first, then weak ones to the tracks still seen in the frame before,
//! then what is left starts tentative tracks. A track that is not seen is kept for a while and may come back under its id.
//! The same detections at the same times give the same tracks.

mod association;
mod candidates;
mod clock;
mod config;
mod kalman;
#[cfg(test)]
mod tests;
mod track;

pub use config::TrackerConfig;

use association::{Row, Stage, associate};
use clock::TrackClock;
use track::Track;

use crate::detection::Detection;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

/// How far a track is to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackState {
    /// Not seen often or clearly enough.
    Tentative,
    /// Seen often and clearly enough.
    Confirmed,
}

/// A road user of the current frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackedObject {
    /// From 1, unique within the tracker's life.
    pub track_id: u64,
    /// How far it is to be believed.
    pub state: TrackState,
    /// Smoothed box, in pixels of the camera's own picture.
    pub rect: Rect,
    /// What it was most of the time.
    pub class: RoadUserClass,
    /// Score of this frame's detection.
    pub score: f32,
    /// Position of this frame's detection in the input.
    pub detection: usize,
}

/// Tracks the road users of one camera's session.
#[derive(Debug)]
pub struct Tracker {
    config: TrackerConfig,
    clock: TrackClock,
    // By rising id.
    tracks: Vec<Track>,
    last_id: u64,
    refused: u64,
}

impl Tracker {
    /// With no track.
    pub fn new(config: TrackerConfig) -> Self {
        Self { config, clock: TrackClock::default(), tracks: Vec::new(), last_id: 0, refused: 0 }
    }

    /// Takes the detections of the next frame, captured at that time (microseconds of any clock), and returns the road users
    /// that are tracked in it, by rising id. Weak detections that belong to no track are left out.
    pub fn update(&mut self, captured_at_us: i64, detections: &[Detection]) -> Vec<TrackedObject> {
        self.advance(captured_at_us, detections, self.config.new_track_score)
    }

    /// Takes a frame that another tracker has reported on: each of the detections belongs to a track there, which may have
    /// begun long before, so also a weak one starts a track here; and what was confirmed there is so here.
    pub fn replay(&mut self, captured_at_us: i64, reported: &[(Detection, TrackState)]) -> Vec<TrackedObject> {
        let detections: Vec<Detection> = reported.iter().map(|(detection, _)| *detection).collect();
        let mut objects = self.advance(captured_at_us, &detections, f32::NEG_INFINITY);
        for object in &mut objects {
            if reported[object.detection].1 == TrackState::Confirmed
                && let Some(track) = self.tracks.iter_mut().find(|track| track.id == object.track_id)
            {
                track.establish();
                object.state = TrackState::Confirmed;
            }
        }
        objects
    }

    fn advance(&mut self, captured_at_us: i64, detections: &[Detection], new_track_score: f32) -> Vec<TrackedObject> {
        let step = self.clock.advance(captured_at_us);
        for track in &mut self.tracks {
            track.predict(step.seconds);
        }
        let mut open: Vec<usize> = (0..detections.len()).filter(|&at| is_usable(&detections[at])).collect();
        // The detection in which each track is seen.
        let mut seen: Vec<Option<usize>> = vec![None; self.tracks.len()];
        for stage in self.config.stages() {
            self.run_stage(&stage, detections, &mut open, &mut seen);
        }

        let now_us = self.clock.now_us();
        for (track, &seen) in self.tracks.iter_mut().zip(&seen) {
            match seen {
                Some(at) => track.observe(&detections[at], now_us, &self.config),
                None => track.miss(),
            }
        }
        self.start_tracks(detections, &open, &mut seen, new_track_score);
        let objects = self
            .tracks
            .iter()
            .zip(&seen)
            .filter_map(|(track, &seen)| seen.map(|at| track.object(at, detections[at].score, &self.config)))
            .collect();
        self.tracks.retain(|track| !track.is_over(now_us, &self.config));
        objects
    }

    /// Whether the track may still be seen again.
    pub fn is_alive(&self, track_id: u64) -> bool {
        self.tracks.binary_search_by_key(&track_id, |track| track.id).is_ok()
    }

    /// How many tracks there are, with those out of sight.
    pub fn track_count(&self) -> usize {
        self.tracks.len()
    }

    /// How many detections could not start a track because there were too many.
    pub fn refused_tracks(&self) -> u64 {
        self.refused
    }

    fn run_stage(&self, stage: &Stage, detections: &[Detection], open: &mut Vec<usize>, seen: &mut [Option<usize>]) {
        let rows: Vec<Row> = self
            .tracks
            .iter()
            .enumerate()
            .filter(|&(row, track)| seen[row].is_none() && stage.takes(track))
            .map(|(row, track)| Row { index: row, rect: track.rect(), class: track.class() })
            .collect();
        let columns: Vec<usize> =
            open.iter().copied().filter(|&at| stage.scores.contains(&detections[at].score)).collect();
        let mut taken = vec![false; detections.len()];
        for (row, at) in associate(stage, &rows, detections, &columns) {
            seen[row] = Some(at);
            taken[at] = true;
        }
        open.retain(|&at| !taken[at]);
    }

    fn start_tracks(
        &mut self,
        detections: &[Detection],
        open: &[usize],
        seen: &mut Vec<Option<usize>>,
        new_track_score: f32,
    ) {
        for &at in open {
            let detection = &detections[at];
            if detection.score < new_track_score {
                continue;
            }
            if self.tracks.len() >= self.config.max_tracks && !self.drop_longest_lost(seen) {
                self.refused += 1;
                continue;
            }
            self.last_id += 1;
            self.tracks.push(Track::start(self.last_id, detection, self.clock.now_us(), &self.config));
            seen.push(Some(at));
        }
    }

    /// Makes room for a track in sight at the cost of the one that has been out of sight for the longest time.
    fn drop_longest_lost(&mut self, seen: &mut Vec<Option<usize>>) -> bool {
        let lost = (0..self.tracks.len()).filter(|&row| seen[row].is_none());
        let Some(row) = lost.min_by_key(|&row| (self.tracks[row].last_seen_us(), self.tracks[row].id)) else {
            return false;
        };
        self.tracks.remove(row);
        seen.remove(row);
        true
    }
}

fn is_usable(detection: &Detection) -> bool {
    detection.rect.is_valid() && detection.score.is_finite()
}
