//! Reads the topic of alerts into the hub, from a little before its end on.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vru_runtime::admin::ReadyFlag;
use vru_runtime::clock::now_us;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, Record, StartAt, TopicReader, admin};
use vru_runtime::latency::since_capture;

use super::encoded_alert::EncodedAlert;
use super::hub::Hub;
use super::topic::{METADATA_DEADLINE, bounds, read};
use crate::error::SinkError;
use crate::metrics::{ALERT_SECONDS, RECEIVED};
use crate::supervise::{Supervisor, blocking};

/// How often Kafka is asked whether the topic has more partitions.
const PARTITIONS_INTERVAL: Duration = Duration::from_secs(30);
const READER_CAPACITY: usize = 1_024;

/// Reads all partitions, without a consumer group: every instance needs every alert.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) kafka: KafkaConfig,
    pub(crate) hub: Hub,
    /// Alerts to read from before the end of the topic, over all partitions.
    pub(crate) ring_alerts: usize,
    pub(crate) ready: ReadyFlag,
    /// Cancelled when the feed reaches the end of the topic for the first time.
    pub(crate) caught_up: CancellationToken,
}

/// Why reading ended without a failure.
enum End {
    MorePartitions,
    /// The topic was deleted and created again.
    Recreated,
}

impl Feed {
    /// Reads until the topic is deleted and created again, or `supervisor` stops: then it is false. After a failure, reading continues at
    /// the head of the hub.
    pub(crate) async fn run(&self, supervisor: &mut Supervisor) -> bool {
        loop {
            match self.read().await {
                Ok(End::Recreated) => return true,
                Ok(End::MorePartitions) => {}
                Err(error) => {
                    if !supervisor.again(Err(error)).await {
                        return false;
                    }
                }
            }
        }
    }

    async fn read(&self) -> Result<End, SinkError> {
        let bounds = bounds(&self.kafka).await?;
        let share = (self.ring_alerts / bounds.len().max(1)) as i64;
        // Subscribers that are attached have received nothing of a partition that is added now: it is read from its beginning.
        let attached = self.caught_up.is_cancelled();
        let start = |(low, high): &(i64, i64)| if attached { *low } else { (*low).max(high - share) };
        let starts: Vec<i64> = bounds.iter().map(start).collect();
        self.hub.add_partitions(&starts);
        let head = self.hub.head();
        let starts: Vec<_> =
            head.iter().enumerate().map(|(number, next)| (number as i32, StartAt::Offset(*next))).collect();
        let topic = self.kafka.topics().alerts;
        let id = self.hub.stream().topic;
        let mut reader = TopicReader::start(
            &self.kafka,
            "vru-sink-alerts",
            &topic,
            id,
            &starts,
            READER_CAPACITY,
            TopicReader::FETCH_WAIT,
        )?;
        let mut interval = tokio::time::interval(PARTITIONS_INTERVAL);
        interval.reset();
        loop {
            tokio::select! {
                event = reader.next() => match event {
                    None => return Err(SinkError::ReaderEnded),
                    Some(ReaderEvent::Recreated) => return Ok(End::Recreated),
                    Some(ReaderEvent::CaughtUp) => {
                        self.caught_up.cancel();
                        self.ready.ready();
                    }
                    Some(ReaderEvent::Record(record)) => self.take(&record),
                },
                _ = interval.tick() => {
                    let (kafka, topic) = (self.kafka.clone(), topic.clone());
                    let count = blocking(move || admin::partition_count(&kafka, &topic, METADATA_DEADLINE)).await?;
                    // When Kafka is away, the reader goes on by itself.
                    if count.is_ok_and(|count| count as usize > head.len()) {
                        tracing::info!(known = head.len(), "partitions were added to the topic of alerts");
                        return Ok(End::MorePartitions);
                    }
                }
            }
        }
    }

    fn take(&self, record: &Record) {
        RECEIVED.with_label_values(&["alerts", &record.partition.topic]).inc();
        match read(record) {
            Some(alert) => self.publish(alert),
            None => self.hub.skip(record.partition.number as usize, record.offset),
        }
    }

    fn publish(&self, alert: EncodedAlert) {
        let raised_at_us = alert.raised_at_us;
        // What is read at the start was raised before, and its age says nothing of how long new alerts take.
        if self.hub.publish(alert)
            && self.caught_up.is_cancelled()
            && let Some(raised_at_us) = raised_at_us
            && let Some(passed) = since_capture("alerts", raised_at_us, now_us())
        {
            ALERT_SECONDS.with_label_values(&["alerts"]).observe(passed.as_secs_f64());
        }
    }
}
