//! Replays: a subscriber whose token is older than the ring is served from Kafka, until the ring covers its position.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tonic::Status;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, Record, StartAt, TopicId, TopicReader};
use vru_runtime::report::chain;

use super::encoded_alert::EncodedAlert;
use super::filter::Filter;
use super::hub::{Attachment, Hub};
use super::recent_ids::RecentIds;
use super::resume_token::Positions;
use super::topic;
use crate::error::SinkError;
use crate::metrics::DUPLICATE_ALERTS;

/// A subscriber that reads nothing for this long is too slow: it would keep others waiting for its permit.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Records to read between two attempts to attach to the hub.
const ATTACH_INTERVAL: usize = 64;
/// Records that the reader may hold for a replay.
const READER_CAPACITY: usize = 64;
/// Alerts of a replay are read for one subscriber: one that does not read must not have many of them.
const STEPS: usize = 1;
/// How many records before the position are read too, in each partition. Their alerts are not sent; only their ids are remembered,
/// because inference may have repeated one of them after the position.
const LOOK_BACK: i64 = 64;

/// What a replay sends, in order. The last one is `Attached` or `Failed`; when the channel closes without one of them, the
/// subscriber was too slow.
#[derive(Debug)]
pub(crate) enum ReplayStep {
    /// Kafka deleted this many records after the subscriber's position; `positions` are those after the gap.
    Gap {
        missed: u64,
        positions: Positions,
    },
    /// An alert that passes the filter.
    Alert(Arc<EncodedAlert>),
    /// The hub delivers what follows these positions. The permit is held until the subscriber has taken all alerts of the replay.
    Attached {
        attachment: Attachment,
        positions: Positions,
        #[expect(dead_code, reason = "dropping it returns the permit")]
        permit: OwnedSemaphorePermit,
    },
    Failed(Status),
}

#[derive(Debug, Clone)]
pub(crate) struct Replays {
    pub(crate) kafka: KafkaConfig,
    pub(crate) hub: Hub,
    /// Limits how many replays read from Kafka at the same time.
    pub(crate) permits: Arc<Semaphore>,
}

impl Replays {
    /// Starts a replay. It ends by itself when the receiver is dropped or not read.
    pub(crate) fn start(&self, positions: Positions, filter: Arc<Filter>) -> mpsc::Receiver<ReplayStep> {
        let (steps, receiver) = mpsc::channel(STEPS);
        let this = self.clone();
        tokio::spawn(async move {
            let replay = async {
                let Ok(permit) = this.permits.clone().acquire_owned().await else { return Ok(()) };
                let replay = Replay {
                    hub: &this.hub,
                    topic: this.hub.stream().topic,
                    filter,
                    positions,
                    recent: RecentIds::new(),
                    steps: &steps,
                };
                replay.run(&this.kafka, permit).await
            };
            let result = tokio::select! {
                result = replay => result,
                () = steps.closed() => return,
            };
            if let Err(error) = result {
                tracing::warn!(error = %chain(&error), "a replay for a subscriber failed");
                let status = Status::unavailable(format!("cannot replay from Kafka: {}", chain(&error)));
                // Fails when the subscriber has disconnected meanwhile.
                drop(steps.try_send(ReplayStep::Failed(status)));
            }
        });
        receiver
    }
}

struct Replay<'a> {
    hub: &'a Hub,
    topic: TopicId,
    filter: Arc<Filter>,
    /// The next offset of each partition to send.
    positions: Positions,
    recent: RecentIds,
    steps: &'a mpsc::Sender<ReplayStep>,
}

/// The subscriber has disconnected or is too slow.
struct SubscriberGone;

impl Replay<'_> {
    async fn run(mut self, kafka: &KafkaConfig, permit: OwnedSemaphorePermit) -> Result<(), SinkError> {
        let bounds = topic::bounds(kafka).await?;
        if self.skip_deleted(&bounds).await.is_err() {
            return Ok(());
        }
        let start = |(number, next): (usize, &i64)| {
            let low = bounds.get(number).map_or(0, |(low, _)| *low);
            (number as i32, StartAt::Offset((*next - LOOK_BACK).max(low)))
        };
        let starts: Vec<_> = self.positions.iter().enumerate().map(start).collect();
        let mut reader = TopicReader::start(
            kafka,
            "vru-sink-replay",
            &kafka.topics().alerts,
            self.topic,
            &starts,
            READER_CAPACITY,
            TopicReader::FETCH_WAIT,
        )?;
        let mut read_since_attempt = 0;
        loop {
            let caught_up = match reader.next().await {
                None | Some(ReaderEvent::Recreated) => return Err(SinkError::ReaderEnded),
                Some(ReaderEvent::CaughtUp) => true,
                Some(ReaderEvent::Record(record)) => {
                    if self.take(&record).await.is_err() {
                        return Ok(());
                    }
                    read_since_attempt += 1;
                    false
                }
            };
            if caught_up || read_since_attempt >= ATTACH_INTERVAL {
                read_since_attempt = 0;
                let mut positions = Some(self.positions.clone());
                if let Some(attachment) = self.hub.attach(&mut positions, &self.filter) {
                    // Whether the subscriber is still there or not: the replay is over.
                    let positions = positions.unwrap_or_default();
                    self.send(ReplayStep::Attached { attachment, positions, permit }).await.ok();
                    return Ok(());
                }
            }
        }
    }

    /// Moves the positions past what Kafka has deleted, and reports it.
    async fn skip_deleted(&mut self, bounds: &[(i64, i64)]) -> Result<(), SubscriberGone> {
        let partitions = bounds.len().max(self.positions.len());
        self.positions.resize(partitions, 0);
        let mut missed = 0;
        for (position, (low, _)) in self.positions.iter_mut().zip(bounds) {
            missed += (*low - *position).max(0) as u64;
            *position = (*position).max(*low);
        }
        if missed == 0 { Ok(()) } else { self.send_gap(missed).await }
    }

    async fn take(&mut self, record: &Record) -> Result<(), SubscriberGone> {
        let number = record.partition.number as usize;
        let alert = topic::read(record);
        let repeated = alert.as_ref().is_some_and(|alert| !self.recent.insert(&alert.identity));
        let Some(position) = self.positions.get(number).copied() else { return Ok(()) };
        if record.offset < position {
            return Ok(());
        }
        if record.offset > position {
            // Kafka deleted records while the replay was reading.
            self.positions[number] = record.offset;
            self.send_gap((record.offset - position) as u64).await?;
        }
        self.positions[number] = record.offset + 1;
        if repeated {
            DUPLICATE_ALERTS.with_label_values(&["alerts"]).inc();
            return Ok(());
        }
        match alert.filter(|alert| self.filter.passes(alert)) {
            Some(alert) => self.send(ReplayStep::Alert(Arc::new(alert))).await,
            None => Ok(()),
        }
    }

    async fn send_gap(&self, missed: u64) -> Result<(), SubscriberGone> {
        self.send(ReplayStep::Gap { missed, positions: self.positions.clone() }).await
    }

    async fn send(&self, step: ReplayStep) -> Result<(), SubscriberGone> {
        self.steps.send_timeout(step, SEND_TIMEOUT).await.map_err(|error| {
            if matches!(error, SendTimeoutError::Timeout(_)) {
                tracing::debug!("a replay ends because its subscriber does not read");
            }
            SubscriberGone
        })
    }
}
