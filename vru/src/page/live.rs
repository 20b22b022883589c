//! Live pictures for whoever watches. Frames and detections are read from Kafka only while somebody does, by readers of our
//! own, without a group: watching changes nothing for the services.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use vru_proto::v1::CameraConfig;
use vru_proto::validate::{read_alert, read_detections, read_frame};
use vru_proto::{CameraId, v1};
use vru_runtime::cameras::CameraEvent;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, Record, StartAt, TopicReader, admin};
use vru_runtime::report::chain;

use super::draw::{self, Work};

/// Work that may wait for the drawing thread; more is left out, it is a live picture.
const MAX_WORK: usize = 64;
/// How long after the last watcher the readers go on: a page that is loaded again finds them running.
const LINGER: Duration = Duration::from_secs(5);
const ASK_DEADLINE: Duration = Duration::from_secs(5);

/// The live pictures. Clones share them.
#[derive(Debug, Clone)]
pub struct Live {
    shared: Arc<Shared>,
}

/// What readers, the drawing thread and watchers share.
#[derive(Debug, Default)]
pub struct Shared {
    cameras: Mutex<BTreeMap<CameraId, Arc<CameraConfig>>>,
    pictures: Mutex<HashMap<CameraId, watch::Sender<Option<Bytes>>>>,
    watched: Notify,
}

impl Shared {
    /// A camera's configuration.
    pub fn camera(&self, id: &CameraId) -> Option<Arc<CameraConfig>> {
        self.cameras.lock().get(id).cloned()
    }

    /// A new picture of a camera.
    pub fn show(&self, id: &CameraId, picture: Bytes) {
        if let Some(pictures) = self.pictures.lock().get(id) {
            pictures.send_replace(Some(picture));
        }
    }

    fn is_watched(&self, id: &CameraId) -> bool {
        self.pictures.lock().get(id).is_some_and(|pictures| pictures.receiver_count() > 0)
    }

    fn is_any_watched(&self) -> bool {
        self.pictures.lock().values().any(|pictures| pictures.receiver_count() > 0)
    }
}

impl Live {
    /// Serves until `stop`. `events` says which cameras there are.
    pub fn start(kafka: KafkaConfig, events: mpsc::Receiver<CameraEvent>, stop: CancellationToken) -> Self {
        let shared = Arc::new(Shared::default());
        tokio::spawn(follow_cameras(events, shared.clone()));
        tokio::spawn(pump(kafka, shared.clone(), stop));
        Self { shared }
    }

    /// The cameras there are.
    pub fn cameras(&self) -> Vec<Arc<CameraConfig>> {
        self.shared.cameras.lock().values().cloned().collect()
    }

    /// The pictures of a camera, from now on; none when there is no such camera. Watching lasts as long as the receiver.
    pub fn watch(&self, id: &CameraId) -> Option<watch::Receiver<Option<Bytes>>> {
        self.shared.camera(id)?;
        let mut pictures = self.shared.pictures.lock();
        let sender = pictures.entry(id.clone()).or_insert_with(|| watch::channel(None).0);
        if sender.receiver_count() == 0 {
            // What was shown last may be minutes old.
            sender.send_replace(None);
        }
        let receiver = sender.subscribe();
        drop(pictures);
        self.shared.watched.notify_one();
        Some(receiver)
    }
}

async fn follow_cameras(mut events: mpsc::Receiver<CameraEvent>, shared: Arc<Shared>) {
    while let Some(event) = events.recv().await {
        match event {
            CameraEvent::Upsert(id, config) => {
                shared.cameras.lock().insert(id, config);
            }
            CameraEvent::Remove(id) => {
                shared.cameras.lock().remove(&id);
                // Its watchers' streams end.
                shared.pictures.lock().remove(&id);
            }
            CameraEvent::CaughtUp => {}
        }
    }
}

