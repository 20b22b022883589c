//! The member of the group that reads pictures of tested cameras, one after the other, and reports them blurred.

use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use tokio_util::sync::CancellationToken;
use vru_proto::CameraId;
use vru_proto::v1::camera_test_report::Outcome;
use vru_proto::v1::{BlurredPicture, CameraTestPicture, CameraTestReport};
use vru_proto::validate::read_camera_test_picture;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{
    Committer, ConsumerOptions, Event, GroupConsumer, KafkaFailure, OutgoingRecord, ProducerOptions, Record,
    RenewableProducer, SendError, blocking,
};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;

use super::picture::{PictureError, blurred, prepare};
use super::requests::ModelRequests;
use crate::config::InferConfig;
use crate::metrics::CAMERA_TEST_PICTURES;
use crate::model::Model;

/// Pictures are half a megabyte at most.
const PREFETCH: usize = 2 * 1024 * 1024;
/// Pictures are rare, and a person who waits for one has waited seconds for the camera already.
const FETCH_WAIT: Duration = Duration::from_millis(500);
/// Kafka answers within that, or the picture is not blurred.
const COMMIT: Duration = Duration::from_secs(5);
/// The model is asked between two batches, which take less.
const ANSWER: Duration = Duration::from_secs(10);
/// Nobody waits longer for a report.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Until the stop.
pub(crate) async fn read_pictures(
    config: InferConfig,
    model: Arc<Model>,
    requests: ModelRequests,
    stop: CancellationToken,
) {
    let mut backoff = Backoff::default();
    while !stop.is_cancelled() {
        let read = membership(&config, &model, &requests, &stop, &mut backoff);
        if let Err(error) = read.await {
            tracing::warn!(error = %chain(&error), "pictures of tested cameras cannot be blurred; trying again");
        }
        if !backoff.wait(&stop).await {
            return;
        }
    }
}

/// One membership of the group.
async fn membership(
    config: &InferConfig,
    model: &Arc<Model>,
    requests: &ModelRequests,
    stop: &CancellationToken,
    backoff: &mut Backoff,
) -> Result<(), KafkaFailure> {
    let topics = config.kafka.topics();
    let options = ProducerOptions {
        client_id: "vru-infer-tests".to_owned(),
        message_timeout: MESSAGE_TIMEOUT,
        queue_bytes: 4 * 1024 * 1024,
        ..ProducerOptions::default()
    };
    let producer = RenewableProducer::new(&config.kafka, options)?;
    let mut options = ConsumerOptions::new(&config.camera_tests.group, &[&topics.camera_test_pictures]);
    options.prefetch_bytes = PREFETCH;
    options.fetch_wait = FETCH_WAIT;
    let mut group = GroupConsumer::start(&config.kafka, &options)?;
    let reader = Reader {
        model: model.clone(),
        requests: requests.clone(),
        producer,
        topic: topics.camera_test_reports,
        committer: group.committer(),
    };
    while let Some(Some(event)) = stop.run_until_cancelled(group.next()).await {
        if let Event::Record(record) = event {
            stop.run_until_cancelled(reader.read(&record)).await;
            backoff.reset();
        }
    }
    // It joins a thread.
    if let Err(error) = tokio::task::spawn_blocking(move || drop(group)).await {
        tracing::error!(error = %chain(&error), "leaving the group of pictures failed");
    }
    Ok(())
}

struct Reader {
    model: Arc<Model>,
    requests: ModelRequests,
    producer: RenewableProducer,
    topic: String,
    committer: Committer,
}

impl Reader {
    async fn read(&self, record: &Record) {
        // Before it is decoded: one that kills this process is not read again. Its test ends without a picture.
        if !self.take(record).await {
            return;
        }
        let count = |result: &str| CAMERA_TEST_PICTURES.with_label_values(&[result]).inc();
        let (id, picture) = match read_camera_test_picture(record.payload.clone().unwrap_or_default()) {
            Ok(read) => read,
            Err(error) => {
                count("invalid");
                tracing::warn!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not a picture of a tested camera");
                return;
            }
        };
        if now_us() > picture.answer_before_us {
            return count("late");
        }
        let answer = match self.blur(picture).await {
            Ok(snapshot) => {
                count("blurred");
                BlurredPicture { snapshot, problem: String::new() }
            }
            Err(error) => {
                count("failed");
                tracing::warn!(test = %id, error = %chain(&error), "the picture of a tested camera cannot be blurred");
                let problem = format!("inference cannot blur it: {}", chain(&error));
                BlurredPicture { snapshot: Vec::new(), problem }
            }
        };
        if let Err(error) = self.report(&id, answer).await {
            tracing::warn!(test = %id, error = %chain(&error), "the blurred picture of a tested camera cannot be reported");
        }
    }

    async fn take(&self, record: &Record) -> bool {
        let (committer, next) = (self.committer.clone(), vec![(record.partition.clone(), record.offset + 1)]);
        match tokio::time::timeout(COMMIT, blocking(move || committer.commit(&next, true))).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => {
                tracing::warn!(error = %chain(&error), "the picture of a tested camera is not blurred: Kafka did not take its offset");
            }
            Err(_) => {
                tracing::warn!(after = ?COMMIT, "the picture of a tested camera is not blurred: Kafka does not answer");
            }
        }
        false
    }

    async fn blur(&self, picture: CameraTestPicture) -> Result<Vec<u8>, PictureError> {
        let model = self.model.clone();
        let decoding = tokio::task::spawn_blocking(move || prepare(&picture.snapshot, &model));
        let (image, prepared) = decoding.await.map_err(|_| PictureError::NoAnswer)??;
        let place = (prepared.placement, prepared.source);
        let asked = tokio::time::timeout(ANSWER, self.requests.ask(prepared)).await;
        let output = asked.ok().flatten().ok_or(PictureError::NoAnswer)?;
        let model = self.model.clone();
        let blurring = tokio::task::spawn_blocking(move || blurred(image, place, &output, &model));
        blurring.await.map_err(|_| PictureError::NoAnswer)?
    }

    async fn report(&self, id: &CameraId, picture: BlurredPicture) -> Result<(), SendError> {
        let id = id.as_str();
        let report =
            CameraTestReport { id: id.to_owned(), host: String::new(), outcome: Some(Outcome::Picture(picture)) };
        let payload = report.encode_to_vec();
        self.producer.current().publish(OutgoingRecord::new(&self.topic, id, &payload))?.await.map(drop)
    }
}
