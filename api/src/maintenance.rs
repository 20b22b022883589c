//! Deletes what has ended.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::report::chain;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::{camera_tests, idempotency, identities, log_in_failures, sessions};

const INTERVAL: Duration = Duration::from_mins(10);

/// Until the stop. Several replicas may do it at once.
pub(crate) async fn run(database: Pool, idle: Duration, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        match delete(&database, idle).await {
            Ok([sessions, failures, keys, invitations, tests]) => {
                tracing::debug!(sessions, failures, keys, invitations, tests, "what has ended was deleted");
            }
            Err(error) => tracing::warn!(error = %chain(&error), "cannot delete what has ended; trying again later"),
        }
    }
}

async fn delete(database: &Pool, idle: Duration) -> Result<[u64; 5], DatabaseError> {
    let client = database.get().await?;
    let sessions = sessions::delete_ended(&client, idle).await?;
    let failures = log_in_failures::delete_old(&client).await?;
    let keys = idempotency::delete_old(&client).await?;
    let invitations = identities::delete_expired(&client).await?;
    Ok([sessions, failures, keys, invitations, camera_tests::delete_old(&client).await?])
}
