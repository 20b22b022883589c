//! Video files that people upload, by tus 1.0.0 into S3 multipart uploads, and their analysis
//! ([decision 66](../../../docs/decisions/0066-uploads.md)).
//!
//! - `tus`, `checksum`: headers of the protocol. `receive`: the body of a `PATCH` reaches the bucket. `content`: what a file is.
//! - `jobs`: a complete file becomes a camera, and ends. `file_news`: what ingest says about files. `removal`: what is deleted.

mod checksum;
mod config;
mod content;
mod file_news;
mod jobs;
mod receive;
mod removal;
pub(crate) mod tus;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use vru_runtime::kafka::{KafkaConfig, KafkaFailure};
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;
use vru_storage::postgres::Pool;
use vru_storage::s3::{Bucket, BucketConfig, BucketError};

use crate::group_reader;
use crate::http::{Code, Problem};

pub(crate) use checksum::Algorithm;
pub use config::UploadsConfig;
pub(crate) use jobs::end_job;
pub(crate) use receive::{Part, Received, check_receiving, too_long};
pub(crate) use removal::start_removal;

/// Takes files. Cloning it shares it.
#[derive(Debug, Clone)]
pub(crate) struct Uploads {
    config: Arc<UploadsConfig>,
    bucket: Bucket,
    database: Pool,
    /// Requests that send bytes.
    places: Arc<Semaphore>,
    /// There is something to do for [`jobs`] or [`removal`].
    /// What is worked on in the background has changed.
    work: watch::Sender<()>,
    stop: CancellationToken,
}

impl Uploads {
    /// `database`: requests and what is done in the background have connections of their own.
    pub(crate) async fn start(
        config: &UploadsConfig,
        bucket: &BucketConfig,
        kafka: &KafkaConfig,
        database: Pool,
        shutdown: &Shutdown,
    ) -> Result<Self, KafkaFailure> {
        let bucket = BucketConfig { timeout: config.storage_timeout, ..bucket.clone() };
        let stop = shutdown.soft.clone();
        let uploads = Self {
            config: Arc::new(config.clone()),
            bucket: Bucket::new(&bucket).await,
            database,
            places: Arc::new(Semaphore::new(config.concurrent)),
            work: watch::Sender::new(()),
            stop: stop.clone(),
        };
        let removal = removal::Removal::new(uploads.clone(), kafka)?;
        shutdown.spawn_essential("the jobs of uploads", jobs::run(uploads.clone()));
        shutdown.spawn_essential("the deletion of uploads", removal.run());
        let read = (config.group.clone(), kafka.topics().file_positions);
        let news = group_reader::follow(file_news::FileNews, read, kafka.clone(), uploads.database.clone(), stop);
        shutdown.spawn_essential("the reader of what ingest says about files", news);
        Ok(uploads)
    }

    pub(crate) fn config(&self) -> &UploadsConfig {
        &self.config
    }

    /// Something was changed that is worked on in the background.
    pub(crate) fn wake(&self) {
        self.work.send_replace(());
    }
}

/// The bucket's server did not do what it was asked.
fn storage_failed(error: &BucketError) -> Problem {
    tracing::warn!(error = %chain(error), "an upload waits for the bucket's server");
    let detail = "the store of uploads does not answer; go on at the offset that HEAD tells";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::StorageUnavailable, detail).retry_after(Duration::from_secs(2))
}

/// Where the file of an upload is.
pub(crate) fn object_key(site_id: &str, id: &str) -> String {
    format!("uploads/{site_id}/{id}/video")
}

/// Where the bytes behind the last part are. Each holder of the upload has a key of its own, so that an earlier one that comes late
/// changes nothing.
fn tail_key(site_id: &str, id: &str, epoch: i64) -> String {
    format!("uploads/{site_id}/{id}/tail-{epoch}")
}
