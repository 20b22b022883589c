//! The thread that polls librdkafka.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::message::BorrowedMessage;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::client::Client;
use super::committer::Committer;
use super::event::Event;
use super::rebalance::RebalanceContext;
use super::requests::{Request, Requests};
use super::state::{MemberState, Step};
use crate::kafka::partition::{Partition, StartAt, list_of};
use crate::kafka::rebootstrap::Rebootstrap;
use crate::kafka::record::Record;
use crate::kafka::recreation::RecreationCheck;
use crate::report::chain;
use crate::retry::{Backoff, BackoffConfig};

/// How long the poll thread sleeps at most while librdkafka has nothing for it.
const IDLE_SLEEP: Duration = Duration::from_millis(500);
/// The same while all partitions are paused because the channel is full: the thread is not woken when it has room again.
const PAUSED_SLEEP: Duration = Duration::from_millis(50);
/// The first sleep; each one is so many times as long. Librdkafka wakes the thread only when its queue was empty, and one `poll` may end
/// with an event that is no record while more lies in the queue. Its statistics come twice a second, so more steps cost more than they
/// save.
const FIRST_SLEEP: Duration = Duration::from_millis(1);
const SLEEP_GROWTH: u32 = 4;
/// The pause before librdkafka is asked again to read partitions that it refused.
const RETRY_REFUSED: Duration = Duration::from_secs(1);
/// How often a full channel is tried again.
const RETRY_FULL: Duration = Duration::from_millis(1);
/// How long the leaders of resumed partitions may take to answer, all together: without an answer, fetching resumes within that time, too.
const WAKE_DEADLINE: Duration = Duration::from_secs(1);
/// How long Kafka may take to tell a topic's id, and the group's positions in it.
const POSITIONS_DEADLINE: Duration = Duration::from_secs(5);
const POSITIONS_RETRY: BackoffConfig = BackoffConfig { initial: Duration::from_secs(1), max: Duration::from_secs(1) };
/// How long a member that ends in an outage tries to reach its cluster again, to leave its group.
const LEAVE_RETRY: Duration = Duration::from_mins(5);
/// How long librdkafka may take to tell whether a join is under way; a multiple of its interval.
const REPORT_DEADLINE: Duration = Duration::from_secs(2);

pub(super) struct Poller {
    client: Client,
    committer: Committer,
    rebootstrap: Rebootstrap,
    recreation: RecreationCheck<RebalanceContext>,
    events: mpsc::Sender<Event>,
    requests: Arc<Requests>,
    state: Arc<Mutex<MemberState>>,
    stop: Arc<AtomicBool>,
    /// Runs the questions that wake fetchers; without a runtime they are left out.
    runtime: Option<Handle>,
    /// Topic names, to share one allocation among all records.
    topics: HashMap<String, Arc<str>>,
    sleep: Duration,
    /// Starts that librdkafka refused, and when to try each again.
    refused: Vec<(Instant, Request)>,
}

impl Poller {
    pub(super) fn new(
        committer: Committer,
        rebootstrap: Rebootstrap,
        events: mpsc::Sender<Event>,
        requests: Arc<Requests>,
        state: Arc<Mutex<MemberState>>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let (runtime, topics, refused) = (Handle::try_current().ok(), HashMap::new(), Vec::new());
        let (client, recreation) = (committer.client.clone(), RecreationCheck::new());
        Self {
            client,
            committer,
            rebootstrap,
            recreation,
            events,
            requests,
            state,
            stop,
            runtime,
            topics,
            sleep: FIRST_SLEEP,
            refused,
        }
    }

