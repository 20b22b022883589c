//! Makes the messages of alerts.

use vru_proto::{CameraId, names, v1};
use vru_runtime::clock;
use vru_vision::rules::{Judgement, Place, Progress};

use super::ids::alert_id;
use super::snapshot;
use super::wire::{box_to_wire, class_to_wire, direction_to_wire, kind_to_wire, severity_to_wire, state_to_wire};
use crate::config::SnapshotConfig;
use crate::picture::Picture;

/// The frame in which judgements were made.
#[derive(Debug, Clone, Copy)]
pub(super) struct JudgedFrame<'a> {
    pub camera: &'a CameraId,
    /// The session of the tracks: that of the frame, or the one before it.
    pub session: u64,
    pub frame: &'a v1::Frame,
    pub picture: Option<&'a Picture>,
}

impl JudgedFrame<'_> {
    /// The record of a judgement.
    pub fn alert(&self, judgement: Judgement, snapshot: SnapshotConfig) -> v1::Alert {
        let Self { camera, session, frame, picture } = *self;
        let Judgement { rule_id, kind, severity, finding } = judgement;
        let captured_at_us = finding.frame.captured_at_us;
        let id = alert_id(camera, session, &rule_id, &finding.track_ids, finding.occurrence);
        let (zone_id, line_id) = place_ids(Some(finding.place));
        let (other_zone_id, other_line_id) = place_ids(finding.other_place);
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
            clock_source: frame.clock_source,
            emitted_at_us: clock::now_us(),
            snapshot_key: String::new(),
            clip_key: String::new(),
            snapshot: bytes::Bytes::new(),
            source_width: frame.source_width,
            source_height: frame.source_height,
            kind: kind_to_wire(kind).into(),
            state: state_to_wire(finding.progress).into(),
            occurrence: finding.occurrence,
            began_at_us: finding.began_at_us,
            ended_at_us: finding.ended_at_us.unwrap_or(0),
            line_id,
            direction: direction_to_wire(finding.direction).into(),
            other_zone_id,
            other_line_id,
            id,
        };
        if !alert.is_crossing() {
            alert.snapshot_key = names::snapshot_key(captured_at_us, camera.as_str(), &alert.id);
            alert.clip_key = names::clip_key(captured_at_us, camera.as_str(), &alert.id);
            if finding.progress == Progress::Raised {
                alert.snapshot = snapshot::take(frame, picture, snapshot);
            }
        }
        alert
    }
}

/// The id of the zone and of the line; one of them is empty.
fn place_ids(place: Option<Place>) -> (String, String) {
    match place {
        Some(Place::Zone(id)) => (id, String::new()),
        Some(Place::Line(id)) => (String::new(), id),
        None => (String::new(), String::new()),
    }
}
