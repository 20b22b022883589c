//! What this process has counted, for programs that run inference in their own process.

use std::collections::{BTreeMap, BTreeSet};

use prometheus::IntCounterVec;
use vru_runtime::gone_counts::{Counts, GoneCounts, add_by_kind};
use vru_runtime::metrics::counts_by;

use crate::metrics::{
    ASSIGNED, DROPPED, DUPLICATE, RECEIVED, REFERENCE, REVOKED, SENT, SENT_ALERTS, SENT_OBJECTS, SEQUENCE_GAPS,
};

/// One camera's frames since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InferCounts {
    /// Frames that came from Kafka and could be read.
    pub received: u64,
    /// Frames whose detections Kafka acknowledged.
    pub sent: u64,
    /// Objects in those frames.
    pub sent_objects: u64,
    /// Alerts that Kafka acknowledged.
    pub sent_alerts: u64,
    /// H.264 or H.265 pictures that were decoded only because later ones refer to them.
    pub references: u64,
    /// Lost frames by reason. Frames of a revoked partition and repeated frames are left out: they are analysed elsewhere.
    pub dropped: BTreeMap<String, u64>,
    /// Frames that Kafka deleted before inference read them.
    pub sequence_gaps: u64,
}

impl Counts for InferCounts {
    fn add(&mut self, other: Self) {
        self.received += other.received;
        self.sent += other.sent;
        self.sent_objects += other.sent_objects;
        self.sent_alerts += other.sent_alerts;
        self.references += other.references;
        self.sequence_gaps += other.sequence_gaps;
        add_by_kind(&mut self.dropped, other.dropped);
    }
}

static GONE: GoneCounts<InferCounts> = GoneCounts::new();

/// The sum over the cameras that this worker does not have any more.
pub fn gone_counts() -> InferCounts {
    GONE.sum()
}

/// Removes the series of these cameras, which this worker does not have any more.
pub(crate) fn forget(cameras: &BTreeSet<String>) {
    GONE.forget("infer_", counts, cameras);
}

/// The counts by camera id.
pub fn counts() -> BTreeMap<String, InferCounts> {
    let mut cameras: BTreeMap<String, InferCounts> = BTreeMap::new();
    let mut read = |counter: &IntCounterVec, field: fn(&mut InferCounts) -> &mut u64| {
        for ([camera], count) in counts_by(counter, ["camera"]) {
            *field(cameras.entry(camera).or_default()) = count;
        }
    };
    read(&RECEIVED, |counts| &mut counts.received);
    read(&SENT, |counts| &mut counts.sent);
    read(&SENT_OBJECTS, |counts| &mut counts.sent_objects);
    read(&SENT_ALERTS, |counts| &mut counts.sent_alerts);
    read(&REFERENCE, |counts| &mut counts.references);
    read(&SEQUENCE_GAPS, |counts| &mut counts.sequence_gaps);
    for ([camera, reason], frames) in counts_by(&DROPPED, ["camera", "reason"]) {
        if reason != DUPLICATE && reason != REVOKED {
            cameras.entry(camera).or_default().dropped.insert(reason, frames);
        }
    }
    cameras
}

/// How many partitions of the topic this process reads.
pub fn assigned_partitions(topic: &str) -> u64 {
    u64::try_from(ASSIGNED.with_label_values(&[topic]).get()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::QUEUE_FULL;

    #[test]
    fn frames_that_are_analysed_elsewhere_are_not_lost() {
        RECEIVED.with_label_values(&["counts"]).inc_by(9);
        SENT.with_label_values(&["counts"]).inc_by(2);
        SENT_OBJECTS.with_label_values(&["counts"]).inc_by(5);
        SENT_ALERTS.with_label_values(&["counts"]).inc_by(1);
        REFERENCE.with_label_values(&["counts"]).inc_by(4);
        SEQUENCE_GAPS.with_label_values(&["counts"]).inc_by(6);
        for (reason, frames) in [(QUEUE_FULL, 3), (DUPLICATE, 7), (REVOKED, 8)] {
            DROPPED.with_label_values(&["counts", reason]).inc_by(frames);
        }
        let wanted = InferCounts {
            received: 9,
            sent: 2,
            sent_objects: 5,
            sent_alerts: 1,
            references: 4,
            dropped: [(QUEUE_FULL.to_owned(), 3)].into(),
            sequence_gaps: 6,
        };
        assert_eq!(counts()["counts"], wanted);
    }

    #[test]
    fn a_camera_that_is_gone_has_no_series_and_keeps_its_part_of_the_sum() {
        RECEIVED.with_label_values(&["counts-gone"]).inc_by(3);
        DROPPED.with_label_values(&["counts-gone", QUEUE_FULL]).inc_by(2);
        let before = gone_counts();
        forget(&["counts-gone".to_owned()].into());
        assert!(!counts().contains_key("counts-gone"));
        let after = gone_counts();
        assert_eq!(after.received, before.received + 3);
        let dropped = |counts: &InferCounts| counts.dropped.get(QUEUE_FULL).copied().unwrap_or(0);
        assert_eq!(dropped(&after), dropped(&before) + 2);
    }
}
