//! What came of tests, on its way to the API.

use std::fs;
use std::time::Duration;

use prost::Message as _;
use vru_proto::v1::CameraTestReport;
use vru_proto::v1::camera_test_report::Outcome;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, OutgoingRecord, ProducerOptions, RenewableProducer, SendError};
use vru_runtime::report::chain;

/// Nobody waits longer for a report.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Reports {
    producer: RenewableProducer,
    topic: String,
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
        Ok(Self { producer: RenewableProducer::new(kafka, options)?, topic: kafka.topics().camera_test_reports, host })
    }

    /// A report that Kafka does not take is lost: the test ends at its deadline.
    pub(super) async fn send(&self, id: &str, outcome: Outcome) {
        let report = CameraTestReport { id: id.to_owned(), host: self.host.clone(), outcome: Some(outcome) };
        let payload = report.encode_to_vec();
        let sent: Result<_, SendError> =
            async { self.producer.current().publish(OutgoingRecord::new(&self.topic, id, &payload))?.await }.await;
        if let Err(error) = sent {
            tracing::warn!(test = id, error = %chain(&error), "what came of the test of a camera cannot be reported");
        }
    }
}