    /// Until the member is stopped or its receiver is gone; then leaves the group.
    pub(super) fn run(&mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            let due = self.refused.extract_if(.., |(at, _)| *at <= Instant::now()).map(|(_, request)| request);
            let due: Vec<Request> = due.collect();
            for request in due.into_iter().chain(self.requests.take()) {
                self.serve(request);
            }
            self.rejoin_if_recreated();
            // The lock must be free again when the rebalance callback runs.
            let step = self.state.lock().step(&self.events, Instant::now());
            match step {
                Step::Fetch { resume } => {
                    self.resume(resume);
                    if !self.poll(IDLE_SLEEP) {
                        let idle_since = self.state.lock().partitions.idle_since();
                        if self.client.replace_if_stuck(idle_since) {
                            self.rebootstrap.forget();
                        }
                    }
                }
                Step::Wait => std::thread::sleep(RETRY_FULL),
                Step::PollPaused { pause } => {
                    self.pause(&pause);
                    self.poll(PAUSED_SLEEP);
                }
                Step::End => break,
            }
        }
        self.release(&self.client.current());
        self.requests.close();
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::StartAtPositions { epoch, partitions } => self.find_positions(epoch, partitions),
            Request::Start { epoch, starts } => self.start(epoch, starts),
            Request::Pause { partition, seen } => {
                if self.state.lock().partitions.pause(&partition, seen) {
                    self.pause(&[partition]);
                }
            }
            Request::Resume { partition, seen } => {
                if self.state.lock().partitions.resume(&partition, seen) {
                    self.resume(vec![partition]);
                }
            }
        }
    }

    /// Asks Kafka where the group stands, on a thread of its own, which then requests the start; after a failure it requests to ask again.
    fn find_positions(&self, epoch: u64, partitions: Vec<Partition>) {
        if !self.state.lock().partitions.is_starting(epoch) {
            return;
        }
        let (committer, requests) = (self.committer.clone(), self.requests.clone());
        let find = move || {
            let request = match committer.starts(&partitions, POSITIONS_DEADLINE) {
                Ok(starts) => Request::Start { epoch, starts },
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "cannot read the group's positions, trying again");
                    std::thread::sleep(Backoff::new(POSITIONS_RETRY).next_delay());
                    Request::StartAtPositions { epoch, partitions }
                }
            };
            // Refused only after the end of the member.
            requests.post(request);
        };
        if let Err(error) = std::thread::Builder::new().name("positions".to_owned()).spawn(find) {
            tracing::error!(%error, "cannot start a thread to read the group's positions; the partitions are not read");
        }
    }

    /// If a topic was deleted and created again, gives all partitions back and joins the group anew, with a client that knows nothing of
    /// the old topic.
    fn rejoin_if_recreated(&mut self) {
        let (client, taken_over) = (self.client.current(), &self.committer.taken_over);
        let Some(topic) = self.recreation.recreated(&client, || taken_over.topics()) else { return };
        tracing::error!(topic = &*topic, "the topic was deleted and created again; the member joins its group anew");
        client.context().recreated.store(true, Ordering::Release);
        self.release(&client);
        if self.client.replace() {
            self.rebootstrap.forget();
        }
    }

    /// Reads partitions whose start is known.
    fn start(&mut self, epoch: u64, starts: Vec<(Partition, StartAt)>) {
        let consumer = self.client.current();
        // Adding to a lost assignment would make its revocation, which follows, look like a regular one.
        if consumer.assignment_lost() {
            return;
        }
        let partitions = self.state.lock().partitions.start(epoch);
        if partitions.is_empty() {
            return;
        }
        let mut list = list_of(&partitions);
        for (partition, start) in starts.iter().filter(|(partition, _)| partitions.contains(partition)) {
            if let Err(error) = list.set_partition_offset(&partition.topic, partition.number, start.offset()) {
                tracing::error!(%partition, ?start, %error, "cannot set the offset to start at; reading starts at the committed one");
            }
        }
        if let Err(error) = consumer.context().add(&consumer, &list, &partitions) {
            tracing::error!(%error, "librdkafka refused to read assigned partitions; it is asked again");
            self.state.lock().partitions.refused(&partitions);
            self.refused.push((Instant::now() + RETRY_REFUSED, Request::Start { epoch, starts }));
        }
    }

    /// Polls once; sleeps if there was nothing. Returns true if a record came.
    fn poll(&mut self, longest_sleep: Duration) -> bool {
        let consumer = self.client.current();
        self.rebootstrap.check(consumer.client());
        match consumer.poll(Duration::ZERO) {
            Some(Ok(message)) => {
                self.sleep = FIRST_SLEEP;
                self.take(&message);
                true
            }
            Some(Err(error)) => {
                // Brokers that are away, topics that do not exist yet: librdkafka tries again by itself.
                tracing::debug!(%error, "poll failed");
                std::thread::sleep(Duration::from_millis(20));
                false
            }
            None => {
                let woken = self.requests.sleep(self.sleep.min(longest_sleep));
                self.sleep = if woken { FIRST_SLEEP } else { (self.sleep * SLEEP_GROWTH).min(IDLE_SLEEP) };
                false
            }
        }
    }

    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let topic = match self.topics.get(message.topic()) {
            Some(topic) => topic.clone(),
            None => self.topics.entry(message.topic().to_owned()).or_insert_with(|| message.topic().into()).clone(),
        };
        let record = Record::read(&topic, message);
        let partition = record.partition.clone();
        let pause_again = self.state.lock().accept(record);
        if pause_again {
            tracing::warn!(%partition, offset = message.offset(), "a record came from a paused partition");
            self.pause(&[partition]);
        }
    }

    fn pause(&self, partitions: &[Partition]) {
        if let Err(error) = self.client.current().pause(&list_of(partitions)) {
            tracing::warn!(%error, "cannot pause partitions");
        }
    }

    fn resume(&self, partitions: Vec<Partition>) {
        if partitions.is_empty() {
            return;
        }
        match self.client.current().resume(&list_of(&partitions)) {
            Ok(()) => self.wake_fetchers(partitions),
            Err(error) => tracing::warn!(%error, "cannot resume partitions"),
        }
    }

    /// The librdkafka thread of a broker that has nothing to fetch sleeps up to a second, and a resumed partition does not wake it. A
    /// request to that broker, the partition's leader, does.
    fn wake_fetchers(&self, partitions: Vec<Partition>) {
        let Some(runtime) = &self.runtime else { return };
        let consumer = self.client.current();
        runtime.spawn_blocking(move || {
            let until = Instant::now() + WAKE_DEADLINE;
            for partition in partitions {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                if let Err(error) = consumer.fetch_watermarks(&partition.topic, partition.number, left) {
                    tracing::debug!(%partition, %error, "the partition's leader did not answer; fetching resumes within a second");
                }
            }
        });
    }

    /// Unsubscribes, which revokes what is assigned; its callback runs in `poll`.
    fn release(&self, consumer: &BaseConsumer<RebalanceContext>) {
        finish_joining(consumer);
        consumer.unsubscribe();
        let until = Instant::now() + consumer.context().deadline + Duration::from_secs(1);
        while Instant::now() < until && !self.state.lock().partitions.is_empty() {
            drop(consumer.poll(Duration::from_millis(50)));
        }
    }

    /// Ends the client. Dropping it waits for commits that are under way: for ever, if a broker that was away named no brokers and the
    /// client has lost its cluster (see [`Rebootstrap`]). So it waits for the group's coordinator first.
    pub(super) fn close(mut self) {
        let consumer = self.client.current();
        let until = Instant::now() + LEAVE_RETRY;
        while Instant::now() < until && !self.client.finds_group(&consumer) {
            self.rebootstrap.check(consumer.client());
            drop(consumer.poll(Duration::from_millis(50)));
        }
    }
}

/// Waits until no join is under way, at most as long as another member may take to give its partitions back. Kafka reads a member's
/// request to leave only after its join, and librdkafka ends the connection when that takes more than 5 s: the group then waits for
/// the member until its session ends.
fn finish_joining(consumer: &BaseConsumer<RebalanceContext>) {
    let stopped = Instant::now();
    let is_joining = || match consumer.context().group.is_joining(stopped) {
        Some(joining) => joining && stopped.elapsed() < 2 * consumer.context().deadline,
        None => stopped.elapsed() < REPORT_DEADLINE,
    };
    while is_joining() {
        drop(consumer.poll(Duration::from_millis(5)));
    }
}
