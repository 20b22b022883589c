//! The thread that reads: frames and detections of watched cameras, each record once for all viewers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vru_proto::validate::{ReadError, read_detections, read_frame};
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, PartitionReader, Polled, Record, Topics};
use vru_runtime::report::chain;

use crate::message::Message;
use crate::metrics::{READER_PARTITIONS, READER_RECORDS, READER_STARTS};
use crate::renderer::{Input, Renderers};
use crate::rendition::Rendition;
use crate::watched::Shared;

/// So soon a new viewer is noticed.
const POLL: Duration = Duration::from_millis(20);
/// How often cameras are looked for that nobody watches any more.
const PLAN_EVERY: Duration = Duration::from_millis(500);
/// How often Kafka is asked how many partitions the topics have.
const REFRESH_EVERY: Duration = Duration::from_secs(30);
const REFRESH_DEADLINE: Duration = Duration::from_millis(500);
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub(crate) fn run(kafka: &KafkaConfig, shared: &Shared, renderers: &Renderers, stop: &CancellationToken) {
    let topics = kafka.topics();
    let mut reason = "viewer";
    while !stop.is_cancelled() {
        let generation = shared.generation();
        if shared.plan(&topics, |_| 1).is_empty() {
            shared.wait(generation, PLAN_EVERY);
            continue;
        }
        READER_STARTS.with_label_values(&[reason]).inc();
        let reading = Reading { topics: &topics, shared, renderers, stop };
        let read = reading.read(kafka);
        for topic in [&topics.frames, &topics.file_frames, &topics.detections] {
            READER_PARTITIONS.with_label_values(&[topic]).set(0);
        }
        reason = "viewer";
        if let Err(error) = read {
            tracing::warn!(error = %chain(&error), "live feeds are interrupted; trying again");
            reason = "failure";
            std::thread::sleep(RETRY_AFTER);
        }
    }
}

struct Reading<'a> {
    topics: &'a Topics,
    shared: &'a Shared,
    renderers: &'a Renderers,
    stop: &'a CancellationToken,
}

impl Reading<'_> {
    /// Until nobody watches any more.
    fn read(&self, kafka: &KafkaConfig) -> Result<(), KafkaFailure> {
        let Topics { frames, file_frames, detections, .. } = self.topics;
        let mut reader = PartitionReader::open(kafka, "vru-live", &[frames, file_frames, detections])?;
        let (mut planned, mut refreshed) = (None, Instant::now());
        while !self.stop.is_cancelled() {
            let generation = self.shared.generation();
            if planned.is_none_or(|(known, at): (u64, Instant)| known != generation || at.elapsed() >= PLAN_EVERY) {
                if refreshed.elapsed() >= REFRESH_EVERY {
                    refreshed = Instant::now();
                    reader.refresh(REFRESH_DEADLINE);
                }
                let plan = self.shared.plan(self.topics, |topic| reader.partitions(topic));
                if plan.is_empty() {
                    return Ok(());
                }
                if plan != *reader.assigned() {
                    reader.assign(&plan)?;
                    for topic in [frames, file_frames, detections] {
                        let count = plan.iter().filter(|partition| *partition.topic == **topic).count();
                        READER_PARTITIONS.with_label_values(&[topic]).set(count as i64);
                    }
                }
                planned = Some((generation, Instant::now()));
            }
            let used = |topic: &str, key: &[u8]| self.shared.is_used(key, topic == detections);
            match reader.poll(POLL, used) {
                Polled::Record(record) => self.record(record),
                Polled::Other(topic) => READER_RECORDS.with_label_values(&[&*topic, "other_camera"]).inc(),
                Polled::Nothing => {}
                // Its partitions are assigned anew.
                Polled::Recreated(topic) => {
                    tracing::warn!(topic = &*topic, "a topic was deleted and created again");
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn record(&self, record: Record) {
        let topic = record.partition.topic.clone();
        let result = match (record.key, record.payload) {
            (Some(key), Some(payload)) => match self.used(&topic, &key, payload) {
                Ok(()) => "used",
                Err(error) => {
                    // The services send such records to the dead-letter topic; here they are passed over.
                    tracing::debug!(error = %chain(&error), "a record is invalid and is not shown");
                    "invalid"
                }
            },
            _ => "invalid",
        };
        READER_RECORDS.with_label_values(&[&*topic, result]).inc();
    }

    fn used(&self, topic: &str, record_key: &Bytes, payload: Bytes) -> Result<(), ReadError> {
        let Some(camera) = self.shared.camera(record_key) else { return Ok(()) };
        if topic == self.topics.detections {
            let (key, found) = read_detections(payload)?;
            if key.camera != camera.id {
                return Ok(());
            }
            camera.seen();
            let Some(analysis) = camera.analyse(&key, &found) else { return Ok(()) };
            if camera.wants(Rendition::None) {
                camera.publish(Rendition::None, &[Rendition::None], Message::boxes(&key, &analysis));
            }
            if camera.wants_pictures() {
                self.renderers.send(&camera, Input::Analysis(key, Arc::new(analysis)));
            }
        } else {
            let (key, frame) = read_frame(payload)?;
            if key.camera != camera.id {
                return Ok(());
            }
            camera.seen();
            self.renderers.send(&camera, Input::Frame(key, Box::new(frame)));
        }
        Ok(())
    }
}
