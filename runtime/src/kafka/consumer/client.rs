//! The librdkafka client of a group member, and its replacement.
//!
//! A broker that hangs is removed from the cluster's metadata. Librdkafka (2.11 up to 2.12.1 at least, its issue 5511) then forgets the
//! broker but waits for it as the group's coordinator, even after the broker is back: the member never joins again. A new client does.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use rdkafka::consumer::Consumer as _;
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, TopicPartitionList};

use super::rebalance::RebalanceContext;

/// How long a member may be without partitions before it is probed, and the pause between two probes: more than a group takes to form
/// (3 s and a rebalance). Also how long it must have been without the group's coordinator to be replaced. It doubles with each replacement, because a group that recovers slowly must not be joined anew again and again.
const PROBE_AFTER: Duration = Duration::from_secs(8);
const PROBE_AFTER_MAX: Duration = Duration::from_secs(30);
/// How long Kafka may take to answer a probe.
const PROBE_DEADLINE: Duration = Duration::from_secs(2);

/// The client that is the member at present.
#[derive(Clone)]
pub(super) struct Client(Arc<Inner>);

struct Inner {
    config: ClientConfig,
    topics: Vec<String>,
    current: RwLock<Arc<BaseConsumer<RebalanceContext>>>,
    probes: Mutex<Probes>,
}

struct Probes {
    last: Option<Instant>,
    interval: Duration,
}

impl Default for Probes {
    fn default() -> Self {
        Self { last: None, interval: PROBE_AFTER }
    }
}

impl Client {
    pub(super) fn join(config: ClientConfig, topics: &[String], context: RebalanceContext) -> Result<Self, KafkaError> {
        let current = RwLock::new(Arc::new(subscribe(&config, topics, context)?));
        Ok(Self(Arc::new(Inner { config, topics: topics.to_vec(), current, probes: Mutex::default() })))
    }

    pub(super) fn current(&self) -> Arc<BaseConsumer<RebalanceContext>> {
        self.0.current.read().clone()
    }

    /// Replaces the client if it has had no partitions since `idle_since` and cannot find its group although a broker answers. Returns
    /// whether it did. Called by the poll thread, which may block.
    ///
    /// A member that waits for others to join is not stuck, however long they take: to replace it would leave one member more in the
    /// group that never joins again.
    pub(super) fn replace_if_stuck(&self, idle_since: Option<Instant>) -> bool {
        let mut probes = self.0.probes.lock();
        let Some(idle_since) = idle_since else {
            probes.interval = PROBE_AFTER;
            return false;
        };
        let client = self.current();
        if probes.last.map_or(idle_since, |last| last.max(idle_since)).elapsed() < probes.interval
            || client.context().group.without_coordinator() < probes.interval
        {
            return false;
        }
        let stuck = self.a_broker_answers(&client);
        probes.last = Some(Instant::now());
        if !stuck {
            return false;
        }
        tracing::warn!(topics = self.0.topics.join(","), "the member cannot find its group; a new client joins it");
        let replaced = self.replace();
        if replaced {
            probes.interval = (probes.interval * 2).min(PROBE_AFTER_MAX);
        }
        replaced
    }

    /// A new client joins the group in place of the present one, which closes on a thread of its own. What that one is still assigned goes
    /// nowhere: its context is retired. False if there is no new client, and the present one stays. Called by the poll thread.
    pub(super) fn replace(&self) -> bool {
        let client = self.current();
        match subscribe(&self.0.config, &self.0.topics, client.context().successor()) {
            Ok(fresh) => {
                client.context().retired.store(true, Ordering::Release);
                *self.0.current.write() = Arc::new(fresh);
                // Closing waits for the coordinator, which a client that is stuck cannot find.
                let closing = std::thread::Builder::new().name("retire".to_owned());
                if let Err(error) = closing.spawn(move || drop(client)) {
                    tracing::warn!(%error, "cannot start a thread to close the replaced client");
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "cannot create a client to replace the present one");
                false
            }
        }
    }

    /// Whether the group's coordinator answers. Blocks. Not while a join is under way, which it answers first.
    pub(super) fn finds_group(&self, client: &BaseConsumer<RebalanceContext>) -> bool {
        let Some(topic) = self.0.topics.first() else { return true };
        let mut probe = TopicPartitionList::new();
        probe.add_partition(topic, 0);
        // Only the coordinator answers this question; any broker has metadata of the topic.
        client.committed_offsets(probe, PROBE_DEADLINE).is_ok()
    }

    fn a_broker_answers(&self, client: &BaseConsumer<RebalanceContext>) -> bool {
        client.fetch_metadata(self.0.topics.first().map(String::as_str), PROBE_DEADLINE).is_ok()
    }
}

fn subscribe(
    config: &ClientConfig,
    topics: &[String],
    context: RebalanceContext,
) -> Result<BaseConsumer<RebalanceContext>, KafkaError> {
    let requests = context.requests.clone();
    let mut client: BaseConsumer<RebalanceContext> = config.create_with_context(context)?;
    client.set_nonempty_callback(move || requests.wake());
    client.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
    Ok(client)
}
