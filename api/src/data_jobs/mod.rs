//! Deletion and export of one camera's data by range of time ([decision 69](../../../docs/decisions/0069-deletion-by-time.md)). A job is a
//! row; whichever replica finds work does it, and another goes on if that one ends.
//!
//! - `deletion`: rows, pictures, Parquet objects. `parquet`: takes rows out of an object.
//! - `export`: everything of a range as one object. `archive`: writes it part by part.

mod archive;
mod config;
mod deletion;
mod export;
mod parquet;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use vru_runtime::shutdown::Shutdown;
use vru_storage::postgres::{DatabaseError, Pool};
use vru_storage::s3::{Bucket, BucketConfig, BucketError};

pub use config::DataJobsConfig;

/// How often work is looked for.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long a process works on a job without a sign of life, before another goes on with it.
const HOLD: Duration = Duration::from_mins(5);

/// Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct DataJobs {
    config: Arc<DataJobsConfig>,
    bucket: Bucket,
    database: Pool,
    /// There is something to do.
    work: Arc<Notify>,
    stop: CancellationToken,
}

/// Why a job waits.
#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error("cannot take rows out of the object `{key}`")]
    Parquet {
        key: String,
        #[source]
        source: ::parquet::errors::ParquetError,
    },
    #[error("the export would have more than {most} bytes: choose a shorter range, or set `data_jobs.part_bytes`")]
    TooLarge { most: u64 },
    #[error("cannot finish a task")]
    Task(#[from] tokio::task::JoinError),
}

impl JobError {
    /// Whether another attempt would fail, too.
    fn is_final(&self) -> bool {
        matches!(self, Self::TooLarge { .. })
    }
}

/// Whether a job goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    On,
    /// Another process has it, or this one stops.
    Away,
}

impl DataJobs {
    /// `database`: requests and what is done in the background have connections of their own.
    pub(crate) async fn start(
        config: &DataJobsConfig,
        bucket: &BucketConfig,
        database: Pool,
        shutdown: &Shutdown,
    ) -> Self {
        let bucket = BucketConfig { timeout: config.storage_timeout, ..bucket.clone() };
        let jobs = Self {
            config: Arc::new(config.clone()),
            bucket: Bucket::new(&bucket).await,
            database,
            work: Arc::default(),
            stop: shutdown.soft.clone(),
        };
        shutdown.spawn_essential("deletions of data", deletion::run(jobs.clone()));
        shutdown.spawn_essential("exports of data", export::run(jobs.clone()));
        jobs
    }

    pub(crate) fn bucket(&self) -> Bucket {
        self.bucket.clone()
    }

    /// A job was made.
    pub(crate) fn wake(&self) {
        self.work.notify_waiters();
    }

    /// Until there may be work. False at the stop.
    async fn wait(&self) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = self.work.notified() => true,
            () = tokio::time::sleep(INTERVAL.min(self.config.look_after)) => true,
        }
    }
}
