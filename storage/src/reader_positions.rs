//! Where the API's readers stand in Kafka: table `reader_positions`.

use deadpool_postgres::GenericClient;

use crate::postgres::DatabaseError;

/// A partition as a group reads it.
#[derive(Debug, Clone, Copy)]
pub struct ReadPartition<'a> {
    pub cluster_id: &'a str,
    pub consumer: &'a str,
    pub topic: &'a str,
    pub partition: i32,
    /// The topic's id.
    pub topic_id: &'a str,
}

/// Where the group stands. A partition that is not known, or whose topic is another one, gets the position `otherwise`.
pub async fn begin<C: GenericClient>(
    client: &C,
    read: ReadPartition<'_>,
    otherwise: i64,
) -> Result<i64, DatabaseError> {
    let failed = DatabaseError::statement("read the position of a reader");
    let sql = "INSERT INTO reader_positions AS held (cluster_id, consumer, topic, kafka_partition, topic_id, next_offset) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cluster_id, consumer, topic, kafka_partition) \
               DO UPDATE SET next_offset = CASE WHEN held.topic_id = $5 THEN held.next_offset ELSE $6 END, topic_id = $5 \
               RETURNING next_offset";
    let ReadPartition { cluster_id, consumer, topic, partition, topic_id } = read;
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let row = client.query_one(&statement, &[&cluster_id, &consumer, &topic, &partition, &topic_id, &otherwise]).await;
    row.and_then(|row| row.try_get(0)).map_err(failed)
}

/// Moves the position on. False if the database has an older one than `held`, which this process knows to have been stored: the database was
/// restored, and nothing is changed.
pub async fn advance<C: GenericClient>(
    client: &C,
    read: ReadPartition<'_>,
    held: i64,
    next: i64,
) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::statement("store the position of a reader");
    let sql = "UPDATE reader_positions SET next_offset = greatest(next_offset, $7) WHERE cluster_id = $1 AND consumer = $2 \
               AND topic = $3 AND kafka_partition = $4 AND topic_id = $5 AND next_offset >= $6";
    let ReadPartition { cluster_id, consumer, topic, partition, topic_id } = read;
    let statement = client.prepare_cached(sql).await.map_err(failed)?;
    let changed =
        client.execute(&statement, &[&cluster_id, &consumer, &topic, &partition, &topic_id, &held, &next]).await;
    changed.map(|rows| rows == 1).map_err(failed)
}
