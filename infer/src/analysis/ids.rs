//! Ids of tracks and alerts that stay the same when another worker takes over.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};
use vru_proto::CameraId;
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

    /// The published ids of the tracks that may be detected again.
    pub fn alive(&self) -> HashSet<u64> {
        self.published.values().copied().collect()
    }

    /// Restores all ids: each track with the id under which it was published, 0 if it was not.
    pub fn restore(&mut self, tracks: Vec<(u64, u64)>) {
        self.published = tracks.into_iter().filter(|(_, published)| *published != 0).collect();
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

/// The id of the alert that a rule raises for tracks: 32 hexadecimal digits, the same in every frame and on every worker. `occurrence`
/// tells the alerts about the same tracks apart.
pub fn alert_id(camera: &CameraId, session: u64, rule_id: &str, track_ids: &[u64], occurrence: u32) -> String {
    let mut parts = vec![camera.to_string(), session.to_string(), rule_id.to_owned()];
    parts.extend(track_ids.iter().map(u64::to_string));
    if occurrence > 0 {
        // A word, so that it is no track id.
        parts.push(format!("occurrence {occurrence}"));
    }
    let mut hash = Sha256::new();
    for part in parts {
        // The length goes first, or `a` + `bc` would equal `ab` + `c`.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(camera: &str, session: u64, rule: &str, tracks: &[u64], occurrence: u32) -> String {
        alert_id(&camera.parse().unwrap(), session, rule, tracks, occurrence)
    }

    #[test]
    fn the_first_alert_of_a_track_has_the_id_that_earlier_versions_gave_it() {
        assert_eq!(id("a", 1, "rule", &[7], 0), "0f3a07e01371cf0ae8c36f63f8229b9f");
    }

    #[test]
    fn alerts_of_other_cameras_sessions_rules_tracks_and_occurrences_differ() {
        let ids = [
            id("a", 1, "rule", &[7], 0),
            id("a", 11, "rule", &[7], 0),
            id("a", 1, "rule1", &[7], 0),
            id("a", 1, "rule", &[17], 0),
            id("a1", 1, "rule", &[7], 0),
            id("a", 1, "rule", &[7], 1),
            id("a", 1, "rule", &[7], 2),
            id("a", 1, "rule", &[7, 1], 0),
            id("a", 1, "rule", &[1, 7], 0),
        ];
        let distinct: HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }
}
