use std::time::Instant;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};
use vru_storage::s3::{Bucket, BucketError};

use super::config::S3Config;
use crate::metrics::{ERRORS, OBJECT_BYTES, OBJECTS, S3_SINK, WRITE_SECONDS};

/// Decides the content type and the metrics' label `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Parquet,
    Snapshot,
    Clip,
}

impl ObjectKind {
    fn label(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Snapshot => "snapshot",
            Self::Clip => "clip",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Snapshot => "image/jpeg",
            Self::Clip => "video/mp4",
        }
    }
}

/// Uploads objects to the bucket, retrying until each is stored.
#[derive(Debug, Clone)]
pub(crate) struct Uploader {
    bucket: Bucket,
    multipart_bytes: usize,
    retry: BackoffConfig,
    ready: ReadyFlag,
}

impl Uploader {
    pub(crate) fn new(bucket: Bucket, config: &S3Config, ready: ReadyFlag) -> Self {
        Self { bucket, multipart_bytes: config.multipart_bytes, retry: config.retry, ready }
    }

    /// Fails unless the bucket is accessible.
    pub(crate) async fn check(&self) -> Result<(), BucketError> {
        self.bucket.check().await
    }

    /// Retries until the object is stored; false if cancelled before. `/ready` shows the last error while it retries.
    pub(crate) async fn upload(&self, kind: ObjectKind, key: &str, body: Bytes, cancel: &CancellationToken) -> bool {
        let mut backoff = Backoff::new(self.retry);
        loop {
            let started = Instant::now();
            let put = tokio::select! {
                put = self.bucket.put(key, kind.content_type(), body.clone(), self.multipart_bytes) => put,
                () = cancel.cancelled() => return false,
            };
            match put {
                Ok(()) => {
                    WRITE_SECONDS.with_label_values(&[S3_SINK]).observe(started.elapsed().as_secs_f64());
                    OBJECTS.with_label_values(&[kind.label()]).inc();
                    OBJECT_BYTES.with_label_values(&[kind.label()]).inc_by(body.len() as u64);
                    self.ready.ready();
                    return true;
                }
                Err(error) => {
                    ERRORS.with_label_values(&[S3_SINK, error.operation]).inc();
                    let why = chain(&error).to_string();
                    tracing::warn!(why, attempt = backoff.attempts(), "cannot write an object, retrying");
                    self.ready.not_ready(why);
                }
            }
            if !backoff.wait(cancel).await {
                return false;
            }
        }
    }
}
