//! Events of sites for plain clients: alerts, and cameras that fall silent or come back. One task reads them for all streams of this
//! replica, while there is one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::{Notify, Semaphore, broadcast, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use vru_proto::v1::Alert;
use vru_proto::validate::read_alert;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, Record, StartAt, TopicReader};
use vru_runtime::live::{LIVE_WITHIN, LiveStore};
use vru_runtime::report::chain;
use vru_storage::postgres::Pool;

use super::bookmark::{Bookmark, bounds};
use super::site_of::SiteOf;
use crate::webhooks::AlertOfEvent;

/// Events that may wait for one stream; a client that is further behind is disconnected.
const MAX_WAITING: usize = 256;
const MAX_RECORDS: usize = 64;
/// Streams that read from Kafka at once what they missed; others wait for their turn.
const MAX_READERS: usize = 8;
/// How often states are read, and the cameras of sites looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// One event, written once for all who get it.
#[derive(Debug, Clone)]
pub(crate) struct SiteEvent {
    pub(crate) name: &'static str,
    pub(crate) data: Arc<str>,
    /// Of alerts.
    pub(super) place: Option<Arc<EventPlace>>,
}

/// Where an event is in the topic.
#[derive(Debug)]
pub(super) struct EventPlace {
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// Behind the event.
    pub(super) after: Bookmark,
}

impl SiteEvent {
    pub(super) fn of_alert(site: &str, alert: &Alert, (partition, offset): (i32, i64), after: Bookmark) -> Self {
        let name = if alert.is_end() { "alert.ended" } else { "alert.raised" };
        let data = json!({ "site_id": site, "camera_id": alert.camera_id, "alert": AlertOfEvent::from(alert) });
        let place = Some(Arc::new(EventPlace { partition, offset, after }));
        Self { name, data: data.to_string().into(), place }
    }
}

/// `None` if nobody is told of it.
pub(super) fn alert_of(record: Record) -> Option<Alert> {
    // The services send what is no alert to the dead-letter topic.
    let (_, alert) = read_alert(record.payload?).ok()?;
    (!alert.is_crossing()).then_some(alert)
}

/// Where streams of events come. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    sites: Mutex<HashMap<String, broadcast::Sender<SiteEvent>>>,
    came: Notify,
    /// Whether alerts are read at this moment: whatever is raised from then on is told.
    reading: watch::Sender<bool>,
    /// Everything before it was told to those who listen.
    told: Mutex<Option<Bookmark>>,
    /// Streams that read what they missed.
    readers: Semaphore,
}

/// What one stream listens to.
#[derive(Debug)]
pub(crate) struct Listener {
    shared: Arc<Shared>,
    pub(crate) events: broadcast::Receiver<SiteEvent>,
    pub(crate) reading: watch::Receiver<bool>,
}

impl Listener {
    /// Everything before it was told; `None` before the topic was read.
    pub(super) fn told(&self) -> Option<Bookmark> {
        self.shared.told.lock().clone()
    }

    /// Reads what a stream missed when it is its turn. `None`: for longer than this, others have to wait.
    pub(super) async fn in_turn<T>(&self, within: Duration, reading: impl Future<Output = T>) -> Option<T> {
        let _turn = self.shared.readers.acquire().await.ok()?;
        timeout(within, reading).await.ok()
    }
}

impl Events {
    pub(crate) fn new() -> Self {
        let shared = Shared {
            sites: Mutex::default(),
            came: Notify::new(),
            reading: watch::channel(false).0,
            told: Mutex::default(),
            readers: Semaphore::new(MAX_READERS),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn listen(&self, site: &str) -> Listener {
        let mut sites = self.shared.sites.lock();
        let sender = sites.entry(site.to_owned()).or_insert_with(|| broadcast::channel(MAX_WAITING).0);
        let (events, reading) = (sender.subscribe(), self.shared.reading.subscribe());
        let listener = Listener { shared: self.shared.clone(), events, reading };
        drop(sites);
        self.shared.came.notify_one();
        listener
    }

    /// Reads the topics until the stop. It pauses while no stream is open.
    pub(crate) async fn run(
        self,
        kafka: KafkaConfig,
        database: Pool,
        live: Option<LiveStore>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            if !self.shared.has_listeners() {
                tokio::select! {
                    () = self.shared.came.notified() => {}
                    () = stop.cancelled() => return,
                }
                continue;
            }
            let mut reading = Reading::new(&self.shared, &database, live.as_ref());
            let read = stop.run_until_cancelled(reading.read(&kafka)).await;
            self.shared.reading.send_replace(false);
            if let Some(Err(error)) = read {
                tracing::warn!(error = format!("{error:#}"), "streams of events are interrupted; trying again");
                stop.run_until_cancelled(tokio::time::sleep(RETRY_AFTER)).await;
            }
        }
    }
}

impl Shared {
    /// Forgets the sites to which nobody listens.
    fn has_listeners(&self) -> bool {
        let mut sites = self.sites.lock();
        sites.retain(|_, sender| sender.receiver_count() > 0);
        !sites.is_empty()
    }

