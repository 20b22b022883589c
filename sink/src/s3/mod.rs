//! Objects in S3: detections as Parquet, the snapshot of each alert, and a short clip around it.
//!
//! A PUT is atomic, so no object is ever half written. A retry must write the same object. There are two consumers:
//!
//! - [`detections`] gathers the records of each Kafka partition into a segment ([`segment`]) and cuts it by count, bytes or age.
//!   **A cut is recorded in Kafka before its objects are written:** the consumer commits the segment's first offset together with
//!   metadata that says where the segment ends; then it writes the objects; then it commits the segment's end. After a crash, or
//!   after a rebalance while the old owner is still writing, the next owner reads the metadata, gathers the same records, and
//!   writes the same bytes under the same keys ([`parquet`]). A member that lost the partition cannot record a cut, so it writes
//!   nothing new.
//! - [`alerts`] writes the snapshot that the alert contains, and a clip of the frames that are still in Kafka ([`clip`]), under
//!   keys that follow from the alert.
//!
//! Kafka delivers at least once: if inference publishes a frame twice and the two are not in the same segment, both are stored.
//! Readers that need each frame once take one row per (camera_id, session, sequence, object_index).

mod alerts;
mod clip;
mod commit_tracker;
pub mod config;
mod context;
mod detections;
mod parquet;
mod segment;
mod segment_writer;
mod uploader;

pub use config::S3Config;

use vru_runtime::admin::ReadyFlag;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::KafkaConfig;
use vru_runtime::service::ServiceContext;
use vru_runtime::shutdown::Shutdown;
use vru_storage::s3::Bucket;

use context::S3Context;
use uploader::Uploader;

/// Runs both consumers until shutdown. Failures are retried without limit and reported in `/ready`.
///
/// The parts of `/ready` are added by the call itself, so that the service does not become ready before the task runs.
pub(crate) fn run(
    config: S3Config,
    kafka: KafkaConfig,
    context: ServiceContext,
) -> impl Future<Output = anyhow::Result<()>> {
    let (detections, alerts) = (context.readiness.part("s3-detections"), context.readiness.part("s3-alerts"));
    run_until_shutdown(config, kafka, context.shutdown, detections, alerts)
}

async fn run_until_shutdown(
    config: S3Config,
    kafka: KafkaConfig,
    shutdown: Shutdown,
    detections: ReadyFlag,
    alerts: ReadyFlag,
) -> anyhow::Result<()> {
    let bucket = Bucket::new(&config.bucket).await;
    let dead_letters = if config.dead_letters { Some(DeadLetters::new(&kafka, "vru-sink-s3")?) } else { None };
    let context = |ready: ReadyFlag| S3Context {
        config: config.clone(),
        kafka: kafka.clone(),
        uploader: Uploader::new(bucket.clone(), &config, ready.clone()),
        shutdown: shutdown.clone(),
        ready,
    };
    let (detections, alerts) = (context(detections), context(alerts));
    tokio::join!(detections::run(&detections, dead_letters.as_ref()), alerts::run(&alerts));
    Ok(())
}
