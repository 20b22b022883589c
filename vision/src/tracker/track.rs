//! The state of one track.

use super::config::{TrackerConfig, micros};
use super::kalman::Motion;
use super::parking::Parking;
use super::track_box::TrackBox;
use super::tracked_object::{TrackState, TrackedObject};
use crate::appearance::Look;
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::road_user::RoadUserClass;
use crate::state_codec::{StateError, StateReader, StateWriter};

// Time constant of the memory of classes and scores.
const MEMORY_S: f32 = 0.95;
// After a longer pause, the detection before it still says something.
const MAX_FORGOTTEN_S: f32 = 0.5;
// A weak detection often covers only a part of the road user, so its box is a poor measurement of the whole.
const WEAK_TRUST: f32 = 0.35;
// A confirmed track becomes tentative again below this share of the confidence that confirms a track. A road user who is partly
// occluded for some time has lower scores; a lamp post that resembles one always has low scores.
const DOUBT: f32 = 0.8;
// At a high frame rate a road user is missed for a frame now and then. Shorter than the interval at 10 frames per second, at which
// a detection that flickers is none.
const TENTATIVE_LOST_S: f32 = 0.07;
// At a high frame rate, "detected in the previous frame" is too short a time.
const IN_SIGHT_S: f32 = 0.12;

// The reported box lies between the detection and the filter's box: the detection jumps where somebody is partly hidden, the filter
// lags where somebody turns.
const SMOOTHING: f32 = 0.5;
// The filter does not know the speed of a new track.
const SMOOTHING_AFTER_S: f32 = 1.0;

/// What a frame's boxes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// Those that the model found.
    Detected,
    /// Those that another tracker has reported.
    Reported,
}

#[derive(Debug, Clone)]
pub(super) struct Track {
    pub id: u64,
    motion: Motion,
    // Where it was detected last, smoothed.
    reported: Rect,
    look: Option<Look>,
    parking: Parking,
    votes: [f32; RoadUserClass::ALL.len()],
    frames_seen: u32,
    first_seen_us: i64,
    // Mean score, with the last detections weighted most.
    confidence: f32,
    // Has been confirmed once, so that the track is kept while it has no detection.
    established: bool,
    last_seen_us: i64,
    // When it was last reported: a parked bicycle is seen and not reported.
    last_reported_us: i64,
    // Has a detection in the current frame.
    in_sight: bool,
}

impl Track {
    pub fn start(id: u64, detection: &Detection, now_us: i64, config: &TrackerConfig) -> Self {
        let mut track = Self {
            id,
            motion: Motion::new(&detection.rect),
            reported: detection.rect,
            look: None,
            parking: Parking::start(&detection.rect),
            votes: [0.0; RoadUserClass::ALL.len()],
            frames_seen: 0,
            first_seen_us: now_us,
            confidence: 0.0,
            established: false,
            last_seen_us: now_us,
            last_reported_us: now_us,
            in_sight: true,
        };
        track.record(detection, now_us, config);
        track
    }

    pub fn predict(&mut self, seconds: f32) {
        self.motion.predict(seconds);
    }

    /// Records the detection of this frame.
    pub fn observe(&mut self, detection: &Detection, now_us: i64, config: &TrackerConfig, input: Input) {
        let trust = if detection.score >= config.high_score { 1.0 } else { WEAK_TRUST };
        self.reported = match input {
            Input::Detected => {
                let mut motion = self.motion;
                motion.update(&detection.rect, trust);
                let age_s = (now_us - self.first_seen_us) as f32 / 1e6;
                detection.rect.towards(&motion.rect(), SMOOTHING * (age_s / SMOOTHING_AFTER_S).min(1.0))
            }
            Input::Reported => detection.rect,
        };
        // From the smoothed box, so that a tracker which only knows what was reported learns nearly the same.
        self.motion.update(&self.reported, trust);
        self.record(detection, now_us, config);
    }

    /// Learns what the road user looks like. If the detection is `crowded`, its picture shows others, too.
    pub fn look_at(&mut self, detection: &Detection, crowded: bool) {
        match (&mut self.look, detection.appearance) {
            (Some(look), Some(seen)) if !crowded => look.learn(&seen),
            (None, Some(seen)) => self.look = Some(Look::of(&seen)),
            _ => {}
        }
    }

    pub fn miss(&mut self) {
        self.in_sight = false;
    }

