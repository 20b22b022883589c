//! Publishes changes of cameras to Kafka: one replica does it, the others stand by. The order of two versions of a camera on the topic is
//! therefore that of the database ([decision 53](../../../docs/decisions/0053-outbox-of-cameras.md)).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use prost::Message as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::{
    KafkaConfig, KafkaFailure, OutgoingRecord, ProducerOptions, RenewableProducer, SendError, TopicId,
};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::postgres::{DatabaseError, Pool, PooledClient};
use vru_storage::{cameras, uploads};

use super::message::CameraMessages;
use super::topic;
use crate::metrics::{CAMERA_CHANGES, WAITING_CHANGES};

/// How often the outbox is looked at: a change is in effect within 2 s.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long another publisher's records may still be on their way after it lost its place.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the topic is asked whether it is still the same one, and how soon a failed comparison with it is tried again.
const LOOK_AT_TOPIC: Duration = Duration::from_secs(30);
const BATCH: i64 = 200;
/// Of one look at the outbox, with all that is published for it.
const STEP_DEADLINE: Duration = Duration::from_mins(1);

#[derive(Debug, thiserror::Error)]
enum PublishError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("cannot publish the change of a camera")]
    Kafka(#[from] SendError),
    #[error(transparent)]
    Topic(#[from] KafkaFailure),
    #[error("the database or Kafka did not answer within {STEP_DEADLINE:?}")]
    TimedOut,
}

/// Until the stop. `database` is for this alone: the place of the publisher belongs to its connection.
pub(crate) async fn publish(database: Pool, kafka: KafkaConfig, stop: CancellationToken) -> anyhow::Result<()> {
    let options = ProducerOptions {
        client_id: "vru-api".to_owned(),
        message_timeout: MESSAGE_TIMEOUT,
        queue_bytes: 8 * 1024 * 1024,
        ..ProducerOptions::default()
    };
    let producer = RenewableProducer::new(&kafka, options)?;
    let topic = kafka.topics().cameras;
    let mut backoff = Backoff::default();
    let publishing = async {
        loop {
            let ended = serve(&database, &producer, &kafka, &topic, &mut backoff).await;
            if let Err(error) = ended {
                tracing::warn!(error = %chain(&error), "changes of cameras wait; trying again");
            }
            tokio::time::sleep(backoff.next_delay()).await;
        }
    };
    stop.run_until_cancelled(publishing).await;
    Ok(())
}

async fn serve(
    database: &Pool,
    producer: &RenewableProducer,
    kafka: &KafkaConfig,
    topic: &str,
    backoff: &mut Backoff,
) -> Result<(), PublishError> {
    let client = database.get().await?;
    while !cameras::become_publisher(&client).await? {
        backoff.reset();
        tokio::time::sleep(INTERVAL).await;
    }
    tracing::info!("this replica publishes changes of cameras");
    // Records of the publisher before, which are older than what this one sends first, may arrive after it.
    let alone = Instant::now() + MESSAGE_TIMEOUT + Duration::from_secs(1);
    let mut again = Some(alone);
    let mut comparison = Comparison { due: alone, compared: None };
    loop {
        if again.is_some_and(|due| Instant::now() >= due) {
            cameras::publish_all(&client).await?;
            again = None;
        }
        comparison.compare_if_due(&client, kafka).await?;
        let step = tokio::time::timeout(STEP_DEADLINE, step(&client, producer, topic));
        let more = step.await.map_err(|_| PublishError::TimedOut)??;
        backoff.reset();
        if !more {
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// The topic must have the cameras of the database and no others. It can have others after the database was restored to an earlier time, and
/// lack some when it was deleted and created again.
struct Comparison {
    due: Instant,
    /// The topic that has been compared.
    compared: Option<TopicId>,
}

impl Comparison {
    /// What Kafka does not answer is asked again later: changes are published meanwhile.
    async fn compare_if_due(&mut self, client: &PooledClient, kafka: &KafkaConfig) -> Result<(), DatabaseError> {
        if Instant::now() < self.due {
            return Ok(());
        }
        let compared = self.compare(client, kafka).await;
        self.due = Instant::now() + LOOK_AT_TOPIC;
        match compared {
            Err(PublishError::Database(error)) => return Err(error),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "cannot compare the topic of cameras with the database");
            }
            Ok(()) => {}
        }
        Ok(())
    }

    async fn compare(&mut self, client: &PooledClient, kafka: &KafkaConfig) -> Result<(), PublishError> {
        let id = topic::topic_id(kafka).await?;
        if self.compared == Some(id) {
            return Ok(());
        }
        if self.compared.is_some() {
            tracing::warn!("the topic of cameras was created again: all cameras are published");
            cameras::publish_all(client).await?;
        }
        // First the topic: a camera that is added meanwhile is in the database before it is there.
        let found = topic::cameras(kafka).await?;
        let withdrawn = cameras::withdraw_unknown(client, &found).await?;
        if withdrawn > 0 {
            tracing::warn!(
                cameras = withdrawn,
                "the topic had cameras that the database does not have: they are removed"
            );
        }
        self.compared = Some(id);
        Ok(())
    }
}

/// Whether more waits.
async fn step(client: &PooledClient, producer: &RenewableProducer, topic: &str) -> Result<bool, PublishError> {
    let waiting = cameras::waiting(client, BATCH).await?;
    let found = waiting.len() as i64;
    WAITING_CHANGES.with_label_values(&[] as &[&str]).set(found);
    send(client, producer, topic, waiting).await?;
    Ok(found == BATCH)
}

/// Sends the newest version of each camera that waits, and takes its rows out of the outbox when Kafka has it.
async fn send(
    client: &PooledClient,
    producer: &RenewableProducer,
    topic: &str,
    waiting: Vec<(i64, String)>,
) -> Result<(), PublishError> {
    let mut rows: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (row, camera) in waiting {
        rows.entry(camera).or_default().push(row);
    }
    let producer = producer.current();
    let mut sent = Vec::with_capacity(rows.len());
    for (id, rows) in rows {
        let payload = if let Some((camera, credentials)) = cameras::newest(client, &id).await?
            && !camera.deleted
        {
            let file = match &camera.upload_id {
                Some(upload) => uploads::source(client, upload).await?,
                None => None,
            };
            let message = match file {
                Some(file) => CameraMessages::file_message(&id, &camera.settings, file),
                None => CameraMessages::message(&id, &camera.settings, credentials.as_ref()),
            };
            match message {
                Ok(message) => Some(message.encode_to_vec()),
                Err(invalid) => {
                    // Another version of the service may have had other rules.
                    refuse(client, &id, &rows, &invalid).await?;
                    continue;
                }
            }
        } else {
            // Deleted, or of a time that the database was set back behind.
            None
        };
        let record = OutgoingRecord {
            topic,
            key: Some(id.as_bytes()),
            partition: None,
            payload: payload.as_deref(),
            headers: &[],
            timestamp_ms: None,
        };
        sent.push((id.clone(), producer.publish(record)?, rows));
    }
    for (id, acknowledged, rows) in sent {
        match acknowledged.await {
            Err(SendError::TooLarge) => {
                refuse(client, &id, &rows, &SendError::TooLarge).await?;
                continue;
            }
            acknowledged => acknowledged?,
        };
        cameras::published(client, &rows).await?;
        CAMERA_CHANGES.with_label_values(&["published"]).inc_by(rows.len() as u64);
    }
    Ok(())
}

/// The camera keeps the configuration that Kafka has, and the others do not wait for it.
async fn refuse(client: &PooledClient, id: &str, rows: &[i64], why: &impl Display) -> Result<(), DatabaseError> {
    tracing::error!(camera = id, %why, "the newest version of a camera cannot be published");
    CAMERA_CHANGES.with_label_values(&["refused"]).inc_by(rows.len() as u64);
    cameras::published(client, rows).await
}
