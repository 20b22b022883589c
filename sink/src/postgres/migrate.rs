use super::config::PostgresConfig;
use super::connection::connect;
use super::error::PostgresError;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Held while migrating, so that several processes that start at once do it one after the other.
const LOCK: i64 = 0x0076_7275_6d69_6772;

/// Applies the migrations of `sink/migrations` that the database lacks; returns their names.
pub async fn migrate(config: &PostgresConfig) -> Result<Vec<String>, PostgresError> {
    let mut client = connect(config).await?;
    // Waiting for another process to migrate, and indexing large tables, take longer than a batch does.
    client
        .batch_execute("SET statement_timeout = '10min'; SET lock_timeout = '1min'")
        .await
        .map_err(PostgresError::statement("set time-outs"))?;
    client
        .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
        .await
        .map_err(PostgresError::statement("lock the migrations"))?;
    // The lock goes with the connection.
    let report = embedded::migrations::runner()
        .run_async(&mut client)
        .await
        .map_err(|source| PostgresError::Migrate(Box::new(source)))?;
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}
