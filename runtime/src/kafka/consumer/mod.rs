//! A member of a consumer group.
//!
//! One thread polls librdkafka. Records and rebalances leave it through one bounded channel, in order; the receiver's requests reach it
//! through a mailbox:
//!
//! ```text
//!                        poll thread
//!   librdkafka ──poll──▶ Poller ─────▶ MemberState ──────────────▶ channel ──▶ GroupConsumer::next
//!       ▲  │               ▲             Partitions: state of each
//!       │  └─ callback ────┼──────────▶  Outbox: events that wait
//!       │                  │
//!       └─ pause, resume ──┴───────────◀ Requests ◀────────── GroupConsumer::pause, resume; Assignment::start_at
//! ```
//!
//! - `partitions`: the state of each assigned partition, with its diagram. `outbox`: bounded queue in front of the channel. `state`: both
//!   together, and what to do next. These three know nothing of librdkafka.
//! - `poller`: the thread, which applies that to librdkafka. `rebalance`: librdkafka's callback, on the same thread.
//! - `group_state`: whether librdkafka has its coordinator, and whether a join is under way. `client`: replaces a librdkafka client that is
//!   stuck. `committer`: takes partitions over and commits, from any thread. `commits`: the
//!   thread that makes those commits that nobody waits for, from `commit_queue`, and makes them again if they fail. `positions`: committed
//!   offsets, each valid for one topic id.
//!
//! A position is valid for the topic that it was read from. The poll thread asks for the topics' ids from time to time; when a topic was
//! deleted and created again, the member gives its partitions back and joins anew, and each partition starts where its position in the
//! new topic is: at the beginning.
//!
//! When the receiver does not keep up, the channel fills, and the poll thread stops polling. After 2 s it pauses all partitions and polls
//! on, to stay in the group. Rebalances do not wait for room in the channel: their events wait in the outbox, and only a revocation blocks
//! the rebalance, to its deadline.

mod client;
mod commit_queue;
mod commits;
mod committer;
mod event;
mod group_state;
mod options;
mod outbox;
mod partitions;
mod poller;
mod positions;
mod rebalance;
mod requests;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::error::KafkaError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use client::Client;
use commit_queue::CommitQueue;
pub use committer::Committer;
pub use event::{Assignment, Event, Revocation};
pub use options::ConsumerOptions;
use poller::Poller;
pub use positions::Position;
use positions::TakenOver;
pub(super) use positions::committed_topic;
use rebalance::RebalanceContext;
use requests::{Request, Requests};
use state::MemberState;

use super::config::KafkaConfig;
use super::error::KafkaFailure;
use super::partition::Partition;
use super::rebootstrap::Rebootstrap;

/// How long dropping the member waits until it has left the group. Without a cluster, leaving takes as long as the outage.
const LEAVE_DEADLINE: Duration = Duration::from_secs(3);

/// A member of a consumer group. Dropping it leaves the group.
#[derive(Debug)]
pub struct GroupConsumer {
    events: mpsc::Receiver<Event>,
    /// Number of the newest assignment that was taken from the channel.
    seen: u64,
    requests: Arc<Requests>,
    state: Arc<Mutex<MemberState>>,
    committer: Committer,
    stop: Arc<AtomicBool>,
    ended: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl GroupConsumer {
    /// Joins the group in the background. Call it within tokio's runtime.
    pub fn start(config: &KafkaConfig, options: &ConsumerOptions) -> Result<Self, KafkaFailure> {
        let (events_tx, events) = mpsc::channel(options.capacity.max(1));
        let requests = Arc::new(Requests::default());
        let commits = Arc::new(CommitQueue::default());
        let state = Arc::new(Mutex::new(MemberState::new(Instant::now())));
        let taken_over = TakenOver::default();
        let context = RebalanceContext {
            events: events_tx.clone(),
            requests: requests.clone(),
            state: state.clone(),
            commits: commits.clone(),
            taken_over: taken_over.clone(),
            choose_start: options.choose_start,
            deadline: options.rebalance_deadline,
            group: Arc::default(),
            retired: Arc::default(),
            recreated: Arc::default(),
        };
        let topics = options.topics.join(",");
        let fail = |operation, source| KafkaFailure::new(operation, &topics, source);
        let client_config = options.client_config(config);
        let rebootstrap = Rebootstrap::new(&client_config);
        let client = Client::join(client_config, &options.topics, context)
            .map_err(|source| fail("join a consumer group", source))?;
        let stop = Arc::new(AtomicBool::new(false));
        let committer =
            Committer { client: client.clone(), commits: commits.clone(), state: state.clone(), taken_over };
        let mut poller =
            Poller::new(committer.clone(), rebootstrap, events_tx, requests.clone(), state.clone(), stop.clone());
        let ended = CancellationToken::new();
        let (end, ending_commits) = (ended.clone(), commits.clone());
        commits::start(&options.client_id, commits, client, committer.taken_over.clone())
            .map_err(|error| fail("start the commit thread", KafkaError::ClientCreation(error.to_string())))?;
        let thread = std::thread::Builder::new()
            .name(format!("poll-{}", options.client_id))
            .spawn(move || {
                let end = end.drop_guard();
                poller.run();
                ending_commits.close();
                drop(end);
                poller.close();
            })
            .map_err(|error| fail("start the poll thread", KafkaError::ClientCreation(error.to_string())))?;
        Ok(Self { events, seen: 0, requests, state, committer, stop, ended, thread: Some(thread) })
    }

    /// The next event; `None` after [`GroupConsumer::stop`] when all were taken. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        let event = tokio::select! {
            biased;
            event = self.events.recv() => event,
            // Committers keep the channel's sender alive, so its end does not say that nothing follows.
            // A receiver that was late for the last revocation gets it here.
            () = self.ended.cancelled() => self.events.try_recv().ok().or_else(|| self.state.lock().outbox.take()),
        };
        if let Some(Event::Assigned(assignment)) = &event {
            self.seen = assignment.epoch;
        }
        event
    }

    /// How many events wait because the receiver does not take them. Bounded by the number of assigned partitions.
    pub fn backlog(&self) -> usize {
        self.state.lock().outbox.len()
    }

    pub fn committer(&self) -> Committer {
        self.committer.clone()
    }

    /// Stops fetching the partition until [`GroupConsumer::resume`]: the receiver has no room for it, while the other partitions go on.
    /// Records that were fetched before still come: those in the channel, and at most two more (one in the outbox, one that is being
    /// polled). A partition that is revoked and assigned again is not paused any more.
    pub fn pause(&self, partition: &Partition) {
        self.requests.post(Request::Pause { partition: partition.clone(), seen: self.seen });
    }

    /// Fetches the partition again.
    pub fn resume(&self, partition: &Partition) {
        self.requests.post(Request::Resume { partition: partition.clone(), seen: self.seen });
    }

    /// Stops polling and leaves the group. A last [`Event::Revoked`] follows; take events until there is none.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.requests.wake();
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.stop();
        // A rebalance does not wait for a closed channel, so the thread ends soon.
        self.events.close();
        while self.events.try_recv().is_ok() {}
        let Some(thread) = self.thread.take() else { return };
        let until = Instant::now() + LEAVE_DEADLINE;
        while !thread.is_finished() {
            if Instant::now() >= until {
                tracing::info!("leaving the group takes long and continues in the background");
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if thread.join().is_err() {
            tracing::error!("the poll thread panicked");
        }
    }
}
