//! The analysis of one camera: turns detections into tracks, and applies the camera's rules to the tracks. Frames must come in
//! order. The same frames give the same messages, in the service and in `vru analyse`.

mod alerts;
mod counting;
mod ids;
mod open;
mod snapshot;
mod takeover;
#[cfg(test)]
mod tests;
mod tracking;
mod wire;
mod zones;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use vru_proto::{FrameKey, v1};
use vru_rules::rules;
use vru_runtime::clock;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::privacy;
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::{EndReason, FrameStamp, Judgement, RuleSet, TrackedFrame};
use vru_vision::tracker::{TrackState, TrackedObject, Tracker, TrackerConfig};

use crate::config::SnapshotConfig;
use crate::decode;
use crate::metrics::PASSAGES_LOST;
use crate::model::Model;
use crate::picture::Picture;
use alerts::{FrameView, JudgedFrame};
use counting::Counter;
use ids::TrackIds;
use tracking::{pictured, tracker_config};
use wire::{box_to_wire, class_to_wire};
use zones::{CameraZones, FrameZones};

pub use alerts::ends;
pub use ids::alert_id;
pub use tracking::{ContradictingSettings, camera_tracker};

/// The most passages of a message; readers refuse more.
const MAX_PASSAGES: usize = vru_proto::validate::MAX_PASSAGES;

/// What the analyses of all cameras share.
#[derive(Debug, Clone)]
pub struct AnalysisSettings {
    /// The messages carry its name and version.
    pub model: Arc<Model>,
    /// A camera may override single settings.
    pub tracker: TrackerConfig,
    pub snapshot: SnapshotConfig,
}

impl AnalysisSettings {
    /// The defaults, for a model.
    pub fn of(model: Arc<Model>) -> Self {
        Self { tracker: model.tracker.clone(), model, snapshot: SnapshotConfig::default() }
    }
}

/// Tracks and judges the frames of one camera.
#[derive(Debug)]
pub struct CameraAnalysis {
    settings: AnalysisSettings,
    /// What the model can find.
    classes: Vec<RoadUserClass>,
    rules: RuleSet,
    counter: Counter,
    /// The ends of earlier sessions, for the next message.
    passages: Vec<v1::Passage>,
    zones: CameraZones,
    config: Option<v1::CameraConfig>,
    session: Option<u64>,
    /// The frame before the next one.
    last: Option<(FrameKey, FrameView)>,
    tracker: Tracker,
    ids: TrackIds,
}

impl CameraAnalysis {
    /// Without a configuration, the camera has no rules: its objects are tracked and published, and there are no alerts.
    pub fn new(config: Option<&v1::CameraConfig>, settings: AnalysisSettings) -> Self {
        let tracker = Tracker::new(settings.tracker.clone());
        let mut analysis = Self {
            classes: settings.model.classes(),
            settings,
            rules: RuleSet::default(),
            counter: Counter::default(),
            passages: Vec::new(),
            zones: CameraZones::default(),
            config: None,
            session: None,
            last: None,
            tracker,
            ids: TrackIds::default(),
        };
        analysis.configure(config);
        analysis
    }

    /// Replaces zones, rules and the settings of the tracker. The tracks stay, and an unchanged rule keeps its state. What the others have
    /// raised ends with the next frame, or with [`CameraAnalysis::take_ended`].
    pub fn configure(&mut self, config: Option<&v1::CameraConfig>) {
        self.rules.replace(config.map(rules).unwrap_or_default(), reason(config));
        self.counter.configure(config);
        self.zones = config.map(CameraZones::of).unwrap_or_default();
        self.tracker.configure(tracker_config(&self.settings.tracker, config));
        self.config = config.cloned();
    }

