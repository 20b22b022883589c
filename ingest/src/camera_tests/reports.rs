//! What came of tests, on its way to the API.

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use vru_proto::v1::camera_test_report::Outcome;
use vru_proto::v1::{BlurredPicture, CameraTestPicture, CameraTestReport, SeenStream};
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, OutgoingRecord, ProducerOptions, RenewableProducer, SendError};
use vru_runtime::report::chain;

/// Nobody waits longer for a report.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);
/// The API waits for less, but clocks of hosts differ.
const NOBODY_WAITS_US: i64 = 2 * 60 * 1_000_000;

#[derive(Debug)]
pub(super) struct Reports {
    producer: RenewableProducer,
    topic: String,
    pictures: String,
    host: String,
}

impl Reports {
    pub(super) fn new(kafka: &KafkaConfig) -> Result<Self, KafkaFailure> {
        let options = ProducerOptions {
            client_id: "vru-ingest-tests".to_owned(),
            message_timeout: MESSAGE_TIMEOUT,
            queue_bytes: 8 * 1024 * 1024,
            ..ProducerOptions::default()
        };
        // The name is for people, who may look for the pod.
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
        let topics = kafka.topics();
        let producer = RenewableProducer::new(kafka, options)?;
        Ok(Self { producer, topic: topics.camera_test_reports, pictures: topics.camera_test_pictures, host })
    }

    /// A report that Kafka does not take is lost: the test ends at its deadline.
    pub(super) async fn send(&self, id: &str, outcome: Outcome) {
        let report = CameraTestReport { id: id.to_owned(), host: self.host.clone(), outcome: Some(outcome) };
        if let Err(error) = self.publish(&self.topic, id, &report.encode_to_vec()).await {
            tracing::warn!(test = id, error = %chain(&error), "what came of the test of a camera cannot be reported");
        }
    }

    /// Sends what was seen, and the picture to inference only, which blurs it and reports it.
    pub(super) async fn send_to_be_blurred(&self, id: &str, seen: SeenStream) {
        let (snapshot, seen) = (seen.snapshot.to_vec(), SeenStream { snapshot: Bytes::new(), ..seen });
        self.send(id, Outcome::Seen(SeenStream { picture_follows: true, ..seen })).await;
        let answer_before_us = now_us().saturating_add(NOBODY_WAITS_US);
        let picture = CameraTestPicture { id: id.to_owned(), snapshot, answer_before_us };
        if let Err(error) = self.publish(&self.pictures, id, &picture.encode_to_vec()).await {
            tracing::warn!(test = id, error = %chain(&error), "the picture of the test of a camera cannot be blurred");
            let problem = format!("inference, which blurs it, cannot be asked: {}", chain(&error));
            self.send(id, Outcome::Picture(BlurredPicture { snapshot: Vec::new(), problem })).await;
        }
    }

    async fn publish(&self, topic: &str, id: &str, payload: &[u8]) -> Result<(), SendError> {
        self.producer.current().publish(OutgoingRecord::new(topic, id, payload))?.await.map(drop)
    }
}
