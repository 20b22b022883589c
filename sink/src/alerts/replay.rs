//! For those who were away longer than the ring reaches back: reads from Kafka until the ring takes over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tonic::Status;
use vru_runtime::kafka::{KafkaConfig, ReaderEvent, StartAt, TopicReader};
use vru_runtime::report::chain;

use super::event::{Event, Filter};
use super::feed;
use super::hub::{Attached, Hub};
use super::recent::Recent;
use super::token::Positions;
use crate::error::SinkError;
use crate::metrics::DUPLICATE_ALERTS;

/// A subscriber that takes nothing for this long holds up others who wait for their turn.
const STUCK_AFTER: Duration = Duration::from_secs(10);
/// Records between looks at whether the ring reaches back far enough by now.
const ATTACH_EVERY: usize = 64;
const READER_CAPACITY: usize = 256;
/// Records of each partition before its position that are looked at as well: an alert that follows may repeat one of them.
const LOOK_BACK: i64 = 64;

/// What a replay yields, in order; the last is `Attached`, or `Failed`. When it just ends, the subscriber was too slow.
#[derive(Debug)]
pub(crate) enum Step {
    /// Kafka deleted this many records since the positions.
    Gap { missed: u64, positions: Positions },
    /// An alert that passes the filter.
    Alert(Arc<Event>),
    /// The rest comes from the hub.
    Attached(Attached, Positions),
    /// Kafka cannot be read.
    Failed(Status),
}

/// What replays share.
#[derive(Debug, Clone)]
pub(crate) struct Replays {
    pub(crate) kafka: KafkaConfig,
    pub(crate) hub: Hub,
    /// Bounds the readers of all subscribers.
    pub(crate) permits: Arc<Semaphore>,
}

impl Replays {
    /// Starts one; it ends by itself when the receiver is dropped or takes nothing.
    pub(crate) fn start(&self, positions: Positions, filter: Arc<Filter>) -> mpsc::Receiver<Step> {
        let (steps, receiver) = mpsc::channel(READER_CAPACITY);
        let this = self.clone();
        tokio::spawn(async move {
            let replay = async {
                let Ok(_permit) = this.permits.clone().acquire_owned().await else { return Ok(()) };
                this.replay(positions, &filter, &steps).await
            };
            let result = tokio::select! {
                result = replay => result,
                () = steps.closed() => return,
            };
            if let Err(error) = result {
                tracing::warn!(error = %chain(&error), "a replay for a subscriber failed");
                let status = Status::unavailable(format!("cannot replay from Kafka: {}", chain(&error)));
                // Nobody there to be told: nothing to do.
                drop(steps.try_send(Step::Failed(status)));
            }
        });
        receiver
    }

    async fn replay(
        &self,
        mut positions: Positions,
        filter: &Arc<Filter>,
        steps: &mpsc::Sender<Step>,
    ) -> Result<(), SinkError> {
        let bounds = feed::bounds(&self.kafka).await?;
        positions.resize(bounds.len().max(positions.len()), 0);
        let mut missed = 0;
        for (position, (low, _)) in positions.iter_mut().zip(&bounds) {
            missed += (*low - *position).max(0) as u64;
            *position = (*position).max(*low);
        }
        if missed > 0 && !offer(steps, Step::Gap { missed, positions: positions.clone() }).await {
            return Ok(());
        }
        let from = |(number, next): (usize, &i64)| {
            let low = bounds.get(number).map_or(0, |(low, _)| *low);
            (number as i32, StartAt::Offset((*next - LOOK_BACK).max(low)))
        };
        let starts: Vec<_> = positions.iter().enumerate().map(from).collect();
        let topic = self.kafka.topics().alerts;
        let mut reader = TopicReader::start(&self.kafka, "vru-sink-replay", &topic, &starts, READER_CAPACITY)?;
        let (mut since, mut recent) = (0, Recent::new());
        loop {
            let event = reader.next().await;
            let caught_up = match event {
                None => return Ok(()),
                Some(ReaderEvent::CaughtUp) => true,
                Some(ReaderEvent::Record(record)) => {
                    let number = record.partition.number as usize;
                    let event = feed::read(&record);
                    let repeated = event.as_ref().is_some_and(|event| !recent.note(&event.id));
                    if positions.get(number).is_some_and(|position| record.offset >= *position) {
                        positions[number] = record.offset + 1;
                        if repeated {
                            DUPLICATE_ALERTS.with_label_values(&["alerts"]).inc();
                        } else if let Some(event) = event.filter(|event| filter.passes(event))
                            && !offer(steps, Step::Alert(Arc::new(event))).await
                        {
                            return Ok(());
                        }
                    }
                    since += 1;
                    since >= ATTACH_EVERY
                }
            };
            if caught_up {
                since = 0;
                let mut at = Some(positions.clone());
                if let Some(attached) = self.hub.attach(&mut at, filter) {
                    offer(steps, Step::Attached(attached, at.unwrap_or_default())).await;
                    return Ok(());
                }
            }
        }
    }
}

/// False when the subscriber takes nothing.
async fn offer(steps: &mpsc::Sender<Step>, step: Step) -> bool {
    steps.send_timeout(step, STUCK_AFTER).await.is_ok()
}
