//! What this process has counted, for programs that run ingest in their own process.

use std::collections::{BTreeMap, BTreeSet};

use vru_runtime::gone_counts::{Counts, GoneCounts, add_by_kind};
use vru_runtime::metrics::{counts_by, gauges_by, retain_cameras};

use crate::metrics::{CONNECTED, DROPPED, ERRORS, RECEIVED, SENT};
use crate::waits;

/// One camera's frames and connections since the process started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IngestCounts {
    /// Whether frames arrive now.
    pub connected: bool,
    /// Failed connections by kind of error.
    pub errors: BTreeMap<String, u64>,
    /// Frames that left the camera's pipeline, after sampling.
    pub received: u64,
    /// Frames that Kafka acknowledged.
    pub sent: u64,
    /// Dropped frames by reason.
    pub dropped: BTreeMap<String, u64>,
    /// What a video file has waited for longer than a moment.
    pub waits_for: Option<String>,
    /// What a video file gave that is published to its end.
    pub ended: Option<String>,
}

impl Counts for IngestCounts {
    fn add(&mut self, other: Self) {
        self.received += other.received;
        self.sent += other.sent;
        add_by_kind(&mut self.dropped, other.dropped);
        add_by_kind(&mut self.errors, other.errors);
    }
}

/// Of the names of this program's metrics.
const PREFIX: &str = "ingest_";

static GONE: GoneCounts<IngestCounts> = GoneCounts::new();

/// The sum over the cameras that this process does not have any more.
pub fn gone_counts() -> IngestCounts {
    GONE.sum()
}

/// Removes the series of these cameras, which this process does not have any more.
pub(crate) fn forget(cameras: &BTreeSet<String>) {
    waits::forget(cameras);
    GONE.forget(PREFIX, counts, cameras);
}

/// Removes the series that the test of a camera left under its own id.
pub(crate) fn forget_test(id: &str) {
    // A test is not counted, so a camera has this id.
    if !counts().contains_key(id) {
        retain_cameras(PREFIX, |camera| camera != id);
    }
}

/// The counts by camera id.
pub fn counts() -> BTreeMap<String, IngestCounts> {
    let mut cameras: BTreeMap<String, IngestCounts> = BTreeMap::new();
    for ([camera], frames) in counts_by(&RECEIVED, ["camera"]) {
        cameras.entry(camera).or_default().received = frames;
    }
    for ([camera], frames) in counts_by(&SENT, ["camera"]) {
        cameras.entry(camera).or_default().sent = frames;
    }
    for ([camera, reason], frames) in counts_by(&DROPPED, ["camera", "reason"]) {
        cameras.entry(camera).or_default().dropped.insert(reason, frames);
    }
    for ([camera, kind], errors) in counts_by(&ERRORS, ["camera", "kind"]) {
        cameras.entry(camera).or_default().errors.insert(kind, errors);
    }
    for ([camera], connected) in gauges_by(&CONNECTED, ["camera"]) {
        cameras.entry(camera).or_default().connected = connected > 0;
    }
    for (camera, what) in waits::long_ones() {
        cameras.entry(camera).or_default().waits_for = Some(what);
    }
    for (camera, what) in waits::ended_ones() {
        cameras.entry(camera).or_default().ended = Some(what);
    }
    cameras
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{self, KAFKA_DOWN, QUEUE_FULL};

    #[test]
    fn each_camera_has_its_own_counts() {
        RECEIVED.with_label_values(&["counts-a"]).inc_by(10);
        SENT.with_label_values(&["counts-a"]).inc_by(7);
        metrics::dropped("counts-a", QUEUE_FULL, 2);
        metrics::dropped("counts-a", KAFKA_DOWN, 1);
        RECEIVED.with_label_values(&["counts-b"]).inc_by(5);
        ERRORS.with_label_values(&["counts-a", "stall"]).inc();
        CONNECTED.with_label_values(&["counts-a"]).set(1);
        let counts = counts();
        let errors = [("stall".to_owned(), 1)].into();
        let dropped = [(KAFKA_DOWN.to_owned(), 1), (QUEUE_FULL.to_owned(), 2)].into();
        assert_eq!(
            counts["counts-a"],
            IngestCounts { connected: true, errors, received: 10, sent: 7, dropped, waits_for: None, ended: None }
        );
        assert_eq!(counts["counts-b"], IngestCounts { received: 5, ..IngestCounts::default() });
    }

    #[test]
    fn a_camera_that_has_not_connected_yet_has_the_value_0() {
        metrics::watched("counts-new");
        assert_eq!(gauges_by(&CONNECTED, ["camera"])[&["counts-new".to_owned()]], 0);
        metrics::connected("counts-new", 1);
        metrics::watched("counts-new");
        assert!(counts()["counts-new"].connected);
    }

    #[test]
    fn a_camera_that_is_gone_has_no_series_and_keeps_its_part_of_the_sum() {
        RECEIVED.with_label_values(&["counts-gone"]).inc_by(3);
        metrics::dropped("counts-gone", QUEUE_FULL, 2);
        metrics::connected("counts-gone", 1);
        let before = gone_counts();
        forget(&["counts-gone".to_owned()].into());
        assert!(!counts().contains_key("counts-gone"));
        let after = gone_counts();
        assert_eq!(after.received, before.received + 3);
        let dropped = |counts: &IngestCounts| counts.dropped.get(QUEUE_FULL).copied().unwrap_or(0);
        assert_eq!(dropped(&after), dropped(&before) + 2);
    }

    #[test]
    fn only_the_series_of_cameras_that_are_gone_are_removed() {
        RECEIVED.with_label_values(&["counts-stays"]).inc_by(3);
        forget(&["counts-another".to_owned()].into());
        assert_eq!(counts()["counts-stays"].received, 3);
    }

    #[test]
    fn the_test_of_a_camera_leaves_no_series_and_takes_none_from_a_camera_of_its_name() {
        let lost = |camera: &str| {
            let series = counts_by(&metrics::LOST_PACKETS, ["camera"]);
            series.get(&[camera.to_owned()]).copied()
        };
        for camera in ["counts-tested", "counts-watched"] {
            metrics::LOST_PACKETS.with_label_values(&[camera]).inc();
        }
        metrics::watched("counts-watched");
        let gone = gone_counts();
        forget_test("counts-tested");
        forget_test("counts-watched");
        assert_eq!((lost("counts-tested"), lost("counts-watched")), (None, Some(1)));
        assert_eq!(gone_counts(), gone);
    }

    #[test]
    fn a_camera_that_becomes_a_file_is_not_one_without_a_connection() {
        metrics::watched("counts-turned");
        metrics::connected("counts-turned", 1);
        metrics::not_watched("counts-turned");
        // The end of the old connection comes late.
        metrics::disconnected("counts-turned", 1);
        assert!(!gauges_by(&CONNECTED, ["camera"]).contains_key(&["counts-turned".to_owned()]));
    }

    #[test]
    fn reading_the_counts_makes_no_series_for_a_file_and_a_late_session_leaves_its_successor_connected() {
        RECEIVED.with_label_values(&["counts-file"]).inc();
        assert!(!counts()["counts-file"].connected);
        assert!(!gauges_by(&CONNECTED, ["camera"]).contains_key(&["counts-file".to_owned()]));
        metrics::connected("counts-late", 1);
        metrics::connected("counts-late", 2);
        metrics::disconnected("counts-late", 1);
        assert!(counts()["counts-late"].connected);
        metrics::connected("counts-late", 1);
        metrics::disconnected("counts-late", 2);
        assert!(!counts()["counts-late"].connected);
    }
}
