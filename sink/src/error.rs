use std::sync::Arc;

use thiserror::Error;
use vru_runtime::kafka::{KafkaFailure, Partition};
use vru_storage::postgres::DatabaseError;
use vru_storage::s3::BucketError;

/// Why a sink's consumer ended. The consumer restarts after a wait.
#[derive(Debug, Error)]
pub enum SinkError {
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// Another consumer took over the partition; nothing was written.
    #[error("another consumer took over partition {partition}: the database has epoch {found}, this consumer {held}")]
    Fenced {
        partition: Partition,
        /// The epoch that this consumer got when it took over the partition; 0 if it never did.
        held: i64,
        /// The epoch in the database; 0 if there is none.
        found: i64,
    },
    /// The database was restored to an earlier time, or a replica that did not have the last transactions took over; nothing was written.
    #[error(
        "the database went back: it has position {found:?} of partition {partition}, and {held} was stored before. It is read again from there"
    )]
    WentBack {
        partition: Partition,
        /// The next offset after the last batch that was stored.
        held: i64,
        /// The next offset in the database.
        found: Option<i64>,
    },
    #[error("cannot encode {rows} rows as Parquet")]
    Parquet {
        rows: usize,
        #[source]
        source: parquet::errors::ParquetError,
    },
    #[error("cannot encode a clip")]
    Clip(#[source] vru_media::clip::ClipError),
    /// A read that several clips share.
    #[error(transparent)]
    Shared(Arc<KafkaFailure>),
    /// The cluster's id is unknown, and stored positions are valid for one cluster only.
    #[error("no Kafka broker answered within {seconds} s")]
    NoBroker { seconds: u64 },
    #[error("the group member ended although it was not stopped")]
    MemberEnded,
    #[error("the reader of the topic ended")]
    ReaderEnded,
    #[error("the group assigned the partitions to another consumer")]
    Lost,
    #[error("received a record of partition {partition}, which is not assigned to this consumer")]
    NotAssigned { partition: Partition },
    #[error("a blocking call panicked")]
    Blocking(#[source] tokio::task::JoinError),
}

impl SinkError {
    /// What failed: one of few values, for use as a metric label.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Kafka(failure) => failure.operation,
            Self::Database(error) => error.operation(),
            Self::Bucket(error) => error.operation,
            Self::Fenced { .. } => "fenced",
            Self::WentBack { .. } => "database went back",
            Self::Parquet { .. } => "write Parquet",
            Self::Clip(_) => "encode a clip",
            Self::Shared(failure) => failure.operation,
            Self::NoBroker { .. } => "read the cluster's id",
            Self::MemberEnded | Self::Lost | Self::NotAssigned { .. } => "rebalance",
            Self::Blocking(_) | Self::ReaderEnded => "panic",
        }
    }

    /// What the operator can do if a retry alone does not help; empty otherwise. To be appended to the message.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::Database(error) => error.advice(),
            _ => "",
        }
    }
}
