//! Reads records and gathers them into batches, while the writer is busy with the batch before.

use bytes::Bytes;
use tokio::sync::mpsc;
use vru_runtime::clock::sleep_until;
use vru_runtime::dead_letter::DeadLetters;
use vru_runtime::kafka::{Assignment, Event, GroupConsumer, Record, Revocation, Topics};
use vru_runtime::shutdown::Shutdown;

use super::records::read;
use super::sink::SINK;
use super::write::Value;
use crate::batch::{Batch, BatchConfig, Item};
use crate::metrics::RECEIVED;

/// What the writer is to do, in the order of the group's events.
pub(super) enum Work {
    /// Take partitions over.
    Assigned(Assignment),
    /// Store records.
    Batch(Vec<Item<Value>>),
    /// Give partitions up; all their records came before.
    Revoked(Revocation),
}

pub(super) struct Gatherer {
    topics: Topics,
    letters: DeadLetters,
    shutdown: Shutdown,
    batch: Batch<Value>,
    /// Holds one: with the batch that is written and the one that is gathered, three are in memory.
    work: mpsc::Sender<Work>,
    /// The group was asked to stop. Not the shutdown itself: that may come while a record is looked at.
    stopping: bool,
}

/// The writer has ended.
struct NobodyWrites;

impl Gatherer {
    pub(super) fn new(
        topics: Topics,
        letters: &DeadLetters,
        shutdown: &Shutdown,
        batch: BatchConfig,
    ) -> (Self, mpsc::Receiver<Work>) {
        let (work, receiver) = mpsc::channel(1);
        let (letters, shutdown) = (letters.clone(), shutdown.clone());
        (Self { topics, letters, shutdown, batch: Batch::new(batch), work, stopping: false }, receiver)
    }

    /// Until the group has been left, or nobody takes work any more.
    pub(super) async fn run(mut self, group: &mut GroupConsumer) {
        while let Ok(true) = self.step(group).await {}
    }

    /// False when the group has been left.
    async fn step(&mut self, group: &mut GroupConsumer) -> Result<bool, NobodyWrites> {
        tokio::select! {
            biased;
            () = self.shutdown.soft.cancelled(), if !self.stopping => {
                self.stopping = true;
                group.stop();
                self.hand_over().await?;
            }
            () = sleep_until(self.batch.deadline()) => self.hand_over().await?,
            event = group.next() => match event {
                None => return Ok(false),
                // What comes after the stop stays in Kafka for the next owner.
                Some(Event::Record(_)) if self.stopping => {}
                Some(Event::Record(record)) => {
                    if self.take(&record).await {
                        self.hand_over().await?;
                    }
                }
                Some(Event::Assigned(assignment)) => self.send(Work::Assigned(assignment)).await?,
                Some(Event::Revoked(revocation)) => {
                    // What is lost is another's to write.
                    if !revocation.lost {
                        self.hand_over().await?;
                    }
                    self.send(Work::Revoked(revocation)).await?;
                }
            },
        }
        Ok(true)
    }

    /// Adds a record to the batch; true when that is full.
    async fn take(&mut self, record: &Record) -> bool {
        RECEIVED.with_label_values(&[SINK, &record.partition.topic]).inc();
        let value = match read(&self.topics, record) {
            Ok(value) => value,
            Err((kind, reason)) => {
                if !self.letters.send(record, kind, &reason, &self.shutdown.hard).await {
                    // Cancelled: its offset is not stored, so it is read again.
                    return false;
                }
                Value::Nothing
            }
        };
        let bytes = record.payload.as_ref().map_or(0, Bytes::len) + 128;
        self.batch.push(Item { partition: record.partition.clone(), offset: record.offset, value }, bytes)
    }

    async fn hand_over(&mut self) -> Result<(), NobodyWrites> {
        let items = self.batch.take();
        if items.is_empty() { Ok(()) } else { self.send(Work::Batch(items)).await }
    }

    async fn send(&self, work: Work) -> Result<(), NobodyWrites> {
        self.work.send(work).await.map_err(|_| NobodyWrites)
    }
}
