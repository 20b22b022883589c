//! Deletion and export of one camera's data by range of time ([decision 69](../../../docs/decisions/0069-deletion-by-time.md)). A job is a
//! row; whichever replica finds work does it, and another goes on if that one ends.
//!
//! - `runner`: takes jobs.
//! - `deletion`: rows, pictures, Parquet objects. `parquet`: takes rows out of an object.
//! - `export`: everything of a range as one object. `archive`: writes it part by part.

mod archive;
mod config;
mod deletion;
mod export;
mod parquet;
mod runner;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use vru_runtime::shutdown::Shutdown;
use vru_storage::data_jobs::{self, DataJob, JobKind};
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
    work: Arc<Work>,
    stop: CancellationToken,
}

/// There is something to do. What is told while the worker is busy is kept until it waits.
#[derive(Debug, Default)]
struct Work {
    deletions: Notify,
    exports: Notify,
}

impl Work {
    fn of(&self, kind: JobKind) -> &Notify {
        match kind {
            JobKind::Deletion => &self.deletions,
            JobKind::Export => &self.exports,
        }
    }
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
        shutdown.spawn_essential("deletions of data", runner::run(jobs.clone(), JobKind::Deletion));
        shutdown.spawn_essential("exports of data", runner::run(jobs.clone(), JobKind::Export));
        jobs
    }

    pub(crate) fn bucket(&self) -> Bucket {
        self.bucket.clone()
    }

    /// A job was made.
    pub(crate) fn wake(&self, kind: JobKind) {
        self.work.of(kind).notify_one();
    }

    /// Says that this process goes on with the job. Away if it must not.
    async fn renew(&self, job: &DataJob, step: &str) -> Result<Going, JobError> {
        if self.stop.is_cancelled() {
            return Ok(Going::Away);
        }
        let ours = data_jobs::renew(&self.database.get().await?, job.held(), step, HOLD).await?;
        Ok(if ours { Going::On } else { Going::Away })
    }

    /// Until there may be work. False at the stop.
    async fn wait(&self, kind: JobKind) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = self.work.of(kind).notified() => true,
            () = tokio::time::sleep(INTERVAL.min(self.config.look_after)) => true,
        }
    }
}
