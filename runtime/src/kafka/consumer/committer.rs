//! Commits offsets, and reads committed ones.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::client::Client;
use super::commit_queue::CommitQueue;
use super::commits;
use super::event::Assignment;
use super::positions::{Position, TakenOver};
use super::state::MemberState;
use crate::kafka::error::KafkaFailure;
use crate::kafka::metrics::RECREATED;
use crate::kafka::partition::{Partition, StartAt, list_of};
use crate::kafka::topic_description::{describe, unknown_topic};
use crate::kafka::topic_id::TopicId;

/// Takes partitions over and commits offsets for a [`GroupConsumer`](super::GroupConsumer), on any thread, also while partitions are
/// being revoked.
#[derive(Clone)]
pub struct Committer {
    pub(super) client: Client,
    pub(super) commits: Arc<CommitQueue>,
    pub(super) state: Arc<Mutex<MemberState>>,
    pub(super) taken_over: TakenOver,
}

impl std::fmt::Debug for Committer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Committer")
    }
}

impl Committer {
    /// Commits, for each partition, the offset of the next record to read. With `wait` it blocks for the broker's answer; without, the
    /// commit is made soon, a failure is logged and counted (`kafka_failed_commits_total`), and it is tried again until the partition
    /// is revoked.
    pub fn commit(&self, next_offsets: &[(Partition, i64)], wait: bool) -> Result<(), KafkaFailure> {
        let Some((first, _)) = next_offsets.first() else { return Ok(()) };
        let fail = |source| KafkaFailure::new("commit offsets", &first.topic, source);
        if wait {
            self.commits.supersede(next_offsets);
            commits::commit(&self.client, &self.taken_over, next_offsets).map_err(fail)
        } else if self.commits.post(next_offsets) {
            Ok(())
        } else {
            Err(fail(KafkaError::Canceled))
        }
    }

    /// Commits the partition's next offset together with a note that [`Position::note`] returns, and waits for the broker's answer. It
    /// fails if the member has lost the partition. Blocks.
    pub fn commit_with_note(&self, partition: &Partition, next_offset: i64, note: &str) -> Result<(), KafkaFailure> {
        let fail = |source| KafkaFailure::new("commit an offset", &partition.topic, source);
        let mut list = TopicPartitionList::new();
        self.taken_over.add(&mut list, partition, next_offset, note).map_err(fail)?;
        self.commits.supersede(&[(partition.clone(), next_offset)]);
        commits::commit_list(&self.client, &list).map_err(fail)
    }

    /// The partitions of the assignment that this member still has, as far as it knows. A receiver that was late may find that others
    /// have been revoked meanwhile.
    pub fn owned(&self, assignment: &Assignment) -> Vec<Partition> {
        let state = self.state.lock();
        let owned = |partition: &&Partition| state.partitions.is_of(partition, assignment.epoch);
        assignment.partitions.iter().filter(owned).cloned().collect()
    }

    /// Takes over partitions that were just assigned: returns the id of each one's topic, and from now on the member notices when the
    /// topic is deleted and created again. All positions must be read after this. Blocks up to the deadline.
    pub fn take_over(
        &self,
        partitions: &[Partition],
        deadline: Duration,
    ) -> Result<HashMap<Partition, TopicId>, KafkaFailure> {
        let topics: BTreeSet<&str> = partitions.iter().map(|partition| &*partition.topic).collect();
        let Some(first) = topics.first() else { return Ok(HashMap::new()) };
        let fail = |topic: &str, source| KafkaFailure::new("read the id of a topic", topic, source);
        let names: Vec<&str> = topics.iter().copied().collect();
        let described = describe(&self.client.current(), &names, deadline).map_err(|source| fail(first, source))?;
        let mut ids = HashMap::new();
        for partition in partitions {
            let topic = match described.get(&*partition.topic) {
                Some(Ok(found)) => found.id,
                Some(Err(code)) => {
                    return Err(fail(&partition.topic, rdkafka::error::KafkaError::MetadataFetch(*code)));
                }
                None => return Err(fail(&partition.topic, unknown_topic())),
            };
            ids.insert(partition.clone(), topic);
        }
        self.taken_over.insert(ids.clone());
        Ok(ids)
    }

    /// Takes the partitions over, and reads where the group stands in each. Blocks up to twice the deadline.
    pub fn resume(&self, partitions: &[Partition], deadline: Duration) -> Result<Vec<Position>, KafkaFailure> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let topics = self.take_over(partitions, deadline)?;
        let topic = partitions.first().map_or("-", |partition| &*partition.topic).to_owned();
        let fail = |source| KafkaFailure::new("read committed offsets", &topic, source);
        let list = self.client.current().committed_offsets(list_of(partitions), deadline).map_err(fail)?;
        let mut positions = Vec::new();
        for element in list.elements() {
            element.error().map_err(fail)?;
            let next = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            let partition = Partition::new(element.topic(), element.partition());
            let Some(topic) = topics.get(&partition).copied() else { continue };
            let position = Position::new(partition, topic, next, element.metadata());
            if position.recreated {
                RECREATED.with_label_values(&[element.topic()]).inc();
                tracing::error!(
                    partition = %position.partition,
                    "the topic was deleted and created again: the new topic is read from its beginning; records of the old \
                     one that were not read are lost"
                );
            }
            positions.push(position);
        }
        Ok(positions)
    }

    /// Where to start partitions that were just assigned, by the group's positions. Blocks up to twice the deadline.
    pub(super) fn starts(
        &self,
        partitions: &[Partition],
        deadline: Duration,
    ) -> Result<Vec<(Partition, StartAt)>, KafkaFailure> {
        let start =
            |position: Position| (position.partition, position.next.map_or(StartAt::Beginning, StartAt::Offset));
        Ok(self.resume(partitions, deadline)?.into_iter().map(start).collect())
    }
}
