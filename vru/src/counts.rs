//! What the services counted, read from the process's own metrics: the same numbers that `/metrics` serves.

use std::collections::BTreeMap;

/// What one camera's frames came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct CameraCounts {
    /// Frames that ingest took, after sampling.
    pub frames_in: u64,
    /// Frames that ingest handed to Kafka.
    pub published: u64,
    /// Frames that inference took from Kafka.
    pub received: u64,
    /// Frames whose detections Kafka has.
    pub inferred: u64,
    /// Objects in them.
    pub detections: u64,
    /// Alerts that Kafka has.
    pub alerts: u64,
    /// Pictures of H.264 or H.265 that were decoded only for those that follow.
    pub references: u64,
    /// Frames that were not analysed, by stage and reason.
    pub drops: BTreeMap<String, u64>,
}

/// What all cameras' frames came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// By camera.
    pub cameras: BTreeMap<String, CameraCounts>,
    /// Frames that got a row in Postgres.
    pub stored_frames: u64,
    /// Frames that had one: of a file that was read before, or published twice.
    pub known_frames: u64,
}

/// Frames that were put back and come again are not lost.
const COMES_AGAIN: [&str; 2] = ["duplicate", "revoked"];

impl Counts {
    /// As it is now.
    pub fn read() -> Self {
        let mut counts = Self::default();
        for family in vru_runtime::metrics::registry().gather() {
            for metric in family.get_metric() {
                let value = metric.get_counter().get_value() as u64;
                let label = |name: &str| {
                    metric.get_label().iter().find(|pair| pair.name() == name).map_or("", |pair| pair.value())
                };
                counts.add(family.name(), &label, value);
            }
        }
        counts
    }

    fn add<'a>(&mut self, name: &str, label: &dyn Fn(&str) -> &'a str, value: u64) {
        if label("sink") == "postgres" {
            match name {
                "sink_stored_frames_total" => self.stored_frames += value,
                "sink_duplicate_frames_total" => self.known_frames += value,
                _ => {}
            }
            return;
        }
        if !name.starts_with("ingest_") && !name.starts_with("infer_") || label("camera").is_empty() {
            return;
        }
        let camera = self.cameras.entry(label("camera").to_owned()).or_default();
        let field = match name {
            "ingest_received_frames_total" => &mut camera.frames_in,
            "ingest_sent_frames_total" => &mut camera.published,
            "infer_received_frames_total" => &mut camera.received,
            "infer_sent_frames_total" => &mut camera.inferred,
            "infer_sent_objects_total" => &mut camera.detections,
            "infer_sent_alerts_total" => &mut camera.alerts,
            "infer_reference_frames_total" => &mut camera.references,
            "ingest_dropped_frames_total" => camera.drop_of("ingest", label("reason")),
            "infer_dropped_frames_total" if !COMES_AGAIN.contains(&label("reason")) => {
                camera.drop_of("infer", label("reason"))
            }
            // The broker deleted them before inference read them.
            "infer_sequence_gap_frames_total" => camera.drop_of("broker", "deleted"),
            _ => return,
        };
        *field += value;
    }

    /// The sum over all cameras.
    pub fn total(&self) -> CameraCounts {
        let mut total = CameraCounts::default();
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
    fn drop_of(&mut self, stage: &str, reason: &str) -> &mut u64 {
        self.drops.entry(format!("{stage}_{reason}")).or_default()
    }

    /// Frames that were not analysed.
    pub fn dropped(&self) -> u64 {
        self.drops.values().sum()
    }

    /// Frames that inference has done with, of those that ingest published.
    pub fn settled(&self) -> u64 {
        let elsewhere = |reason: &str| reason.starts_with("ingest_");
        let lost: u64 = self.drops.iter().filter(|(reason, _)| !elsewhere(reason)).map(|(_, count)| count).sum();
        self.inferred + self.references + lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Sample = (&'static str, &'static [(&'static str, &'static str)], u64);

    fn counts(metrics: &[Sample]) -> Counts {
        let mut counts = Counts::default();
        for (name, labels, value) in metrics {
            let label = |wanted: &str| labels.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| *value);
            counts.add(name, &label, *value);
        }
        counts
    }

    #[test]
    fn drops_are_told_apart_by_stage_and_what_comes_again_is_none() {
        let counts = counts(&[
            ("ingest_received_frames_total", &[("camera", "a")], 10),
            ("ingest_dropped_frames_total", &[("camera", "a"), ("reason", "queue_full")], 1),
            ("infer_dropped_frames_total", &[("camera", "a"), ("reason", "queue_full")], 2),
            ("infer_dropped_frames_total", &[("camera", "a"), ("reason", "revoked")], 4),
            ("infer_sequence_gap_frames_total", &[("camera", "a")], 3),
            ("infer_sent_frames_total", &[("camera", "a")], 4),
            ("ingest_received_frames_total", &[("camera", "b")], 5),
            ("sink_stored_frames_total", &[("sink", "postgres")], 4),
            ("sink_stored_frames_total", &[("sink", "s3")], 9),
            ("sink_duplicate_frames_total", &[("sink", "postgres")], 2),
            ("process_threads", &[], 30),
        ]);
        let a = &counts.cameras["a"];
        let drops = [("broker_deleted", 3), ("infer_queue_full", 2), ("ingest_queue_full", 1)];
        assert_eq!(a.drops, drops.map(|(reason, count)| (reason.to_owned(), count)).into());
        assert_eq!((a.dropped(), a.settled()), (6, 9));
        assert_eq!(counts.total().frames_in, 15);
        assert_eq!((counts.stored_frames, counts.known_frames), (4, 2));
        assert_eq!(counts.cameras.len(), 2);
    }
}
