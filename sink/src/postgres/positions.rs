//! Positions in `sink_positions`: each partition's epoch, which decides who may write, and its next offset, which is valid in the topic
//! with the stored id.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::{Client, Transaction};
use vru_runtime::kafka::{Partition, TopicId};
use vru_storage::postgres::DatabaseError;

/// Identifies the consumer whose positions are stored.
#[derive(Debug, Clone)]
pub(crate) struct ConsumerIdentity {
    /// Id of the Kafka cluster.
    pub(crate) cluster_id: String,
    /// Name of the consumer group.
    pub(crate) name: String,
    /// Host and process id, for operators only.
    pub(crate) owner: String,
}

/// The right to write a partition, until another consumer takes it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) epoch: i64,
    /// The next offset to read, as stored last; `None` before the first batch of this topic.
    pub(crate) next_offset: Option<i64>,
    /// The stored offset belonged to a deleted topic of the same name.
    pub(crate) recreated: bool,
}

/// Locks the row, and tells whether its offset is one of another topic.
const OF_ANOTHER_TOPIC: &str = "SELECT next_offset IS NOT NULL AND topic_id <> $5 FROM sink_positions \
     WHERE cluster_id = $1 AND consumer = $2 AND topic = $3 AND kafka_partition = $4 FOR UPDATE";

const TAKE_OVER: &str = "INSERT INTO sink_positions AS held \
         (cluster_id, consumer, topic, kafka_partition, epoch, owner, topic_id) VALUES ($1, $2, $3, $4, 1, $5, $6) \
     ON CONFLICT (cluster_id, consumer, topic, kafka_partition) \
     DO UPDATE SET epoch = held.epoch + 1, owner = $5, taken_at = now(), topic_id = $6, \
         next_offset = CASE WHEN held.topic_id = $6 THEN held.next_offset END RETURNING epoch, next_offset";

/// Increments the epoch of each partition, so that its previous owner can no longer write. Waits for a write that is in
/// progress. An offset of another topic than the present one, which has this id, is forgotten.
pub(crate) async fn take_over(
    client: &mut Client,
    consumer: &ConsumerIdentity,
    topics: &HashMap<Partition, TopicId>,
) -> Result<BTreeMap<Partition, Claim>, DatabaseError> {
    let fail = DatabaseError::statement("take partitions over");
    let transaction = client.transaction().await.map_err(fail)?;
    let of_another_topic = transaction.prepare(OF_ANOTHER_TOPIC).await.map_err(fail)?;
    let statement = transaction.prepare(TAKE_OVER).await.map_err(fail)?;
    // All consumers lock in the same order, so that they cannot deadlock.
    let sorted: BTreeMap<&Partition, &TopicId> = topics.iter().collect();
    let mut claims = BTreeMap::new();
    for (partition, topic_id) in sorted {
        let ConsumerIdentity { cluster_id, name, owner } = consumer;
        let topic_id = topic_id.to_string();
        let stored = transaction
            .query_opt(&of_another_topic, &[cluster_id, name, &&*partition.topic, &partition.number, &topic_id])
            .await
            .map_err(fail)?;
        let recreated = stored.is_some_and(|row| row.get(0));
        let row = transaction
            .query_one(&statement, &[cluster_id, name, &&*partition.topic, &partition.number, owner, &topic_id])
            .await
            .map_err(fail)?;
        let claim = Claim { epoch: row.get(0), next_offset: row.get(1), recreated };
        claims.insert(partition.clone(), claim);
    }
    transaction.commit().await.map_err(fail)?;
    Ok(claims)
}

/// Deletes the stored offset, unless another consumer took over.
pub(crate) async fn forget(
    client: &Client,
    consumer: &ConsumerIdentity,
    partition: &Partition,
    claim: Claim,
) -> Result<(), DatabaseError> {
    const FORGET: &str = "UPDATE sink_positions SET next_offset = NULL WHERE cluster_id = $1 AND consumer = $2 \
         AND topic = $3 AND kafka_partition = $4 AND epoch = $5";
    let ConsumerIdentity { cluster_id, name, .. } = consumer;
    client
        .execute(FORGET, &[cluster_id, name, &&*partition.topic, &partition.number, &claim.epoch])
        .await
        .map_err(DatabaseError::statement("forget a position"))?;
    Ok(())
}

pub(crate) const LOCK: &str = "SELECT topic, kafka_partition, epoch, next_offset FROM sink_positions \
     WHERE cluster_id = $1 AND consumer = $2 \
     AND (topic, kafka_partition) IN (SELECT * FROM unnest($3::text[], $4::integer[])) \
     ORDER BY topic, kafka_partition FOR UPDATE";

/// Locks the rows of the partitions until the transaction ends, and reads them.
pub(crate) async fn lock(
    transaction: &Transaction<'_>,
    statement: &tokio_postgres::Statement,
    consumer: &ConsumerIdentity,
    partitions: &[Partition],
) -> Result<BTreeMap<Partition, Claim>, DatabaseError> {
    let topics: Vec<&str> = partitions.iter().map(|partition| &*partition.topic).collect();
    let numbers: Vec<i32> = partitions.iter().map(|partition| partition.number).collect();
    let rows = transaction
        .query(statement, &[&consumer.cluster_id, &consumer.name, &topics, &numbers])
        .await
        .map_err(DatabaseError::statement("lock positions"))?;
    Ok(rows
        .iter()
        .map(|row| {
            let partition = Partition::new(row.get::<_, &str>(0), row.get(1));
            (partition, Claim { epoch: row.get(2), next_offset: row.get(3), recreated: false })
        })
        .collect())
}

pub(crate) const ADVANCE: &str = "UPDATE sink_positions AS held SET next_offset = new.next_offset \
     FROM unnest($3::text[], $4::integer[], $5::bigint[]) AS new (topic, kafka_partition, next_offset) \
     WHERE held.cluster_id = $1 AND held.consumer = $2 AND held.topic = new.topic \
     AND held.kafka_partition = new.kafka_partition";

/// Stores the next offsets, in the transaction that writes the rows.
pub(crate) async fn advance(
    transaction: &Transaction<'_>,
    statement: &tokio_postgres::Statement,
    consumer: &ConsumerIdentity,
    next: &BTreeMap<Partition, i64>,
) -> Result<(), DatabaseError> {
    let topics: Vec<&str> = next.keys().map(|partition| &*partition.topic).collect();
    let numbers: Vec<i32> = next.keys().map(|partition| partition.number).collect();
    let offsets: Vec<i64> = next.values().copied().collect();
    transaction
        .execute(statement, &[&consumer.cluster_id, &consumer.name, &topics, &numbers, &offsets])
        .await
        .map_err(DatabaseError::statement("store positions"))?;
    Ok(())
}