/// Starts the readers when somebody watches, and ends them when nobody does.
async fn pump(kafka: KafkaConfig, shared: Arc<Shared>, stop: CancellationToken) {
    let (work_tx, work) = sync_channel(MAX_WORK);
    let drawing = shared.clone();
    let thread = std::thread::Builder::new().name("draw-live".to_owned()).spawn(move || draw::run(&work, &drawing));
    if let Err(error) = thread {
        tracing::error!(%error, "no live pictures");
        return;
    }
    loop {
        if !shared.is_any_watched() {
            tokio::select! {
                () = shared.watched.notified() => {}
                () = stop.cancelled() => return,
            }
            continue;
        }
        tokio::select! {
            read = read(&kafka, &shared, &work_tx) => {
                if let Err(error) = read {
                    tracing::warn!(error = format!("{error:#}"), "live pictures are interrupted");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            () = stop.cancelled() => return,
        }
        drop(work_tx.try_send(Work::Idle));
    }
}

async fn read(kafka: &KafkaConfig, shared: &Shared, work: &SyncSender<Work>) -> anyhow::Result<()> {
    let topics = kafka.topics();
    let mut frames = reader(kafka, &topics.frames).await?;
    let mut detections = reader(kafka, &topics.detections).await?;
    let mut alerts = reader(kafka, &topics.alerts).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut watched = Instant::now();
    loop {
        let (event, parse): (_, fn(Record, &Shared) -> Option<Work>) = tokio::select! {
            event = frames.next() => (event, frame_work),
            event = detections.next() => (event, detections_work),
            event = alerts.next() => (event, alert_work),
            _ = tick.tick() => {
                if shared.is_any_watched() {
                    watched = Instant::now();
                } else if watched.elapsed() > LINGER {
                    return Ok(());
                }
                continue;
            }
        };
        let record = match event {
            Some(ReaderEvent::Record(record)) => record,
            Some(ReaderEvent::CaughtUp) => continue,
            None => anyhow::bail!("a reader ended"),
        };
        let Some(next) = parse(record, shared) else { continue };
        if let Err(TrySendError::Disconnected(_)) = work.try_send(next) {
            anyhow::bail!("the drawing thread ended");
        }
    }
}

async fn reader(kafka: &KafkaConfig, topic: &str) -> anyhow::Result<TopicReader> {
    let (config, name) = (kafka.clone(), topic.to_owned());
    let asked = tokio::task::spawn_blocking(move || admin::partition_count(&config, &name, ASK_DEADLINE));
    let starts: Vec<_> = (0..asked.await??).map(|number| (number, StartAt::End)).collect();
    Ok(TopicReader::start(kafka, "vru-page", topic, &starts, MAX_WORK)?)
}

fn frame_work(record: Record, shared: &Shared) -> Option<Work> {
    // The key says whose it is, before anything is parsed.
    let id: CameraId = std::str::from_utf8(record.key.as_ref()?).ok()?.parse().ok()?;
    if !shared.is_watched(&id) {
        return None;
    }
    let (key, frame) = parsed(read_frame(record.payload?))?;
    Some(Work::Frame(key, Box::new(frame)))
}

fn detections_work(record: Record, shared: &Shared) -> Option<Work> {
    let (key, found) = parsed(read_detections(record.payload?))?;
    shared.is_watched(&key.camera).then(|| Work::Detections(key, Box::new(found)))
}

fn alert_work(record: Record, shared: &Shared) -> Option<Work> {
    let (key, alert): (_, v1::Alert) = parsed(read_alert(record.payload?))?;
    shared.is_watched(&key.camera).then_some(Work::Alert(key, alert.track_ids))
}

fn parsed<T>(read: Result<T, vru_proto::validate::ReadError>) -> Option<T> {
    // The services put such records to the dead letters; here they are only not shown.
    read.inspect_err(|error| tracing::debug!(error = %chain(error), "a record is not shown")).ok()
}
