use thiserror::Error;
use vru_runtime::retry::Retryable;

/// What can go wrong on the way to the object store.
#[derive(Debug, Error)]
pub enum S3Error {
    /// A request failed.
    #[error("cannot {operation} s3://{bucket}/{key}")]
    Request {
        /// What was tried, as a verb.
        operation: &'static str,
        /// Which bucket.
        bucket: String,
        /// Which object.
        key: String,
        /// What the client or the server said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Rows could not be written as Parquet.
    #[error("cannot write {rows} rows as Parquet")]
    Parquet {
        /// How many.
        rows: usize,
        /// Why not.
        #[source]
        source: parquet::errors::ParquetError,
    },
}

impl S3Error {
    /// What failed, as a bounded word for metrics.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Request { operation, .. } => operation,
            Self::Parquet { .. } => "write Parquet",
        }
    }
}

impl Retryable for S3Error {
    fn is_retryable(&self) -> bool {
        // Also a missing bucket and refused credentials: a person mends them while the sink waits.
        matches!(self, Self::Request { .. })
    }
}
