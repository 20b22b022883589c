//! The two queries that the stack itself sends to the database. Each uses a connection of its own: there are two in a run.

use anyhow::Context as _;
use vru_storage::postgres::{DatabaseConfig, connect};

/// Counts the frames that ingest received since `since_us` (microseconds since 1970) and that have a row.
pub(super) async fn frames_since(config: &DatabaseConfig, since_us: i64) -> anyhow::Result<u64> {
    let client = connect(config, "vru").await?;
    let since = vru_runtime::clock::from_us(since_us);
    let row = client.query_one("SELECT count(*) FROM frames WHERE ingested_at >= $1", &[&since]).await;
    Ok(row.context("count the rows of frames")?.get::<_, i64>(0) as u64)
}

/// Deletes the stored positions of embedded brokers. Such a broker starts empty each time, possibly under the cluster id of
/// an earlier one: the earlier positions would make the sink skip records.
pub(super) async fn forget_embedded_positions(config: &DatabaseConfig) -> anyhow::Result<()> {
    let client = connect(config, "vru").await?;
    let exists = client.query_one("SELECT to_regclass('sink_positions') IS NOT NULL", &[]).await;
    if exists.context("look for the table sink_positions")?.get::<_, bool>(0) {
        let deleted = client.execute("DELETE FROM sink_positions WHERE cluster_id LIKE 'mockCluster%'", &[]).await;
        deleted.context("delete the positions of an earlier embedded broker")?;
    }
    Ok(())
}
