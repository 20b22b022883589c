//! Reads records and gathers them into a batch while the processor stores the previous one.

use bytes::Bytes;
use tokio::sync::mpsc;
use vru_runtime::clock::sleep_until;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{Assignment, Event, GroupConsumer, Record, Revocation, Topics};
use vru_runtime::shutdown::Shutdown;

use super::parse::{ParsedRecord, parse};
use crate::batch::{Batch, BatchConfig, Item};
use crate::error::SinkError;
use crate::metrics::{POSTGRES_SINK, RECEIVED};

/// Work for the processor, in the order of the group's events.
pub(super) enum Work {
    /// Take over partitions.
    Assigned(Assignment),
    /// Store records.
    Batch(Vec<Item<ParsedRecord>>),
    /// Release partitions. All their records came before.
    Revoked(Revocation),
}

pub(super) struct Gatherer {
    topics: Topics,
    dead_letters: DeadLetters,
    shutdown: Shutdown,
    batch: Batch<ParsedRecord>,
    /// Capacity 1. Together with the batch that is being stored and the one that is being gathered, at most three batches are
    /// in memory.
    work: mpsc::Sender<Work>,
    /// `group.stop()` was called. The shutdown token alone does not tell: it may be cancelled while a record is being handled.
    stopping: bool,
    /// The group member ended although it was not stopped.
    member_ended: bool,
}

/// The processor has ended.
struct ProcessorEnded;

impl Gatherer {
    pub(super) fn new(
        topics: Topics,
        dead_letters: &DeadLetters,
        shutdown: &Shutdown,
        batch: BatchConfig,
    ) -> (Self, mpsc::Receiver<Work>) {
        let (work, receiver) = mpsc::channel(1);
        let (dead_letters, shutdown) = (dead_letters.clone(), shutdown.clone());
        (
            Self {
                topics,
                dead_letters,
                shutdown,
                batch: Batch::new(batch),
                work,
                stopping: false,
                member_ended: false,
            },
            receiver,
        )
    }

    /// Returns when the group has been left or the processor has ended.
    pub(super) async fn run(mut self, group: &mut GroupConsumer) -> Result<(), SinkError> {
        while let Ok(true) = self.step(group).await {}
        if self.member_ended { Err(SinkError::MemberEnded) } else { Ok(()) }
    }

    /// False when the group has been left.
    async fn step(&mut self, group: &mut GroupConsumer) -> Result<bool, ProcessorEnded> {
        tokio::select! {
            biased;
            () = self.shutdown.soft.cancelled(), if !self.stopping => {
                self.stopping = true;
                group.stop();
                self.send_batch().await?;
            }
            () = sleep_until(self.batch.deadline()) => self.send_batch().await?,
            event = group.next() => match event {
                None => {
                    self.member_ended = !self.stopping;
                    return Ok(false);
                }
                // Records after the stop stay in Kafka for the next owner.
                Some(Event::Record(_)) if self.stopping => {}
                Some(Event::Record(record)) => {
                    if self.add(&record).await {
                        self.send_batch().await?;
                    }
                }
                Some(Event::Assigned(assignment)) => self.send(Work::Assigned(assignment)).await?,
                Some(Event::Revoked(revocation)) => {
                    // If the partitions are lost, their new owner stores the records.
                    if !revocation.lost {
                        self.send_batch().await?;
                    }
                    self.send(Work::Revoked(revocation)).await?;
                }
            },
        }
        Ok(true)
    }

    /// Adds a record to the batch; true when the batch is full.
    async fn add(&mut self, record: &Record) -> bool {
        RECEIVED.with_label_values(&[POSTGRES_SINK, &record.partition.topic]).inc();
        let value = match parse(&self.topics, record) {
            Ok(value) => value,
            Err(error) => {
                if !self.dead_letters.send(record, error.kind, &error.reason, &self.shutdown.hard).await {
                    // Cancelled. Its offset is not stored, so the next owner reads it again.
                    return false;
                }
                ParsedRecord::Skipped
            }
        };
        let bytes = record.payload.as_ref().map_or(0, Bytes::len) + 128;
        self.batch.push(Item { partition: record.partition.clone(), offset: record.offset, value }, bytes)
    }

    async fn send_batch(&mut self) -> Result<(), ProcessorEnded> {
        let items = self.batch.take();
        if items.is_empty() { Ok(()) } else { self.send(Work::Batch(items)).await }
    }

    async fn send(&self, work: Work) -> Result<(), ProcessorEnded> {
        self.work.send(work).await.map_err(|_| ProcessorEnded)
    }
}
