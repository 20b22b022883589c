//! Ids that stay when a worker dies.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use vru_proto::FrameKey;
use vru_vision::tracker::{TrackedObject, Tracker};

/// More road users than that do not appear in one frame: the model's answer is cut before.
const PER_FRAME: u64 = 4_096;

/// The tracker numbers its tracks from 1 in each life of a worker. What is published must not: so a track's id is made of
/// the sequence number of the frame in which it was first seen, and its place among those of that frame.
#[derive(Debug, Default)]
pub(super) struct TrackIds {
    published: HashMap<u64, u64>,
}

impl TrackIds {
    /// Gives ids to the tracks that are new in this frame, and forgets those that are over.
    pub fn observe(&mut self, sequence: u64, tracked: &[TrackedObject], tracker: &Tracker) {
        self.published.retain(|track, _| tracker.is_alive(*track));
        let fresh = tracked.iter().filter(|object| !self.published.contains_key(&object.track_id));
        let fresh: Vec<u64> = fresh.map(|object| object.track_id).collect();
        for (place, track) in (1..).zip(fresh) {
            self.published.insert(track, first_seen(sequence, place));
        }
    }

    /// The id under which the tracker's track is published.
    pub fn get(&self, track: u64) -> u64 {
        self.published.get(&track).copied().unwrap_or(0)
    }

    /// The track was published under this id before. One that had none keeps the one it has now.
    pub fn set(&mut self, track: u64, published: u64) {
        if published != 0 {
            self.published.insert(track, published);
        }
    }
}

/// Stays within the 63 bits that the wire promises; sequences of real cameras are far below the point where it would wrap.
fn first_seen(sequence: u64, place: u64) -> u64 {
    (sequence.wrapping_mul(PER_FRAME).wrapping_add(place)) & (i64::MAX as u64)
}

/// The same whenever the same track is judged by the same rule: 32 hexadecimal digits.
pub fn alert_id(frame: &FrameKey, rule_id: &str, track_id: u64) -> String {
    let mut hash = Sha256::new();
    for part in [frame.camera.as_str(), &frame.session.to_string(), rule_id, &track_id.to_string()] {
        // The length goes first, or `a` + `bc` would be `ab` + `c`.
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
    fn an_alert_keeps_its_id_over_the_frames_of_a_track() {
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
