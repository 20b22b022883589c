use super::config::DatabaseConfig;
use super::connect::connect;
use super::error::DatabaseError;
use super::schema::{check_schema, runner};

/// Key of the advisory lock that serialises migrations of processes that start at the same time.
const LOCK: i64 = 0x0076_7275_6d69_6772;

/// Applies the migrations in `storage/migrations` that the database does not have yet, and returns their names. Those of a newer
/// program stay as they are.
pub async fn migrate(config: &DatabaseConfig, application: &str) -> Result<Vec<String>, DatabaseError> {
    let mut client = connect(config, application).await?;
    // Waiting for the migrations of another process, and creating indexes on large tables, take longer than a batch.
    client
        .batch_execute("SET statement_timeout = '10min'; SET lock_timeout = '1min'")
        .await
        .map_err(DatabaseError::statement("set time-outs"))?;
    // Closing the connection releases the lock.
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await
        .map_err(DatabaseError::statement("lock the migrations"))?;
    let report = runner().run_async(&mut client).await.map_err(|source| DatabaseError::Migrate(Box::new(source)))?;
    // One below the newest is not applied afterwards.
    check_schema(&client).await?.log();
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use vru_runtime::secret::Secret;
    use vru_runtime::test_util::postgres;

    use super::*;

    #[tokio::test]
    async fn several_processes_may_migrate_at_once_and_each_migration_is_applied_once() {
        let database = DatabaseConfig { url: Secret::new(postgres().database()), ..DatabaseConfig::default() };
        let (first, second) = tokio::join!(migrate(&database, "test"), migrate(&database, "test"));
        let applied = [first.unwrap(), second.unwrap()].concat();
        assert_eq!(
            applied,
            [
                "V1__frames_detections_alerts",
                "V2__sink_positions",
                "V3__tracks",
                "V4__comments",
                "V5__topic_ids",
                "V6__alert_states",
                "V7__end_reasons",
                "V8__sites_and_people",
                "V9__api_keys",
                "V10__cameras",
                "V11__reviews",
                "V12__counts",
                "V13__idempotency_keys",
                "V14__webhooks",
                "V15__oauth_clients",
                "V16__identities",
                "V17__camera_tests",
                "V18__uploads",
                "V19__data_jobs",
                "V20__brokers",
                "V21__damaged_uploads",
                "V22__expected_frames",
                "V23__reader_positions",
                "V24__found_boxes",
                "V25__blurred_camera_tests",
                "V26__webhook_health"
            ]
        );
        assert!(migrate(&database, "test").await.unwrap().is_empty());
    }
}
