use thiserror::Error;

/// A failed request to the bucket's server.
#[derive(Debug, Error)]
#[error("cannot {operation} s3://{bucket}/{key}")]
pub struct BucketError {
    /// What was tried, as a verb: one of few values, for use as a metric label.
    pub operation: &'static str,
    pub bucket: String,
    /// Key of the object with the configured prefix; empty for the bucket itself.
    pub key: String,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
