//! The state of one track.

use super::config::TrackerConfig;
use super::kalman::Motion;
use super::tracked_object::{TrackState, TrackedObject};
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;

// Factor on older votes for the class, per detection.
const VOTE_DECAY: f32 = 0.9;
// A weak detection often covers only a part of the road user, so its box is a poor measurement of the whole.
const WEAK_TRUST: f32 = 0.25;
// The confidence in a track is a mean over the scores of about its last ten detections.
const CONFIDENCE_FRAMES: u32 = 10;
// A confirmed track becomes tentative again below this share of the confidence that confirms a track. A road user who is partly
// occluded for some time has lower scores; a lamp post that resembles one always has low scores.
const DOUBT: f32 = 0.8;

#[derive(Debug, Clone)]
pub(super) struct Track {
    pub id: u64,
    motion: Motion,
    votes: [f32; RoadUserClass::ALL.len()],
    frames_seen: u32,
    // Mean score, with the last detections weighted most.
    confidence: f32,
    // Has been confirmed once, so that the track is kept while it has no detection.
    established: bool,
    last_seen_us: i64,
    // Has a detection in the current frame.
    in_sight: bool,
}

impl Track {
    pub fn start(id: u64, detection: &Detection, now_us: i64, config: &TrackerConfig) -> Self {
        let mut track = Self {
            id,
            motion: Motion::new(&detection.rect),
            votes: [0.0; RoadUserClass::ALL.len()],
            frames_seen: 0,
            confidence: 0.0,
            established: false,
            last_seen_us: now_us,
            in_sight: true,
        };
        track.record(detection, now_us, config);
        track
    }

    pub fn predict(&mut self, seconds: f32) {
        self.motion.predict(seconds);
    }

    pub fn observe(&mut self, detection: &Detection, now_us: i64, config: &TrackerConfig) {
        let trust = if detection.score >= config.high_score { 1.0 } else { WEAK_TRUST };
        self.motion.update(&detection.rect, trust);
        self.record(detection, now_us, config);
    }

    pub fn miss(&mut self) {
        self.in_sight = false;
    }

    /// Whether the track has ended. A track that has been confirmed ends after `max_lost_us` without a detection, any other with
    /// the first frame without one.
    pub fn is_over(&self, now_us: i64, config: &TrackerConfig) -> bool {
        let lost_us = now_us - self.last_seen_us;
        let may_return = self.established && lost_us <= config.max_lost_us;
        !(self.in_sight || may_return) || !self.motion.is_finite()
    }

    pub fn rect(&self) -> Rect {
        self.motion.rect()
    }

    pub fn class(&self) -> RoadUserClass {
        let mut best = 0;
        for (at, votes) in self.votes.iter().enumerate() {
            if *votes > self.votes[best] {
                best = at;
            }
        }
        RoadUserClass::ALL[best]
    }

    /// Marks the track as confirmed before.
    pub fn establish(&mut self) {
        self.established = true;
    }

    pub fn is_established(&self) -> bool {
        self.established
    }

    pub fn is_in_sight(&self) -> bool {
        self.in_sight
    }

    pub fn last_seen_us(&self) -> i64 {
        self.last_seen_us
    }

    pub fn object(&self, detection: usize, score: f32, config: &TrackerConfig) -> TrackedObject {
        let confident = self.established && self.confidence >= config.confirm_score * DOUBT;
        let state = if confident { TrackState::Confirmed } else { TrackState::Tentative };
        TrackedObject { track_id: self.id, state, rect: self.rect(), class: self.class(), score, detection }
    }

    fn record(&mut self, detection: &Detection, now_us: i64, config: &TrackerConfig) {
        for votes in &mut self.votes {
            *votes *= VOTE_DECAY;
        }
        self.votes[detection.class as usize] += detection.score.max(0.0);
        self.frames_seen = self.frames_seen.saturating_add(1);
        self.last_seen_us = now_us;
        self.in_sight = true;
        self.confidence += (detection.score - self.confidence) / self.frames_seen.min(CONFIDENCE_FRAMES) as f32;
        self.established |= self.frames_seen >= config.confirm_frames && self.confidence >= config.confirm_score;
    }
}
