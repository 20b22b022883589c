//! What the server has of one topic of alerts. When the topic is deleted and created again, it begins anew.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::{KafkaConfig, TopicId, describe_topic};

use super::hub::{Hub, Limits};
use super::replay::Replays;
use super::resume_token::StreamId;
use super::topic::METADATA_DEADLINE;
use crate::error::SinkError;
use crate::supervise::{blocking, cluster_id};

/// Ids of deleted topics that are remembered. More come only from forged tokens.
const MAX_DELETED: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) replays: Arc<Replays>,
    /// Cancelled when the feed has reached the end of the topic. Before that, a subscriber without a token would receive old alerts as
    /// new ones.
    pub(crate) caught_up: CancellationToken,
    /// Cancelled when the topic was deleted and created again.
    pub(crate) over: CancellationToken,
    /// Ids that a topic of this name had before.
    deleted: Mutex<HashSet<TopicId>>,
}

impl Generation {
    /// Of the topic as it is now.
    pub(crate) async fn of_present_topic(
        kafka: &KafkaConfig,
        limits: Limits,
        replay_permits: Arc<Semaphore>,
    ) -> Result<Self, SinkError> {
        let name = kafka.topics().alerts;
        let stream = StreamId::new(&cluster_id(kafka).await?, &name, present_id(kafka).await?);
        let replays = Replays { kafka: kafka.clone(), hub: Hub::new(stream, limits), permits: replay_permits };
        Ok(Self {
            replays: Arc::new(replays),
            caught_up: CancellationToken::new(),
            over: CancellationToken::new(),
            deleted: Mutex::default(),
        })
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.replays.hub
    }

    /// Whether another id is that of an earlier topic. If not, this generation is the earlier one, and the server will notice soon.
    pub(crate) async fn is_of_deleted_topic(&self, other: TopicId) -> Result<bool, SinkError> {
        // Held while Kafka is asked: of many subscribers that resume at once, one asks.
        let mut deleted = self.deleted.lock().await;
        if deleted.contains(&other) {
            return Ok(true);
        }
        if present_id(&self.replays.kafka).await? != self.hub().stream().topic {
            return Ok(false);
        }
        if deleted.len() >= MAX_DELETED {
            deleted.clear();
        }
        deleted.insert(other);
        Ok(true)
    }
}

async fn present_id(kafka: &KafkaConfig) -> Result<TopicId, SinkError> {
    let (config, name) = (kafka.clone(), kafka.topics().alerts);
    Ok(blocking(move || describe_topic(&config, &name, METADATA_DEADLINE)).await??.id)
}
