//! What all services of this process have counted, by camera: the numbers behind the display and the account.
//!
//! The services offer them as typed values (`vru_ingest::counts` and so on). A count that is removed or renamed is a compile error
//! here, not a silent zero.

use std::collections::BTreeMap;

use vru_infer::InferCounts;
use vru_ingest::IngestCounts;
use vru_sink::postgres::PostgresCounts;

/// One camera's frames.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct CameraCounts {
    /// Frames that ingest received from the camera, after sampling.
    pub frames_in: u64,
    /// Frames that ingest published to Kafka.
    pub published: u64,
    /// Frames that inference read from Kafka.
    pub received: u64,
    /// Frames whose detections are on Kafka.
    pub inferred: u64,
    /// Objects in those frames.
    pub detections: u64,
    /// Alerts that are on Kafka.
    pub alerts: u64,
    /// H.264 or H.265 pictures that were decoded only because later ones refer to them.
    pub references: u64,
    /// Frames that were not analysed, by stage and reason: `<stage>_<reason>`.
    pub drops: BTreeMap<String, u64>,
}

/// The frames of all cameras.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PipelineCounts {
    /// By camera id.
    pub cameras: BTreeMap<String, CameraCounts>,
    /// The sum over the cameras that are gone.
    pub gone: CameraCounts,
    /// Frames that got a row in PostgreSQL.
    pub stored_frames: u64,
    /// Frames that had a row before: those of a file that was read again, or frames that were published twice.
    pub known_frames: u64,
}

impl PipelineCounts {
    /// The counts as they are now.
    pub fn read() -> Self {
        let gone = CameraCounts::of(vru_ingest::gone_counts(), vru_infer::gone_counts());
        Self { gone, ..Self::of(vru_ingest::counts(), vru_infer::counts(), vru_sink::postgres::counts()) }
    }

    pub(crate) fn of(
        ingest: BTreeMap<String, IngestCounts>,
        infer: BTreeMap<String, InferCounts>,
        postgres: PostgresCounts,
    ) -> Self {
        let mut cameras: BTreeMap<String, CameraCounts> = BTreeMap::new();
        for (id, counts) in ingest {
            cameras.entry(id).or_default().add_ingest(counts);
        }
        for (id, counts) in infer {
            cameras.entry(id).or_default().add_infer(counts);
        }
        let gone = CameraCounts::default();
        Self { cameras, gone, stored_frames: postgres.stored_frames, known_frames: postgres.duplicate_frames }
    }

    /// The sum over all cameras, also those that are gone.
    pub fn total(&self) -> CameraCounts {
        let mut total = self.gone.clone();
        for camera in self.cameras.values() {
            total.frames_in += camera.frames_in;
            total.published += camera.published;
            total.received += camera.received;
            total.inferred += camera.inferred;
            total.detections += camera.detections;
            total.alerts += camera.alerts;
            total.references += camera.references;
            for (reason, count) in &camera.drops {
                *total.drops.entry(reason.clone()).or_default() += count;
            }
        }
        total
    }
}

impl CameraCounts {
    fn of(ingest: IngestCounts, infer: InferCounts) -> Self {
        let mut counts = Self::default();
        counts.add_ingest(ingest);
        counts.add_infer(infer);
        counts
    }

    fn add_ingest(&mut self, counts: IngestCounts) {
        self.frames_in += counts.received;
        self.published += counts.sent;
        self.add_drops("ingest", counts.dropped);
    }

    fn add_infer(&mut self, counts: InferCounts) {
        self.received += counts.received;
        self.inferred += counts.sent;
        self.detections += counts.sent_objects;
        self.alerts += counts.sent_alerts;
        self.references += counts.references;
        self.add_drops("infer", counts.dropped);
        // The broker deleted them before inference read them.
        self.add_drops("broker", [("deleted".to_owned(), counts.sequence_gaps)]);
    }

    fn add_drops(&mut self, stage: &str, drops: impl IntoIterator<Item = (String, u64)>) {
        for (reason, count) in drops {
            if count > 0 {
                *self.drops.entry(format!("{stage}_{reason}")).or_default() += count;
            }
        }
    }

    /// Frames that were not analysed.
    pub fn dropped(&self) -> u64 {
        self.drops.values().sum()
    }

    /// Published frames that inference has finished with: analysed, decoded for others, or dropped.
    pub fn settled(&self) -> u64 {
        let before_kafka = |reason: &str| reason.starts_with("ingest_");
        let lost: u64 = self.drops.iter().filter(|(reason, _)| !before_kafka(reason)).map(|(_, count)| count).sum();
        self.inferred + self.references + lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_counted_by_stage_and_reason() {
        let dropped = |reason: &str, count| [(reason.to_owned(), count)].into();
        let in_ingest =
            IngestCounts { received: 10, sent: 9, dropped: dropped("queue_full", 1), ..IngestCounts::default() };
        let other = IngestCounts { received: 5, ..IngestCounts::default() };
        let in_infer =
            InferCounts { sent: 4, dropped: dropped("queue_full", 2), sequence_gaps: 3, ..InferCounts::default() };
        let counts = PipelineCounts::of(
            [("a".to_owned(), in_ingest), ("b".to_owned(), other)].into(),
            [("a".to_owned(), in_infer)].into(),
            PostgresCounts { stored_frames: 4, duplicate_frames: 2 },
        );
        let a = &counts.cameras["a"];
        let drops = [("broker_deleted", 3), ("infer_queue_full", 2), ("ingest_queue_full", 1)];
        assert_eq!(a.drops, drops.map(|(reason, count)| (reason.to_owned(), count)).into());
        assert_eq!((a.dropped(), a.settled()), (6, 9));
        assert_eq!(counts.total().frames_in, 15);
        let gone = CameraCounts { frames_in: 3, ..CameraCounts::default() };
        assert_eq!(PipelineCounts { gone, ..counts.clone() }.total().frames_in, 18);
        assert_eq!((counts.stored_frames, counts.known_frames), (4, 2));
        assert_eq!(counts.cameras.len(), 2);
    }
}
