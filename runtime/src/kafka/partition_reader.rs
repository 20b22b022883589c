//! Reads chosen partitions of several topics from now on, without a consumer group. The choice may change at any time: the partitions
//! that stay are read on. Records of other keys are passed over before anything of them is copied.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message as _, TopicPartitionList};

use super::config::KafkaConfig;
use super::context::LogContext;
use super::describe::TopicDescription;
use super::error::KafkaFailure;
use super::metrics::RECREATED;
use super::partition::{Partition, StartAt};
use super::rebootstrap::Rebootstrap;
use super::record::Record;
use super::recreation::RecreationCheck;
use super::topic_description::describe_topics;

const METADATA_DEADLINE: Duration = Duration::from_secs(5);

/// What [`PartitionReader::poll`] came to.
#[derive(Debug)]
pub enum Polled {
    /// Its key is wanted.
    Record(Record),
    /// It has another key; its content was not copied.
    Other(Arc<str>),
    Nothing,
    /// A topic was deleted and created again: this reader would skip records of the new one.
    Recreated(Arc<str>),
}

/// Belongs to one thread, which polls it often.
pub struct PartitionReader {
    consumer: Arc<BaseConsumer<LogContext>>,
    rebootstrap: Rebootstrap,
    recreation: RecreationCheck<LogContext>,
    topics: HashMap<Arc<str>, TopicDescription>,
    assigned: BTreeSet<Partition>,
}

impl fmt::Debug for PartitionReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionReader").field("assigned", &self.assigned).finish_non_exhaustive()
    }
}

impl PartitionReader {
    /// For partitions of these topics, which must exist. Reads none until [`PartitionReader::assign`]. Blocks while it asks for the topics.
    pub fn open(config: &KafkaConfig, client_id: &str, topics: &[&str]) -> Result<Self, KafkaFailure> {
        let described = describe_topics(config, topics, METADATA_DEADLINE)?;
        let settings = [
            // Librdkafka requires a group even where none is joined.
            ("group.id", &*format!("{client_id}-unused")),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            // An offset that was deleted meanwhile: what is read is of now.
            ("auto.offset.reset", "latest"),
            ("fetch.wait.max.ms", "50"),
            ("fetch.error.backoff.ms", "100"),
            ("queued.max.messages.kbytes", "16384"),
            ("receive.message.max.bytes", &config.receive_max_bytes()),
            ("fetch.message.max.bytes", &config.message_max_bytes.to_string()),
        ];
        let client = config.client(client_id, &settings);
        let consumer: BaseConsumer<LogContext> = client
            .create_with_context(LogContext)
            .map_err(|source| KafkaFailure::new("create a reader", &topics.join(","), source))?;
        Ok(Self {
            consumer: Arc::new(consumer),
            rebootstrap: Rebootstrap::new(&client),
            recreation: RecreationCheck::new(),
            topics: described.into_iter().map(|(name, topic)| (Arc::from(name), topic)).collect(),
            assigned: BTreeSet::new(),
        })
    }

    /// How many partitions the topic has, as far as this reader knows.
    pub fn partitions(&self, topic: &str) -> i32 {
        self.topics.get(topic).map_or(1, |topic| topic.partitions)
    }

    /// Asks again how many partitions the topics have: a key may be in another one then. True if a number changed. Blocks up to the deadline.
    pub fn refresh(&mut self, deadline: Duration) -> bool {
        let mut changed = false;
        for (name, topic) in &mut self.topics {
            let Ok(metadata) = self.consumer.fetch_metadata(Some(name), deadline) else { continue };
            let found = metadata.topics().first().filter(|found| found.error().is_none());
            let Some(count) = found.and_then(|found| i32::try_from(found.partitions().len()).ok()) else { continue };
            if count > 0 && count != topic.partitions {
                topic.partitions = count;
                changed = true;
            }
        }
        changed
    }

    /// Reads these partitions, those that are new from their end on, and no others.
    pub fn assign(&mut self, wanted: &BTreeSet<Partition>) -> Result<(), KafkaFailure> {
        let list = |partitions: &mut dyn Iterator<Item = &Partition>| {
            let mut list = TopicPartitionList::new();
            for Partition { topic, number } in partitions {
                list.add_partition_offset(topic, *number, StartAt::End.offset())
                    .map_err(|source| KafkaFailure::new("choose where to read", topic, source))?;
            }
            Ok::<_, KafkaFailure>(list)
        };
        let gone = list(&mut self.assigned.difference(wanted))?;
        let new = list(&mut wanted.difference(&self.assigned))?;
        let fail = |source| KafkaFailure::new("assign partitions", "live topics", source);
        if gone.count() > 0 {
            self.consumer.incremental_unassign(&gone).map_err(fail)?;
        }
        if new.count() > 0 {
            self.consumer.incremental_assign(&new).map_err(fail)?;
        }
        self.assigned.clone_from(wanted);
        Ok(())
    }

    /// The partitions that are read.
    pub fn assigned(&self) -> &BTreeSet<Partition> {
        &self.assigned
    }

    /// Waits for the next record, at most so long. `wanted` is asked for topic and key.
    pub fn poll(&mut self, wait: Duration, wanted: impl Fn(&str, &[u8]) -> bool) -> Polled {
        self.rebootstrap.check(self.consumer.client());
        let topics = &self.topics;
        let expected = || topics.iter().map(|(name, topic)| (name.clone(), topic.id)).collect();
        if let Some(topic) = self.recreation.recreated(&self.consumer, expected) {
            let partitions = self.assigned.iter().filter(|partition| partition.topic == topic).count();
            RECREATED.with_label_values(&[&*topic]).inc_by(partitions as u64);
            return Polled::Recreated(topic);
        }
        match self.consumer.poll(wait) {
            None | Some(Err(KafkaError::PartitionEOF(_))) => Polled::Nothing,
            Some(Ok(message)) => {
                let Some((topic, _)) = self.topics.get_key_value(message.topic()) else { return Polled::Nothing };
                if message.key().is_some_and(|key| wanted(topic, key)) {
                    Polled::Record(Record::read(topic, &message))
                } else {
                    Polled::Other(topic.clone())
                }
            }
            // No group is used: it is only a name that librdkafka requires, and asks the brokers for.
            Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                Polled::Nothing
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "poll failed");
                std::thread::sleep(Duration::from_millis(20));
                Polled::Nothing
            }
        }
    }
}
