//! A group member. One thread polls librdkafka; records and rebalances come out of one bounded channel, in order.

mod client;
mod committer;
mod event;
mod group;
mod poller;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use client::Client;
pub use committer::Committer;
pub use event::{Assignment, ConsumerOptions, Event, Revocation};
use group::GroupContext;
use poller::Poller;

use super::config::KafkaConfig;
use super::error::KafkaFailure;
use super::lifeline::Lifeline;
use super::partition::{Partition, list_of};

/// How long the leader of a partition that is read again may take to answer.
const WAKE_ANSWER: Duration = Duration::from_secs(1);
/// How long leaving the group is waited for. Without a cluster it takes as long as the cluster is away.
const LEAVE: Duration = Duration::from_secs(3);

/// A group member. Dropping it leaves the group.
#[derive(Debug)]
pub struct GroupConsumer {
    events: mpsc::Receiver<Event>,
    committer: Committer,
    stop: Arc<AtomicBool>,
    ended: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl GroupConsumer {
    /// Joins the group; records come when a broker answers.
    pub fn start(config: &KafkaConfig, options: &ConsumerOptions) -> Result<Self, KafkaFailure> {
        let (events_tx, events) = mpsc::channel(options.capacity.max(1));
        let topic = options.topics.join(",");
        let mut client = config.client(&options.client_id);
        client
            .set("group.id", &options.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("session.timeout.ms", config.session_timeout.as_millis().to_string())
            .set("heartbeat.interval.ms", (config.session_timeout.as_millis() / 4).max(100).to_string())
            .set("topic.metadata.refresh.interval.ms", "5000")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.error.backoff.ms", "100")
            .set("queued.max.messages.kbytes", (options.prefetch_bytes / 1024).max(1).to_string())
            .set("receive.message.max.bytes", (config.message_max_bytes.saturating_mul(4)).to_string())
            .set("fetch.message.max.bytes", config.message_max_bytes.to_string());
        config.apply_options(&mut client);
        let lifeline = Lifeline::new(&client);
        let group = GroupContext::new(events_tx, options.choose_start, options.rebalance_deadline);
        let fail = |operation, source| KafkaFailure::new(operation, &topic, source);
        let client = Client::join(client, &options.topics, group).map_err(|source| fail("join a group", source))?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut poller =
            Poller { client: client.clone(), lifeline, stop: stop.clone(), topics: HashMap::new(), paused: false };
        let ended = CancellationToken::new();
        let end = ended.clone();
        let thread = std::thread::Builder::new()
            .name(format!("poll-{}", options.client_id))
            .spawn(move || {
                let end = end.drop_guard();
                poller.run();
                drop(end);
                poller.close();
            })
            .map_err(|error| fail("start the poll thread", KafkaError::ClientCreation(error.to_string())))?;
        Ok(Self { events, committer: Committer { client }, stop, ended, thread: Some(thread) })
    }

    /// The next event; none after [`GroupConsumer::stop`] when all were taken.
    pub async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            biased;
            event = self.events.recv() => event,
            // Committers keep the channel's sender alive, so the poll thread says by itself that nothing follows.
            () = self.ended.cancelled() => self.events.try_recv().ok(),
        }
    }

    /// The next event if one is there.
    pub fn try_next(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Commits offsets.
    pub fn committer(&self) -> Committer {
        self.committer.clone()
    }

    /// Reads nothing more from the partition until [`GroupConsumer::release`]: its receiver has no room for it, while the other
    /// partitions go on. Records that are in the channel already still come. A rebalance that takes it away ends this.
    pub fn hold(&self, partition: &Partition) -> Result<(), KafkaFailure> {
        let consumer = self.committer.client.current();
        let mut held_back = consumer.context().held_back.lock();
        if held_back.insert(partition.clone()) {
            let paused = consumer.pause(&list_of([partition]));
            paused.map_err(|source| KafkaFailure::new("pause a partition", &partition.topic, source))?;
        }
        Ok(())
    }

    /// Reads from the partition again. Called within tokio's runtime.
    pub fn release(&self, partition: &Partition) -> Result<(), KafkaFailure> {
        let consumer = self.committer.client.current();
        let mut held_back = consumer.context().held_back.lock();
        if !held_back.remove(partition) {
            return Ok(());
        }
        let resumed = consumer.resume(&list_of([partition]));
        resumed.map_err(|source| KafkaFailure::new("resume a partition", &partition.topic, source))?;
        drop(held_back);
        self.wake_fetcher(partition.clone());
        Ok(())
    }

    /// librdkafka's thread for a broker that it has nothing to fetch from sleeps up to a second, and a resumed partition does not
    /// wake it. A question to that broker, the partition's leader, does.
    fn wake_fetcher(&self, partition: Partition) {
        let consumer = self.committer.client.current();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = consumer.fetch_watermarks(&partition.topic, partition.number, WAKE_ANSWER) {
                tracing::debug!(%partition, %error, "the partition's leader did not answer; it is read on within a second");
            }
        });
    }

    /// Stops polling and leaves the group. A last [`Event::Revoked`] follows; take events until none comes.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for GroupConsumer {
    fn drop(&mut self) {
        self.stop();
        // Closed, the channel no longer makes a rebalance wait, so the thread ends soon.
        self.events.close();
        while self.events.try_recv().is_ok() {}
        let Some(thread) = self.thread.take() else { return };
        let until = Instant::now() + LEAVE;
        while !thread.is_finished() {
            if Instant::now() >= until {
                tracing::info!("leaving the group takes long and goes on by itself");
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if thread.join().is_err() {
            tracing::error!("the poll thread panicked");
        }
    }
}