    fn listened(&self) -> Vec<String> {
        self.sites.lock().keys().cloned().collect()
    }

    fn send(&self, site: &str, event: SiteEvent) {
        if let Some(sender) = self.sites.lock().get(site) {
            // Nobody listens any more.
            sender.send(event).ok();
        }
    }
}

struct Reading<'a> {
    shared: &'a Shared,
    live: Option<&'a LiveStore>,
    site_of: SiteOf<'a>,
    states: HashMap<String, &'static str>,
}

impl<'a> Reading<'a> {
    fn new(shared: &'a Shared, database: &'a Pool, live: Option<&'a LiveStore>) -> Self {
        Self { shared, live, site_of: SiteOf::new(database), states: HashMap::new() }
    }

    async fn read(&mut self, kafka: &KafkaConfig) -> anyhow::Result<()> {
        let topic = kafka.topics().alerts;
        // Without them, the first alert would interrupt the streams again.
        self.site_of.read(&self.shared.listened()).await?;
        let (_, mut at) = bounds(kafka).await?;
        let starts: Vec<_> = (0..).zip(at.positions.iter().map(|&position| StartAt::Offset(position))).collect();
        let mut reader = TopicReader::start(
            kafka,
            "vru-api-events",
            &topic,
            at.stream.topic,
            &starts,
            MAX_RECORDS,
            TopicReader::FETCH_WAIT,
        )?;
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = reader.next() => match event {
                    Some(ReaderEvent::Record(record)) => {
                        self.alert(record, &mut at).await?;
                        *self.shared.told.lock() = Some(at.clone());
                    }
                    Some(ReaderEvent::CaughtUp) => {
                        *self.shared.told.lock() = Some(at.clone());
                        self.shared.reading.send_replace(true);
                    }
                    Some(ReaderEvent::Recreated) => anyhow::bail!("the topic of alerts was deleted and created again"),
                    None => anyhow::bail!("the reader of alerts ended"),
                },
                _ = tick.tick() => {
                    if !self.shared.has_listeners() {
                        return Ok(());
                    }
                    self.look().await;
                    self.look_at_states().await;
                }
            }
        }
    }

    /// Which cameras the sites have. While the database cannot say it, the last answer holds.
    async fn look(&mut self) {
        if let Err(error) = self.site_of.read(&self.shared.listened()).await {
            tracing::debug!(error = %chain(&error), "the cameras of sites cannot be read");
        }
    }

    /// An error interrupts the streams, which read again then.
    async fn alert(&mut self, record: Record, at: &mut Bookmark) -> anyhow::Result<()> {
        let (partition, offset) = (record.partition.number, record.offset);
        at.pass(partition, offset);
        let Some(alert) = alert_of(record) else { return Ok(()) };
        let site = self.site_of.of(&alert.camera_id).await.context("read the site of a camera")?;
        if let Some(site) = site {
            let event = SiteEvent::of_alert(&site, &alert, (partition, offset), at.clone());
            self.shared.send(&site, event);
        }
        Ok(())
    }

    /// Tells which cameras show something else than two seconds ago: frames, or none.
    async fn look_at_states(&mut self) {
        let Some(live) = self.live else { return };
        let cameras = self.site_of.cameras_of_sites();
        // While nobody knows, nothing is told.
        let Ok(seen) = live.read(&cameras).await else { return };
        for (camera, seen) in cameras.iter().zip(seen) {
            let state = match seen {
                // A file that is at its end is no camera that fell silent.
                Some(seen) if seen.state.file => {
                    self.states.remove(camera);
                    continue;
                }
                None => "unknown",
                Some(seen) if seen.age <= LIVE_WITHIN => "live",
                Some(_) => "silent",
            };
            let before = self.states.insert(camera.clone(), state);
            if before.is_some_and(|before| before != state)
                && let Some(site) = self.site_of.known(camera)
            {
                let data = json!({ "site_id": site, "camera_id": camera, "state": state });
                self.shared.send(site, SiteEvent { name: "camera.state", data: data.to_string().into(), place: None });
            }
        }
        self.states.retain(|camera, _| self.site_of.known(camera).is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn streams_whose_clients_take_nothing_lose_their_turn() {
        let events = Events::new();
        let listener = events.listen("site");
        let stuck = || listener.in_turn(Duration::from_millis(50), std::future::pending::<()>());
        let all_stuck = futures::future::join_all((0..MAX_READERS).map(|_| stuck()));
        let next = listener.in_turn(Duration::from_mins(1), std::future::ready(7));
        let both = timeout(Duration::from_mins(1), async { tokio::join!(all_stuck, next) }).await;
        let (lost, read) = both.expect("it is somebody else's turn");
        assert_eq!((lost, read), (vec![None; MAX_READERS], Some(7)));
    }
}
