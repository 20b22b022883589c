//! What a worker publishes of a camera's analysis so that another one can take over, and the taking over.

use vru_proto::{FrameKey, v1};
use vru_runtime::report;
use vru_vision::detection::Detection;
use vru_vision::rules::{FrameStamp, StateError};
use vru_vision::tracker::TrackState;

use super::alerts::FrameView;
use super::wire::read_object;
use super::{CameraAnalysis, key, open, reason};
use crate::metrics::{COUNTING_STATES_LOST, RULE_STATES_LOST, TRACKER_STATES_LOST};

/// The most bytes of rules' state that a message carries; readers refuse more.
const MAX_STATE_BYTES: usize = vru_proto::validate::MAX_RULE_STATE_BYTES;
/// The most bytes of the tracker's state that a message carries; readers refuse more.
const MAX_TRACKER_STATE_BYTES: usize = vru_proto::validate::MAX_TRACKER_STATE_BYTES;
/// The most alerts that a message names as going on; readers refuse more.
const MAX_OPEN: usize = vru_proto::validate::MAX_OPEN_ALERTS;
impl CameraAnalysis {
    /// Replays the frames of one session that were published before, in order, perhaps by another worker, to restore the state of tracks
    /// and rules. What cannot be restored from their detections is in the last one. Gives no messages.
    pub fn replay(&mut self, published: &[&v1::FrameDetections]) {
        for published in published {
            self.replay_frame(published);
        }
        let Some((last, key)) = published.last().and_then(|last| Some((last, key(last)?))) else { return };
        self.last = Some((key.clone(), FrameView::of_published(last)));
        let stamp = FrameStamp { sequence: key.sequence, captured_at_us: last.captured_at_us };
        if !last.tracker_state.is_empty() {
            match self.tracker.restore(&last.tracker_state, stamp) {
                Ok(tracks) => self.ids.restore(tracks),
                Err(error) => {
                    TRACKER_STATES_LOST.with_label_values(&[key.camera.as_str(), lost_for(error)]).inc();
                    tracing::warn!(frame = %key, error = %report::chain(&error), "the tracks are restored from detections only");
                }
            }
        }
        if !last.rule_state.is_empty()
            && let Err(error) = self.rules.restore(&last.rule_state, stamp)
        {
            RULE_STATES_LOST.with_label_values(&[key.camera.as_str(), lost_for(error)]).inc();
            tracing::warn!(frame = %key, error = %report::chain(&error), "the rules' state is restored from detections only");
        }
        if !last.counting_state.is_empty()
            && let Err(error) = self.counter.restore(&last.counting_state, stamp)
        {
            COUNTING_STATES_LOST.with_label_values(&[key.camera.as_str(), lost_for(error)]).inc();
            tracing::warn!(frame = %key, error = %report::chain(&error), "the state of counting is restored from detections only");
        }
        self.rules.resume(last.open_alerts.iter().filter_map(open::judgement).collect(), reason(self.config.as_ref()));
    }

    fn replay_frame(&mut self, published: &v1::FrameDetections) {
        let Some(key) = key(published) else { return };
        let objects: Vec<(u64, Detection, TrackState)> = published.objects.iter().filter_map(read_object).collect();
        let reported: Vec<(Detection, TrackState)> =
            objects.iter().map(|(_, detection, state)| (*detection, *state)).collect();
        let detections: Vec<Detection> = reported.iter().map(|(detection, _)| *detection).collect();
        if self.session != Some(key.session) {
            self.begin_session(key.session);
        }
        let size = (published.source_width, published.source_height);
        self.tracker.set_picture_size(size.0, size.1);
        let tracked = self.tracker.replay(published.captured_at_us, &reported);
        self.ids.observe(key.sequence, &tracked, &self.tracker);
        for object in &tracked {
            if let Some((track_id, ..)) = objects.get(object.detection) {
                self.ids.set(object.track_id, *track_id);
            }
        }
        // The worker that published the frame has published its alerts.
        drop(self.judge(&key, published.captured_at_us, size, &tracked, &detections));
        self.passages.clear();
    }

    /// What the worker that takes over cannot restore from detections.
    pub(super) fn rule_state(&self, key: &FrameKey, at: FrameStamp) -> Vec<u8> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let state = self.rules.save(at);
        if state.len() > MAX_STATE_BYTES {
            RULE_STATES_LOST.with_label_values(&[key.camera.as_str(), "too_large"]).inc();
            return Vec::new();
        }
        state
    }

    /// As [`CameraAnalysis::rule_state`], of what is counted.
    pub(super) fn counting_state(&self, key: &FrameKey, at: FrameStamp) -> Vec<u8> {
        let state = self.counter.save(at);
        if state.len() > MAX_STATE_BYTES {
            COUNTING_STATES_LOST.with_label_values(&[key.camera.as_str(), "too_large"]).inc();
            return Vec::new();
        }
        state
    }

    /// The tracks as they are, because the worker that takes over reads back only the last frames, and only what was reported of them.
    pub(super) fn tracker_state(&self, key: &FrameKey, at: FrameStamp) -> Vec<u8> {
        let state = self.tracker.save(at, |track| self.ids.get(track));
        if state.len() > MAX_TRACKER_STATE_BYTES {
            TRACKER_STATES_LOST.with_label_values(&[key.camera.as_str(), "too_large"]).inc();
            return Vec::new();
        }
        state
    }

    /// What whoever takes over has to end, whatever its rules are.
    pub(super) fn open_alerts(&self, key: &FrameKey) -> Vec<v1::OpenAlert> {
        let mut open: Vec<_> = self.rules.open().into_iter().filter_map(open::open_alert).collect();
        if open.len() > MAX_OPEN {
            RULE_STATES_LOST.with_label_values(&[key.camera.as_str(), "too_many"]).inc();
            open.truncate(MAX_OPEN);
        }
        open
    }
}

fn lost_for(error: StateError) -> &'static str {
    match error {
        StateError::Version(_) => "version",
        StateError::Damaged => "damaged",
    }
}
