//! Kafka clients. Stages exchange data through Kafka only.

pub mod admin;
mod config;
mod consumer;
mod context;
mod error;
mod group_offsets;

mod offsets;
mod outgoing;
mod partition;
mod partitioner;
mod probe;
mod producer;
mod range_reader;
mod reader;
mod rebootstrap;
mod record;

pub use config::{KafkaConfig, Topics};
pub use consumer::{Assignment, Committer, ConsumerOptions, Event, GroupConsumer, Revocation};
pub use context::LogContext;
pub use error::KafkaFailure;
pub use group_offsets::GroupOffsets;
pub use offsets::{offset_at, watermarks};
pub use outgoing::{Acknowledgement, OutgoingRecord, SendError};
pub use partition::{Partition, StartAt};
pub use partitioner::partition_of;
pub use probe::watch_broker;
pub use producer::{Delivered, DeliveryReport, Producer, ProducerOptions};
pub use range_reader::RangeReader;
pub use reader::{ReaderEvent, TopicReader};
pub use record::Record;
