//! What was found in a frame, as viewers get it.

use serde::Serialize;
use vru_proto::FrameKey;
use vru_proto::v1::{self, DetectedObject, FrameDetections, TrackState};
use vru_vision::geometry::Rect;

use crate::trails::Trails;

/// What was found in one frame.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) captured_at_us: i64,
    /// The camera's original picture, in pixels.
    pub(crate) source: (u32, u32),
    pub(crate) objects: Vec<Object>,
    /// What nobody may see, in pixels; `None` if everybody may see everything.
    pub(crate) hidden: Option<Vec<Rect>>,
}

/// A road user.
#[derive(Debug, Serialize)]
pub(crate) struct Object {
    /// As the API has it; absent if it has no track.
    #[serde(skip_serializing_if = "Option::is_none")]
    track_id: Option<String>,
    class: &'static str,
    score: f64,
    /// Whether the tracker is sure of it.
    confirmed: bool,
    #[serde(rename = "box")]
    bounds: Bounds,
    zones: Vec<String>,
    /// The foot point in the last seconds, the oldest first and this frame's last.
    trail: Vec<[f64; 2]>,
}

/// In fractions of the picture.
#[derive(Debug, Serialize)]
struct Bounds {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Analysis {
    /// `trails` are those of the frame's session up to the frame before.
    pub(crate) fn new(key: &FrameKey, found: &FrameDetections, trails: &mut Trails) -> Self {
        let at_us = found.captured_at_us;
        let objects = found.objects.iter().map(|object| Object::new(key, found, object, trails)).collect();
        trails.forget_before(at_us);
        let rect =
            |found: &v1::Box| Rect { left: found.left, top: found.top, width: found.width, height: found.height };
        let hidden = found.hidden.as_ref().map(|hidden| hidden.regions.iter().map(rect).collect());
        Self { captured_at_us: at_us, source: (found.source_width, found.source_height), objects, hidden }
    }
}

impl Object {
    fn new(key: &FrameKey, found: &FrameDetections, object: &DetectedObject, trails: &mut Trails) -> Self {
        let of = |pixels: f32, side: u32| rounded(f64::from(pixels) / f64::from(side.max(1)));
        let rect = object.r#box.unwrap_or_default();
        let (width, height) = (found.source_width, found.source_height);
        let foot = [of(rect.left + rect.width / 2.0, width), of(rect.top + rect.height, height)];
        let zone = |index: &u32| found.zone_ids.get(*index as usize).cloned();
        let track = Some(object.track_id).filter(|track| *track != 0);
        Self {
            track_id: track.map(|track| format!("{}.{}.{track}", key.camera, key.session)),
            class: object.class().word(),
            score: (f64::from(object.score) * 1_000.0).round() / 1_000.0,
            confirmed: object.track_state() == TrackState::Confirmed,
            bounds: Bounds {
                left: of(rect.left, width),
                top: of(rect.top, height),
                width: of(rect.width, width),
                height: of(rect.height, height),
            },
            zones: object.zones.iter().filter_map(zone).collect(),
            trail: track.map(|track| trails.add(track, found.captured_at_us, foot)).unwrap_or_default(),
        }
    }
}

/// To a tenth of a pixel of the largest pictures.
fn rounded(fraction: f64) -> f64 {
    (fraction * 100_000.0).round() / 100_000.0
}
