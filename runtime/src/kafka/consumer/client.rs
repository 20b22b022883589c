//! The librdkafka client behind a group member, and how it is replaced.
//!
//! A broker that hangs is taken out of the cluster's metadata, and librdkafka (2.11 up to 2.12.1 at least, its issue 5511) then
//! forgets the broker but goes on waiting for it as the group's coordinator, also when it is long back: the member never joins
//! again. A fresh client does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use rdkafka::consumer::Consumer as _;
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, TopicPartitionList};

use super::group::GroupContext;

/// A member without partitions is given this long to get some, more than a group takes to form (3 s and a rebalance), and again
/// between two looks at it; twice as long after each
/// time that it was replaced, as a group that comes back slowly must not be joined ever anew.
const COME_BACK: Duration = Duration::from_secs(8);
const COME_BACK_MAX: Duration = Duration::from_secs(30);
/// How long Kafka may take to answer such a look.
const ANSWER: Duration = Duration::from_secs(2);

/// The client that is the member now.
#[derive(Clone)]
pub(super) struct Client(Arc<Inner>);

struct Inner {
    config: ClientConfig,
    topics: Vec<String>,
    current: RwLock<Arc<BaseConsumer<GroupContext>>>,
    patience: Mutex<Patience>,
}

/// When the client was looked at, and how long the next look waits.
struct Patience {
    looked: Option<Instant>,
    wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { looked: None, wait: COME_BACK }
    }
}

impl Client {
    /// Joins the group.
    pub(super) fn join(config: ClientConfig, topics: &[String], group: GroupContext) -> Result<Self, KafkaError> {
        let current = RwLock::new(Arc::new(subscribe(&config, topics, group)?));
        Ok(Self(Arc::new(Inner { config, topics: topics.to_vec(), current, patience: Mutex::default() })))
    }

    pub(super) fn current(&self) -> Arc<BaseConsumer<GroupContext>> {
        self.0.current.read().clone()
    }

    /// Replaces the client where it has no partitions and cannot find its group, although a broker answers; true when it did.
    /// Called by the poll thread, which may block.
    pub(super) fn renew_if_stuck(&self) -> bool {
        let client = self.current();
        let mut patience = self.0.patience.lock();
        let Some(idle) = client.context().idle_since() else {
            patience.wait = COME_BACK;
            return false;
        };
        if patience.looked.map_or(idle, |looked| looked.max(idle)).elapsed() < patience.wait {
            return false;
        }
        let stuck = self.is_stuck(&client);
        patience.looked = Some(Instant::now());
        if !stuck {
            return false;
        }
        match subscribe(&self.0.config, &self.0.topics, client.context().successor()) {
            Ok(fresh) => {
                tracing::warn!(topics = self.0.topics.join(","), "the member cannot find its group and joins anew");
                *self.0.current.write() = Arc::new(fresh);
                // It waits for the coordinator that it cannot find: not here.
                let retire = std::thread::Builder::new().name("retire".to_owned());
                if let Err(error) = retire.spawn(move || drop(client)) {
                    tracing::warn!(%error, "cannot retire the stuck client on the side");
                }
                patience.wait = (patience.wait * 2).min(COME_BACK_MAX);
                true
            }
            Err(error) => {
                tracing::error!(%error, "cannot join the group anew");
                false
            }
        }
    }

    fn is_stuck(&self, client: &BaseConsumer<GroupContext>) -> bool {
        let topic = self.0.topics.first().map(String::as_str);
        !self.finds_group(client) && client.fetch_metadata(topic, ANSWER).is_ok()
    }

    /// Whether the group's coordinator answers. Blocks.
    pub(super) fn finds_group(&self, client: &BaseConsumer<GroupContext>) -> bool {
        let Some(topic) = self.0.topics.first() else { return true };
        let mut asked = TopicPartitionList::new();
        asked.add_partition(topic, 0);
        // Only the coordinator knows offsets; any broker knows the topic.
        client.committed_offsets(asked, ANSWER).is_ok()
    }
}

fn subscribe(
    config: &ClientConfig,
    topics: &[String],
    group: GroupContext,
) -> Result<BaseConsumer<GroupContext>, KafkaError> {
    let client: BaseConsumer<GroupContext> = config.create_with_context(group)?;
    client.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
    Ok(client)
}
