//! Where a group of the API reads on: the positions are in the database, beside what was stored. A database that was restored to an earlier
//! time is told again what it does not have.

use std::collections::HashMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::{
    Assignment, Committer, KafkaConfig, KafkaFailure, Partition, StartAt, TopicId, admin, blocking,
};
use vru_runtime::report::chain;
use vru_runtime::retry::Backoff;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::reader_positions::{self as stored, ReadPartition};

const KAFKA_DEADLINE: Duration = Duration::from_secs(5);
const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// What a membership of a group stands for.
pub(crate) struct ReaderPositions<'a> {
    database: &'a Pool,
    stop: &'a CancellationToken,
    cluster_id: String,
    consumer: &'a str,
    held: HashMap<Partition, Held>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    topic_id: TopicId,
    next: i64,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Where to read on; `otherwise` if nobody has read the topic.
    Begin { otherwise: i64 },
    /// Nothing if the database went back.
    Advance { held: i64, next: i64 },
}

/// Why a membership must begin anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PositionError {
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    #[error("no Kafka broker answered")]
    NoBroker,
    #[error("the database was restored to an earlier time: partition {0} is read again from where the database stands")]
    WentBack(Partition),
    #[error("the process stops")]
    Stopped,
}

impl<'a> ReaderPositions<'a> {
    pub(crate) async fn new(
        kafka: &KafkaConfig,
        database: &'a Pool,
        stop: &'a CancellationToken,
        consumer: &'a str,
    ) -> Result<Self, PositionError> {
        let kafka = kafka.clone();
        let asked = blocking(move || admin::cluster_id(&kafka, KAFKA_DEADLINE)).await?;
        let cluster_id = asked.ok_or(PositionError::NoBroker)?;
        Ok(Self { database, stop, cluster_id, consumer, held: HashMap::new() })
    }

    /// Chooses where to read. Waits for the database.
    pub(crate) async fn assigned(
        &mut self,
        assignment: Assignment,
        committer: &Committer,
    ) -> Result<(), PositionError> {
        let (committer, owned) = (committer.clone(), committer.owned(&assignment));
        let positions = blocking(move || committer.resume(&owned, KAFKA_DEADLINE)).await?;
        let mut starts = Vec::with_capacity(positions.len());
        for position in positions {
            // Groups from before this table go on where they have committed.
            let begin = Step::Begin { otherwise: position.next.unwrap_or(0) };
            let next = self.until_done(&position.partition, position.topic, begin).await?.unwrap_or(0);
            starts.push((position.partition.clone(), StartAt::Offset(next)));
            self.held.insert(position.partition, Held { topic_id: position.topic, next });
        }
        // A member that has ended says so by its events.
        assignment.start_at(starts);
        Ok(())
    }

    /// Notes that everything before these offsets is stored. Waits for the database.
    pub(crate) async fn advance(&mut self, offsets: &[(Partition, i64)]) -> Result<(), PositionError> {
        for (partition, next) in offsets {
            let Some(Held { topic_id, next: held }) = self.held.get(partition).copied() else { continue };
            if self.until_done(partition, topic_id, Step::Advance { held, next: *next }).await?.is_none() {
                return Err(PositionError::WentBack(partition.clone()));
            }
            if let Some(held) = self.held.get_mut(partition) {
                held.next = held.next.max(*next);
            }
        }
        Ok(())
    }

    async fn take(&self, partition: &Partition, topic_id: TopicId, step: Step) -> Result<Option<i64>, DatabaseError> {
        let topic_id = topic_id.to_string();
        let read = ReadPartition {
            cluster_id: &self.cluster_id,
            consumer: self.consumer,
            topic: &partition.topic,
            partition: partition.number,
            topic_id: &topic_id,
        };
        let client = self.database.get().await?;
        match step {
            Step::Begin { otherwise } => stored::begin(&client, read, otherwise).await.map(Some),
            Step::Advance { held, next } => {
                let moved = stored::advance(&client, read, held, next).await?;
                Ok(moved.then_some(next))
            }
        }
    }

    async fn until_done(
        &self,
        partition: &Partition,
        topic_id: TopicId,
        step: Step,
    ) -> Result<Option<i64>, PositionError> {
        let mut backoff = Backoff::default();
        loop {
            let timed_out = |_| Err(DatabaseError::Timeout { operation: "use a position", after: WRITE_DEADLINE });
            let taking = self.take(partition, topic_id, step);
            match tokio::time::timeout(WRITE_DEADLINE, taking).await.unwrap_or_else(timed_out) {
                Ok(done) => return Ok(done),
                Err(error) => {
                    tracing::warn!(error = %chain(&error), consumer = self.consumer, "a position waits for the database");
                }
            }
            if !backoff.wait(self.stop).await {
                return Err(PositionError::Stopped);
            }
        }
    }
}
