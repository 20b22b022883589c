//! Reads partitions of the configuration log, `vru.cameras`: first to its end, then on.
//!
//! The log is compacted, but not at once: it also holds superseded versions, and cameras that were removed later. Nothing of it is passed
//! on before its end was reached; then each camera has its last version.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;
use vru_proto::CameraId;
use vru_proto::v1::CameraConfig;
use vru_proto::validate::read_camera;

use super::metrics::REFUSED_CHANGES;
use super::watcher::{ReceiverDropped, Watcher};
use crate::dead_letter::DeadLetters;
use crate::kafka::{
    KafkaConfig, KafkaFailure, ReaderEvent, Record, StartAt, TopicId, TopicReader, blocking, describe_topic, watermarks,
};
use crate::report::chain;
use crate::retry::Backoff;

const DEADLINE: Duration = Duration::from_secs(5);
const CAPACITY: usize = 64;
/// The end of the log is known so much later. It is read for as long as the service runs, and as a rule says nothing new.
const FETCH_WAIT: Duration = Duration::from_millis(200);
/// Unreadable records that are remembered, so that reading them again gives no second dead letter.
const MAX_REPORTED: usize = 10_000;

/// Which partitions of the log are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Partitions {
    All,
    These(BTreeSet<i32>),
}

impl Partitions {
    fn contains(&self, number: i32) -> bool {
        match self {
            Self::All => true,
            Self::These(numbers) => numbers.contains(&number),
        }
    }
}

/// The last version of a camera in the part of the log that was read so far.
enum Version {
    Config(i32, Box<CameraConfig>),
    Removed,
    /// No version can be read: the camera keeps the configuration that it has.
    Unreadable,
}

enum State {
    /// There is no partition to read.
    Idle,
    /// The next attempt comes at this time.
    Waiting(Instant),
    Reading(Reading),
}

struct Reading {
    reader: TopicReader,
    topic: TopicId,
    /// The offset up to which each partition was read. Before the end of the log is reached: up to which it is to be read.
    ends: BTreeMap<i32, i64>,
    /// The cameras read so far; none once the end of the log was reached.
    versions: Option<HashMap<CameraId, Version>>,
}

/// What the log has to tell; for [`CameraLog::handle`].
pub(super) enum LogEvent {
    Retry,
    Read(Option<ReaderEvent>),
}

pub(super) struct CameraLog {
    kafka: KafkaConfig,
    topic: String,
    letters: Option<DeadLetters>,
    partitions: Partitions,
    state: State,
    backoff: Backoff,
    reported: HashSet<(TopicId, i32, i64)>,
}

impl CameraLog {
    /// Reads nothing until [`CameraLog::read`].
    pub(super) fn new(kafka: KafkaConfig, letters: Option<DeadLetters>) -> Self {
        let topic = kafka.topics().cameras;
        Self {
            kafka,
            topic,
            letters,
            partitions: Partitions::These(BTreeSet::new()),
            state: State::Idle,
            backoff: Backoff::default(),
            reported: HashSet::new(),
        }
    }

    /// The next event. Cancel-safe.
    pub(super) async fn next(&mut self) -> LogEvent {
        match &mut self.state {
            State::Idle => std::future::pending().await,
            State::Waiting(until) => {
                tokio::time::sleep_until(*until).await;
                LogEvent::Retry
            }
            State::Reading(reading) => LogEvent::Read(reading.reader.next().await),
        }
    }

    pub(super) async fn handle(&mut self, event: LogEvent, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
        match event {
            LogEvent::Retry | LogEvent::Read(Some(ReaderEvent::Recreated)) => self.open(watcher).await,
            LogEvent::Read(Some(ReaderEvent::Record(record))) => self.apply(&record, watcher).await,
            LogEvent::Read(Some(ReaderEvent::CaughtUp)) => self.settle(watcher).await,
            LogEvent::Read(None) => {
                self.failed("the reader of the cameras' configuration ended", watcher);
                Ok(())
            }
        }
    }

    /// Reads these partitions from their beginning. The cameras stay as they are until the end of the log is reached.
    pub(super) async fn read(&mut self, partitions: Partitions, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
        self.partitions = partitions;
        self.open(watcher).await
    }

    /// Whether everything that the log holds now has been read. False if Kafka does not answer.
    pub(super) async fn is_current(&self) -> bool {
        let State::Reading(Reading { ends, versions: None, topic, .. }) = &self.state else { return false };
        match look(&self.kafka, &self.topic).await {
            Ok(now) => {
                let read = |number: &i32| ends.get(number).copied().unwrap_or(0);
                let mine = now.ends.iter().filter(|(number, _)| self.partitions.contains(**number));
                now.topic == *topic && mine.into_iter().all(|(number, end)| *end <= read(number))
            }
            Err(error) => {
                tracing::debug!(error = %chain(&error), "cannot read the end of the cameras' configuration");
                false
            }
        }
    }