    /// Whether the track has ended: one that has been confirmed ends after `max_lost_seconds` without a detection, any other
    /// much earlier.
    pub fn is_over(&self, now_us: i64, config: &TrackerConfig) -> bool {
        let lost_us = now_us - self.last_seen_us;
        let may_return = if self.established {
            lost_us <= config.max_lost_us()
        } else {
            self.in_sight || lost_us <= micros(TENTATIVE_LOST_S)
        };
        !may_return || !self.motion.is_finite()
    }

    /// Whether the silence before this frame has ended the track.
    pub fn is_outdated(&self, now_us: i64, config: &TrackerConfig) -> bool {
        now_us - self.last_seen_us > config.max_lost_us()
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

    pub fn candidate(&self, index: usize) -> TrackBox {
        let is_riderless = self.parking.is_riderless(self.last_seen_us);
        TrackBox {
            index,
            rect: self.rect(),
            last_seen: self.reported,
            class: self.class(),
            is_riderless,
            look: self.look,
        }
    }

    /// Marks the track as confirmed before.
    pub fn establish(&mut self) {
        self.established = true;
    }

    pub fn is_established(&self) -> bool {
        self.established
    }

    /// Whether the track was detected in the previous frame, or a moment ago.
    pub fn is_in_sight(&self, now_us: i64) -> bool {
        self.in_sight || now_us - self.last_seen_us <= micros(IN_SIGHT_S)
    }

    pub fn last_seen_us(&self) -> i64 {
        self.last_seen_us
    }

    pub fn is_parked(&self, now_us: i64) -> bool {
        self.parking.is_parked(now_us)
    }

    pub fn reported(&mut self, now_us: i64) {
        self.last_reported_us = now_us;
    }

    /// Whether the track has not been reported for so long that it is another road user when it is reported again.
    pub fn is_forgotten(&self, now_us: i64, config: &TrackerConfig) -> bool {
        now_us - self.last_reported_us > config.max_lost_us()
    }

    pub fn object(&self, detection: usize, score: f32, config: &TrackerConfig) -> TrackedObject {
        let confident = self.established && self.confidence >= config.confirm_score * DOUBT;
        let state = if confident { TrackState::Confirmed } else { TrackState::Tentative };
        TrackedObject { track_id: self.id, state, rect: self.reported, class: self.class(), score, detection }
    }

    pub fn save(&self, state: &mut StateWriter) {
        state.number(self.id);
        self.motion.save(state);
        let Rect { left, top, width, height } = self.reported;
        state.reals(&[left, top, width, height]);
        state.flag(self.look.is_some());
        if let Some(look) = &self.look {
            look.save(state);
        }
        self.parking.save(state);
        state.reals(&self.votes).number(u64::from(self.frames_seen)).time(self.first_seen_us).reals(&[self.confidence]);
        state.flag(self.established).time(self.last_seen_us).time(self.last_reported_us).flag(self.in_sight);
    }

    pub fn read(state: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (id, motion) = (state.number()?, Motion::read(state)?);
        let [left, top, width, height] = state.reals()?;
        let look = if state.flag()? { Some(Look::read(state)?) } else { None };
        let parking = Parking::read(state)?;
        let (votes, frames_seen, first_seen_us) = (state.reals()?, state.small()?, state.past()?);
        let [confidence] = state.reals()?;
        let (established, last_seen_us) = (state.flag()?, state.past()?);
        let (last_reported_us, in_sight) = (state.past()?, state.flag()?);
        Ok(Self {
            id,
            motion,
            reported: Rect { left, top, width, height },
            look,
            parking,
            votes,
            frames_seen,
            first_seen_us,
            confidence,
            established,
            last_seen_us,
            last_reported_us,
            in_sight,
        })
    }

    fn record(&mut self, detection: &Detection, now_us: i64, config: &TrackerConfig) {
        let passed = ((now_us - self.last_seen_us) as f32 / 1e6).min(MAX_FORGOTTEN_S);
        let kept = (-passed / MEMORY_S).exp();
        for votes in &mut self.votes {
            *votes *= kept;
        }
        self.votes[detection.class as usize] += detection.score.max(0.0);
        self.frames_seen = self.frames_seen.saturating_add(1);
        self.last_seen_us = now_us;
        self.in_sight = true;
        let weight = (1.0 / self.frames_seen as f32).max(1.0 - kept);
        self.confidence += (detection.score - self.confidence) * weight;
        let long_enough = now_us - self.first_seen_us >= micros(config.confirm_seconds);
        self.established |=
            self.frames_seen >= config.confirm_frames && long_enough && self.confidence >= config.confirm_score;
        self.parking.observe(&self.motion.rect(), detection.riderless, now_us);
    }
}
