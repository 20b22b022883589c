//! The way to Kafka, behind a seam: [`KafkaPublisher`] is the real one, tests keep frames in memory.

mod kafka;
mod resume;

use async_trait::async_trait;
use futures::future::BoxFuture;
use vru_proto::CameraId;
use vru_proto::v1::Frame;
use vru_runtime::kafka::KafkaFailure;
use vru_runtime::retry::Retryable;

pub use kafka::KafkaPublisher;
pub use vru_runtime::kafka::Delivered;

use crate::metrics;

/// How far a file was published before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The last sequence number.
    pub sequence: u64,
    /// It was the last frame of the file.
    pub end_of_stream: bool,
}

/// The answer to a frame that was accepted.
pub type Sending = BoxFuture<'static, Result<Delivered, PublishError>>;

/// Sends frames on. Frames of a camera arrive in the order of the calls.
#[async_trait]
pub trait Publisher: std::fmt::Debug + Send + Sync + 'static {
    /// Accepts a frame, or refuses it at once; never waits. What becomes of it is in the answer, which comes when Kafka has taken
    /// it or has refused it for good.
    fn send(&self, frame: Frame) -> Result<Sending, PublishError>;

    /// An answer is overdue.
    fn is_late(&self);

    /// Up to which offset of the frames topic's partition every awaited consumer group is done; none when there is nobody
    /// to wait for.
    async fn committed(&self, partition: i32) -> Result<Option<i64>, PublishError>;

    /// How far this session of a file is on Kafka already. Frames of a session are there in order and without gaps, so all
    /// up to this one are.
    async fn last_published(&self, camera: &CameraId, session: u64) -> Result<Option<Published>, PublishError>;
}

/// Why a frame is not on Kafka.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The producer's own queue is full: Kafka is away, or too slow.
    #[error("the producer's queue is full")]
    QueueFull,
    /// Larger than the topic takes.
    #[error("a frame of {bytes} bytes is larger than Kafka takes")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The process is stopping.
    #[error("the producer is closed")]
    Closed,
    /// Anything else that Kafka says.
    #[error(transparent)]
    Kafka(#[from] KafkaFailure),
}

impl PublishError {
    /// As the reason of a dropped frame.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::QueueFull => metrics::KAFKA_DOWN,
            Self::TooLarge { .. } => metrics::TOO_LARGE,
            Self::Closed => metrics::STOPPED,
            Self::Kafka(_) => metrics::REJECTED,
        }
    }
}

impl Retryable for PublishError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::QueueFull => true,
            Self::TooLarge { .. } | Self::Closed => false,
            Self::Kafka(failure) => failure.is_retryable(),
        }
    }
}
