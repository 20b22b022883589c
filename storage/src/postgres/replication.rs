use super::error::DatabaseError;
use super::pool::PooledClient;

/// Which cluster and database a connection leads to, and how much of its log is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replication {
    /// The same for a primary and its streaming replicas.
    pub cluster: i64,
    pub database: String,
    /// Whether it replays the log of another server, and can only be read.
    pub is_replica: bool,
    /// How much log it has written or, as a replica, replayed; in bytes.
    pub position: i64,
}

impl Replication {
    pub async fn read(client: &PooledClient) -> Result<Self, DatabaseError> {
        let failed = DatabaseError::statement("read how far replication is");
        let sql = "SELECT system_identifier, current_database()::text, replica,
                pg_wal_lsn_diff(CASE WHEN replica THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, '0/0')::int8
            FROM pg_control_system(), pg_is_in_recovery() AS replica";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let row = client.query_one(&statement, &[]).await.map_err(failed)?;
        let read = || {
            Ok(Self {
                cluster: row.try_get(0)?,
                database: row.try_get(1)?,
                is_replica: row.try_get(2)?,
                position: row.try_get::<_, Option<i64>>(3)?.unwrap_or_default(),
            })
        };
        read().map_err(failed)
    }
}
