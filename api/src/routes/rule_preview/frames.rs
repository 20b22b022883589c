//! Frames as the database has them, as rules see them.

use vru_proto::v1;
use vru_rules::PastFrame;
use vru_rules::wire::class_from_wire;
use vru_storage::past_frames::{PastObject, PastRow};
use vru_vision::geometry::Rect;
use vru_vision::road_user::RoadUserClass;
use vru_vision::rules::FrameStamp;
use vru_vision::tracker::TrackState;

use crate::routes::text::micros;

/// Rows of one frame follow each other. Road users of kinds that this version does not know are left out, as inference leaves them out.
pub(super) fn frames(rows: &[PastRow]) -> Vec<PastFrame> {
    let of_one = |one: &PastRow, next: &PastRow| (one.session, one.sequence) == (next.session, next.sequence);
    rows.chunk_by(of_one).filter_map(frame).collect()
}

fn frame(rows: &[PastRow]) -> Option<PastFrame> {
    let &PastRow { captured_at, session, sequence, source_size: (width, height), .. } = rows.first()?;
    Some(PastFrame {
        session: session.unsigned_abs(),
        stamp: FrameStamp { sequence: sequence.unsigned_abs(), captured_at_us: micros(captured_at) },
        source_size: (width.unsigned_abs(), height.unsigned_abs()),
        objects: rows.iter().filter_map(|row| row.object.and_then(object)).collect(),
    })
}

fn object(object: PastObject) -> Option<(u64, TrackState, RoadUserClass, Rect)> {
    let PastObject { track_id, class, track_state, bounds: [left, top, width, height] } = object;
    let class = class_from_wire(v1::RoadUserClass::try_from(i32::from(class)).ok()?)?;
    let confirmed = i32::from(track_state) == v1::TrackState::Confirmed as i32;
    let state = if confirmed { TrackState::Confirmed } else { TrackState::Tentative };
    Some((track_id.unsigned_abs(), state, class, Rect { left, top, width, height }))
}