    /// Processes the next frame and the model's detections in it. `picture` tells the tracker what they look like, and is for the
    /// snapshot of an alert; without it, only alerts of JPEG frames have one. `track_us` of the timings is measured here.
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
        let detections = &pictured(detections, picture)[..];
        let snapshot = self.settings.snapshot;
        let before = self.hidden(&[]);
        let judged =
            |session: u64| JudgedFrame { camera: &key.camera, session, frame, picture, hidden: before.as_deref() };
        let mut alerts = self.end_other_session(&key, judged);
        self.last = Some((key.clone(), FrameView::of(frame)));
        self.tracker.set_picture_size(size.0, size.1);
        let tracked = self.tracker.update(frame.captured_at_us, detections);
        self.ids.observe(key.sequence, &tracked, &self.tracker);
        let mut judgements = self.judge(&key, frame.captured_at_us, size, &tracked, detections);
        if frame.end_of_stream {
            judgements.extend(self.rules.finish(EndReason::StreamEnded));
            self.passages.extend(self.counter.finish(key.session));
        }
        let hidden = self.hidden(detections);
        let judged = JudgedFrame { hidden: hidden.as_deref(), ..judged(key.session) };
        alerts.extend(judgements.into_iter().map(|judgement| judged.alert(judgement, snapshot)));
        let mut zones = self.zones.frame(size);
        let objects = tracked.iter().map(|object| self.object(object, detections, &alerts, &mut zones)).collect();
        let zone_ids = zones.into_ids();
        let stamp = FrameStamp { sequence: key.sequence, captured_at_us: frame.captured_at_us };
        let rule_state = self.rule_state(&key, stamp);
        let counting_state = self.counting_state(&key, stamp);
        let tracker_state = self.tracker_state(&key, stamp);
        let open_alerts = self.open_alerts(&key);
        let track_us = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
        let timings = v1::StageTimings { track_us, ..timings };
        let counting = Some(self.counter.watched(&self.classes, self.tracker.max_lost_us()));
        let message = self.message(frame, objects, timings);
        let hidden = hidden.map(|rects| v1::HiddenRegions { regions: rects.iter().map(box_to_wire).collect() });
        let message = v1::FrameDetections { counting, counting_state, hidden, ..message };
        (v1::FrameDetections { zone_ids, rule_state, open_alerts, tracker_state, ..message }, alerts)
    }

    /// The message for a frame that has no picture and only marks the end of its stream, and the ends of the alerts that go on.
    pub fn end(&mut self, frame: &v1::Frame) -> (v1::FrameDetections, Vec<v1::Alert>) {
        let key = decode::key(frame);
        let hidden = self.hidden(&[]);
        let judged = |session: u64| JudgedFrame {
            camera: &key.camera,
            session,
            frame,
            picture: None,
            hidden: hidden.as_deref(),
        };
        let mut alerts = self.end_other_session(&key, judged);
        self.last = Some((key.clone(), FrameView::of(frame)));
        let ended = self.rules.finish(EndReason::StreamEnded);
        let snapshot = self.settings.snapshot;
        alerts.extend(ended.into_iter().map(|judgement| judged(key.session).alert(judgement, snapshot)));
        let passages = self.counter.finish(key.session);
        self.passages.extend(passages);
        let hidden = hidden.map(|_| v1::HiddenRegions::default());
        let message = self.message(frame, Vec::new(), v1::StageTimings::default());
        (v1::FrameDetections { hidden, ..message }, alerts)
    }

    /// The ends of what a change of the configuration has ended since the last frame.
    pub fn take_ended(&mut self) -> Vec<v1::Alert> {
        let ended = self.rules.take_ended();
        self.between_frames(ended)
    }

    /// Ends the alerts that go on: no frame has come for long. If one comes all the same, what it shows is another alert.
    pub fn end_silent(&mut self) -> Vec<v1::Alert> {
        let ended = self.rules.end_open(EndReason::CameraSilent);
        self.between_frames(ended)
    }

    /// The ids of the alerts that go on.
    pub fn open_ids(&self) -> HashSet<String> {
        let open = self.between_frames(self.rules.open());
        open.into_iter().map(|alert| alert.id).collect()
    }

    fn between_frames(&self, judgements: Vec<Judgement>) -> Vec<v1::Alert> {
        // What goes on was raised in a frame.
        let Some((key, view)) = &self.last else { return Vec::new() };
        let blurred = self.hidden(&[]).is_some();
        let alert = |judgement| {
            let mut alert = view.alert(&key.camera, key.session, judgement);
            if blurred {
                alerts::blur_clip(&mut alert);
            }
            alert
        };
        judgements.into_iter().map(alert).collect()
    }

    /// What nobody may see of this frame: of all that the model found, however doubtful, and of all tracks that it may have missed. `None`
    /// if the camera's pictures are not blurred.
    fn hidden(&self, detections: &[Detection]) -> Option<Vec<Rect>> {
        let privacy = self.config.as_ref()?.privacy.as_ref()?;
        let found = detections.iter().map(|detection| (detection.rect, detection.class)).chain(self.tracker.expected());
        privacy.blur.then(|| found.map(|(rect, class)| privacy::region(rect, class)).collect())
    }

    /// Begins the session of the frame, if it is another one than before, and returns the ends of the alerts of the session before.
    fn end_other_session<'a>(&mut self, key: &FrameKey, judged: impl Fn(u64) -> JudgedFrame<'a>) -> Vec<v1::Alert> {
        if self.session == Some(key.session) {
            return Vec::new();
        }
        let ended = self.rules.finish(EndReason::SessionEnded);
        let before = self.session.unwrap_or(key.session);
        self.passages.extend(self.counter.finish(before));
        self.begin_session(key.session);
        ended.into_iter().map(|judgement| judged(before).alert(judgement, self.settings.snapshot)).collect()
    }

    /// A new session (the camera connected again) starts with new tracks.
    fn begin_session(&mut self, session: u64) {
        self.session = Some(session);
        self.tracker = Tracker::new(tracker_config(&self.settings.tracker, self.config.as_ref()));
        self.ids = TrackIds::default();
        self.rules = RuleSet::new(self.config.as_ref().map(rules).unwrap_or_default());
        self.counter.begin_session();
    }

    fn judge(
        &mut self,
        key: &FrameKey,
        captured_at_us: i64,
        (source_width, source_height): (u32, u32),
        tracked: &[TrackedObject],
        detections: &[Detection],
    ) -> Vec<Judgement> {
        let objects: Vec<_> = tracked
            .iter()
            .map(|object| {
                let rect = own_box(object, detections);
                (self.ids.get(object.track_id), object.state, object.class, rect)
            })
            .collect();
        let stamp = FrameStamp { sequence: key.sequence, captured_at_us };
        let alive = self.ids.alive();
        let frame = TrackedFrame { stamp, source_width, source_height, objects: &objects };
        self.passages.extend(self.counter.observe(&frame, |track| alive.contains(&track), key.session));
        self.rules.observe(&frame, |track| alive.contains(&track))
    }

    /// What was counted since the message before.
    fn take_passages(&mut self, camera: &str) -> Vec<v1::Passage> {
        let mut passages = std::mem::take(&mut self.passages);
        if passages.len() > MAX_PASSAGES {
            PASSAGES_LOST.with_label_values(&[camera]).inc_by((passages.len() - MAX_PASSAGES) as u64);
            passages.truncate(MAX_PASSAGES);
        }
        passages
    }

    fn object(
        &self,
        object: &TrackedObject,
        detections: &[Detection],
        alerts: &[v1::Alert],
        zones: &mut FrameZones<'_>,
    ) -> v1::DetectedObject {
        let appearance = detections.get(object.detection).and_then(|detection| detection.appearance);
        let state = match object.state {
            TrackState::Tentative => v1::TrackState::Tentative,
            TrackState::Confirmed => v1::TrackState::Confirmed,
        };
        let track_id = self.ids.get(object.track_id);
        // All alerts of a frame have the same picture.
        let alerted = alerts.iter().find(|alert| alert.track_ids.contains(&track_id) && !alert.snapshot.is_empty());
        v1::DetectedObject {
            r#box: Some(box_to_wire(&object.rect)),
            class: class_to_wire(object.class).into(),
            score: object.score,
            track_id,
            track_state: state.into(),
            ground_position: None,
            // As the rules judge.
            zones: zones.around(&own_box(object, detections)),
            snapshot_key: alerted.map(|alert| alert.snapshot_key.clone()).unwrap_or_default(),
            appearance: appearance.map(|seen| seen.bins.to_vec()).unwrap_or_default(),
            found: Some(box_to_wire(&own_box(object, detections))),
        }
    }

    fn message(
        &mut self,
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
            rule_state: Vec::new(),
            open_alerts: Vec::new(),
            tracker_state: Vec::new(),
            hidden: None,
            counting: None,
            passages: self.take_passages(frame.id.as_ref().map_or("", |id| &id.camera_id)),
            counting_state: Vec::new(),
        }
    }
}

/// Why alerts end about which this configuration has no rule.
fn reason(config: Option<&v1::CameraConfig>) -> EndReason {
    if config.is_some() { EndReason::RuleChanged } else { EndReason::CameraRemoved }
}

/// The box that the model found in this frame.
fn own_box(object: &TrackedObject, detections: &[Detection]) -> Rect {
    detections.get(object.detection).map_or(object.rect, |detection| detection.rect)
}

fn key(published: &v1::FrameDetections) -> Option<FrameKey> {
    published.frame_id.as_ref().and_then(|id| FrameKey::try_from(id).ok())
}
