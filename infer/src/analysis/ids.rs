//! Ids of tracks and alerts that stay the same when another worker takes over.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use vru_proto::FrameKey;
use vru_vision::model_card::MAX_DETECTIONS;
use vru_vision::tracker::{TrackedObject, Tracker};

/// How many ids are reserved for the new tracks of one frame. A frame has no more detections, and so no more new tracks.
const PER_FRAME: u64 = MAX_DETECTIONS as u64;

/// Maps the tracker's own numbers, which start from 1 whenever a worker starts, to the ids that are published. A published id
/// consists of the sequence number of the frame in which the track was first seen, and its index among the new tracks of
/// that frame.
#[derive(Debug, Default)]
pub(super) struct TrackIds {
    published: HashMap<u64, u64>,
}

impl TrackIds {
    /// Gives ids to the tracks that are new in this frame, and removes those that have ended.
    pub fn observe(&mut self, sequence: u64, tracked: &[TrackedObject], tracker: &Tracker) {
        self.published.retain(|track, _| tracker.is_alive(*track));
        let fresh = tracked.iter().filter(|object| !self.published.contains_key(&object.track_id));
        let fresh: Vec<u64> = fresh.map(|object| object.track_id).collect();
        for (index, track) in (1..).zip(fresh) {
            self.published.insert(track, track_id(sequence, index));
        }
    }

    /// The id under which a track of the tracker is published.
    pub fn get(&self, track: u64) -> u64 {
        self.published.get(&track).copied().unwrap_or(0)
    }

    /// Restores the id under which the track was published before. If that is 0 (none), the present id stays.
    pub fn set(&mut self, track: u64, published: u64) {
        if published != 0 {
            self.published.insert(track, published);
        }
    }
}

/// Stays within the 63 bits that the message format promises. The sequence numbers of real cameras are far below the point
/// where this would wrap.
fn track_id(sequence: u64, index: u64) -> u64 {
    (sequence.wrapping_mul(PER_FRAME).wrapping_add(index)) & (i64::MAX as u64)
}

/// The id of the alert that a rule raises for a track: 32 hexadecimal digits, the same in every frame and on every worker.
pub fn alert_id(frame: &FrameKey, rule_id: &str, track_id: u64) -> String {
    let mut hash = Sha256::new();
    for part in [frame.camera.as_str(), &frame.session.to_string(), rule_id, &track_id.to_string()] {
        // The length goes first, or `a` + `bc` would equal `ab` + `c`.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(camera: &str, session: u64, sequence: u64) -> FrameKey {
        FrameKey { camera: camera.parse().unwrap(), session, sequence }
    }

    #[test]
    fn an_alert_has_the_same_id_in_every_frame_of_its_track() {
        assert_eq!(alert_id(&frame("a", 1, 5), "rule", 7), alert_id(&frame("a", 1, 99), "rule", 7));
        assert_eq!(alert_id(&frame("a", 1, 5), "rule", 7).len(), 32);
    }

    #[test]
    fn alerts_of_other_cameras_sessions_rules_and_tracks_differ() {
        let ids = [
            alert_id(&frame("a", 1, 0), "rule", 7),
            alert_id(&frame("a", 11, 0), "rule", 7),
            alert_id(&frame("a", 1, 0), "rule1", 7),
            alert_id(&frame("a", 1, 0), "rule", 17),
            alert_id(&frame("a1", 1, 0), "rule", 7),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
