//! The rebalance callback: turns assignments and revocations into events, in order with the records.
//!
//! Librdkafka calls it inside of `poll`, on the poll thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::consumer::{Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use tokio::sync::{mpsc, oneshot};

use super::commit_queue::CommitQueue;
use super::event::{Assignment, Event, Revocation};
use super::group_state::GroupState;
use super::outbox::Flushed;
use super::partitions::Flow;
use super::positions::TakenOver;
use super::requests::{Request, Requests};
use super::state::MemberState;
use crate::kafka::context;
use crate::kafka::partition::{Partition, list_of, partitions_of};

/// How long a revocation waits for commits that are under way, or that failed and are made again.
const COMMIT_DEADLINE: Duration = Duration::from_secs(2);

/// The context of one librdkafka client of the member.
#[derive(Clone)]
pub(super) struct RebalanceContext {
    pub(super) events: mpsc::Sender<Event>,
    pub(super) requests: Arc<Requests>,
    /// Shared with the poller, and changed on the poll thread only; others look at it for a moment. Never held during a call into
    /// librdkafka's `poll`.
    pub(super) state: Arc<Mutex<MemberState>>,
    pub(super) taken_over: TakenOver,
    pub(super) choose_start: bool,
    /// How long a revocation may take.
    pub(super) deadline: Duration,
    pub(super) commits: Arc<CommitQueue>,
    pub(super) group: Arc<GroupState>,
    /// Set when another client has taken over: this one closes, on another thread, and must not touch the state.
    pub(super) retired: Arc<AtomicBool>,
    /// Set while the partitions are given back because a topic was deleted and created again.
    pub(super) recreated: Arc<AtomicBool>,
}

impl ClientContext for RebalanceContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // This event ended the poll, and more may lie behind it in the queue.
        self.requests.wake();
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::report(&error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        // As in `log`.
        self.requests.wake();
        self.group.report(statistics, Instant::now());
    }
}

impl ConsumerContext for RebalanceContext {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        // As in `log`.
        self.requests.wake();
        let partitions = partitions_of(list);
        // Librdkafka waits for a change of its assignment; an empty one will do.
        let result = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                if !self.retired() {
                    self.assigned(partitions);
                }
                add_partitions(consumer, &TopicPartitionList::new())
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                let lost = consumer.assignment_lost();
                let started = if self.retired() { Vec::new() } else { self.revoked(&partitions, lost) };
                if is_cooperative(consumer) {
                    consumer.incremental_unassign(&list_of(&started))
                } else {
                    consumer.unassign()
                }
            }
            _ => {
                tracing::error!(code = ?error, "the group rebalance failed");
                consumer.unassign()
            }
        };
        if let Err(error) = result {
            tracing::error!(%error, "librdkafka refused the change of its assignment");
        }
    }
}

impl RebalanceContext {
    /// For the client that replaces this one.
    pub(super) fn successor(&self) -> Self {
        Self { group: Arc::default(), retired: Arc::default(), recreated: Arc::default(), ..self.clone() }
    }

    fn retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Never waits: the event waits for room in the outbox, before the records of its partitions. They are fetched once it is known where
    /// to start: by the receiver's answer, or by the group's positions.
    fn assigned(&self, partitions: Vec<Partition>) {
        tracing::info!(partitions = %names(&partitions), "partitions assigned");
        let mut state = self.state.lock();
        let epoch = state.partitions.assign(&partitions);
        let start = self.choose_start.then(|| self.requests.clone());
        state.outbox.push_assigned(Assignment { partitions: partitions.clone(), epoch, start });
        if !self.choose_start && !partitions.is_empty() {
            self.requests.post(Request::StartAtPositions { epoch, partitions });
        }
    }

    /// Adds partitions to librdkafka's assignment, to be read from the offsets of `list`, and paused where they must not be read. It
    /// remembers a pause from the last time that a partition was assigned, and none for a partition that is assigned during a jam.
    pub(super) fn add(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &TopicPartitionList,
        partitions: &[Partition],
    ) -> KafkaResult<()> {
        let fetching = |partition: &&Partition| self.state.lock().partitions.flow(partition) == Some(Flow::Fetching);
        let (resume, pause): (Vec<&Partition>, Vec<&Partition>) = partitions.iter().partition(fetching);
        // Before the partitions are added: a change of a partition that is being read throws away the request that is under way, which
        // costs half a second.
        if let Err(error) = consumer.resume(&list_of(resume)) {
            tracing::warn!(%error, "cannot resume partitions");
        }
        add_partitions(consumer, list)?;
        // A record that comes in spite of a pause that failed pauses its partition again.
        if let Err(error) = consumer.pause(&list_of(pause)) {
            tracing::warn!(%error, "cannot pause partitions");
        }
        Ok(())
    }

    /// Waits, to the deadline, until the receiver has taken the event and dropped it. Returns the partitions to take out of librdkafka's
    /// assignment.
    fn revoked(&self, partitions: &[Partition], lost: bool) -> Vec<Partition> {
        tracing::info!(partitions = %names(partitions), lost, "partitions revoked");
        let (done, drained) = oneshot::channel();
        let revoked = {
            let mut state = self.state.lock();
            let revoked = state.revoke(partitions, Instant::now());
            if !revoked.announced.is_empty() {
                let partitions = revoked.announced.clone();
                let recreated = self.recreated.load(Ordering::Acquire);
                state.outbox.push_revoked(Revocation { partitions, lost, recreated, _done: done });
            }
            revoked
        };
        if !revoked.announced.is_empty() {
            self.wait_for(drained);
        }
        if lost {
            self.commits.forget(partitions);
        } else {
            self.commits.finish(partitions, self.deadline.min(COMMIT_DEADLINE));
        }
        self.taken_over.remove(partitions);
        revoked.started
    }

    /// The receiver has one deadline to take the event, and one to finish.
    fn wait_for(&self, mut drained: oneshot::Receiver<()>) {
        let mut until = Instant::now() + self.deadline;
        let mut announced = false;
        while let Err(oneshot::error::TryRecvError::Empty) = drained.try_recv() {
            let flushed = self.state.lock().outbox.flush(&self.events, Instant::now());
            if flushed == Flushed::All && !announced {
                announced = true;
                until = Instant::now() + self.deadline;
            }
            if Instant::now() >= until {
                tracing::warn!(
                    announced,
                    "the receiver did not finish with the revoked partitions in time; the rebalance goes on"
                );
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Adds partitions to librdkafka's assignment; an empty list only ends the rebalance.
fn add_partitions(consumer: &BaseConsumer<RebalanceContext>, list: &TopicPartitionList) -> KafkaResult<()> {
    if is_cooperative(consumer) { consumer.incremental_assign(list) } else { consumer.assign(list) }
}

fn is_cooperative(consumer: &BaseConsumer<RebalanceContext>) -> bool {
    matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative)
}

fn names(partitions: &[Partition]) -> String {
    partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
