//! What a frame is watched for.

use sha2::{Digest as _, Sha256};
use vru_proto::ids::FrameKey;
use vru_proto::v1;

/// Lines, zones and classes, each sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) lines: Vec<String>,
    pub(super) zones: Vec<String>,
    pub(super) classes: Vec<i16>,
    pub(super) max_gap_us: i32,
}

impl Target {
    pub(super) fn of(counting: &v1::Counting) -> Self {
        let sorted = |ids: &[String]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids
        };
        Self {
            lines: sorted(&counting.line_ids),
            zones: sorted(&counting.zone_ids),
            classes: counting.classes.iter().map(|&class| class as i16).collect(),
            max_gap_us: counting.max_gap_us as i32,
        }
    }

    /// What both are watched for: of a line that only one of them has, nobody knows whether it was crossed between them.
    pub(super) fn common(&self, later: &Self) -> Self {
        let both = |one: &[String], other: &[String]| one.iter().filter(|id| other.contains(id)).cloned().collect();
        Self {
            lines: both(&self.lines, &later.lines),
            zones: both(&self.zones, &later.zones),
            classes: self.classes.iter().filter(|class| later.classes.contains(class)).copied().collect(),
            max_gap_us: later.max_gap_us,
        }
    }

    /// The same for the same target. Positive, 63 bits: a camera has some hundreds of targets in its life.
    pub(super) fn id(&self, camera: &str) -> i64 {
        let mut hash = Sha256::new();
        // The length goes first, or `a` + `bc` would equal `ab` + `c`.
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(camera.as_bytes());
        for ids in [&self.lines, &self.zones] {
            part(&(ids.len() as u64).to_be_bytes());
            for id in ids {
                part(id.as_bytes());
            }
        }
        part(&self.classes.iter().flat_map(|class| class.to_be_bytes()).collect::<Vec<_>>());
        part(&self.max_gap_us.to_be_bytes());
        let digest = hash.finalize();
        let first = digest.iter().take(8).fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        (first >> 1) as i64
    }
}

/// The id of what a frame is watched for; `None` if it is not watched.
pub(crate) fn watch_id(key: &FrameKey, frame: &v1::FrameDetections) -> Option<i64> {
    frame.counting.as_ref().map(|counting| Target::of(counting).id(key.camera.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(lines: &[&str], zones: &[&str], classes: &[i16]) -> Target {
        let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
        Target { lines: ids(lines), zones: ids(zones), classes: classes.to_vec(), max_gap_us: 5 }
    }

    #[test]
    fn different_targets_have_different_ids() {
        let all = [
            target(&["a"], &[], &[1]),
            target(&[], &["a"], &[1]),
            target(&["a", "b"], &[], &[1]),
            target(&["ab"], &[], &[1]),
            target(&["a"], &[], &[]),
            Target { max_gap_us: 6, ..target(&["a"], &[], &[1]) },
        ];
        let mut ids: Vec<_> = all.iter().map(|target| target.id("cam")).chain([all[0].id("cam2")]).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.len() + 1);
        assert!(ids[0] > 0);
    }

    #[test]
    fn the_order_in_a_message_does_not_matter_and_only_what_both_have_is_common() {
        let counting = |ids: &[&str]| v1::Counting {
            line_ids: ids.iter().map(|&id| id.to_owned()).collect(),
            ..Default::default()
        };
        assert_eq!(Target::of(&counting(&["a", "b"])), Target::of(&counting(&["b", "a"])));
        let common = target(&["a", "b"], &["z"], &[1, 2]).common(&target(&["b", "c"], &["z"], &[2, 3]));
        assert_eq!(common, target(&["b"], &["z"], &[2]));
    }
}
