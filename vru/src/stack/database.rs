//! What the account asks the database.

use anyhow::Context as _;
use vru_storage::postgres::{DatabaseConfig, connect};

/// Connects for each question: there are two in a run.
#[derive(Debug)]
pub(super) struct Database {
    config: DatabaseConfig,
}

impl Database {
    pub(super) fn new(config: DatabaseConfig) -> Self {
        Self { config }
    }

    /// Frames that ingest took since then and that have a row.
    pub(super) async fn frames_since(&self, since_us: i64) -> anyhow::Result<u64> {
        let client = connect(&self.config, "vru").await?;
        let since = vru_runtime::clock::from_us(since_us);
        let row = client.query_one("SELECT count(*) FROM frames WHERE ingested_at >= $1", &[&since]).await;
        Ok(row.context("count frames")?.get::<_, i64>(0) as u64)
    }

    /// The embedded broker starts empty each time, and may come up under an id that an earlier one had: positions in those
    /// would skip records of this one.
    pub(super) async fn forget_positions(&self) -> anyhow::Result<()> {
        let client = connect(&self.config, "vru").await?;
        let made = client.query_one("SELECT to_regclass('sink_positions') IS NOT NULL", &[]).await;
        if made.context("look for earlier positions")?.get::<_, bool>(0) {
            let forget = client.execute("DELETE FROM sink_positions WHERE cluster_id LIKE 'mockCluster%'", &[]).await;
            forget.context("forget earlier positions")?;
        }
        Ok(())
    }
}
