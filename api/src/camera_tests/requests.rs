//! The way of a test to Kafka.

use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use vru_proto::v1;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure, OutgoingRecord, ProducerOptions, RenewableProducer, SendError};
use vru_runtime::report::chain;
use vru_storage::camera_tests::{self, Failure, Outcome};
use vru_storage::postgres::{DatabaseError, Pool};

use super::config::CameraTestsConfig;

/// A test that Kafka does not take soon has failed.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct CameraTests {
    producer: Arc<RenewableProducer>,
    topic: String,
    config: CameraTestsConfig,
    database: Pool,
}

impl CameraTests {
    pub(crate) fn new(config: &CameraTestsConfig, kafka: &KafkaConfig, database: Pool) -> Result<Self, KafkaFailure> {
        let options = ProducerOptions {
            client_id: "vru-api-tests".to_owned(),
            message_timeout: MESSAGE_TIMEOUT,
            queue_bytes: 4 * 1024 * 1024,
            ..ProducerOptions::default()
        };
        let producer = Arc::new(RenewableProducer::new(kafka, options)?);
        Ok(Self { producer, topic: kafka.topics().camera_tests, config: config.clone(), database })
    }

    /// Asks ingest for a test that is in the database, in the background. What Kafka does not take has failed; if this process ends first,
    /// the test fails at its end.
    pub(crate) fn ask(&self, camera: v1::CameraConfig, unblurred: bool) {
        let this = self.clone();
        tokio::spawn(async move {
            let id = camera.id.clone();
            let Err(error) = this.publish(camera, unblurred).await else { return };
            tracing::warn!(test = id, error = %chain(&error), "ingest cannot be asked to test a camera");
            let failure = Failure {
                reason: "kafka".to_owned(),
                phase: String::new(),
                error: format!("the service cannot ask ingest to try the camera: {}", chain(&error)),
            };
            if let Err(error) = this.fail(&id, failure).await {
                tracing::warn!(test = id, error = %chain(&error), "the test of a camera fails at its end only");
            }
        });
    }

    async fn publish(&self, camera: v1::CameraConfig, unblurred: bool) -> Result<(), SendError> {
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let test = v1::CameraTest {
            id: camera.id.clone(),
            start_before_us: now_us().saturating_add(micros(self.config.start_within)),
            timeout_ms: u32::try_from(self.config.timeout.as_millis()).unwrap_or(u32::MAX),
            camera: Some(camera),
            unblurred,
        };
        let payload = test.encode_to_vec();
        let record = OutgoingRecord::new(&self.topic, &test.id, &payload);
        self.producer.current().publish(record)?.await.map(drop)
    }

    async fn fail(&self, id: &str, failure: Failure) -> Result<(), DatabaseError> {
        camera_tests::finish(&self.database.get().await?, id, None, &Outcome::Failed(failure)).await
    }
}
