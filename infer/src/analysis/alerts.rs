//! Makes the messages of alerts.

use vru_proto::{CameraId, names, v1};
use vru_runtime::clock;
use vru_vision::geometry::Rect;
use vru_vision::rules::{EndReason, Judgement, Place, Progress};

use super::ids::alert_id;
use super::open::judgement;
use super::snapshot;
use super::wire::{
    box_to_wire, class_to_wire, direction_to_wire, kind_to_wire, reason_to_wire, severity_to_wire, state_to_wire,
};
use crate::config::SnapshotConfig;
use crate::picture::Picture;

/// What the alerts of a frame have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameView {
    pub clock_source: i32,
    pub source_width: u32,
    pub source_height: u32,
}

impl FrameView {
    pub fn of(frame: &v1::Frame) -> Self {
        let v1::Frame { clock_source, source_width, source_height, .. } = *frame;
        Self { clock_source, source_width, source_height }
    }

    pub fn of_published(published: &v1::FrameDetections) -> Self {
        let v1::FrameDetections { clock_source, source_width, source_height, .. } = *published;
        Self { clock_source, source_width, source_height }
    }

    /// The record of a judgement about the tracks of this session, without a snapshot.
    pub fn alert(&self, camera: &CameraId, session: u64, judgement: Judgement) -> v1::Alert {
        let Judgement { rule_id, kind, severity, finding } = judgement;
        let captured_at_us = finding.frame.captured_at_us;
        let id = alert_id(camera, session, &rule_id, &finding.track_ids, finding.occurrence);
        let (zone_id, line_id) = place_ids(finding.place);
        let mut alert = v1::Alert {
            rule_id,
            severity: severity_to_wire(severity).into(),
            camera_id: camera.to_string(),
            zone_id,
            track_ids: finding.track_ids,
            class: class_to_wire(finding.class).into(),
            r#box: Some(box_to_wire(&finding.rect)),
            ground_position: None,
            frame_id: Some(v1::FrameId { camera_id: camera.to_string(), session, sequence: finding.frame.sequence }),
            captured_at_us,
            clock_source: self.clock_source,
            emitted_at_us: clock::now_us(),
            snapshot_key: String::new(),
            clip_key: String::new(),
            blurred_clip_key: String::new(),
            snapshot: bytes::Bytes::new(),
            source_width: self.source_width,
            source_height: self.source_height,
            kind: kind_to_wire(kind).into(),
            state: state_to_wire(finding.progress).into(),
            occurrence: finding.occurrence,
            began_at_us: finding.began_at_us,
            ended_at_us: finding.ended_at_us.unwrap_or(0),
            line_id,
            direction: direction_to_wire(finding.direction).into(),
            end_reason: reason_to_wire(finding.end_reason).into(),
            id,
        };
        if !alert.is_crossing() {
            alert.snapshot_key = names::snapshot_key(captured_at_us, camera.as_str(), &alert.id);
            alert.clip_key = names::clip_key(captured_at_us, camera.as_str(), &alert.id);
        }
        alert
    }
}

/// The frame in which judgements were made.
#[derive(Debug, Clone, Copy)]
pub(super) struct JudgedFrame<'a> {
    pub camera: &'a CameraId,
    /// The session of the tracks: that of the frame, or the one before it.
    pub session: u64,
    pub frame: &'a v1::Frame,
    pub picture: Option<&'a Picture>,
    /// What nobody may see; `None` if everybody may see everything.
    pub hidden: Option<&'a [Rect]>,
}

impl JudgedFrame<'_> {
    /// The record of a judgement, with the picture if it raises an alert.
    pub fn alert(&self, judgement: Judgement, snapshot: SnapshotConfig) -> v1::Alert {
        let raised = judgement.finding.progress == Progress::Raised;
        let mut alert = FrameView::of(self.frame).alert(self.camera, self.session, judgement);
        if raised && !alert.is_crossing() {
            alert.snapshot = match self.hidden {
                None => snapshot::take(self.frame, self.picture, snapshot),
                Some(hidden) => snapshot::take_blurred(self.frame, self.picture, hidden, snapshot),
            };
        }
        if self.hidden.is_some() {
            blur_clip(&mut alert);
        }
        alert
    }
}

/// The clip of the alert may only have blurred pictures.
pub(super) fn blur_clip(alert: &mut v1::Alert) {
    alert.blurred_clip_key = std::mem::take(&mut alert.clip_key);
}

/// The records that end the alerts which went on after a frame that was published.
pub fn ends(published: &v1::FrameDetections, reason: EndReason) -> Vec<v1::Alert> {
    let Some(key) = super::key(published) else { return Vec::new() };
    let open = published.open_alerts.iter().filter_map(judgement);
    let view = FrameView::of_published(published);
    let end = |mut judgement: Judgement| {
        judgement.finding.end_reason = Some(reason);
        view.alert(&key.camera, key.session, judgement)
    };
    open.map(end).collect()
}

/// The id of the zone and of the line; one of them is empty.
fn place_ids(place: Place) -> (String, String) {
    match place {
        Place::Zone(id) => (id, String::new()),
        Place::Line(id) => (String::new(), id),
    }
}
