use thiserror::Error;
use vru_runtime::kafka::{KafkaFailure, Partition};

use crate::postgres::PostgresError;
use crate::s3::S3Error;

/// Why a sink's consumer ended. It is started again, after a wait.
#[derive(Debug, Error)]
pub enum SinkError {
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    /// PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The object store.
    #[error(transparent)]
    S3(#[from] S3Error),
    /// No broker told the cluster's id, without which stored positions mean nothing.
    #[error("no Kafka broker answered within {seconds} s")]
    NoBroker {
        /// How long was waited.
        seconds: u64,
    },
    /// Where to start was known only when the group no longer waited for it.
    #[error("the rebalance went on before it was known where to start")]
    LateStart,
    /// The group gave this consumer's partitions to others.
    #[error("the group gave the partitions to others")]
    Lost,
    /// A record of a partition that was never announced.
    #[error("a record came from {partition}, which is not ours")]
    NotOurs {
        /// Which.
        partition: Partition,
    },
    /// A thread that makes blocking calls was lost.
    #[error("a blocking call panicked")]
    Blocking(#[source] tokio::task::JoinError),
}

impl SinkError {
    /// What failed, as a bounded word for metrics.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Kafka(failure) => failure.operation,
            Self::Postgres(PostgresError::Statement { operation, .. } | PostgresError::Timeout { operation, .. }) => {
                operation
            }
            Self::Postgres(PostgresError::Fenced { .. }) => "fenced",
            Self::Postgres(_) => "connect",
            Self::S3(error) => error.operation(),
            Self::NoBroker { .. } => "read the cluster's id",
            Self::LateStart | Self::Lost | Self::NotOurs { .. } => "rebalance",
            Self::Blocking(_) => "panic",
        }
    }

    /// What a person should do, where waiting alone does not help.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Postgres(error) => error.advice(),
            _ => "",
        }
    }
}
