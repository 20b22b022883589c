//! Connects the parts of the stage. Frames flow as follows:
//!
//! ```text
//! consumer → scheduler → decode threads → scheduler → batcher (the model) → analysis threads → publisher → Kafka
//!                │ dropped frames                                                       │ acknowledged frames
//!                └──────────────────────▶ offsets ◀─────────────────────────────────────┘
//!                                           └──▶ consumer commits
//! ```
//!
//! All channels are bounded, and senders wait. Only the scheduler drops frames, and only live ones.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::AbortHandle;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::cameras::{self, Share};
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::failure::Failure;
use vru_runtime::kafka::{ProducerOptions, watch_kafka};
use vru_runtime::live::LiveStore;
use vru_runtime::redis::Redis;
use vru_runtime::service::ServiceContext;

use crate::analysis::AnalysisSettings;
use crate::analyst::{Analyst, FramesForAnalysis};
use crate::batcher::Batcher;
use crate::camera_tests::{ModelRequests, read_pictures};
use crate::config::{InferConfig, contradictions};
use crate::consumer::{FrameConsumer, FrameConsumerContext};
use crate::decoders::DecodeThread;
use crate::engine::Engine;
use crate::feed::FeedKind;
use crate::known_cameras::KnownCameras;
use crate::lease::Lease;
use crate::live::LiveStates;
use crate::metrics::MODEL;
use crate::offsets::Offsets;
use crate::publisher::{Publisher, PublisherContext};
use crate::scheduler::FrameScheduler;
use crate::silence::{LeftAlerts, SilenceWatch};

/// Frames that wait for their analysis, besides those that slow cameras may have there: a batch or two.
const ANALYSIS_QUEUE: usize = 32;
/// The frames of one camera whose analysis is slow that may wait there.
const OF_SLOW_CAMERA: usize = 2;

/// Runs the stage until `cx.shutdown.soft`, then drains. An error means that the stage cannot continue.
pub async fn run(config: InferConfig, cx: ServiceContext) -> anyhow::Result<()> {
    Box::pin(run_with_live(config, None, cx)).await
}

/// Like [`run`], beside the API in one process, which shows what cameras show now: it is written into this store.
pub async fn run_with_live(config: InferConfig, live: Option<LiveStore>, cx: ServiceContext) -> anyhow::Result<()> {
    let live = live.or_else(|| {
        let redis = config.redis.is_configured().then(|| Redis::new(config.redis.clone()))?;
        // Without it, everything but the live state goes on.
        let ready = cx.readiness.helpful_part("redis");
        cx.shutdown.spawn_essential("the connection to Redis", redis.clone().watch(ready, cx.shutdown.soft.clone()));
        Some(LiveStore::Redis(redis))
    });
    let live = LiveStates::new(live);
    let model_ready = cx.readiness.part("model");
    let kafka_ready = cx.readiness.part("kafka");
    let cameras_ready = cx.readiness.part("cameras");
    let engine = tokio::select! {
        engine = load(config.clone()) => engine?,
        // Building a TensorRT engine may take minutes. It is safe to stop during that time.
        () = cx.shutdown.soft.cancelled() => return Ok(()),
    };
    model_ready.ready();
    run_with(engine, config, live, cx, kafka_ready, cameras_ready).await
}

async fn load(config: InferConfig) -> anyhow::Result<Engine> {
    let loaded = tokio::task::spawn_blocking(move || {
        let mut engine = Engine::load(&config.model).context("load the model")?;
        if let Some(error) = contradictions(&config.cameras, &engine).into_iter().next() {
            return Err(error).context(format!("use the cameras file {}", config.cameras.file.display()));
        }
        let max_batch = engine.max_batch(config.batch.max_size);
        engine.warm_up(max_batch).context("warm up the model")?;
        Ok(engine)
    });
    loaded.await.context("load the model")?
}

