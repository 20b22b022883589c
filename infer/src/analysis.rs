//! The analysis of one camera: turns detections into tracks, and applies the camera's rules to the tracks. Frames must come in
//! order. The same frames give the same messages, in the service and in `vru analyse`.

mod ids;
mod rules;
mod snapshot;
#[cfg(test)]
mod tests;
mod wire;
mod zones;

use std::sync::Arc;
use std::time::Instant;

use vru_proto::{FrameKey, names, v1};
use vru_runtime::clock;
use vru_vision::detection::Detection;
use vru_vision::rules::{FrameTracks, Judgement, RuleSet};
use vru_vision::tracker::{TrackState, TrackedObject, Tracker, TrackerConfig};

use crate::config::SnapshotConfig;
use crate::decode;
use crate::model::Model;
use crate::picture::Picture;
use ids::TrackIds;
use rules::rules;
use wire::{box_to_wire, class_to_wire, read_object, severity_to_wire};
use zones::{CameraZones, FrameZones};

pub use ids::alert_id;

/// What the analyses of all cameras share.
#[derive(Debug, Clone)]
pub struct AnalysisSettings {
    /// The messages carry its name and version.
    pub model: Arc<Model>,
    pub tracker: TrackerConfig,
    pub snapshot: SnapshotConfig,
}

impl AnalysisSettings {
    /// The defaults, for a model.
    pub fn of(model: Arc<Model>) -> Self {
        Self { model, tracker: TrackerConfig::default(), snapshot: SnapshotConfig::default() }
    }
}

/// Tracks and judges the frames of one camera.
#[derive(Debug)]
pub struct CameraAnalysis {
    settings: AnalysisSettings,
    rules: RuleSet,
    zones: CameraZones,
    config: Option<v1::CameraConfig>,
    session: Option<u64>,
    tracker: Tracker,
    ids: TrackIds,
}

impl CameraAnalysis {
    /// Without a configuration, the camera has no rules: its objects are tracked and published, and there are no alerts.
    pub fn new(config: Option<&v1::CameraConfig>, settings: AnalysisSettings) -> Self {
        let tracker = Tracker::new(settings.tracker.clone());
        let mut analysis = Self {
            settings,
            rules: RuleSet::default(),
            zones: CameraZones::default(),
            config: None,
            session: None,
            tracker,
            ids: TrackIds::default(),
        };
        analysis.configure(config);
        analysis
    }

    /// Replaces zones and rules. The tracks stay, and an unchanged rule keeps its state.
    pub fn configure(&mut self, config: Option<&v1::CameraConfig>) {
        self.rules.replace(config.map(rules).unwrap_or_default());
        self.zones = config.map(CameraZones::of).unwrap_or_default();
        self.config = config.cloned();
    }

    /// Processes the next frame and the model's detections in it. `picture` is for the snapshot of an alert; without it, only
    /// alerts of JPEG frames have one. `track_us` of the timings is measured here.
    pub fn observe(
        &mut self,
        frame: &v1::Frame,
        detections: &[Detection],
        picture: Option<&Picture>,
        timings: v1::StageTimings,
    ) -> (v1::FrameDetections, Vec<v1::Alert>) {
        let started = Instant::now();
        let key = decode::key(frame);
        let size = (frame.source_width, frame.source_height);
        let (tracked, judgements) = self.track(&key, frame.captured_at_us, size, detections);
        let alerts: Vec<v1::Alert> =
            judgements.iter().map(|judgement| self.alert(frame, &key, judgement, picture)).collect();
        let mut zones = self.zones.frame(size);
        let objects = tracked.iter().map(|object| self.object(object, detections, &alerts, &mut zones)).collect();
        let zone_ids = zones.into_ids();
        let track_us = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
        let timings = v1::StageTimings { track_us, ..timings };
        let message = v1::FrameDetections { zone_ids, ..self.message(frame, objects, timings) };
        (message, alerts)
    }

    /// The message for a frame that has no picture and only marks the end of its stream.
    pub fn end_marker(&self, frame: &v1::Frame) -> v1::FrameDetections {
        self.message(frame, Vec::new(), v1::StageTimings::default())
    }

    /// Replays a frame that was published before, perhaps by another worker, to restore the state of tracks and rules. Gives
    /// no messages.
    pub fn replay(&mut self, published: &v1::FrameDetections) {
        let Some(key) = published.frame_id.as_ref().and_then(|id| FrameKey::try_from(id).ok()) else { return };
        let objects: Vec<(u64, Detection, TrackState)> = published.objects.iter().filter_map(read_object).collect();
        let detections: Vec<(Detection, TrackState)> =
            objects.iter().map(|(_, detection, state)| (*detection, *state)).collect();
        self.begin_session(key.session);
        let tracked = self.tracker.replay(published.captured_at_us, &detections);
        self.judge(&key, (published.source_width, published.source_height), &tracked);
        for object in tracked {
            if let Some((track_id, ..)) = objects.get(object.detection) {
                self.ids.set(object.track_id, *track_id);
            }
        }
    }

