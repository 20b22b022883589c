//! Frames as the database has them, as rules see them.

use vru_proto::v1;
use vru_rules::PastFrame;
use vru_rules::wire::class_from_wire;
use vru_storage::past_frames::{PastObject, StoredFrame};
use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::FrameStamp;
use vru_vision::tracker::TrackState;

use crate::routes::text::micros;

type TrackedObject = (u64, TrackState, RoadUserClass, Rect);

/// The frames, and the capture times of those that cannot be judged.
pub(super) fn frames(stored: &[StoredFrame]) -> (Vec<PastFrame>, Vec<i64>) {
    let (mut frames, mut unjudged) = (Vec::new(), Vec::new());
    for frame in stored {
        let captured_at_us = micros(frame.captured_at);
        if frame.objects.iter().any(|object| object.found.is_none()) {
            unjudged.push(captured_at_us);
            continue;
        }
        let (width, height) = frame.source_size;
        frames.push(PastFrame {
            session: frame.session.cast_unsigned(),
            stamp: FrameStamp { sequence: frame.sequence.cast_unsigned(), captured_at_us },
            source_size: (width.unsigned_abs(), height.unsigned_abs()),
            max_lost_us: frame.max_lost_us.map(i64::from),
            end_of_stream: frame.end_of_stream,
            objects: frame.objects.iter().copied().filter_map(tracked).collect(),
        });
    }
    (frames, unjudged)
}

/// `None` for a kind of road user that this version does not know, as in inference.
fn tracked(object: PastObject) -> Option<TrackedObject> {
    let PastObject { track_id, class, track_state, found } = object;
    let [left, top, width, height] = found?;
    let class = class_from_wire(v1::RoadUserClass::try_from(i32::from(class)).ok()?)?;
    let confirmed = i32::from(track_state) == v1::TrackState::Confirmed as i32;
    let state = if confirmed { TrackState::Confirmed } else { TrackState::Tentative };
    Some((track_id.cast_unsigned(), state, class, Rect { left, top, width, height }))
}