async fn run_with(
    engine: Engine,
    config: InferConfig,
    live_states: LiveStates,
    cx: ServiceContext,
    kafka_ready: ReadyFlag,
    cameras_ready: ReadyFlag,
) -> anyhow::Result<()> {
    let model = engine.model().clone();
    MODEL.with_label_values(&[model.name.as_str(), model.version.as_str(), engine.provider().name()]).set(1);
    let stop = cx.shutdown.child();
    let failure = stop.failure.clone();
    let offsets = Arc::new(Offsets::default());
    let scheduler = Arc::new(FrameScheduler::new(config.queue, offsets.clone(), model.clone()));
    let analysis_threads = config.queue.analysis_threads();
    let frames = Arc::new(FramesForAnalysis::new(ANALYSIS_QUEUE + OF_SLOW_CAMERA * analysis_threads));

    let options = ProducerOptions {
        client_id: "vru-infer".to_owned(),
        // Records never time out: order is guaranteed only as long as the client itself retries.
        message_timeout: Duration::ZERO,
        compression: "lz4",
        ..Default::default()
    };
    let producer = config.kafka.producer(&options).context("create the producer")?;
    let lease = Lease::new(config.kafka.session_timeout);
    let (publisher, publisher_handle) = Publisher::new(PublisherContext {
        producer,
        dead_letters: DeadLetters::new(&config.kafka, "vru-infer").context("create the producer of dead letters")?,
        topics: config.kafka.topics(),
        offsets: offsets.clone(),
        lease: lease.clone(),
        live: live_states.clone(),
        failure: failure.clone(),
        hard: stop.hard.clone(),
    });

    let mut threads = Threads { failure: failure.clone(), running: Vec::new() };
    for number in 0..config.queue.decode_threads() {
        let decoder = DecodeThread::new(scheduler.clone(), &model, publisher_handle.clone(), failure.clone())?;
        threads.spawn(format!("decode-{number}"), move || decoder.run())?;
    }
    let requests = ModelRequests::new(scheduler.clone());
    let batcher =
        Batcher::new(scheduler.clone(), engine, config.batch, frames.clone(), requests.clone(), failure.clone());
    threads.spawn("model".to_owned(), move || batcher.run())?;

    let followed = cameras::watch(&config.kafka, &config.cameras, Share::All, &stop, cameras_ready);
    let (follower, cameras) = KnownCameras::follow(followed);
    let analyst = Arc::new(Analyst {
        settings: AnalysisSettings { snapshot: config.snapshot, ..AnalysisSettings::of(model.clone()) },
        frames: frames.clone(),
        cameras: cameras.configs().clone(),
        scheduler: scheduler.clone(),
        offsets: offsets.clone(),
        publisher: publisher_handle.clone(),
    });
    for number in 0..analysis_threads {
        let analyst = analyst.clone();
        threads.spawn(format!("analysis-{number}"), move || analyst.run())?;
    }
    let left = LeftAlerts::default();
    let silence = SilenceWatch::new(analyst, left.clone());
    threads.spawn("silence".to_owned(), move || silence.run())?;
    let following = stop.spawn_essential("the follower of the cameras' configuration", follower.run());
    let tests_ready = cx.readiness.helpful_part("camera-tests");
    let watch = watch_kafka(config.kafka.clone(), config.needs_of_tests(), tests_ready, stop.soft.clone());
    let tests_watch = stop.spawn_essential("the probe of what pictures of tested cameras need", watch);
    let watch = watch_kafka(config.kafka.clone(), config.needs(), kafka_ready, stop.soft.clone());
    let broker_watch = stop.spawn_essential("the probe of the broker", watch);
    // Without the rules of its cameras, this worker would lose alerts. Until they are known the frames stay in Kafka, and `/ready` tells why.
    let settled = tokio::select! {
        () = cameras.settled() => true,
        () = stop.soft.cancelled() => false,
        () = failure.reported() => false,
    };
    if !settled {
        stop.soft.cancel();
        scheduler.close();
        return failure.take().map_or(Ok(()), Err);
    }
    let pictures = read_pictures(config.clone(), model, requests, stop.soft.clone());
    stop.spawn_essential("the pictures of tested cameras", pictures);
    let consumer_context = FrameConsumerContext {
        kind: FeedKind::Live,
        kafka: config.kafka,
        group: config.group,
        queue: config.queue,
        scheduler: scheduler.clone(),
        offsets,
        publisher: publisher_handle,
        analysis: frames,
        left,
        cameras,
        presence: Arc::default(),
        soft: stop.soft.clone(),
    };
    let of_files = FrameConsumerContext { kind: FeedKind::File, ..consumer_context.clone() };
    let live = FrameConsumer::start(consumer_context).context("join the consumer group")?;
    let files = FrameConsumer::start(of_files).context("join the consumer group for files")?;
    stop.spawn_essential("the writer of live states", live_states.write(stop.soft.clone()));
    let lease_watch = stop.spawn_essential("the watch for pauses of the process", lease.watch(stop.hard.clone()));
    let publishing = stop.spawn_essential("the publisher", publisher.run(vec![live.member(), files.member()]));
    let (live, files) = (tokio::spawn(live.run()), tokio::spawn(files.run()));
    let aborts = [live.abort_handle(), files.abort_handle()];

    // Both end when they are stopped, and the stage when one of them fails.
    let consumed = async {
        tokio::try_join!(async { live.await.context("consume frames")? }, async {
            files.await.context("consume frames of files")?
        })
    };
    let failed = tokio::select! {
        consumed = consumed => consumed.err(),
        () = failure.reported() => failure.take(),
    };
    // Stop from the source downstream: each part ends after the part before it has ended and its input is processed.
    stop.soft.cancel();
    if failed.is_some() {
        // Frames in flight cannot be finished. They are not committed, so they are read again.
        stop.hard.cancel();
        aborts.iter().for_each(AbortHandle::abort);
    }
    scheduler.close();
    following.abort();
    broker_watch.abort();
    tests_watch.abort();
    let drained = async {
        if failed.is_none() {
            threads.join().await?;
            publishing.await.context("publish results")?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        drained = drained => drained?,
        () = cx.shutdown.hard.cancelled() => tracing::warn!("stopped before all results were published"),
    }
    lease_watch.abort();
    failed.map_or(Ok(()), Err)
}

/// The threads of the stage. If one panics, the stage fails.
struct Threads {
    failure: Failure,
    running: Vec<(String, JoinHandle<()>)>,
}

impl Threads {
    fn spawn(&mut self, name: String, work: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
        let report = self.failure.on_panic(format!("thread {name}"));
        let thread = std::thread::Builder::new().name(name.clone()).spawn(move || {
            let _report = report;
            work();
        });
        self.running.push((name, thread.context("start a thread")?));
        Ok(())
    }

    async fn join(self) -> anyhow::Result<()> {
        let joining = tokio::task::spawn_blocking(move || {
            let panicked = self.running.into_iter().filter_map(|(name, thread)| thread.join().err().map(|_| name));
            panicked.collect::<Vec<_>>()
        });
        let panicked = joining.await.context("join the threads")?;
        anyhow::ensure!(panicked.is_empty(), "threads panicked: {}", panicked.join(", "));
        Ok(())
    }
}
