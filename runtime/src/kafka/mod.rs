//! Kafka clients: the only road between stages.

pub mod admin;
mod config;
mod consumer;
mod context;
mod error;
mod lifeline;
mod partition;
mod partitioner;
mod probe;
mod producer;
mod reader;
mod record;

pub use config::{KafkaConfig, Topics};
pub use consumer::{Assignment, Committer, ConsumerOptions, Event, GroupConsumer, Revocation};
pub use context::LogContext;
pub use error::KafkaFailure;
pub use partition::{Partition, StartAt};
pub use partitioner::partition_of;
pub use probe::watch_broker;
pub use producer::{Delivered, Delivery, Producer, ProducerOptions};
pub use reader::{ReaderEvent, TopicReader, offset_at, watermarks};
pub use record::Record;
