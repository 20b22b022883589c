//! Starts the parts of the service, and stops them in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use vru_runtime::cameras::{self, Share};
use vru_runtime::kafka::watch_kafka;
use vru_runtime::live::LiveStore;
use vru_runtime::redis::Redis;
use vru_runtime::service::ServiceContext;
use vru_storage::s3::Bucket;

use crate::camera::CameraContext;
use crate::camera_tests::{self, TestContext};
use crate::config::IngestConfig;
use crate::publisher::KafkaPublisher;
use crate::source::push::{self, PathRegistry};
use crate::source::{HangLimits, PipelineShutdowns};
use crate::supervisor::{self, CameraChanges};
use crate::{drops, metrics, waits};

/// How long the producer may flush at the end, and how long connections may then take to close. The process has its own
/// shutdown deadline.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// Runs until `context.shutdown.soft`. Then it stops the cameras and sends the frames that are queued.
pub async fn run(config: IngestConfig, context: ServiceContext) -> anyhow::Result<()> {
    run_with_live(config, None, context).await
}

/// Like [`run`], beside the API in one process, which shows what is dropped: it is written into this store.
pub async fn run_with_live(
    config: IngestConfig,
    live: Option<LiveStore>,
    context: ServiceContext,
) -> anyhow::Result<()> {
    metrics::register();
    let redis = (live.is_none() && config.redis.is_configured()).then(|| Redis::new(config.redis.clone()));
    if let Some(redis) = redis.clone() {
        let (ready, stop) = (context.readiness.helpful_part("redis"), context.shutdown.soft.clone());
        context.shutdown.spawn_essential("the connection to Redis", redis.watch(ready, stop));
    }
    let live = live.or_else(|| redis.clone().map(LiveStore::Redis));
    if let Some(store) = live {
        context.shutdown.spawn_essential("the writer of drops", drops::write(store, context.shutdown.soft.clone()));
    }
    vru_media::init().context("start GStreamer")?;
    let shutdown = context.shutdown.child();
    let pipelines = config.pipelines.load().context("load the pipelines")?;
    let config = Arc::new(config);
    let kafka_ready = context.readiness.part("kafka");
    let acknowledged = context.readiness.part("kafka-producer");
    let publisher = KafkaPublisher::new(&config, acknowledged).context("make a Kafka producer")?;
    let publisher = Arc::new(publisher);
    let cameras_ready = context.readiness.part("cameras");
    let shutdowns =
        PipelineShutdowns::new(HangLimits::default(), context.readiness.part("pipelines"), shutdown.failure.clone());
    let push_paths = Arc::new(redis.map_or_else(PathRegistry::default, PathRegistry::among_pods));
    if config.push.enabled {
        let ready = context.readiness.part("rtsp-server");
        let addresses =
            push::serve(&config.push, push_paths.clone(), &shutdown).await.context("start the RTSP server")?;
        ready.ready();
        tracing::info!(?addresses, "RTSP server listens");
    }
    let share = Share::Group(config.group.clone());
    let (assigned, _) = cameras::watch(&config.kafka, &config.cameras, share, &shutdown, cameras_ready);
    // A file of cameras is for one process, which has all of them.
    let all = config.cameras.file.as_os_str().is_empty().then(|| {
        let ready = context.readiness.part("pushed-cameras");
        cameras::watch(&config.kafka, &config.cameras, Share::All, &shutdown, ready).0
    });
    let changes = CameraChanges { assigned, all };
    let watch = watch_kafka(config.kafka.clone(), config.needs(), kafka_ready, shutdown.soft.clone());
    let kafka_watch = shutdown.spawn_essential("the probe of the broker", watch);
    let files_ready = context.readiness.part("files");
    let waits_watch =
        shutdown.spawn_essential("the watch of files that wait", waits::watch(files_ready, shutdown.soft.clone()));
    let topic_watch = {
        let (publisher, soft) = (publisher.clone(), shutdown.soft.clone());
        shutdown
            .spawn_essential("the watch of the topics of frames", async move { publisher.watch_topics(&soft).await })
    };

    let pipelines = Arc::new(pipelines);
    let objects = match &config.s3 {
        Some(section) => Some(Bucket::new(&section.bucket).await),
        None => None,
    };
    let tests_ready = context.readiness.helpful_part("camera-tests");
    let watch = watch_kafka(config.kafka.clone(), config.needs_of_tests(), tests_ready, shutdown.soft.clone());
    let tests_watch = shutdown.spawn_essential("the probe of what tests of cameras need", watch);
    let test_context = TestContext::new(&config, pipelines.clone(), shutdowns.clone());
    shutdown.spawn_essential("the tests of cameras", camera_tests::run(test_context, shutdown.soft.clone()));
    let camera_context =
        CameraContext { config, publisher: publisher.clone(), push_paths, pipelines, shutdowns, objects };
    supervisor::run(changes, camera_context, shutdown.soft.clone()).await;

    // The cameras have stopped, so no new frames come.
    shutdown.soft.cancel();
    publisher.flush(STOP_DEADLINE).await;
    topic_watch.abort();
    waits_watch.abort();
    kafka_watch.abort();
    tests_watch.abort();
    shutdown.tracker.close();
    if tokio::time::timeout(STOP_DEADLINE, shutdown.tracker.wait()).await.is_err() {
        tracing::warn!(deadline = ?STOP_DEADLINE, "some push connections did not close before the deadline");
    }
    Ok(())
}
