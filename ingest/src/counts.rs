//! What this process has counted, for programs that run ingest in their own process.

use std::collections::BTreeMap;

use vru_runtime::metrics::counts_by;

use crate::metrics::{CONNECTED, DROPPED, ERRORS, RECEIVED, SENT};

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
    for (id, camera) in &mut cameras {
        camera.connected = CONNECTED.with_label_values(&[id]).get() > 0;
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
        assert_eq!(counts["counts-a"], IngestCounts { connected: true, errors, received: 10, sent: 7, dropped });
        assert_eq!(counts["counts-b"], IngestCounts { received: 5, ..IngestCounts::default() });
    }
}
