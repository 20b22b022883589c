//! Sites keep some kinds of data for less time than the service ([decision 70](../../../docs/decisions/0070-retention-per-site.md)).
//!
//! One replica at a time deletes what is older, in bounded steps. What no site has chosen is not touched here: the sink's retention alone
//! counts.

mod config;
mod sweep;

use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;
use vru_runtime::report::chain;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::retention::DataKind;
use vru_storage::s3::{Bucket, BucketError};
use vru_storage::{leases, retention};

use crate::metrics::{RETENTION_FAILED, RETENTION_SUSPENDED};

pub use config::RetentionConfig;
use sweep::Sweep;

const TASK: &str = "retention";
/// How long a replica has the task without a sign of life.
const HOLD: Duration = Duration::from_mins(5);
/// How far the clocks of this host and of the database may be apart, as in the sink's retention.
const CLOCK_TOLERANCE: Duration = Duration::from_hours(1);

#[derive(Debug, thiserror::Error)]
enum RetentionError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// Another replica has the task, or this one stops.
    #[error("another replica goes on")]
    Away,
}

/// Until the stop. `bucket`: where pictures are; `None` if this service removes none.
pub(crate) async fn run(config: RetentionConfig, database: Pool, bucket: Option<Bucket>, stop: CancellationToken) {
    loop {
        match round(&database, bucket.as_ref(), &stop).await {
            Ok(()) | Err(RetentionError::Away) => {}
            Err(error) => tracing::warn!(error = %chain(&error), "the retention of sites waits; trying again later"),
        }
        if stop.run_until_cancelled(tokio::time::sleep(config.interval)).await.is_none() {
            return;
        }
    }
}

async fn round(database: &Pool, bucket: Option<&Bucket>, stop: &CancellationToken) -> Result<(), RetentionError> {
    let client = database.get().await?;
    let Some(epoch) = leases::take(&client, TASK, HOLD).await? else { return Ok(()) };
    let now = retention::sweep::now(&client).await?;
    let host = SystemTime::now();
    let apart = now.duration_since(host).or_else(|_| host.duration_since(now)).unwrap_or_default();
    let suspended = apart > CLOCK_TOLERANCE;
    RETENTION_SUSPENDED.with_label_values(&[] as &[&str]).set(i64::from(suspended));
    if suspended {
        tracing::warn!(
            seconds = apart.as_secs(),
            "nothing is deleted: the clocks of this host and of the database differ"
        );
        return Ok(());
    }
    let sites = retention::all(&client).await?;
    drop(client);
    let mut failed = None;
    for site in &sites {
        for (kind, days) in DataKind::ALL.into_iter().zip(site.days) {
            let Some(days) = days.and_then(|days| u64::try_from(days).ok()) else { continue };
            let Some(before) = now.checked_sub(Duration::from_hours(24 * days)) else { continue };
            let sweep = Sweep { database, bucket, stop, epoch, site_id: &site.site_id, kind, before };
            match sweep.run().await {
                Ok(()) => {}
                Err(RetentionError::Away) => return Ok(()),
                // One kind that cannot be deleted keeps no other.
                Err(error) => {
                    RETENTION_FAILED.with_label_values(&[kind.word()]).inc();
                    failed = Some(error);
                }
            }
        }
    }
    leases::keep(&database.get().await?, TASK, epoch, Duration::ZERO).await?;
    failed.map_or(Ok(()), Err)
}
