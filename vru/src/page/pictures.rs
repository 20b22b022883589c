//! Live pictures for the page. Frames and detections are read from Kafka only while a picture has viewers. The readers belong
//! to no consumer group, so that viewing changes nothing for the services.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use vru_proto::v1::CameraConfig;
use vru_proto::validate::{read_alert, read_detections, read_frame};
use vru_proto::{CameraId, v1};
use vru_runtime::cameras::CameraEvent;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, Record, StartAt, TopicReader, describe_topic};
use vru_runtime::report::chain;
use vru_runtime::shutdown::Shutdown;

use super::channels::Channels;
use super::renderer::{self, RenderInput};

/// Inputs that may wait for the renderer; further ones are dropped, because the picture is live.
const MAX_INPUTS: usize = 64;
/// How long the readers go on after the last viewer: a page that is reloaded finds them running.
const LINGER: Duration = Duration::from_secs(5);
const METADATA_DEADLINE: Duration = Duration::from_secs(5);

/// The live pictures. Clones share them.
#[derive(Debug, Clone)]
pub struct LivePictures {
    channels: Arc<Channels>,
}

impl LivePictures {
    /// Serves pictures until the soft stop. `events` brings the cameras and their changes.
    pub fn start(kafka: KafkaConfig, events: mpsc::Receiver<CameraEvent>, shutdown: &Shutdown) -> Self {
        let channels = Arc::new(Channels::default());
        shutdown.spawn_essential("the page's list of cameras", follow_cameras(events, channels.clone()));
        let pictures = read_while_viewed(kafka, channels.clone(), shutdown.clone());
        shutdown.spawn_essential("the page's pictures", pictures);
        Self { channels }
    }

    /// The configurations of all cameras.
    pub fn cameras(&self) -> Vec<Arc<CameraConfig>> {
        self.channels.cameras()
    }

    /// The pictures of a camera, from now on; none when there is no such camera. The receiver counts as a viewer while it lives.
    pub fn view(&self, id: &CameraId) -> Option<watch::Receiver<Option<Bytes>>> {
        self.channels.view(id)
    }
}

async fn follow_cameras(mut events: mpsc::Receiver<CameraEvent>, channels: Arc<Channels>) {
    while let Some(event) = events.recv().await {
        match event {
            CameraEvent::Upsert(id, config) => channels.upsert(id, config),
            CameraEvent::Remove(id) => channels.remove(&id),
            CameraEvent::CaughtUp => {}
        }
    }
}

/// Starts the readers with the first viewer, and ends them after the last one.
async fn read_while_viewed(kafka: KafkaConfig, channels: Arc<Channels>, shutdown: Shutdown) {
    let stop = &shutdown.soft;
    let (inputs_tx, inputs) = sync_channel(MAX_INPUTS);
    let shown = channels.clone();
    let report = shutdown.failure.on_panic("the renderer of live pictures");
    let render = move || {
        let _report = report;
        renderer::run(&inputs, &shown);
    };
    let thread = std::thread::Builder::new().name("draw-live".to_owned()).spawn(render);
    if let Err(error) = thread {
        tracing::error!(%error, "the renderer of live pictures has no thread");
        return;
    }
    loop {
        if !channels.has_any_viewer() {
            tokio::select! {
                () = channels.viewed() => {}
                () = stop.cancelled() => return,
            }
            continue;
        }
        tokio::select! {
            read = read(&kafka, &channels, &inputs_tx) => {
                if let Err(error) = read {
                    tracing::warn!(error = format!("{error:#}"), "live pictures are interrupted; the readers are started again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            () = stop.cancelled() => return,
        }
        drop(inputs_tx.try_send(RenderInput::Idle));
    }
}

async fn read(kafka: &KafkaConfig, channels: &Channels, renderer: &SyncSender<RenderInput>) -> anyhow::Result<()> {
    let topics = kafka.topics();
    let mut frames = reader(kafka, &topics.frames).await?;
    let mut file_frames = reader(kafka, &topics.file_frames).await?;
    let mut detections = reader(kafka, &topics.detections).await?;
    let mut alerts = reader(kafka, &topics.alerts).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut last_viewed = Instant::now();
    loop {
        let (event, parse): (_, fn(Record, &Channels) -> Option<RenderInput>) = tokio::select! {
            event = frames.next() => (event, frame_input),
            event = file_frames.next() => (event, frame_input),
            event = detections.next() => (event, detections_input),
            event = alerts.next() => (event, alert_input),
            _ = tick.tick() => {
                if channels.has_any_viewer() {
                    last_viewed = Instant::now();
                } else if last_viewed.elapsed() > LINGER {
                    return Ok(());
                }
                continue;
            }
        };
        let record = match event {
            Some(ReaderEvent::Record(record)) => record,
            Some(ReaderEvent::CaughtUp) => continue,
            Some(ReaderEvent::Recreated) => anyhow::bail!("a topic was deleted and created again"),
            None => anyhow::bail!("a reader of Kafka ended"),
        };
        let Some(next) = parse(record, channels) else { continue };
        if let Err(TrySendError::Disconnected(_)) = renderer.try_send(next) {
            anyhow::bail!("the renderer ended");
        }
    }
}

async fn reader(kafka: &KafkaConfig, topic: &str) -> anyhow::Result<TopicReader> {
    let (config, name) = (kafka.clone(), topic.to_owned());
    let described = tokio::task::spawn_blocking(move || describe_topic(&config, &name, METADATA_DEADLINE)).await??;
    let starts: Vec<_> = (0..described.partitions).map(|number| (number, StartAt::End)).collect();
    Ok(TopicReader::start(kafka, "vru-page", topic, described.id, &starts, MAX_INPUTS, TopicReader::FETCH_WAIT)?)
}

fn frame_input(record: Record, channels: &Channels) -> Option<RenderInput> {
    // The key is the camera's id: frames without viewers need not be parsed.
    let id: CameraId = std::str::from_utf8(record.key.as_ref()?).ok()?.parse().ok()?;
    if !channels.has_viewer(&id) {
        return None;
    }
    let (key, frame) = parsed(read_frame(record.payload?))?;
    Some(RenderInput::Frame(key, Box::new(frame)))
}

fn detections_input(record: Record, channels: &Channels) -> Option<RenderInput> {
    let (key, found) = parsed(read_detections(record.payload?))?;
    channels.has_viewer(&key.camera).then(|| RenderInput::Detections(key, Box::new(found)))
}

fn alert_input(record: Record, channels: &Channels) -> Option<RenderInput> {
    let (key, alert): (_, v1::Alert) = parsed(read_alert(record.payload?))?;
    let shown = alert.is_raised() && channels.has_viewer(&key.camera);
    shown.then_some(RenderInput::Alert(key, alert.track_ids))
}

fn parsed<T>(read: Result<T, vru_proto::validate::ReadError>) -> Option<T> {
    // The services send such records to the dead-letter topic; here they are skipped.
    read.inspect_err(|error| tracing::debug!(error = %chain(error), "a record is invalid and is not shown")).ok()
}
