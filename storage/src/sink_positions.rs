//! Where the PostgreSQL sink stands: table `sink_positions`.

use deadpool_postgres::GenericClient;

use crate::postgres::DatabaseError;

/// Where a consumer stands in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkPosition {
    pub consumer: String,
    pub topic: String,
    pub partition: i32,
    /// The next record to read; `None` until the first batch was stored.
    pub next_offset: Option<i64>,
}

/// All positions in a Kafka cluster.
pub async fn list<C: GenericClient>(client: &C, cluster_id: &str) -> Result<Vec<SinkPosition>, DatabaseError> {
    let failed = DatabaseError::statement("read the positions of the sink");
    let sql = "SELECT consumer, topic, kafka_partition, next_offset FROM sink_positions WHERE cluster_id = $1 \
               ORDER BY consumer, topic, kafka_partition";
    let rows = client.query(sql, &[&cluster_id]).await.map_err(failed)?;
    let position = |row: &tokio_postgres::Row| {
        Ok(SinkPosition {
            consumer: row.try_get(0)?,
            topic: row.try_get(1)?,
            partition: row.try_get(2)?,
            next_offset: row.try_get(3)?,
        })
    };
    rows.iter().map(|row| position(row).map_err(failed)).collect()
}
