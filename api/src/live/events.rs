//! Events of sites for plain clients: alerts, and cameras that fall silent or come back. One task reads them for all streams of this
//! replica, while there is one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use vru_proto::validate::read_alert;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, Record, StartAt, TopicReader, describe_topic};
use vru_runtime::live::{LIVE_WITHIN, LiveStore};
use vru_runtime::report::chain;
use vru_storage::cameras;
use vru_storage::postgres::Pool;

use crate::webhooks::AlertOfEvent;

/// Events that may wait for one stream; a client that is further behind is disconnected.
const MAX_WAITING: usize = 256;
const MAX_RECORDS: usize = 64;
const METADATA_DEADLINE: Duration = Duration::from_secs(5);
/// How often states are read, and the cameras of sites looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// One event, written once for all who get it.
#[derive(Debug, Clone)]
pub(crate) struct SiteEvent {
    pub(crate) name: &'static str,
    pub(crate) data: Arc<str>,
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
}

/// What one stream listens to.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) events: broadcast::Receiver<SiteEvent>,
    pub(crate) reading: watch::Receiver<bool>,
}

impl Events {
    pub(crate) fn new() -> Self {
        let shared = Shared { sites: Mutex::default(), came: Notify::new(), reading: watch::channel(false).0 };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn listen(&self, site: &str) -> Listener {
        let mut sites = self.shared.sites.lock();
        let sender = sites.entry(site.to_owned()).or_insert_with(|| broadcast::channel(MAX_WAITING).0);
        let listener = Listener { events: sender.subscribe(), reading: self.shared.reading.subscribe() };
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
    database: &'a Pool,
    live: Option<&'a LiveStore>,
    /// The site of each camera: of all cameras of sites with an open stream, and of others that sent something. `None`: no site.
    site_of: HashMap<String, Option<String>>,
    states: HashMap<String, &'static str>,
}

impl<'a> Reading<'a> {
    fn new(shared: &'a Shared, database: &'a Pool, live: Option<&'a LiveStore>) -> Self {
        let (site_of, states) = (HashMap::new(), HashMap::new());
        Self { shared, database, live, site_of, states }
    }

    async fn read(&mut self, kafka: &KafkaConfig) -> anyhow::Result<()> {
        let topic = kafka.topics().alerts;
        let (config, name) = (kafka.clone(), topic.clone());
        let described =
            tokio::task::spawn_blocking(move || describe_topic(&config, &name, METADATA_DEADLINE)).await??;
        let starts: Vec<_> = (0..described.partitions).map(|number| (number, StartAt::End)).collect();
        let mut reader = TopicReader::start(
            kafka,
            "vru-api-events",
            &topic,
            described.id,
            &starts,
            MAX_RECORDS,
            TopicReader::FETCH_WAIT,
        )?;
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = reader.next() => match event {
                    Some(ReaderEvent::Record(record)) => self.alert(record).await,
                    Some(ReaderEvent::CaughtUp) => drop(self.shared.reading.send_replace(true)),
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
        let sites = self.shared.listened();
        let found = async { cameras::of_sites(&self.database.get().await?, &sites).await };
        match found.await {
            Ok(found) => {
                self.site_of = found.into_iter().map(|(camera, site)| (camera, Some(site))).collect();
            }
            Err(error) => tracing::debug!(error = %chain(&error), "the cameras of sites cannot be read"),
        }
    }

    async fn alert(&mut self, record: Record) {
        // The services send what is no alert to the dead-letter topic.
        let Some((key, alert)) = record.payload.and_then(|payload| read_alert(payload).ok()) else { return };
        if alert.is_crossing() {
            return;
        }
        let Some(site) = self.site(key.camera.as_str()).await else { return };
        let name = if alert.is_end() { "alert.ended" } else { "alert.raised" };
        let data = json!({ "site_id": site, "camera_id": alert.camera_id, "alert": AlertOfEvent::from(&alert) });
        self.shared.send(&site, SiteEvent { name, data: data.to_string().into() });
    }

    /// The site of a camera. One that was not known two seconds ago is looked for once.
    async fn site(&mut self, camera: &str) -> Option<String> {
        if let Some(known) = self.site_of.get(camera) {
            return known.clone();
        }
        let found = async { cameras::sites_of(&self.database.get().await?, &[camera]).await };
        let found = found.await.inspect_err(|error| {
            tracing::warn!(error = %chain(error), camera, "the site of a camera cannot be read: an event is lost");
        });
        let site = found.ok()?.pop().map(|camera| camera.site_id);
        self.site_of.insert(camera.to_owned(), site.clone());
        site
    }

    /// Tells which cameras show something else than two seconds ago: frames, or none.
    async fn look_at_states(&mut self) {
        let Some(live) = self.live else { return };
        let with_site = self.site_of.iter().filter(|(_, site)| site.is_some());
        let mut cameras: Vec<String> = with_site.map(|(camera, _)| camera.clone()).collect();
        cameras.sort_unstable();
        // While nobody knows, nothing is told.
        let Ok(seen) = live.read(&cameras).await else { return };
        for (camera, seen) in cameras.iter().zip(seen) {
            let state = match seen {
                None => "unknown",
                Some(seen) if seen.age <= LIVE_WITHIN => "live",
                Some(_) => "silent",
            };
            let before = self.states.insert(camera.clone(), state);
            if before.is_some_and(|before| before != state)
                && let Some(Some(site)) = self.site_of.get(camera)
            {
                let data = json!({ "site_id": site, "camera_id": camera, "state": state });
                self.shared.send(site, SiteEvent { name: "camera.state", data: data.to_string().into() });
            }
        }
        self.states.retain(|camera, _| self.site_of.contains_key(camera));
    }
}
