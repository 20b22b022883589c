//! What librdkafka calls back: rebalances become events, in order with the records.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::consumer::{Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use tokio::sync::{mpsc, oneshot};

use super::event::{Assignment, Event, Revocation};
use crate::kafka::context;
use crate::kafka::partition::{Partition, partitions_of};
use crate::kafka::record::Record;

/// How far a partition is read.
pub(super) struct Place {
    /// Counts assignments. A record taken under an older number is not delivered any more.
    epoch: u64,
    /// The least offset that did not come yet.
    next: i64,
}

pub(super) struct GroupContext {
    pub(super) events: mpsc::Sender<Event>,
    pub(super) choose_start: bool,
    pub(super) deadline: Duration,
    /// The partitions that are ours.
    pub(super) places: Mutex<HashMap<Partition, Place>>,
    pub(super) next_epoch: Mutex<u64>,
    /// Partitions that the receiver holds back.
    pub(super) held_back: Mutex<HashSet<Partition>>,
    /// Since when there is no partition; none while there is one.
    idle: Mutex<Option<Instant>>,
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::report(&error, reason);
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let cooperative = matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let result = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                let chosen = self.assigned(list);
                let assigned = match (cooperative, chosen) {
                    (true, true) => consumer.incremental_assign(list),
                    (true, false) => consumer.incremental_assign(&TopicPartitionList::new()),
                    (false, true) => consumer.assign(list),
                    (false, false) => consumer.assign(&TopicPartitionList::new()),
                };
                // librdkafka remembers a pause from the last time that the partition was ours.
                if chosen { assigned.and_then(|()| consumer.resume(list)) } else { assigned }
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                self.revoked(list, consumer.assignment_lost());
                if cooperative { consumer.incremental_unassign(list) } else { consumer.unassign() }
            }
            _ => {
                tracing::error!(code = ?error, "the group rebalance failed");
                consumer.unassign()
            }
        };
        if let Err(error) = result {
            tracing::error!(%error, "the new assignment was refused");
        }
    }

    fn commit_callback(&self, result: Result<(), KafkaError>, _offsets: &TopicPartitionList) {
        if let Err(error) = result
            && !matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::NoOffset))
        {
            tracing::warn!(%error, "an offset commit failed; the records since will be seen again");
        }
    }
}

impl GroupContext {
    pub(super) fn new(events: mpsc::Sender<Event>, choose_start: bool, deadline: Duration) -> Self {
        let (places, held_back, next_epoch) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { events, choose_start, deadline, places, next_epoch, held_back, idle: Mutex::new(Some(Instant::now())) }
    }

    /// For the client that comes after one that has no partitions: epochs go on rising.
    pub(super) fn successor(&self) -> Self {
        let successor = Self::new(self.events.clone(), self.choose_start, self.deadline);
        *successor.next_epoch.lock() = *self.next_epoch.lock();
        successor
    }

    pub(super) fn idle_since(&self) -> Option<Instant> {
        *self.idle.lock()
    }

    /// False when nobody said where to start.
    fn assigned(&self, list: &mut TopicPartitionList) -> bool {
        let partitions = partitions_of(list);
        tracing::info!(partitions = %names(&partitions), "partitions assigned");
        {
            let mut next = self.next_epoch.lock();
            *next += 1;
            let mut places = self.places.lock();
            places.extend(partitions.iter().map(|partition| (partition.clone(), Place { epoch: *next, next: 0 })));
            if !places.is_empty() {
                *self.idle.lock() = None;
            }
        }
        let (answer, answered) = oneshot::channel();
        let assignment = Assignment { partitions, start: self.choose_start.then_some(answer) };
        if !self.send(Event::Assigned(assignment)) || !self.choose_start {
            return true;
        }
        let Some(starts) = wait(answered, self.deadline) else {
            tracing::error!("nobody said where to start; the partitions are not read");
            return false;
        };
        for (partition, start) in starts {
            if let Err(error) = list.set_partition_offset(&partition.topic, partition.number, start.offset()) {
                tracing::error!(%partition, %error, "cannot set where to start");
            }
        }
        true
    }

    fn revoked(&self, list: &TopicPartitionList, lost: bool) {
        let partitions = partitions_of(list);
        tracing::info!(partitions = %names(&partitions), lost, "partitions revoked");
        {
            let mut places = self.places.lock();
            places.retain(|partition, _| !partitions.contains(partition));
            if places.is_empty() {
                *self.idle.lock() = Some(Instant::now());
            }
        }
        self.held_back.lock().retain(|partition| !partitions.contains(partition));
        let (done, drained) = oneshot::channel();
        if self.send(Event::Revoked(Revocation { partitions, lost, _done: done })) {
            // The receiver drops its end when it is done; that is the answer.
            let _: Option<()> = wait(drained, self.deadline);
        }
    }

    /// Rebalance events wait for room in the channel, to the deadline; false when they could not be sent.
    fn send(&self, event: Event) -> bool {
        let until = Instant::now() + self.deadline;
        let mut event = event;
        loop {
            match self.events.try_send(event) {
                Ok(()) => return true,
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
                Err(mpsc::error::TrySendError::Full(back)) => event = back,
            }
            if Instant::now() >= until {
                tracing::error!("a rebalance could not be announced within its deadline");
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(super) fn epoch(&self, partition: &Partition) -> Option<u64> {
        self.places.lock().get(partition).map(|place| place.epoch)
    }

    /// The epoch of a record that was read; none where its partition is not ours, or where it came already. A pause that meets a
    /// record on its way to us takes note of where reading stood before it, and what is read after the pause begins with that
    /// record again.
    pub(super) fn take(&self, record: &Record) -> Option<u64> {
        let mut places = self.places.lock();
        let place = places.get_mut(&record.partition)?;
        if record.offset < place.next {
            return None;
        }
        place.next = record.offset + 1;
        Some(place.epoch)
    }
}

fn names(partitions: &[Partition]) -> String {
    partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn wait<T>(mut receiver: oneshot::Receiver<T>, deadline: Duration) -> Option<T> {
    let until = Instant::now() + deadline;
    loop {
        match receiver.try_recv() {
            Ok(value) => return Some(value),
            Err(oneshot::error::TryRecvError::Closed) => return None,
            Err(oneshot::error::TryRecvError::Empty) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(oneshot::error::TryRecvError::Empty) => {
                tracing::warn!("a rebalance went on without waiting any longer");
                return None;
            }
        }
    }
}
