//! The bucket. Writes whole objects only: one PUT, or parts that become an object together.

use std::error::Error;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::report::chain;
use vru_runtime::retry::{Backoff, BackoffConfig};

use super::config::S3Config;
use super::error::S3Error;
use crate::metrics::{ERRORS, OBJECT_BYTES, OBJECTS, WRITE_SECONDS};

const SINK: &str = "s3";

/// What an object is, for its content type and the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Parquet,
    Snapshot,
    Clip,
}

impl Kind {
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

#[derive(Debug, Clone)]
pub(crate) struct Store {
    client: Client,
    bucket: String,
    prefix: String,
    multipart_bytes: usize,
    retry: BackoffConfig,
}

impl Store {
    pub(crate) async fn new(config: &S3Config) -> Self {
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(Region::new(config.region.clone()))
            // Retries are ours: with jitter, for ever, and ended by shutdown.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(config.timeout.min(Duration::from_secs(5)))
                    .operation_attempt_timeout(config.timeout)
                    .build(),
            );
        if !config.access_key.is_empty() {
            let (key, secret) = (config.access_key.expose(), config.secret_key.expose());
            loader = loader.credentials_provider(Credentials::new(key, secret, None, None, "configuration"));
        }
        let other_server = !config.endpoint.is_empty();
        if other_server {
            loader = loader.endpoint_url(&config.endpoint);
        }
        let shared = loader.load().await;
        let mut settings =
            aws_sdk_s3::config::Builder::from(&shared).force_path_style(config.path_style.unwrap_or(other_server));
        if other_server {
            // Trailing checksums are young; servers other than Amazon's store them as part of the object, or refuse.
            settings = settings
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
        }
        Self {
            client: Client::from_conf(settings.build()),
            bucket: config.bucket.clone(),
            prefix: config.prefix.clone(),
            multipart_bytes: config.multipart_bytes,
            retry: config.retry,
        }
    }

    /// Whether the bucket is there and ours to use.
    pub(crate) async fn check(&self) -> Result<(), S3Error> {
        let answer = self.client.head_bucket().bucket(&self.bucket).send().await;
        answer.map(drop).map_err(|source| self.failure("see the bucket", "", source))
    }

    /// Writes the object, trying until it is durable; false when `cancel` came first.
    pub(crate) async fn put(
        &self,
        kind: Kind,
        key: &str,
        body: Bytes,
        ready: &ReadyFlag,
        cancel: &CancellationToken,
    ) -> bool {
        let mut backoff = Backoff::new(self.retry);
        loop {
            let started = std::time::Instant::now();
            let put = tokio::select! {
                put = self.put_once(kind, key, body.clone()) => put,
                () = cancel.cancelled() => return false,
            };
            match put {
                Ok(()) => {
                    WRITE_SECONDS.with_label_values(&[SINK]).observe(started.elapsed().as_secs_f64());
                    OBJECTS.with_label_values(&[kind.label()]).inc();
                    OBJECT_BYTES.with_label_values(&[kind.label()]).inc_by(body.len() as u64);
                    ready.ready();
                    return true;
                }
                Err(error) => {
                    ERRORS.with_label_values(&[SINK, error.operation()]).inc();
                    let why = chain(&error).to_string();
                    tracing::warn!(why, attempt = backoff.attempts(), "an object could not be written, trying again");
                    ready.not_ready(why);
                }
            }
            if !backoff.wait(cancel).await {
                return false;
            }
        }
    }

    async fn put_once(&self, kind: Kind, key: &str, body: Bytes) -> Result<(), S3Error> {
        let key = format!("{}{key}", self.prefix);
        if body.len() > self.multipart_bytes {
            return self.put_parts(kind, &key, body).await;
        }
        let put = self.client.put_object().bucket(&self.bucket).key(&key).content_type(kind.content_type());
        let answer = put.body(ByteStream::from(body)).send().await;
        answer.map(drop).map_err(|source| self.failure("write", &key, source))
    }

    async fn put_parts(&self, kind: Kind, key: &str, body: Bytes) -> Result<(), S3Error> {
        let upload = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .key(key)
            .content_type(kind.content_type())
            .send()
            .await
            .map_err(|source| self.failure("begin the parts of", key, source))?;
        let id = upload.upload_id().unwrap_or_default();
        let completed = self.upload_parts(key, id, body).await;
        if completed.is_err() {
            // Parts that are left are paid for; the bucket's lifecycle rule takes what this misses.
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(id);
            if let Err(error) = abort.send().await {
                tracing::warn!(key, error = %chain(&error), "the parts of an object could not be removed");
            }
        }
        completed
    }

    async fn upload_parts(&self, key: &str, id: &str, mut body: Bytes) -> Result<(), S3Error> {
        let mut parts = Vec::new();
        while !body.is_empty() {
            let part = body.split_to(self.multipart_bytes.min(body.len()));
            let number = parts.len() as i32 + 1;
            let upload = self.client.upload_part().bucket(&self.bucket).key(key).upload_id(id).part_number(number);
            let answer = upload.body(ByteStream::from(part)).send().await;
            let answer = answer.map_err(|source| self.failure("write a part of", key, source))?;
            parts.push(CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).build());
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(key).upload_id(id);
        let answer = complete.multipart_upload(parts).send().await;
        answer.map(drop).map_err(|source| self.failure("join the parts of", key, source))
    }

    fn failure(&self, operation: &'static str, key: &str, source: impl Error + Send + Sync + 'static) -> S3Error {
        S3Error::Request { operation, bucket: self.bucket.clone(), key: key.to_owned(), source: Box::new(source) }
    }
}
