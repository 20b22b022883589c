//! Publishing frames to Kafka. [`KafkaPublisher`] is used in production; tests implement [`FramePublisher`] in memory.

mod file_position;
mod frame_search;
mod kafka;
mod reply;
mod resume;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::BoxFuture;
use vru_proto::CameraId;
use vru_proto::v1::{FileFault, FilePosition, Frame};
use vru_runtime::kafka::{KafkaFailure, SendError, TopicId};
use vru_runtime::retry::Retryable;

pub use frame_search::SEARCHED_RECORDS;
pub use kafka::KafkaPublisher;
pub use reply::Reply;
pub use vru_runtime::kafka::Delivered;

use crate::metrics;

/// How far all configured consumer groups are in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    /// The topic of files' frames as it is now. Offsets of another one have no meaning in it.
    pub topic: TopicId,
    /// The offset up to which every group has committed; `None` when no group is configured.
    pub up_to: Option<i64>,
    /// The group that is behind the others, or behind what was sent.
    pub behind: Option<Behind>,
}

/// A consumer group that files wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    pub group: String,
    /// Whether it has ever committed an offset of the topic. A group that does not exist has not.
    pub has_committed: bool,
}

/// How much of a file is on Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The topic of files' frames as it is now.
    pub topic: TopicId,
    pub last: Option<LastPublished>,
}

/// The last frame of a file that is already on Kafka.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastPublished {
    pub sequence: u64,
    /// It is the last frame of the file.
    pub end_of_stream: bool,
    pub delivered: Delivered,
    /// The file's position on Kafka says so.
    pub is_recorded: bool,
}

/// Resolves when Kafka has acknowledged the frame, or has refused it for good.
pub type FrameAcknowledgement = BoxFuture<'static, Result<Delivered, PublishError>>;

/// Sends frames to the topic of their delivery. Frames of one camera arrive there in the order of the calls.
#[async_trait]
pub trait FramePublisher: std::fmt::Debug + Send + Sync + 'static {
    /// Accepts a frame or refuses it at once; never waits. `reply` is called with the outcome of an accepted frame, on another
    /// thread or after the return: the caller may hold a lock that `reply` takes. For a refused frame it is discarded.
    fn send(&self, frame: Frame, reply: Reply) -> Result<(), PublishError>;

    /// Like [`FramePublisher::send`], with a future of the outcome.
    fn send_acknowledged(&self, frame: Frame) -> Result<FrameAcknowledgement, PublishError> {
        let (outcome, acknowledgement) = oneshot::channel();
        // The future may have been dropped.
        self.send(frame, Reply::new(move |result| drop(outcome.send(result))))?;
        Ok(acknowledgement.map(|result| result.unwrap_or(Err(PublishError::Closed))).boxed())
    }

    /// Reports that an acknowledgement is overdue.
    fn acknowledgement_is_overdue(&self);

    /// How far the consumers are in this partition of the files' frames.
    async fn consumed(&self, partition: i32) -> Result<Consumed, PublishError>;

    /// The last frame on Kafka of this session of a file. Frames of a session are in order and without gaps, so all frames
    /// before it are on Kafka too.
    async fn last_published(&self, camera: &CameraId, session: u64) -> Result<Published, PublishError>;

    /// Writes how far a file is. Accepts, refuses and replies like [`FramePublisher::send`].
    fn record(&self, position: FilePosition, reply: Reply) -> Result<(), PublishError>;

    /// Writes what is wrong with a file, in the same way.
    fn report(&self, fault: FileFault, reply: Reply) -> Result<(), PublishError>;
}

/// Why a frame was not published, or why a query about published frames or offsets failed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("the producer's queue is full")]
    QueueFull,
    #[error(
        "a frame of {bytes} bytes is larger than Kafka accepts; raise kafka.message_max_bytes and the topic's limit"
    )]
    TooLarge { bytes: usize },
    #[error("the producer was closed before Kafka acknowledged the frame")]
    Closed,
    #[error("publish to topic {topic}")]
    Send {
        topic: String,
        #[source]
        source: SendError,
    },
    /// A question about offsets or published frames failed.
    #[error(transparent)]
    Query(#[from] KafkaFailure),
}

impl PublishError {
    /// The value of the label `reason` of dropped frames.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::QueueFull => metrics::KAFKA_DOWN,
            Self::TooLarge { .. } => metrics::TOO_LARGE,
            Self::Closed => metrics::STOPPED,
            Self::Send { .. } | Self::Query(_) => metrics::REJECTED,
        }
    }
}

impl Retryable for PublishError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::QueueFull => true,
            Self::TooLarge { .. } | Self::Closed => false,
            Self::Send { source, .. } => source.is_retryable(),
            Self::Query(failure) => failure.is_retryable(),
        }
    }
}