    fn track(
        &mut self,
        key: &FrameKey,
        captured_at_us: i64,
        size: (u32, u32),
        detections: &[Detection],
    ) -> (Vec<TrackedObject>, Vec<Judgement>) {
        self.begin_session(key.session);
        let tracked = self.tracker.update(captured_at_us, detections);
        let judgements = self.judge(key, size, &tracked);
        (tracked, judgements)
    }

    /// A new session (the camera connected again) starts with new tracks.
    fn begin_session(&mut self, session: u64) {
        if self.session != Some(session) {
            self.session = Some(session);
            self.tracker = Tracker::new(self.settings.tracker.clone());
            self.ids = TrackIds::default();
            self.rules = RuleSet::new(self.config.as_ref().map(rules).unwrap_or_default());
        }
    }

    fn judge(
        &mut self,
        key: &FrameKey,
        (source_width, source_height): (u32, u32),
        tracked: &[TrackedObject],
    ) -> Vec<Judgement> {
        self.ids.observe(key.sequence, tracked, &self.tracker);
        let frame = FrameTracks { source_width, source_height, objects: tracked };
        self.rules.observe(&frame, |track| self.tracker.is_alive(track))
    }

    fn object(
        &self,
        object: &TrackedObject,
        detections: &[Detection],
        alerts: &[v1::Alert],
        zones: &mut FrameZones<'_>,
    ) -> v1::DetectedObject {
        // The model's own box, not the tracker's smoothed one: `replay` must give the tracker the same input again.
        let rect = detections.get(object.detection).map_or(object.rect, |detection| detection.rect);
        let state = match object.state {
            TrackState::Tentative => v1::TrackState::Tentative,
            TrackState::Confirmed => v1::TrackState::Confirmed,
        };
        let track_id = self.ids.get(object.track_id);
        // All alerts of a frame have the same picture.
        let pictured = alerts.iter().find(|alert| alert.track_ids.contains(&track_id) && !alert.snapshot.is_empty());
        v1::DetectedObject {
            r#box: Some(box_to_wire(&rect)),
            class: class_to_wire(object.class).into(),
            score: object.score,
            track_id,
            track_state: state.into(),
            ground_position: None,
            zones: zones.around(&object.rect),
            snapshot_key: pictured.map(|alert| alert.snapshot_key.clone()).unwrap_or_default(),
        }
    }

    fn message(
        &self,
        frame: &v1::Frame,
        objects: Vec<v1::DetectedObject>,
        timings: v1::StageTimings,
    ) -> v1::FrameDetections {
        v1::FrameDetections {
            frame_id: frame.id.clone(),
            captured_at_us: frame.captured_at_us,
            clock_source: frame.clock_source,
            ingested_at_us: frame.ingested_at_us,
            inferred_at_us: clock::now_us(),
            source_width: frame.source_width,
            source_height: frame.source_height,
            model_name: self.settings.model.name.clone(),
            model_version: self.settings.model.version.clone(),
            objects,
            timings: Some(timings),
            delivery: frame.delivery,
            end_of_stream: frame.end_of_stream,
            zone_ids: Vec::new(),
        }
    }

    fn alert(&self, frame: &v1::Frame, key: &FrameKey, judgement: &Judgement, picture: Option<&Picture>) -> v1::Alert {
        let track_id = self.ids.get(judgement.track_id);
        let id = alert_id(key, &judgement.rule_id, track_id);
        v1::Alert {
            rule_id: judgement.rule_id.clone(),
            severity: severity_to_wire(judgement.severity).into(),
            camera_id: key.camera.to_string(),
            zone_id: judgement.zone_id.clone(),
            track_ids: vec![track_id],
            class: class_to_wire(judgement.class).into(),
            r#box: Some(box_to_wire(&judgement.rect)),
            ground_position: None,
            frame_id: frame.id.clone(),
            captured_at_us: frame.captured_at_us,
            clock_source: frame.clock_source,
            emitted_at_us: clock::now_us(),
            snapshot_key: names::snapshot_key(frame.captured_at_us, key.camera.as_str(), &id),
            clip_key: names::clip_key(frame.captured_at_us, key.camera.as_str(), &id),
            snapshot: snapshot::take(frame, picture, self.settings.snapshot),
            source_width: frame.source_width,
            source_height: frame.source_height,
            id,
        }
    }
}
