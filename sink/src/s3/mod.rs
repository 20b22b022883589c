//! Objects: detections as Parquet, the picture of each alert, and a short clip around it.
//!
//! PUT is atomic, so no object is ever half written; what matters is that a retry writes the same. Two consumers:
//!
//! - [`detections`] gathers each Kafka partition into a segment ([`segment`]) and cuts it by count, bytes or age. **The rule: a
//!   cut is recorded in Kafka before its objects are written.** The group's committed offset stays at the segment's first
//!   record, and the note committed with it says where the segment ends; then the objects are written; then the offset moves
//!   to the end. Whoever goes on after a crash, or after a rebalance while the old owner is still writing, finds the note,
//!   gathers the same records and writes the same bytes under the same names ([`keys`], [`parquet`]). A member that lost the
//!   partition cannot record a cut, and so writes nothing new.
//! - [`alerts`] writes the picture that the alert carries, and a clip of the frames that Kafka still holds ([`clip`]), both under
//!   the names that the alert itself says.
//!
//! Kafka delivers at least once: a frame that inference published twice, further apart than one segment, is in two files.
//! Readers who mind take one row for each (camera_id, session, sequence, object_index).

mod alerts;
mod clip;
mod commits;
pub mod config;
mod detections;
mod error;
mod keys;
mod parquet;
mod segment;
mod store;

pub use config::S3Config;
pub use error::S3Error;

use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::service::ServiceContext;

/// Runs both consumers until shutdown. Failures are retried for ever; `/ready` says which.
pub(crate) async fn run(config: S3Config, kafka: KafkaConfig, context: ServiceContext) -> anyhow::Result<()> {
    let store = store::Store::new(&config).await;
    let letters = if config.dead_letters { Some(DeadLetters::new(&kafka, "vru-sink-s3")?) } else { None };
    let part = |name: &str| context.readiness.part(name);
    let consumers = detections::Consumer {
        config: config.clone(),
        kafka: kafka.clone(),
        store: store.clone(),
        letters,
        shutdown: context.shutdown.clone(),
        ready: part("s3-detections"),
    };
    let alerts = alerts::Consumer {
        config: config.clone(),
        kafka,
        store,
        shutdown: context.shutdown.clone(),
        ready: part("s3-alerts"),
    };
    tokio::join!(consumers.run(), alerts.run());
    Ok(())
}
