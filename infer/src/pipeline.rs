//! Wires the stages. Frames flow
//!
//! ```text
//! consumer → board → decode threads → board → batcher (the model) → analyst → publisher → Kafka
//!              │ drops live frames                                               │ acknowledged
//!              └────────────────────────── offsets ◀──────────────────────────────┘──▶ consumer commits
//! ```
//!
//! Every channel is bounded and blocks; only the board drops, and only live frames.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::cameras::{self, Share};
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{ProducerOptions, watch_broker};
use vru_runtime::service::ServiceContext;

use crate::analysis::AnalysisSettings;
use crate::analyst::{Analyst, ToAnalyst};
use crate::batcher::Batcher;
use crate::board::Board;
use crate::config::InferConfig;
use crate::consumer::{Consumer, ConsumerContext};
use crate::decoders::DecodeThread;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::lease::Lease;
use crate::metrics::MODEL;
use crate::offsets::Offsets;
use crate::publisher::{Publisher, PublisherContext};

/// Inferred frames that wait to be judged: a batch or two.
const TO_ANALYST: usize = 32;

/// Runs the stage until `cx.shutdown.soft`, then drains. An error means that it cannot go on.
pub async fn run(config: InferConfig, cx: ServiceContext) -> anyhow::Result<()> {
    let model_ready = cx.readiness.part("model");
    let kafka_ready = cx.readiness.part("kafka");
    let cameras_ready = cx.readiness.part("cameras");
    let loading = load(config.clone());
    let engine = tokio::select! {
        engine = loading => engine?,
        // Building an engine may take minutes; nothing is lost by leaving it.
        () = cx.shutdown.soft.cancelled() => return Ok(()),
    };
    model_ready.ready();
    run_with(engine, config, cx, kafka_ready, cameras_ready).await
}

async fn load(config: InferConfig) -> anyhow::Result<Engine> {
    let loaded = tokio::task::spawn_blocking(move || {
        let mut engine = Engine::load(&config.model).context("load the model")?;
        let most = engine.max_batch(config.batch.max_size);
        engine.warm_up(most).context("warm up the model")?;
        Ok(engine)
    });
    loaded.await.context("load the model")?
}

async fn run_with(
    engine: Engine,
    config: InferConfig,
    cx: ServiceContext,
    kafka_ready: ReadyFlag,
    cameras_ready: ReadyFlag,
) -> anyhow::Result<()> {
    let model = engine.model().clone();
    MODEL.with_label_values(&[model.name.as_str(), model.version.as_str(), engine.provider().name()]).set(1);
    let stop = cx.shutdown.child();
    let failure = Failure::default();
    let offsets = Arc::new(Offsets::default());
    let board = Arc::new(Board::new(config.queue, offsets.clone(), model.clone()));
    let (analyst_tx, analyst_rx) = mpsc::channel(TO_ANALYST);

    let options = ProducerOptions {
        client_id: "vru-infer".to_owned(),
        // Never given up: order holds only as long as the client itself tries again.
        message_timeout: Duration::ZERO,
        compression: "lz4",
        ..Default::default()
    };
    let producer = config.kafka.producer(&options).context("create the producer")?;
    let lease = Lease::new(config.kafka.session_timeout);
    let (publisher, outbox) = Publisher::new(PublisherContext {
        producer,
        letters: DeadLetters::new(&config.kafka, "vru-infer").context("create the producer of dead letters")?,
        topics: config.kafka.topics(),
        offsets: offsets.clone(),
        lease: lease.clone(),
        failure: failure.clone(),
        hard: stop.hard.clone(),
    });

    let mut threads = Threads::default();
    for number in 0..config.queue.decode_threads() {
        let decoder = DecodeThread::new(board.clone(), &model, outbox.clone(), failure.clone())?;
        threads.spawn(format!("decode-{number}"), move || decoder.run())?;
    }
    let batcher = Batcher::new(board.clone(), engine, config.batch, analyst_tx.clone(), failure.clone());
    threads.spawn("model".to_owned(), move || batcher.run())?;
    let settings = AnalysisSettings { snapshot: config.snapshot, ..AnalysisSettings::of(model) };
    let analyst = Analyst::new(settings, board.clone(), outbox.clone());
    threads.spawn("analyst".to_owned(), move || analyst.run(analyst_rx))?;

    let followed = cameras::watch(&config.kafka, &config.cameras, Share::All, &stop, cameras_ready);
    let cameras = tokio::spawn(follow_cameras(followed, analyst_tx.clone()));
    let probe = tokio::spawn(watch_broker(config.kafka.clone(), kafka_ready, stop.soft.clone()));
    let consumer = Consumer::start(ConsumerContext {
        kafka: config.kafka,
        group: config.group,
        queue: config.queue,
        board: board.clone(),
        offsets,
        outbox,
        analyst: analyst_tx,
        soft: stop.soft.clone(),
    })
    .context("join the consumer group")?;
    let watching = tokio::spawn(lease.watch(stop.hard.clone()));
    let publishing = tokio::spawn(publisher.run(consumer.committer()));
    let mut consuming = tokio::spawn(consumer.run());

    let failed = tokio::select! {
        ended = &mut consuming => {
            ended.context("consume frames")?;
            None
        }
        () = failure.reported() => failure.take(),
    };
    // From the source downstream: each part ends when the one before it has, and what it took is finished.
    stop.soft.cancel();
    if failed.is_some() {
        // What is in flight cannot be finished; uncommitted, it is seen again.
        stop.hard.cancel();
        consuming.abort();
    }
    board.close();
    cameras.abort();
    probe.abort();
    let drained = async {
        if failed.is_none() {
            threads.join().await?;
            publishing.await.context("publish results")?;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        drained = drained => drained?,
        () = cx.shutdown.hard.cancelled() => tracing::warn!("stopped before everything was published"),
    }
    watching.abort();
    failed.map_or(Ok(()), Err)
}

/// The configuration of cameras in the order of the analyst's other events.
async fn follow_cameras(mut events: mpsc::Receiver<cameras::CameraEvent>, analyst: mpsc::Sender<ToAnalyst>) {
    while let Some(event) = events.recv().await {
        if analyst.send(ToAnalyst::Camera(event)).await.is_err() {
            return;
        }
    }
}

/// The stage's own threads.
#[derive(Default)]
struct Threads {
    running: Vec<(String, JoinHandle<()>)>,
}

impl Threads {
    fn spawn(&mut self, name: String, work: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
        let thread = std::thread::Builder::new().name(name.clone()).spawn(work);
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
