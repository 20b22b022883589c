//! Where each track was seen last.

use std::collections::BTreeMap;

use super::observation::{Motion, TrackObservation, TrackedFrame};

/// The last foot point of each track of a session.
#[derive(Debug, Default)]
pub(super) struct Paths {
    last: BTreeMap<u64, Motion>,
}

impl Paths {
    /// The frame's objects with their motion, in the order of their track ids. Forgets the tracks that have ended.
    pub fn follow(&mut self, frame: &TrackedFrame<'_>, is_alive: &dyn Fn(u64) -> bool) -> Vec<TrackObservation> {
        self.last.retain(|track, _| is_alive(*track));
        let mut objects: Vec<TrackObservation> = frame
            .objects
            .iter()
            .filter(|(.., rect)| rect.is_valid())
            .map(|&(track_id, state, class, rect)| {
                let foot = rect.foot_point(frame.source_width, frame.source_height);
                let now = Motion { from: foot, from_us: frame.stamp.captured_at_us };
                let motion = self.last.insert(track_id, now);
                TrackObservation { track_id, state, class, rect, foot, motion }
            })
            .collect();
        objects.sort_by_key(|object| object.track_id);
        objects
    }
}
