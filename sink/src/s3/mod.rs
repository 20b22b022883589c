//! Objects in S3: detections as Parquet, the snapshot of each alert, and a short clip around it.
//!
//! A PUT is atomic, so no object is ever half written. A retry must write the same object. There are three consumers:
//!
//! - [`detections`] gathers the records of each Kafka partition into a segment ([`segment`]) and cuts it by count, bytes or age.
//!   **A cut is recorded in Kafka before its objects are written:** the consumer commits the segment's first offset together with
//!   metadata that says where the segment ends; then it writes the objects; then it commits the segment's end. After a crash, or
//!   after a rebalance while the old owner is still writing, the next owner reads the metadata, gathers the same records, and
//!   writes the same bytes under the same keys ([`parquet`]). A member that lost the partition cannot record a cut, so it writes
//!   nothing new.
//! - [`snapshots`] writes the snapshot that each alert contains, and [`clips`] a clip of the frames that are still in Kafka, under keys that
//!   follow from the alert. A snapshot never waits for a clip. [`clip_reads`] reads the frames for clips that overlap together.
//!
//! Kafka delivers at least once: if inference publishes a frame twice and the two are not in the same segment, both are stored.
//! Readers that need each frame once take one row per (camera_id, session, sequence, object_index).

mod alert_consumer;
mod clip_frames;
mod clip_hidden;
mod clip_reads;
mod clip_window;
mod clips;
mod commit_tracker;
pub mod config;
mod context;
mod detections;
mod parquet;
mod segment;
mod segment_writer;
mod snapshots;
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

/// Runs the consumers until shutdown. Failures are retried without limit and reported in `/ready`.
///
/// The parts of `/ready` are added by the call itself, so that the service does not become ready before the task runs.
pub(crate) fn run(
    config: S3Config,
    kafka: KafkaConfig,
    context: ServiceContext,
) -> impl Future<Output = anyhow::Result<()>> {
    let part = |name| context.readiness.part(format!("s3-{name}"));
    let ready = Ready { detections: part("detections"), snapshots: part("snapshots"), clips: part("clips") };
    if !config.clip.enabled {
        ready.clips.ready();
    }
    run_until_shutdown(config, kafka, context.shutdown, ready)
}

/// The consumers' parts of `/ready`.
struct Ready {
    detections: ReadyFlag,
    snapshots: ReadyFlag,
    clips: ReadyFlag,
}

async fn run_until_shutdown(
    config: S3Config,
    kafka: KafkaConfig,
    shutdown: Shutdown,
    ready: Ready,
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
    let (detections, snapshots, clips) = (context(ready.detections), context(ready.snapshots), context(ready.clips));
    tokio::join!(detections::run(&detections, dead_letters.as_ref()), snapshots::run(&snapshots), async {
        if config.clip.enabled {
            clips::run(&clips).await;
        }
    });
    Ok(())
}
