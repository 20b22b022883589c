//! How the parts are joined, and in which order they stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use vru_runtime::cameras::{self, Share};
use vru_runtime::service::ServiceContext;

use crate::camera::Shared;
use crate::config::IngestConfig;
use crate::publisher::KafkaPublisher;
use crate::source::push::{self, Hub};
use crate::{metrics, supervisor};

/// How long the producer may flush at the end; the whole process has its own deadline.
const FLUSH: Duration = Duration::from_secs(5);

/// Runs until `context.shutdown.soft`: then the cameras stop, and what they gave is sent.
pub async fn run(config: IngestConfig, context: ServiceContext) -> anyhow::Result<()> {
    metrics::register();
    vru_media::init().context("start GStreamer")?;
    let shutdown = context.shutdown.child();
    let pipelines = config.pipelines.load().context("load the pipelines")?;
    let config = Arc::new(config);
    let publisher = KafkaPublisher::new(&config, context.readiness.part("kafka")).context("make a producer")?;
    let publisher = Arc::new(publisher);
    let hub = Arc::new(Hub::new(config.push.require_credentials));
    if config.push.enabled {
        let ready = context.readiness.part("rtsp-server");
        let bound = push::serve(&config.push, hub.clone(), &shutdown).await.context("start the RTSP server")?;
        ready.ready();
        tracing::info!(addresses = ?bound, "RTSP server listens");
    }
    let share = Share::Group(config.group.clone());
    let ready = context.readiness.part("cameras");
    let events = cameras::watch(&config.kafka, &config.cameras, share, &shutdown, ready);
    let topic = {
        let (publisher, soft) = (publisher.clone(), shutdown.soft.clone());
        shutdown.tracker.spawn(async move { publisher.watch_topic(&soft).await })
    };

    let shared = Shared { config, publisher: publisher.clone(), hub, pipelines: Arc::new(pipelines) };
    supervisor::run(events, shared, shutdown.soft.clone()).await;

    // The cameras are stopped: nothing new comes.
    shutdown.soft.cancel();
    publisher.flush(FLUSH).await;
    topic.abort();
    shutdown.tracker.close();
    if tokio::time::timeout(FLUSH, shutdown.tracker.wait()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
    Ok(())
}
