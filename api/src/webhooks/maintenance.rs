//! Ends what waited too long, deletes what ended long ago, and shows what waits.

use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use vru_runtime::report::chain;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::webhooks;

use super::config::WebhooksConfig;
use crate::metrics::{FAILING_WEBHOOKS, OLDEST_DELIVERY, WEBHOOK_DEAD};

const INTERVAL: Duration = Duration::from_secs(10);
/// Rows of one statement, and statements of one round.
const BATCH: i64 = 1000;
const BATCHES: usize = 20;
/// A webhook whose target fails for so long needs somebody.
const FAILING_FOR: Duration = Duration::from_mins(15);

/// Until the stop. Several replicas may do it at once.
pub(super) async fn run(config: WebhooksConfig, database: Pool, stop: CancellationToken) {
    let mut said = 0;
    loop {
        match round(&config, &database).await {
            Ok(failing) => {
                if failing > said {
                    tracing::warn!(
                        webhooks = failing,
                        "targets of webhooks have been failing for a while; their state says why"
                    );
                }
                said = failing;
            }
            Err(error) => tracing::warn!(error = %chain(&error), "cannot look after the webhooks; trying again later"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
            return;
        }
    }
}

/// How many webhooks fail.
async fn round(config: &WebhooksConfig, database: &Pool) -> Result<i64, DatabaseError> {
    let client = database.get().await?;
    let (oldest, now, failing) = webhooks::waiting(&client, FAILING_FOR).await?;
    let age = |since: SystemTime| now.duration_since(since).unwrap_or_default().as_secs() as i64;
    OLDEST_DELIVERY.with_label_values(&[] as &[&str]).set(oldest.map_or(0, age));
    FAILING_WEBHOOKS.with_label_values(&[] as &[&str]).set(failing);
    for _ in 0..BATCHES {
        let dead = webhooks::give_up_paused(&client, config.give_up_after, BATCH).await?;
        WEBHOOK_DEAD.with_label_values(&[] as &[&str]).inc_by(dead);
        let deleted = webhooks::delete_ended(&client, config.retention, BATCH).await?;
        if dead.max(deleted) < BATCH.unsigned_abs() {
            break;
        }
    }
    Ok(failing)
}
