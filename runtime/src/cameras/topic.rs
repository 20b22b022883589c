//! Reads the compacted topic `vru.cameras`: as a member of a group, which gets a share of the cameras, or all of it.

use std::collections::HashSet;
use std::time::Duration;

use vru_proto::validate::read_camera;

use super::event::CameraEvent;
use super::metrics::REFUSED_CHANGES;
use super::watcher::{ReceiverDropped, Watcher};
use crate::dead_letter::DeadLetters;
use crate::kafka::{
    ConsumerOptions, Event, GroupConsumer, KafkaConfig, ReaderEvent, Record, StartAt, TopicReader, admin,
};
use crate::report::chain;
use crate::retry::Backoff;

/// Which cameras of the topic to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Share {
    /// Kafka divides the cameras among the members of this consumer group, and reassigns them when a member dies.
    Group(String),
    /// All cameras.
    All,
}

pub(super) async fn watch(kafka: KafkaConfig, share: Share, mut watcher: Watcher) -> Result<(), ReceiverDropped> {
    let letters = dead_letters(&kafka);
    match share {
        Share::Group(group) => watch_group(&kafka, &group, letters, &mut watcher).await,
        Share::All => watch_all(&kafka, letters, &mut watcher).await,
    }
}

/// Each assigned partition is read from its beginning: it holds the whole configuration of its cameras.
async fn watch_group(
    kafka: &KafkaConfig,
    group: &str,
    letters: Option<DeadLetters>,
    watcher: &mut Watcher,
) -> Result<(), ReceiverDropped> {
    let topic = kafka.topics().cameras;
    let mut options = ConsumerOptions::new(group, &[&topic]);
    options.choose_start = true;
    let mut consumer = match GroupConsumer::start(kafka, &options) {
        Ok(consumer) => consumer,
        Err(error) => {
            report_failed_start(watcher, &topic, &error);
            return Ok(());
        }
    };
    watcher.ready.not_ready("waiting for Kafka to assign camera partitions");
    loop {
        let event = tokio::select! {
            event = consumer.next() => event,
            () = watcher.stop.cancelled() => return Ok(()),
        };
        match event {
            None => return Ok(()),
            Some(Event::Assigned(assignment)) => {
                let starts = assignment.partitions.iter().map(|p| (p.clone(), StartAt::Beginning)).collect();
                assignment.start_at(starts);
                watcher.ready.ready();
                watcher.send([CameraEvent::CaughtUp]).await?;
            }
            Some(Event::Revoked(revocation)) => {
                let numbers: HashSet<i32> = revocation.partitions.iter().map(|partition| partition.number).collect();
                let removed = watcher.current.revoke(&numbers);
                watcher.send(removed).await?;
            }
            Some(Event::Record(record)) => apply(&record, letters.as_ref(), watcher).await?,
        }
    }
}

async fn watch_all(
    kafka: &KafkaConfig,
    letters: Option<DeadLetters>,
    watcher: &mut Watcher,
) -> Result<(), ReceiverDropped> {
    let topic = kafka.topics().cameras;
    let Some(partitions) = partition_count(kafka, &topic, watcher).await else { return Ok(()) };
    let starts: Vec<_> = (0..partitions).map(|number| (number, StartAt::Beginning)).collect();
    let mut reader = match TopicReader::start(kafka, "vru-cameras", &topic, &starts, 64) {
        Ok(reader) => reader,
        Err(error) => {
            report_failed_start(watcher, &topic, &error);
            return Ok(());
        }
    };
    loop {
        let event = tokio::select! {
            event = reader.next() => event,
            () = watcher.stop.cancelled() => return Ok(()),
        };
        match event {
            None => return Ok(()),
            Some(ReaderEvent::Record(record)) => apply(&record, letters.as_ref(), watcher).await?,
            Some(ReaderEvent::CaughtUp) => {
                watcher.ready.ready();
                watcher.send([CameraEvent::CaughtUp]).await?;
            }
        }
    }
}

/// Retries until Kafka answers. None: stopped before.
async fn partition_count(kafka: &KafkaConfig, topic: &str, watcher: &Watcher) -> Option<i32> {
    let mut backoff = Backoff::default();
    loop {
        let (config, name) = (kafka.clone(), topic.to_owned());
        let count = tokio::task::spawn_blocking(move || admin::partition_count(&config, &name, Duration::from_secs(5)));
        match count.await {
            Ok(Ok(count)) => return Some(count),
            Ok(Err(error)) => watcher.ready.not_ready(chain(&error).to_string()),
            Err(_) => return None,
        }
        if !backoff.wait(&watcher.stop).await {
            return None;
        }
    }
}

async fn apply(record: &Record, letters: Option<&DeadLetters>, watcher: &mut Watcher) -> Result<(), ReceiverDropped> {
    let key = record.key.clone().unwrap_or_default();
    let Some(payload) = &record.payload else {
        let id = std::str::from_utf8(&key).ok().and_then(|text| text.parse().ok());
        let event = id.and_then(|id| watcher.current.remove(&id));
        return watcher.send(event).await;
    };
    match read_camera(&key, payload) {
        Ok((id, config)) => {
            let event = watcher.current.upsert(record.partition.number, id, config);
            watcher.send(event).await
        }
        Err(error) => {
            // The camera keeps its last valid configuration.
            REFUSED_CHANGES.with_label_values(&["topic"]).inc();
            if let Some(letters) = letters {
                let reason = chain(&error).to_string();
                letters.send(record, "camera", &reason, &watcher.stop).await;
            }
            watcher.send([]).await
        }
    }
}

fn report_failed_start(watcher: &Watcher, topic: &str, error: &(dyn std::error::Error + 'static)) {
    tracing::error!(topic, error = %chain(error), "cannot read camera configurations");
    watcher.ready.not_ready(chain(error).to_string());
}

/// None when the producer cannot be created. Then the cameras still work, and invalid records are only counted.
fn dead_letters(kafka: &KafkaConfig) -> Option<DeadLetters> {
    match DeadLetters::new(kafka, "vru-cameras") {
        Ok(letters) => Some(letters),
        Err(error) => {
            tracing::error!(error = %chain(&error), "cannot create a dead-letter producer for camera configurations");
            None
        }
    }
}
