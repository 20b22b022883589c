//! The command that encrypts again with the newest key what older keys have encrypted.

use anyhow::Context as _;
use serde_json::json;
use vru_runtime::cameras::{SealingKey, Unopened};
use vru_storage::audit::{self, Actor, Entry};
use vru_storage::postgres::{DatabaseError, Pool, PooledClient};
use vru_storage::sealed_values::{self, SealedRow, SealedTable};

use crate::config::ApiConfig;

/// Rows of one transaction.
const BATCH: i64 = 100;

/// What became of the rows of a table.
#[derive(Debug, Default)]
struct Counts {
    sealed: u64,
    /// No key opens them: they stay as they are.
    left: u64,
}

/// Whatever stops it, what is done stays done, and the next call does the rest. An error if a value needs a key that is missing.
pub async fn rotate_secrets(config: &ApiConfig) -> anyhow::Result<()> {
    let sealing = config.cameras.sealing().context("the setting cameras.secrets_key is empty")?;
    let section = &config.database;
    let pool = Pool::new(&section.connection, "vru-api", 1, section.pool_wait)?;
    let mut client = pool.get().await?;
    let newest = sealing.ids().next().unwrap_or_default();
    let (mut left, mut details) = (0, json!({ "key": newest }));
    for table in SealedTable::ALL {
        let counts = rotate(&mut client, &sealing, table).await?;
        tracing::info!(
            table = table.name(),
            encrypted = counts.sealed,
            left = counts.left,
            key = newest,
            "encrypted again"
        );
        details[table.name()] = json!(counts.sealed);
        left += counts.left;
    }
    let entry = Entry { action: "secrets.rotate", site_id: "", object: newest, details };
    audit::record(&client, &Actor::default(), entry).await?;
    anyhow::ensure!(left == 0, "{left} rows stay as they are: the log says which, and which key each of them needs");
    Ok(())
}

async fn rotate(client: &mut PooledClient, sealing: &SealingKey, table: SealedTable) -> anyhow::Result<Counts> {
    let sealing = match table {
        SealedTable::CameraSecrets => sealing.clone(),
        SealedTable::Webhooks => sealing.of_webhooks(),
        SealedTable::SigningKeys => sealing.of_signing_keys(),
    };
    let (prefix, failed) = (sealing.newest_prefix(), DatabaseError::statement("encrypt values again"));
    let (mut counts, mut after) = (Counts::default(), String::new());
    loop {
        let transaction = client.transaction().await.map_err(failed)?;
        let rows = sealed_values::outdated(&transaction, table, &prefix, &after, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(counts) };
        after.clone_from(&last.id);
        for row in rows {
            match again(&sealing, &row) {
                Ok(row) => {
                    sealed_values::replace(&transaction, table, &row).await?;
                    counts.sealed += 1;
                }
                Err(why) => {
                    tracing::error!(table = table.name(), id = row.id, "a value {why}");
                    counts.left += 1;
                }
            }
        }
        transaction.commit().await.map_err(failed)?;
    }
}

fn again(sealing: &SealingKey, row: &SealedRow) -> Result<SealedRow, Unopened> {
    let value = |value: &Option<String>| {
        let opened = value.as_deref().map(|sealed| sealing.open(sealed)).transpose()?;
        opened.map(|secret| sealing.seal(&secret).ok_or(Unopened::NotOurs)).transpose()
    };
    Ok(SealedRow { id: row.id.clone(), values: row.values.iter().map(value).collect::<Result<_, _>>()? })
}
