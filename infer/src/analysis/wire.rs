//! Converts between the types of `vru_vision` and the Protobuf messages.

use vru_proto::v1;
pub(super) use vru_rules::wire::{
    class_from_wire, class_to_wire, direction_to_wire, kind_to_wire, severity_from_wire, severity_to_wire,
};
use vru_vision::appearance::Appearance;
use vru_vision::detection::Detection;
use vru_vision::geometry::Rect;
use vru_vision::rules::{EndReason, KindName, Progress};
use vru_vision::tracker::TrackState;

/// `None` for a kind that this version does not know.
pub(super) fn kind_from_wire(kind: v1::AlertKind) -> Option<KindName> {
    Some(match kind {
        v1::AlertKind::Presence => KindName::Presence,
        v1::AlertKind::Dwell => KindName::Dwell,
        v1::AlertKind::LineCrossing => KindName::LineCrossing,
        v1::AlertKind::Unspecified => return None,
    })
}

pub(super) fn reason_to_wire(reason: Option<EndReason>) -> v1::EndReason {
    match reason {
        None => v1::EndReason::Unspecified,
        Some(EndReason::Left) => v1::EndReason::Left,
        Some(EndReason::TrackLost) => v1::EndReason::TrackLost,
        Some(EndReason::RuleChanged) => v1::EndReason::RuleChanged,
        Some(EndReason::CameraRemoved) => v1::EndReason::CameraRemoved,
        Some(EndReason::CameraSilent) => v1::EndReason::CameraSilent,
        Some(EndReason::SessionEnded) => v1::EndReason::SessionEnded,
        Some(EndReason::StreamEnded) => v1::EndReason::StreamEnded,
    }
}

pub(super) fn state_to_wire(progress: Progress) -> v1::AlertState {
    match progress {
        Progress::Raised => v1::AlertState::Raised,
        Progress::Ended => v1::AlertState::Ended,
    }
}

pub(super) fn box_to_wire(rect: &Rect) -> v1::Box {
    v1::Box { left: rect.left, top: rect.top, width: rect.width, height: rect.height }
}

pub(super) fn rect_from_wire(wire: &v1::Box) -> Rect {
    Rect { left: wire.left, top: wire.top, width: wire.width, height: wire.height }
}

/// The track id, the detection and the track state of a published object. `None` if it is incomplete or of an unknown
/// class.
pub(super) fn read_object(object: &v1::DetectedObject) -> Option<(u64, Detection, TrackState)> {
    let rect = rect_from_wire(object.r#box.as_ref()?);
    let class = class_from_wire(object.class())?;
    let state = match object.track_state() {
        v1::TrackState::Confirmed => TrackState::Confirmed,
        v1::TrackState::Tentative | v1::TrackState::Unspecified => TrackState::Tentative,
    };
    let appearance = Appearance::from_bytes(&object.appearance);
    Some((object.track_id, Detection { appearance, ..Detection::new(rect, class, object.score) }, state))
}
