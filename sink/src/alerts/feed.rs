//! Reads all of `vru.alerts` into the hub, from a little before the end on.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_proto::validate::read_alert;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, Record, StartAt, TopicReader, admin, watermarks};
use vru_runtime::report::chain;

use super::event::Event;
use super::hub::Hub;
use crate::error::SinkError;
use crate::metrics::{ERRORS, RECEIVED};
use crate::supervise::blocking;

const SINK: &str = "alerts";
/// How long Kafka may take to tell about the topic.
pub(crate) const METADATA_DEADLINE: Duration = Duration::from_secs(10);
/// How often it is asked whether the topic has more partitions.
const PARTITIONS_INTERVAL: Duration = Duration::from_secs(30);
const READER_CAPACITY: usize = 1_024;

/// What an event of the topic says, where it is an alert.
pub(crate) fn read(record: &Record) -> Option<Event> {
    let parsed = read_alert(record.payload.clone()?);
    match parsed {
        Ok((_, alert)) => Some(Event::new(record.partition.number as usize, record.offset, alert)),
        Err(error) => {
            // The sink that stores alerts sends it to the dead letters; here every instance would.
            ERRORS.with_label_values(&[SINK, "read an alert"]).inc();
            tracing::debug!(partition = %record.partition, offset = record.offset, error = %chain(&error), "not an alert");
            None
        }
    }
}

/// Oldest and next offset of each partition, by its number.
pub(crate) async fn bounds(kafka: &KafkaConfig) -> Result<Vec<(i64, i64)>, SinkError> {
    let (kafka, topic) = (kafka.clone(), kafka.topics().alerts);
    let marks = blocking(move || watermarks(&kafka, &topic, METADATA_DEADLINE)).await??;
    Ok(marks.into_iter().map(|(_, low, high)| (low, high)).collect())
}

/// Reads until the topic gets more partitions. The hub goes on from where it stands. When the end of the topic is reached for
/// the first time, `started` is cancelled: who subscribes before that would take old alerts for new ones.
pub(crate) async fn run_once(
    kafka: &KafkaConfig,
    hub: &Hub,
    ring_alerts: usize,
    (ready, started): (&ReadyFlag, &CancellationToken),
) -> Result<(), SinkError> {
    let bounds = bounds(kafka).await?;
    let share = (ring_alerts / bounds.len().max(1)) as i64;
    let starts: Vec<i64> = bounds.iter().map(|(low, high)| (*low).max(high - share)).collect();
    hub.extend(&starts);
    let head = hub.head();
    let reach: Vec<_> = head.iter().enumerate().map(|(number, next)| (number as i32, StartAt::Offset(*next))).collect();
    let topic = kafka.topics().alerts;
    let mut reader = TopicReader::start(kafka, "vru-sink-alerts", &topic, &reach, READER_CAPACITY)?;
    let mut interval = tokio::time::interval(PARTITIONS_INTERVAL);
    interval.reset();
    loop {
        tokio::select! {
            event = reader.next() => match event {
                None => return Ok(()),
                Some(ReaderEvent::CaughtUp) => {
                    started.cancel();
                    ready.ready();
                }
                Some(ReaderEvent::Record(record)) => {
                    RECEIVED.with_label_values(&[SINK, &topic]).inc();
                    match read(&record) {
                        Some(event) => hub.publish(event),
                        None => hub.skip(record.partition.number as usize, record.offset),
                    }
                }
            },
            _ = interval.tick() => {
                let (kafka, topic) = (kafka.clone(), topic.clone());
                let count = blocking(move || admin::partition_count(&kafka, &topic, METADATA_DEADLINE)).await?;
                // Kafka away: the reader goes on by itself.
                if count.is_ok_and(|count| count as usize > head.len()) {
                    tracing::info!("the topic has more partitions");
                    return Ok(());
                }
            }
        }
    }
}