    /// Starts from the beginning, also after a failure.
    async fn open(&mut self, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
        self.state = State::Idle;
        if self.partitions == Partitions::These(BTreeSet::new()) {
            return self.finish(HashMap::new(), watcher).await;
        }
        match self.start_reader().await {
            Ok(reading) => self.state = State::Reading(reading),
            Err(error) => self.failed(&chain(&error).to_string(), watcher),
        }
        watcher.send([]).await
    }

    async fn start_reader(&self) -> Result<Reading, KafkaFailure> {
        let Look { topic, mut ends } = look(&self.kafka, &self.topic).await?;
        ends.retain(|number, _| self.partitions.contains(*number));
        let starts: Vec<_> = ends.keys().map(|number| (*number, StartAt::Beginning)).collect();
        let reader = TopicReader::start(&self.kafka, "vru-cameras", &self.topic, topic, &starts, CAPACITY, FETCH_WAIT)?;
        Ok(Reading { reader, topic, ends, versions: Some(HashMap::new()) })
    }

    fn failed(&mut self, why: &str, watcher: &Watcher) {
        let wait = self.backoff.next_delay();
        tracing::error!(
            topic = self.topic,
            why,
            attempt = self.backoff.attempts(),
            "cannot read the cameras' configuration, trying again"
        );
        watcher.ready.not_ready(why);
        self.state = State::Waiting(Instant::now() + wait);
    }

    async fn apply(&mut self, record: &Record, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
        let (partition, key) = (record.partition.number, record.key.clone().unwrap_or_default());
        let id = std::str::from_utf8(&key).ok().and_then(|text| text.parse::<CameraId>().ok());
        let (id, version) = match record.payload.as_ref().map(|payload| read_camera(&key, payload)) {
            None => (id, Version::Removed),
            Some(Ok((id, config))) => (Some(id), Version::Config(partition, Box::new(config))),
            Some(Err(error)) => {
                let reason = chain(&error).to_string();
                self.refuse(record, &reason, watcher).await;
                (id, Version::Unreadable)
            }
        };
        let State::Reading(reading) = &mut self.state else { return watcher.send([]).await };
        let end = reading.ends.entry(partition).or_default();
        *end = (*end).max(record.offset + 1);
        let Some(id) = id else { return watcher.send([]).await };
        if let Some(versions) = &mut reading.versions {
            if matches!(version, Version::Unreadable) {
                versions.entry(id).or_insert(version);
            } else {
                versions.insert(id, version);
            }
            return watcher.send([]).await;
        }
        let event = match version {
            Version::Config(partition, config) => watcher.current.upsert(partition, id, *config),
            Version::Removed => watcher.current.remove(&id),
            Version::Unreadable => None,
        };
        watcher.send(event).await
    }

    /// Counts a record that cannot be read, and makes it a dead letter, once.
    async fn refuse(&mut self, record: &Record, reason: &str, watcher: &Watcher) {
        let State::Reading(Reading { topic, .. }) = &self.state else { return };
        if self.reported.len() >= MAX_REPORTED {
            self.reported.clear();
        }
        if !self.reported.insert((*topic, record.partition.number, record.offset)) {
            return;
        }
        REFUSED_CHANGES.with_label_values(&["topic"]).inc();
        if let Some(letters) = &self.letters {
            letters.send(record, "camera", reason, &watcher.stop).await;
        }
    }

    /// The end of the log is reached.
    async fn settle(&mut self, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
        let State::Reading(reading) = &mut self.state else { return Ok(()) };
        let Some(versions) = reading.versions.take() else { return Ok(()) };
        self.backoff.reset();
        self.finish(versions, watcher).await
    }

    async fn finish(&self, versions: HashMap<CameraId, Version>, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
        let kept: HashSet<CameraId> = versions
            .iter()
            .filter(|(_, version)| !matches!(version, Version::Removed))
            .map(|(id, _)| id.clone())
            .collect();
        let mut events = watcher.current.retain(&kept);
        for (id, version) in versions {
            if let Version::Config(partition, config) = version {
                events.extend(watcher.current.upsert(partition, id, *config));
            }
        }
        watcher.send(events).await?;
        watcher.settled().await
    }
}

struct Look {
    topic: TopicId,
    ends: BTreeMap<i32, i64>,
}

/// The log as it is now. The id is read first: offsets that are read later are of this topic or of a later one.
async fn look(kafka: &KafkaConfig, topic: &str) -> Result<Look, KafkaFailure> {
    let (kafka, name) = (kafka.clone(), topic.to_owned());
    blocking(move || {
        let topic = describe_topic(&kafka, &name, DEADLINE)?.id;
        let marks = watermarks(&kafka, &name, DEADLINE)?;
        let ends = marks.into_iter().map(|(partition, _, end)| (partition.number, end)).collect();
        Ok(Look { topic, ends })
    })
    .await
}
